"""Spark SQL of single values: typed columns, hashes of lines and of personal data. It makes strings, without Spark.

In the frames, `__v_<our column>` is the typed value, and `__s_<our column>` the text before typing if typing may fail.
"""

from __future__ import annotations

import re

from jobs.intake.ids import id_sql
from jobs.intake.numbers_as_text import written_number
from jobs.intake.sql_text import quoted, text
from jobs.runtime.attributes import is_no_object, json_object
from schemas.sources.mapping import Input, Source
from schemas.table import SPARK_TYPES, Column
from schemas.tables.lists import ANONYMOUS

_NUMBERS = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal.*")
# The blanks that Python's strip() removes, as a literal of Spark SQL; Spark's own trim removes only U+0020.
_BLANKS = "".join(f"\\u{code:04x}" for code in range(0x10000) if chr(code).isspace())


def typed(spec: Input, source: Source, types: dict[str, str], key: str | None) -> list[str]:
    """`SQL __v_x` for every column x that a mapping may fill, and `SQL __s_x` where typing may lose the value.

    `types` has the Spark type of each of the shop's columns and, as 'derived:x', of the SQL for our column x.
    """
    expressions = []
    for column in spec.targets:
        value, kind = _mapped_value(spec, column, types)
        if column.name == "user_id" and kind == "string":  # shops write it for a visit without an account
            value = f"nullif({value}, {text(ANONYMOUS)})"
        if column.name.endswith("_id") and column.name in {*spec.columns, *spec.derived}:
            value, seen_text = id_sql(column.name, value, kind, spec, source)
            kind = "string"
            if seen_text and (
                key or column.name not in spec.hashed
            ):  # without a key a hashed id is dropped, not rejected
                expressions.append(f"{seen_text} __s_{column.name}")
        if column.name in spec.hashed:
            value, kind = personal_hash(value, key), "string"
        if column.name == "attributes":
            value, kind = json_object(value, kind), "string"
            if spec.from_events:  # bad attributes do not reject the event: the item then has no attributes
                value = f"CASE WHEN {is_no_object(value)} THEN NULL ELSE {value} END"
        if column.name == "event_type":
            expressions.append(f"CAST({value} AS STRING) __s_event_type")
            value = _event_type(spec, f"CAST({value} AS STRING)")
        number = value
        if (spec.decimal or spec.thousands) and kind == "string" and column.type.startswith(("float", "int")):
            number = written_number(value, spec)
        if column.type == "date" and kind.startswith("timestamp[ns"):  # read as int64, see spark_scan
            value, kind = f"timestamp_micros({value} DIV 1000)", "timestamp" if "tz=" in kind else "timestamp_ntz"
        if column.type == "date" and kind == "timestamp":  # a moment: its date is that of the shop's day
            value = f"from_utc_timestamp({value}, {text(source.day_zone)})"
        typed_value, may_lose_value = _cast(column, value, kind, number)
        expressions.append(f"{typed_value} __v_{column.name}")
        if may_lose_value:
            expressions.append(f"CAST({value} AS STRING) __s_{column.name}")
    return expressions


def _mapped_value(spec: Input, column: Column, types: dict[str, str]) -> tuple[str, str]:
    """(SQL, Spark type) of what the mapping puts into one of our columns."""
    if column.name in spec.columns:
        shop_column = spec.columns[column.name]
        return quoted(shop_column), types.get(shop_column) or {name.casefold(): kind for name, kind in types.items()}[
            shop_column.casefold()
        ]
    if column.name in spec.derived:
        return f"({spec.derived[column.name]})", types[f"derived:{column.name}"]
    spark_type = SPARK_TYPES[column.type]
    if column.name in spec.constants:
        constant = spec.constants[column.name]
        literal = text(constant) if isinstance(constant, str) else str(constant).lower()
        return f"CAST({literal} AS {spark_type})", spark_type
    default = {"is_active": "true", "quantity": "1"}.get(column.name, "NULL")
    return f"CAST({default} AS {spark_type})", spark_type


def _cast(column: Column, value: str, kind: str, number: str) -> tuple[str, bool]:
    """(SQL of the typed value, whether typing may lose it). `number`: SQL of the value in a form that can be cast."""
    if column.type == "string":
        typed_value = value if kind == "string" else f"CAST({value} AS STRING)"
        return (f"upper({typed_value})" if column.name == "currency" else typed_value), False
    if column.type in ("float64", "float32"):
        typed_value = value if kind == "double" else f"try_cast({number} AS DOUBLE)"
        typed_value = (
            f"coalesce({typed_value}, CASE WHEN {value} IS NULL THEN 1D END)"
            if column.name == "quantity"
            else typed_value
        )
        return typed_value, not _NUMBERS.fullmatch(kind)
    if column.type in ("int32", "int64"):
        typed_value = f"try_cast(try_cast({number} AS DOUBLE) AS {SPARK_TYPES[column.type]})"
        return typed_value, kind != SPARK_TYPES[column.type]
    if column.type == "bool":
        typed_value = value if kind == "boolean" else f"try_cast({value} AS BOOLEAN)"
        return (
            f"coalesce({typed_value}, CASE WHEN {value} IS NULL THEN true END)"
            if column.name == "is_active"
            else typed_value
        ), (kind != "boolean")
    return f"try_cast({value} AS DATE)", not kind.startswith(("date", "timestamp"))


def _event_type(spec: Input, value: str) -> str:
    if not spec.event_types:
        return value
    cases = " ".join(
        f"WHEN {text(shop_type)} THEN {text(our_type)}" for shop_type, our_type in spec.event_types.items()
    )
    return f"CASE {value} {cases} ELSE {value} END"


def line_hash(types: dict[str, str], line: str | None) -> str:
    """SQL of a 128-bit hash of a whole raw line, as 32 hex digits. `line` is the column that holds the line, if any.

    xxhash64 skips nulls, so ('a', null) and (null, 'a') would be equal. So bits that tell which columns are null are
    hashed too.
    """
    if line:
        values = [line]
    else:
        values = [f"to_json({quoted(column)})" if "map<" in kind else quoted(column) for column, kind in types.items()]
        for start in range(0, len(values), 60):
            bits = (
                f"CASE WHEN {value} IS NULL THEN {1 << bit}L ELSE 0L END"
                for bit, value in enumerate(values[start : start + 60])
            )
            values.append(" + ".join(bits))
    first_half, second_half = f"xxhash64({', '.join(values)})", f"xxhash64(1L, {', '.join(values)})"
    return f"concat(lpad(hex({first_half}), 16, '0'), lpad(hex({second_half}), 16, '0'))"


def stripped(value: str) -> str:
    """SQL of the text without the blanks around it, as Python's `strip()` gives it."""
    return f"trim(BOTH '{_BLANKS}' FROM {value})"


def personal_hash(value: str, key: str | None) -> str:
    """SQL of the HMAC-SHA256 (RFC 2104) of the text without the blanks around it, as hex; null without a key."""
    if key is None:
        return "CAST(NULL AS STRING)"
    import hashlib

    secret = key.encode()
    secret = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    inner, outer = (bytes(b ^ pad for b in secret).hex() for pad in (0x36, 0x5C))
    message = f"encode({stripped(f'CAST({value} AS STRING)')}, 'UTF-8')"
    return f"sha2(concat(unhex('{outer}'), unhex(sha2(concat(unhex('{inner}'), {message}), 256))), 256)"
