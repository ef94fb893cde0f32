"""Texts as weighted n-grams: words, pairs of words, pieces of words; characters, pairs and triples in Chinese.

A gram's weight in a text is (1 + log count) times its inverse document frequency (Sparck Jones 1972); a text's weights
have length 1, so that the product of two texts is their cosine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.service.tokens import tokens_of

LENGTH = 96  # tokens read of a text
PIECES = (2, 3, 4, 5)  # letters of a piece; the word's ends are marked and count
LEAST = 2  # a gram that fewer texts have is unknown; with few texts, one is enough
FEW = 1_000  # fewer texts are few

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class NGrams:
    """The known grams (W,), sorted, and their weights (W,), above 0."""

    grams: NDArray[np.str_]
    weights: F32

    def __post_init__(self) -> None:
        object.__setattr__(self, "_columns", {gram: column for column, gram in enumerate(self.grams.tolist())})

    @classmethod
    def of(cls, texts: Sequence[str]) -> NGrams:
        """The grams that at least two of the texts have; all of them where the texts are few."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(set(grams_of(text)))
        least = LEAST if len(texts) >= FEW else 1
        grams = sorted(gram for gram, count in counts.items() if count >= least)
        text_counts = np.array([counts[gram] for gram in grams], np.float32)
        return cls(np.array(grams, np.str_), np.log((1 + len(texts)) / (1 + text_counts)).astype(np.float32) + 1)

    def weigh(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Weights (n, W) CSR, rows of length 1; the row of a text without a known gram is empty."""
        columns: list[int] = []
        values: list[float] = []
        ends = [0]
        known: dict[str, int] = self._columns  # type: ignore[attr-defined]
        for text in texts:
            for gram, count in Counter(grams_of(text)).items():
                column = known.get(gram)
                if column is not None:
                    columns.append(column)
                    values.append(1 + np.log(count) if count > 1 else 1.0)
            ends.append(len(columns))
        column_codes = np.array(columns, np.int32)
        weighed = np.array(values, np.float32) * self.weights[column_codes]
        rows = sparse.csr_matrix((weighed, column_codes, np.array(ends, np.int32)), shape=(len(texts), len(self.grams)))
        return unit(rows)


def unit(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of length 1; an empty one stays empty."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).reshape(-1))
    scale = np.repeat(1 / np.where(length > 0, length, 1), np.diff(rows.indptr))
    return sparse.csr_matrix(((rows.data * scale).astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)


def grams_of(text: str) -> Iterator[str]:
    """The grams of a text, as often as they occur; pieces of words are marked to differ from whole words."""
    tokens = tokens_of(text, LENGTH)
    yield from tokens
    for start in range(len(tokens) - 1):
        yield f"{tokens[start]} {tokens[start + 1]}"
    for start in range(len(tokens) - 2):
        if all(len(token) == 1 for token in tokens[start : start + 3]):
            yield " ".join(tokens[start : start + 3])
    for token in tokens:
        if len(token) > 1:
            word = f"<{token[:30]}>"
            for size in PIECES:
                for start in range(len(word) - size + 1):
                    yield "#" + word[start : start + size]
