"""What two texts share and where they differ: hashed columns for a regression, and a few measures of similarity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.service.ngrams import NGrams, unit
from models.service.tokens import folded, tokens_of

COLUMNS = 2**18
HEAD = 40  # most letters of a text's subject
FIRST, SECOND = 24, 16  # tokens whose pairs are columns: of a question, and at the start of its possible answer

F32 = NDArray[np.float32]


def differences(first: Sequence[str], second: Sequence[str], symmetric: bool) -> sparse.csr_matrix:
    """Hashed columns (n, COLUMNS), rows of length 1: words and pairs of words that both texts have or one has, and each
    word that only one has paired with each word that only the other has. If `symmetric`, the texts may change places;
    if not, the second text's subject is also paired with each gram of the first."""
    columns: list[int] = []
    ends = [0]
    for pair in zip(first, second, strict=True):
        columns.extend({crc32(name.encode()) % COLUMNS for name in _named(*pair, symmetric)})
        ends.append(len(columns))
    ones = np.ones(len(columns), np.float32)
    return unit(sparse.csr_matrix((ones, np.array(columns, np.int32), np.array(ends)), shape=(len(first), COLUMNS)))


def _named(first: str, second: str, symmetric: bool) -> Iterator[str]:
    a, b = tokens_of(first, FIRST), tokens_of(second, 2 * SECOND)
    grams_a, grams_b = ({*tokens, *map(" ".join, pairwise(tokens))} for tokens in (a, b))
    yield from (f"={gram}" for gram in grams_a & grams_b)
    yield from (f"<{gram}" for gram in grams_a - grams_b)
    yield from (f"{'<' if symmetric else '>'}{gram}" for gram in grams_b - grams_a)
    for word in {*a} - ({*b} if symmetric else set()):
        for other_word in {*b[:SECOND]} - ({*a} if symmetric else set()):
            yield f"{min(word, other_word)}|{max(word, other_word)}" if symmetric else f"{word}|{other_word}"
    if not symmetric and (head := _head(second)):
        yield f"^{head}"
        yield from (f"{gram}@{head}" for gram in grams_a)


def _head(text: str) -> str:
    """A text's subject: an attribute's name before its colon; empty where it has no such name."""
    head, colon, _ = folded(text[: 2 * HEAD]).partition(":")
    return head.strip() if colon and len(head) <= HEAD else ""


def likeness(grams: NGrams, first: Sequence[str], second: Sequence[str]) -> F32:
    """(n, 8): cosine of n-grams; shares of tokens held in common, of both, of either, of the first, of the second; the
    longest run and all matching runs in order; difference of the lengths; whether the figures in them agree."""
    a, b = grams.weigh(first), grams.weigh(second)
    cosine = np.asarray(a.multiply(b).sum(axis=1)).reshape(-1)
    rows = [_alike(*pair) for pair in zip(first, second, strict=True)]
    return np.column_stack([cosine, np.array(rows, np.float32).reshape(-1, 7)]).astype(np.float32)


def _alike(first: str, second: str) -> tuple[float, ...]:
    a, b = tokens_of(first, 2 * FIRST), tokens_of(second, 2 * FIRST)
    first_set, second_set = set(a), set(b)
    shared = len(first_set & second_set)
    blocks = [block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()]
    length = max(1, len(a) + len(b))
    figures = {token for token in first_set if token.isdigit()}, {token for token in second_set if token.isdigit()}
    return (
        shared / max(1, len(first_set | second_set)),
        shared / max(1, len(first_set)),
        shared / max(1, len(second_set)),
        2 * max(blocks, default=0) / length,
        2 * sum(blocks) / length,
        abs(len(a) - len(b)) / length,
        float(figures[0] == figures[1]),
    )
