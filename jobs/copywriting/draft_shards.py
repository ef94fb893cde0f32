"""A model on Spark's workers answers many prompts. A worker process reads the model once, onto its task's GPU.

Prompts are answered in shards of a fixed size, so that the number of workers changes the time and never the texts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
from pyspark import TaskContext

from jobs.copywriting.briefs import Brief
from jobs.runtime.night import Night
from jobs.runtime.progress import Progress

SHARD = 250  # prompts; within a shard, the network's composer avoids clauses that it has already used
_DDL = "shard long, texts array<array<string>>, tokens long, seconds double, problem string"
_ROW = pa.schema(
    [
        ("shard", pa.int64()),
        ("texts", pa.list_(pa.list_(pa.string()))),
        ("tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("problem", pa.string()),
    ]
)


class Answers(Protocol):
    """A model on a worker."""

    def write(
        self, prompts: Sequence[Any], candidates: int, seed: int, on_progress: Callable[[int, int], None] | None
    ) -> Sequence[Sequence[Any]]:
        """Candidates, each with a `text`, for every prompt; on_progress is called with (prompts done, tokens)."""


@dataclass(frozen=True)
class Work:
    """How prompts are answered. load: opens the model on a worker, and keeps it for the next shard.

    workers: processes that answer at the same time. at_once: shards that Spark gets at a time. pack: turns a shard into
    the object that is sent to the worker, which iterates over it.
    """

    load: Callable[[], Answers]
    candidates: int
    seed: int
    workers: int
    at_once: int
    pack: Callable[[Sequence[Any]], Iterable[Any]] = list


def texts_in_shards(night: Night, prompts: Mapping[Brief, Any], work: Work) -> Iterator[tuple[Brief, list[str]]]:
    """(brief, the texts of its candidates) of every prompt, in no particular order.

    Raises ValueError where the model cannot be read.
    """
    briefs = list(prompts)
    began, spent, tokens, count = time.monotonic(), 0.0, 0, 0
    with Progress("drafting", len(briefs), "briefs") as doing:
        for first in range(0, len(briefs), work.at_once * SHARD):
            wave = briefs[first : first + work.at_once * SHARD]
            shards = [wave[start : start + SHARD] for start in range(0, len(wave), SHARD)]
            for row in _rows_of(night, [[prompts[brief] for brief in shard] for shard in shards], work):
                if row["problem"]:
                    raise ValueError(row["problem"])
                yield from zip(shards[row["shard"]], row["texts"], strict=True)
                spent, tokens, count = (
                    spent + row["seconds"],
                    tokens + row["tokens"],
                    count + sum(map(len, row["texts"])),
                )
            rate = f"{tokens / (time.monotonic() - began):.0f} tokens/s"
            doing.at(first + len(wave), f"{rate}, {1000 * spent / max(1, count):.0f} worker-seconds a thousand texts")
    if briefs:
        night.log.info("%d briefs drafted: %s", len(briefs), doing.note)


def _rows_of(night: Night, shards: list[list[Any]], work: Work) -> list[dict[str, Any]]:
    """A row with the texts of each shard of prompts."""
    packed = night.spark.sparkContext.broadcast([work.pack(shard) for shard in shards])
    numbers = night.spark.range(0, len(shards), 1, min(work.workers, len(shards)))
    rows = numbers.mapInArrow(_answering(packed, work), _DDL).toArrow().to_pylist()
    packed.destroy()
    return list(rows)


def _answering(packed: Any, work: Work) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Function for mapInArrow: numbers of shards (column `id`) -> a row with the texts of each; packed: the broadcast
    shards.
    """

    def answer(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for shard in batch["id"].to_pylist():
                yield pa.RecordBatch.from_pylist([_answered(shard, list(packed.value[shard]))], _ROW)

    def _answered(shard: int, prompts: Sequence[Any]) -> dict[str, Any]:
        began, tokens = time.monotonic(), 0

        def count(_: int, so_far: int) -> None:
            nonlocal tokens
            tokens = so_far

        try:
            model = work.load()
        except (FileNotFoundError, ValueError) as problem:  # the driver raises it, without the worker's traceback
            return {"shard": shard, "texts": [], "tokens": 0, "seconds": 0.0, "problem": str(problem)}
        answers = model.write(prompts, work.candidates, work.seed, count)
        texts = [[candidate.text for candidate in answer] for answer in answers]
        return {"shard": shard, "texts": texts, "tokens": tokens, "seconds": time.monotonic() - began, "problem": None}

    return answer


def take_gpu() -> None:
    """Makes the GPU that Spark gave to this task the current one; does nothing where there is no GPU."""
    import torch

    if torch.cuda.is_available():
        task = TaskContext.get()
        gpu = task.resources().get("gpu") if task else None
        turn = task.partitionId() % torch.cuda.device_count() if task else 0
        torch.cuda.set_device(int(gpu.addresses[0]) if gpu else turn)
