"""`make bench-fairness DATA=folder`: ndcg of women and men, also at equal activity, and what tail exposure costs.

DATA: MovieLens 1M (ratings.dat, users.dat), or MovieLens 100K as RecBole's wheel carries it; empty: the wheel is
fetched. Every rating counts; each user's oldest 70 % are training, the next 10 % validation, the newest 20 % test.
ndcg@10 over all items that the user has not rated before. Every setting, weight and bonus is chosen on the validation
part; then all models are fitted on training and validation, and the test part is ranked once.

The published rows (Boratto et al., ECIR 2022) are of MovieLens 1M. On MovieLens 100K they are printed for orientation:
other users, other items, not comparable.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.runtime.progress import each, progress
from models.core.fairness import activity_bands, exposure_of, gini, matched_means, tail_of
from models.core.intervals import mean_interval
from models.core.list_metrics import score_lists
from models.core.top_k import rank_scores
from models.ranking.diversity import diversify
from models.ranking.diversity_config import DiversityConfig
from models.recommenders.als import ALS, ALSConfig
from models.recommenders.baselines import item_item, popularity
from models.reference.score_blend import choose_weights, standardise, weighted_sum
from tests.bench.quality import Measured, print_json, show
from tests.bench.recommend.movielens import Ratings, read_movielens

K, DEPTH, BANDS = 10, 60, 5
NDCG = f"ndcg@{K}"
MOST_LOST = 0.01  # the chosen bonus may lose at most this share of ndcg on the validation part
BONUSES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 1.0)
PUBLISHED = {"popularity": (0.110, 0.035), "item-kNN": (0.140, 0.038), "user-kNN": (0.137, 0.031)}
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Make = Callable[[sparse.csr_matrix], F32]  # 0/1 (U, I) -> scores (U, I)


def choices() -> dict[str, dict[str, Make]]:
    """Model -> its settings, in words -> the function that scores all items."""
    return {
        "popularity": {"": lambda ratings: np.tile(popularity(ratings)[1], (ratings.shape[0], 1))},
        "item_knn": {f"{n} neighbours": _item_knn(n) for n in (20, 50, 100, 200)},
        "user_knn": {f"{n} neighbours": _user_knn(n) for n in (20, 50, 100, 200)},
        "als": {
            f"{f} factors, alpha {a}, regularization {r}": _als(f, a, r)
            for f, a, r in itertools.product((32, 64), (5, 10, 20), (10, 20, 40))
        },
    }


def _item_knn(neighbours: int) -> Make:
    return lambda ratings: (ratings @ item_item(ratings, neighbours)).toarray()


def _user_knn(neighbours: int) -> Make:
    return lambda ratings: (item_item(sparse.csr_matrix(ratings.T), neighbours) @ ratings).toarray()


def _als(factors: int, alpha: float, regularization: float) -> Make:
    def scores(ratings: sparse.csr_matrix) -> F32:
        users, items = (np.array([f"{code:06d}" for code in range(n)]) for n in ratings.shape)
        config = ALSConfig(factors=factors, alpha=alpha, regularization=regularization, iterations=8)
        model = ALS.fit(config, ratings, users, items)
        return model.user_factors @ model.item_factors.T

    return scores


def ranked(scores: F32, ratings: sparse.csr_matrix) -> tuple[NDArray[np.int32], F32]:
    """(codes, scores), each (U, DEPTH), of the best items that a user has not rated before."""
    scores = scores.astype(np.float32)
    scores[ratings.nonzero()] = -np.inf
    return rank_scores(scores, DEPTH)


def ndcg_of(codes: NDArray[np.int32], truth: sparse.csr_matrix) -> F64:
    test_users = np.flatnonzero(np.diff(truth.indptr))
    return score_lists(codes[test_users, :K], truth[test_users], K)[NDCG]


def choose(data: Ratings) -> tuple[dict[str, str], dict[str, float]]:
    """(model -> its settings in words, model -> its weight in the blend), by ndcg on the validation part."""
    training, truth = data.train, data.validation
    chosen, parts = {}, []
    for name, settings in choices().items():
        with progress(f"choose {name}"):
            scores = {words: make(training) for words, make in settings.items()}
            ndcg_by_settings = {
                words: float(ndcg_of(ranked(scores_of_settings, training)[0], truth).mean())
                for words, scores_of_settings in scores.items()
            }
        chosen[name] = max(ndcg_by_settings, key=ndcg_by_settings.__getitem__)
        print(f"validation {NDCG} {name}: {ndcg_by_settings[chosen[name]]:.4f} {chosen[name]}", flush=True)
        parts.append(standardise(scores[chosen[name]]))

    def judge(weights: F64) -> float:
        return float(ndcg_of(ranked(weighted_sum(parts, list(weights)), training)[0], truth).mean())

    with progress("choose the blend"):
        weights, best = choose_weights(len(parts), judge)
    print(f"validation {NDCG} blend: {best:.4f}", flush=True)
    return chosen, dict(zip(chosen, weights.tolist(), strict=True))


def fit(
    data: Ratings, training: sparse.csr_matrix, chosen: dict[str, str], weights: dict[str, float]
) -> dict[str, Any]:
    """Model -> (codes, scores, seconds), the blend among them."""
    scores, seconds = {}, {}
    for name in each("fitting", chosen, "models"):
        words = chosen[name]
        started = time.perf_counter()
        scores[name] = choices()[name][words](training)
        seconds[name] = time.perf_counter() - started
    scores["blend"] = weighted_sum([standardise(scores[name]) for name in chosen], list(weights.values()))
    seconds["blend"] = sum(seconds[name] for name, weight in weights.items() if weight)
    return {name: (*ranked(scores_of_model, training), seconds[name]) for name, scores_of_model in scores.items()}


def gap(values: F64, is_man: NDArray[np.bool_], activity: F64) -> dict[str, float]:
    """ndcg of men and women, men minus women with a 95 % interval, and the same as if both were equally active."""
    group = is_man.astype(np.int64)
    count, total, squares = (np.bincount(group, weight, 2) for weight in (None, values, values**2))
    mean, low, _ = mean_interval(count.astype(float), total, squares)
    women, men = matched_means(values, group, activity_bands(activity, BANDS), 2)
    figures = {"women": float(mean[0]), "men": float(mean[1])}
    for name, (men_mean, women_mean, reach) in {
        "gap": (mean[1], mean[0], np.hypot(*(mean - low))),
        "matched_gap": (men.mean, women.mean, np.hypot(men.mean - men.low, women.mean - women.low)),
    }.items():
        figures |= {name: float(men_mean - women_mean), f"{name}_low": float(men_mean - women_mean - reach)}
        figures |= {f"{name}_high": float(men_mean - women_mean + reach)}
    return {name: round(value, 5) for name, value in figures.items()}


def curve(codes: NDArray[np.int32], scores: F32, truth: sparse.csr_matrix, ratings: F64) -> list[dict[str, Any]]:
    """For each bonus: ndcg, exposure of the less rated half and of all but the most rated fifth, coverage, Gini; then,
    relative to the first bonus, the change of ndcg and the factor of the tail exposure. ratings (I,): number of each
    item's earlier ratings."""
    tail, beyond = tail_of(ratings), tail_of(ratings, 0.8)
    rows: list[dict[str, Any]] = []
    for bonus in BONUSES:
        started = time.perf_counter()
        lists, _ = diversify(DiversityConfig(tail_bonus=bonus), codes, scores, K, tail=tail)
        seconds = time.perf_counter() - started
        exposure = exposure_of(lists, len(tail))
        row = {
            "bonus": bonus,
            "ndcg": float(ndcg_of(lists, truth).mean()),
            "tail_exposure": float(exposure[tail].sum() / exposure.sum()),
            "beyond_top_fifth": float(exposure[beyond].sum() / exposure.sum()),
            "coverage": float((exposure > 0).mean()),
            "gini": gini(exposure),
            "microseconds_per_user": seconds / len(lists) * 1e6,
        }
        first = rows[0] if rows else row
        row["ndcg_change"] = row["ndcg"] / first["ndcg"] - 1
        row["tail_times"] = row["tail_exposure"] / first["tail_exposure"] if first["tail_exposure"] else None
        rows.append(row)
    return rows


