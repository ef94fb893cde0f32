"""Spark SQL for one value each: typed columns, times, ids of rows, hashed personal data. Strings of SQL, no Spark here.

In the frames that use it `__v_<ours>` is a typed value and `__s_<ours>` its text, where typing may fail.
"""

from __future__ import annotations

import re

from jobs.runtime.raw_sql import quoted, text
from schemas.mapping import Input, MappingError, Source, Time
from schemas.table import SPARK_TYPES, Column

_NUMBERS = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal.*")
_MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_LATEST = 4_102_444_800  # 2100-01-01 in epoch seconds: beyond it a unit is wrong, not a clock
_ISO_LENGTHS = {"yyyy-MM-dd HH:mm:ss": 19, "yyyy-MM-dd'T'HH:mm:ss": 19, "yyyy-MM-dd": 10, "yyyy-MM-dd HH:mm": 16}


def typed(spec: Input, types: dict[str, str], key: str | None) -> list[str]:
    """`expression AS __v_x` for every column that the mapping may fill, and `AS __s_x` for what typing may lose.

    `types` gives the Spark type of their columns and, under 'derived:x', of the SQL of ours.
    """
    out = []
    for column in spec.targets:
        value, kind = _theirs(spec, column, types)
        if column.name in spec.hashed:
            value, kind = personal_hash(value, key), "string"
        if column.name == "event_type":
            out.append(f"CAST({value} AS STRING) __s_event_type")
            value = _event_type(spec, f"CAST({value} AS STRING)")
        made, loses = _cast(column, value, kind)
        out.append(f"{made} __v_{column.name}")
        if loses:
            out.append(f"CAST({value} AS STRING) __s_{column.name}")
    return out


def _theirs(spec: Input, column: Column, types: dict[str, str]) -> tuple[str, str]:
    """(SQL, Spark type) of what the mapping gives for one of our columns."""
    if column.name in spec.columns:
        theirs = spec.columns[column.name]
        return quoted(theirs), types.get(theirs) or {k.casefold(): v for k, v in types.items()}[theirs.casefold()]
    if column.name in spec.derived:
        return f"({spec.derived[column.name]})", types[f"derived:{column.name}"]
    spark_type = SPARK_TYPES[column.type]
    if column.name in spec.constants:
        constant = spec.constants[column.name]
        literal = text(constant) if isinstance(constant, str) else str(constant).lower()
        return f"CAST({literal} AS {spark_type})", spark_type
    default = {"is_active": "true", "quantity": "1"}.get(column.name, "NULL")
    return f"CAST({default} AS {spark_type})", spark_type


def _cast(column: Column, value: str, kind: str) -> tuple[str, bool]:
    """(SQL of the typed value, whether typing may lose what was there)."""
    if column.type == "string":
        made = value if kind == "string" else f"CAST({value} AS STRING)"
        return (f"upper({made})" if column.name == "currency" else made), False
    if column.type in ("float64", "float32"):
        made = value if kind == "double" else f"try_cast({value} AS DOUBLE)"
        made = f"coalesce({made}, CASE WHEN {value} IS NULL THEN 1D END)" if column.name == "quantity" else made
        return made, not _NUMBERS.fullmatch(kind)
    if column.type in ("int32", "int64"):
        made = f"try_cast(try_cast({value} AS DOUBLE) AS {SPARK_TYPES[column.type]})"
        return made, kind != SPARK_TYPES[column.type]
    if column.type == "bool":
        made = value if kind == "boolean" else f"try_cast({value} AS BOOLEAN)"
        return (f"coalesce({made}, CASE WHEN {value} IS NULL THEN true END)" if column.name == "is_active" else made), (
            kind != "boolean"
        )
    return f"try_cast({value} AS DATE)", not kind.startswith(("date", "timestamp"))


def _event_type(spec: Input, value: str) -> str:
    if not spec.event_types:
        return value
    cases = " ".join(f"WHEN {text(theirs)} THEN {text(ours)}" for theirs, ours in spec.event_types.items())
    return f"CASE {value} {cases} ELSE {value} END"


