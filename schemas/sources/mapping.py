"""What a mapping says: how one shop's raw files become our raw events, items and users. Stdlib only.

`reading.py` makes a Source from a TOML file; `checks.py` refuses mistakes in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from schemas.sources.images import ImageInput
from schemas.sources.service import ServiceInput
from schemas.sources.sql_columns import bare_words, quote_paths, quoted_columns
from schemas.table import Column, Table
from schemas.tables.catalogue import ITEMS, USERS
from schemas.tables.events import RAW_EVENTS

FORMATS = ("csv", "jsonl", "parquet")
EPOCHS = ("s", "ms", "us", "ns")
DAYS = ("utc", "local")
TARGETS: dict[str, Table] = {"events": RAW_EVENTS, "items": ITEMS, "users": USERS}
_NOT_MAPPED = {"event_time", "extra", "updated_on", "is_sold_out"}  # [*.time] gives event_time; we compute the others


class MappingError(ValueError):
    """A mapping that cannot be used. The message says what was seen, where, and what may be written instead."""


@dataclass(frozen=True)
class Time:
    """Where the time of a row is. Exactly one of `column` and `sql`; at most one of `format` and `epoch`.

    `format` holds Spark patterns and words of ours, tried in their order; without any, the text is ISO 8601.
    """

    column: str | None = None
    sql: str | None = None
    format: tuple[str, ...] = ()
    epoch: str | None = None


@dataclass(frozen=True)
class Each:
    """The column, or the path to it, whose elements become one row each.

    `split` is the separator of a text that is no JSON array.
    """

    column: str
    split: str | None = None

    def holds(self, name: str) -> bool:
        """Whether `name` is the element itself or a field of it."""
        return f"{name}.".casefold().startswith(f"{self.column}.".casefold())


@dataclass(frozen=True)
class Input:
    """One kind of rows of a source: which files, how they are read, and what fills our columns.

    `columns`, `constants` and `derived` have our column names as keys. README.md explains every key.
    """

    which: str  # events, items or users
    files: tuple[str, ...] = ()  # globs below --raw, with {date} for files of one night; empty: rows come from events
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    escape: str = '"'  # RFC 4180: a quote inside quotes is doubled
    header: bool = True
    column_names: tuple[str, ...] = ()
    multiline: bool = False  # fields may hold line breaks; one task then reads the whole file
    decimal: str = ""  # set this or `thousands` if people write the numbers; both empty: programs write them, 1234.56
    thousands: str = ""
    each: Each | None = None
    snapshot: bool = False  # items: an item that the newest file does not list is no longer active
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    event_types: Mapping[str, str] = field(default_factory=dict)
    time: Time | None = None
    reject: Mapping[str, str] = field(default_factory=dict)
    tallies: Mapping[str, str] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()  # the SHOP'S columns that name a person: never in `extra` nor in `raw_row`
    hashed: frozenset[str] = frozenset()  # OUR columns that get the HMAC of the shop's column or SQL

    @property
    def from_events(self) -> bool:
        return not self.files

    @property
    def is_dated(self) -> bool:
        """Whether each night has files of its own."""
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
        """The shop's columns that each file must have: those named outside SQL, or in backticks within SQL."""
        time = (self.time.column,) if self.time and self.time.column else ()
        each = (self.each.column,) if self.each else ()
        quoted = (name for text in self.sql for name in quoted_columns(text))
        return tuple(dict.fromkeys((*self.columns.values(), *time, *each, *quoted, *sorted(self.personal))))

    @property
    def sql_words(self) -> frozenset[str]:
        """Words of the SQL that may be columns: not literals, not functions. Keywords are among them."""
        return frozenset(word for text in self.sql for word in (*quoted_columns(text), *bare_words(text)))

    @property
    def masked(self) -> frozenset[str]:
        """The shop's columns that no rejected row shows: `personal`, and those in the SQL of a hashed column.

        Keywords of the SQL are among them.
        """
        sql = [self.derived[name] for name in self.hashed if name in self.derived]
        return self.personal.union(*(quoted_columns(text) for text in sql), *(bare_words(text) for text in sql))


@dataclass(frozen=True)
class Source:
    """The mapping of one shop.

    `timezone` is used for times that name no time zone; `null_tokens` are texts that mean "no value". `day` says whose
    days the nights are: "utc", or "local" for days of `timezone`.
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
    images: ImageInput | None = None
    policies: ServiceInput | None = None
    questions: ServiceInput | None = None
    replies: ServiceInput | None = None
    erasures: str = ""  # a list of people to forget, one id a line, below --raw: "{date}/erasures.csv"
    path: str = field(default="", compare=False)

    @property
    def day_zone(self) -> str:
        """The timezone at whose midnight a day begins."""
        return self.timezone if self.day == "local" else "UTC"

    def input(self, which: str) -> Input:
        """The input of events, items or users. MappingError where the mapping has none."""
        spec = {"events": self.events, "items": self.items, "users": self.users}[which]
        if spec is None:
            raise MappingError(f"source {self.name} maps no {which}; add [{which}] to {self.path}")
        return spec

    @property
    def inputs(self) -> tuple[Input, ...]:
        return tuple(spec for spec in (self.events, self.items, self.users) if spec is not None)


def target_columns(which: str) -> tuple[Column, ...]:
    """Our columns of events, items or users that a mapping may fill."""
    return tuple(column for column in TARGETS[which].columns if column.name not in _NOT_MAPPED)


def with_paths(spec: Input, is_column: Callable[[str], bool]) -> Input:
    """`spec`, in whose SQL each path that is a column (`is_column`), such as `customer.id`, is read as one column."""

    def over(texts: Mapping[str, str]) -> Mapping[str, str]:
        return MappingProxyType({name: quote_paths(sql, is_column) for name, sql in texts.items()})

    time = spec.time
    if time and time.sql:
        time = replace(time, sql=quote_paths(time.sql, is_column))
    return replace(spec, time=time, derived=over(spec.derived), reject=over(spec.reject), tallies=over(spec.tallies))
