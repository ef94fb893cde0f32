"""Finds near-duplicates among many texts: MinHash over character triples (Broder 1997) in bands, then exact overlap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.text.numerals import fold

BANDS, ROWS = 16, 4  # a pair with overlap j meets in a band with probability 1 - (1 - j^4)^16: .9998 at .8, .64 at .5
SEED = 20140  # of the hash functions
U64 = NDArray[np.uint64]


def near_duplicates(texts: Sequence[str], least: float = 0.8) -> NDArray[np.int64]:
    """Pairs (P, 2) of positions, first < second, whose sets of character triples overlap by `least` (Jaccard) or more.

    Two texts share a band if their hashes in it are equal. Each text is compared with the first text and with the
    previous text of each band that it shares: n texts give at most 2 * BANDS * n pairs, and among texts that are all
    alike each is paired with the first. Case, width and spaces do not count.
    Raises ValueError unless `least` is above 0.5 and at most 1: below that, bands miss too many pairs.
    """
    if not 0.5 < least <= 1:
        raise ValueError(f"least is {least}; it must be above 0.5 and at most 1")
    shingles, ends = _shingles(texts)
    if len(ends) < 3:
        return np.empty((0, 2), np.int64)
    pairs = _candidates(_signatures(shingles, ends))
    sets = [np.unique(shingles[start:end]) for start, end in pairwise(ends)]
    kept = [pair for pair in pairs.tolist() if _overlap(sets[pair[0]], sets[pair[1]]) >= least]
    return np.array(kept, np.int64).reshape(-1, 2)


def _shingles(texts: Sequence[str]) -> tuple[U64, NDArray[np.int64]]:
    """(S,) hashed triples of all texts, one text after the other, and (N + 1,) where each text starts and ends.

    A text of fewer than three characters is padded.
    """
    folded = ["".join(fold(text).split()).ljust(3, "\x00") for text in texts]
    ends = np.cumsum([0, *(len(text) - 2 for text in folded)])
    codes = np.frombuffer("".join(folded).encode("utf-32-le"), np.uint32).astype(np.uint64)
    triples = (codes[:-2] << np.uint64(42)) ^ (codes[1:-1] << np.uint64(21)) ^ codes[2:]
    starts = np.cumsum([0, *(len(text) for text in folded)])[:-1]
    keep = np.ones(len(triples), bool)
    keep[np.concatenate([starts[1:] - 1, starts[1:] - 2])] = False  # triples across two texts
    mixed = triples[keep]
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(33)), ends


def _signatures(shingles: U64, ends: NDArray[np.int64]) -> U64:
    """(N, BANDS) one number for each text and band, made of ROWS minimum hashes."""
    rng = np.random.default_rng(SEED)
    bands = np.zeros((len(ends) - 1, BANDS), np.uint64)
    for band in range(BANDS):
        for _ in range(ROWS):
            factor, shift = (np.uint64(n) for n in rng.integers(1, 2**63, 2, dtype=np.uint64))
            least = np.minimum.reduceat(shingles * (factor | np.uint64(1)) + shift, ends[:-1])
            bands[:, band] = bands[:, band] * np.uint64(0x9E3779B97F4A7C15) + (least ^ (least >> np.uint64(29)))
    return bands


def _candidates(bands: U64) -> NDArray[np.int64]:
    """(P, 2) distinct pairs that share a band: each text with the band's first text, and with the one before it."""
    found = []
    for column in bands.T:
        order = np.argsort(column, kind="stable")
        same = column[order][1:] == column[order][:-1]
        starts = np.where(np.concatenate([[True], ~same]), np.arange(len(order)), 0)
        first = order[np.maximum.accumulate(starts)]
        found.append(np.column_stack([order[:-1], order[1:]])[same])
        found.append(np.column_stack([first[1:], order[1:]])[same])
    return np.unique(np.concatenate(found), axis=0)


def _overlap(one: U64, other: U64) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)
