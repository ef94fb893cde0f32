"""N-grams: which of them are kept, and how they are counted."""

from __future__ import annotations

import numpy as np

from models.copywriting.ngrams import Grams
from models.copywriting.prompts import units_of

TEXTS = ["红色的连衣裙，宽松的版型。", "红色的上衣，宽松的版型。", "白色的连衣裙！显气质。", ""]


def grams_by_hand(text: str) -> set[str]:
    units = units_of(text, "zh")
    return {"".join(units[start : start + n]) for n in range(1, 5) for start in range(len(units) - n + 1)}


def test_ngrams_are_those_of_two_texts_or_more() -> None:
    grams = Grams(TEXTS, "zh")
    bags = [grams_by_hand(text) for text in TEXTS]
    shared = {gram for gram in set.union(*bags) if sum(gram in bag for bag in bags) > 1}
    assert len(grams) == len(shared)
    assert grams.rows(TEXTS).sum(1).ravel().tolist()[0] == [len(bag & shared) for bag in bags]
    for text, row in zip(TEXTS, grams.rows(TEXTS), strict=True):
        assert grams.of(text).tolist() == row.indices.tolist()
    assert sorted(np.bincount(grams.orders)) == sorted(np.bincount([len(gram) - 1 for gram in shared]))


def test_the_rarest_pair_of_a_clause_is_counted_in_texts() -> None:
    grams = Grams(TEXTS, "zh")
    often = np.asarray(grams.rows(TEXTS).sum(0)).reshape(-1)
    assert grams.rarest_pair(["的版型"], often) == 2
    assert grams.rarest_pair(["的版型", "显气质"], often) == 1
    assert grams.rarest_pair(["红"], often) == np.inf


def test_no_texts_have_no_ngrams() -> None:
    assert Grams(["红色"], "zh").rows([]).shape == (0, 0)
