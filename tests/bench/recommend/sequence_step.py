"""A training step of the LSTM in a large catalogue: Adam over the rows of the step beside Adam over whole tables.

    python -m tests.bench.recommend.sequence_step [--items 100000] [--dim 128] [--threads 1] [--windows 8000]

Trains one epoch each way on the same made-up sequences, by turns, twice. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch

from jobs.runtime.progress import each
from models.core.sequences import Sequences
from models.recommenders import sequence_training
from models.recommenders.lstm import LSTMConfig, LSTMNet

LENGTHS = (4, 16)  # events of a sequence, at least and fewer than
WAYS = {"rows": 0, "whole tables": 10**9}  # way -> the catalogue from which on rows are written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--windows", type=int, default=8_000)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sequences = made_up(args.windows, args.items)
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for way in each("epochs", [*WAYS, *WAYS]):
        sequence_training.BY_ROWS = WAYS[way]
        milliseconds, loss = epoch(sequences, args.items, args.dim)
        times[way].append(milliseconds)
        print(f"{way:14}{milliseconds:>8.1f} CPU ms a step, loss {loss:.3f} nats", flush=True)
    best = {way: min(of_way) for way, of_way in times.items()}
    print(
        json.dumps(
            {way: round(value, 1) for way, value in best.items()} | {"ratio": best["whole tables"] / best["rows"]}
        )
    )


def made_up(windows: int, items: int) -> Sequences:
    """Sequences of items whose popularity falls with their rank."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(*LENGTHS, windows)
    popularity = (np.arange(items) + 10.0) ** -0.8
    codes = rng.choice(items, lengths.sum(), p=popularity / popularity.sum())
    return Sequences(np.concatenate([[0], lengths.cumsum()]), codes.astype(np.int32))


def epoch(sequences: Sequences, items: int, dim: int) -> tuple[float, float]:
    """(CPU milliseconds a step, mean loss in nats) of one epoch without held-out events."""
    config = LSTMConfig(dim=dim, hidden=2 * dim, epoch_steps=1)
    torch.manual_seed(config.seed)
    nothing = Sequences(np.zeros(1, np.int64), np.zeros(0, np.int32))
    trainer = sequence_training.Trainer(config, LSTMNet(config, items, 0, 0), sequences, nothing, 1)
    begin = time.process_time()
    (_, loss, _) = next(trainer.epochs())
    return 1000 * (time.process_time() - begin) / trainer.optimizer.steps, loss


if __name__ == "__main__":
    main()
