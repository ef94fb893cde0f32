"""Paths to columns inside columns: `customer.id`, or `line_items.sku` of each element of an array.

A path that a mapping names becomes one column with the path as its name, from Parquet and from JSON alike. After
reading, no code needs to know that the row was nested. In text files, also in CSV, an object is JSON text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jobs.intake.file_facts import DropError, FileFacts
from schemas.sources.mapping import Each, Input, Source, with_paths


def missing_columns(facts: FileFacts, spec: Input) -> list[str]:
    """Columns and paths that the mapping names and the file lacks. Paths below a text column are not checked here."""
    known_names = {name.casefold() for name in (*facts.header, *facts.paths)}
    may_lie_below = {name.casefold() for name in facts.header} if spec.format != "parquet" else set()
    return [
        name
        for name in spec.needed
        if name.casefold() not in known_names and not ("." in name and head(name).casefold() in may_lie_below)
    ]


def refuse_arrays(facts: FileFacts, spec: Input, path: str) -> None:
    """Raises DropError where a mapped column lies in an array that no `each` opens, or where `each` names no array."""
    known_names = {name.casefold() for name in (*facts.header, *facts.paths)}
    arrays = {name.casefold() for name in facts.arrays}
    if spec.each and spec.format == "parquet" and spec.each.column.casefold() in known_names - arrays:
        raise DropError(
            f"{path}: each = '{spec.each.column}' of [{spec.which}] holds no array; "
            f"columns with arrays: {', '.join(facts.arrays) or 'none'}"
        )
    time = {"event_time": spec.time.column} if spec.time and spec.time.column else {}
    for our_column, name in {**spec.columns, **time}.items():
        unopened = [column for column in facts.arrays if not (spec.each and Each(column).holds(spec.each.column))]
        array = next((column for column in unopened if Each(column).holds(name)), None)
        if array and (array.casefold() != name.casefold() or our_column.endswith("_id")):
            raise DropError(
                f"{path}: {our_column} = '{name}' of [{spec.which}] is in the array '{array}'; "
                f'write each = "{array}" in [{spec.which}] for one row for each element, or choose one element by SQL'
            )


def refuse_mixed_times(files: list[dict[str, Any]], spec: Input, source: Source) -> None:
    """Raises DropError where Parquet files that are read together hold their times in types that do not go together.

    Spark would make one type of them: a moment would lose its zone, and nanoseconds would be taken for another unit.
    """
    column = (spec.time.column or "").casefold() if spec.time else ""
    seen: dict[str, tuple[str, str]] = {}
    for file in files:
        for name, kind in file["types"].items():
            if name.casefold() == column and kind != "null":
                seen.setdefault(_kind_of_time(kind, source), (file["path"], kind))
    if len(seen) > 1:
        (path, kind), (other_path, other_kind), *_ = seen.values()
        raise DropError(
            f"{path} has '{spec.time.column if spec.time else column}' as {kind}, and {other_path} has it as "
            f"{other_kind}: files of one night must have one type of time; ask the shop to deliver one of them again"
        )


def _kind_of_time(kind: str, source: Source) -> str:
    """Types of the same kind can be read together. In UTC, a time without a zone is a moment, too."""
    if kind.startswith(("timestamp", "date")):
        of_zone = "moment" if "tz=" in kind or source.timezone == "UTC" else "clock"
        return f"{of_zone} in ns" if "[ns" in kind else of_zone
    return "text" if "string" in kind else "number"


def opened(source: Source, files: list[dict[str, Any]], which: str) -> Source:
    """`source` with paths in SQL read as columns, for the input `which` and the inputs made of it."""
    spec = source.input(which)
    each = spec.each
    # In Parquet, Spark follows a path by itself; a path through an array of objects gives an array.
    top_columns = set() if spec.format == "parquet" else {name.casefold() for file in files for name in file["header"]}

    def is_column(path: str) -> bool:
        return head(path).casefold() in top_columns or (each is not None and each.holds(path))

    changed: dict[str, Any] = {
        input_spec.which: with_paths(input_spec, is_column) for input_spec in sharing(source, which)
    }
    return replace(source, **changed)


def sharing(source: Source, which: str) -> list[Input]:
    """The inputs that name columns of these files: `which` and, for events, the inputs `from = "events"`."""
    return [
        source.input(which),
        *(input_spec for input_spec in source.inputs if input_spec.from_events and which == "events"),
    ]


def needed(source: Source, which: str) -> list[str]:
    """Columns and paths of these files that the mapping names."""
    return list(dict.fromkeys(name for spec in sharing(source, which) for name in spec.needed))


def paths(source: Source, which: str, header: list[str]) -> list[str]:
    """The paths that the mapping names and that are no columns in `header`."""
    top_columns = {name.casefold() for name in header}
    each = source.input(which).each
    return [
        path
        for path in needed(source, which)
        if "." in path and path.casefold() not in top_columns and not (each and path == each.column)
    ]


def visible(types: dict[str, str], spec: Input, header: list[str]) -> dict[str, str]:
    """The shop's columns as in the file, without columns that reading adds or makes of paths."""
    top_columns = {name.casefold() for name in (*header, *([spec.each.column] if spec.each else []))}
    return {
        column: kind
        for column, kind in types.items()
        if not column.startswith("__") and ("." not in column or column.casefold() in top_columns)
    }


def is_below(name: str, outer: set[str]) -> bool:
    """Whether `name` is one of the columns `outer` (case folded), lies within one, or contains one."""
    folded_name = name.casefold()
    return any(
        folded_name == outer_name
        or folded_name.startswith(f"{outer_name}.")
        or outer_name.startswith(f"{folded_name}.")
        for outer_name in outer
    )


def base(path: str, each: Each | None) -> str:
    """The first part of a path: a column of the frame."""
    return path[: len(each.column)] if each and each.holds(path) else head(path)


def head(path: str) -> str:
    """The first name of a path."""
    return path.partition(".")[0]
