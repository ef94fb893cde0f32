"""A brief, which says what a text is for; a draft, which is a text before it is checked; and their keys in tables."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

MODEL = "model"  # the source of all texts by models, and the wording of the network's texts
NETWORK, TUNED, PROMPTED, ENDPOINT = WRITERS = (
    "network",
    "tuned",
    "prompted",
    "endpoint",
)  # of the setting copy.writer
CARD = "card"  # the channel of lists
BLURB = "blurb"  # the channel of an item's own page, under its title
APPROVED = "approved"  # wording of texts that a person approved as they are


class Brief(NamedTuple):
    """What a text is for."""

    item_id: str
    strategy: str
    style: str
    channel: str
    language: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Brief:
        """The brief of a row of COPY, REJECTED_COPY or any other table with these columns."""
        return cls(*(row[name] for name in BRIEF))

    @property
    def key(self) -> str:
        """The brief as one string, equal to what `keys_of` returns for its rows."""
        return "\0".join(self)


BRIEF = list(Brief._fields)
GROUP = tuple(BRIEF[1:])  # wordings compete within these columns


def wording_of(writer: str) -> str:
    """The wording under which clicks on a writer's texts are counted."""
    return MODEL if writer == NETWORK else writer


class Draft(NamedTuple):
    """A text before it is checked. It has slots, unless a person approved it as it is. wording: clicks count for it."""

    text: str
    wording: str
    source: str


class Refused(NamedTuple):
    """A text that failed a check, and why; `text` is None where the brief itself has a problem."""

    text: str | None
    source: str
    reason: str
    detail: str


def in_turns(briefs: Sequence[Brief]) -> list[Brief]:
    """The first brief of each voice and language, then the second of each, and so on, otherwise in the same order.

    So a copywriter that drafts only some of a night's briefs soon writes for every voice and language.
    """
    before: Counter[tuple[str, str]] = Counter()
    turns = []
    for brief in briefs:
        turns.append(before[brief.style, brief.language])
        before[brief.style, brief.language] += 1
    return [brief for _, brief in sorted(zip(turns, briefs, strict=True), key=lambda pair: pair[0])]


def keys_of(table: pa.Table, names: Sequence[str] = BRIEF) -> pa.ChunkedArray:
    """The columns of each row joined into one string, to compare rows of different tables."""
    return pc.binary_join_element_wise(*[table[name] for name in names], "\0")


def is_usual(copy: pa.Table, texts_of: Callable[[str], int]) -> pa.Array:
    """Marks the rows of COPY that were not written only for an experiment; texts_of: channel -> texts of a brief."""
    channels = pc.unique(copy["channel"])
    most = pa.array([texts_of(channel) for channel in channels.to_pylist()], copy["variant"].type)
    return pc.less(copy["variant"], most.take(pc.index_in(copy["channel"], channels)))


def copy_id(brief: Brief, text: str) -> str:
    return hashlib.sha256("\0".join((*brief, text)).encode()).hexdigest()[:16]
