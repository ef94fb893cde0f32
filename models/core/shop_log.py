"""A shop's log as arrays: who did what with which item, when; cut by time, and turned into weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

KINDS = ("view", "wishlist", "cart", "purchase", "return")  # what `ShopLog.kind` counts, from weak to strong
PURCHASE, RETURN = KINDS.index("purchase"), KINDS.index("return")


@dataclass(frozen=True)
class EventWeights:
    """What each kind of event counts as interest in an item; the defaults are those of the settings `interest`."""

    view: float = 1.0
    wishlist: float = 3.0
    cart: float = 4.0
    purchase: float = 10.0

    def __post_init__(self) -> None:
        weights = self.by_kind()[:RETURN]
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise ValueError(f"event weights must be above 0 and finite, not {weights.tolist()}")

    def by_kind(self) -> F64:
        """(5,) weights in the order of KINDS; a return weighs 0, since `without_returned` removes its purchase."""
        return np.array([self.view, self.wishlist, self.cart, self.purchase, 0.0])


@dataclass(frozen=True)
class ShopLog:
    """Events in order of time: user, item codes and kind (N,), time in days (N,), price (N,) with NaN where unknown.

    `attributes`: name -> code of each item's value (I,), -1 where it has none.
    Raises ValueError if lengths disagree, a code is outside its range, or a time is NaN; sorts by time where need be.
    """

    user: I32
    item: I32
    kind: NDArray[np.int8]
    time: F64
    price: F32
    n_users: int
    n_items: int
    attributes: dict[str, I32] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = {name: len(getattr(self, name)) for name in ("user", "item", "kind", "time", "price")}
        if len(set(columns.values())) > 1:
            raise ValueError(f"a log's columns must be equally long, not {columns}")
        for name, limit in (("user", self.n_users), ("item", self.n_items), ("kind", len(KINDS))):
            codes = getattr(self, name)
            if len(codes) and not (codes.min() >= 0 and codes.max() < limit):
                raise ValueError(f"{name} codes span {codes.min()}..{codes.max()}, allowed are 0..{limit - 1}")
        if np.isnan(self.time).any():
            raise ValueError(f"{int(np.isnan(self.time).sum()):,} of {len(self.time):,} events have no time")
        for name, codes in self.attributes.items():
            if codes.shape != (self.n_items,):
                raise ValueError(f"attribute {name!r} has shape {codes.shape}, expected ({self.n_items},)")
        if len(self.time) and (np.diff(self.time) < 0).any():
            order = np.argsort(self.time, kind="stable")
            for name in columns:
                object.__setattr__(self, name, getattr(self, name)[order])

    def __len__(self) -> int:
        return len(self.user)

    def where(self, chosen: NDArray[np.bool_] | slice) -> ShopLog:
        """The chosen events (N,) of the same users, items and attributes."""
        return dataclasses.replace(
            self,
            user=self.user[chosen],
            item=self.item[chosen],
            kind=self.kind[chosen],
            time=self.time[chosen],
            price=self.price[chosen],
        )

    def followed_by(self, later: ShopLog) -> ShopLog:
        """These events and those of `later`, of the same users and items."""
        return dataclasses.replace(
            self,
            user=np.concatenate([self.user, later.user]),
            item=np.concatenate([self.item, later.item]),
            kind=np.concatenate([self.kind, later.kind]),
            time=np.concatenate([self.time, later.time]),
            price=np.concatenate([self.price, later.price]),
        )

    def between(self, start: float, end: float) -> ShopLog:
        """The events with start <= time < end."""
        low, high = np.searchsorted(self.time, [start, end])
        return self.where(slice(int(low), int(high)))

    def of_users(self, users: NDArray[np.integer]) -> ShopLog:
        """The same events with `users` (n,), ascending codes, numbered 0..n-1; all events must be theirs."""
        return dataclasses.replace(self, user=np.searchsorted(users, self.user).astype(np.int32), n_users=len(users))

    def without_returned(self) -> ShopLog:
        """The log without returns and the purchases that they cancel.

        A return cancels the same user's latest purchase of the item before it; one without such a purchase (it may lie
        before the log) cancels nothing.
        """
        keep = self.kind != RETURN
        if keep.all():
            return self
        pair = self.user.astype(np.int64) * self.n_items + self.item
        touched = np.flatnonzero(np.isin(pair, pair[~keep]) & ((self.kind == PURCHASE) | ~keep))
        open_purchases: dict[int, list[int]] = {}
        for event in touched.tolist():
            if self.kind[event] == PURCHASE:
                open_purchases.setdefault(int(pair[event]), []).append(event)
            elif open_purchases.get(int(pair[event])):
                keep[open_purchases[int(pair[event])].pop()] = False
        return self.where(keep)

    def interest(self, weights: EventWeights, half_life: float, now: float) -> sparse.csr_matrix:
        """(U, I) CSR: sum of weight * 2^(-age / half_life), in units of one fresh purchase; `half_life` in days.

        Raises ValueError if an event lies after `now`: that would be leakage.
        """
        if len(self) and self.time[-1] > now:
            raise ValueError(f"an event at day {self.time[-1]} lies after now, {now}: cut the log first")
        value = weights.by_kind()[self.kind] / weights.purchase * np.exp2((self.time - now) / half_life)
        shape = (self.n_users, self.n_items)
        matrix = sparse.csr_matrix((value.astype(np.float32), (self.user, self.item)), shape=shape)
        matrix.sort_indices()
        matrix.data = np.maximum(matrix.data, np.finfo(np.float32).tiny)  # the pair stays, however far it has decayed
        return matrix


def truth_span(log: ShopLog) -> tuple[float, float]:
    """(cut, span) in days: the truth is the last week of the log, or its last seventh if that is shorter.

    Where all times are whole days, the last day counts in full. Raises ValueError for a log of a single moment.
    """
    days_only = bool((log.time == np.floor(log.time)).all())
    end = float(log.time[-1]) + (1.0 if days_only else 1e-9)
    span = min(7.0, (end - float(log.time[0])) / 7)
    if days_only:
        span = max(1.0, np.floor(span))
    if not len(log) or end - span <= log.time[0]:
        raise ValueError(
            f"a log of {len(log):,} events within {end - float(log.time[0]):.3g} days cannot be cut in two"
        )
    return end - span, span


def truth_kind(log: ShopLog) -> int:
    """The code in KINDS of what counts as truth: purchases if there are any, else the strongest kind of event."""
    seen = log.kind[log.kind != RETURN]
    return PURCHASE if (seen == PURCHASE).any() else int(seen.max(initial=0))
