"""Spark SQL of values made from a whole row: its event id, its unmapped columns (`extra`), and its text (`raw_row`).

`types` maps the columns of the frame to Spark types; `shop_columns` does so for those that came in the shop's file.
"""

from __future__ import annotations

import re

from jobs.intake.column_paths import base, head, is_below, sharing
from jobs.intake.spark_scan import INTERNAL
from jobs.intake.sql_text import quoted, text
from jobs.intake.typed_values import line_hash
from schemas.sources.mapping import Input, Source

NO_TEXT = "CAST(NULL AS STRING)"


def event_id(spec: Input, shop_columns: dict[str, str]) -> str:
    """SQL of the mapping's id, else of a hash of the line. With `each`, lines of one row differ by their position."""
    line_sql, hashed = ("__line" if spec.format == "jsonl" else None), dict(shop_columns)
    if spec.format == "csv":
        hashed["__malformed"] = "string"
    if spec.each:
        line_sql = line_sql and f"concat({line_sql}, '#', coalesce(__position, 0))"
        hashed["__position"] = "int"
    by_content = line_hash(hashed, line_sql)
    if "event_id" not in {*spec.columns, *spec.derived}:
        return by_content
    mapped = spec.columns.get("event_id") or spec.derived["event_id"]
    is_of_the_element = spec.each is None or re.search(rf"(?<!\w){re.escape(spec.each.column)}(?!\w)", mapped)
    by_place = "" if is_of_the_element else "concat(__v_event_id, '#', __position), "
    return f"coalesce({by_place}__v_event_id, {by_content})"


def extra(spec: Input, source: Source, types: dict[str, str]) -> str:
    """SQL of the JSON of columns that the mapping does not name, without personal columns."""
    if spec.which == "users" or (spec.from_events and spec.which != "events"):
        return NO_TEXT
    named = _named(source, spec)
    if spec.format == "jsonl":
        return _extra_of_json(spec, named)
    element = spec.each.column.casefold() if spec.each else ""
    folded = {name.casefold() for name in named} - {element}  # an element's unmapped fields are kept
    unnamed = [
        column
        for column in types
        if column not in INTERNAL and column.casefold() != element and not is_below(column, folded)
    ]
    if not unnamed:
        return NO_TEXT
    return (
        f"nullif(to_json(named_struct({', '.join(f'{text(column)}, {quoted(column)}' for column in unnamed)})), '{{}}')"
    )


def _named(source: Source, spec: Input) -> set[str]:
    """The shop's columns and paths that this input, or an input made from it, names."""
    return {
        name
        for input_spec in sharing(source, spec.which)
        for name in (*input_spec.needed, *input_spec.sql_words, *input_spec.personal)
    }


def _extra_of_json(spec: Input, named: set[str]) -> str:
    """SQL of a line's keys that the mapping does not name, and of unnamed fields of objects with a named field."""
    outer = {base(name, spec.each) for name in named if "." in name}
    within = {name.rpartition(".")[0] for name in named if "." in name}
    known = {*named, *outer, *within, *(head(name) for name in outer)}
    names = ", ".join(map(text, sorted({name.lower() for name in known})))  # a key's case does not matter
    maps = ["from_json(__line, 'map<string,string>')"] + [
        f"transform_keys(coalesce(from_json({quoted(outer_name)}, 'map<string,string>'), map()), "
        f"(k, v) -> concat({text(outer_name + '.')}, k))"
        for outer_name in sorted(outer)
    ]
    is_unnamed = f"(k, v) -> lower(k) NOT IN ({names}) AND v IS NOT NULL"
    unnamed = ", ".join(f"map_filter({map_sql}, {is_unnamed})" for map_sql in maps)
    return f"nullif(to_json({f'map_concat({unnamed})' if outer else unnamed}), '{{}}')"


def raw_row(spec: Input, source: Source, shop_columns: dict[str, str]) -> str:
    """SQL of the JSON of the whole row as it came. Personal columns are masked, and a user's unmapped columns too.

    A column is masked in an event, too, if only the users that are made of the events call it personal.
    """
    masked = {column.casefold() for shared in (spec, *sharing(source, spec.which)) for column in shared.masked}
    if spec.which == "users":
        words = {word.casefold() for word in (*spec.needed, *spec.sql_words)}
        masked |= {column.casefold() for column in shop_columns if not is_below(column, words)}
    fields = (
        f"{text(column)}, "
        + (
            f"CASE WHEN {quoted(column)} IS NULL THEN NULL ELSE '***' END"
            if is_below(column, masked)
            else quoted(column)
        )
        for column in (*shop_columns, *(["__position"] if spec.each else []))
    )
    row_json = f"to_json(named_struct({', '.join(fields)}), map('ignoreNullFields', 'false'))"
    if spec.format == "parquet":
        return row_json
    line = "__line" if spec.format == "jsonl" else "__malformed"
    broken = line
    if masked:
        broken = f"concat(char_length({line}), ' characters, not shown: this input has personal columns')"
    if spec.format == "jsonl" and not masked:
        position = "'{\"position\":', coalesce(__position, 'null'), ',\"row\":', __line, '}'"
        row_json = f"concat({position})" if spec.each else "__line"
    return f"CASE WHEN __malformed IS NULL THEN {row_json} ELSE to_json(named_struct('line', {broken})) END"
