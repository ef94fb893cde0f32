"""Checks one input of a mapping for mistakes that can be seen without the data.

Other mistakes, such as a column that a file lacks, are refused when the drop is received.
"""

from __future__ import annotations

import re
from typing import Any

from schemas.rejection_reasons import READ_REASONS, VISIT_REASONS
from schemas.sources.mapping import EPOCHS, FORMATS, Input, MappingError
from schemas.sources.sql_columns import generator_in
from schemas.tables.events import EVENT_TYPES

CSV_ONLY = ("delimiter", "quote", "escape", "header", "column_names", "multiline")
DATE_WORDS = ("iso", "excel", "excel1904")  # besides Spark's patterns; in a list also epoch_s, epoch_ms, ...
_REQUIRED = {"events": ("event_type", "item_id"), "items": ("item_id",), "users": ("user_id",)}
_DECIMALS, _THOUSANDS = (".", ","), ("", ".", ",", "'", " ")
_PATTERN_LETTERS = set("GyMLdDahHKkmsSVzOXxZ")  # letters of a pattern that Spark can read, and not only write


def check_input(spec: Input, raw: dict[str, Any]) -> None:
    """Raises MappingError for the first mistake in `spec`; `raw` is the TOML table it was read from."""
    _check_reading(f"[{spec.which}]", spec, raw)
    _check_targets(spec)
    _check_event_types(spec)
    _check_constants(spec)
    _check_sql(spec)


def check_time_formats(where: str, formats: tuple[str, ...]) -> None:
    """Raises MappingError for a format that is neither a word of ours nor a pattern that Spark can read."""
    words = (*DATE_WORDS, *(f"epoch_{unit}" for unit in EPOCHS))
    for pattern in formats:
        letters = set(re.sub(r"'[^']*'|[^A-Za-z]", "", pattern))
        if pattern in words or (letters and letters <= _PATTERN_LETTERS):
            continue
        unknown = ", ".join(sorted(letters - _PATTERN_LETTERS)) or "no letter of a pattern"
        raise MappingError(
            f"{where} format {pattern!r} has {unknown}; write Spark's pattern such as 'dd.MM.yyyy HH:mm' "
            f"(literal text in '...'), or one of {', '.join(words)}"
        )


def _check_reading(where: str, spec: Input, raw: dict[str, Any]) -> None:
    if spec.format not in FORMATS:
        raise MappingError(f"{where} format is {spec.format!r}; there are {', '.join(FORMATS)}")
    misplaced = [key for key in CSV_ONLY if key in raw and spec.format != "csv"]
    if misplaced:
        raise MappingError(f"{where} has {', '.join(misplaced)}, which only csv files have; format is {spec.format}")
    if not spec.header and not spec.column_names:
        raise MappingError(f"{where} has header = false and no column_names; name the columns in their order")
    if spec.decimal or spec.thousands:
        _check_numbers(where, spec)
    if not is_encoding(spec.encoding):
        raise MappingError(f"{where} encoding {spec.encoding!r} is unknown; write it like 'utf-8', 'gb18030', 'cp1252'")


def _check_numbers(where: str, spec: Input) -> None:
    """If only `decimal` is set, thousands have no sign. If only `thousands` is set, the decimal sign is a point."""
    decimal = spec.decimal or "."
    if decimal not in _DECIMALS:
        raise MappingError(f"{where} decimal is {spec.decimal!r}; it must be '.' or ','")
    if spec.thousands not in _THOUSANDS:
        raise MappingError(f"""{where} thousands is {spec.thousands!r}; it must be '.', ',', "'" or ' ' (any blank)""")
    if spec.thousands == decimal:
        raise MappingError(f"{where} thousands and decimal are both {decimal!r}; write decimal = ',' or '.'")


def is_encoding(name: str) -> bool:
    """Whether Python can read files in an encoding of that name."""
    try:
        "".encode(name)
    except LookupError:
        return False
    return True


def _check_targets(spec: Input) -> None:
    """Every column that the mapping fills exists and is filled once; every column that a row needs is filled."""
    which, names = spec.which, [column.name for column in spec.targets]
    filled: dict[str, str] = {}  # our column -> the part that fills it
    for part in ("columns", "constants", "derived"):
        for our_column in getattr(spec, part):
            if our_column not in names:
                raise MappingError(f"[{which}.{part}]: {which} has no column '{our_column}'; it has {', '.join(names)}")
            if our_column in filled:
                raise MappingError(
                    f"{which} '{our_column}' is given in [{which}.{filled[our_column]}] and in [{which}.{part}]"
                )
            filled[our_column] = part
    missing = [name for name in _REQUIRED[which] if name not in filled]
    if which == "events":
        missing += [] if filled.keys() & {"user_id", "visitor_id"} else ["user_id or visitor_id"]
        missing += [] if spec.time else ["event_time (in [events.time])"]
    if missing:
        raise MappingError(f"{which} lack {', '.join(missing)}; give each in [{which}.columns], .constants or .derived")


def _check_event_types(spec: Input) -> None:
    constant = {name: value for name, value in spec.constants.items() if name == "event_type"}
    for shop_type, our_type in {**spec.event_types, **constant}.items():
        if our_type not in EVENT_TYPES:
            raise MappingError(
                f"event type '{shop_type}' is mapped to {our_type!r}; there are {', '.join(EVENT_TYPES)}"
            )


def _check_constants(spec: Input) -> None:
    """A constant is a value of our column: Spark would make null of another, for all rows."""
    columns = {column.name: column for column in spec.targets}
    for name, value in spec.constants.items():
        kind = columns[name].type
        if kind == "string":
            is_right = isinstance(value, str | int | float)
            is_right &= name != "currency" or re.fullmatch("[A-Za-z]{3}", str(value)) is not None
        elif kind == "bool":
            is_right = str(value).lower() in ("true", "false")
        elif kind == "date":
            is_right = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
        else:
            is_right = re.fullmatch(r"-?\d+([.]\d+)?", str(value)) is not None
        if not is_right:
            examples = {"string": "text", "bool": "true or false", "date": "a day such as '2026-01-31' in quotes"}
            example = examples.get(kind, "a number such as 1.5")
            example = "three letters such as 'EUR'" if name == "currency" else example
            raise MappingError(f"[{spec.which}.constants] {name} is {value!r}; it must be {example}")


def _check_sql(spec: Input) -> None:
    for text in spec.sql:
        if generator := generator_in(text):
            raise MappingError(
                f"[{spec.which}] {generator}(...) makes several rows of one, which SQL of a mapping may not: {text!r}; "
                f'write each = "COLUMN" in [{spec.which}], then a field of an element is COLUMN.FIELD'
            )
    for name in spec.reject:
        if name in {*READ_REASONS, *VISIT_REASONS}:
            raise MappingError(f"[{spec.which}.reject] '{name}' is taken by a reason of ours; choose another name")
        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise MappingError(f"[{spec.which}.reject] '{name}' must be lower-case letters, digits and _")
