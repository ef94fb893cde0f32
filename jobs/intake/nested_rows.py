"""Flattens rows with objects and arrays: one row for each element, one column for each path that a mapping names."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import DataFrame

from jobs.intake.column_paths import base, paths
from jobs.intake.sql_text import quoted, text
from schemas.sources.mapping import Each, Input, MappingError, Source


def unfold(frame: DataFrame, source: Source, which: str, header: list[str]) -> DataFrame:
    """`frame` with one row for each element, where the input has `each`, and one column for each path it names."""
    spec = source.input(which)
    if spec.each:
        frame = _row_for_each_element(frame, spec, spec.each)
    wanted_paths = paths(source, which, header)
    if not wanted_paths:
        return frame
    kinds = dict(frame.dtypes)
    for outer in dict.fromkeys(base(path, spec.each) for path in wanted_paths):
        if kinds.get(outer, "").startswith("struct"):  # the struct's other fields go to `extra`
            wanted_paths += [f"{outer}.{name}" for name in frame.selectExpr(f"{quoted(outer)}.*").columns]
    columns = {name.casefold() for name in frame.columns}
    wanted_paths = list(
        {path.casefold(): path for path in reversed(wanted_paths) if path.casefold() not in columns}.values()
    )
    return frame.selectExpr("*", *(f"{_value(path, spec, kinds)} {quoted(path)}" for path in sorted(wanted_paths)))


def _row_for_each_element(frame: DataFrame, spec: Input, each: Each) -> DataFrame:
    """One row for each element. A row without elements stays one row, with a null element and `__position`."""
    kinds = dict(frame.dtypes)
    is_column = each.column.casefold() in {name.casefold() for name in frame.columns}
    value = quoted(each.column) if is_column else _value(each.column, replace(spec, each=None), kinds)
    kind = frame.selectExpr(f"{value} x").dtypes[0][1]
    if kind != "string" and not kind.startswith("array"):
        raise MappingError(
            f"[{spec.which}] each = '{each.column}' holds no array; it is {kind}: name the column of an array, or "
            "leave `each` out"
        )
    is_text = kind == "string"
    array = _array_of_text("__text", each) if is_text else "__text"
    opened = frame.selectExpr("*", f"{value} __text").selectExpr("*", f"{array} __array")
    broken = "CASE WHEN __array IS NULL THEN nullif(trim(__text), '') END" if is_text else "CAST(NULL AS STRING)"
    rows = opened.selectExpr("*", f"{broken} __broken", "posexplode_outer(__array) AS (__place, __element)")
    other_columns = [
        f"coalesce(__malformed, __broken) {name}" if name == "__malformed" else quoted(name)
        for name in frame.columns
        if name.casefold() != each.column.casefold()
    ]
    return rows.selectExpr(*other_columns, f"__element {quoted(each.column)}", "__place + 1 AS __position")


def _array_of_text(value: str, each: Each) -> str:
    """SQL of the elements, as texts, of a JSON array in a text; a single object or number is one element."""
    if each.split is not None:
        return f"CASE WHEN trim({value}) = '' THEN array() ELSE split({value}, {text(_escaped(each.split))}) END"
    start = f"left(ltrim({value}), 1)"
    return (
        f"CASE WHEN {value} IS NULL OR trim({value}) IN ('', 'null') THEN array() "
        f"WHEN {start} = '[' THEN from_json({value}, 'array<string>') ELSE array({value}) END"
    )


def _escaped(separator: str) -> str:
    """`separator` as a Java regular expression that matches it literally."""
    return "".join(
        character if character.isalnum() or character in " \t" else f"\\{character}" for character in separator
    )


def _value(path: str, spec: Input, kinds: dict[str, str]) -> str:
    """SQL of the value at `path` below a column: a field of a struct, or the text of a value in JSON text."""
    outer = base(path, spec.each)
    fields = path[len(outer) + 1 :].split(".")
    below = ".".join(map(quoted, fields))
    if kinds.get(outer) != "string":
        return f"{quoted(outer)}.{below}"
    schema = "STRING"
    for name in reversed(fields):
        schema = f"STRUCT<{quoted(name)}: {schema}>"
    return f"from_json({quoted(outer)}, {text(schema)}).{below}"
