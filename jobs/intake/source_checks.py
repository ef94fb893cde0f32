"""Finds faults of a mapping in the kept rows: constant columns, wrong times, repeated events, ids that do not join."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.intake.source_words import event_type_of
from jobs.runtime.shop_days import ShopDays
from schemas.sources.mapping import Input, Source

_FEW = 20  # with fewer rows, one value in all of them means nothing
_MAX_SHARE = 0.05  # of rows with a fault; if the share is smaller, a person must decide
_MIN_JOINED = 0.9  # share of the ids
_SAW = re.compile(r"event_type: saw '(.*)'", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """A line to print; `is_fault`: the mapping cannot run because of it."""

    line: str
    is_fault: bool = False


def findings(kept: pa.Table, spec: Input, source: Source, night: dt.date) -> Iterator[Finding]:
    """All findings about the kept rows of one input."""
    yield from _constants(kept, spec)
    if spec.which == "events":
        if spec.is_dated:
            yield from _outside_the_night(kept, source, night)
        yield from _repeated_ids(kept, spec)
        yield from _written_twice(kept, spec)


def event_type_findings(rows: pa.Table) -> Iterator[Finding]:
    """Event types that the mapping does not know, with a line of TOML for those that we can translate."""
    if "detail" not in rows.column_names:
        return
    unknown = rows.filter(pc.equal(rows["reason"], "unknown_event_type"))["detail"].to_pylist()
    types = Counter(match[1] for detail in unknown if (match := _SAW.fullmatch(detail or "")))
    if not types:
        return
    yield Finding("    not mapped: " + ", ".join(f"{name} {count:,}" for name, count in types.most_common(12)))
    guessed = {name: our_type for name in types if (our_type := event_type_of(name))}
    if guessed:
        pairs = ", ".join(f'"{name}" = "{our_type}"' for name, our_type in guessed.items())
        yield Finding(f"    add to the mapping: event_types = {{ {pairs} }}")


def _constants(kept: pa.Table, spec: Input) -> Iterator[Finding]:
    usual = {"currency": None, "event_type": None, "quantity": 1.0, "is_active": True, "is_replenishable": None}
    for name in (*spec.columns, *spec.derived):
        if kept.num_rows < _FEW or name not in kept.column_names or name in spec.hashed:
            continue
        values = pc.unique(kept[name].drop_null())
        if len(values) != 1 or (name in usual and usual[name] in (None, values[0].as_py())):
            continue
        yield Finding(f"  ? {name}: every value is '{values[0]}'; is it the right column?")


def _outside_the_night(kept: pa.Table, source: Source, night: dt.date) -> Iterator[Finding]:
    """Times outside the night's day, both in UTC and in the shop's zone."""
    zones_days = [ShopDays(zone) for zone in ("UTC", source.timezone)]
    first, last = min(days.start(night) for days in zones_days), max(days.end(night) for days in zones_days)
    kind = kept["event_time"].type
    bounds = [pa.scalar(moment if kind.tz else moment.replace(tzinfo=None), kind) for moment in (first, last)]
    rows_before = pc.sum(pc.less(kept["event_time"], bounds[0])).as_py() or 0
    rows_after = pc.sum(pc.greater_equal(kept["event_time"], bounds[1])).as_py() or 0
    if rows_before or rows_after:
        yield Finding(
            f"  ? {rows_before + rows_after:,} of {kept.num_rows:,} times lie outside the night {night} "
            f"({rows_before:,} before, {rows_after:,} after); is the date in the file's name the day of the events, "
            "and are zone and unit right?"
        )


def _repeated_ids(kept: pa.Table, spec: Input) -> Iterator[Finding]:
    """Rows with the same visitor and event_id but different content. All but one would be rejected as duplicates."""
    if "event_id" not in {*spec.columns, *spec.derived}:
        return
    id_columns = ["event_id", *(name for name in ("user_id", "visitor_id") if name in kept.column_names)]
    rows = kept.select([*dict.fromkeys([*id_columns, "item_id", "event_type", "quantity", "price"])])
    distinct = rows.group_by(rows.column_names).aggregate([])
    rows_lost = distinct.num_rows - distinct.group_by(id_columns).aggregate([]).num_rows
    if rows_lost:
        is_fault = rows_lost > _MAX_SHARE * kept.num_rows
        yield Finding(
            f"  {'!' if is_fault else '?'} event_id: {rows_lost:,} rows repeat the id of another row and differ from "
            "it in item, type, quantity or price: they would be duplicates. Is it the id of an order, not of a line?",
            is_fault,
        )


def _written_twice(kept: pa.Table, spec: Input) -> Iterator[Finding]:
    """Rows whose mapped columns are equal although their lines differ. Proposes an `event_id` that makes them one."""
    mapped = {*spec.columns, *spec.derived}
    if "event_id" in mapped or spec.each:
        return
    columns = [name for name in kept.column_names if name in {*mapped, "event_time", "event_type"}]
    alike = _more_lines_than_rows(kept, columns)
    alike_in_orders = 0
    if "order_id" in mapped:
        ordered = kept.filter(pc.is_valid(kept["order_id"]))
        alike_in_orders = _more_lines_than_rows(ordered, [name for name in columns if name != "event_time"])
    if alike or alike_in_orders:
        agreeing = (
            "all mapped columns" if alike >= alike_in_orders else "all mapped columns but the time, within one order,"
        )
        yield Finding(
            f"  ? {max(alike, alike_in_orders):,} rows agree with another in {agreeing} and are written differently "
            "(10.50 and 10.5, or a column more): they count as two events. If they are one, add to [events.derived]:\n"
            f"      {proposed_event_id(spec)}"
        )


def _more_lines_than_rows(kept: pa.Table, columns: list[str]) -> int:
    """How many more distinct lines there are than distinct rows of these columns."""
    distinct_lines = kept.select([*columns, "event_id"]).group_by([*columns, "event_id"]).aggregate([])
    return int(distinct_lines.num_rows - distinct_lines.group_by(columns).aggregate([]).num_rows)


def proposed_event_id(spec: Input) -> str:
    """A line of TOML that makes an `event_id` of the shop's columns for order, visitor, type, item and time."""
    parts = []
    of_order = "order_id" in {*spec.columns, *spec.derived}
    visitor_columns = (
        [] if of_order else [name for name in ("user_id", "visitor_id") if name in {*spec.columns, *spec.derived}]
    )
    for name in ("order_id", *visitor_columns, "event_type", "item_id"):
        if name in spec.columns:
            parts.append(_as_sql(spec.columns[name]))
        elif name in spec.derived:
            parts.append(f"({spec.derived[name]})")
    if not of_order and spec.time:
        parts.append(_as_sql(spec.time.column) if spec.time.column else f"({spec.time.sql})")
    sql = f"concat_ws('/', {', '.join(parts)})"
    return "event_id = " + (f'"{sql}"' if '"' not in sql and "\\" not in sql else f"'''{sql}'''")


def _as_sql(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name) else f"`{name}`"


def join_findings(events: pa.Table, others: dict[str, tuple[pa.Table, bool]]) -> Iterator[Finding]:
    """How many ids of the events the item and user files have. others: input -> (kept rows, whether these are all)."""
    for which, key in (("items", "item_id"), ("users", "user_id")):
        if which not in others or key not in events.column_names:
            continue
        rows, is_whole = others[which]
        ids = pc.unique(events[key].drop_null())
        if not is_whole:
            yield Finding(f"    {key}: not compared, since not all rows of {which} were read; raise --rows")
            continue
        if not len(ids) or not rows.num_rows:
            continue
        joined = pc.sum(pc.is_in(ids, value_set=pc.unique(rows[key].drop_null()))).as_py()
        line = f"{joined:,} of {len(ids):,} different {key}s of the events ({joined / len(ids):.0%}) are in {which}"
        if joined == 0 and len(ids) >= _FEW:
            shown = f"'{ids[0]}' in the events, '{rows[key].drop_null()[0]}' in {which}"
            yield Finding(f"  ! {line}: {shown}; are they written in the same way?", True)
        else:
            yield Finding(f"  {' ' if joined >= _MIN_JOINED * len(ids) else '?'} {line}")
