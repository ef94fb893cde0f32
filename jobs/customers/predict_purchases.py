"""Events of the last months -> each customer's chance to buy or lapse, expected purchases and likeliest categories.

Each question has its own models: logistic regression, random forest, gradient boosting, recency alone and BG/NBD. They
are trained on earlier moments, each with only what a night knew then, and validated on the last of these moments. The
best one is calibrated and answers, but never one that ranks customers worse than recency alone. It replaces the running
model unless it is worse by more than chance. Training is weekly. BG/NBD (how often customers buy) and Gamma-Gamma (for
how much) are fitted every night. Metrics, reliability and effects are in
models/propensity/date=D/run=R/manifest.json.

Customers are accounts that bought within `propensity.history_days`. All other accounts have null and 'not enough data'.
So have figures for which the shop is too young or too small. Money is the price of purchases; returns are not deducted.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from jobs.common.event_log import night_end
from jobs.customers.buyer_log import BuyerLog, read_buyer_log
from jobs.runtime import model_store
from jobs.runtime.model_store import days_since, load_model, save_judged
from jobs.runtime.night import Night
from models.core.config import check_bounds
from models.customers.calibrated_models import CalibratedModels, CalibratedScore, learn
from models.customers.lifetime_value import NotEnoughData
from models.customers.training_moments import (
    Moment,
    Question,
    categories_at,
    moment_at,
    money_at,
    money_judged,
    training_set_at,
    training_sets,
)
from schemas.arrow import arrow_schema
from schemas.tables import CATEGORY_PROPENSITIES, PROPENSITIES

MODEL = "propensity"
AHEAD = 28.0  # days ahead for expected purchases and categories
NOTHING = "not enough data"
_CHUNK = 50_000  # customers whose categories are scored at a time


@dataclass(frozen=True)
class PropensityConfig:
    """Which customers, how many days ahead, and how the models are trained."""

    history_days: int = field(default=365, metadata={"doc": "days of history that features are counted in", "least": 1})
    lapse_days: int = field(default=56, metadata={"doc": "days without a purchase that count as a lapse", "least": 1})
    categories: int = field(default=3, metadata={"doc": "likeliest categories of each customer", "least": 1})
    most_categories: int = field(
        default=100,
        metadata={"doc": "most categories; the finest level of the category path with no more is used", "least": 2},
    )
    every_days: int = field(default=7, metadata={"doc": "days between trainings, where retrain is auto", "least": 1})
    origins: int = field(default=8, metadata={"doc": "most earlier moments, to train and to validate", "least": 2})
    teach_customers: int = field(
        default=50_000, metadata={"doc": "customers in training and validation, an even sample", "least": 1}
    )
    teach_rows: int = field(
        default=60_000, metadata={"doc": "rows of all moments together that a classifier is trained on", "least": 1}
    )
    trees: int = field(default=100, metadata={"doc": "trees of the random forest", "least": 1})
    seed: int = field(default=7, metadata={"doc": "random seed of the forest and the boosted trees", "least": 0})

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
    models = running_models(night)
    why = due(night, config, models)
    further = int(config.origins * max(question.days for question in config.questions)) if why else 0
    shop = read_buyer_log(night, config.history_days, further, config.most_categories)
    now = night_end(night.date)
    try:
        moment = moment_at(shop.log, now, config.history_days, config.teach_customers)
    except NotEnoughData as error:
        night.log.info("%s: %s", NOTHING, error)
        night.report(start=f"none: {error}", customers=0)
        write(night, config, shop, None, CalibratedModels({}, {}))
        return
    models, facts = models or CalibratedModels({}, {}), {"start": "carried over"}
    if why:
        models, facts = train(night, config, shop, now, models, why)
    night.report(category_level=shop.level, **facts)
    write(night, config, shop, moment, models)


def running_models(night: Night) -> CalibratedModels | None:
    """The models of the last night that trained any."""
    folder = night.lake.model_before(MODEL, night.date)
    return load_model(night.lake, folder, CalibratedModels) if folder else None


def due(night: Night, config: PropensityConfig, running: CalibratedModels | None) -> str | None:
    """Why the models are trained tonight; None where they are not."""
    changed = ""
    for question in config.questions:
        model = running.by_question.get(question.name) if running else None
        if model and model.days != question.days and not changed:
            changed = f"{question.name} looks {question.days:g} days ahead, the running model {model.days:g}"
    return model_store.due(night, days_since(night, MODEL), config.every_days, changed)


def train(
    night: Night, config: PropensityConfig, shop: BuyerLog, now: float, running: CalibratedModels, why: str
) -> tuple[CalibratedModels, dict[str, Any]]:
    """(the models that answer from tonight on, facts about them). Stores them where any question could be trained."""
    log = shop.some_customers(config.teach_customers)
    models: dict[str, CalibratedScore] = {}
    facts: dict[str, Any] = {}
    for question in config.questions:
        last = running.by_question.get(question.name)
        try:
            valid, *training = training_sets(
                question,
                log,
                now,
                config.history_days,
                config.origins,
                least=2,
                customers=config.teach_customers,
                category=shop.category,
            )
            models[question.name], facts[question.name] = learn(
                training, valid, classifiers(night, config), question.days, config.teach_rows, last, night.log.info
            )
            night.log.info("%s: %s", question.name, _outcome(facts[question.name]))
        except NotEnoughData as error:
            night.log.info("%s: %s: %s", question.name, NOTHING, error)
            facts[question.name] = {"promoted": False, "not_enough_data": str(error)}
            if last is not None and last.days == question.days:
                models[question.name] = last
    start = {"start": why, "promoted": any(fact["promoted"] for fact in facts.values())}
    manifest = {
        **start,
        "learned_until": str(night.date),
        "settings": dataclasses.asdict(config),
        "questions": facts,
        "money": money_judged(log, now, AHEAD, config.history_days, config.teach_customers),
    }
    trained = CalibratedModels(models, manifest)
    if any("best" in fact for fact in facts.values()):
        save_judged(night, MODEL, trained, start)
    return trained, {**start, "best": {name: fact.get("best", NOTHING) for name, fact in facts.items()}}


def _outcome(facts: dict[str, Any]) -> str:
    """Such as "boosted answers, log-likelihood -0.2310 against -0.2402 of recency"."""
    verb = "answers" if facts["promoted"] else "is not promoted"
    likelihood = facts["log_likelihood"]
    return (
        f"{facts['best']} {verb}, log-likelihood {likelihood['new']:.4f} against {likelihood['running']:.4f} "
        f"of {facts['running']}"
    )


def classifiers(night: Night, config: PropensityConfig) -> dict[str, Any]:
    from jobs.customers.spark_classifiers import fits  # Spark ML is loaded only on the nights that train

    return dict(fits(night.spark, config.seed, config.trees))


def write(
    night: Night, config: PropensityConfig, shop: BuyerLog, moment: Moment | None, models: CalibratedModels
) -> None:
    """Writes PROPENSITIES and CATEGORY_PROPENSITIES; every figure is null where `moment` is None."""
    columns: dict[str, Any] = {name: np.full(len(shop.user_ids), np.nan) for name in PROPENSITIES.names[1:-1]}
    method = np.full(len(shop.user_ids), NOTHING, object)
    categories = arrow_schema(CATEGORY_PROPENSITIES).empty_table()
    if moment is not None:
        customers = moment.customers.users
        figures = figures_of_customers(night, config, shop, moment, models)
        for name, values in figures.columns.items():
            columns[name][customers] = values
        if figures.methods:
            method[customers] = ", ".join(figures.methods)
        categories = likeliest(config, shop, moment, models.by_question.get("category"))
        night.report(customers=len(customers), method=", ".join(figures.methods) or NOTHING)
    if len(shop.currencies) > 1:
        night.log.info("purchases are in %s, which cannot be added up: no expected value", ", ".join(shop.currencies))
    columns = {"user_id": shop.user_ids, **columns, "method": method}
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    night.write_arrow(PROPENSITIES, pa.table(arrays).cast(arrow_schema(PROPENSITIES)))
    night.write_arrow(CATEGORY_PROPENSITIES, categories)


class Figures(NamedTuple):
    """Columns of PROPENSITIES, a value for each customer (n,). methods: the method that made each column."""

    columns: dict[str, np.ndarray]
    methods: list[str]


def figures_of_customers(
    night: Night, config: PropensityConfig, shop: BuyerLog, moment: Moment, models: CalibratedModels
) -> Figures:
    figures = Figures({}, [])
    for question in config.questions[:2]:
        model, rows = models.by_question.get(question.name), training_set_at(question, shop.log, moment)
        if model is not None and model.answers(rows, question.days):
            figures.columns[question.name] = model.probability(rows)
            figures.methods.append(f"{question.name}: {model.method}")
    if night_end(night.date) - shop.first_purchase >= AHEAD:  # no further ahead than the log reaches back
        bought, spent = money_at(moment, AHEAD, config.teach_customers, known=len(shop.currencies) <= 1)
        figures.columns.update(expected_purchases=bought, expected_value=spent)
        value_by = "gamma_gamma" if np.isfinite(spent).any() else NOTHING
        figures.methods.extend(["purchases: bg_nbd", f"value: {value_by}"])
    return figures


def likeliest(config: PropensityConfig, shop: BuyerLog, moment: Moment, model: CalibratedScore | None) -> pa.Table:
    """CATEGORY_PROPENSITIES: each customer's likeliest categories, best first; empty without a model."""
    question, parts = config.questions[2], []
    for begin in range(0, len(moment.customers.users), _CHUNK):
        customers = moment.customers.where(slice(begin, begin + _CHUNK))
        if model is None or shop.category is None:
            break
        pairs = categories_at(question, shop.log, Moment(customers, moment.model), shop.category, config.history_days)
        if not model.answers(pairs.training_set, question.days):
            break
        chance, score = model.probability(pairs.training_set), model.score(pairs.training_set)
        order = np.lexsort((pairs.category, -score, -chance, pairs.customer))
        owner = pairs.customer[order]
        rank = np.arange(len(order)) - np.searchsorted(owner, owner) + 1
        order, rank = order[rank <= config.categories], rank[rank <= config.categories]
        columns = {
            "user_id": pa.array(shop.user_ids[customers.users[pairs.customer[order]]]),
            "rank": rank,
            "category": pa.array([shop.categories[code] for code in pairs.category[order]], pa.string()),
            "chance": chance[order],
        }
        parts.append(pa.table(columns).cast(arrow_schema(CATEGORY_PROPENSITIES)))
    return pa.concat_tables([arrow_schema(CATEGORY_PROPENSITIES).empty_table(), *parts])
