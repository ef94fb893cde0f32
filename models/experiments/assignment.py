"""Which arm of an experiment each user is in: a hash of the id, so that no assignment has to be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def places(user_ids: Iterable[str], experiment: str, salt: str) -> F64:
    """(n,) the place of each user in 0..1: the same every night, independent of other experiments and salts.

    It is the first 8 bytes of the SHA-256 of salt, experiment and id, each followed by a zero byte.
    """
    prefix = hashlib.sha256(f"{salt}\0{experiment}\0".encode())
    drawn = []
    for user in user_ids:
        digest = prefix.copy()
        digest.update(f"{user}\0".encode())
        drawn.append(int.from_bytes(digest.digest()[:8], "big") / 2**64)
    return np.array(drawn, np.float64)


def assign(user_ids: Iterable[str], experiment: str, salt: str, shares: Mapping[str, float]) -> list[str]:
    """The arm of each user, the same every night. The arms divide 0..1 between them, in the order of `shares`.

    Raises ValueError unless the shares are above 0 and sum to 1. For shares that move see
    `models.experiments.traffic_split`.
    """
    if not shares or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"shares of {experiment!r} must be above 0 and sum to 1, not {dict(shares)}")
    arms, ends = list(shares), np.cumsum(list(shares.values()))
    numbers = np.searchsorted(ends, places(user_ids, experiment, salt), side="right")
    return [arms[number] for number in np.minimum(numbers, len(arms) - 1)]
