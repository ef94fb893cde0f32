"""Experiments on users: how many users they take, what an arm changed, and whether the split can be trusted.

Deng, Xu, Kohavi, Walker 2013 (CUPED); Swaminathan and Joachims 2015 (self-normalised propensity scores).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, ndtri

F64 = NDArray[np.float64]
LEAST_RATIO = 0.001  # a split with a lower p counts as faulty: some arm has lost users


@dataclass(frozen=True)
class Effect:
    """Treatment less control in the units of the outcome, with its interval; p is two-sided.

    variance_kept: the share of the variance that is left after CUPED, 1 without it. sizes: users of control and of
    treatment.
    """

    difference: float
    low: float
    high: float
    p: float
    variance_kept: float
    sizes: tuple[int, int]


def sample_size(rate: float, lift: float, level: float = 0.05, power: float = 0.8, rho: float = 0.0) -> int:
    """Users that each of two arms needs to detect an absolute `lift` of a `rate` (0..1) with this power.

    About 16 rate (1 - rate) / lift^2 at 5 % and 80 %. rho: correlation of the outcome with the CUPED covariate.
    Raises ValueError if rate, rate + lift, level or power is not inside 0..1, rho not inside -1..1, or the lift is 0.
    """
    if not (0 < rate < 1 and 0 < rate + lift < 1 and lift):
        raise ValueError(f"rate {rate} and rate + lift {rate + lift} must lie inside 0..1, and the lift not be 0")
    if not (0 < level < 1 and 0 < power < 1 and -1 < rho < 1):
        raise ValueError(f"level {level} and power {power} must lie inside 0..1, rho {rho} inside -1..1")
    variance = rate * (1 - rate) + (rate + lift) * (1 - rate - lift)
    quantiles = ndtri(1 - level / 2) + ndtri(power)
    return int(np.ceil(quantiles**2 * variance * (1 - rho**2) / lift**2))


def power_of(rate: float, lift: float, users: int, level: float = 0.05) -> float:
    """Probability 0..1 that an experiment with `users` in each arm detects the lift; the inverse of `sample_size`."""
    error = np.sqrt((rate * (1 - rate) + (rate + lift) * (1 - rate - lift)) / users)
    critical = ndtri(1 - level / 2)
    return float(ndtr(abs(lift) / error - critical) + ndtr(-abs(lift) / error - critical))


def compare(control: F64, treatment: F64, before: tuple[F64, F64] | None = None, level: float = 0.05) -> Effect:
    """What the treatment did to the mean outcome of a user; control (n,), treatment (m,), one value per user.

    before: the same users' figure from before the experiment, the covariate by which CUPED reduces the variance.
    Raises ValueError for fewer than two users in an arm, NaN, or a `before` of other users.
    """
    arms = [np.asarray(control, np.float64), np.asarray(treatment, np.float64)]
    if min(len(arm) for arm in arms) < 2:
        raise ValueError(f"an arm of {min(len(arm) for arm in arms)} users has no variance; an arm needs at least two")
    if not all(np.isfinite(arm).all() for arm in arms):
        raise ValueError("an outcome is NaN or infinite: a user without a purchase has outcome 0")
    variance_kept = 1.0
    if before is not None:
        if [len(part) for part in before] != [len(arm) for arm in arms]:
            raise ValueError(f"before has {[len(p) for p in before]} users, the arms have {[len(a) for a in arms]}")
        arms, variance_kept = _cuped(arms, [np.asarray(part, np.float64) for part in before])
    difference = float(arms[1].mean() - arms[0].mean())
    error = float(np.sqrt(sum(arm.var(ddof=1) / len(arm) for arm in arms)))
    half_width = ndtri(1 - level / 2) * error
    p = float(2 * ndtr(-abs(difference) / error)) if error > 0 else float(difference == 0)
    return Effect(
        difference, difference - half_width, difference + half_width, p, variance_kept, (len(arms[0]), len(arms[1]))
    )


def _cuped(arms: list[F64], before: list[F64]) -> tuple[list[F64], float]:
    """(each arm minus theta times the deviation of its covariate, the share of the variance that remains).

    theta is the slope of outcome on covariate within arms, so that the difference between the arms does not affect it.
    """
    mean = np.concatenate(before).mean()
    centred = [(arm - arm.mean(), covariate - covariate.mean()) for arm, covariate in zip(arms, before, strict=True)]
    covariance = sum(float(outcome @ covariate) for outcome, covariate in centred)
    variance = sum(float(covariate @ covariate) for _, covariate in centred)
    theta = covariance / variance if variance > 0 else 0.0
    adjusted = [arm - theta * (covariate - mean) for arm, covariate in zip(arms, before, strict=True)]
    total = sum(float(outcome @ outcome) for outcome, _ in centred)
    remaining = sum(float(arm.var() * len(arm)) for arm in adjusted)
    return adjusted, remaining / total if theta and total > 0 else 1.0


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> tuple[float, bool]:
    """(p, whether the split is credible): a chi-squared test of users counted in each arm against the arms' shares.

    If it is not, some arm has lost users, and no result of the experiment counts.
    Raises ValueError if arms differ or nobody was counted.
    """
    if set(counts) != set(shares) or not sum(counts.values()):
        raise ValueError(f"counted {dict(counts)}, assigned by {dict(shares)}: the same arms, and users, are needed")
    total = sum(counts.values())
    square = sum((counts[arm] - total * share) ** 2 / (total * share) for arm, share in shares.items())
    p = float(chdtrc(len(shares) - 1, square)) if len(shares) > 1 else 1.0
    return p, p >= LEAST_RATIO


def snips(reward: F64, logged: F64, target: F64) -> tuple[float, float]:
    """(estimate, standard error) of the mean reward had the policy `target` chosen, by self-normalised IPS.

    reward, logged, target (n,): the reward of each choice, its probability under the policy that made it, and under the
    policy `target`. Raises ValueError unless 0 < logged <= 1 and 0 <= target <= 1, or if the policies share no choice.
    """
    if not ((logged > 0) & (logged <= 1) & (target >= 0) & (target <= 1)).all():
        raise ValueError(
            "probabilities must lie in 0..1, the logged ones above 0: what was never shown teaches nothing"
        )
    weight = target / logged
    return ratio(weight * reward, weight)


def ratio(weighted: F64, weight: F64) -> tuple[float, float]:
    """(estimate, standard error) as `snips` gives them, for users with several choices each.

    weighted, weight (n,): each user's sum of weight * reward, and sum of weight. Users are independent of each other,
    the choices of one user are not. Raises ValueError if all weights are 0.
    """
    if not weight.sum() > 0:
        raise ValueError("the target policy would have shown none of the choices that were shown")
    estimate = float(weighted.sum() / weight.sum())
    error = float(np.sqrt(((weighted - estimate * weight) ** 2).sum()) / weight.sum())
    return estimate, error
