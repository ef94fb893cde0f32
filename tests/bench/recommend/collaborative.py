"""`make bench-cf DATA=folder`: collaborative filtering on a published split, compared with the published figures.

DATA holds `interactions.parquet` (user, item, split: train or test), or `train.txt` and `test.txt` as LightGCN
publishes them (`user item item ...`). recall@20 and ndcg@20, full ranking over all items, training items masked, users
with a test item. Three rows are published models computed again (popularity, ItemCF, GF-CF), to show that the measure
is the same.

Settings are the defaults of the models. The weights of the hybrid and `best` are chosen on a validation set: a fifth
of the training pairs, held out; every model is then fitted again on all training pairs.

Training uses the same pairs as the published rows: all training pairs and no test pair; a pair in both is refused. The
published rows of this split chose their settings by the test pairs, since it has no validation set; ours did not.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy import sparse
from scipy.sparse.linalg import svds

from jobs.runtime.progress import progress
from models.core.list_metrics import refuse_overlap, score_lists
from models.core.top_k import rank_scores
from models.recommenders.als import ALS, ALSConfig
from models.recommenders.baselines import popularity
from models.reference.blur_sharpen import BLOCK as SHARPENED
from models.reference.blur_sharpen import Sharpening, SharpeningConfig
from models.reference.graph_filter import GraphFilter, GraphFilterConfig
from models.reference.score_blend import blend, choose_weights, standardise, weighted_sum
from tests.bench.quality import SEED, Measured, report

K = 20
BLOCK = 512  # users scored at once
JUDGED = 2_000  # users of the validation set
METRICS = (f"recall@{K}", f"ndcg@{K}")
GOWALLA = (29_858, 40_981, 810_128)  # users, items, training pairs of the split on which the anchors were measured
ANCHORS = {
    "popularity": (0.0416, 0.0317),
    "ItemCF, BARS": (0.1570, 0.1214),
    "iALS 512 factors": (0.1771, 0.1448),
    "EASE, BARS": (0.1765, 0.1467),
    "LightGCN, BARS": (0.1820, 0.1547),
    "GF-CF, BARS": (0.1849, 0.1518),
    "UltraGCN, BARS": (0.1862, 0.1580),
    "SimpleX, BARS": (0.1872, 0.1557),
    "BSPM, its paper": (0.1920, 0.1597),
}
Score = Callable[[np.ndarray], np.ndarray]  # user codes (B,) -> scores (B, I) float32


@dataclass
class Fitted:
    score: Score
    seconds: float


def read_split(folder: Path) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """(train, test): 0/1 CSR (U, I) over the ids of both files; ids are numbers from 0."""
    if (folder / "interactions.parquet").exists():
        table = pq.read_table(folder / "interactions.parquet", columns=["user", "item", "split"])
        user, item = table["user"].to_numpy(), table["item"].to_numpy()
        is_test = np.asarray(table["split"].to_pylist()) == "test"
        parts = [(user[~is_test], item[~is_test]), (user[is_test], item[is_test])]
    elif (folder / "train.txt").exists() and (folder / "test.txt").exists():
        parts = [_read_lines(folder / name) for name in ("train.txt", "test.txt")]
    else:
        raise SystemExit(f"{folder} has neither interactions.parquet (user, item, split) nor train.txt and test.txt")
    shape = tuple(1 + max(int(part[side].max(initial=-1)) for part in parts) for side in (0, 1))
    train, test = (_matrix(user, item, shape) for user, item in parts)
    return train, test


def _read_lines(path: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = [np.array(line.split(), np.int64) for line in path.read_text().splitlines() if line.strip()]
    user = np.repeat([row[0] for row in rows], [len(row) - 1 for row in rows])
    return user, np.concatenate([row[1:] for row in rows])


def _matrix(user: np.ndarray, item: np.ndarray, shape: tuple[int, ...]) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(user), np.float32), (user, item)), shape=shape)
    matrix.sum_duplicates()
    matrix.data.fill(1)
    return matrix


def hold_out(train: sparse.csr_matrix, share: float = 0.2) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """(training set, validation set): a seeded random share of the pairs is held out."""
    pairs = train.tocoo()
    is_held_out = np.random.default_rng(SEED).random(pairs.nnz) < share
    return tuple(_matrix(pairs.row[part], pairs.col[part], train.shape) for part in (~is_held_out, is_held_out))  # type: ignore[return-value]


def fit_all(train: sparse.csr_matrix) -> dict[str, Fitted]:
    """Every single model fitted on `train`, and the seconds of each."""
    makers = {
        "popularity": popularity_scores,
        "item_cf": item_cf,
        "gf_cf": gf_cf,
        "user_user": user_user,
        "als": als,
        "graph_filter": graph_filter,
        "sharpening": sharpening,
    }
    fitted = {}
    for name, make in makers.items():
        with progress(f"fit {name}") as timing:
            score = make(train)
        fitted[name] = Fitted(score, timing.seconds)
    return fitted


def popularity_scores(train: sparse.csr_matrix) -> Score:
    _, weight = popularity(train)
    return lambda users: np.tile(weight, (len(users), 1))


def item_cf(train: sparse.csr_matrix, neighbours: int = 40) -> Score:
    """BARS' ItemKNN: cosine mapped to (1 + cosine) / 2, the 40 nearest of each item, weights that sum to 1, and the
    items' own means taken off before and added after (Sarwar et al. 2001 with average bias)."""
    popular = np.maximum(np.asarray(train.sum(axis=0)).ravel(), 1)
    unit = sparse.csr_matrix(train @ sparse.diags_array(1 / np.sqrt(popular)))
    blocks = []
    for low in range(0, train.shape[1], BLOCK):
        cosine = (unit[:, low : low + BLOCK].T @ unit).toarray().astype(np.float32)
        cosine[np.arange(len(cosine)), np.arange(low, low + len(cosine))] = -1
        nearest = np.argpartition(-cosine, min(neighbours, train.shape[1] - 1), axis=1)[:, :neighbours]
        weights = (np.take_along_axis(cosine, nearest, axis=1) + 1) / 2
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        rows = np.repeat(np.arange(len(nearest)), nearest.shape[1])
        blocks.append(sparse.csr_matrix((weights.ravel(), (rows, nearest.ravel())), shape=cosine.shape))
    similarity = sparse.vstack(blocks).T.tocsr()
    mean = np.asarray(train.mean(axis=0)).ravel()
    offset = (mean - mean @ similarity).astype(np.float32)
    return lambda users: (train[users] @ similarity).toarray() + offset


