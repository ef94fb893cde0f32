"""Writes many briefs, and writes a brief again where two items got nearly the same text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.briefs import BRIEF, MODEL, Brief, Draft, Refused, keys_of
from jobs.copywriting.write_shards import written_by_workers
from jobs.copywriting.writer import CopyInputs, SaidTexts, Written, usual_texts
from jobs.runtime.night import Night
from jobs.runtime.progress import Progress
from models.compliance.checks import near_duplicates
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY, REJECTED_COPY

Rows = list[dict[str, Any]]
RefusedOfBrief = tuple[Brief, Refused]
SHARED_FROM = 10_000  # briefs; with fewer, the workers would take nearly as long just to read the words and rules
_IN_PART = 10_000  # rows that are held as dicts before they become part of a table


def write_all(
    inputs: CopyInputs,
    said_texts: SaidTexts,
    briefs: Sequence[Brief],
    drafts: Mapping[Brief, Sequence[Draft]],
    standing: pa.Table,
    night: Night | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Writes the usual texts of `briefs`: (rows of COPY, rows of REJECTED_COPY).

    drafts: the copywriter's, for each brief that it was asked to draft. standing: rows of COPY that stay; no new text
    may repeat them. night: its Spark workers write where there are many briefs; None: this process writes all briefs.
    """
    said_texts.remember(standing)
    briefs = sorted(briefs, key=lambda brief: inputs.groups[brief.item_id])  # workers write like items together
    if night is not None and len(briefs) >= SHARED_FROM and night.spark.sparkContext.defaultParallelism > 1:
        texts = written_by_workers(night, inputs, said_texts, briefs, drafts)
    else:
        texts = (usual_texts(inputs, said_texts, brief, drafts.get(brief)) for brief in briefs)
    copy, rejected = tables_of(inputs, briefs, texts)
    avoid = _near_duplicates(copy, standing)
    if not avoid:
        return copy, rejected
    copy = copy.filter(pc.invert(pc.is_in(keys_of(copy), pa.array([brief.key for brief in avoid], pa.string()))))
    rewritten = (
        usual_texts(inputs, said_texts, brief, drafts.get(brief), frozenset(texts)) for brief, texts in avoid.items()
    )
    more, in_vain = tables_of(inputs, [*avoid], rewritten)
    return pa.concat_tables([copy, more]), pa.concat_tables([rejected, in_vain])


def tables_of(inputs: CopyInputs, briefs: Sequence[Brief], texts: Iterable[Written]) -> tuple[pa.Table, pa.Table]:
    """(rows of COPY, rows of REJECTED_COPY) from the texts of each brief; shows the progress."""
    copy: list[pa.Table] = []
    rejected: list[pa.Table] = []
    rows: Rows = []
    refused: list[RefusedOfBrief] = []
    count = 0

    def put_away() -> None:  # as Python's objects, the rows of a large shop would take gigabytes
        copy.append(copy_table(rows))
        rejected.append(rejected_table(inputs, refused))
        rows.clear()
        refused.clear()

    with Progress("writing", len(briefs), "briefs") as doing:
        for brief, written in zip(briefs, texts, strict=True):
            rows += written.rows
            refused += [(brief, refusal) for refusal in written.refused]
            count += len(written.rows)
            doing.step(f"{count:,} texts")
            if len(rows) + len(refused) >= _IN_PART:
                put_away()
    put_away()
    return pa.concat_tables(copy), pa.concat_tables(rejected)


def _near_duplicates(copy: pa.Table, standing: pa.Table) -> dict[Brief, set[str]]:
    """By brief, the copywriter's new texts that say nearly the same as its text about another item.

    Texts from templates are not compared, since items may share a frame that a person approved.
    """
    new_rows = copy.filter(pc.equal(copy["source"], MODEL)).select([*BRIEF, "text"]).to_pylist()
    if not new_rows:
        return {}
    old_rows = standing.filter(pc.equal(standing["source"], MODEL)).select(["item_id", "text"]).to_pylist()
    rows = [*old_rows, *new_rows]
    pairs = [(int(first), int(second)) for first, second in near_duplicates([row["text"] for row in rows])]
    of_two_items = [(first, second) for first, second in pairs if rows[first]["item_id"] != rows[second]["item_id"]]
    avoid: dict[Brief, set[str]] = {}
    for row in sorted({second for _, second in of_two_items if second >= len(old_rows)}):
        avoid.setdefault(Brief.of(rows[row]), set()).add(rows[row]["text"])
    return avoid


def copy_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), arrow_schema(COPY))


def rejected_table(inputs: CopyInputs, refused: Sequence[RefusedOfBrief]) -> pa.Table:
    rows = [
        {**brief._asdict(), **refusal._asdict(), "content_hash": inputs.content_hash(brief)}
        for brief, refusal in refused
    ]
    return pa.Table.from_pylist(rows, arrow_schema(REJECTED_COPY))
