"""Builds training sets: the same question (buys, lapses, category) asked at earlier dates, where the answer is known.

A moment uses what a night of that date would have seen: the `history` days before it and nothing later. Feature
windows, the days of history and the fit of BG/NBD are the same at every moment, tonight included. One exception: an
event that arrived late counts as known from when it happened.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import PURCHASE, ShopLog
from models.customers.calibrated_models import TrainingSet
from models.customers.category_features import Pairs, pairs_at, popularity
from models.customers.customer_features import Customers, chance_of, customers_at, origins, will_buy
from models.customers.lifetime_value import BGNBD, GammaGamma, NotEnoughData, Purchases

Codes = NDArray[np.int32]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """buys: a purchase within the `days` after a moment; lapses: no purchase; category: a purchase in a category."""

    name: str
    asks: Literal["buys", "lapses", "category"]
    days: float


@dataclass(frozen=True)
class Moment:
    """Everybody who had bought by a date, with BG/NBD as fitted on that date."""

    customers: Customers
    model: BGNBD


def moment_at(log: ShopLog, now: float, history: float, most: int) -> Moment:
    """Customers and features from the `history` days before `now`, with BG/NBD fitted on a sample of `most` customers.

    Raises NotEnoughData where fewer than 50 customers came back.
    """
    customers = customers_at(log.between(now - history, now), now, None)
    model = BGNBD.fit(_even_sample(customers.seen, most))
    features = customers.features.copy()
    features[:, customers.names.index("expected")] = np.log1p(model.expected(customers.seen, 28.0))
    features[:, customers.names.index("alive")] = model.alive(customers.seen)
    return Moment(dataclasses.replace(customers, features=features), model)


def training_set_at(question: Question, log: ShopLog, moment: Moment) -> TrainingSet:
    """The rows of "buys" or "lapses" at a moment; the labels come from the events of `log` after it."""
    customers = moment.customers
    recency = customers.features[:, customers.names.index("recency")]
    chance = chance_of(moment.model, customers.seen, question.days)
    truth = will_buy(log, customers, question.days)
    if question.asks == "lapses":
        simple, truth = {"recency": recency, "bg_nbd": 1 - chance}, ~truth
    else:
        simple = {"recency": -recency, "bg_nbd": chance}
    return TrainingSet(customers.names, customers.features, simple, truth, customers.users)


def categories_at(question: Question, log: ShopLog, moment: Moment, category: Codes, history: float) -> Pairs:
    """The rows of "category" at a moment; `category` (I,): code of each item, -1 for none."""
    now = moment.customers.now
    popular = popularity(log, category, now)
    nearby = log.between(now - history, now + question.days)
    return pairs_at(nearby, category, popular, moment.customers, question.days)


def training_sets(
    question: Question,
    log: ShopLog,
    end: float,
    history: float,
    most: int,
    least: int,
    customers: int,
    category: Codes | None = None,
) -> list[TrainingSet]:
    """Training sets at moments `question.days` apart, the latest first: at most `most`, all before `end`.

    Raises NotEnoughData for fewer than `least`, or where no item has a category and categories are asked for.
    """
    bought = log.time[log.kind == PURCHASE]
    if not len(bought):
        raise NotEnoughData("nobody bought anything")
    sets: list[TrainingSet] = []
    for now in origins(float(bought[0]), end, question.days, most, least):
        try:
            moment = moment_at(log, now, history, customers)
        except NotEnoughData as error:
            if len(sets) < least:
                raise NotEnoughData(f"{end - now:.0f} days before the end: {error}") from None
            break  # earlier moments have even fewer customers
        if question.asks != "category":
            sets.append(training_set_at(question, log, moment))
        elif category is None:
            raise NotEnoughData("no attribute of the items sorts them into categories")
        else:
            sets.append(categories_at(question, log, moment, category, history).training_set)
    return sets


def money_at(moment: Moment, days: float, most: int, known: bool = True) -> tuple[F64, F64]:
    """(expected purchase days of each customer within `days` (n,), their expected value (n,)).

    By BG/NBD, and by Gamma-Gamma fitted on at most `most` customers. The value is NaN where `known` is False or too few
    prices are known.
    """
    seen = moment.customers.seen
    bought = moment.model.expected(seen, days)
    try:
        worth = GammaGamma.fit(_even_sample(seen, most)).expected(seen) if known else np.full(len(seen), np.nan)
    except NotEnoughData:
        worth = np.full(len(seen), np.nan)
    return bought, bought * worth


def money_judged(log: ShopLog, end: float, days: float, history: float, most: int) -> dict[str, Any]:
    """Purchases and value per customer: expected `days` before the end, and as they came; or why they are not known."""
    now = end - days
    try:
        bought = log.time[log.kind == PURCHASE]
        if not len(bought) or now - bought[0] < days:
            raise NotEnoughData(f"no purchases of {2 * days:g} days")
        moment = moment_at(log, now, history, most)
    except NotEnoughData as error:
        return {"not_enough_data": str(error)}
    purchases, worth = money_at(moment, days, most)
    after = log.between(now, end)
    after = after.where((after.kind == PURCHASE) & np.isin(after.user, moment.customers.users))
    row, n = np.searchsorted(moment.customers.users, after.user), len(moment.customers.users)
    visits = np.unique(np.column_stack([row, np.floor(after.time).astype(np.int64)]), axis=0)
    visit_counts, spent = np.bincount(visits[:, 0], minlength=n), np.bincount(row, np.nan_to_num(after.price), n)
    enough_prices = np.isfinite(worth).all()
    return {
        "days": days,
        "customers": n,
        "purchases": _expected_and_came(purchases, visit_counts),
        "value": _expected_and_came(worth, spent) if enough_prices else {"not_enough_data": "too few prices are known"},
    }


def _expected_and_came(expected: F64, came: NDArray[Any]) -> dict[str, float]:
    return {
        "expected": round(float(expected.mean()), 4),
        "came": round(float(came.mean()), 4),
        "mean_absolute_error": round(float(np.abs(expected - came).mean()), 4),
    }


def _even_sample(seen: Purchases, most: int) -> Purchases:
    rows = np.zeros(len(seen), bool)
    rows[np.linspace(0, len(seen) - 1, min(most, len(seen))).astype(np.int64)] = True
    return seen.where(rows)