def gf_cf(train: sparse.csr_matrix, rank: int = 256, low_pass: float = 0.3) -> Score:
    """GF-CF as published: the normalised graph's square, and an ideal low-pass filter of its first singular vectors."""
    root = [np.sqrt(np.maximum(np.asarray(train.sum(axis=axis)).ravel(), 1)).astype(np.float32) for axis in (0, 1)]
    scaled = sparse.csr_matrix(sparse.diags_array(1 / root[1]) @ train @ sparse.diags_array(1 / root[0]))
    right = svds(scaled, min(rank, min(train.shape) - 1), rng=np.random.default_rng(SEED))[2].T.astype(np.float32)
    weighted = right / root[0][:, None]
    right = right * (low_pass * root[0])[:, None]
    graph = sparse.csr_matrix(scaled.T @ scaled)
    return lambda users: (train[users] @ graph).toarray() + (train[users] @ weighted) @ right.T


def user_user(train: sparse.csr_matrix) -> Score:
    """The graph filter between users instead of items: it recommends the items of similar users."""
    config = GraphFilterConfig()
    ids = np.array([str(code) for code in range(train.shape[0])])
    similar = GraphFilter.fit(config, train.T.tocsr(), ids).similarity
    return lambda users: (similar[users] @ train).toarray()


def als(train: sparse.csr_matrix) -> Score:
    """ALS with its default regularisation, by frequency; on Gowalla's validation slice 256 factors and power 1 have
    recall@20 / ndcg@20 .1815/.1260 (regularization 60), .1831/.1253 (50, alpha 100), .1736/.1223 (300, alpha 100); 64
    factors .1459/.1007 (110, alpha 100), and .1423/.1002 with power 0."""
    config = ALSConfig(factors=256, iterations=8, frequency_power=1)
    users, items = (np.array([f"{code:09d}" for code in range(n)]) for n in train.shape)
    model = ALS.fit(config, train, users, items)
    return lambda users: model.user_factors[users] @ model.item_factors.T


