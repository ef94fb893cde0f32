"""What an offer is worth: the margin that it is expected to gain, and the chances to buy behind that figure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


class ExpectedGain(NamedTuple):
    """Per offer (n,), in money: the margin gained, and the cost of the discount. NaN where not known."""

    margin: F64
    cost: F64


class BuyRates(NamedTuple):
    """The chances 0..1 to buy of accounts with an offer, and of accounts without it."""

    with_offer: float
    without: float


def expected_gain(bought_with: F64, bought_without: F64, margin: F64, discount: F64) -> ExpectedGain:
    """The expected margin gained and cost of each offer; those who would have bought anyway take the discount too.

    bought_with, bought_without (n,): chances 0..1 to buy with and without the offer. margin, discount (n,): the margin
    of one purchase without the offer, and what the offer takes off it. NaN where an input is NaN.
    """
    return ExpectedGain(
        margin=bought_with * (margin - discount) - bought_without * margin,
        cost=bought_with * discount,
    )


def buy_rates(offered: tuple[int, int], withheld: tuple[int, int], least: int, prior: float) -> BuyRates | None:
    """The rates of both arms from (users, buyers among them) of each; None where an arm has fewer than `least` users.

    Each rate is shrunk towards the rate of both arms together, with the weight of `prior` users, so that few users
    prove little. Raises ValueError if an arm has more buyers than users.
    """
    for users, buyers in (offered, withheld):
        if not 0 <= buyers <= users:
            raise ValueError(f"{buyers} buyers of {users} users")
    if min(offered[0], withheld[0]) < least:
        return None
    pooled_rate = (offered[1] + withheld[1]) / (offered[0] + withheld[0])
    return BuyRates(*((buyers + prior * pooled_rate) / (users + prior) for users, buyers in (offered, withheld)))
