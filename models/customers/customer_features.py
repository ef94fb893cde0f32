"""Who will buy within the next days: what is known of each customer at a moment, and how probabilities are judged.

Arrays in, arrays out; what learns from them is chosen elsewhere. Everything is counted before the moment, so that a
row at an earlier moment is what a night then would have known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import PURCHASE, RETURN, ShopLog
from models.customers.lifetime_value import BGNBD, NotEnoughData, Purchases, purchases_of

F64 = NDArray[np.float64]
WINDOWS = (7, 28, 56, 112)  # days
BINS = 10  # of a reliability table, of equally many customers each


@dataclass(frozen=True)
class Customers:
    """What is known at `now` (days) of each of `users` (n,), who have all bought before: features (n, F), finite.

    Amounts and counts are log(1 + x); ratios are cut at 10. seen: the same purchases as BG/NBD takes them.
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
    """Features of everybody who bought before `now`, from events before it; those of BG/NBD are 0 without a model.

    Raises NotEnoughData if nobody bought before `now`.
    """
    before = log.between(-np.inf, now)
    bought = before.where(before.kind == PURCHASE)
    users, who = np.unique(bought.user, return_inverse=True)
    if not len(users):
        raise NotEnoughData(f"nobody bought anything before day {now}")
    n, paid = len(users), np.nan_to_num(bought.price.astype(np.float64))
    seen = purchases_of(who, bought.time, bought.price.astype(np.float64), n, now)
    visits = np.unique(np.column_stack([who, np.floor(bought.time).astype(np.int64)]), axis=0)
    visitor, age = visits[:, 0], np.floor(now) - visits[:, 1]
    columns: dict[str, F64] = {"recency": np.log1p(seen.T - seen.t_x), "tenure": np.log1p(seen.T)}
    line_age = now - bought.time
    for days in WINDOWS:
        columns[f"visits_{days}"] = np.log1p(np.bincount(visitor[age <= days], minlength=n))
        columns[f"spent_{days}"] = np.log1p(np.bincount(who[line_age <= days], paid[line_age <= days], n))
    columns["visits"] = np.log1p(seen.x)
    columns["spent"] = np.log1p(np.bincount(who, paid, n))
    columns["lines_a_visit"] = np.log1p(np.bincount(who, minlength=n) / (seen.x + 1))
    pairs = np.unique(np.column_stack([who, bought.item]), axis=0)
    columns["items"] = np.log1p(np.bincount(pairs[:, 0], minlength=n))
    gap = seen.t_x / np.maximum(seen.x, 1)
    columns["gap"] = np.where(seen.x > 0, np.log1p(gap), np.log1p(seen.T))
    columns["overdue"] = np.where(seen.x > 0, np.minimum((seen.T - seen.t_x) / np.maximum(gap, 1), 10), 10)
    columns["regularity"] = _regularity(visitor, visits[:, 1], n)
    other = before.where((before.kind != PURCHASE) & np.isin(before.user, users))
    whose, looked = np.searchsorted(users, other.user), other.kind != RETURN
    columns["returns"] = np.log1p(np.bincount(whose[~looked], minlength=n))
    for days in WINDOWS[:2]:
        late = looked & (now - other.time <= days)
        columns[f"looks_{days}"] = np.log1p(np.bincount(whose[late], minlength=n))
    columns["expected"] = np.zeros(n) if model is None else np.log1p(model.expected(seen, 28.0))
    columns["alive"] = np.zeros(n) if model is None else model.alive(seen)
    return Customers(now, users.astype(np.int64), tuple(columns), np.column_stack(list(columns.values())), seen)


def _regularity(visitor: NDArray[np.integer], day: NDArray[np.integer], n: int) -> F64:
    """(n,) standard deviation of the gaps between visits over their mean, at most 10; 1, as by chance, below 3 gaps."""
    gaps, whose = np.diff(day).astype(np.float64), visitor[1:]
    own = visitor[1:] == visitor[:-1]
    gaps, whose = gaps[own], whose[own]
    count = np.bincount(whose, minlength=n)
    mean = np.bincount(whose, gaps, n) / np.maximum(count, 1)
    square = np.bincount(whose, gaps**2, n) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(square - mean**2, 0)) / np.maximum(mean, 1e-9)
    return np.where(count >= 3, np.minimum(spread, 10), 1.0)


