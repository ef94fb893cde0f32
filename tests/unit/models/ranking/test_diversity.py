"""Caps and MMR, each compared with a few lines of code that walk down one list."""

import numpy as np
import pytest

from models.ranking.diversity import cap, diversify, mmr
from models.ranking.diversity_config import DiversityConfig

RNG = np.random.default_rng(0)


def ranked(users=30, items=50, depth=20):
    codes = np.array([RNG.permutation(items)[:depth] for _ in range(users)], np.int32)
    scores = -np.sort(-RNG.random((users, depth)).astype(np.float32), axis=1)
    codes[0, 5:], scores[0, 5:] = -1, -np.inf
    codes[1], scores[1] = -1, -np.inf
    return codes, scores


def test_a_cap_keeps_the_first_of_each_group_in_their_order():
    codes, scores = ranked()
    group = RNG.integers(-1, 6, 50).astype(np.int32)
    capped, kept_scores = cap(codes, scores, group, 2)
    for user in range(len(codes)):
        taken, wanted = {}, []
        for code in codes[user][codes[user] >= 0]:
            taken[group[code]] = taken.get(group[code], 0) + 1
            if group[code] < 0 or taken[group[code]] <= 2:
                wanted.append(code)
        assert capped[user].tolist() == wanted + [-1] * (codes.shape[1] - len(wanted))
        assert np.isneginf(kept_scores[user, len(wanted) :]).all()


def test_mmr_is_the_greedy_choice():
    codes, scores = ranked()
    vectors = RNG.standard_normal((50, 4)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen, _ = mmr(codes, scores, vectors, 0.6, 8)
    for user in range(2, len(codes)):
        stretched = (scores[user] - scores[user].min()) / (scores[user].max() - scores[user].min())
        left, wanted = list(range(codes.shape[1])), []
        while len(wanted) < 8:
            above = unit[codes[user, wanted]]
            worth = [
                0.6 * stretched[place] - 0.4 * max((above @ unit[codes[user, place]]).tolist(), default=0)
                for place in left
            ]
            wanted.append(left.pop(int(np.argmax(worth))))
        assert chosen[user].tolist() == codes[user, wanted].tolist()


def test_a_short_list_keeps_its_items_and_its_empty_places():
    codes, scores = ranked()
    chosen, chosen_scores = mmr(codes, scores, RNG.standard_normal((50, 4)).astype(np.float32), 0.5, 8)
    assert sorted(chosen[0][:5]) == sorted(codes[0][:5])
    assert (chosen[0][5:] == -1).all()
    assert (chosen[1] == -1).all()
    assert np.isneginf(chosen_scores[1]).all()


def test_mmr_keeps_twins_apart():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    codes, scores = np.array([[0, 1, 2]], np.int32), np.array([[3, 2.9, 1]], np.float32)
    assert mmr(codes, scores, vectors, 0.4, 3)[0].tolist() == [[0, 2, 1]]
    assert mmr(codes, scores, vectors, 1.0, 3)[0].tolist() == [[0, 1, 2]]


def test_the_defaults_change_nothing():
    codes, scores = ranked()
    listed, listed_scores = diversify(DiversityConfig(), codes, scores, 12)
    np.testing.assert_array_equal(listed, codes[:, :12])
    np.testing.assert_array_equal(listed_scores, scores[:, :12])


def test_caps_hold_after_mmr():
    codes, scores = ranked()
    group, vectors = (np.arange(50) % 7).astype(np.int32), RNG.standard_normal((50, 4)).astype(np.float32)
    config = DiversityConfig(most_per_category=2, most_per_brand=1, mmr=0.7)
    listed, _ = diversify(config, codes, scores, 12, group, (np.arange(50) % 11).astype(np.int32), vectors)
    for row in listed:
        row = row[row >= 0]
        assert np.bincount(row % 7).max(initial=0) <= 2
        assert np.bincount(row % 11).max(initial=0) <= 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"most_per_category": 1}, "needs each item's category"),
        ({"most_per_brand": 1}, "needs each item's brand"),
        ({"mmr": 0.5}, "needs each item's vector"),
        ({"tail_bonus": 0.5}, "needs each item's popularity"),
    ],
)
def test_a_rule_without_what_it_needs_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        diversify(DiversityConfig(**settings), *ranked(), 12)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"mmr must be in 0\.\.1"):
        DiversityConfig(mmr=1.5)
    with pytest.raises(ValueError, match=r"k=21 is not in 1..20"):
        diversify(DiversityConfig(), *ranked(), 21)


def test_the_tail_is_lifted_by_its_bonus_and_nothing_else_moves():
    codes, scores = ranked()
    tail = RNG.random(50) < 0.5
    listed, listed_scores = diversify(DiversityConfig(tail_bonus=0.3), codes, scores, 12, tail=tail)
    for user in range(2, len(codes)):
        stretched = (scores[user] - scores[user].min()) / (scores[user].max() - scores[user].min())
        wanted = sorted(range(codes.shape[1]), key=lambda at: (-(stretched[at] + 0.3 * tail[codes[user, at]]), at))
        assert listed[user].tolist() == codes[user, wanted[:12]].tolist()
        np.testing.assert_array_equal(listed_scores[user], scores[user, wanted[:12]])
    assert sorted(listed[0][:5]) == sorted(codes[0][:5])
    assert (listed[0][5:] == -1).all()
    assert (listed[1] == -1).all()


def test_the_bonus_outlives_mmr():
    codes, scores = np.array([[0, 1, 2]], np.int32), np.array([[3, 2.9, 1]], np.float32)
    vectors, tail = np.eye(3, dtype=np.float32), np.array([False, False, True])
    config = DiversityConfig(mmr=0.9, tail_bonus=1)
    assert diversify(config, codes, scores, 1, vectors=vectors, tail=tail)[0].tolist() == [[0]]
    lifted = DiversityConfig(mmr=0.9, tail_bonus=1)
    tail = np.array([False, True, True])
    assert diversify(lifted, codes, scores, 2, vectors=vectors, tail=tail)[0].tolist() == [[1, 0]]
