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
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jobs.copywriting.briefs import Brief, Draft
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.writer import CopyInputs, SaidTexts, Written, usual_texts
from jobs.runtime.night import Night

WAVE = 20_000  # briefs that workers write before the driver collects them, about 5 KB each; Spark refuses 1 GB
KnownTexts = list[tuple[str, str, str]]  # (channel, text, the item that has it)


class WrittenAhead(NamedTuple):
    """What a worker wrote. other_items: text -> the other item that had this text in the worker, or None."""

    written: Written
    other_items: Mapping[str, str | None]


class NotedTexts(SaidTexts):
    """Notes each answer to `other_item` until the next brief."""

    def __init__(self, known: KnownTexts) -> None:
        super().__init__()
        for channel, text, item_id in known:
            self._item_of[channel].setdefault(text, item_id)
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
    known: dict[int, KnownTexts] = defaultdict(list)  # by group
    for channel, text, item_id in said_texts:
        if item_id in inputs.groups:
            known[inputs.groups[item_id]].append((channel, text, item_id))
    try:
        for first in range(0, len(briefs), WAVE):
            wave = briefs[first : first + WAVE]
            ahead = _written_ahead(night, shared, _shards(wave, drafts, known, inputs.groups, workers))
            for brief in wave:
                written, other_items = ahead.pop(brief)
                if all(
                    said_texts.other_item(brief, text, inputs.items) == item_id for text, item_id in other_items.items()
                ):
                    for row in written.rows:
                        said_texts.add(brief, row["text"])
                else:
                    written = usual_texts(inputs, said_texts, brief, drafts.get(brief))
                new = [(brief.channel, row["text"], brief.item_id) for row in written.rows]
                known[inputs.groups[brief.item_id]] += new
                yield written
    finally:
        shared.destroy()


class _Shard(NamedTuple):
    """What one worker writes, and the texts of like items that it must know."""

    briefs: Sequence[tuple[Brief, Sequence[Draft] | None]]
    known: KnownTexts


def _shards(
    wave: Sequence[Brief],
    drafts: Mapping[Brief, Sequence[Draft]],
    known: Mapping[int, KnownTexts],
    groups: Mapping[str, int],
    workers: int,
) -> list[_Shard]:
    """The wave in parts of the same size. known: by group, the texts of its items."""
    size = -(-len(wave) // workers)
    shards = []
    for first in range(0, len(wave), size):
        part = wave[first : first + size]
        of_part = dict.fromkeys(groups[brief.item_id] for brief in part)
        texts = [text for group in of_part for text in known.get(group, ())]
        shards.append(_Shard([(brief, drafts.get(brief)) for brief in part], texts))
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
