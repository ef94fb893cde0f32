"""Writes many briefs on Spark's workers, with the same result as one process.

No two items may have the same text, and items of one brand and kind often get one: of a million people's first texts,
99.7 % of those that another item already had were of the same brand and kind. So such items are written one after the
other, and a worker is told their earlier texts. It does not know what other workers write. So it notes each answer to
the question whether another item already has a text. Where the driver's answer is different, the driver writes the
brief again.
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
KnownTexts = Mapping[str, Mapping[str, str]]  # channel -> text -> the item that has it


def alike(item: ItemWords) -> int:
    """The same number for items of the same brand and kind."""
    return zlib.crc32("\0".join((*item.brands, "", *item.kinds)).encode())


class WrittenAhead(NamedTuple):
    """What a worker wrote. other_items: text -> the other item that had this text in the worker, or None."""

    written: Written
    other_items: Mapping[str, str | None]


class NotedTexts(SaidTexts):
    """Notes each answer to `other_item` until the next brief."""

    def __init__(self, known: KnownTexts) -> None:
        super().__init__()
        for channel, item_of in known.items():
            self._item_of[channel].update(item_of)
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
    groups = {item_id: alike(item) for item_id, item in inputs.items.items()}
    try:
        for first in range(0, len(briefs), WAVE):
            wave = briefs[first : first + WAVE]
            ahead = _written_ahead(night, shared, _shards(wave, drafts, said_texts, groups, workers))
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


class _Shard(NamedTuple):
    """What one worker writes, and the texts of like items that it must know."""

    briefs: Sequence[tuple[Brief, Sequence[Draft] | None]]
    known: KnownTexts


def _shards(
    wave: Sequence[Brief],
    drafts: Mapping[Brief, Sequence[Draft]],
    said_texts: SaidTexts,
    groups: Mapping[str, int],
    workers: int,
) -> list[_Shard]:
    """The wave in parts of the same size. groups: item_id -> the number that like items share."""
    size = -(-len(wave) // workers)
    shards = []
    for first in range(0, len(wave), size):
        part = wave[first : first + size]
        wanted = {groups[brief.item_id] for brief in part}
        shards.append(_Shard([(brief, drafts.get(brief)) for brief in part], said_texts.of_groups(wanted, groups)))
    return shards


def _written_ahead(night: Night, shared: Any, shards: list[_Shard]) -> dict[Brief, WrittenAhead]:
    write = functools.partial(_written, shared)
    return dict(night.spark.sparkContext.parallelize(shards, len(shards)).flatMap(write).collect())


def _written(shared: Any, shard: _Shard) -> Iterator[tuple[Brief, WrittenAhead]]:
    """The texts that one worker writes for its briefs; shared: the broadcast CopyInputs."""
    noted_texts = NotedTexts(shard.known)
    for brief, drafts in shard.briefs:
        noted_texts.noted = {}
        yield brief, WrittenAhead(usual_texts(shared.value, noted_texts, brief, drafts), noted_texts.noted)
