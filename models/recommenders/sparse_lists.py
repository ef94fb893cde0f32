"""The k best entries of each row of a sparse matrix or product, row by row, without storing the product.

Sums are float32 in the order of the stored entries, as in scipy's own product, so that both give the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from models.core.top_k import F32, I32

Allowed = NDArray[np.bool_] | None
ROOM = 4  # times k keys are collected; then all but the k best are dropped


def best_entries_of(matrix: sparse.csr_matrix, k: int, allowed: Allowed = None) -> tuple[I32, F32]:
    """Lists (n, k) of the k largest entries above 0 of each row of `matrix` (n, I), largest first, ties to the lower
    column: codes, -1 where there are fewer, and scores, -inf there. `allowed` (I,): no other column is listed.

    Raises ValueError if k is not in 1..I.
    """
    return _lists(_best_entries, k, matrix.shape[1], allowed, *_parts(matrix))


def best_of_product(left: sparse.csr_matrix, right: sparse.csr_matrix, k: int, allowed: Allowed) -> tuple[I32, F32]:
    """`best_entries_of` the product of `left` (n, J) and `right` (J, I)."""
    return _lists(_best_of_product, k, right.shape[1], allowed, *_parts(left), *_parts(right))


def best_through_nearest(
    rows: sparse.csr_matrix,
    others: sparse.csr_matrix,
    interest: sparse.csr_matrix,
    self_code: NDArray[np.integer],
    nearest: int,
    k: int,
    allowed: Allowed,
) -> tuple[I32, F32]:
    """`best_entries_of` alike @ `interest` (U, I), where alike (n, U) holds the `nearest` largest entries of each row
    of `rows` (n, I) @ `others` (I, U), without the entry of `self_code` (n,)."""
    parts = (*_parts(rows), *_parts(others), *_parts(interest))
    return _lists(_best_through_nearest, k, interest.shape[1], allowed, self_code, nearest, others.shape[1], *parts)


def _parts(matrix: sparse.csr_matrix) -> tuple[Any, Any, F32]:
    return np.asarray(matrix.indptr), np.asarray(matrix.indices), np.asarray(matrix.data, np.float32)


def _lists(kernel: Any, k: int, n_columns: int, allowed: Allowed, *arrays: Any) -> tuple[I32, F32]:
    if not 1 <= k <= n_columns:
        raise ValueError(f"k={k} is not in 1..{n_columns}, the number of items")
    listed = np.ones(n_columns, bool) if allowed is None else np.ascontiguousarray(allowed)
    codes, scores = kernel(k, listed, *arrays)
    return codes, scores


@njit(cache=True, nogil=True)
def _select(keys, count, k):  # type: ignore[no-untyped-def]
    """Moves the k smallest of the first `count` keys to the front, the largest of them to k - 1 (Hoare's FIND).

    As fast as np.partition, and compiled in a tenth of its time."""
    low, high = np.int64(0), np.int64(count - 1)
    while low < high:
        middle = keys[(low + high) >> 1]
        left, right = low, high
        while left <= right:
            while keys[left] < middle:
                left += 1
            while keys[right] > middle:
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                left += 1
                right -= 1
        if k - 1 <= right:
            high = right
        elif k - 1 >= left:
            low = left
        else:
            return


@njit(cache=True, nogil=True)
def _keep(keys, count, k):  # type: ignore[no-untyped-def]
    """Moves the k smallest of the first `count` keys to the front, in order; returns their number."""
    if count > k:
        _select(keys, count, k)
        count = k
    keys[:count].sort()
    return count


@njit(cache=True, nogil=True)
def _list(keys, count, codes, scores):  # type: ignore[no-untyped-def]
    """Writes sorted keys as codes and the bits of scores."""
    for place in range(count):
        codes[place] = np.int32(keys[place] & 0xFFFFFFFF)
        scores[place] = np.int32(~(keys[place] >> 32))


@njit(cache=True, nogil=True)
def _key(bits, code):  # type: ignore[no-untyped-def]
    """A key is smaller for a higher score (its bits, above 0), then for a lower code."""
    return (~np.int64(bits) << 32) | np.int64(code)


@njit(cache=True, nogil=True)
def _empty(n, k):  # type: ignore[no-untyped-def]
    codes, scores = np.full((n, k), -1, np.int32), np.full((n, k), -np.inf, np.float32)
    return codes, scores


@njit(cache=True, nogil=True)
def _add(row, indptr, indices, data, weight, sums, owner, target, touched, count):  # type: ignore[no-untyped-def]
    """Adds `weight` times a row to the sums of `target`; a sum of another `owner` starts anew. Returns their number."""
    for entry in range(indptr[row], indptr[row + 1]):
        column = indices[entry]
        if owner[column] != target:
            owner[column], sums[column] = target, np.float32(0)
            touched[count] = column
            count += 1
        sums[column] += weight * data[entry]
    return count


@njit(cache=True, nogil=True)
def _take(sums, bits, touched, count, allowed, keys, k):  # type: ignore[no-untyped-def]
    """Writes the k best keys, in order, of the touched sums above 0 that are allowed; returns their number."""
    n_keys, limit = np.int64(0), np.iinfo(np.int64).max
    for position in range(count):
        column = touched[position]
        key = _key(bits[column], column)
        if key < limit and sums[column] > 0 and allowed[column]:
            keys[n_keys] = key
            n_keys += 1
            if n_keys == ROOM * k:  # most of the later keys will be worse than the k-th of these
                _select(keys, n_keys, k)
                n_keys, limit = k, keys[k - 1]
    return _keep(keys, n_keys, k)


@njit(cache=True, nogil=True)
def _best_entries(k, allowed, indptr, indices, data):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    codes, scores = _empty(n, k)
    keys, bits = np.empty(len(allowed), np.int64), data.view(np.int32)
    for row in range(n):
        count = np.int64(0)
        for entry in range(indptr[row], indptr[row + 1]):
            if data[entry] > 0 and allowed[indices[entry]]:
                keys[count] = _key(bits[entry], indices[entry])
                count += 1
        _list(keys, _keep(keys, count, k), codes[row], scores.view(np.int32)[row])
    return codes, scores


@njit(cache=True, nogil=True)
def _best_of_product(k, allowed, indptr, indices, data, right_indptr, right_indices, right_data):  # type: ignore[no-untyped-def]
    n, n_columns = len(indptr) - 1, len(allowed)
    codes, scores = _empty(n, k)
    sums, owner = np.empty(n_columns, np.float32), np.full(n_columns, -1, np.int32)
    touched, keys = np.empty(n_columns, np.int32), np.empty(ROOM * k, np.int64)
    for row in range(n):
        count = np.int64(0)
        for entry in range(indptr[row], indptr[row + 1]):
            right = right_indptr, right_indices, right_data
            count = _add(indices[entry], *right, data[entry], sums, owner, row, touched, count)
        count = _take(sums, sums.view(np.int32), touched, count, allowed, keys, k)
        _list(keys, count, codes[row], scores.view(np.int32)[row])
    return codes, scores


@njit(cache=True, nogil=True)
def _best_through_nearest(  # type: ignore[no-untyped-def]
    k,
    allowed,
    self_code,
    nearest,
    n_others,
    indptr,
    indices,
    data,
    other_indptr,
    other_indices,
    other_data,
    interest_indptr,
    interest_indices,
    interest_data,
):
    n, width = len(indptr) - 1, max(len(allowed), n_others)
    codes, scores = _empty(n, k)
    alike, alike_owner = np.empty(n_others, np.float32), np.full(n_others, -1, np.int32)
    sums, owner = np.empty(len(allowed), np.float32), np.full(len(allowed), -1, np.int32)
    everybody = np.ones(n_others, np.bool_)
    touched, keys = np.empty(width, np.int32), np.empty(ROOM * max(k, nearest), np.int64)
    likeness, neighbours = np.empty(nearest, np.float32), np.empty(nearest, np.int32)
    for row in range(n):
        count = np.int64(0)
        for entry in range(indptr[row], indptr[row + 1]):
            other = other_indptr, other_indices, other_data
            count = _add(indices[entry], *other, data[entry], alike, alike_owner, row, touched, count)
        everybody[self_code[row]] = False
        n_found = _take(alike, alike.view(np.int32), touched, count, everybody, keys, nearest)
        everybody[self_code[row]] = True
        _list(keys, n_found, neighbours, likeness.view(np.int32))
        order = np.argsort(neighbours[:n_found])  # sums are made in the order of codes
        count = np.int64(0)
        for position in order:
            liked = interest_indptr, interest_indices, interest_data
            count = _add(neighbours[position], *liked, likeness[position], sums, owner, row, touched, count)
        count = _take(sums, sums.view(np.int32), touched, count, allowed, keys, k)
        _list(keys, count, codes[row], scores.view(np.int32)[row])
    return codes, scores
