"""top_k compared with a brute-force ranking, on difficult inputs: ties, signed zeros, masks, odd sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from models.core.item_tiles import TILE
from models.core.memory import DoesNotFit
from models.core.top_k import ROWS, SPARE, plan_blocks, rank_scores, top_k


def oracle(scores, k, seen=None, allowed=None):
    """Sort every row by (score down, code up), without the items that may not be shown."""
    codes = np.full((len(scores), k), -1, np.int32)
    best = np.full((len(scores), k), -np.inf, np.float32)
    for user, row in enumerate(scores):
        hidden = set() if seen is None else set(seen.indices[seen.indptr[user] : seen.indptr[user + 1]])
        open_ = [i for i in range(len(row)) if i not in hidden and (allowed is None or allowed[i])]
        for place, item in enumerate(sorted(open_, key=lambda i: (-row[i], i))[:k]):
            codes[user, place], best[user, place] = item, row[item]
    return codes, best


def random_seen(rng, users, items, each):
    dense = rng.random((users, items)) < each / items
    return csr_array(dense.astype(np.float32))


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_users, n_items, dim = draw(st.integers(1, 5)), draw(st.integers(1, 90)), draw(st.integers(1, 6))
    values = np.array(draw(st.sampled_from([[0, 1], [-1, 0, 1], [-0.0, 0.0], [1], range(-9, 9)])), np.float32)
    users, items = rng.choice(values, (n_users, dim)), rng.choice(values, (n_items, dim))  # integers: no rounding
    seen = random_seen(rng, n_users, n_items, draw(st.sampled_from([0, 3, n_items]))) if draw(st.booleans()) else None
    allowed = rng.random(n_items) < draw(st.sampled_from([0.0, 0.3, 1.0])) if draw(st.booleans()) else None
    return users, items, draw(st.integers(1, n_items)), seen, allowed


@settings(max_examples=80, deadline=None)
@given(cases())
def test_top_k_equals_the_oracle_on_small_integers(case):
    users, items, k, seen, allowed = case
    codes, scores = top_k(users, items, k, seen, allowed)
    wanted = oracle(users @ items.T, k, seen, allowed)
    np.testing.assert_array_equal(codes, wanted[0])
    np.testing.assert_array_equal(scores, wanted[1])
    assert not np.signbit(scores[scores == 0]).any()


@pytest.mark.parametrize("n_items", [TILE - 1, TILE, TILE + 1, 2 * TILE + 777])
@pytest.mark.parametrize("k", [1, 37, 300])
def test_top_k_equals_the_oracle_across_tiles(n_items, k):
    rng = np.random.default_rng(n_items + k)
    users, items = rng.integers(-9, 9, (5, 8)).astype(np.float32), rng.integers(-9, 9, (n_items, 8)).astype(np.float32)
    seen, allowed = random_seen(rng, 5, n_items, 50), rng.random(n_items) < 0.9
    codes, scores = top_k(users, items, k, seen, allowed)
    wanted = oracle(users @ items.T, k, seen, allowed)
    np.testing.assert_array_equal(codes, wanted[0])
    np.testing.assert_array_equal(scores, wanted[1])


def test_k_may_be_the_catalogue_and_wider_than_a_tile():
    rng = np.random.default_rng(0)
    users, items = (
        rng.standard_normal((3, 4)).astype(np.float32),
        rng.standard_normal((TILE + 99, 4)).astype(np.float32),
    )
    codes, scores = top_k(users, items, len(items))
    assert (np.sort(codes, axis=1) == np.arange(len(items))).all()
    assert (np.diff(scores, axis=1) <= 0).all()


def test_scores_that_rise_through_the_catalogue_displace_all_before():
    items = np.arange(3 * TILE, dtype=np.float32)[:, None]
    codes, _ = top_k(np.ones((1, 1), np.float32), items, 50)
    np.testing.assert_array_equal(codes[0], np.arange(3 * TILE - 1, 3 * TILE - 51, -1))


def test_more_twins_than_spare_places_still_go_to_the_lower_codes():
    rng = np.random.default_rng(1)
    items = rng.standard_normal((TILE + 500, 16)).astype(np.float32)
    twins = np.sort(rng.choice(len(items), 4 * SPARE, replace=False))
    items[twins] = 10 * items[twins[0]]
    codes, scores = top_k(items[twins[:1]], items, 50, csr_array(([1.0], [twins[3]], [0, 1]), (1, len(items))))
    assert codes[0].tolist() == [code for code in twins if code != twins[3]][:50]
    assert len(set(scores[0])) == 1


def test_one_user_gets_the_same_bits_wherever_it_stands():
    rng = np.random.default_rng(2)
    users, items = (
        rng.standard_normal((ROWS + 50, 24)).astype(np.float32),
        rng.standard_normal((9000, 24)).astype(np.float32),
    )
    seen = random_seen(rng, len(users), len(items), 20)
    codes, scores = top_k(users, items, 20, seen)
    for subset in (slice(None, None, -1), slice(7, 8), slice(1, None, 3)):
        of_subset = top_k(users[subset], items, 20, seen[subset])
        np.testing.assert_array_equal(of_subset[0], codes[subset])
        np.testing.assert_array_equal(of_subset[1].view(np.int32), scores[subset].view(np.int32))


def test_neither_threads_nor_memory_change_a_bit():
    rng = np.random.default_rng(3)
    users, items = (
        rng.standard_normal((3 * ROWS, 8)).astype(np.float32),
        rng.standard_normal((5000, 8)).astype(np.float32),
    )
    wanted = top_k(users, items, 10, threads=1)
    for threads, memory in ((2, 2**31), (3, 2**31), (3, 2**27)):
        got = top_k(users, items, 10, threads=threads, memory_bytes=memory)
        assert got[0].tobytes() == wanted[0].tobytes()
        assert got[1].tobytes() == wanted[1].tobytes()


def test_top_k_agrees_with_float64_up_to_rounding():
    rng = np.random.default_rng(4)
    users, items = (
        rng.standard_normal((40, 64)).astype(np.float32),
        rng.standard_normal((12_000, 64)).astype(np.float32),
    )
    codes, scores = top_k(users, items, 100)
    exact = users.astype(np.float64) @ items.T.astype(np.float64)
    np.testing.assert_allclose(scores, -np.sort(-exact, axis=1)[:, :100], rtol=1e-5)
    np.testing.assert_allclose(scores, np.take_along_axis(exact, codes.astype(int), axis=1), rtol=1e-5)


def test_tiny_factors_do_not_lose_their_rounding_bound():
    items = (np.arange(1, 200, dtype=np.float32) * np.float32(1e-22))[:, None]
    codes, _ = top_k(np.full((1, 1), 1e-20, np.float32), items, 5)
    assert codes[0].tolist() == [198, 197, 196, 195, 194]


def test_nothing_allowed_gives_empty_lists():
    codes, scores = top_k(np.ones((2, 3), np.float32), np.ones((7, 3), np.float32), 4, None, np.zeros(7, bool))
    assert (codes == -1).all()
    assert np.isneginf(scores).all()


def test_no_users_give_no_lists():
    codes, scores = top_k(np.empty((0, 3), np.float32), np.ones((7, 3), np.float32), 4)
    assert codes.shape == scores.shape == (0, 4)


@pytest.mark.parametrize("k", [0, 8])
def test_k_outside_the_catalogue_is_refused(k):
    with pytest.raises(ValueError, match=rf"k={k} is not in 1..7"):
        top_k(np.ones((2, 3), np.float32), np.ones((7, 3), np.float32), k)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("side", [0, 1])
def test_factors_that_cannot_be_ranked_are_refused(bad, side):
    factors = [np.full((4, 3), 2, np.float32), np.full((7, 3), 2, np.float32)]
    factors[side][1, 2] = bad
    with pytest.raises(ValueError, match="NaN or infinity, or overflow"):
        top_k(*factors, 2)


def test_shapes_that_disagree_are_refused():
    users, items = np.ones((2, 3), np.float32), np.ones((7, 3), np.float32)
    with pytest.raises(ValueError, match="equal dims"):
        top_k(users[:, :2], items, 1)
    with pytest.raises(ValueError, match=r"seen is \(2, 6\), expected \(2, 7\)"):
        top_k(users, items, 1, csr_array((2, 6)))
    with pytest.raises(ValueError, match="allowed is bool"):
        top_k(users, items, 1, None, np.ones(6, bool))


def test_a_plan_that_cannot_fit_says_what_it_needs():
    with pytest.raises(DoesNotFit, match=r"needs [\d,]+ bytes .* has 1,000; score fewer users per call or raise"):
        plan_blocks(100_000, 64, 1_000, 2, n_users=10)


def test_a_plan_drops_threads_before_it_refuses():
    plan = plan_blocks(100_000, 64, 2**40, 1)
    assert plan_blocks(100_000, 64, plan.bytes_needed, 2).threads == 1
    assert plan_blocks(100_000, 64, plan.bytes_needed + plan.workspace_bytes, 2).threads == 2


def test_rank_scores_never_returns_minus_infinity():
    codes, scores = rank_scores(np.array([[1, -np.inf, 1, -0.0, 0.0]], np.float32), 5)
    assert codes.tolist() == [[0, 2, 3, 4, -1]]
    assert scores.tolist() == [[1, 1, 0, 0, -np.inf]]
