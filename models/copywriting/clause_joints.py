"""Which clause reads well after which: how often such an ending and such a beginning met in the texts learned from.

An ending is a clause's last two units and its sign, a beginning its first two units; the text's own beginning counts as
an ending, its end as a beginning. Told is their association: the logarithm of how often they met over how often they
would by chance, shrunk where few were seen: of the sign and the beginning first, then of the whole ending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.copywriting.prompts import clauses_of, units_of

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
START, END, OTHER = "^", "$", "*"
FEWEST = 12  # times that an ending or a beginning must stand in the texts to be told from others
SHRINK = 4.0  # joints that every count is given, as many as by chance
MOST = 3.0  # nats, either way


class Joints:
    """`table` (endings, beginnings) is nats; row 0 and column 0 are what was never seen."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        self.language = language
        met: Counter[tuple[str, str]] = Counter()
        for text in texts:
            sides = [self._sides(clause) for clause in clauses_of(text, language)]
            met.update(zip([START, *(tail for _, tail in sides)], [*(head for head, _ in sides), END], strict=True))
        self.tails = _numbered((tail, times) for (tail, _), times in met.items())
        self.heads = _numbered((head, times) for (_, head), times in met.items())
        counts = np.zeros((len(self.tails) + 1, len(self.heads) + 1))
        signs = np.zeros((len(self.tails) + 1, len(self.tails) + 1))
        for (tail, head), times in met.items():
            row = _code(self.tails, tail)
            counts[row, _code(self.heads, head)] += times
            signs[self.tails[_rare(tail)], row] = 1.0
        by_sign = signs.T @ (signs @ counts)  # (endings, beginnings) of all endings with the same sign
        self.table = _associations(counts, _associations(by_sign, np.zeros_like(counts)))

    def of(self, clauses: Sequence[str]) -> tuple[I64, I64]:
        """Rows and columns (n,) of the table for the endings and the beginnings of clauses."""
        sides = [self._sides(clause) for clause in clauses]
        return (np.array([_code(self.tails, tail) for _, tail in sides], np.int64),
                np.array([_code(self.heads, head) for head, _ in sides], np.int64))  # fmt: skip

    def starts(self, heads: I64) -> F64:
        """(n,) how well each beginning begins a text."""
        return self.table[_code(self.tails, START), heads]  # type: ignore[no-any-return]

    def ends(self, tails: I64) -> F64:
        """(n,) how well each ending ends a text."""
        return self.table[tails, _code(self.heads, END)]  # type: ignore[no-any-return]

    def _sides(self, clause: str) -> tuple[str, str]:
        units = units_of(clause, self.language)
        return " ".join(units[1::-1]), " ".join(units[-3:])  # each with the unit last that tells most


def _numbered(seen: Iterable[tuple[str, int]]) -> dict[str, int]:
    """A number from 1 for every side that is seen often, and for all rare ones that share their last unit."""
    times: Counter[str] = Counter()
    for end, count in seen:
        times[end] += count
    kept = {end for end, count in times.items() if count >= FEWEST}
    return {end: code for code, end in enumerate(sorted(kept | {_rare(end) for end in times}), 1)}


def _rare(end: str) -> str:
    return OTHER + end.split(" ")[-1]


def _code(codes: dict[str, int], end: str) -> int:
    return codes.get(end, codes.get(_rare(end), 0))


def _associations(counts: F64, before: F64) -> F64:
    """Log of counts over those expected if rows and columns were independent but for what `before` tells."""
    chance = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / max(counts.sum(), 1.0) * np.exp(before)
    told = before + np.log((counts + SHRINK) / (chance + SHRINK))
    return told.clip(-MOST, MOST)  # type: ignore[no-any-return]
