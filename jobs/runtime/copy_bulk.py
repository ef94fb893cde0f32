"""Briefs in bulk: what last night wrote stays where nothing behind it has changed, and the rest is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.copy_goods import Goods
from jobs.runtime.copy_rules import Rules
from jobs.runtime.copy_slots import APPROVED, MODEL, Brief, Draft
from jobs.runtime.copy_writing import Refused, Writer, content_hash
from models.compliance import near_duplicates
from schemas.arrow import arrow_schema
from schemas.tables.copy import COPY, REJECTED_COPY

Drafts = Callable[[Sequence[Brief]], Sequence[Sequence[Draft]]]
_BRIEF = list(Brief._fields)
_SLICE = 2_000  # briefs that the copywriter is given at a time


def carried_over(
    before: pa.Table,
    briefs: Sequence[Brief],
    goods: Mapping[str, Goods],
    rules: Rules,
    shares: Mapping[tuple[str, str, str, str, str], float],
    model: str,
) -> tuple[pa.Table, list[Brief]]:
    """(rows of `before`, a COPY, that stand as they are; the briefs that are to be written).

    A brief stands as a whole or not at all: where one of its texts was blocked or retired, or another was approved,
    it is written again.
    """
    wanted = pa.array(["\0".join(brief) for brief in briefs], pa.string())
    expected = [content_hash(goods[b.item_id], b, rules.digest(*b[1:], model)) for b in briefs]
    keys = pc.binary_join_element_wise(*[before[name] for name in _BRIEF], "\0")
    at = pc.index_in(keys, wanted)
    same = pc.equal(before["content_hash"], pa.array(expected, pa.string()).take(at.combine_chunks()))
    stands = pc.and_(same.fill_null(False), pc.invert(_spoiled(before, rules, shares)))
    whole = pa.table({"key": keys, "stands": stands}).group_by("key").aggregate([("stands", "all")])
    whole = whole.filter(whole["stands_all"])["key"]
    approved = pa.array(["\0".join(brief) for brief in rules.review.approved], pa.string())
    settled = pc.is_in(keys, whole.combine_chunks())
    settled = pc.and_(settled, pc.or_(pc.invert(pc.is_in(keys, approved)), pc.equal(before["wording"], APPROVED)))
    kept = before.filter(settled)
    done = set(keys.filter(settled).to_pylist())
    return kept, [brief for brief, key in zip(briefs, wanted.to_pylist(), strict=True) if key not in done]


def _spoiled(before: pa.Table, rules: Rules, shares: Mapping[tuple[str, str, str, str, str], float]) -> pa.Array:
    """Rows that a person blocked, or whose wording retired."""
    retired = pa.array(["\0".join(arm) for arm, share in shares.items() if share <= 0], pa.string())
    arms = pc.binary_join_element_wise(*[before[name] for name in [*_BRIEF[1:], "wording"]], "\0")
    spoiled = pc.is_in(arms, retired)
    for what in ("copy_id", "wording", "item_id", "text"):
        values = pa.array([value for by, value in rules.review.blocked if by == what], pa.string())
        spoiled = pc.or_(spoiled, pc.is_in(before[what], values))
    return spoiled


def write_all(
    writer: Writer,
    briefs: Sequence[Brief],
    drafts: Drafts | None,
    kept: pa.Table,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[pa.Table, pa.Table]:
    """(COPY rows of `briefs`, REJECTED_COPY rows); `kept` is what stands already, which nothing new may repeat."""
    writer.remember(kept)
    rows: list[dict[str, Any]] = []
    refused: list[tuple[Brief, Refused]] = []
    began = time.monotonic()
    offered: dict[Brief, Sequence[Draft]] = {}
    for first in range(0, len(briefs), _SLICE):
        some = briefs[first : first + _SLICE]
        if drafts:
            offered.update(zip(some, drafts(some), strict=True))
        for brief in some:
            made, wrong = writer.write(brief, offered.get(brief, ()))
            rows += made
            refused += [(brief, one) for one in wrong]
        spent = time.monotonic() - began
        rate = len(rows) / max(spent, 1e-9)
        tell(f"{first + len(some)} of {len(briefs)} briefs, {len(rows)} texts, {rate:.0f} a second")
    rows, again = _without_duplicates(writer, rows, offered, kept)
    refused += again
    return copy_table(rows), rejected_table(refused)


def _without_duplicates(
    writer: Writer, rows: list[dict[str, Any]], offered: Mapping[Brief, Sequence[Draft]], kept: pa.Table
) -> tuple[list[dict[str, Any]], list[tuple[Brief, Refused]]]:
    """Briefs whose copywriter's text says nearly what another item's does are written again, without it.

    Templates are approved wordings: that two items have the same frame is meant.
    """
    new = [row for row in rows if row["source"] == MODEL]
    if not new:
        return rows, []
    old = kept.filter(pc.equal(kept["source"], MODEL)).select(["item_id", "text"]).to_pylist()
    both = [*old, *new]
    pairs = near_duplicates([row["text"] for row in both])
    late = {int(b) for a, b in pairs if both[int(a)]["item_id"] != both[int(b)]["item_id"] and int(b) >= len(old)}
    avoid: dict[Brief, set[str]] = {}
    for at in sorted(late):
        avoid.setdefault(_brief_of(both[at]), set()).add(both[at]["text"])
    kept_rows = [row for row in rows if _brief_of(row) not in avoid]
    refused = []
    for brief, texts in avoid.items():
        made, wrong = writer.write(brief, offered.get(brief, ()), frozenset(texts))
        kept_rows += made
        refused += [(brief, one) for one in wrong]
    return kept_rows, refused


def _brief_of(row: Mapping[str, Any]) -> Brief:
    return Brief(*(row[name] for name in _BRIEF))


def copy_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), arrow_schema(COPY))


def rejected_table(refused: Sequence[tuple[Brief, Refused]]) -> pa.Table:
    rows = [{**brief._asdict(), **one._asdict()} for brief, one in refused]
    return pa.Table.from_pylist(rows, arrow_schema(REJECTED_COPY))
