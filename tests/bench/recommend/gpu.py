"""`make bench-gpu`: trains the LSTM and ALS at a size that fills the machine, and compares them with its limit.

Sequences are simulated as arrays (Zipf's law over the items; a few likely followers for each item), since writing the
files of a shop with ten million users would take longer than training on them. With a GPU: 10 million users, 200,000
items, 128 dimensions, one epoch; without a GPU, a small run on the CPU, which says so.

The limit is the rate of a large matrix product in the type that training uses (bf16 on a GPU, float32 on a CPU),
measured in the same run. The FLOPs of an epoch are counted from the shapes: 3 products of 2 m n k each (one forward,
two backward) for the gates, the output layer and the sampled softmax, without embedding rows, dropout and Adam.
`to_cpu_quality` is the time that the device takes to rank held-out events as well as the CPU did after its epochs, on
the same small sequences. ALS is `implicit`'s solver on the CPU: seconds per iteration, and the share of the memory
bandwidth (measured by copying) that reading each user's and item's rows once per conjugate gradient step takes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse

from jobs.runtime.progress import progress
from models.core.sequences import Sequences
from models.recommenders.als import ALS, CG_STEPS, SETTLE_STEPS, ALSConfig
from models.recommenders.lstm import LSTM, LSTMConfig

FOLLOWERS, FOLLOWED = 4, 0.6  # likely followers of each item, and how often one of them follows
EVENTS = 20  # events of a user, on average
SMALL = (8_000, 5_000)  # users, items
LARGE = (10_000_000, 200_000)


def simulate(users: int, items: int, seed: int = 7) -> Sequences:
    """Sequences of 2 to 2 * EVENTS - 2 events each."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 2 * EVENTS - 1, users)
    popular = np.cumsum(1 / (np.arange(items) + 10.0))
    total = int(lengths.sum())

    def drawn(count: int) -> np.ndarray:
        return np.minimum(np.searchsorted(popular, rng.random(count) * popular[-1]), items - 1).astype(np.int32)

    followers = drawn(items * FOLLOWERS).reshape(items, FOLLOWERS)
    codes, follows = drawn(total), rng.random(total) < FOLLOWED
    which = rng.integers(0, FOLLOWERS, total)
    start = np.concatenate([[0], lengths.cumsum()])
    for step in range(1, int(lengths.max())):  # the n-th events of all users at once
        following = start[:-1][lengths > step] + step
        following = following[follows[following]]
        codes[following] = followers[codes[following - 1], which[following]]
    return Sequences(start, codes)


def matmul_rate(device: str, dtype: torch.dtype) -> float:
    """FLOP/s of a large product, the best of five."""
    n = 8192 if device == "cuda" else 2048
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    best = np.inf
    for _ in range(5):
        _wait(device)
        started = time.perf_counter()
        a @ b
        _wait(device)
        best = min(best, time.perf_counter() - started)
    return 2 * n**3 / best


def copy_rate(size: int = 2**28) -> float:
    """Bytes that the CPU reads and writes in a second, the best of three."""
    a, b = np.ones(size, np.uint8), np.empty(size, np.uint8)
    best = np.inf
    for _ in range(3):
        started = time.perf_counter()
        np.copyto(b, a)
        best = min(best, time.perf_counter() - started)
    return 2 * size / best


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def needed(config: LSTMConfig, events: int, items: int) -> float:
    """FLOPs of one epoch over `events` predicted events."""
    gates = 4 * config.hidden * (config.dim + config.hidden) * config.layers
    softmax = config.dim * (config.negatives if items > config.full_softmax_items else items)
    return 3 * 2.0 * events * (gates + config.hidden * config.dim + softmax)


def train(what: str, config: LSTMConfig, sequences: Sequences, items: int, until: float = np.inf) -> dict[str, float]:
    """Seconds, sequences/s and FLOP/s of the epochs, the best held-out gain, and seconds until it reached `until`."""
    started, ends, gains = time.perf_counter(), [], []

    def record(epoch: int, most: int, loss: float, gain: float) -> None:
        _wait("cuda" if torch.cuda.is_available() else "cpu")
        ends.append(time.perf_counter() - started)
        gains.append(gain)
        doing.at_step(epoch, most, f"loss {loss:.3f} nats, gain {gain:.4f}")

    ids = np.array([f"{code:09d}" for code in range(items)])
    with progress(what, unit="epochs", at_most=True) as doing:
        LSTM.fit(config, sequences, ids, report=record)
    events = int(np.maximum(sequences.lengths - 1, 0).sum())
    return {
        "seconds": ends[-1],
        "sequences_per_second": len(sequences.lengths) * len(ends) / ends[-1],
        "flops_per_second": needed(config, events, items) * len(ends) / ends[-1],
        "gain": max(gains),
        "reached": next((end for end, gain in zip(ends, gains, strict=True) if gain >= until), np.nan),
    }


