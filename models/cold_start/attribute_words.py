"""Turns attribute columns into weighted words: each value and each word of a text is a word of its column.

A value is a str, an int, a float, or a list of str or int (tags); None, NaN or empty where it is unknown. Integers are
codes (a department's number) and count as words; floats are amounts (a price) and do not. A word's weight is its
inverse document frequency log((1 + items) / (1 + items with it)), Sparck Jones 1972.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Columns = Mapping[str, Sequence[Any]]  # name -> one value per item
WORD = re.compile(r"[^\W_\u4e00-\u9fff]+|[\u4e00-\u9fff]")  # each Chinese character is a word
WHOLE = 60  # characters; a value of at most this length is one word too, beside the words in it


@dataclass(frozen=True)
class Words:
    """The vocabulary of one column: words (W,), sorted str; weights (W,) float32, unitless, above 0."""

    words: NDArray[np.str_]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, values: Sequence[Any], min_items: int, max_words: int) -> Words:
        """The `max_words` most frequent words that at least `min_items` items have, but not all items."""
        bags, words = _bags(values)
        item_counts = np.asarray((bags > 0).sum(axis=0)).reshape(-1)
        columns = np.flatnonzero((item_counts >= min_items) & (item_counts < len(values)))
        columns = np.sort(columns[np.argsort(-item_counts[columns], kind="stable")[:max_words]])
        weights = np.log((1 + len(values)) / (1 + item_counts[columns])).astype(np.float32)
        return cls(words[columns] if len(columns) else np.empty(0, "U1"), weights)

    def weigh(self, values: Sequence[Any]) -> sparse.csr_matrix:
        """Weights (items, W) CSR of the words of each item, rows scaled to length 1; unknown words are ignored."""
        bags, words = _bags(values)
        if not len(words) or not len(self.words):
            return sparse.csr_matrix((len(values), len(self.words)), dtype=np.float32)
        column_of = np.minimum(np.searchsorted(self.words, words), len(self.words) - 1)
        in_vocabulary = np.flatnonzero(self.words[column_of] == words)
        ones = (np.ones(len(in_vocabulary), np.float32), (in_vocabulary, column_of[in_vocabulary]))
        translated = bags @ sparse.csr_matrix(ones, shape=(len(words), len(self.words)))
        return unit_rows(translated @ sparse.diags(self.weights))


def is_amount(name: str, values: Sequence[Any]) -> bool:
    """Whether the known values of a column are floats. Raises ValueError where it mixes them with words."""
    kinds = {isinstance(value, float | np.floating) for value in values if not _unknown(value)}
    if len(kinds) > 1:
        raise ValueError(f"column {name!r} mixes amounts (float) with words; make it one of the two")
    return kinds == {True}


def amounts(values: Sequence[Any]) -> NDArray[np.float64]:
    """The values (items,) of a column of floats, NaN where unknown or infinite."""
    numbers = np.array([np.nan if _unknown(value) else value for value in values], np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def unit_rows(rows: Any) -> sparse.csr_matrix:
    """Sparse rows scaled to length 1; an empty one stays empty."""
    rows = sparse.csr_matrix(rows, dtype=np.float32)
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).reshape(-1))
    return sparse.csr_matrix(sparse.diags((1 / np.where(length > 0, length, 1)).astype(np.float32)) @ rows)


def _unknown(value: Any) -> bool:
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    return value is None or (isinstance(value, str | list | tuple) and not len(value))


def _bags(values: Sequence[Any]) -> tuple[sparse.csr_matrix, NDArray[np.str_]]:
    """(bags (items, W) CSR of 1 where an item has the word, words (W,) sorted). Each distinct value is split once."""
    distinct: dict[Any, int] = {}
    code = np.array(
        [distinct.setdefault(tuple(v) if isinstance(v, list | np.ndarray) else v, len(distinct)) for v in values],
        np.int64,
    )
    bags = [_words_of(value) for value in distinct]
    words, column = np.unique(np.array([word for bag in bags for word in bag], dtype=np.str_), return_inverse=True)
    ends = np.cumsum([0, *map(len, bags)])
    by_value = sparse.csr_matrix(
        (np.ones(len(column), np.float32), column, ends), shape=(len(bags), len(words)), dtype=np.float32
    )
    return by_value[code], words


def _words_of(value: Any) -> list[str]:
    """The words of one value, each once."""
    if _unknown(value):
        return []
    if isinstance(value, tuple):
        return sorted({f"={tag}" for tag in value if not _unknown(tag)})
    text = str(value).lower()
    as_one_word = {f"={text}"} if len(text) <= WHOLE else set()
    return sorted(as_one_word | (set(WORD.findall(text)) if isinstance(value, str) else set()))
