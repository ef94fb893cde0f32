"""Item cold start on held-out items: a GAN, a ridge regressor and content similarity.

python -m tests.bench.recommend.cold DATA [--seed 7 --threads 2]; `tests.bench.recommend.cold_split` reads and splits
the folder. ALS is fitted on warm items only and is the same in every row; the rows differ in the embeddings of cold
items. recall@20 / ndcg@20 over all items, without a user's training items: `cold` ranks only the test's cold items,
`warm` only the warm items, `mixed` both. Users without an item in training are left out, and counted.
The embeddings' length and the best model are chosen on the validation's cold items; the test is ranked once, last.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from jobs.runtime.progress import progress
from models.cold_start.cold_items import MODELS, ColdConfig, ColdItems
from models.cold_start.content import Content, ContentConfig
from models.cold_start.gan import GANConfig
from models.core.list_metrics import bootstrap_interval, refuse_overlap, score_lists
from models.core.top_k import F32, top_k
from models.recommenders.als import ALS, ALSConfig
from models.recommenders.baselines import popularity
from tests.bench.quality import SEED, Measured, report
from tests.bench.recommend.cold_split import Log, Split, read_log, split_log

K = 20
LENGTHS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)  # tried on the validation set, by `mixed`
Figures = NDArray[np.float64]
Rows = dict[str, Measured]
CITEULIKE = {
    "CiteULike, not these data: DropoutNet": {"cold_ndcg@20": 0.1199},
    "CiteULike, not these data: Heater": {"cold_ndcg@20": 0.1326, "mixed_ndcg@20": 0.0752},
    "CiteULike, not these data: GAR": {"cold_ndcg@20": 0.1260, "mixed_ndcg@20": 0.0955},
}


@dataclass(frozen=True)
class Places:
    """One model's users (U, E) and items (I, E): a score is their product."""

    users: F32
    items: F32


def als_config(threads: int) -> ALSConfig:
    """Chosen by ndcg@20 of warm validation pairs, on Amazon Beauty / H&M's week.

    64 factors, regularization 60, 5 iterations .0441/.0821; 10, 8 .0457/.0926; 10, 15 .0468/.1006;
    10, 8, alpha 100 .0457/.0901; 128 factors, 10, 8 .0510/.1116; 10, 10 .0514/.1149.
    """
    return ALSConfig(factors=128, regularization=10.0, alpha=60.0, iterations=10, threads=threads)


def fit_content(log: Log, split: Split) -> F32:
    """Content vectors (I, C) of all items; words, weights and axes come only from warm items."""
    warm = {name: [values[row] for row in np.flatnonzero(split.warm)] for name, values in log.columns.items()}
    return Content.fit(ContentConfig(), warm, log.item_ids[split.warm]).encode(log.columns, len(log.item_ids))


def make_places(log: Log, split: Split, threads: int) -> tuple[dict[str, Places], dict[str, float]]:
    """Each model's embeddings, those of cold items with length 1, and the seconds of each model without ALS."""
    user_ids, item_ids = (np.array([f"{code:09d}" for code in range(size)]) for size in split.train.shape)
    with progress("ALS on warm items"):
        als = ALS.fit(als_config(threads), split.train, user_ids, item_ids)
    with progress("content vectors") as content_timing:
        content = fit_content(log, split)
    bought = popularity(split.train)[1][:, None]
    places_of, seconds = {"popularity": Places(np.ones((log.users, 1), np.float32), bought)}, {"popularity": 0.0}
    for name in MODELS:
        config, gan = ColdConfig(model=name), GANConfig(threads=threads)
        with progress(name) as timing:
            items = ColdItems.fit(config, als.item_factors, content, gan)
            # A warm item without training pairs would be cold to the model; here all rows keep ALS's warm items.
            items.places[split.warm] = 0
            items.places[split.warm, : als.item_factors.shape[1]] = als.item_factors[split.warm]
            places_of[name] = Places(items.users(als.user_factors, split.train), items.places)
        seconds[name] = content_timing.seconds + timing.seconds
    return places_of, seconds


def at_length(places: Places, split: Split, length: float) -> Places:
    """The same, with scaled embeddings of cold items: lists of `cold` stay, lists of `mixed` change."""
    return replace(places, items=np.where(split.warm[:, None], places.items, places.items * np.float32(length)))


