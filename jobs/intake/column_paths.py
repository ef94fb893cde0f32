"""Paths to columns inside columns: `customer.id`, or `line_items.sku` of each element of an array.

A path that a mapping names becomes one column of that name, from Parquet and from JSON alike; after reading, nothing
needs to know that the row was nested. In text files, CSV too, an object is JSON text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jobs.intake.file_facts import DropError, FileFacts
from schemas.sources.mapping import Each, Input, Source, with_paths


def missing_columns(facts: FileFacts, spec: Input) -> list[str]:
    """Columns and paths that the mapping names and the file lacks. A path below a column of texts may exist in rows."""
    known = {name.casefold() for name in (*facts.header, *facts.paths)}
    may_lie_below = {name.casefold() for name in facts.header} if spec.format != "parquet" else set()
    return [
        name
        for name in spec.needed
        if name.casefold() not in known and not ("." in name and head(name).casefold() in may_lie_below)
    ]


def refuse_arrays(facts: FileFacts, spec: Input, path: str) -> None:
    """Raises DropError where a mapped column lies in an array that no `each` opens, or where `each` names no array."""
    known = {name.casefold() for name in (*facts.header, *facts.paths)}
    arrays = {name.casefold() for name in facts.arrays}
    if spec.each and spec.format == "parquet" and spec.each.column.casefold() in known - arrays:
        raise DropError(
            f"{path}: each = '{spec.each.column}' of [{spec.which}] holds no array; "
            f"columns with arrays: {', '.join(facts.arrays) or 'none'}"
        )
    time = {"event_time": spec.time.column} if spec.time and spec.time.column else {}
    for ours, name in {**spec.columns, **time}.items():
        closed = [a for a in facts.arrays if not (spec.each and Each(a).holds(spec.each.column))]
        inside = next((a for a in closed if Each(a).holds(name)), None)
        if inside and (inside.casefold() != name.casefold() or ours.endswith("_id")):
            raise DropError(
                f"{path}: {ours} = '{name}' of [{spec.which}] is in the array '{inside}'; "
                f'write each = "{inside}" in [{spec.which}] for one row for each element, or choose one element by SQL'
            )


def opened(source: Source, files: list[dict[str, Any]], which: str) -> Source:
    """`source` with paths in SQL read as columns, for the input `which` and the inputs made of it."""
    spec = source.input(which)
    each = spec.each
    # In Parquet, Spark follows a path by itself; for an array of objects it gives an array.
    heads = set() if spec.format == "parquet" else {n.casefold() for file in files for n in file["header"]}

    def is_column(path: str) -> bool:
        return head(path).casefold() in heads or (each is not None and each.holds(path))

    changed: dict[str, Any] = {i.which: with_paths(i, is_column) for i in sharing(source, which)}
    return replace(source, **changed)


def sharing(source: Source, which: str) -> list[Input]:
    """The inputs that name columns of these files: `which` and, for events, the inputs `from = "events"`."""
    return [source.input(which), *(i for i in source.inputs if i.from_events and which == "events")]


def needed(source: Source, which: str) -> list[str]:
    """Columns and paths of these files that the mapping names."""
    return list(dict.fromkeys(name for spec in sharing(source, which) for name in spec.needed))


def paths(source: Source, which: str, header: list[str]) -> list[str]:
    """The paths that the mapping names, without those that are columns in `header`."""
    top = {name.casefold() for name in header}
    each = source.input(which).each
    return [
        n for n in needed(source, which) if "." in n and n.casefold() not in top and not (each and n == each.column)
    ]


def visible(types: dict[str, str], spec: Input, header: list[str]) -> dict[str, str]:
    """Their columns as in the file, without those that reading adds and those made of paths."""
    top = {name.casefold() for name in (*header, *([spec.each.column] if spec.each else []))}
    return {n: kind for n, kind in types.items() if not n.startswith("__") and ("." not in n or n.casefold() in top)}


def is_below(name: str, outer: set[str]) -> bool:
    """Whether `name` is one of the columns `outer` (case folded), lies within one, or contains one."""
    folded = name.casefold()
    return any(folded == o or folded.startswith(f"{o}.") or o.startswith(f"{folded}.") for o in outer)


def base(path: str, each: Each | None) -> str:
    """The column of the frame with which a path begins."""
    return path[: len(each.column)] if each and each.holds(path) else head(path)


def head(path: str) -> str:
    """The first name of a path."""
    return path.partition(".")[0]
