"""Events of the last months -> who will buy or lapse, how often, for how much, and in which categories; weekly learned.

Each question is learned at earlier moments, at which a night would have known what it knows tonight, and judged on the
last of them: logistic regression, random forest and gradient boosting beside recency alone and BG/NBD. The best one
there answers, its scores made the shares that were seen; never one that orders customers worse than recency alone. It
replaces the running one unless it is surely worse. How often and for how much is BG/NBD and Gamma-Gamma, fitted every
night. Figures, reliability and effects stand in models/propensity/date=D/run=R/manifest.json.

Only who has bought within `propensity.history_days` is a customer here. All others, and whatever the shop is too young
or too small for, have null and 'not enough data'. Money is what purchases cost; returns are not taken off it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.common.event_log import night_end
from jobs.customers.buyer_log import Shop, read_shop
from jobs.runtime import model_store
from jobs.runtime.model_store import days_since, load_model, save_judged
from jobs.runtime.night import Night
from models.core.config import check_bounds
from models.customers.calibrated_models import Chance, Chances, learn
from models.customers.customer_features import Customers
from models.customers.lifetime_value import NotEnoughData
from models.customers.training_moments import (
    Moment,
    Question,
    categories_at,
    lesson_at,
    lessons,
    moment_at,
    money_at,
    money_judged,
)
from schemas.arrow import arrow_schema
from schemas.tables import CATEGORY_PROPENSITIES, PROPENSITIES

MODEL = "propensity"
AHEAD = 28.0  # days, of the expected purchases and of the categories
NOTHING = "not enough data"
_CHUNK = 50_000  # customers whose categories are scored at a time


@dataclass(frozen=True)
class PropensityConfig:
    """Who is asked about, how far ahead, and how it is learned."""

    history_days: int = field(
        default=365, metadata={"doc": "days of events that a night, and each earlier one, sees", "least": 1}
    )
    lapse_days: int = field(default=56, metadata={"doc": "no purchase for so many days is a lapse", "least": 1})
    categories: int = field(default=3, metadata={"doc": "likeliest categories of each customer", "least": 1})
    most_categories: int = field(
        default=100,
        metadata={"doc": "the finest level of the category path that has no more is asked about", "least": 2},
    )
    every_days: int = field(
        default=7, metadata={"doc": "days until all is learned anew, where retrain is auto", "least": 1}
    )
    origins: int = field(default=8, metadata={"doc": "earlier moments that teach and judge, at most", "least": 2})
    teach_customers: int = field(
        default=50_000, metadata={"doc": "customers that teach and judge, an even draw", "least": 1}
    )
    teach_rows: int = field(
        default=60_000, metadata={"doc": "rows of all moments that a classifier learns from", "least": 1}
    )
    trees: int = field(default=100, metadata={"doc": "of the random forest", "least": 1})
    seed: int = field(default=7, metadata={"doc": "of the forest and the boosted trees", "least": 0})

    def __post_init__(self) -> None:
        check_bounds(self)

    @property
    def questions(self) -> tuple[Question, ...]:
        return (
            Question("buys_7d", "buys", 7.0),
            Question("lapses", "lapses", float(self.lapse_days)),
            Question("category", "category", AHEAD),
        )


def main(night: Night) -> None:
    config: PropensityConfig = night.settings.section("propensity")
    running = running_of(night)
    why = due(night, config, running)
    further = int(config.origins * max(one.days for one in config.questions)) if why else 0
    shop = read_shop(night, config.history_days, further, config.most_categories)
    now = night_end(night.date)
    try:
        moment = moment_at(shop.log, now, config.history_days, config.teach_customers)
    except NotEnoughData as error:
        night.log.info("%s: %s", NOTHING, error)
        night.report(start=f"none: {error}", customers=0)
        write(night, config, shop, None, Chances({}, {}))
        return
    chances, facts = running or Chances({}, {}), {"start": "carried over"}
    if why:
        chances, facts = train(night, config, shop, now, chances, why)
    night.report(category_level=shop.level, **facts)
    write(night, config, shop, moment, chances)


def running_of(night: Night) -> Chances | None:
    """What answered until yesterday."""
    folder = night.lake.model_before(MODEL, night.date)
    return load_model(night.lake, folder, Chances) if folder else None


def due(night: Night, config: PropensityConfig, running: Chances | None) -> str | None:
    """Why it is learned anew tonight; None where it is not."""
    changed = ""
    for question in config.questions:
        kept = running.by_question.get(question.name) if running else None
        if kept and kept.days != question.days and not changed:
            changed = f"{question.name} looks {question.days:g} days ahead, the running one {kept.days:g}"
    return model_store.due(night, days_since(night, MODEL), config.every_days, changed)


def train(night: Night, config: PropensityConfig, shop: Shop, now: float, running: Chances, why: str
          ) -> tuple[Chances, dict[str, Any]]:  # fmt: skip
    """(what answers from tonight on, the facts of it); kept in the lake where anything could be learned."""
    log = shop.some_customers(config.teach_customers)
    kept: dict[str, Chance] = {}
    facts: dict[str, Any] = {}
    for question in config.questions:
        was = running.by_question.get(question.name)
        try:
            asked = lessons(question, log, now, config.history_days, config.origins, 2, config.teach_customers,
                            shop.category)  # fmt: skip
            kept[question.name], facts[question.name] = learn(
                asked[1:], asked[0], classifiers(night, config), question.days, config.teach_rows, was, night.log.info
            )
            told = facts[question.name]
            night.log.info("%s: %s %s, log-likelihood %.4f against %.4f of %s", question.name, told["best"],
                           "answers" if told["promoted"] else "is not promoted", told["log_likelihood"]["new"],
                           told["log_likelihood"]["running"], told["running"])  # fmt: skip
        except NotEnoughData as error:
            night.log.info("%s: %s: %s", question.name, NOTHING, error)
            facts[question.name] = {"promoted": False, "not_enough_data": str(error)}
            if was is not None and was.days == question.days:
                kept[question.name] = was
    short = {"start": why, "promoted": any(one["promoted"] for one in facts.values())}
    chances = Chances(kept, {
        **short,
        "learned_until": str(night.date),
        "settings": dataclasses.asdict(config),
        "questions": facts,
        "money": money_judged(log, now, AHEAD, config.history_days, config.teach_customers),
    })  # fmt: skip
    if any("best" in one for one in facts.values()):
        save_judged(night, MODEL, chances, short)
    picked = {name: one.get("best", NOTHING) for name, one in facts.items()}
    return chances, {**short, "best": picked}


def classifiers(night: Night, config: PropensityConfig) -> dict[str, Any]:
    from jobs.customers.spark_classifiers import fits  # most nights do without Spark ML

    return dict(fits(night.spark, config.seed, config.trees))


def write(night: Night, config: PropensityConfig, shop: Shop, moment: Moment | None, chances: Chances) -> None:
    """Both tables; without a moment nobody has a figure."""
    figures = {name: np.full(len(shop.user_ids), np.nan) for name in PROPENSITIES.names[1:-1]}
    method = np.full(len(shop.user_ids), NOTHING, object)
    places = arrow_schema(CATEGORY_PROPENSITIES).empty_table()
    if moment is not None:
        who = moment.customers.users
        parts = []
        for question in config.questions[:2]:
            chance, lesson = chances.by_question.get(question.name), lesson_at(question, shop.log, moment)
            if chance is not None and chance.answers(lesson, question.days):
                figures[question.name][who] = chance.of(lesson)
                parts.append(f"{question.name}: {chance.method}")
        if night_end(night.date) - shop.first_purchase >= AHEAD:  # no further ahead than there is to look back on
            bought, spent = money_at(moment, AHEAD, config.teach_customers, known=len(shop.currencies) <= 1)
            figures["expected_purchases"][who], figures["expected_value"][who] = bought, spent
            parts.append("purchases: bg_nbd")
            parts += ["value: gamma_gamma"] if np.isfinite(spent).any() else [f"value: {NOTHING}"]
        if parts:
            method[who] = ", ".join(parts)
        places = likeliest(config, shop, moment, chances.by_question.get("category"))
        night.report(customers=len(who), method=", ".join(parts) or NOTHING)
    if len(shop.currencies) > 1:
        night.log.info("purchases in %s: their worth cannot be added, no expected value", ", ".join(shop.currencies))
    columns = {"user_id": shop.user_ids, **figures, "method": method}
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    night.write_arrow(PROPENSITIES, pa.table(arrays).cast(arrow_schema(PROPENSITIES)))
    night.write_arrow(CATEGORY_PROPENSITIES, places)


def likeliest(config: PropensityConfig, shop: Shop, moment: Moment, chance: Chance | None) -> pa.Table:
    """CATEGORY_PROPENSITIES: each customer's likeliest categories, best first; empty without a model."""
    question, parts = config.questions[2], []
    for begin in range(0, len(moment.customers.users), _CHUNK):
        some: Customers = moment.customers.where(slice(begin, begin + _CHUNK))
        if chance is None or shop.category is None:
            break
        pairs = categories_at(question, shop.log, Moment(some, moment.model), shop.category, config.history_days)
        if not chance.answers(pairs.lesson, question.days):
            break
        said, score = chance.of(pairs.lesson), chance.score(pairs.lesson)
        order = np.lexsort((pairs.category, -score, -said, pairs.customer))
        owner = pairs.customer[order]
        rank = np.arange(len(order)) - np.searchsorted(owner, owner) + 1
        order, rank = order[rank <= config.categories], rank[rank <= config.categories]
        columns = {
            "user_id": pa.array(shop.user_ids[some.users[pairs.customer[order]]]),
            "rank": rank,
            "category": pa.array([shop.categories[code] for code in pairs.category[order]], pa.string()),
            "chance": said[order],
        }
        parts.append(pa.table(columns).cast(arrow_schema(CATEGORY_PROPENSITIES)))
    return pa.concat_tables([arrow_schema(CATEGORY_PROPENSITIES).empty_table(), *parts])
