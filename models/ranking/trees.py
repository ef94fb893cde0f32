"""LightGBM's trees as arrays, evaluated for blocks of rows at once; the same bits as LightGBM's own `predict`.

QuickScorer (Lucchese et al. 2015): each tree keeps a mask of the leaves that a row can still reach. A split that sends
the row to the right clears the bits of its left leaves; the lowest remaining bit is the row's leaf. Splits need no
order and no branch, so one split is compared with a block of rows by a few vector instructions.

Measured on one core of an Intel Xeon (Sapphire Rapids), 100 trees of 31 leaves, 55 features, microseconds a row:
LightGBM 4.8, ONNX Runtime 3.1, tl2cgen 1.40 (after 15 s of gcc), lleaves .84 (after 9 s of LLVM), this .5.
`make bench-compress` repeats LightGBM's figure and that of this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.cpython.unsafe.numbers import trailing_zeros
from numpy.typing import NDArray

from models.core.top_k import F32, I32

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
ROWS = 64  # rows evaluated at once: their column of one feature fills four cache lines
MOST_LEAVES = 64  # bits of a mask
CATEGORICAL, DEFAULT_LEFT, MISSING_ZERO, MISSING_NAN = 1, 2, 4, 8  # bits of LightGBM's decision_type


class Tree(NamedTuple):
    """One tree. For each inner node: feature, threshold, decision_type, children (a node, or -1 - leaf), gain.

    leaf_value (leaves,); node_value (nodes,): the mean output of the rows below each node.
    """

    feature: I64
    threshold: F64
    decision_type: I64
    left: I64
    right: I64
    gain: F64
    leaf_value: F64
    node_value: F64


class Trees(NamedTuple):
    """T trees, their splits one after another and their leaves from left to right.

    first_split, first_leaf (T + 1,): where each tree begins. For each split: feature; the largest float32 `threshold`
    that goes left; unknown_left: whether NaN goes left; right_mask: the leaves that a row can still reach when it goes
    right. value (L,): output of each leaf. path (L, F + 1): what each feature, and the root, adds on the way to the
    leaf. gain (F,): of all splits by each feature.
    """

    first_split: I64
    first_leaf: I64
    feature: I32
    threshold: F32
    unknown_left: NDArray[np.bool_]
    right_mask: NDArray[np.uint64]
    value: F64
    path: F64
    gain: F64

    @classmethod
    def parsed(cls, text: str) -> Trees:
        """From LightGBM's text form. Raises ValueError for what the ranker never fits: categories, over 64 leaves."""
        splits: list[tuple[int, np.float32, bool, int]] = []
        values: list[float] = []
        paths: list[F64] = []
        first_split, first_leaf = [0], [0]
        header = re.search(r"^max_feature_idx=(\d+)$", text, re.MULTILINE)
        if header is None:
            raise ValueError(f"no LightGBM model: its text begins with {text[:40]!r}")
        n_features = int(header[1]) + 1
        gain = np.zeros(n_features)
        for tree in read_trees(text):
            np.add.at(gain, tree.feature, np.maximum(tree.gain, 0))
            _walk(tree, n_features, splits, values, paths)
            first_split.append(len(splits))
            first_leaf.append(len(values))
        feature, threshold, unknown_left, right_mask = zip(*splits, strict=True) if splits else ((), (), (), ())
        return cls(
            np.array(first_split),
            np.array(first_leaf),
            np.array(feature, np.int32),
            np.array(threshold, np.float32),
            np.array(unknown_left, bool),
            np.array(right_mask, np.uint64),
            np.array(values),
            np.array(paths).reshape(len(values), n_features + 1),
            gain,
        )

    def scores(self, features: F32) -> F64:
        """(R,) sums of the trees for features (R, F), NaN where unknown; added in LightGBM's order."""
        return np.asarray(_scores(features, self.value, *self[:6]))

    def sums(self, features: F32, of_leaves: F64) -> F64:
        """(R, G): the sum over the trees of `of_leaves` (L, G) at each row's leaf."""
        return np.asarray(_sums(features, of_leaves, *self[:6]))


def read_trees(text: str) -> Iterator[Tree]:
    """The trees of LightGBM's text form, in order."""
    for block in re.split(r"^Tree=\d+$", text.partition("end of trees")[0], flags=re.MULTILINE)[1:]:
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)

        def numbers(name: str, kind: type, fields: dict[str, str] = fields) -> NDArray[Any]:
            return np.array(fields.get(name, "").split(), kind)

        yield Tree(
            numbers("split_feature", np.int64),
            numbers("threshold", np.float64),
            *(numbers(name, np.int64) for name in ("decision_type", "left_child", "right_child")),
            *(numbers(name, np.float64) for name in ("split_gain", "leaf_value", "internal_value")),
        )