def time_sql(spec: Input, source: Source, types: dict[str, str]) -> tuple[str, str]:
    """(SQL of the time in UTC, null where it cannot be read; SQL of its text, null where there is none)."""
    time = spec.time
    if time is None:
        return "CAST(NULL AS TIMESTAMP)", "CAST(NULL AS STRING)"
    value = quoted(time.column) if time.column else f"({time.sql})"
    kind = types["time"]
    seen = f"CAST({value} AS STRING)"
    if kind.startswith("timestamp[ns"):  # read as int64, see raw_scan
        micros = f"timestamp_micros({value} DIV 1000)"
        return (micros if "tz=" in kind else _from_zone(micros, source)), seen
    if time.epoch:
        return _epoch(value, time.epoch), seen
    if kind == "timestamp":
        return value, seen
    if kind in ("date", "timestamp_ntz"):
        return _from_zone(f"CAST({value} AS TIMESTAMP)", source), seen
    if kind != "string":
        raise MappingError(
            f"{source.path or source.name}: [{spec.which}.time] {time.column or time.sql} is {kind}; "
            "say epoch = 's', 'ms' or 'us'"
        )
    return _parsed(value, time, source), seen


def _epoch(value: str, unit: str) -> str:
    number = f"try_cast({value} AS DOUBLE)"
    per_second = 1_000_000 // _MICROS[unit]
    inside = f"{number} >= 0 AND {number} < {_LATEST * per_second}D"
    return f"CASE WHEN {inside} THEN timestamp_micros(CAST({number} * {_MICROS[unit]}D AS BIGINT)) END"


def _parsed(value: str, time: Time, source: Source) -> str:
    """Text to time. Casting is several times faster than a pattern, so the usual patterns are cast, with their length.

    The cast alone would take '2011' for a day and '10:30' for today.
    """
    if time.format in _ISO_LENGTHS:
        made = f"CASE WHEN char_length({value}) = {_ISO_LENGTHS[time.format]} THEN try_cast({value} AS TIMESTAMP) END"
        return _sane(_from_zone(made, source))
    if time.format:
        made = f"try_to_timestamp({value}, {text(time.format)})"
        has_zone = re.search(r"[VzOXxZ]", re.sub(r"'[^']*'", "", time.format))
        return _sane(made if has_zone else _from_zone(made, source))
    made = (
        f"CASE WHEN substr({value}, 5, 1) = '-' AND char_length({value}) >= 10 THEN try_cast({value} AS TIMESTAMP) END"
    )
    if source.timezone != "UTC":
        zoned = f"{value} RLIKE '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$' AND char_length({value}) > 10"
        made = f"CASE WHEN {zoned} THEN {made} ELSE {_from_zone(made, source)} END"
    return _sane(made)


def _sane(value: str) -> str:
    return f"CASE WHEN year({value}) BETWEEN 1970 AND 2099 THEN {value} END"


def _from_zone(value: str, source: Source) -> str:
    return value if source.timezone == "UTC" else f"to_utc_timestamp({value}, {text(source.timezone)})"


def line_hash(types: dict[str, str], line: str | None) -> str:
    """128 bits over a whole raw line, as 32 hex digits. `line` is the column with it, where there is one.

    xxhash64 passes nulls by, so that ('a', null) and (null, 'a') would be equal: which are null is hashed too.
    """
    if line:
        values = [line]
    else:
        values = [f"to_json({quoted(c)})" if "map<" in kind else quoted(c) for c, kind in types.items()]
        for start in range(0, len(values), 60):
            bits = (
                f"CASE WHEN {v} IS NULL THEN {1 << i}L ELSE 0L END" for i, v in enumerate(values[start : start + 60])
            )
            values.append(" + ".join(bits))
    one, other = f"xxhash64({', '.join(values)})", f"xxhash64(1L, {', '.join(values)})"
    return f"concat(lpad(hex({one}), 16, '0'), lpad(hex({other}), 16, '0'))"


def personal_hash(value: str, key: str | None) -> str:
    """HMAC-SHA256 (RFC 2104) of the trimmed text as hex, from Spark's own functions; null without a key."""
    if key is None:
        return "CAST(NULL AS STRING)"
    import hashlib

    secret = key.encode()
    secret = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    inner, outer = (bytes(b ^ pad for b in secret).hex() for pad in (0x36, 0x5C))
    message = f"encode(trim(CAST({value} AS STRING)), 'UTF-8')"
    return f"sha2(concat(unhex('{outer}'), unhex(sha2(concat(unhex('{inner}'), {message}), 256))), 256)"
