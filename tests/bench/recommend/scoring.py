"""`make bench-scoring USERS=1000000`: time and memory of fitting the sources and making the lists of a large shop.

A shop of USERS users and a fifth as many items, 20 events each, simulated as arrays (as in `bench-gpu`). Its sources
are fitted and stored. Two processes then make everybody's list of 18 from the mapped arrays, as Spark's workers do. The
ranker has the usual size and is fitted on random grades, since only its cost matters. Peak memory counts the driver and
both workers, shared pages once (`Pss`), without the page cache of the files.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing as mp
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from jobs.runtime.progress import progress, say
from models.core.shop_log import KINDS, ShopLog
from models.ranking.candidate_sources import Sources, SourcesConfig, fit_als
from models.ranking.candidates import ItemCandidates
from models.ranking.ranked_lists import candidates_for, rank_users
from models.ranking.ranker import Ranker, RankerConfig
from models.recommenders.als import ALSConfig
from tests.bench.process_family import INTERVAL, Family
from tests.bench.recommend.gpu import simulate

PLACES, BLOCK, DAYS = 18, 1024, 28
SHARES = (0.7, 0.05, 0.1, 0.15)  # shares of views, wishlist, cart, purchases


def large_shop(users: int, items: int) -> ShopLog:
    sequences = simulate(users, items)
    rng = np.random.default_rng(7)
    events = len(sequences.codes)
    user = np.repeat(np.arange(users, dtype=np.int32), sequences.lengths)
    time_of = rng.random(events) * DAYS
    order = np.lexsort((time_of, user))
    order = order[np.argsort(time_of[order], kind="stable")]
    price = np.exp(rng.standard_normal(items) + 3).astype(np.float32)
    kind = rng.choice(len(SHARES), events, p=SHARES)
    kind = np.array([KINDS.index(name) for name in ("view", "wishlist", "cart", "purchase")], np.int8)[kind]
    codes = sequences.codes
    attributes = {
        name: rng.integers(0, values, items).astype(np.int32) for name, values in (("category", 400), ("brand", 3000))
    }
    return ShopLog(
        user[order], codes[order], kind[order], time_of[order], price[codes[order]], users, items, attributes
    )


@contextmanager
def stage(name: str, stages: dict[str, dict[str, float]], family: Family) -> Iterator[None]:
    with progress(name):
        begin = time.time()
        yield
        end = time.time()
    time.sleep(2 * INTERVAL)  # until memory was sampled once more
    stages[name] = {"seconds": round(end - begin, 1), "peak_gib": round(family.taken(begin, end).peak_gib, 2)}
    say(f"{name}: at most {stages[name]['peak_gib']} GiB")


def stand_in(candidates: ItemCandidates, threads: int) -> Ranker:
    """A ranker of the usual size over these features, fitted on random grades."""
    luck = np.random.default_rng(7).random(len(candidates)) < 0.05
    config = RankerConfig(rounds=100, threads=threads)
    return Ranker.fit(config, [(candidates, luck.astype(np.int8))], (), config.rounds)


def score(folder: str, first: int, last: int) -> int:
    """Makes the lists of users first..last - 1 as a worker does. Returns the number of filled places."""
    sources, ranker = Sources.load(Path(folder) / "sources"), Ranker.load(Path(folder) / "ranker")
    filled = 0
    for low in range(first, last, BLOCK):
        users = np.arange(low, min(low + BLOCK, last))
        filled += int((rank_users(sources, ranker, users, PLACES).codes >= 0).sum())
    return filled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--scored", type=int, help="only so many users are given a list; default: all")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    items, workers = args.users // 5, args.workers
    scored = min(args.scored or args.users, args.users)
    stages: dict[str, dict[str, float]] = {}
    family = Family(os.getpid())
    config = SourcesConfig(als=ALSConfig(threads=workers))
    with tempfile.TemporaryDirectory() as folder:
        with stage("simulate", stages, family):
            log = large_shop(args.users, items)
        print(f"{args.users:,} users, {items:,} items, {len(log):,} events", flush=True)
        with stage("als", stages, family):
            long = log.interest(config.weights, config.long_half_life * 7, float(DAYS))
            model = fit_als(config.als, long)
            factors = model.user_factors, model.item_factors
            del long, model
        with stage("fit sources", stages, family):
            sources = Sources.fit(config, log, float(DAYS), 7.0, factors)
        fitted = {name: round(seconds, 1) for name, seconds in sources.seconds.items()}
        with stage("store", stages, family):
            sources.save(Path(folder) / "sources")
        with stage("ranker", stages, family):
            stand_in(candidates_for(sources, np.arange(500)), workers).save(Path(folder) / "ranker")
        del sources, log, factors
        with stage("score", stages, family), mp.get_context("spawn").Pool(workers) as pool:
            edges = np.linspace(0, scored, workers + 1).astype(int).tolist()
            filled = sum(pool.starmap(score, [(folder, *edge) for edge in itertools.pairwise(edges)]))
    print(f"\n{'stage':14}{'seconds':>10}{'peak GiB':>10}")
    for name, row in stages.items():
        print(f"{name:14}{row['seconds']:>10,.1f}{row['peak_gib']:>10.2f}")
    print("of fitting: " + ", ".join(f"{name} {seconds} s" for name, seconds in fitted.items()))
    rate = scored / max(stages["score"]["seconds"], 1e-9)
    print(f"{scored:,} lists, {filled / scored:.1f} places each, {rate:,.0f} users/s, {workers} processes")
    facts = {"users": args.users, "items": items, "scored": scored, "users_per_second": round(rate, 1), "fit": fitted}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"stages": stages, **facts, "driver_peak_gib_with_files": round(peak, 2)}))


if __name__ == "__main__":
    main()
