"""Writes many briefs on Spark's workers, all briefs of an item on the same worker, with the same result as one process.

A worker does not know what other workers write. So it notes each answer to the question whether another item already
has a text. Where the driver's answer is different, the driver writes the brief again.
"""

from __future__ import annotations

import dataclasses
import functools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jobs.copywriting.briefs import Brief, Draft
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.writer import CopyInputs, SaidTexts, Written, usual_texts
from jobs.runtime.night import Night

WAVE = 20_000  # briefs that workers write before the driver collects them, about 5 KB each; Spark refuses 1 GB


class WrittenAhead(NamedTuple):
    """What a worker wrote. other_items: text -> the other item that had this text in the worker, or None."""

    written: Written
    other_items: Mapping[str, str | None]


class NotedTexts(SaidTexts):
    """Notes each answer to `other_item` until the next brief."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: dict[str, str | None] = {}

    def other_item(self, brief: Brief, text: str, items: Mapping[str, ItemWords]) -> str | None:
        self.noted[text] = super().other_item(brief, text, items)
        return self.noted[text]


def written_by_workers(
    night: Night,
    inputs: CopyInputs,
    said_texts: SaidTexts,
    briefs: Sequence[Brief],
    drafts: Mapping[Brief, Sequence[Draft]],
) -> Iterator[Written]:
    """`usual_texts` of each brief, in order. said_texts: the texts of the driver; the new texts are added to them."""
    workers = night.spark.sparkContext.defaultParallelism
    shared = night.spark.sparkContext.broadcast(dataclasses.replace(inputs))  # a copy, without its cached properties
    try:
        for first in range(0, len(briefs), WAVE):
            wave = briefs[first : first + WAVE]
            ahead = _written_ahead(night, shared, workers, [(brief, drafts.get(brief)) for brief in wave])
            for brief in wave:
                written, other_items = ahead.pop(brief)
                if all(
                    said_texts.other_item(brief, text, inputs.items) == item_id for text, item_id in other_items.items()
                ):
                    for row in written.rows:
                        said_texts.add(brief, row["text"])
                    yield written
                else:
                    yield usual_texts(inputs, said_texts, brief, drafts.get(brief))
    finally:
        shared.destroy()


def _written_ahead(
    night: Night, shared: Any, workers: int, wave: list[tuple[Brief, Sequence[Draft] | None]]
) -> dict[Brief, WrittenAhead]:
    shards: list[list[tuple[Brief, Sequence[Draft] | None]]] = [[] for _ in range(workers)]
    for brief_and_drafts in wave:
        shards[zlib.crc32(brief_and_drafts[0].item_id.encode()) % workers].append(brief_and_drafts)
    write = functools.partial(_written, shared)
    return dict(night.spark.sparkContext.parallelize(shards, workers).flatMap(write).collect())


def _written(
    shared: Any, shard: Sequence[tuple[Brief, Sequence[Draft] | None]]
) -> Iterator[tuple[Brief, WrittenAhead]]:
    """The texts that one worker writes for its briefs; shared: the broadcast CopyInputs."""
    noted_texts = NotedTexts()
    for brief, drafts in shard:
        noted_texts.noted = {}
        yield brief, WrittenAhead(usual_texts(shared.value, noted_texts, brief, drafts), noted_texts.noted)
