"""The n-grams of a shop's texts as numbers: those of 1 to 4 units that two texts or more have."""

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
    """Codes of the n-grams that two of `texts` or more have; `orders` (grams,) is each one's units less one."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        self.language = language
        often = Counter(chain.from_iterable(set(units_of(text, language)) for text in texts))
        # A unit of one text only is in no n-gram of two. Beyond 65,535 units the rarest are left out: a key is 64 bits.
        units = [unit for unit, times in often.most_common(2**BITS - 1) if times > 1]
        self.units = {unit: code for code, unit in enumerate(sorted(units), 1)}
        self.keys = np.zeros(0, np.uint64)
        keys, owners = self._keys(texts)
        order = np.lexsort((owners, keys))
        keys, owners = keys[order], owners[order]
        fresh = np.r_[True, (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])][: len(keys)]
        found, times = np.unique(keys[fresh], return_counts=True)
        self.keys = found[times > 1]
        higher = [(self.keys >> np.uint64(BITS * n) > 0).astype(np.int64) for n in range(1, LONGEST)]
        self.orders: I64 = np.sum(higher, axis=0)

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, text: str) -> I64:
        """Codes of the text's n-grams, each once, ascending."""
        codes = np.sort(self._codes(self._keys([text])[0])[0])
        return codes[np.r_[True, codes[1:] != codes[:-1]][: len(codes)]]

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """(texts, grams): 1 where a text has an n-gram."""
        keys, owners = self._keys(texts)
        codes, there = self._codes(keys)
        cells = np.unique(owners[there] * len(self) + codes)
        rows, columns = np.divmod(cells, max(len(self), 1))
        indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(texts)))]
        return sparse.csr_matrix((np.ones(len(cells)), columns, indptr), shape=(len(texts), len(self)))

    def rarest_pair(self, parts: Sequence[str], often: NDArray[np.float64]) -> float:
        """Texts learned from that have the rarest pair of units of some parts; 1: none or one; inf: no pair."""
        rarest = np.inf
        for part in parts:
            ids = self._ids(part)
            if len(ids) > 1:
                pairs = np.where((ids[1:] > 0) & (ids[:-1] > 0), ids[:-1] | ids[1:] << np.uint64(BITS), np.uint64(0))
                codes, there = self._codes(pairs)
                rarest = min(rarest, float(often[codes].min()) if there.all() else 1.0)
        return rarest

    def _ids(self, text: str) -> U64:
        return np.array([self.units.get(unit, 0) for unit in units_of(text, self.language)], np.uint64)

    def _keys(self, texts: Sequence[str]) -> tuple[U64, I64]:
        """Keys of all n-grams of known units, and the text of each: its units' codes side by side."""
        gap = np.zeros(1, np.uint64)
        parts = [self._ids(text) for text in texts]
        owners = np.repeat(np.arange(len(texts)), [len(part) + 1 for part in parts])
        ids = np.concatenate([gap[:0], *(piece for part in parts for piece in (part, gap))])
        key, keys = ids, [ids]
        for n in range(1, LONGEST):
            after = np.r_[ids[n:], np.zeros(min(n, len(ids)), np.uint64)]
            key = np.where((key > 0) & (after > 0), key | after << np.uint64(BITS * n), np.uint64(0))
            keys.append(key)
        there = np.concatenate(keys) > 0
        return np.concatenate(keys)[there], np.tile(owners, LONGEST)[there]

    def _codes(self, keys: U64) -> tuple[I64, NDArray[np.bool_]]:
        """Codes of those keys that are kept, and which they are."""
        if not len(self):
            return np.zeros(0, np.int64), np.zeros(len(keys), bool)
        places = np.searchsorted(self.keys, keys).clip(max=len(self) - 1)
        there = self.keys[places] == keys
        return places[there], there
