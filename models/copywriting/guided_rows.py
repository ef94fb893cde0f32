"""Beginnings of texts while they are written, and what each next token would add to their points.

Points come from the forecast of n-grams (`ngram_forecast`) and from the item's values; copied passages are counted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.copywriting.clause_index import ClauseIndex
from models.copywriting.composer_config import ComposerConfig
from models.copywriting.guide_config import GuideConfig
from models.copywriting.ngrams import BITS, LONGEST
from models.copywriting.originality import RUN, LearnedRuns, hashed
from models.copywriting.token_units import SIGN, TokenUnits, last_word

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Gains(NamedTuple):
    """What each of k tokens would add to each of r rows."""

    points: F64  # (r, k); -inf for a token that repeats a whole n-gram, or copies more than is allowed
    copied: I64  # (r, k) copied runs of the text with the token
    passage: I64  # (r, k) copied runs at the end of that text, one directly after the other


class GuidedRows:
    """The state of r rows. Row i belongs to search `searches[i]`; each search has a forecast of its own."""

    def __init__(
        self,
        units: TokenUnits,
        index: ClauseIndex,
        runs: LearnedRuns,
        worth: F32,
        most_copied: I64,
        config: GuideConfig,
        composer: ComposerConfig,
        filled: I64,
    ) -> None:
        """worth (searches, G); most_copied (searches,): runs that a text may copy. One empty row for each search.

        filled (searches, V, M): codes of the letters that a token stands for in a search, then -1. A token stands for
        its own letters if the first code is -1, or if M is 0.
        """
        self.filled = filled
        self.units, self.runs, self.grams, self.config = units, runs, index.grams, config
        self.worth, self.most_copied = worth, most_copied
        _, self.longest_passage = config.copy_limits(units.language)
        self.repeat_share, self.pair_cost = composer.ngram_repeat_share, composer.pair_repeat_cost * index.pair_rarity
        count = len(worth)
        self.searches = np.arange(count)
        self.texts = [""] * count
        self.ends_in_sign = np.ones(count, bool)  # True also for an empty text: no punctuation mark may follow
        self.context: I64 = np.zeros((count, LONGEST - 1), np.int64)
        self.letters: I64 = np.full((count, RUN - 1), -1)
        self.seen = np.zeros((count, len(self.grams)), bool)
        self.copied, self.passage, self.sizes = (np.zeros(count, np.int64) for _ in range(3))

    def gains(self, tokens: I64) -> Gains:
        """What tokens (r, k) would add."""
        shape = tokens.shape
        points = np.where(self.units.is_sign[tokens] & self.ends_in_sign[:, None], -np.inf, 0.0)
        copied = np.repeat(self.copied[:, None], shape[1], 1)
        passage = np.repeat(self.passage[:, None], shape[1], 1)
        context = np.repeat(self.context[:, None], shape[1], 1)
        letters = np.repeat(self.letters[:, None], shape[1], 1)
        rows, columns = (grid.reshape(-1) for grid in np.indices(shape))
        for place in range(self.units.grams.shape[1]):
            has_unit = self.units.sizes[tokens[rows, columns]] > place
            rows, columns = rows[has_unit], columns[has_unit]
            if not len(rows):
                break
            chosen = tokens[rows, columns]
            unit, letter = self.units.grams[chosen, place], self.units.letters[chosen, place]
            points[rows, columns] += self._gram_points(rows, context[rows, columns], unit)
            context[rows, columns] = np.c_[context[rows, columns][:, 1:], unit]
            is_letter = letter != SIGN
            letter_rows, letter_columns, new_letters = rows[is_letter], columns[is_letter], letter[is_letter]
            window = np.c_[letters[letter_rows, letter_columns], new_letters]
            known = self.runs.known(hashed(window))
            copied[letter_rows, letter_columns] += known
            passage[letter_rows, letter_columns] = np.where(known, passage[letter_rows, letter_columns] + 1, 0)
            letters[letter_rows, letter_columns] = window[:, 1:]
        for place in range(self.filled.shape[2]):
            new_letters = self.filled[self.searches[:, None], tokens, place]
            letter_rows, letter_columns = np.nonzero(new_letters >= 0)
            window = np.c_[letters[letter_rows, letter_columns], new_letters[letter_rows, letter_columns]]
            known = self.runs.known(hashed(window))
            copied[letter_rows, letter_columns] += known
            passage[letter_rows, letter_columns] = np.where(known, passage[letter_rows, letter_columns] + 1, 0)
            letters[letter_rows, letter_columns] = window[:, 1:]
        too_much = copied > self.most_copied[self.searches][:, None]
        too_long = passage > self.longest_passage - RUN + 1
        points[(too_much & (copied > self.copied[:, None])) | too_long] = -np.inf
        return Gains(points, copied, passage)

    def _gram_points(self, rows: I64, context: I64, unit: I64) -> F64:
        """(n,) points of the n-grams that end with a unit (n,) after three others (n, 3)."""
        codes, known = self._gram_codes(context, unit)  # (4, n)
        worth = self.worth[self.searches[rows], codes].astype(np.float64)
        first = np.maximum(worth, 0)
        repeat_points = worth - first - self.pair_cost[codes]
        repeat_points[1:] -= self.repeat_share * first[1:]
        repeat_points[2] -= self.config.repeat_triple_cost
        repeat_points[3] -= self.config.repeat_cost
        points = np.where(self.seen[rows, codes], repeat_points, worth) * known
        possible = np.c_[unit > 0, context[:, ::-1] > 0].T.cumprod(0).astype(bool)  # all units of the n-gram are known
        novel = possible & ~known
        return points.sum(0) - self.config.novel_pair_cost * novel[1] - self.config.novel_triple_cost * novel[2]  # type: ignore[no-any-return]

    def _gram_codes(self, context: I64, unit: I64) -> tuple[I64, Bools]:
        """(4, n) codes of the n-grams of 1 to 4 units that end with the unit, and which of them are known."""
        units = np.c_[context, unit].astype(np.uint64)
        keys = np.zeros((LONGEST, len(unit)), np.uint64)
        key = np.zeros(len(unit), np.uint64)
        alive = np.ones(len(unit), bool)
        for order in range(LONGEST):
            added = units[:, LONGEST - 1 - order]
            alive = alive & (added > 0)
            key = (key << np.uint64(BITS)) | added
            keys[order] = np.where(alive, key, np.uint64(0))
        return self.grams.codes_of(keys)

    def take(self, parents: I64, tokens: I64, gains: Gains, columns: I64) -> None:
        """Continue rows `parents` (n,), each with its token of `tokens` (n,), which is column `columns` of `gains`."""
        self.searches = self.searches[parents]
        self.copied, self.passage = gains.copied[parents, columns], gains.passage[parents, columns]
        self.context, self.letters = self.context[parents], self.letters[parents]
        self.seen, self.sizes = self.seen[parents], self.sizes[parents]
        before = [self.texts[row] for row in parents.tolist()]
        self.texts = [text + self.units.pieces[token] for text, token in zip(before, tokens.tolist(), strict=True)]
        self.ends_in_sign = np.array([text[-1:] in self.units.signs for text in self.texts], bool)
        all_rows = np.arange(len(parents))
        for place in range(self.units.grams.shape[1]):
            rows = all_rows[self.units.sizes[tokens] > place]
            if not len(rows):
                break
            unit, letter = self.units.grams[tokens[rows], place], self.units.letters[tokens[rows], place]
            codes, known = self._gram_codes(self.context[rows], unit)
            self.seen[np.broadcast_to(rows, codes.shape)[known], codes[known]] = True
            self.context[rows] = np.c_[self.context[rows][:, 1:], unit]
            is_letter = letter != SIGN
            self.letters[rows[is_letter]] = np.c_[self.letters[rows[is_letter]][:, 1:], letter[is_letter]]
        for place in range(self.filled.shape[2]):
            new_letters = self.filled[self.searches, tokens, place]
            rows = np.flatnonzero(new_letters >= 0)
            self.letters[rows] = np.c_[self.letters[rows][:, 1:], new_letters[rows]]
        self.sizes += self.units.sizes[tokens]
        self._join_words(before, tokens)

    def _join_words(self, before: list[str], tokens: I64) -> None:
        """Where a token continues a Latin word, replace the last two units by one: the code of the whole word."""
        for row in np.flatnonzero(self.units.goes_on[tokens]).tolist():
            if before[row][-1:].isascii() and before[row][-1:].isalnum():
                word = last_word(self.texts[row])
                self.context[row] = [0, *self.context[row, :-2], self.units.gram_code(word)]
                self.letters[row] = [-1, *self.letters[row, :-2], self.units.run_code(word)]
                self.sizes[row] -= 1
