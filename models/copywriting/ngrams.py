"""The n-grams of a shop's texts as codes: those of 1 to 4 units that are in two texts or more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.copywriting.prompts import units_of

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
LONGEST = 4
BITS = 16  # of a key for each unit, so that the longest n-gram fits in 64


class Grams:
    """Codes of the n-grams that are in two of `texts` or more; `orders` (grams,): the units of each, less one."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        self.language = language
        texts_with = Counter(chain.from_iterable(set(units_of(text, language)) for text in texts))
        # A unit that is in one text only is in no n-gram of two texts. A key has 16 bits for each of 4 units, so that
        # beyond 65,535 units the rarest are left out.
        units = [unit for unit, times in texts_with.most_common(2**BITS - 1) if times > 1]
        self.units = {unit: code for code, unit in enumerate(sorted(units), 1)}
        self.keys = np.zeros(0, np.uint64)
        keys, owners = self._keys(texts)
        order = np.lexsort((owners, keys))
        keys, owners = keys[order], owners[order]
        first = np.r_[True, (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])][: len(keys)]  # in its text
        distinct, times = np.unique(keys[first], return_counts=True)
        self.keys = distinct[times > 1]
        higher = [(self.keys >> np.uint64(BITS * n) > 0).astype(np.int64) for n in range(1, LONGEST)]
        self.orders: I64 = np.sum(higher, axis=0)

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, text: str) -> I64:
        """Codes of the text's n-grams, ascending, each once."""
        codes = np.sort(self._codes(self._keys([text])[0])[0])
        return codes[np.r_[True, codes[1:] != codes[:-1]][: len(codes)]]

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """(texts, grams): 1 where a text has an n-gram."""
        keys, owners = self._keys(texts)
        codes, known = self._codes(keys)
        cells = np.unique(owners[known] * len(self) + codes)
        rows, columns = np.divmod(cells, max(len(self), 1))
        indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(texts)))]
        return sparse.csr_matrix((np.ones(len(cells)), columns, indptr), shape=(len(texts), len(self)))

    def rarest_pair(self, parts: Sequence[str], gram_texts: NDArray[np.float64]) -> float:
        """The number of texts that have the rarest pair of units of `parts`; inf if the parts have no pair.

        gram_texts (grams,): the number of texts that have each n-gram. A pair in no text or in one text counts 1.
        """
        rarest = np.inf
        for part in parts:
            ids = self._ids(part)
            if len(ids) > 1:
                pairs = np.where((ids[1:] > 0) & (ids[:-1] > 0), ids[:-1] | ids[1:] << np.uint64(BITS), np.uint64(0))
                codes, known = self._codes(pairs)
                rarest = min(rarest, float(gram_texts[codes].min()) if known.all() else 1.0)
        return rarest

    def _ids(self, text: str) -> U64:
        return np.array([self.units.get(unit, 0) for unit in units_of(text, self.language)], np.uint64)

    def _keys(self, texts: Sequence[str]) -> tuple[U64, I64]:
        """Keys of all n-grams of known units, and the text of each. A key has the codes of its units, 16 bits each."""
        gap = np.zeros(1, np.uint64)
        parts = [self._ids(text) for text in texts]
        owners = np.repeat(np.arange(len(texts)), [len(part) + 1 for part in parts])
        ids = np.concatenate([gap[:0], *(piece for part in parts for piece in (part, gap))])
        key, keys = ids, [ids]
        for n in range(1, LONGEST):
            after = np.r_[ids[n:], np.zeros(min(n, len(ids)), np.uint64)]
            key = np.where((key > 0) & (after > 0), key | after << np.uint64(BITS * n), np.uint64(0))
            keys.append(key)
        is_gram = np.concatenate(keys) > 0
        return np.concatenate(keys)[is_gram], np.tile(owners, LONGEST)[is_gram]

    def codes_of(self, keys: U64) -> tuple[I64, NDArray[np.bool_]]:
        """Codes of keys, any code for one that is unknown, and which of them are known; each in the shape of `keys`."""
        if not len(self):
            return np.zeros(keys.shape, np.int64), np.zeros(keys.shape, bool)
        places = np.searchsorted(self.keys, keys).clip(max=len(self) - 1)
        return places, self.keys[places] == keys

    def _codes(self, keys: U64) -> tuple[I64, NDArray[np.bool_]]:
        """Codes of the known keys, and (keys,) which of them are known."""
        codes, known = self.codes_of(keys)
        return codes[known], known