def graph_filter(train: sparse.csr_matrix) -> Score:
    ids = np.array([str(code) for code in range(train.shape[1])])
    similarity = GraphFilter.fit(GraphFilterConfig(), train, ids).similarity
    return lambda users: (train[users] @ similarity).toarray()


def sharpening(train: sparse.csr_matrix) -> Score:
    model = Sharpening.fit(SharpeningConfig(), train, np.array([str(code) for code in range(train.shape[1])]))
    return lambda users: np.concatenate(
        [model.score(train[users[low : low + SHARPENED]]) for low in range(0, len(users), SHARPENED)]
    )


def lists_of(score: Score, users: np.ndarray, training_pairs: sparse.csr_matrix) -> np.ndarray:
    """Item codes (n, K) of `users` by `score`, without the items of `seen`."""
    lists = np.empty((len(users), K), np.int32)
    for low in range(0, len(users), BLOCK):
        block = users[low : low + BLOCK]
        scores = score(block)
        scores[training_pairs[block].nonzero()] = -np.inf
        lists[low : low + BLOCK] = rank_scores(scores, K)[0]
    return lists


def choose(train: sparse.csr_matrix, fitted: dict[str, Fitted], truth: sparse.csr_matrix) -> tuple[np.ndarray, str]:
    """Weights of the hybrid over `fitted`, in order, and the best model, by ndcg on the validation slice."""
    rng = np.random.default_rng(SEED)
    users = np.flatnonzero((np.diff(truth.indptr) > 0) & (np.diff(train.indptr) > 0))
    users = np.sort(rng.choice(users, min(JUDGED, len(users)), replace=False))
    scores = [standardise(model.score(users)) for model in fitted.values()]
    training_pairs = train[users].nonzero()

    def judge(weights: np.ndarray) -> float:
        mixed = weighted_sum(scores, list(weights))
        mixed[training_pairs] = -np.inf
        nearest = np.argpartition(-mixed, K, axis=1)[:, :K] if mixed.shape[1] > K else np.argsort(-mixed, axis=1)
        order = np.argsort(-np.take_along_axis(mixed, nearest, axis=1), axis=1, kind="stable")
        lists = np.take_along_axis(nearest, order, axis=1)
        return float(score_lists(lists, truth[users], K)[f"ndcg@{K}"].mean())

    alone = {name: judge(row) for name, row in zip(fitted, np.eye(len(fitted)), strict=True)}
    weights, together = choose_weights(len(fitted), judge)
    print(
        "validation ndcg: " + ", ".join(f"{n} {v:.4f}" for n, v in (alone | {"hybrid": together}).items()), flush=True
    )
    best = max(alone, key=alone.__getitem__)
    return weights, "hybrid" if together > alone[best] else best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    train, test = read_split(parser.parse_args().data)
    refuse_overlap(train, test)
    print(f"{train.shape[0]:,} users, {train.shape[1]:,} items, {train.nnz:,} training and {test.nnz:,} test pairs")

    started = time.perf_counter()
    remaining, validation = hold_out(train)
    with progress("choose the hybrid's weights on the validation slice"):
        weights, best = choose(remaining, fit_all(remaining), validation)
    choosing = time.perf_counter() - started

    fitted = fit_all(train)
    names = list(fitted)
    shares = {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight}
    parts = [fitted[name] for name in shares]
    fitted["hybrid"] = Fitted(
        lambda users: blend([part.score(users) for part in parts], list(shares.values())),
        sum(part.seconds for part in parts),
    )
    users = np.flatnonzero(np.diff(test.indptr))
    measured = {}
    for name, model in fitted.items():
        with progress(f"rank {name}") as timing:
            figures = score_lists(lists_of(model.score, users, train), test[users], K)
        measured[name] = Measured({metric: figures[metric] for metric in METRICS}, model.seconds + timing.seconds)
    measured["hybrid"].more["weights"] = shares
    is_gowalla = (*train.shape, train.nnz) == GOWALLA
    anchors = {name: dict(zip(METRICS, values, strict=True)) for name, values in ANCHORS.items()} if is_gowalla else {}
    report(f"collaborative filtering, top {K}", measured, best, anchors, {"seconds_of_choosing": round(choosing, 1)})


if __name__ == "__main__":
    main()