def _walk(
    tree: Tree,
    n_features: int,
    splits: list[tuple[int, np.float32, bool, int]],
    values: list[float],
    paths: list[F64],
) -> None:
    """Appends the tree's splits, and its leaves' values and paths from left to right."""
    if len(tree.leaf_value) > MOST_LEAVES:
        raise ValueError(f"a tree has {len(tree.leaf_value)} leaves, {MOST_LEAVES} are the most; set ranker.leaves")
    if (tree.decision_type & (CATEGORICAL | MISSING_ZERO)).any():
        raise ValueError(
            "a tree splits by categories or takes 0 for unknown, which the ranker never fits; fit it again"
        )
    first = len(values)
    nodes = np.concatenate([tree.node_value, tree.leaf_value])  # -1 - leaf counts from the end
    values_of = {node: float(nodes[node]) for node in range(len(tree.node_value))}
    values_of |= {-1 - leaf: float(value) for leaf, value in enumerate(tree.leaf_value)}

    def descend(node: int, path: F64) -> None:
        if node < 0:
            values.append(values_of[node])
            paths.append(path)
            return
        feature, leaf = int(tree.feature[node]), len(values)
        children = []
        for child in (int(tree.left[node]), int(tree.right[node])):
            child_path = path.copy()
            child_path[feature] += values_of[child] - values_of[node]
            children.append((child, child_path))
        descend(*children[0])
        cleared = (1 << (len(values) - first)) - (1 << (leaf - first))
        splits.append((feature, *_decision(tree, node), (2**MOST_LEAVES - 1) & ~cleared))
        descend(*children[1])

    root = 0 if len(tree.feature) else -1
    path = np.zeros(n_features + 1)
    path[-1] = values_of[root]
    descend(root, path)


def _decision(tree: Tree, node: int) -> tuple[np.float32, bool]:
    """(the largest float32 that goes left, whether NaN does). A split fitted without unknown values treats NaN as 0."""
    threshold = float(tree.threshold[node])
    nearest = np.float32(np.clip(threshold, np.finfo(np.float32).min, np.finfo(np.float32).max))
    if float(nearest) > threshold:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    kind = int(tree.decision_type[node])
    return nearest, bool(kind & DEFAULT_LEFT) if kind & MISSING_NAN else threshold >= 0


@njit(cache=True, nogil=True)
def _scores(features, value, first_split, first_leaf, *splits):  # type: ignore[no-untyped-def]
    score = np.zeros(len(features))
    columns = np.zeros((features.shape[1], ROWS), np.float32)
    reachable = np.empty(ROWS, np.uint64)
    for low in range(0, len(features), ROWS):
        n = min(ROWS, len(features) - low)
        _load(features[low : low + n], columns)
        for tree in range(len(first_leaf) - 1):
            _narrow(columns, reachable, first_split[tree], first_split[tree + 1], *splits)
            for row in range(n):
                score[low + row] += value[first_leaf[tree] + np.int64(trailing_zeros(reachable[row]))]  # type: ignore[call-arg]
    return score


@njit(cache=True, nogil=True)
def _sums(features, of_leaves, first_split, first_leaf, *splits):  # type: ignore[no-untyped-def]
    summed = np.zeros((len(features), of_leaves.shape[1]))
    columns = np.zeros((features.shape[1], ROWS), np.float32)
    reachable = np.empty(ROWS, np.uint64)
    for low in range(0, len(features), ROWS):
        n = min(ROWS, len(features) - low)
        _load(features[low : low + n], columns)
        for tree in range(len(first_leaf) - 1):
            _narrow(columns, reachable, first_split[tree], first_split[tree + 1], *splits)
            for row in range(n):
                leaf = first_leaf[tree] + np.int64(trailing_zeros(reachable[row]))  # type: ignore[call-arg]
                for group in range(of_leaves.shape[1]):  # numba makes an array of each slice: four times as slow
                    summed[low + row, group] += of_leaves[leaf, group]
    return summed


@njit(cache=True, nogil=True)
def _load(features, columns):  # type: ignore[no-untyped-def]
    """Transposes a block of rows; values that LightGBM takes for 0 become 0."""
    for row in range(len(features)):
        for column in range(features.shape[1]):
            value = features[row, column]
            columns[column, row] = np.float32(0) if abs(value) <= np.float32(1e-35) else value


@njit(cache=True, nogil=True)
def _narrow(columns, reachable, first, last, feature, threshold, unknown_left, right_mask):  # type: ignore[no-untyped-def]
    """Clears from `reachable` (ROWS,) the leaves that each row of the block cannot reach in one tree."""
    all_leaves = ~np.uint64(0)
    reachable[:] = all_leaves
    for split in range(first, last):
        values, largest, right = columns[feature[split]], threshold[split], right_mask[split]
        if unknown_left[split]:
            for row in range(ROWS):
                reachable[row] &= right if values[row] > largest else all_leaves
        else:
            for row in range(ROWS):
                reachable[row] &= all_leaves if values[row] <= largest else right
