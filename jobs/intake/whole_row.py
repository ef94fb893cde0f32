"""Spark SQL of what is made of a whole row: its event id, its unmapped columns (`extra`), and its text (`raw_row`).

`types` maps the columns of the frame to their Spark types; `theirs` are those of them that came in the file.
"""

from __future__ import annotations

import re

from jobs.intake.column_paths import base, head, is_below, sharing
from jobs.intake.spark_scan import INTERNAL
from jobs.intake.sql_text import quoted, text
from jobs.intake.typed_values import line_hash
from schemas.sources.mapping import Input, Source

NO_TEXT = "CAST(NULL AS STRING)"


def event_id(spec: Input, theirs: dict[str, str]) -> str:
    """The mapping's id, or else a hash of the line. With `each`, lines of one row differ by their place in it."""
    line, hashed = ("__line" if spec.format == "jsonl" else None), dict(theirs)
    if spec.format == "csv":
        hashed["__malformed"] = "string"
    if spec.each:
        line = line and f"concat({line}, '#', coalesce(__position, 0))"
        hashed["__position"] = "int"
    by_content = line_hash(hashed, line)
    if "event_id" not in {*spec.columns, *spec.derived}:
        return by_content
    mapped = spec.columns.get("event_id") or spec.derived["event_id"]
    is_of_the_element = spec.each is None or re.search(rf"(?<!\w){re.escape(spec.each.column)}(?!\w)", mapped)
    by_place = "" if is_of_the_element else "concat(__v_event_id, '#', __position), "
    return f"coalesce({by_place}__v_event_id, {by_content})"


def extra(spec: Input, source: Source, types: dict[str, str]) -> str:
    """JSON of the columns that nothing in the mapping names, without the personal ones."""
    if spec.which == "users" or (spec.from_events and spec.which != "events"):
        return NO_TEXT
    named = _named(source, spec)
    if spec.format == "jsonl":
        return _extra_of_json(spec, named)
    element = spec.each.column.casefold() if spec.each else ""
    folded = {name.casefold() for name in named} - {element}  # an element's unmapped fields are kept
    unnamed = [n for n in types if n not in INTERNAL and n.casefold() != element and not is_below(n, folded)]
    if not unnamed:
        return NO_TEXT
    return f"nullif(to_json(named_struct({', '.join(f'{text(n)}, {quoted(n)}' for n in unnamed)})), '{{}}')"


def _named(source: Source, spec: Input) -> set[str]:
    """Their columns and paths that this input, or one made of it, names."""
    return {name for s in sharing(source, spec.which) for name in (*s.needed, *s.sql_words, *s.personal)}


def _extra_of_json(spec: Input, named: set[str]) -> str:
    """The keys of the line that nothing names and, of an object with a named field, its other fields."""
    outer = {base(n, spec.each) for n in named if "." in n}
    within = {n.rpartition(".")[0] for n in named if "." in n}
    names = ", ".join(map(text, sorted({*named, *outer, *within, *(head(n) for n in outer)})))
    maps = ["from_json(__line, 'map<string,string>')"] + [
        f"transform_keys(coalesce(from_json({quoted(o)}, 'map<string,string>'), map()), "
        f"(k, v) -> concat({text(o + '.')}, k))"
        for o in sorted(outer)
    ]
    unnamed = ", ".join(f"map_filter({m}, (k, v) -> k NOT IN ({names}) AND v IS NOT NULL)" for m in maps)
    return f"nullif(to_json({f'map_concat({unnamed})' if outer else unnamed}), '{{}}')"


def raw_row(spec: Input, theirs: dict[str, str]) -> str:
    """JSON of the whole row as it came. Personal columns are masked; of a user, all unmapped columns too."""
    masked = {n.casefold() for n in spec.personal}
    if spec.which == "users":
        words = {w.casefold() for w in (*spec.needed, *spec.sql_words)}
        masked |= {n.casefold() for n in theirs if not is_below(n, words)}
    fields = (
        f"{text(n)}, "
        + (f"CASE WHEN {quoted(n)} IS NULL THEN NULL ELSE '***' END" if is_below(n, masked) else quoted(n))
        for n in (*theirs, *(["__position"] if spec.each else []))
    )
    whole = f"to_json(named_struct({', '.join(fields)}), map('ignoreNullFields', 'false'))"
    if spec.format == "parquet":
        return whole
    line = "__line" if spec.format == "jsonl" else "__malformed"
    broken = line
    if masked:
        broken = f"concat(char_length({line}), ' characters, not shown: this input has personal columns')"
    if spec.format == "jsonl" and not masked:
        position = "'{\"position\":', coalesce(__position, 'null'), ',\"row\":', __line, '}'"
        whole = f"concat({position})" if spec.each else "__line"
    return f"CASE WHEN __malformed IS NULL THEN {whole} ELSE to_json(named_struct('line', {broken})) END"
