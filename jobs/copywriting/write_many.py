"""Writes many briefs one after another, and writes again where two items got nearly the same text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.briefs import MODEL, Brief, Draft, Refused
from jobs.copywriting.writer import CopyInputs, SaidTexts, Written, usual_texts
from jobs.runtime.progress import Progress
from models.compliance.checks import near_duplicates
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY, REJECTED_COPY

Rows = list[dict[str, Any]]
RefusedOfBrief = tuple[Brief, Refused]


def write_all(
    inputs: CopyInputs,
    said: SaidTexts,
    briefs: Sequence[Brief],
    drafts: Mapping[Brief, Sequence[Draft]],
    standing: pa.Table,
) -> tuple[pa.Table, pa.Table]:
    """Writes the usual texts of `briefs`: (rows of COPY, rows of REJECTED_COPY).

    drafts: the copywriter's, for each brief that it was asked for. standing: rows of COPY that stay, which no new text
    may repeat.
    """
    said.remember(standing)
    rows, refused = one_by_one(briefs, lambda brief: usual_texts(inputs, said, brief, drafts.get(brief)))
    avoid = _near_duplicates(rows, standing)
    rows = [row for row in rows if Brief.of(row) not in avoid]
    for brief, texts in avoid.items():
        written = usual_texts(inputs, said, brief, drafts.get(brief), frozenset(texts))
        rows += written.rows
        refused += [(brief, one) for one in written.refused]
    return copy_table(rows), rejected_table(inputs, refused)


def one_by_one(briefs: Sequence[Brief], write: Callable[[Brief], Written]) -> tuple[Rows, list[RefusedOfBrief]]:
    """Writes each brief with `write`, and says how far it is."""
    rows: Rows = []
    refused: list[RefusedOfBrief] = []
    with Progress("writing", len(briefs), "briefs") as doing:
        for brief in briefs:
            written = write(brief)
            rows += written.rows
            refused += [(brief, one) for one in written.refused]
            doing.step(f"{len(rows):,} texts")
    return rows, refused


def _near_duplicates(rows: Rows, standing: pa.Table) -> dict[Brief, set[str]]:
    """New texts of the copywriter that say nearly what its text about another item says, by brief.

    Texts from templates are not compared: two items are meant to share the frame that a person approved.
    """
    new = [row for row in rows if row["source"] == MODEL]
    if not new:
        return {}
    old = standing.filter(pc.equal(standing["source"], MODEL)).select(["item_id", "text"]).to_pylist()
    both = [*old, *new]
    pairs = [(int(first), int(second)) for first, second in near_duplicates([row["text"] for row in both])]
    of_two_items = [(first, second) for first, second in pairs if both[first]["item_id"] != both[second]["item_id"]]
    avoid: dict[Brief, set[str]] = {}
    for row in sorted({second for _, second in of_two_items if second >= len(old)}):
        avoid.setdefault(Brief.of(both[row]), set()).add(both[row]["text"])
    return avoid


def copy_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), arrow_schema(COPY))


def rejected_table(inputs: CopyInputs, refused: Sequence[RefusedOfBrief]) -> pa.Table:
    rows = [{**brief._asdict(), **one._asdict(), "content_hash": inputs.content_hash(brief)} for brief, one in refused]
    return pa.Table.from_pylist(rows, arrow_schema(REJECTED_COPY))