def measure(places: Places, split: Split, part: str, kind: str) -> dict[str, Figures]:
    """Each user's `kind`_recall@K and _ndcg@K on "cold", "warm" or "mixed" items; the truth is of "valid" or "test"."""
    chosen = {"cold": split.cold[part], "warm": split.warm, "mixed": split.warm | split.cold[part]}[kind]
    truth = sparse.csr_matrix(split.truth[part] @ sparse.diags(chosen.astype(np.float32)))
    truth.eliminate_zeros()
    truth.sort_indices()
    rows = np.flatnonzero((np.diff(truth.indptr) > 0) & (np.diff(split.train.indptr) > 0))
    if not len(rows):
        raise SystemExit(f"no user has both an item in training and a {kind} one in {part}: too few pairs to measure")
    training_pairs = split.train if part == "valid" else split.train + split.truth["valid"]
    refuse_overlap(training_pairs, truth)
    codes, _ = top_k(places.users[rows], places.items, min(K, len(chosen)), training_pairs[rows], chosen)
    codes = np.pad(codes, ((0, 0), (0, K - codes.shape[1])), constant_values=-1)
    figures = score_lists(codes, truth[rows], K)
    return {f"{kind}_{name}": figures[name] for name in (f"recall@{K}", f"ndcg@{K}")}


def choose(places_of: dict[str, Places], split: Split) -> tuple[dict[str, float], dict[str, float]]:
    """On the validation set: each model's length by ndcg of `mixed`, and its ndcg of `cold`."""
    lengths, cold = {}, {}
    for name, places in places_of.items():
        with progress(f"validation of {name}"):
            tried = LENGTHS if name in MODELS else (1.0,)
            mixed = [measure(at_length(places, split, length), split, "valid", "mixed") for length in tried]
            lengths[name] = tried[int(np.argmax([figures[f"mixed_ndcg@{K}"].mean() for figures in mixed]))]
            cold[name] = float(measure(places, split, "valid", "cold")[f"cold_ndcg@{K}"].mean())
    return lengths, cold


def test(places_of: dict[str, Places], split: Split, lengths: dict[str, float], seconds: dict[str, float]) -> Rows:
    """Runs the test, once, with the lengths chosen on the validation set."""
    rows = {}
    for name, places in places_of.items():
        with progress(f"test of {name}") as timing:
            scaled, values = at_length(places, split, lengths[name]), {}
            for kind in ("cold", "warm", "mixed"):
                values |= measure(scaled, split, "test", kind)
        rows[name] = Measured(values, seconds[name] + timing.seconds, {"length": lengths[name]})
    return rows


def print_differences(ndcg: dict[str, Figures], best: str) -> None:
    """The chosen model minus each other model, paired by user: the interval is much narrower than either model's."""
    for name in sorted(ndcg.keys() - {best}):
        mean, low, high = bootstrap_interval(ndcg[best] - ndcg[name], SEED)
        print(f"cold_ndcg@{K} of {best} above {name}, paired: {mean:+.4f} [{low:+.4f}, {high:+.4f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with progress(f"reading {args.data}"):
        log = read_log(args.data, args.seed)
        split = split_log(log, args.seed)
    places_of, seconds = make_places(log, split, args.threads)
    lengths, cold = choose(places_of, split)
    print(f"\nvalidation, cold_ndcg@{K}: " + ", ".join(f"{name} {value:.4f}" for name, value in cold.items()))
    rows = test(places_of, split, lengths, seconds)
    items = {"warm": split.warm} | {f"cold of {part}": mask for part, mask in split.cold.items()}
    counts = ", ".join(f"{int(mask.sum()):,} {name}" for name, mask in items.items())
    without = int((np.diff(split.train.indptr) == 0).sum())
    print(f"items: {counts}; {without:,} of {log.users:,} users have no item in training and are left out")
    users = {kind: len(rows["content"].values[f"{kind}_ndcg@{K}"]) for kind in ("cold", "warm", "mixed")}
    print("users measured: " + ", ".join(f"{count:,} {kind}" for kind, count in users.items()))
    best = max(cold, key=lambda name: cold[name])
    print_differences({name: row.values[f"cold_ndcg@{K}"] for name, row in rows.items()}, best)
    report(f"{args.data.name}: items held out whole", rows, best, CITEULIKE, {"valid_cold_ndcg@20": cold})


if __name__ == "__main__":
    main()
