"""What is asked about customers, and the same question at earlier moments, for whoever learns to answer it.

A moment sees what a night then would have seen: the `history` days before it and nothing later. The windows in which
features are counted, the days looked back and BG/NBD's fit are the same at each, tonight's among them.
(An event that arrived late counts as known from when it happened.)
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import PURCHASE, ShopLog
from models.customers.calibrated_models import Lesson
from models.customers.category_features import Pairs, pairs_at, popularity
from models.customers.customer_features import (
    Customers,
    chance_of,
    customers_at,
    origins,
    will_buy,
)
from models.customers.lifetime_value import BGNBD, GammaGamma, NotEnoughData, Purchases

Codes = NDArray[np.int32]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """buys: a purchase within the `days` after a moment; lapses: none; category: one in a category."""

    name: str
    asks: Literal["buys", "lapses", "category"]
    days: float


@dataclass(frozen=True)
class Moment:
    """Everybody who had bought by then, with BG/NBD as fitted then."""

    customers: Customers
    model: BGNBD


def moment_at(log: ShopLog, now: float, history: float, most: int) -> Moment:
    """What the `history` days before `now` say; BG/NBD is fitted on at most `most` customers, an even draw.

    Raises NotEnoughData where fewer than 50 customers came back.
    """
    known = customers_at(log.between(now - history, now), now, None)
    model = BGNBD.fit(_draw(known.seen, most))
    features = known.features.copy()
    features[:, known.names.index("expected")] = np.log1p(model.expected(known.seen, 28.0))
    features[:, known.names.index("alive")] = model.alive(known.seen)
    return Moment(dataclasses.replace(known, features=features), model)


def lesson_at(question: Question, log: ShopLog, moment: Moment) -> Lesson:
    """The question whether customers buy, or lapse, at the moment; the truth is what `log` has after it."""
    known = moment.customers
    recency = known.features[:, known.names.index("recency")]
    chance = chance_of(moment.model, known.seen, question.days)
    came = will_buy(log, known, question.days)
    if question.asks == "lapses":
        simple, came = {"recency": recency, "bg_nbd": 1 - chance}, ~came
    else:
        simple = {"recency": -recency, "bg_nbd": chance}
    return Lesson(known.names, known.features, simple, came, known.users)


def categories_at(question: Question, log: ShopLog, moment: Moment, category: Codes, history: float) -> Pairs:
    """The question in which categories customers buy, at the moment; `category` (I,) codes of the items."""
    now = moment.customers.now
    popular = popularity(log, category, now)
    near = log.between(now - history, now + question.days)
    return pairs_at(near, category, popular, moment.customers, question.days)


def lessons(question: Question, log: ShopLog, end: float, history: float, most: int, least: int, customers: int,
            category: Codes | None = None) -> list[Lesson]:  # fmt: skip
    """The question at moments `question.days` apart, the latest first: at most `most`, all before `end`.

    Raises NotEnoughData for fewer than `least`, or where no item has a category and categories are asked for.
    """
    bought = log.time[log.kind == PURCHASE]
    if not len(bought):
        raise NotEnoughData("nobody bought anything")
    found: list[Lesson] = []
    for now in origins(float(bought[0]), end, question.days, most, least):
        try:
            moment = moment_at(log, now, history, customers)
        except NotEnoughData as error:
            if len(found) < least:
                raise NotEnoughData(f"{end - now:.0f} days before the end: {error}") from None
            break  # the shop was smaller then, and still is before
        if question.asks != "category":
            found.append(lesson_at(question, log, moment))
        elif category is None:
            raise NotEnoughData("no attribute of the items sorts them into categories")
        else:
            found.append(categories_at(question, log, moment, category, history).lesson)
    return found


def money_at(moment: Moment, days: float, most: int, known: bool = True) -> tuple[F64, F64]:
    """(n,) purchase days of each customer expected within `days`, by BG/NBD, and what they are worth together, by
    Gamma-Gamma fitted on at most `most` customers; the worth is NaN where `known` is False, or too few prices are."""
    seen = moment.customers.seen
    bought = moment.model.expected(seen, days)
    try:
        each = GammaGamma.fit(_draw(seen, most)).expected(seen) if known else np.full(len(seen), np.nan)
    except NotEnoughData:
        each = np.full(len(seen), np.nan)
    return bought, bought * each


def money_judged(log: ShopLog, end: float, days: float, history: float, most: int) -> dict[str, Any]:
    """What was expected `days` before the end beside what came, a customer; or why nothing could be."""
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
    came, spent = np.bincount(visits[:, 0], minlength=n), np.bincount(row, np.nan_to_num(after.price), n)
    return {
        "days": days,
        "customers": n,
        "purchases": {"expected": round(float(purchases.mean()), 4), "came": round(float(came.mean()), 4),
                      "mean_absolute_error": round(float(np.abs(purchases - came).mean()), 4)},
        "value": {"expected": round(float(worth.mean()), 4), "came": round(float(spent.mean()), 4),
                  "mean_absolute_error": round(float(np.abs(worth - spent).mean()), 4)}
        if np.isfinite(worth).all() else {"not_enough_data": "too few prices are known"},
    }  # fmt: skip


def _draw(seen: Purchases, most: int) -> Purchases:
    rows = np.zeros(len(seen), bool)
    rows[np.linspace(0, len(seen) - 1, min(most, len(seen))).astype(np.int64)] = True
    return seen.where(rows)
