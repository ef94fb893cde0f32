"""Finds near-duplicates among many texts: MinHash over character triples (Broder 1997) in bands, then exact overlap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.text.numerals import fold

# Two texts with overlap j share a band with probability 1 - (1 - j^4)^16: .9998 at j = .8, .64 at j = .5.
BANDS, ROWS = 16, 4
SEED = 20140  # for the hash functions
U64 = NDArray[np.uint64]


def near_duplicates(texts: Sequence[str], least: float = 0.8) -> NDArray[np.int64]:
    """Pairs (P, 2) of positions, first < second, whose sets of character triples overlap by `least` (Jaccard) or more.

    Two texts share a band if their hashes in the band are equal. Among the texts that share a band, each is compared
    with the first text and with the previous text. So n texts give at most 2 * BANDS * n pairs, and of texts that are
    all alike, each is paired with the first. Case, width and spaces do not count.
    Raises ValueError unless `least` is above 0.5 and at most 1: at a lower value, the bands miss too many pairs.
    """
    if not 0.5 < least <= 1:
        raise ValueError(f"least is {least}; it must be above 0.5 and at most 1")
    shingles, ends = _shingles(texts)
    if len(ends) < 3:
        return np.empty((0, 2), np.int64)
    pairs = _candidates(_signatures(shingles, ends))
    sets = [np.unique(shingles[start:end]) for start, end in pairwise(ends)]
    duplicates = [pair for pair in pairs.tolist() if _overlap(sets[pair[0]], sets[pair[1]]) >= least]
    return np.array(duplicates, np.int64).reshape(-1, 2)


def _shingles(texts: Sequence[str]) -> tuple[U64, NDArray[np.int64]]:
    """(S,) hashed triples of all texts, text after text, and (N + 1,) the positions where the texts start and end.

    A text of fewer than three characters is padded.
    """
    folded = ["".join(fold(text).split()).ljust(3, "\x00") for text in texts]
    ends = np.cumsum([0, *(len(text) - 2 for text in folded)])
    codes = np.frombuffer("".join(folded).encode("utf-32-le"), np.uint32).astype(np.uint64)
    triples = (codes[:-2] << np.uint64(42)) ^ (codes[1:-1] << np.uint64(21)) ^ codes[2:]
    starts = np.cumsum([0, *(len(text) for text in folded)])[:-1]
    is_within_text = np.ones(len(triples), bool)
    is_within_text[np.concatenate([starts[1:] - 1, starts[1:] - 2])] = False  # triples that span two texts
    hashes = triples[is_within_text]
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        hashes = (hashes ^ (hashes >> np.uint64(shift))) * np.uint64(factor)
    return hashes ^ (hashes >> np.uint64(33)), ends


def _signatures(shingles: U64, ends: NDArray[np.int64]) -> U64:
    """(N, BANDS): one number for each text and band, computed from ROWS minimum hashes."""
    rng = np.random.default_rng(SEED)
    bands = np.zeros((len(ends) - 1, BANDS), np.uint64)
    for band in range(BANDS):
        for _ in range(ROWS):
            factor, shift = (np.uint64(number) for number in rng.integers(1, 2**63, 2, dtype=np.uint64))
            minimum = np.minimum.reduceat(shingles * (factor | np.uint64(1)) + shift, ends[:-1])
            bands[:, band] = bands[:, band] * np.uint64(0x9E3779B97F4A7C15) + (minimum ^ (minimum >> np.uint64(29)))
    return bands


def _candidates(bands: U64) -> NDArray[np.int64]:
    """(P, 2) distinct pairs that share a band: each text with the first text of its band, and with the previous one."""
    pairs = []
    for column in bands.T:
        order = np.argsort(column, kind="stable")
        has_same_hash = column[order][1:] == column[order][:-1]
        starts = np.where(np.concatenate([[True], ~has_same_hash]), np.arange(len(order)), 0)
        first = order[np.maximum.accumulate(starts)]
        pairs.append(np.column_stack([order[:-1], order[1:]])[has_same_hash])
        pairs.append(np.column_stack([first[1:], order[1:]])[has_same_hash])
    return np.unique(np.concatenate(pairs), axis=0)


def _overlap(first: U64, second: U64) -> float:
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / (len(first) + len(second) - shared)
