"""Exact top-k for every user, compared with implicit's and with the machine's sgemm rate, all measured in one run.

python -m tests.bench.recommend.topk [--users 8192 --items 100000 --dim 64 --k 100 --threads 2]
The last line is JSON. Rates are the best of `--repeats`; the three run in turns, since the machine may be shared.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from implicit.cpu.topk import topk as implicit_topk
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from jobs.runtime.progress import each, progress
from models.core.item_tiles import TILE
from models.core.top_k import ROWS, top_k

ANCHORS = {"implicit": 2_950, "FAISS exact": 7_944, "sgemm limit": 18_000}  # measured elsewhere, a 2-core machine
SEEN = 50  # items of each user that may not be in the user's list


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sgemm(users, items, threads: int) -> None:
    """Only the same matrix products, in the tiles of top_k, which were the fastest shape."""

    def lane(number: int) -> None:
        out = np.empty((ROWS, TILE), np.float32)
        for low in range(number * ROWS, len(users) - ROWS + 1, threads * ROWS):
            for start in range(0, len(items), TILE):
                tile = items[start : start + TILE]
                np.matmul(users[low : low + ROWS], tile.T, out=out[:, : len(tile)])

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        list(pool.map(lane, range(threads)))


def same_up_to_rounding(our_lists, their_lists) -> float:
    """The share of our items that are also in their lists, or whose scores are within rounding of their last score."""
    codes, scores = our_lists
    kin = (codes[:, :, None] == their_lists[0][:, None, :]).any(axis=2)
    return float((kin | (scores <= their_lists[1][:, -1:] * (1 + 1e-5))).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("users", 8192), ("items", 100_000), ("dim", 64), ("k", 100), ("threads", 2), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    users = rng.standard_normal((args.users, args.dim), dtype=np.float32)
    items = rng.standard_normal((args.items, args.dim), dtype=np.float32)
    columns = rng.integers(0, args.items, args.users * SEEN, dtype=np.int32)
    bought = csr_matrix(
        (np.ones(len(columns), np.float32), columns, np.arange(args.users + 1) * SEEN), shape=(args.users, args.items)
    )
    bought.sum_duplicates()

    sampled_users = slice(0, min(args.users, 2048))  # implicit's rate does not depend on the number of users
    lists = {}

    def ours() -> None:
        lists["ours"] = top_k(users, items, args.k, bought, threads=args.threads)

    def theirs() -> None:
        codes, scores = implicit_topk(
            items, users[sampled_users], args.k, filter_query_items=bought[sampled_users], num_threads=args.threads
        )
        lists["implicit"] = codes, scores

    works = {"ours": ours, "implicit": theirs, "sgemm": lambda: sgemm(users, items, args.threads)}
    users_counted = {"ours": args.users, "implicit": sampled_users.stop, "sgemm": args.users // ROWS * ROWS}
    best = dict.fromkeys(works, 0.0)
    for _ in each("ours, implicit and sgemm by turns", range(args.repeats), "rounds", None):
        for name, work in works.items():
            best[name] = max(best[name], users_counted[name] / seconds(work))

    with progress("comparing the places"):
        agreed = same_up_to_rounding([part[sampled_users] for part in lists["ours"]], lists["implicit"])
    print(f"exact top-{args.k} of {args.items:,} items x {args.dim} dims, {SEEN} seen each, {args.threads} threads")
    print(f"{'':24}{'users/s':>10}")
    for name, rate in best.items():
        print(f"{name:24}{rate:10,.0f}")
    for name, rate in ANCHORS.items():
        print(f"{name + ' (elsewhere)':24}{rate:10,.0f}")
    gflops = best["sgemm"] * 2 * args.items * args.dim / 1e9
    print(f"sgemm {gflops:.0f} GFLOP/s; {agreed:.4%} of our places agree with implicit's up to rounding")
    result = {
        "users_per_s": round(best["ours"]),
        "implicit_users_per_s": round(best["implicit"]),
        "ratio": round(best["ours"] / best["implicit"], 2),
        "gemm_share": round(best["ours"] / best["sgemm"], 3),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
