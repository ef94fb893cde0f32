"""`make bench-compress`: what models gain from smaller numbers and bit masks, and how much quality they lose.

Each row is one way to make a model faster or smaller: the model before and after, and the same measure of quality for
both. Times are CPU seconds of one thread, the best of `--repeats`; both run in turns, since the machine may be shared.
The data are simulated sequences in which items have followers (as in `bench-gpu`); the last event of each user is held
out. `used`: whether nights use it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from jobs.runtime.progress import each, progress
from models.core.item_tiles import ItemTiles, multiplies_bf16
from models.core.sequences import Sequences
from models.core.top_k import F32, top_k
from models.ranking.candidate_sources import fit_als
from models.ranking.trees import Trees
from models.recommenders.als import ALSConfig
from models.recommenders.lstm import LSTM, LSTMConfig
from tests.bench.recommend.gpu import simulate

K = 10


@dataclass(frozen=True)
class Row:
    """what: the unit of `before` and `after`. quality: (before, after), by `measure`."""

    what: str
    unit: str
    before: float
    after: float
    measure: str
    quality: tuple[float, float]
    used: bool

    @property
    def times(self) -> float:
        return self.before / self.after


def cpu_seconds(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The least CPU time of each function; they run in turns."""
    best = dict.fromkeys(works, np.inf)
    for _ in range(repeats + 1):  # the first round compiles and fills caches, and is rarely the fastest
        for name, work in works.items():
            started = time.thread_time()
            work()
            best[name] = min(best[name], time.thread_time() - started)
    return best


def hits(codes: np.ndarray, held_out: np.ndarray) -> float:
    """hr@10: the share of users whose list contains their held-out event."""
    return float((codes == held_out[:, None]).any(axis=1).mean())


def of_trees(rows: int, repeats: int) -> Row:
    """A ranker of the usual size: 100 trees of 31 leaves over 55 features, by LightGBM and by `Trees`."""
    rng = np.random.default_rng(7)
    features = rng.standard_normal((rows, 55)).astype(np.float32)
    features[rng.random(features.shape) < 0.3] = np.nan
    target = np.nan_to_num(features[:, :9]).sum(axis=1) + rng.standard_normal(rows)
    settings = {"num_leaves": 31, "verbosity": -1, "num_threads": 1, "seed": 7}
    booster = lightgbm.train(settings, lightgbm.Dataset(features, target), 100)
    trees = Trees.parsed(booster.model_to_string())
    seconds = cpu_seconds(
        {"before": lambda: booster.predict(features, num_threads=1), "after": lambda: trees.scores(features)}, repeats
    )
    same = float((booster.predict(features, num_threads=1) == trees.scores(features)).mean())
    micro = {name: 1e6 * spent / rows for name, spent in seconds.items()}
    return Row("ranker's trees as bit masks", "us/row", *micro.values(), "scores equal to the bit", (1.0, same), True)


def of_products(users: int, items: int, repeats: int) -> Row:
    """Exact top-100 with float32 and with bfloat16 proposals."""
    rng = np.random.default_rng(7)
    user_rows, rows = (rng.standard_normal((n, 64), dtype=np.float32) for n in (users, items))
    tiles = {name: ItemTiles.of(rows, bf16=bf16) for name, bf16 in (("before", False), ("after", True))}
    lists: dict[str, Any] = {}

    def ranked(name: str) -> None:
        lists[name] = top_k(user_rows, tiles[name], 100, threads=1)

    wall = dict.fromkeys(tiles, np.inf)
    for _ in range(repeats + 1):
        for name in tiles:
            started = time.process_time()  # the products run in another thread
            ranked(name)
            wall[name] = min(wall[name], time.process_time() - started)
    same = float((lists["before"][0] == lists["after"][0]).mean())
    milli = {name: 1e3 * spent / users for name, spent in wall.items()}
    return Row("top-k proposed in bfloat16", "ms/user", *milli.values(), "places equal", (1.0, same), multiplies_bf16())


def of_lstm(sequences: Sequences, held_out: np.ndarray, item_ids: np.ndarray, repeats: int) -> Row:
    """Reading all sequences with the recurrent layers in float32 and in bfloat16."""
    config = LSTMConfig(epochs=3, epoch_steps=40, threads=1, device="cpu")
    model = LSTM.fit(config, sequences, item_ids)
    models = {
        "before": LSTM(replace(config, bf16=False), model.net, item_ids, model.attribute_ids),
        "after": LSTM(config, model.net, item_ids, model.attribute_ids),
    }
    seconds = cpu_seconds(
        {name: lambda network=network: network.encode(sequences) for name, network in models.items()}, repeats
    )
    hr = [hits(network.recommend(sequences, K)[0], held_out) for network in models.values()]
    micro = {name: 1e6 * spent / len(held_out) for name, spent in seconds.items()}
    return Row("LSTM reads in bfloat16", "us/user", *micro.values(), f"hr@{K}", (hr[0], hr[1]), multiplies_bf16())


def of_factors(sequences: Sequences, held_out: np.ndarray) -> Row:
    """ALS's item factors on disk as float32, and as int8 with a scale for each item."""
    interest = sequences.counts(int(sequences.codes.max()) + 1)
    model = fit_als(ALSConfig(threads=1), interest)
    scale, small = in_int8(model.item_factors)
    with tempfile.TemporaryDirectory() as folder:
        sizes = [
            _written(Path(folder) / "float.npz", items=model.item_factors),
            _written(Path(folder) / "int8.npz", items=small, scale=scale),
        ]
    hr = [
        hits(top_k(model.user_factors, items, K, threads=1)[0], held_out)
        for items in (model.item_factors, small * scale[:, None])
    ]
    return Row("item factors in int8 on disk", "MB", *(size / 1e6 for size in sizes), f"hr@{K}", (hr[0], hr[1]), False)


def in_int8(factors: F32) -> tuple[F32, np.ndarray]:
    """(scale (I,), rows (I, D) int8): rows times scale are the factors to 1/254 of each row's largest."""
    scale = np.abs(factors).max(axis=1) / 127
    safe = np.where(scale > 0, scale, 1)
    return scale.astype(np.float32), np.rint(factors / safe[:, None]).astype(np.int8)


def _written(path: Path, **arrays: np.ndarray) -> int:
    np.savez(path, **arrays)
    return path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("users", 6000), ("items", 3000), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    with progress("simulating sequences"):
        sequences = simulate(args.users, args.items)
    held_out, training = sequences.codes[sequences.indptr[1:] - 1], sequences.without_last()
    item_ids = np.array([f"{code:06d}" for code in range(args.items)])
    models: dict[str, Callable[[], Row]] = {
        "trees": lambda: of_trees(20_000, args.repeats),
        "products": lambda: of_products(2048, 50_000, args.repeats),
        "LSTM": lambda: of_lstm(training, held_out, item_ids, args.repeats),
        "factors": lambda: of_factors(training, held_out),
    }
    rows = [models[name]() for name in each("before and after", models, "models")]
    print(f"{'':32}{'before':>10}{'after':>10}{'times':>7}  {'quality before -> after':44}used")
    for row in rows:
        quality = f"{row.measure} {row.quality[0]:.4f} -> {row.quality[1]:.4f}"
        used = "yes" if row.used else "no"
        print(f"{row.what:32}{row.before:>10.3g}{row.after:>10.3g}{row.times:>7.2f}  {quality:44}{used:4}{row.unit}")
    print(json.dumps([{**vars(row), "times": round(row.times, 2)} for row in rows]))


if __name__ == "__main__":
    main()
