"""Lists from sparse products compared bit by bit with scipy's product: ties, masks, values that become 0."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from models.recommenders.sparse_lists import ROOM, best_entries_of, best_of_product, best_through_nearest


def by_sorting(scores, k, allowed=None):
    """Every entry above 0 of each row of a CSR, sorted by (score down, column up)."""
    codes, best = np.full((scores.shape[0], k), -1, np.int32), np.full((scores.shape[0], k), -np.inf, np.float32)
    for row in range(scores.shape[0]):
        part = slice(scores.indptr[row], scores.indptr[row + 1])
        open_ = [
            (-value, column)
            for value, column in zip(scores.data[part], scores.indices[part], strict=True)
            if value > 0 and (allowed is None or allowed[column])
        ]
        for place, (value, column) in enumerate(sorted(open_)[:k]):
            codes[row, place], best[row, place] = column, -value
    return codes, best


def same(got, wanted):
    np.testing.assert_array_equal(got[0], wanted[0])
    np.testing.assert_array_equal(got[1].view(np.int32), wanted[1].view(np.int32))


def random_csr(rng, shape, density, values):
    matrix = sparse.random_array(shape, density=density, rng=rng, format="csr", dtype=np.float32)
    matrix.data = rng.choice(np.asarray(values, np.float32), len(matrix.data))
    return sparse.csr_matrix(matrix)


@st.composite
def products(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = draw(st.sampled_from([[1], [1, 2, 3], [1e-30, 1], [0, 1], [0.1, 0.7, 1.3e-3]]))
    n, j, i = draw(st.integers(1, 6)), draw(st.integers(1, 9)), draw(st.integers(1, 70))
    left, right = (
        random_csr(rng, (n, j), 0.6, values),
        random_csr(rng, (j, i), draw(st.sampled_from([0, 0.3, 1])), values),
    )
    allowed = rng.random(i) < 0.6 if draw(st.booleans()) else None
    return left, right, draw(st.integers(1, i)), allowed


@settings(max_examples=60, deadline=None)
@given(products())
def test_the_best_of_a_product_are_those_of_scipys(case):
    left, right, k, allowed = case
    same(best_of_product(left, right, k, allowed), by_sorting(sparse.csr_matrix(left @ right), k, allowed))
    same(best_entries_of(right, k, allowed), by_sorting(right, k, allowed))


@pytest.mark.parametrize("k", [1, 5])
def test_many_more_entries_than_are_collected_at_once(k):
    rng = np.random.default_rng(k)
    left, right = random_csr(rng, (3, 40), 0.9, range(1, 5)), random_csr(rng, (40, 50 * ROOM), 0.9, range(1, 5))
    same(best_of_product(left, right, k, None), by_sorting(sparse.csr_matrix(left @ right), k))


def test_through_the_nearest_is_the_product_over_them_in_the_order_of_codes():
    rng = np.random.default_rng(2)
    interest = random_csr(rng, (30, 25), 0.3, [0.1, 0.7, 1.3])
    rows, others = interest[:8], sparse.csr_matrix(interest.T)
    alike = (rows @ others).toarray()
    alike[np.arange(8), np.arange(8)] = 0
    nearest_only = np.zeros_like(alike)
    for row, likeness in enumerate(alike):
        nearest = sorted((-value, code) for code, value in enumerate(likeness) if value > 0)[:6]
        nearest_only[row, [code for _, code in nearest]] = [-value for value, _ in nearest]
    wanted = by_sorting(sparse.csr_matrix(sparse.csr_matrix(nearest_only) @ interest), 9)
    same(best_through_nearest(rows, others, interest, np.arange(8), 6, 9, None), wanted)


@pytest.mark.parametrize("k", [0, 4])
def test_k_outside_the_columns_is_refused(k):
    with pytest.raises(ValueError, match=rf"k={k} is not in 1..3"):
        best_entries_of(sparse.csr_matrix(np.eye(3, dtype=np.float32)), k)
