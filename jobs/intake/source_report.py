"""Reports what a mapping makes of one input: kept and rejected rows, samples, nulls, event types, times.

A line with `!` must be corrected before the mapping can run; a person must check a line with `?`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.intake.source_checks import Finding, event_type_findings, findings
from jobs.intake.typed_rows import raw_columns
from jobs.intake.value_hints import clock_line, hints, untrusted_ids
from schemas.rejection_reasons import WITHOUT_LINES
from schemas.sources.mapping import Input, Source

MAX_REJECTED_SHARE = 0.05
_SAMPLES = 3
_WIDTH = 150


@dataclass(frozen=True)
class ReadInput:
    """The rows of one input that were read: `rows` as read_rows gives them; `is_whole`: these are all.

    `observed` has what was counted while reading: raw_rows and the tallies of the mapping.
    """

    spec: Input
    rows: pa.Table
    is_whole: bool
    observed: dict[str, Any]

    @property
    def kept(self) -> pa.Table:
        return self.rows.filter(pc.is_null(self.rows["reason"]))


def picture(source: Source) -> list[str]:
    """The mapping in a few lines: for each input, our columns and what fills them."""
    lines = [
        f"{source.name}: {source.doc.splitlines()[0] if source.doc else 'no doc'}",
        f"  times in {source.timezone}, days in {source.day_zone}",
    ]
    for spec in source.inputs:
        files = "the events" if spec.from_events else f"{', '.join(spec.files)} ({spec.format})"
        lines.append(f"  {spec.which} <- {files}")
        for column in spec.targets:
            if column.name in spec.columns:
                shown = spec.columns[column.name] + (" (hashed)" if column.name in spec.hashed else "")
            elif column.name in spec.constants:
                shown = f"always {spec.constants[column.name]!r}"
            elif column.name in spec.derived:
                shown = spec.derived[column.name] + (" (hashed)" if column.name in spec.hashed else "")
            else:
                continue
            lines.append(f"    {column.name:16} <- {short(shown, 100)}")
        if spec.time:
            lines.append(f"    {'event_time':16} <- {short(spec.time.column or spec.time.sql or '', 100)}")
        lines += [f"    reject {name}: {short(sql, 100)}" for name, sql in spec.reject.items()]
    return lines


def report(read: ReadInput, source: Source, night: dt.date, files: list[dict[str, Any]]) -> Iterator[Finding]:
    """The lines about one input. The mapping can run if none of them is a fault."""
    spec, kept = read.spec, read.kept
    yield Finding(f"\n{spec.which}, night {night}")
    for file in files:
        size = f"{file['bytes']:,} bytes, {file['rows'] if file['rows'] is not None else '?'} rows"
        yield Finding(f"  {file['path']}: {size}, columns {short(', '.join(file['header']), 100)}")
    if spec.tallies and not spec.from_events:
        yield Finding(f"  tallies: { {name: read.observed[name] for name in spec.tallies} }")
    if read.rows.num_rows == 0:
        is_fault = spec.which == "events"
        yield Finding("  ! no rows: the --date is wrong, or the delivery is empty", is_fault)
        return
    yield from _reasons(read)
    yield from (Finding(f"  ! {line}", True) for line in untrusted_ids(read.rows, spec))
    yield from (Finding(f"  ? {line}") for line in hints(read.rows, spec, source))
    yield from (Finding(line) for line in clock_line(read.observed).splitlines())
    if kept.num_rows:
        yield from _columns(kept, spec)
        yield from findings(kept, spec, source, night)


def _reasons(read: ReadInput) -> Iterator[Finding]:
    """Kept and rejected rows with samples; a fault where our rules reject too many."""
    rows, spec = read.rows, read.spec
    counts = Counter(rows["reason"].to_pylist())
    kept = counts.pop(None, 0)
    which = "" if read.is_whole else "the first "
    yield Finding(f"  {which}{rows.num_rows:,} rows read = {kept:,} kept + {rows.num_rows - kept:,} rejected")
    for reason, count in counts.most_common():
        by_mapping = reason in spec.reject
        mark = " " if by_mapping or reason == WITHOUT_LINES else "!"
        yield Finding(f"  {mark} {reason}: {count:,}{' (by the mapping)' if by_mapping else ''}")
        samples = rows.filter(pc.equal(rows["reason"], reason)).slice(0, _SAMPLES)
        for row in samples.select(["source_file", "detail", "raw_row"]).to_pylist():
            detail = f"{row['detail']}; " if row["detail"] else ""
            yield Finding(f"      {row['source_file']}: {short(detail + row['raw_row'], _WIDTH)}")
    yield from event_type_findings(rows)
    if spec.each and counts[WITHOUT_LINES] == rows.num_rows:
        yield Finding(f"  ! no row has an element in '{spec.each.column}'; is the name of `each` right?", True)
    rejected = sum(
        rows_of_reason
        for reason, rows_of_reason in counts.items()
        if reason not in spec.reject and reason != WITHOUT_LINES
    )
    if rejected > MAX_REJECTED_SHARE * rows.num_rows:
        yield Finding(f"  ! {rejected / rows.num_rows:.1%} rejected, more than {MAX_REJECTED_SHARE:.0%}", True)


def _columns(kept: pa.Table, spec: Input) -> Iterator[Finding]:
    """The share of nulls of each mapped column, the event types, and the range of times."""
    mapped = {*spec.columns, *spec.derived}
    shares = {
        column.name: kept[column.name].null_count / kept.num_rows
        for column in raw_columns(spec.which)
        if column.name in mapped
    }
    yield Finding("  null: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))
    empty = [name for name, share in shares.items() if share == 1]
    if empty:
        yield Finding(f"  ! always null: {', '.join(empty)}; is the column's name or its SQL right?")
    if spec.which != "events":
        return
    types = Counter(kept["event_type"].to_pylist()).most_common()
    yield Finding("  event types: " + ", ".join(f"{name} {count:,}" for name, count in types))
    times = pc.min_max(kept["event_time"]).as_py()
    yield Finding(f"  times: {times['min']:%Y-%m-%d %H:%M:%S} to {times['max']:%Y-%m-%d %H:%M:%S} UTC")


def short(value: str | None, width: int) -> str:
    """The text on one line, cut to `width` characters."""
    flat = " ".join((value or "").split())
    return flat if len(flat) <= width else flat[: width - 3] + "..."
