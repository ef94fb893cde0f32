"""Writes many briefs on Spark's workers, all of an item's on the same one; the texts are those that one process writes.

A worker does not know what the others write. So it notes what it was told of texts that another item may have, and the
driver writes a brief itself where its own texts say otherwise.
"""

from __future__ import annotations

import dataclasses
import functools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jobs.copywriting.briefs import Brief, Draft
from jobs.copywriting.writer import CopyInputs, SaidTexts, Written, usual_texts
from jobs.runtime.night import Night

WAVE = 20_000  # briefs that are written before the driver takes their texts, some 5 KB each: Spark refuses 1 GB


class WrittenAhead(NamedTuple):
    """What a worker wrote. others: text -> the other item that had it in the worker, or None."""

    written: Written
    others: Mapping[str, str | None]


class NotedTexts(SaidTexts):
    """Notes each answer to `other_item` until the next brief."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: dict[str, str | None] = {}

    def other_item(self, brief: Brief, text: str) -> str | None:
        self.noted[text] = super().other_item(brief, text)
        return self.noted[text]


def written_by_workers(
    night: Night, inputs: CopyInputs, said: SaidTexts, briefs: Sequence[Brief], drafts: Mapping[Brief, Sequence[Draft]]
) -> Iterator[Written]:
    """`usual_texts` of each brief, in order. said: the texts of the driver, which grow by those that are written."""
    workers = night.spark.sparkContext.defaultParallelism
    given = night.spark.sparkContext.broadcast(dataclasses.replace(inputs))  # a copy, without what it has worked out
    try:
        for first in range(0, len(briefs), WAVE):
            wave = briefs[first : first + WAVE]
            ahead = _written_ahead(night, given, workers, [(brief, drafts.get(brief)) for brief in wave])
            for brief in wave:
                written, others = ahead.pop(brief)
                if all(said.other_item(brief, text) == other for text, other in others.items()):
                    for row in written.rows:
                        said.add(brief, row["text"])
                    yield written
                else:
                    yield usual_texts(inputs, said, brief, drafts.get(brief))
    finally:
        given.destroy()


def _written_ahead(
    night: Night, given: Any, workers: int, wave: list[tuple[Brief, Sequence[Draft] | None]]
) -> dict[Brief, WrittenAhead]:
    shards: list[list[tuple[Brief, Sequence[Draft] | None]]] = [[] for _ in range(workers)]
    for one in wave:
        shards[zlib.crc32(one[0].item_id.encode()) % workers].append(one)
    write = functools.partial(_written, given)
    return dict(night.spark.sparkContext.parallelize(shards, workers).flatMap(write).collect())


def _written(given: Any, shard: Sequence[tuple[Brief, Sequence[Draft] | None]]) -> Iterator[tuple[Brief, WrittenAhead]]:
    """What one worker makes of its briefs; given: the broadcast CopyInputs."""
    said = NotedTexts()
    for brief, drafts in shard:
        said.noted = {}
        yield brief, WrittenAhead(usual_texts(given.value, said, brief, drafts), said.noted)
