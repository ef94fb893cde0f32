"""Recommends what a user bought before, when the item's usual interval between purchases has passed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.config import check_bounds
from models.core.top_k import F32, I32
from models.recommenders.neighbours import top_sparse
from models.recommenders.sparse_lists import Allowed

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class RebuyConfig:
    """How much evidence an item needs to depart from the shop's averages, and how wide the peak at its interval is."""

    prior: float = field(
        default=5.0,
        metadata={
            "doc": "the shop's median gap and repeat rate count like this many gaps, or buyers, of the item",
            "above": 0,
        },
    )
    width: float = field(
        default=1.5,
        metadata={"doc": "standard deviation of log(elapsed / gap) at which a purchase is still due", "above": 0},
    )
    least_gap: float = field(default=0.5, metadata={"doc": "days; purchases closer together count as one", "above": 0})

    def __post_init__(self) -> None:
        check_bounds(self)


class Rebuy:
    """Each item's repurchase gap (I,) in days and repeat rate (I,) in 0..1, and every pair's last purchase.

    gap: exp of the item's median log gap. rate: the share of its buyers who bought it again. Both are shrunk towards
    the shop's averages.
    """

    def __init__(self, config: RebuyConfig, gap: F64, rate: F64, pairs: sparse.csr_matrix, count: F64) -> None:
        self.config, self.gap, self.rate = config, gap, rate
        self.pairs, self.count = (
            pairs,
            count,
        )  # (U, I): time of a pair's last purchase; (pairs,): its purchases

    @classmethod
    def fit(cls, config: RebuyConfig, user: I32, item: I32, time: F64, shape: tuple[int, int]) -> Rebuy:
        """From purchases (N,): codes and times in days, shape (U, I). Raises ValueError if a time is NaN."""
        if np.isnan(time).any():
            raise ValueError(f"{int(np.isnan(time).sum()):,} of {len(time):,} purchases have no time")
        order = np.lexsort((time, item, user))
        user, item, time = user[order], item[order], time[order]
        same_pair = (user[1:] == user[:-1]) & (item[1:] == item[:-1])
        gaps = np.diff(time)
        rebuys = np.flatnonzero(same_pair & (gaps >= config.least_gap))
        gap_item, log_gap = item[rebuys], np.log(gaps[rebuys])
        shop_log_gap = float(np.median(log_gap)) if len(log_gap) else np.log(30.0)
        item_log_gap, n_gaps = _medians(gap_item, log_gap, shape[1])
        gap = np.exp((item_log_gap * n_gaps + shop_log_gap * config.prior) / (n_gaps + config.prior))
        last = np.append(~same_pair, True)[: len(user)]  # the last line of each pair
        pair_user, pair_item = user[last], item[last]
        buyers = np.bincount(pair_item, minlength=shape[1])
        repeaters = np.unique(user[rebuys].astype(np.int64) * shape[1] + gap_item)
        repeated = np.bincount(repeaters % shape[1], minlength=shape[1])
        shop_rate = (repeated.sum() + 1) / (buyers.sum() + 2)
        rate = (repeated + config.prior * shop_rate) / (buyers + config.prior)
        ends = np.flatnonzero(last)
        count = np.diff(ends, prepend=-1).astype(np.float64)
        entry = sparse.csr_matrix((np.arange(len(ends)) + 1, (pair_user, pair_item)), shape=shape)
        pairs = sparse.csr_matrix((time[last][entry.data - 1], entry.indices, entry.indptr), shape=shape)
        return cls(config, gap, rate, pairs, count[entry.data - 1])

    def due(self, now: float) -> sparse.csr_matrix:
        """(U, I) CSR of scores >= 0: rate * log2(1 + purchases) * a bell over log(elapsed / gap).

        The bell peaks where the time since the last purchase equals the gap. Raises ValueError if a purchase lies
        after `now`.
        """
        if self.pairs.nnz and self.pairs.data.max() > now:
            raise ValueError(f"a purchase at day {self.pairs.data.max()} lies after now, {now}: cut the log first")
        elapsed = np.maximum(now - self.pairs.data, self.config.least_gap)
        item = self.pairs.indices
        bell = np.exp(-0.5 * (np.log(elapsed / self.gap[item]) / self.config.width) ** 2)
        score = (self.rate[item] * np.log2(1 + self.count) * bell).astype(np.float32)
        score = np.maximum(score, np.finfo(np.float32).tiny)
        return sparse.csr_matrix((score, item, self.pairs.indptr), shape=self.pairs.shape)

    def recommend(self, users: NDArray[np.integer], now: float, k: int, allowed: Allowed = None) -> tuple[I32, F32]:
        """The k most due items (n, k) that each of `users` (n,) bought before; no other item fills the list.

        Raises ValueError if k is not in 1..I or a purchase lies after `now`.
        """
        return top_sparse(self.due(now)[users], k, allowed)


def _medians(group: I32, value: F64, groups: int) -> tuple[F64, F64]:
    """(median, count) of the values of each group (G,); 0 and 0 where it has none."""
    order = np.lexsort((value, group))
    group, value = group[order], value[order]
    count = np.bincount(group, minlength=groups)
    start = np.cumsum(count) - count
    filled = count > 0
    median = np.zeros(groups)
    low, high = start[filled] + (count[filled] - 1) // 2, start[filled] + count[filled] // 2
    median[filled] = (value[low] + value[high]) / 2
    return median, count.astype(np.float64)