def will_buy(log: ShopLog, customers: Customers, days: float) -> NDArray[np.bool_]:
    """(n,) whether each bought within the `days` after `customers.now`: the truth, never a feature."""
    after = log.between(customers.now, customers.now + days)
    return np.isin(customers.users, after.user[after.kind == PURCHASE])


def origins(first: float, end: float, days: float, most: int, least: int = 3) -> list[float]:
    """Moments at which `days` ahead are known, latest first, `days` apart; each has at least 2 * `days` behind it.

    Raises NotEnoughData for fewer than `least`: one to choose at and one to learn from, and one more to be judged at
    where figures of the choice itself are wanted.
    """
    found = [end - days * (back + 1) for back in range(most) if end - days * (back + 1) - first >= 2 * days]
    if len(found) < least:
        raise NotEnoughData(
            f"{end - first:.0f} days of purchases; {(least + 2) * days:.0f} are needed to look {days:.0f} days ahead"
        )
    return found


def chance_of(model: BGNBD, seen: Purchases, days: float) -> F64:
    """(n,) BG/NBD's probability of at least one purchase in the `days` ahead."""
    none = ((model.alpha + seen.T) / (model.alpha + seen.T + days)) ** (model.r + seen.x)
    return np.asarray(model.alive(seen) * (1 - none))


# judging ----------------------------------------------------------------------------------------------------------


def auc(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Share of (buyer, other) pairs in which the buyer has the higher chance, ties half; NaN without both."""
    buyers = int(truth.sum())
    others = len(truth) - buyers
    if not buyers or not others:
        return float("nan")
    _, place, count = np.unique(chance, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]  # from 1; equal chances share their mean rank
    return float((rank[truth].sum() - buyers * (buyers + 1) / 2) / (buyers * others))


def average_precision(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Mean precision over the buyers, best first; customers with the same chance are one step."""
    order = np.argsort(-chance, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.append(np.diff(chance[order]) != 0, True)
    gained = np.diff(hits[last], prepend=0)
    return float((gained * hits[last] / (np.flatnonzero(last) + 1)).sum() / max(int(truth.sum()), 1))


def reliability(chance: F64, truth: NDArray[np.bool_]) -> list[tuple[int, float, float]]:
    """(customers, mean chance, share who bought) of BINS groups of equal size, from the lowest chance up."""
    order = np.argsort(chance, kind="stable")
    groups = [part for part in np.array_split(order, BINS) if len(part)]
    return [(len(part), float(chance[part].mean()), float(truth[part].mean())) for part in groups]


def calibration_error(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Mean distance of chance and share in `reliability`, weighted by customers."""
    return sum(n * abs(said - seen) for n, said, seen in reliability(chance, truth)) / max(len(truth), 1)


def log_loss(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Mean, in nats; a chance is never taken for surer than 1 in 1,000."""
    return float(-log_likelihood(chance, truth).mean())


def log_likelihood(chance: F64, truth: NDArray[np.bool_]) -> F64:
    """(n,) of what came, in nats, 0 or less; a chance is never taken for surer than 1 in 1,000."""
    sure = np.clip(chance, 1e-3, 1 - 1e-3)
    return np.where(truth, np.log(sure), np.log1p(-sure))


@dataclass(frozen=True)
class Calibration:
    """A rising function of scores through (at, share), each (K,), straight between them and level beyond."""

    at: F64
    share: F64

    def __call__(self, scores: F64) -> F64:
        return np.asarray(np.interp(scores, self.at, self.share))


def calibrated(said: F64, truth: NDArray[np.bool_]) -> Calibration:
    """What makes scores the shares seen among customers (n,) with `said` and `truth`.

    Isotonic regression over groups of a hundred, so that a step is not one customer, and straight between their means.
    """
    from scipy.optimize import isotonic_regression  # half a second, which only a fit has to wait for

    order = np.argsort(said, kind="stable")
    groups = [part for part in np.array_split(order, max(2, min(len(order) // 100, 50))) if len(part)]
    # Many may have the same score, more than one group: they are one.
    at, group = np.unique([said[part].mean() for part in groups], return_inverse=True)
    weight = np.bincount(group, [len(part) for part in groups])
    share = np.bincount(group, [truth[part].sum() for part in groups]) / weight
    return Calibration(at, np.asarray(isotonic_regression(share, weights=weight).x))
