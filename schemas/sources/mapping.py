"""A source: how one shop's raw files become our raw events, items and users. Parsed from TOML, stdlib only.

Every mistake that the mapping alone shows is refused here, with what was seen and what there is; what only the data
shows (a column missing in a file) is refused by the reception of the drop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.rejection_reasons import READ_REASONS, VISIT_REASONS
from schemas.table import Column, Table
from schemas.tables.catalogue import ITEMS, USERS
from schemas.tables.events import EVENT_TYPES, RAW_EVENTS
from schemas.toml_files import find, parse, read, refuse_unknown, shipped

SHIPPED = Path(__file__).parent
FORMATS = ("csv", "jsonl", "parquet")
EPOCHS = ("s", "ms", "us", "ns")
DAYS = ("utc", "local")
DATE_WORDS = ("iso", "excel", "excel1904")  # besides Spark's patterns; in a list also epoch_s, epoch_ms, ...
TARGETS: dict[str, Table] = {"events": RAW_EVENTS, "items": ITEMS, "users": USERS}
# event_time comes from [*.time], the others are ours to fill
_NOT_MAPPED = {"event_time", "extra", "updated_on", "is_sold_out"}
_REQUIRED = {"events": ("event_type", "item_id"), "items": ("item_id",), "users": ("user_id",)}
_DECIMALS, _THOUSANDS = (".", ","), ("", ".", ",", "'", " ")
_PATTERN_LETTERS = set("GyMLdDahHKkmsSVzOXxZ")  # those that Spark can read, not only write
_CSV_ONLY = ("delimiter", "quote", "escape", "header", "column_names", "multiline")
_TEXT = r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\""
_PATHS = re.compile(rf"{_TEXT}|`[^`]*`(?:\.\w+)*|(?<![\w.])(?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?!\s*\(|\w)")
# Spark functions that make several rows of one: which line an event is would then be lost.
_GENERATORS = re.compile(
    r"\b(explode|explode_outer|posexplode|posexplode_outer|inline|inline_outer|stack|json_tuple)\s*\(", re.IGNORECASE
)


class MappingError(ValueError):
    """A mapping that cannot be used: what was seen, in which file and table, and what there is instead."""


@dataclass(frozen=True)
class Time:
    """Where the time of a row is. One of `column` and `sql`; at most one of `format` and `epoch`.

    `format` holds Spark patterns and words of ours, tried in their order; without any the text is ISO 8601.
    """

    column: str | None = None
    sql: str | None = None
    format: tuple[str, ...] = ()
    epoch: str | None = None


@dataclass(frozen=True)
class Each:
    """The column, or the path to it, whose elements become one row each. `split` cuts a text that is no JSON array."""

    column: str
    split: str | None = None

    def holds(self, name: str) -> bool:
        """Whether `name` is the element itself or a field of it."""
        return f"{name}.".casefold().startswith(f"{self.column}.".casefold())


@dataclass(frozen=True)
class Input:
    """One kind of rows of a source. `columns`, `constants` and `derived` are by our column names; see README.md."""

    which: str  # events, items or users
    files: tuple[str, ...] = ()  # globs below --raw, with {date} where each night has its own; empty: from the events
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    escape: str = '"'  # RFC 4180: a quote inside quotes is doubled
    header: bool = True
    column_names: tuple[str, ...] = ()
    multiline: bool = False  # fields may hold line breaks; the file is then read by one task
    decimal: str = ""  # either says how people write numbers; empty: as programs do, 1234.56
    thousands: str = ""
    each: Each | None = None
    snapshot: bool = False  # items: what the newest file does not list is no longer active
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    event_types: Mapping[str, str] = field(default_factory=dict)
    time: Time | None = None
    reject: Mapping[str, str] = field(default_factory=dict)
    tallies: Mapping[str, str] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()  # THEIR columns that name a person: never in `extra` nor in `raw_row`
    hashed: frozenset[str] = frozenset()  # OUR columns that get the HMAC of theirs

    @property
    def from_events(self) -> bool:
        return not self.files

    @property
    def is_dated(self) -> bool:
        return any("{date" in pattern for pattern in self.files)

    @property
    def targets(self) -> tuple[Column, ...]:
        """Our columns that a mapping may fill, in the order of the table."""
        return target_columns(self.which)

    @property
    def sql(self) -> tuple[str, ...]:
        """Every Spark SQL text of this input."""
        time = (self.time.sql,) if self.time and self.time.sql else ()
        return (*self.derived.values(), *self.reject.values(), *self.tallies.values(), *time)

    @property
    def needed(self) -> tuple[str, ...]:
        """Their columns that each file must have: all that are named outside SQL, or in backticks within it."""
        time = (self.time.column,) if self.time and self.time.column else ()
        each = (self.each.column,) if self.each else ()
        quoted = (name for text in self.sql for name in re.findall(r"`([^`]+)`", _without_text(text)))
        return tuple(dict.fromkeys((*self.columns.values(), *time, *each, *quoted, *sorted(self.personal))))

    @property
    def sql_words(self) -> frozenset[str]:
        """Words of the SQL that may be columns: not text, not functions. Keywords are among them."""
        words = set()
        for text in self.sql:
            bare = _without_text(text)
            words |= set(re.findall(r"`([^`]+)`", bare))
            bare = re.sub(r"`[^`]+`", " ", bare)
            words |= {w for w, call in re.findall(r"\b([A-Za-z_]\w*)\b\s*(\()?", bare) if not call}
        return frozenset(words)


@dataclass(frozen=True)
class Source:
    """One shop's drop. `timezone` is that of times which carry none; `null_tokens` are texts that mean nothing.

    `day` says which days the nights are made of: "utc", or "local" for those of `timezone`.
    """

    name: str
    doc: str
    events: Input
    timezone: str = "UTC"
    day: str = "utc"
    null_tokens: tuple[str, ...] = ("",)
    text_ids: tuple[str, ...] = ()  # OUR id columns in which 2.0 is a text of its own, not the number 2 of a float
    items: Input | None = None
    users: Input | None = None
    path: str = field(default="", compare=False)

    @property
    def day_zone(self) -> str:
        """The timezone at whose midnight a day begins."""
        return self.timezone if self.day == "local" else "UTC"

    def input(self, which: str) -> Input:
        found = {"events": self.events, "items": self.items, "users": self.users}[which]
        if found is None:
            raise MappingError(f"source {self.name} maps no {which}; add [{which}] to {self.path}")
        return found

    @property
    def inputs(self) -> tuple[Input, ...]:
        return tuple(i for i in (self.events, self.items, self.users) if i is not None)


def target_columns(which: str) -> tuple[Column, ...]:
    return tuple(c for c in TARGETS[which].columns if c.name not in _NOT_MAPPED)


def shipped_sources() -> list[str]:
    return shipped(SHIPPED)


def load_source(name_or_path: str) -> Source:
    """Read a mapping: a shipped one by name, or a TOML file by path. Raises MappingError or FileNotFoundError."""
    path = find("source", SHIPPED, name_or_path)
    raw = parse(read(path, MappingError), path, MappingError)
    try:
        return parse_source(raw, str(path))
    except MappingError as error:
        raise MappingError(f"{path}: {error}") from None


def parse_source(raw: dict[str, Any], path: str = "") -> Source:
    _refuse_unknown("the source", raw, {f.name for f in fields(Source)} - {"path"})
    name = raw.get("name", "")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9_]+", name):
        raise MappingError(f"name is {name!r}; it must be lower-case letters, digits and _, it names a folder")
    if "events" not in raw:
        raise MappingError("there is no [events]; a source needs at least its events")
    timezone = raw.get("timezone", "UTC")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        raise MappingError(f"timezone {timezone!r} is unknown; write it like 'Europe/London' or 'UTC'") from None
    day = raw.get("day", "utc")
    if day not in DAYS:
        raise MappingError(f"day is {day!r}; there are {', '.join(DAYS)}")
    if day == "local" and "timezone" not in raw:
        raise MappingError("day is 'local' and there is no timezone; add for example timezone = 'America/Los_Angeles'")
    inputs = {which: _input(which, raw[which]) for which in TARGETS if which in raw}
    tokens = _texts("null_tokens", raw.get("null_tokens", [""]))
    return Source(name=name, doc=str(raw.get("doc", "")).strip(), timezone=timezone, day=day, null_tokens=tokens,
                  text_ids=_text_ids(raw), path=path, **inputs)  # fmt: skip


def _text_ids(raw: dict[str, Any]) -> tuple[str, ...]:
    found = _texts("text_ids", raw.get("text_ids", []))
    ids = dict.fromkeys(c.name for table in TARGETS.values() for c in table.columns if c.name.endswith("_id"))
    for name in found:
        if name not in ids:
            raise MappingError(f"text_ids has {name!r}; the ids of ours are {', '.join(ids)}")
    return found


def _input(which: str, raw: Any) -> Input:
    where = f"[{which}]"
    if not isinstance(raw, dict):
        raise MappingError(f"{where} must be a table")
    known = {f.name for f in fields(Input)} - {"which", "hashed"} | {"from"}
    known -= {"snapshot"} if which != "items" else set()
    known -= {"from"} if which == "events" else {"event_types"}
    _refuse_unknown(where, raw, known)
    values = {k: v for k, v in raw.items() if k not in ("from", "time", "columns", "personal", "files", "each")}
    for key in ("constants", "derived", "event_types", "reject", "tallies"):
        if not isinstance(values.get(key, {}), dict):
            raise MappingError(f"[{which}.{key}] must be a table of name = text")
        values[key] = MappingProxyType(values.get(key, {}))
    values["files"] = _files(where, raw)
    if "column_names" in values:
        values["column_names"] = _texts(f"{where} column_names", values["column_names"])
    columns, personal, hashed = _columns(which, raw.get("columns", {}))
    personal |= set(_texts(f"{where} personal", raw.get("personal", [])))
    made = Input(which=which, columns=MappingProxyType(columns), time=_time(which, raw.get("time")),
                 each=_each(which, raw.get("each")),
                 personal=frozenset(personal), hashed=frozenset(hashed), **values)  # fmt: skip
    _check_reading(where, made, raw)
    _check_targets(which, made)
    return made


def _files(where: str, raw: dict[str, Any]) -> tuple[str, ...]:
    if "from" in raw:
        values = ("format", "encoding", "decimal", "thousands", "time", "each", "tallies", "snapshot")
        reading = [key for key in ("files", *values, *_CSV_ONLY) if key in raw]
        if raw["from"] != "events" or reading:
            seen = f"from = {raw['from']!r}" + (f" with {', '.join(reading)}" if reading else "")
            raise MappingError(f'{where} has {seen}; it is either `from = "events"` alone, or `files` and how to read')
        return ()
    patterns = raw.get("files")
    if not patterns:
        hint = "" if where == "[events]" else ' or `from = "events"`'
        raise MappingError(f'{where} has no files; write for example files = "{{date}}.csv.gz"{hint}')
    found = (patterns,) if isinstance(patterns, str) else _texts(f"{where} files", patterns)
    if len({"{date" in p for p in found}) > 1:
        raise MappingError(f"{where} files mixes patterns with and without {{date}}: {', '.join(found)}")
    for pattern in found:
        if re.search(r"[{}]", re.sub(r"\{date(:[^{}]+)?\}", "", pattern)):
            raise MappingError(f"{where} files '{pattern}': only {{date}} and {{date:%Y%m%d}} are known in braces")
    return found


def _columns(which: str, raw: Any) -> tuple[dict[str, str], set[str], set[str]]:
    """(ours -> theirs, their personal columns, our hashed columns) of `[which.columns]`."""
    columns, personal, hashed = {}, set(), set()
    for ours, theirs in raw.items():
        is_personal = any(c.name == ours and c.personal for c in TARGETS[which].columns)
        if isinstance(theirs, dict):
            _refuse_unknown(f"[{which}.columns] {ours}", theirs, {"column", "personal"})
            is_personal |= bool(theirs.get("personal"))
            theirs = theirs.get("column")
        if not isinstance(theirs, str):
            raise MappingError(f"[{which}.columns] {ours} must be the name of a column in the file, saw {theirs!r}")
        columns[ours] = theirs
        if is_personal:
            personal.add(theirs)
            hashed.add(ours)
    return columns, personal, hashed


def _each(which: str, raw: Any) -> Each | None:
    if raw is None:
        return None
    given = raw if isinstance(raw, dict) else {"column": raw}
    _refuse_unknown(f"[{which}.each]", given, {f.name for f in fields(Each)})
    if not given.get("column") or not all(isinstance(value, str) and value for value in given.values()):
        raise MappingError(
            f'[{which}] each is {raw!r}; it names the column that holds an array, such as each = "line_items", '
            'or each = { column = "shown", split = "|" } for a text with a separator'
        )
    return Each(**given)


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
    found = (raw,) if isinstance(raw, str) else _texts(f"{where} format", raw)
    units = [f"epoch_{unit}" for unit in EPOCHS]
    for pattern in found:
        if pattern in units and isinstance(raw, str):
            raise MappingError(f"{where} format is {raw!r}; a column of numbers alone is epoch = '{raw[6:]}'")
        letters = set(re.sub(r"'[^']*'|[^A-Za-z]", "", pattern))
        if pattern in (*DATE_WORDS, *units) or (letters and letters <= _PATTERN_LETTERS):
            continue
        unknown = ", ".join(sorted(letters - _PATTERN_LETTERS)) or "no letter of a pattern"
        raise MappingError(
            f"{where} format {pattern!r} has {unknown}; write Spark's pattern such as 'dd.MM.yyyy HH:mm' "
            f"(text that stands for itself in '...'), or {', '.join((*DATE_WORDS, *units))}"
        )
    return found


def _check_reading(where: str, made: Input, raw: dict[str, Any]) -> None:
    if made.format not in FORMATS:
        raise MappingError(f"{where} format is {made.format!r}; there are {', '.join(FORMATS)}")
    misplaced = [key for key in _CSV_ONLY if key in raw and made.format != "csv"]
    if misplaced:
        raise MappingError(f"{where} {', '.join(misplaced)}: only csv files have that, the format is {made.format}")
    if not made.header and not made.column_names:
        raise MappingError(f"{where} has header = false and no column_names; name the columns in their order")
    if made.decimal or made.thousands:
        _check_numbers(where, made)
    if not _is_encoding(made.encoding):
        raise MappingError(f"{where} encoding {made.encoding!r} is unknown; write it like 'utf-8', 'gb18030', 'cp1252'")


def _check_numbers(where: str, made: Input) -> None:
    """`decimal` alone means no thousands are marked, `thousands` alone that the point is the decimal sign."""
    if (made.decimal or ".") not in _DECIMALS:
        raise MappingError(f"{where} decimal is {made.decimal!r}; it is '.' or ','")
    if made.thousands not in _THOUSANDS:
        raise MappingError(f"""{where} thousands is {made.thousands!r}; it is '.', ',', "'" or ' ' (any blank)""")
    if made.thousands == (made.decimal or "."):
        raise MappingError(f"{where} thousands and decimal are both {made.thousands!r}; say decimal = ',' or '.'")


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except LookupError:
        return False
    return True


def _check_targets(which: str, made: Input) -> None:
    names = [c.name for c in made.targets]
    given: dict[str, str] = {}
    for part in ("columns", "constants", "derived"):
        for ours in getattr(made, part):
            if ours not in names:
                raise MappingError(f"[{which}.{part}]: {which} has no column '{ours}'; it has {', '.join(names)}")
            if ours in given:
                raise MappingError(f"{which} '{ours}' is given in [{which}.{given[ours]}] and in [{which}.{part}]")
            given[ours] = part
    missing = [name for name in _REQUIRED[which] if name not in given]
    if which == "events":
        missing += [] if given.keys() & {"user_id", "visitor_id"} else ["user_id or visitor_id"]
        missing += [] if made.time else ["event_time (in [events.time])"]
    if missing:
        raise MappingError(f"{which} lack {', '.join(missing)}; give each in [{which}.columns], .constants or .derived")
    types = {**made.event_types, **{k: v for k, v in made.constants.items() if k == "event_type"}}
    for theirs, ours in types.items():
        if ours not in EVENT_TYPES:
            raise MappingError(f"event type '{theirs}' is mapped to {ours!r}; there are {', '.join(EVENT_TYPES)}")
    for text in made.sql:
        if found := _GENERATORS.search(_without_text(text)):
            raise MappingError(
                f"[{which}] {found[1]}(...) makes several rows of one, which SQL of a mapping may not: {text!r}; "
                f'say each = "COLUMN" in [{which}], then a field of an element is COLUMN.FIELD'
            )
    for name in made.reject:
        if name in {*READ_REASONS, *VISIT_REASONS} or not re.fullmatch(r"[a-z0-9_]+", name):
            raise MappingError(f"[{which}.reject] '{name}' is taken or not lower-case letters, digits and _")


def _refuse_unknown(where: str, raw: Mapping[str, Any], known: set[str]) -> None:
    refuse_unknown(where, raw, known, MappingError)


def _texts(where: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(value, str) for value in raw):
        raise MappingError(f"{where} must be a list of texts, saw {raw!r}")
    return tuple(raw)


def with_paths(spec: Input, is_column: Callable[[str], bool]) -> Input:
    """`spec` with those paths of its SQL (`customer.id`) in backticks, as one column, of which `is_column` says so.

    Text, what is in backticks already, and other paths (a lambda's variable) stay as they are.
    """

    def quoted(found: re.Match[str]) -> str:
        path = found["path"]
        return f"`{path}`" if path and is_column(path) else found[0]

    def over(sql: str) -> str:
        return _PATHS.sub(quoted, sql)

    def each_over(texts: Mapping[str, str]) -> Mapping[str, str]:
        return MappingProxyType({name: over(sql) for name, sql in texts.items()})

    time = replace(spec.time, sql=over(spec.time.sql)) if spec.time and spec.time.sql else spec.time
    return replace(spec, time=time, derived=each_over(spec.derived), reject=each_over(spec.reject),
                   tallies=each_over(spec.tallies))  # fmt: skip


def _without_text(sql: str) -> str:
    """The SQL with its '...' and "..." literals emptied."""
    return re.sub(_TEXT, "''", sql)
