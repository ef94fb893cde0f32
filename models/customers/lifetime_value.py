"""How often a customer will buy again, and for how much: BG/NBD (Fader, Hardie, Lee 2005) and Gamma-Gamma (2013).

BG/NBD: an active customer buys at a rate that is Gamma(r, alpha) among customers, and becomes inactive after each
purchase with a probability that is Beta(a, b) among customers. Gamma-Gamma: the value of a purchase varies around the
customer's own mean, which is independent of how often the customer buys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, hyp2f1

from models.core.manifest import read_manifest, write_manifest

F64 = NDArray[np.float64]
LEAST_CUSTOMERS = 50  # with a repeat purchase; four parameters fitted to fewer are mostly noise
FAR = 1e4  # bound of a parameter; beyond it the likelihood is flat, since all customers are then alike


class NotEnoughData(ValueError):
    """Too few customers with a repeat purchase, or too short a history, for the model."""


@dataclass(frozen=True)
class Purchases:
    """Recency and frequency of N customers at one moment, in the notation of the paper.

    x (N,): repeat purchases after the first; t_x (N,): days from the first purchase to the last; T (N,): days from the
    first purchase to the moment; m (N,): mean value of the repeat purchases, NaN without.

    Raises ValueError if lengths disagree, a figure is negative or not finite, or t_x lies after T.
    """

    x: F64
    t_x: F64
    T: F64
    m: F64

    def __post_init__(self) -> None:
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns must be equally long, not {lengths}")
        for name in ("x", "t_x", "T"):
            values = getattr(self, name)
            if not (np.isfinite(values) & (values >= 0)).all():
                raise ValueError(f"{name} must be finite and 0 or more; its least is {values.min()}")
        if (self.t_x > self.T).any():
            raise ValueError(f"{int((self.t_x > self.T).sum()):,} customers bought after the moment they are seen at")

    def __len__(self) -> int:
        return len(self.x)

    def where(self, chosen: NDArray[np.bool_]) -> Purchases:
        return Purchases(self.x[chosen], self.t_x[chosen], self.T[chosen], self.m[chosen])


def purchases_of(customer: NDArray[np.integer], day: F64, worth: F64, customers: int, now: float) -> Purchases:
    """`Purchases` of the customers 0..customers-1, each with at least one line; lines of one day are one purchase.

    customer, day, worth (N,): one value per line; worth is NaN where unknown. Raises ValueError for a line after `now`,
    or a customer without a line.
    """
    if len(day) and day.max() > now:
        raise ValueError(f"a purchase at day {day.max()} lies after now, {now}: cut the log first")
    date = np.floor(day)
    order = np.lexsort((date, customer))
    customer, date, worth = customer[order], date[order], worth[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (customer[1:] != customer[:-1]) | (date[1:] != date[:-1])
    visit = np.cumsum(begins) - 1
    visit_customer, visit_day = customer[begins], date[begins]
    paid = np.bincount(visit, worth, len(visit_customer))
    visits = np.bincount(visit_customer, minlength=customers)
    if not visits.all():
        raise ValueError(f"{int((visits == 0).sum()):,} of {customers:,} customers have no purchase")
    first = np.concatenate([[0], visits.cumsum()[:-1]])
    repeat = np.ones(len(visit_customer), bool)
    repeat[first] = False
    x = (visits - 1).astype(np.float64)
    known = np.isfinite(paid) & (paid > 0) & repeat
    known_repeats = np.bincount(visit_customer[known], minlength=customers)
    total = np.bincount(visit_customer[known], paid[known], customers)
    m = np.where(known_repeats > 0, total / np.maximum(known_repeats, 1), np.nan)
    first_day, last_day = visit_day[first], visit_day[np.cumsum(visits) - 1]
    return Purchases(x, last_day - first_day, np.floor(now) - first_day, m)


def _fitted(loss: Callable[[F64], float], start: F64) -> F64:
    """The positive parameters with the least `loss`, which takes their logarithms; each within 1/FAR and FAR."""
    from scipy.optimize import minimize  # half a second, which only a fit has to wait for

    options = {"ftol": 1e-13, "gtol": 1e-9, "maxiter": 2000, "maxfun": 20000}
    bounds = [(-np.log(FAR), np.log(FAR))] * len(start)
    return np.exp(minimize(loss, start, method="L-BFGS-B", bounds=bounds, options=options).x)


@dataclass(frozen=True)
class BGNBD:
    """r, a, b unitless; alpha in days; log_likelihood: in nats, of the customers of the fit."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")

    @classmethod
    def fit(cls, seen: Purchases) -> BGNBD:
        """Maximum likelihood. Raises NotEnoughData where fewer than 50 customers came back."""
        back = int((seen.x > 0).sum())
        if back < LEAST_CUSTOMERS:
            raise NotEnoughData(f"{back} of {len(seen)} customers bought again, BG/NBD takes {LEAST_CUSTOMERS}")
        rows, count = np.unique(np.column_stack([seen.x, seen.t_x, seen.T]), axis=0, return_counts=True)
        unit = float(rows[:, 2].mean())  # unit of time that lets all four parameters start near 1

        def loss(log_parameters: F64) -> float:
            r, alpha, a, b = np.exp(log_parameters)
            value = _log_likelihood(r, alpha, a, b, rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit)
            return -float(count @ value) / len(seen)

        r, alpha, a, b = _fitted(loss, np.zeros(4))
        alpha *= unit
        return cls(r, alpha, a, b, float(count @ _log_likelihood(r, alpha, a, b, *rows.T)))

    def expected(self, seen: Purchases, days: float) -> F64:
        """Purchases (N,) of each customer in the `days` after the moment; equation (10) of the paper."""
        x, r, alpha, a, b = seen.x, self.r, self.alpha, self.a, self.b
        if abs(a - 1) < 1e-6:
            a = 1 + 1e-6  # the formula divides by a - 1; its limit at 1 is finite
        ahead = alpha + seen.T + days
        series = hyp2f1(r + x, b + x, a + b + x - 1, days / ahead)
        factor = (a + b + x - 1) / (a - 1)
        grown = 1 - ((alpha + seen.T) / ahead) ** (r + x) * series
        return np.maximum(np.asarray(factor * grown * self.alive(seen)), 0.0)

    def alive(self, seen: Purchases) -> F64:
        """Probability (N,) that each customer has not left yet."""
        x, gone = seen.x, np.zeros(len(seen))
        back = x > 0
        ratio = (self.alpha + seen.T[back]) / (self.alpha + seen.t_x[back])
        gone[back] = self.a / (self.b + x[back] - 1) * ratio ** (self.r + x[back])
        return np.asarray(1 / (1 + gone))

    def save(self, folder: str | Path) -> None:
        """manifest.json with the figures."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        write_manifest(Path(folder), "bg_nbd", self)

    @classmethod
    def load(cls, folder: str | Path) -> BGNBD:
        return read_manifest(Path(folder), cls)[0]


def _log_likelihood(r: float, alpha: float, a: float, b: float, x: F64, t_x: F64, T: F64) -> F64:
    """(N,) natural logarithms; equation (6) of the paper."""
    purchases = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stayed = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + T)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(
            x > 0,
            betaln(a + 1, b + x - 1) - betaln(a, b) - (r + x) * np.log(alpha + t_x),
            -np.inf,
        )
    return np.asarray(purchases + np.logaddexp(stayed, left))


@dataclass(frozen=True)
class GammaGamma:
    """p, q unitless, v in the currency of the purchases."""

    p: float
    q: float
    v: float
    log_likelihood: float = float("nan")

    @classmethod
    def fit(cls, seen: Purchases) -> GammaGamma:
        """Maximum likelihood over the customers with repeat purchases of known value.

        Raises NotEnoughData where they are fewer than 50.
        """
        known = (seen.x > 0) & np.isfinite(seen.m) & (seen.m > 0)
        if int(known.sum()) < LEAST_CUSTOMERS:
            raise NotEnoughData(
                f"{int(known.sum())} of {len(seen)} customers have repeat purchases of known worth, Gamma-Gamma takes "
                f"{LEAST_CUSTOMERS}"
            )
        x, m = seen.x[known], seen.m[known]
        unit = float(m.mean())

        def loss(log_parameters: F64) -> float:
            p, q, v = np.exp(log_parameters)
            return -float(_worth_log_likelihood(p, q, v, x, m / unit).mean())

        p, q, v = _fitted(loss, np.array([1.0, 1.0, 0.0]))
        v *= unit
        return cls(p, q, v, float(_worth_log_likelihood(p, q, v, x, m).sum()))

    def expected(self, seen: Purchases) -> F64:
        """Expected value (N,) of each customer's next purchase; without a repeat purchase, the average customer's.

        NaN for all if q is not above 1: such a fit has no mean.
        """
        if self.q <= 1:
            return np.full(len(seen), np.nan)
        known = np.isfinite(seen.m)
        x = np.where(known, seen.x, 0)
        spent = np.where(known, np.nan_to_num(seen.m) * x, 0)
        return np.asarray(self.p * (self.v + spent) / (self.p * x + self.q - 1))


def _worth_log_likelihood(p: float, q: float, v: float, x: F64, m: F64) -> F64:
    """(N,) natural logarithms of the mean worth m of x purchases; equation (1a) of Fader and Hardie's note."""
    return np.asarray(
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(m)
        + p * x * np.log(x)
        - (p * x + q) * np.log(v + m * x)
    )
