"""Answers the likely questions about each item on sale, in every language, from its row -> item_answers.

An item whose row has not changed since last night keeps its answers. If a template, word or rule changed, all items are
answered again. An item that is withdrawn has no answers.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.source_hashes import digest
from jobs.runtime.attributes import read_attributes
from jobs.runtime.night import Night, job_report
from jobs.service.item_facts import ITEM_COLUMNS, ItemFacts
from schemas.arrow import arrow_schema
from schemas.tables import ITEM_ANSWERS, ITEMS

_NULL = "\1"


def main(night: Night) -> None:
    if night.source.policies is None and night.source.questions is None:
        night.write_arrow(ITEM_ANSWERS, arrow_schema(ITEM_ANSWERS).empty_table())
        return
    items = night.versions(ITEMS).tonight().arrow(ITEM_COLUMNS)
    items = items.filter(items["is_active"]).combine_chunks()
    facts = ItemFacts.of(night)
    rules = facts.rules()
    unchanged = _unchanged(night, items, rules)
    kept_rows = _kept(night, unchanged)
    changed = items.filter(pc.invert(pc.is_in(items["item_id"], unchanged)))
    new = answers_about(changed, facts, night.valid_until("service"))
    night.write_arrow(ITEM_ANSWERS, pa.concat_tables([kept_rows, new]))
    made_from = night.version(ITEMS)
    night.report(
        items=items.num_rows, answered_anew=changed.num_rows, rules=rules, items_run=made_from.run,
        items_files=digest(*made_from.files),
    )  # fmt: skip


def answers_about(items: pa.Table, facts: ItemFacts, until: dt.datetime) -> pa.Table:
    """Rows of ITEM_ANSWERS for the items, which are given as rows of ITEM_COLUMNS."""
    columns: dict[str, list[Any]] = {name: [] for name in ITEM_ANSWERS.names}
    for item, attributes in zip(items.to_pylist(), read_attributes(items["attributes"].to_pylist()), strict=True):
        for language, wording in facts.wordings.items():
            for topic in wording.items.values():
                fact = facts.fact(item, attributes, topic, language)
                if fact:
                    values = (item["item_id"], topic.name, language, fact.answer, fact.column, fact.source_hash, until)
                    for name, value in zip(ITEM_ANSWERS.names, values, strict=True):
                        columns[name].append(value)
    return pa.table(columns, arrow_schema(ITEM_ANSWERS))


def _unchanged(night: Night, items: pa.Table, rules: str) -> pa.Array:
    """Ids of items whose row and rules have not changed since last night's answers.

    The row is compared with the one that these answers were made from: if that night's items were made again but not
    its answers, the answers are still about the items before.
    """
    before = night.versions(ITEM_ANSWERS).previous().versions
    no_ids = pa.array([], pa.string())
    if not before:
        return no_ids
    day = dt.date.fromisoformat(before[0].date)
    facts = job_report(night.lake, day, before[0].run, "answer_items")
    made_from = night.lake.version(ITEMS, day, facts.get("items_run", ""))
    if facts.get("rules") != rules or made_from is None or digest(*made_from.files) != facts.get("items_files"):
        return no_ids
    last = night.versions(ITEMS).of([made_from]).arrow(ITEM_COLUMNS)
    return items.filter(pc.is_in(_rows(items), _rows(last)))["item_id"].combine_chunks()


def _rows(items: pa.Table) -> pa.ChunkedArray:
    """Each row as one text."""
    parts = [pc.fill_null(items[name].cast(pa.string()), _NULL) for name in ITEM_COLUMNS]
    return pc.binary_join_element_wise(*parts, "\0")


def _kept(night: Night, unchanged: pa.Array) -> pa.Table:
    if not len(unchanged):
        return arrow_schema(ITEM_ANSWERS).empty_table()
    rows = night.versions(ITEM_ANSWERS).previous().arrow()
    rows = rows.filter(pc.is_in(rows["item_id"], unchanged))
    until = arrow_schema(ITEM_ANSWERS).field("valid_until")
    index = rows.schema.get_field_index("valid_until")
    return rows.set_column(index, until, pa.repeat(pa.scalar(night.valid_until("service"), until.type), rows.num_rows))
