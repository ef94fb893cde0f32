"""Many briefs written one after another, and what two items should not both say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.slots import MODEL, Brief, Draft
from jobs.copywriting.writer import Refused, Writer
from models.compliance.checks import near_duplicates
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY, REJECTED_COPY

_TOLD = 2_000  # briefs from one line of progress to the next


def write_all(
    writer: Writer,
    briefs: Sequence[Brief],
    drafts: Mapping[Brief, Sequence[Draft]],
    kept: pa.Table,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[pa.Table, pa.Table]:
    """(COPY rows of `briefs`, REJECTED_COPY rows); `drafts`: the copywriter's, of those that it was asked for; `kept`
    is what stands already, which nothing new may repeat."""
    writer.remember(kept)
    rows: list[dict[str, Any]] = []
    refused: list[tuple[Brief, Refused]] = []
    began = time.monotonic()
    for at, brief in enumerate(briefs, 1):
        made, wrong = writer.write(brief, drafts.get(brief))
        rows += made
        refused += [(brief, one) for one in wrong]
        if at % _TOLD == 0 or at == len(briefs):
            rate = len(rows) / max(time.monotonic() - began, 1e-9)
            tell(f"{at} of {len(briefs)} briefs, {len(rows)} texts, {rate:.0f} a second")
    rows, again = _without_duplicates(writer, rows, drafts, kept)
    refused += again
    return copy_table(rows), rejected_table(writer, refused)


def _without_duplicates(
    writer: Writer, rows: list[dict[str, Any]], drafts: Mapping[Brief, Sequence[Draft]], kept: pa.Table
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
        avoid.setdefault(Brief.of(both[at]), set()).add(both[at]["text"])
    kept_rows = [row for row in rows if Brief.of(row) not in avoid]
    refused = []
    for brief, texts in avoid.items():
        made, wrong = writer.write(brief, drafts.get(brief), frozenset(texts))
        kept_rows += made
        refused += [(brief, one) for one in wrong]
    return kept_rows, refused


def copy_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), arrow_schema(COPY))


def rejected_table(writer: Writer, refused: Sequence[tuple[Brief, Refused]]) -> pa.Table:
    rows = [{**brief._asdict(), **one._asdict(), "content_hash": writer.content_hash(brief)} for brief, one in refused]
    return pa.Table.from_pylist(rows, arrow_schema(REJECTED_COPY))
