"""Texts as numbers for the recurrent networks: words, Chinese characters, and pieces that rare words share.

A token is a word, or one Chinese character. Beside its own id each token has up to four pieces: the pairs with the
tokens before and after it and, for a word of five letters or more, its beginning and its end. A misspelt or unknown
word keeps the pieces that it shares with known ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
TOKEN = re.compile(rf"[{HAN}]|[^\W\d_{HAN}]+|\d+|[^\w\s]")  # each Chinese character is a token
PIECES = 4  # of one token, at most
PAD, UNKNOWN = 0, 1

I32 = NDArray[np.int32]


class Encoded(NamedTuple):
    """Texts as tokens (n, T), their pieces (n, T, PIECES), and lengths (n,) of at least 1; 0 where there is none."""

    tokens: I32
    pieces: I32
    lengths: I32

    def take(self, rows: NDArray[np.integer]) -> Encoded:
        """The rows, cut to the length of the longest."""
        lengths = self.lengths[rows]
        most = int(lengths.max())
        return Encoded(self.tokens[rows, :most], self.pieces[rows, :most], lengths)


def folded(text: str) -> str:
    """The text in the form that all comparisons use: compatibility forms folded, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def tokens_of(text: str, most: int) -> list[str]:
    """At most `most` tokens, from the text's beginning."""
    return [match[0] for match, _ in zip(TOKEN.finditer(folded(text[: 16 * most])), range(most), strict=False)]


def pieces_of(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    """The pieces of each token."""
    padded = ["<", *tokens, ">"]
    pieces: list[tuple[str, ...]] = []
    for place, token in enumerate(tokens, start=1):
        pairs = (f"{padded[place - 1]} {token}", f"{token} {padded[place + 1]}")
        pieces.append((*pairs, token[:4] + "-", "-" + token[-4:]) if len(token) > 4 else pairs)
    return pieces


class Vocabulary:
    """Ids of tokens and pieces: 0 pads, 1 is unknown, then from the most frequent on."""

    def __init__(self, tokens: Sequence[str], pieces: Sequence[str]) -> None:
        self.tokens, self.pieces = list(tokens), list(pieces)
        self._token_ids = {token: number for number, token in enumerate(self.tokens, start=2)}
        self._piece_ids = {piece: number for number, piece in enumerate(self.pieces, start=2)}

    @classmethod
    def of(cls, texts: Iterable[str], length: int, least: int, most_pieces: int) -> Vocabulary:
        """Tokens and pieces that occur at least `least` times; at most `most_pieces` pieces."""
        tokens: Counter[str] = Counter()
        pieces: Counter[str] = Counter()
        for text in texts:
            row = tokens_of(text, length)
            tokens.update(row)
            for token_pieces in pieces_of(row):
                pieces.update(token_pieces)
        known = [token for token, count in tokens.most_common() if count >= least]
        shared = [piece for piece, count in pieces.most_common(most_pieces) if count >= max(2, least)]
        return cls(known, shared)

    def encode(self, texts: Sequence[str], length: int) -> Encoded:
        """At most `length` tokens of each text; a text without one is a single unknown token."""
        rows = [tokens_of(text, length) or [""] for text in texts]
        lengths = np.array([len(row) for row in rows], np.int32)
        shape = (len(rows), int(lengths.max(initial=1)))
        tokens, pieces = np.zeros(shape, np.int32), np.zeros((*shape, PIECES), np.int32)
        for number, row in enumerate(rows):
            tokens[number, : len(row)] = [self._token_ids.get(token, UNKNOWN) for token in row]
            for place, token_pieces in enumerate(pieces_of(row)):
                pieces[number, place, : len(token_pieces)] = [self._piece_ids.get(piece, PAD) for piece in token_pieces]
        return Encoded(tokens, pieces, lengths)