def chosen_bonus(rows: list[dict[str, Any]]) -> float:
    """The largest bonus such that neither it nor a smaller bonus loses more than MOST_LOST of ndcg."""
    affordable = itertools.takewhile(lambda row: row["ndcg_change"] >= -MOST_LOST, rows)
    return max(row["bonus"] for row in affordable)


def print_curve(title: str, rows: list[dict[str, Any]], bonus: float) -> None:
    head = ("bonus", "ndcg", "change", "tail", "times", "but top 20 %", "coverage", "gini")
    print(f"\n{title}\n" + "".join(f"{name:>13}" for name in head))
    for row in rows:
        times = "-" if row["tail_times"] is None else f"{row['tail_times']:.1f}"
        cells = [f"{row['bonus']:.2f}", f"{row['ndcg']:.4f}", f"{row['ndcg_change']:.2%}"]
        cells += [f"{row['tail_exposure']:.3%}", times, f"{row['beyond_top_fifth']:.2%}"]
        cells += [f"{row['coverage']:.1%}", f"{row['gini']:.3f}"]
        print("".join(f"{cell:>13}" for cell in cells) + (" *" if row["bonus"] == bonus else ""))


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value is None else round(value, 5) for name, value in row.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = read_movielens(parser.parse_args().data)
    is_man = data.gender == "M"
    pairs = [part.nnz for part in (data.train, data.validation, data.test)]
    print(
        f"{data.name}: {len(is_man):,} users, {int((~is_man).sum()):,} of them women; {data.train.shape[1]:,} items; "
        f"{pairs[0]:,} training, {pairs[1]:,} validation and {pairs[2]:,} test pairs"
    )
    chosen, weights = choose(data)
    ratings = np.asarray(data.train.sum(axis=0), np.float64).ravel()
    on_validation = fit(data, data.train, chosen, weights)
    best = max(on_validation, key=lambda name: float(ndcg_of(on_validation[name][0], data.validation).mean()))
    reranked = list(dict.fromkeys((best, "als")))
    bonus = {}
    for name in reranked:
        rows = curve(*on_validation[name][:2], data.validation, ratings)
        bonus[name] = chosen_bonus(rows)
        print_curve(f"validation: {name} re-ranked; * chosen", rows, bonus[name])

    training = sparse.csr_matrix(data.train + data.validation)
    ratings = np.asarray(training.sum(axis=0), np.float64).ravel()
    fitted = fit(data, training, chosen, weights)
    test_users = np.flatnonzero(np.diff(data.test.indptr))
    activity = np.diff(training.indptr)[test_users].astype(np.float64)
    measured, gaps, curves = {}, {}, {}
    for name, (codes, _, seconds) in fitted.items():
        values = ndcg_of(codes, data.test)
        gaps[name] = gap(values, is_man[test_users], activity)
        measured[name] = Measured({NDCG: values}, seconds, {"settings": chosen.get(name, weights), **gaps[name]})
    show(f"{data.name}, test", measured, best)
    print(f"\n{'men less women [95 %]':14}{'women':>21}{'men':>9}{'gap':>27}{'as if equally active':>27}")
    for name, row in gaps.items():
        cells = (f"{row[g]:+.4f} [{row[f'{g}_low']:+.4f}, {row[f'{g}_high']:+.4f}]" for g in ("gap", "matched_gap"))
        print(f"{name:26}{row['women']:>9.4f}{row['men']:>9.4f}" + "".join(f"{cell:>27}" for cell in cells))
    same = data.name == "MovieLens 1M"
    print(f"published for MovieLens 1M, {'the same data set' if same else 'NOT COMPARABLE: this is ' + data.name}:")
    for name, (ndcg, between) in PUBLISHED.items():
        print(f"  ({name}) ndcg {ndcg:.3f}, gap {between:.3f}")
    for name in reranked:
        rows = curve(*fitted[name][:2], data.test, ratings)
        print_curve(f"test: {name} re-ranked; * chosen on validation; tail: the less rated half", rows, bonus[name])
        curves[name] = {"chosen": bonus[name], "rows": [_rounded(row) for row in rows]}
    more = {"data": data.name, "comparable_with_published": same, "published": PUBLISHED, "reranked": curves}
    print_json(measured, best, more)


if __name__ == "__main__":
    main()