def measure_als(users: int, items: int, factors: int, threads: int) -> dict[str, float]:
    sequences = simulate(users, items)
    ones = np.ones(len(sequences.codes), np.float32)
    matrix = sparse.csr_matrix((ones, sequences.codes, sequences.indptr), shape=(users, items))
    matrix.sum_duplicates()
    config = ALSConfig(factors=factors, iterations=2, threads=threads)
    started = time.perf_counter()
    ALS.fit(config, matrix, *(np.array([f"{code:09d}" for code in range(count)]) for count in (users, items)))
    seconds = time.perf_counter() - started
    # Each step of a row reads the factors of its positives once; there are two sides, and a last pass at the end.
    read = 2.0 * matrix.nnz * factors * 4 * (CG_STEPS * config.iterations + SETTLE_STEPS)
    passes = config.iterations + SETTLE_STEPS / CG_STEPS
    return {"seconds": seconds, "seconds_per_iteration": seconds / passes, "bytes_per_second": read / seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", 2)))
    threads = parser.parse_args().threads
    gpu = torch.cuda.is_available()
    device, dtype = ("cuda", torch.bfloat16) if gpu else ("cpu", torch.float32)
    chip = torch.cuda.get_device_name() if gpu else f"{_cpu_name()}, {threads} threads"
    torch.set_num_threads(threads)
    if not gpu:
        print("no GPU here: the same runs small, on the CPU")
    (users, items), dim = (LARGE, 128) if gpu else (SMALL, 64)
    with progress("the machine's own rates"):
        rate, bandwidth = matmul_rate(device, dtype), copy_rate()

    small = LSTMConfig(epochs=3, patience=3, threads=threads, device="cpu")
    sample = simulate(*SMALL)
    on_cpu = train(f"LSTM over {SMALL[0]:,} users on the CPU", small, sample, SMALL[1])
    if gpu:
        longer = dataclasses.replace(small, device="cuda", epochs=12, patience=12)
        reached = train(f"the same on {chip}", longer, sample, SMALL[1], on_cpu["gain"])["reached"]
        config = LSTMConfig(dim=dim, hidden=256, batch=4096, epochs=1, negatives=8192, threads=threads, device="cuda")
        with progress(f"simulating {users:,} users"):
            many = simulate(users, items)
        lstm = train(f"LSTM over {users:,} users on {chip}", config, many, items)
    else:
        config, lstm, reached = small, on_cpu, on_cpu["seconds"]
    with progress("ALS"):
        als = measure_als(min(users, 1_000_000), items, dim, threads)

    rows: dict[str, dict[str, Any]] = {
        "lstm": {
            "users": users,
            "items": items,
            "dim": config.dim,
            "sequences_per_second": round(lstm["sequences_per_second"], 1),
            f"share_of_{str(dtype).removeprefix('torch.')}_rate": round(lstm["flops_per_second"] / rate, 4),
            "seconds_to_cpu_quality": round(float(reached), 1),
            "gain": round(lstm["gain"], 4),
            "seconds": round(lstm["seconds"], 1),
        },
        "als": {
            "users": min(users, 1_000_000),
            "items": items,
            "factors": dim,
            "seconds_per_iteration": round(als["seconds_per_iteration"], 2),
            "share_of_bandwidth": round(als["bytes_per_second"] / bandwidth, 3),
            "seconds": round(als["seconds"], 1),
        },
    }
    print(f"\n{chip}: {rate / 1e9:,.0f} GFLOP/s in {dtype}, memory copies {bandwidth / 1e9:.1f} GB/s")
    for name, row in rows.items():
        print(f"{name:6}" + ", ".join(f"{what} {value:,}" for what, value in row.items()))
    facts = {
        "chip": chip,
        "gflops": round(rate / 1e9),
        "gigabytes_per_second": round(bandwidth / 1e9, 1),
        "small": not gpu,
    }
    print(json.dumps(rows | facts | {"small": not gpu}))


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
