"""Reads a mapping from its TOML file. A mistake is refused with what was seen and what may be written instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.sources.checks import CSV_ONLY, check_input, check_time_formats
from schemas.sources.image_reading import image_input
from schemas.sources.mapping import DAYS, EPOCHS, TARGETS, Each, Input, MappingError, Source, Time
from schemas.sources.service import ServiceInput
from schemas.sources.service_reading import service_input
from schemas.toml_files import find, load, refuse_unknown, shipped

_DATE = re.compile(r"\{date(?::([^{}]+))?\}")
_MONTHS = {"Y": "[0-9]" * 4, "y": "[0-9]" * 2, "m": "[0-9]" * 2, "b": "[A-Za-z]" * 3, "B": "*"}  # parts without a day

_LIST = "{date}/erasures.csv"
SHIPPED = Path(__file__).parent


def shipped_sources() -> list[str]:
    """The names of the mappings that come with the project."""
    return shipped(SHIPPED)


def load_source(name_or_path: str) -> Source:
    """Read a mapping: a shipped one by name, or a TOML file by path. Raises MappingError or FileNotFoundError."""
    return load(find("source", SHIPPED, name_or_path), parse_source, MappingError)


def parse_source(raw: dict[str, Any], path: str = "") -> Source:
    """The source of a parsed TOML file. Raises MappingError for the first mistake."""
    _refuse_unknown("the source", raw, {f.name for f in fields(Source)} - {"path"})
    name = raw.get("name", "")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9_]+", name):
        raise MappingError(f"name is {name!r}; it names a folder: write lower-case letters, digits and _")
    if "events" not in raw:
        raise MappingError("there is no [events]; a source needs at least its events")
    return Source(
        name=name,
        doc=str(raw.get("doc", "")).strip(),
        timezone=_timezone(raw),
        day=_day(raw),
        null_tokens=_texts("null_tokens", raw.get("null_tokens", [""])),
        text_ids=_text_ids(raw),
        images=image_input(raw["images"]) if "images" in raw else None,
        erasures=_erasures(raw.get("erasures", "")),
        path=path,
        policies=_service("policies", raw),
        questions=_service("questions", raw),
        replies=_service("replies", raw),
        **{which: _input(which, raw[which]) for which in TARGETS if which in raw},
    )


def _erasures(raw: Any) -> str:
    if not isinstance(raw, str) or raw.startswith("/") or ".." in raw.split("/"):
        raise MappingError(f"erasures is {raw!r}; it is the path of a list of ids below --raw, such as {_LIST!r}")
    if re.search(r"[{}*?]", _DATE.sub("", raw)):
        raise MappingError(f"erasures is {raw!r}; it names one file, and only {{date}} is known in braces: {_LIST!r}")
    return raw


def _service(which: str, raw: dict[str, Any]) -> ServiceInput | None:
    return service_input(which, raw[which]) if which in raw else None


def _timezone(raw: dict[str, Any]) -> str:
    timezone = raw.get("timezone", "UTC")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        raise MappingError(f"timezone {timezone!r} is unknown; write it like 'Europe/London' or 'UTC'") from None
    return timezone


def _day(raw: dict[str, Any]) -> str:
    day = raw.get("day", "utc")
    if day not in DAYS:
        raise MappingError(f"day is {day!r}; there are {', '.join(DAYS)}")
    if day == "local" and "timezone" not in raw:
        raise MappingError("day is 'local' and there is no timezone; add for example timezone = 'America/Los_Angeles'")
    return day


def _text_ids(raw: dict[str, Any]) -> tuple[str, ...]:
    ids = dict.fromkeys(c.name for table in TARGETS.values() for c in table.columns if c.name.endswith("_id"))
    names = _texts("text_ids", raw.get("text_ids", []))
    for name in names:
        if name not in ids:
            raise MappingError(f"text_ids has {name!r}; our id columns are {', '.join(ids)}")
    return names


def _input(which: str, raw: Any) -> Input:
    where = f"[{which}]"
    if not isinstance(raw, dict):
        raise MappingError(f"{where} must be a table")
    _refuse_unknown(where, raw, _keys_of(which))
    values = {k: v for k, v in raw.items() if k not in ("from", "time", "columns", "personal", "files", "each")}
    for key in ("constants", "derived", "event_types", "reject", "tallies"):
        if not isinstance(values.get(key, {}), dict):
            raise MappingError(f"[{which}.{key}] must be a table of name = text")
        values[key] = MappingProxyType(values.get(key, {}))
    if "column_names" in values:
        values["column_names"] = _texts(f"{where} column_names", values["column_names"])
    parsed = _columns(which, raw.get("columns", {}))
    made_of_sql = {c.name for c in TARGETS[which].columns if c.personal} & {*values["derived"], *values["constants"]}
    spec = Input(
        which=which,
        files=_files(where, raw),
        columns=MappingProxyType(parsed.shop_columns),
        time=_time(which, raw.get("time")),
        each=_each(which, raw.get("each")),
        personal=frozenset(parsed.personal) | set(_texts(f"{where} personal", raw.get("personal", []))),
        hashed=frozenset(parsed.hashed | made_of_sql),
        **values,
    )
    check_input(spec, raw)
    return spec


def _keys_of(which: str) -> set[str]:
    """The keys that [events], [items] or [users] may have."""
    keys = {f.name for f in fields(Input)} - {"which", "hashed"}
    if which != "items":
        keys -= {"snapshot"}
    return keys if which == "events" else keys - {"event_types"} | {"from"}


def _files(where: str, raw: dict[str, Any]) -> tuple[str, ...]:
    if "from" in raw:
        _check_from(where, raw)
        return ()
    files = raw.get("files")
    if not files:
        hint = "" if where == "[events]" else ' or `from = "events"`'
        raise MappingError(f'{where} has no files; write for example files = "{{date}}.csv.gz"{hint}')
    patterns = (files,) if isinstance(files, str) else _texts(f"{where} files", files)
    patterns = tuple(_of_any_month(pattern) for pattern in patterns)
    if len({"{date" in pattern for pattern in patterns}) > 1:
        raise MappingError(f"{where} files mixes patterns with and without {{date}}: {', '.join(patterns)}")
    for pattern in patterns:
        if re.search(r"[{}]", _DATE.sub("", pattern)):
            raise MappingError(f"{where} files '{pattern}': only {{date}} and {{date:%Y%m%d}} are known in braces")
    return patterns


def _of_any_month(pattern: str) -> str:
    """The pattern as a glob, if its dates name months or years but no day: such files hold many nights."""
    forms = [date[1] or "%d" for date in _DATE.finditer(pattern)]
    if any(not set(re.findall("%(.)", form)) <= set(_MONTHS) for form in forms):
        return pattern
    return _DATE.sub(lambda date: re.sub("%(.)", lambda part: _MONTHS[part[1]], date[1]), pattern)


def _check_from(where: str, raw: dict[str, Any]) -> None:
    """Raises MappingError if a key that says how files are read stands beside `from = "events"`."""
    values = ("format", "encoding", "decimal", "thousands", "time", "each", "tallies", "snapshot")
    of_files = [key for key in ("files", *values, *CSV_ONLY) if key in raw]
    if raw["from"] != "events" or of_files:
        written = f"from = {raw['from']!r}" + (f" with {', '.join(of_files)}" if of_files else "")
        raise MappingError(
            f'{where} has {written}; write either `from = "events"` alone, or `files` and how to read them'
        )


class _Columns(NamedTuple):
    """`[*.columns]`: our column -> the shop's; the shop's columns that name a person; ours that get their HMAC."""

    shop_columns: dict[str, str]
    personal: set[str]
    hashed: set[str]


def _columns(which: str, raw: Any) -> _Columns:
    parsed = _Columns({}, set(), set())
    for column, shop_column in raw.items():
        is_personal = any(c.name == column and c.personal for c in TARGETS[which].columns)
        if isinstance(shop_column, dict):
            _refuse_unknown(f"[{which}.columns] {column}", shop_column, {"column", "personal"})
            is_personal |= bool(shop_column.get("personal"))
            shop_column = shop_column.get("column")
        if not isinstance(shop_column, str):
            raise MappingError(
                f"[{which}.columns] {column} must be the name of a column in the file, saw {shop_column!r}"
            )
        parsed.shop_columns[column] = shop_column
        if is_personal:
            parsed.personal.add(shop_column)
            parsed.hashed.add(column)
    return parsed


def _each(which: str, raw: Any) -> Each | None:
    if raw is None:
        return None
    values = raw if isinstance(raw, dict) else {"column": raw}
    _refuse_unknown(f"[{which}.each]", values, {f.name for f in fields(Each)})
    if not values.get("column") or not all(isinstance(value, str) and value for value in values.values()):
        raise MappingError(
            f'[{which}] each is {raw!r}; it names the column that holds an array, such as each = "line_items", '
            'or each = { column = "shown", split = "|" } for a text with a separator'
        )
    return Each(**values)


def _time(which: str, raw: Any) -> Time | None:
    if raw is None:
        return None
    where = f"[{which}.time]"
    _refuse_unknown(where, raw, {f.name for f in fields(Time)})
    if ("column" in raw) == ("sql" in raw):
        raise MappingError(f"{where} needs one of column and sql, has {', '.join(raw) or 'neither'}")
    if "format" in raw and "epoch" in raw:
        raise MappingError(f"{where} has both format and epoch; a time is either text or a number")
    if raw.get("epoch", "s") not in EPOCHS:
        raise MappingError(f"{where} epoch is {raw['epoch']!r}; there are {', '.join(EPOCHS)}")
    return Time(**{**raw, "format": _time_formats(where, raw.get("format", []))})


def _time_formats(where: str, raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str) and raw in {f"epoch_{unit}" for unit in EPOCHS}:
        raise MappingError(f"{where} format is {raw!r}; for a column that holds only numbers write epoch = '{raw[6:]}'")
    formats = (raw,) if isinstance(raw, str) else _texts(f"{where} format", raw)
    check_time_formats(where, formats)
    return formats


def _refuse_unknown(where: str, raw: Mapping[str, Any], known: Iterable[str]) -> None:
    refuse_unknown(where, raw, known, MappingError)


def _texts(where: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(value, str) for value in raw):
        raise MappingError(f"{where} must be a list of texts, saw {raw!r}")
    return tuple(raw)
