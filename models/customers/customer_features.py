"""Features of each customer at a moment, and whether the customer bought in the days after it.

Features count only events before the moment, so a row at an earlier date holds what that night would have known: no
leakage. The models that learn from them are in `models.customers.calibrated_models`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import PURCHASE, RETURN, ShopLog
from models.customers.lifetime_value import BGNBD, NotEnoughData, Purchases, purchases_of

F64 = NDArray[np.float64]
WINDOWS = (7, 28, 56, 112)  # days


@dataclass(frozen=True)
class Customers:
    """Features (n, F), finite, at `now` (days) of `users` (n,), all of whom bought before `now`.

    Amounts and counts are log(1 + x); ratios are capped at 10. seen: the same purchases in the form that BG/NBD takes.
    """

    now: float
    users: NDArray[np.int64]
    names: tuple[str, ...]
    features: F64
    seen: Purchases

    def where(self, chosen: slice) -> Customers:
        rows = np.zeros(len(self.users), bool)
        rows[chosen] = True
        return Customers(self.now, self.users[rows], self.names, self.features[rows], self.seen.where(rows))


def customers_at(log: ShopLog, now: float, model: BGNBD | None) -> Customers:
    """Features of everybody who bought before `now`, from events before it; without `model` BG/NBD's features are 0.

    Raises NotEnoughData if nobody bought before `now`.
    """
    before = log.between(-np.inf, now)
    bought = before.where(before.kind == PURCHASE)
    users, buyer = np.unique(bought.user, return_inverse=True)
    if not len(users):
        raise NotEnoughData(f"nobody bought anything before day {now}")
    n, paid = len(users), np.nan_to_num(bought.price.astype(np.float64))
    seen = purchases_of(buyer, bought.time, bought.price.astype(np.float64), n, now)
    visits = np.unique(np.column_stack([buyer, np.floor(bought.time).astype(np.int64)]), axis=0)
    visitor, age = visits[:, 0], np.floor(now) - visits[:, 1]
    columns: dict[str, F64] = {"recency": np.log1p(seen.T - seen.t_x), "tenure": np.log1p(seen.T)}
    line_age = now - bought.time
    for days in WINDOWS:
        columns[f"visits_{days}"] = np.log1p(np.bincount(visitor[age <= days], minlength=n))
        columns[f"spent_{days}"] = np.log1p(np.bincount(buyer[line_age <= days], paid[line_age <= days], n))
    columns["visits"] = np.log1p(seen.x)
    columns["spent"] = np.log1p(np.bincount(buyer, paid, n))
    columns["lines_a_visit"] = np.log1p(np.bincount(buyer, minlength=n) / (seen.x + 1))
    pairs = np.unique(np.column_stack([buyer, bought.item]), axis=0)
    columns["items"] = np.log1p(np.bincount(pairs[:, 0], minlength=n))
    gap = seen.t_x / np.maximum(seen.x, 1)
    columns["gap"] = np.where(seen.x > 0, np.log1p(gap), np.log1p(seen.T))
    columns["overdue"] = np.where(seen.x > 0, np.minimum((seen.T - seen.t_x) / np.maximum(gap, 1), 10), 10)
    columns["regularity"] = _regularity(visitor, visits[:, 1], n)
    other_events = before.where((before.kind != PURCHASE) & np.isin(before.user, users))
    row, is_look = np.searchsorted(users, other_events.user), other_events.kind != RETURN
    columns["returns"] = np.log1p(np.bincount(row[~is_look], minlength=n))
    for days in WINDOWS[:2]:
        recent = is_look & (now - other_events.time <= days)
        columns[f"looks_{days}"] = np.log1p(np.bincount(row[recent], minlength=n))
    columns["expected"] = np.zeros(n) if model is None else np.log1p(model.expected(seen, 28.0))
    columns["alive"] = np.zeros(n) if model is None else model.alive(seen)
    return Customers(now, users.astype(np.int64), tuple(columns), np.column_stack(list(columns.values())), seen)


def _regularity(visitor: NDArray[np.integer], day: NDArray[np.integer], n: int) -> F64:
    """(n,) coefficient of variation of the gaps between visits, at most 10; 1 with fewer than 3 gaps."""
    gaps, gap_visitor = np.diff(day).astype(np.float64), visitor[1:]
    same_visitor = visitor[1:] == visitor[:-1]
    gaps, gap_visitor = gaps[same_visitor], gap_visitor[same_visitor]
    count = np.bincount(gap_visitor, minlength=n)
    mean = np.bincount(gap_visitor, gaps, n) / np.maximum(count, 1)
    square = np.bincount(gap_visitor, gaps**2, n) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(square - mean**2, 0)) / np.maximum(mean, 1e-9)
    return np.where(count >= 3, np.minimum(spread, 10), 1.0)


def will_buy(log: ShopLog, customers: Customers, days: float) -> NDArray[np.bool_]:
    """(n,) whether each customer bought within the `days` after `customers.now`: the label, never a feature."""
    after = log.between(customers.now, customers.now + days)
    return np.isin(customers.users, after.user[after.kind == PURCHASE])


def origins(first: float, end: float, days: float, most: int, least: int = 3) -> list[float]:
    """Moments at which the next `days` are known, latest first, `days` apart, each with at least 2 * `days` behind it.

    Raises NotEnoughData for fewer than `least`. Two are the minimum, one to train and one to validate; a third one
    tests the choice.
    """
    moments = [end - days * (back + 1) for back in range(most)]
    moments = [moment for moment in moments if moment - first >= 2 * days]
    if len(moments) < least:
        raise NotEnoughData(
            f"{end - first:.0f} days of purchases; {(least + 2) * days:.0f} are needed to look {days:.0f} days ahead"
        )
    return moments


def chance_of(model: BGNBD, seen: Purchases, days: float) -> F64:
    """(n,) BG/NBD's probability of at least one purchase in the `days` ahead."""
    no_purchase = ((model.alpha + seen.T) / (model.alpha + seen.T + days)) ** (model.r + seen.x)
    return np.asarray(model.alive(seen) * (1 - no_purchase))
