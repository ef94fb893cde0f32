"""How much of a text stands word for word in the texts that were learned: the share of its runs, and the longest run.

A run is 8 units that follow each other, punctuation left out: characters of Chinese, words of English.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.copywriting.prompts import units_of

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Bools = NDArray[np.bool_]
RUN = 8
# Multipliers of a run's hash: odd, one for each place of the run; sums wrap around at 2**64.
_MULTIPLIERS = np.random.default_rng(8).integers(1, 2**63, RUN, dtype=np.uint64) | np.uint64(1)


class Copied(NamedTuple):
    """share of a text's runs that stand in a learned text, 0..1; longest: units of its longest copied passage.

    `longest` is an upper bound: copied runs that follow each other count as one passage, also where they come from two
    texts that overlap. Passages shorter than a run are not found: `longest` is 0 then.
    """

    share: float
    longest: int


def letters_of(text: str, language: str) -> list[str]:
    """The units of a text that are no punctuation; slots are left out, too."""
    return [unit for unit in units_of(text, language) if unit[0].isalnum()]


class LearnedRuns:
    """The runs of a language's learned texts, as hashes."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        self.language = language
        units = [letters_of(text, language) for text in texts]
        self.codes = {
            unit: code for code, unit in enumerate(sorted({letter for text_units in units for letter in text_units}), 1)
        }
        hashes = [hashed(self._windows(text_units)) for text_units in units if len(text_units) >= RUN]
        self.hashes: U64 = np.unique(np.concatenate(hashes)) if hashes else np.zeros(0, np.uint64)

    def known(self, hashes: U64) -> Bools:
        """Which of the runs, by hash, stand in a learned text; the same shape."""
        if not len(self.hashes):
            return np.zeros(hashes.shape, bool)
        places = np.searchsorted(self.hashes, hashes).clip(max=len(self.hashes) - 1)
        return self.hashes[places] == hashes  # type: ignore[no-any-return]

    def copied(self, text: str) -> Copied:
        units = letters_of(text, self.language)
        if len(units) < RUN:
            return Copied(0.0, 0)
        known = self.known(hashed(self._windows(units)))
        edges = np.flatnonzero(np.diff(np.r_[False, known, False]))  # where copied passages begin and end, in turn
        passages = edges[1::2] - edges[::2]
        return Copied(float(known.mean()), int(passages.max()) + RUN - 1 if len(passages) else 0)

    def _windows(self, units: Sequence[str]) -> I64:
        """(runs, 8) codes of the units; 0 for one that no learned text has."""
        codes = np.array([self.codes.get(unit, 0) for unit in units], np.int64)
        return np.lib.stride_tricks.sliding_window_view(codes, RUN)


def hashed(windows: I64) -> U64:
    """(..., 8) codes of runs -> (...) hashes."""
    scrambled = windows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    scrambled ^= scrambled >> np.uint64(29)
    return (scrambled * _MULTIPLIERS).sum(-1, dtype=np.uint64)  # type: ignore[no-any-return]
