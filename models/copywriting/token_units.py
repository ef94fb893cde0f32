"""What each token of a tokenizer writes, in the units of one language: codes of n-grams, and of copied runs."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from models.copywriting.ngrams import Grams
from models.copywriting.originality import LearnedRuns
from models.copywriting.prompts import units_of
from models.copywriting.tokenizer import Coder

I64 = NDArray[np.int64]
NO_UNIT, SIGN = -1, -2  # instead of a code: the token has fewer units; a punctuation mark, which is in no run
_GOES_ON = re.compile(r"[A-Za-z'’-]")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]*)*$")


class TokenUnits:
    """The units of V tokens, at most M each."""

    def __init__(self, coder: Coder, grams: Grams, runs: LearnedRuns) -> None:
        self.language = grams.language
        self.gram_codes, self.run_codes = grams.units, runs.codes
        self.pieces = coder.pieces()
        self.lowered = [piece.lower() for piece in self.pieces]
        self._tokens_with: dict[str, list[int]] = defaultdict(list)
        for token, piece in enumerate(self.lowered):
            for letter in set(piece):
                self._tokens_with[letter].append(token)
        self._completing: dict[str, list[tuple[int, str]]] = {}
        units = [units_of(piece, self.language) for piece in self.pieces]
        self.sizes: I64 = np.array([len(token_units) for token_units in units], np.int64)
        most = max(int(self.sizes.max()), 1)
        self.grams: I64 = np.full((len(units), most), NO_UNIT)
        self.letters: I64 = np.full((len(units), most), NO_UNIT)
        for row, token_units in enumerate(units):
            self.grams[row, : len(token_units)] = [self.gram_code(unit) for unit in token_units]
            self.letters[row, : len(token_units)] = [self.run_code(unit) for unit in token_units]
        # a token that continues a Latin word changes the word's unit and adds none
        self.goes_on = np.array([bool(_GOES_ON.match(piece)) for piece in self.pieces])
        self.signs = frozenset("，。！？；：、,.!?;:…～~")
        self.is_sign = np.array([piece.strip()[:1] in self.signs and bool(piece.strip()) for piece in self.pieces])
        self.is_latin = np.array([bool(re.search("[A-Za-z]", piece)) for piece in self.pieces])

    def gram_code(self, unit: str) -> int:
        return self.gram_codes.get(unit, 0)

    def run_code(self, unit: str) -> int:
        return self.run_codes.get(unit, 0) if unit[0].isalnum() else SIGN

    def completing(self, value: str) -> list[tuple[int, str]]:
        """The tokens that can write the end of a value (lower case), each with what must stand before it."""
        if value not in self._completing:
            completions = []
            for token in self._tokens_with.get(value[-1], ()):
                piece = self.lowered[token]
                if value in piece:
                    completions.append((token, ""))
                    continue
                for cut in range(1, len(value)):
                    if piece.startswith(value[cut:]):
                        completions.append((token, value[:cut]))
            self._completing[value] = completions
        return self._completing[value]


def last_word(text: str) -> str:
    """The Latin word at the end of a text; empty if it ends otherwise."""
    match = _WORD.search(text)
    return match[0].lower() if match else ""
