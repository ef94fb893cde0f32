"""Which clause reads well after which: how strongly its beginning is associated with the ending before it.

An ending is a clause's last two units and its punctuation, a beginning its first two units. The start of a text counts
as an ending, its end as a beginning. The association is the logarithm of how often the two met in the texts over how
often they would have met by chance. It is shrunk where few were seen: first the association of the last unit alone is
estimated, then that of the whole ending is shrunk towards it.
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
FEWEST = 12  # uses in the texts; a rarer ending or beginning is counted with others that share its last unit
SHRINK = 4.0  # added to every count and to every expected count
MOST = 3.0  # nats, the largest association, positive or negative


class Joints:
    """`table` (endings, beginnings): associations in nats; row 0 and column 0 are for unknown ones."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        self.language = language
        joints: Counter[tuple[str, str]] = Counter()
        for text in texts:
            sides = [self._sides(clause) for clause in clauses_of(text, language)]
            joints.update(zip([START, *(tail for _, tail in sides)], [*(head for head, _ in sides), END], strict=True))
        self.tails = _numbered((tail, times) for (tail, _), times in joints.items())
        self.heads = _numbered((head, times) for (_, head), times in joints.items())
        counts = np.zeros((len(self.tails) + 1, len(self.heads) + 1))
        signs = np.zeros((len(self.tails) + 1, len(self.tails) + 1))
        for (tail, head), times in joints.items():
            row = _code(self.tails, tail)
            counts[row, _code(self.heads, head)] += times
            signs[self.tails[_rare(tail)], row] = 1.0
        by_sign = signs.T @ (signs @ counts)  # (endings, beginnings) counts of all endings with the same last unit
        self.table = _associations(counts, _associations(by_sign, np.zeros_like(counts)))

    def of(self, clauses: Sequence[str]) -> tuple[I64, I64]:
        """Rows and columns (n,) of the table for the endings and the beginnings of clauses."""
        sides = [self._sides(clause) for clause in clauses]
        tails = np.array([_code(self.tails, tail) for _, tail in sides], np.int64)
        heads = np.array([_code(self.heads, head) for head, _ in sides], np.int64)
        return tails, heads

    def starts(self, heads: I64) -> F64:
        """(n,) nats: how well each beginning begins a text."""
        return self.table[_code(self.tails, START), heads]  # type: ignore[no-any-return]

    def ends(self, tails: I64) -> F64:
        """(n,) nats: how well each ending ends a text."""
        return self.table[tails, _code(self.heads, END)]  # type: ignore[no-any-return]

    def _sides(self, clause: str) -> tuple[str, str]:
        """(beginning, ending), each with its most telling unit last: the clause's first unit, and its punctuation."""
        units = units_of(clause, self.language)
        return " ".join(units[1::-1]), " ".join(units[-3:])


def _numbered(side_counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Side -> code from 1: one for each frequent side, and one for all rare sides with the same last unit."""
    uses: Counter[str] = Counter()
    for side, count in side_counts:
        uses[side] += count
    frequent = {side for side, count in uses.items() if count >= FEWEST}
    return {side: code for code, side in enumerate(sorted(frequent | {_rare(side) for side in uses}), 1)}


def _rare(side: str) -> str:
    return OTHER + side.split(" ")[-1]


def _code(codes: dict[str, int], side: str) -> int:
    return codes.get(side, codes.get(_rare(side), 0))


def _associations(counts: F64, prior: F64) -> F64:
    """`prior` plus log(counts / expected), nats; expected counts follow from `prior` and the row and column totals."""
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / max(counts.sum(), 1.0) * np.exp(prior)
    associations = prior + np.log((counts + SHRINK) / (expected + SHRINK))
    return associations.clip(-MOST, MOST)  # type: ignore[no-any-return]
