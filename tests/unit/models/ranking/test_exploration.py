"""The explored place: which item a source would put there, and that the random draws keep their shares."""

from __future__ import annotations

import numpy as np

from models.ranking.candidates import ItemCandidates
from models.ranking.exploration import best_by_source, draw

NAN = np.nan
# Two users; own lists items 3 and 4 for the first, als items 4 and 5 for the first and 7 for the second.
CANDIDATES = ItemCandidates(
    np.array([0, 0, 0, 1], np.int32),
    np.array([3, 4, 5, 7], np.int32),
    np.array([[1, NAN], [2, 1], [NAN, 2], [NAN, 1]], np.float32),
    ("own.rank", "als.rank"),
    2,
)


def test_each_source_offers_its_best_item_that_is_not_listed_above() -> None:
    nothing = np.full((2, 1), -1, np.int32)
    assert best_by_source(CANDIDATES, ("own", "als", "lstm"), nothing, 10).tolist() == [[3, 4, -1], [-1, 7, -1]]
    above = np.array([[4], [7]], np.int32)
    assert best_by_source(CANDIDATES, ("own", "als"), above, 10).tolist() == [[3, 5], [-1, -1]]


def test_random_draws_keep_the_shares_of_the_sources_that_have_an_item() -> None:
    rng = np.random.default_rng(0)
    able = rng.random((60_000, 3)) < np.array([1.0, 0.5, 0.0])
    source, probability = draw(np.array([0.2, 0.3, 0.5]), able, rng.random(len(able)))
    both = able[:, 1]
    assert set(source.tolist()) == {0, 1}
    assert (source[~both] == 0).all()
    assert (probability[~both] == 1).all()
    assert abs((source[both] == 1).mean() - 0.6) < 0.01
    assert np.allclose(probability[both], np.where(source[both] == 1, 0.6, 0.4))


def test_if_no_source_has_an_item_nothing_is_drawn() -> None:
    source, probability = draw(np.array([0.5, 0.5]), np.zeros((2, 2), bool), np.array([0.0, 0.999]))
    assert source.tolist() == [-1, -1]
    assert probability.tolist() == [1, 1]
