"""Beta posteriors: the return on an offer, the weight of an event, and whether a rate is above another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, psi, zeta

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
DRAWS = 10_000


def returns(
    offered: tuple[int, int],
    withheld: tuple[int, int],
    margin: float,
    discount: float,
    prior: float,
    rng: np.random.Generator,
) -> F64:
    """(DRAWS,) posterior draws of the margin gained for one unit of money spent on an offer.

    offered, withheld: (users, buyers among them). margin: of a purchase without the offer; discount: what the offer
    takes off; both in the shop's currency. Each rate is Beta, shrunk towards the rate of both arms together by `prior`
    users. Raises ValueError if there are more buyers than users, or if the discount is not above 0.
    """
    for users, bought in (offered, withheld):
        if not 0 <= bought <= users:
            raise ValueError(f"{bought} buyers of {users} users")
    if not (discount > 0 and np.isfinite(margin)):
        raise ValueError(f"a return needs a margin and a discount above 0, not {margin} and {discount}")
    all_users = offered[0] + withheld[0]
    pooled_rate = (offered[1] + withheld[1]) / all_users if all_users else 0.5
    bought_with, bought_without = (
        rng.beta(bought + prior * pooled_rate + 0.5, users - bought + prior * (1 - pooled_rate) + 0.5, DRAWS)
        for users, bought in (offered, withheld)
    )
    # A rate of 0 would divide by 0, so it is raised slightly above 0.
    lost_margin = bought_without / np.maximum(bought_with, 1e-9) * margin
    return np.asarray((margin - discount - lost_margin) / discount)


def next_weight(
    wins: int, trials: int, now: float, bounds: tuple[float, float], most_change: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """(weight, low, high) of an event tomorrow, in units of a purchase: a posterior draw of P(a purchase follows).

    The posterior is Beta with a uniform prior. The weight moves from `now` to the draw by at most the share
    `most_change` of itself, and stays within `bounds`. Raises ValueError if wins exceed trials, or `now` lies outside
    the bounds.
    """
    if not 0 <= wins <= trials:
        raise ValueError(f"{wins} purchases after {trials} events")
    if not (0 < bounds[0] <= now <= bounds[1] <= 1 and 0 <= most_change < 1):
        raise ValueError(f"weight {now} must lie in {bounds}, inside 0..1, and most_change {most_change} in 0..1")
    low, high = max(bounds[0], now * (1 - most_change)), min(bounds[1], now * (1 + most_change))
    return float(np.clip(rng.beta(1 + wins, 1 + trials - wins), low, high)), low, high


def chance_above(candidate: tuple[I64, I64], rivals: tuple[I64, I64], prior: float) -> F64:
    """(n,) probability that a candidate's rate is above its rivals'; candidate, rivals: (trials (n,), wins (n,)).

    Each rate is Beta, shrunk towards the rate of both together by `prior` trials, as in `returns`. Its log-odds are
    taken as normal with the Beta's mean and variance, which is fast enough for all texts of a shop every night.
    Raises ValueError if wins exceed trials.
    """
    for trials, wins in (candidate, rivals):
        if ((wins < 0) | (wins > trials)).any():
            raise ValueError(f"{int(wins.sum())} wins of {int(trials.sum())} trials, some more than were tried")
    pooled_rate = (candidate[1] + rivals[1]) / np.maximum(candidate[0] + rivals[0], 1)
    mean, variance = np.zeros(len(pooled_rate)), np.zeros(len(pooled_rate))
    for sign, (trials, wins) in ((1, candidate), (-1, rivals)):
        won, lost = wins + prior * pooled_rate + 0.5, trials - wins + prior * (1 - pooled_rate) + 0.5
        mean += sign * (psi(won) - psi(lost))
        variance += zeta(2, won) + zeta(2, lost)  # the trigamma function
    return np.asarray(ndtr(mean / np.sqrt(variance)))
