"""The checks of a single row in their order, as Spark SQL over the columns that typed_values adds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from jobs.intake.spark_scan import INTERNAL
from jobs.intake.sql_text import quoted, text
from jobs.runtime.attributes import is_no_object
from jobs.runtime.shop_days import ShopDays
from schemas.rejection_reasons import WITHOUT_LINES
from schemas.sources.mapping import Input, Source
from schemas.tables.events import EVENT_TYPES

_IDS = ("event_id", "user_id", "visitor_id", "item_id", "order_id")
_KEYS = {"events": "item", "items": "item", "users": "user"}
_PRICES = ("price", "cost")
_MAX_FIELD_BYTES = 1_000_000
_MAX_ID = 256
_CONTROLS = "[\\\\x00-\\\\x1f\\\\x7f]"


@dataclass(frozen=True)
class RawLimits:
    """Limits that no line of a shop exceeds: prices in the shop's currency, quantities in units."""

    max_price: float = 1e7  # the highest price in Online Retail is 38,970; a shop that sells in rupiah raises this
    max_quantity: float = 1e6  # real orders reach 80,995 units (Online Retail, cancelled 12 minutes later)
    future_minutes: int = 60  # a clock may run fast; more is another time zone or a broken clock


@dataclass(frozen=True)
class Check:
    """Rejects a row for `reason` if the SQL `condition` is true. `detail` is SQL of the value that was seen."""

    reason: str
    condition: str
    detail: str = "CAST(NULL AS STRING)"


def checks(
    spec: Input,
    source: Source,
    columns: list[str],
    types: dict[str, str],
    files: list[dict[str, Any]],
    end: str,
    limits: RawLimits,
) -> list[Check]:
    """All checks of one input in their order. columns: the frame's. types: Spark types of the shop's columns.

    `end`: SQL of the last moment that an event of a dated file may have, see `last_moment`.
    """
    mapped = {*spec.columns, *spec.constants, *spec.derived}
    tests = [*_line_checks(types, files), *_id_checks(spec, mapped, files), *_inexact_id_checks(spec, columns)]
    if spec.each:
        search = " AND NOT __v_event_type <=> 'search'" if spec.which == "events" else ""
        tests.append(Check(WITHOUT_LINES, f"__position IS NULL AND __v_{_KEYS[spec.which]}_id IS NULL{search}"))
    tests += [Check(name, sql) for name, sql in spec.reject.items()]
    if spec.which == "events":
        event_types = ", ".join(map(text, EVENT_TYPES))
        tests.append(
            Check(
                "unknown_event_type",
                f"__v_event_type IS NULL OR __v_event_type NOT IN ({event_types})",
                _seen_sql("event_type", spec),
            )
        )
        tests.append(Check("missing_item", "__v_item_id IS NULL AND __v_event_type <> 'search'"))
        tests += _time_checks(spec, end)
    else:
        key = _KEYS[spec.which]
        tests.append(Check(f"missing_{key}", f"__v_{key}_id IS NULL"))
    tests += _number_checks(spec, mapped, columns, limits)
    if "currency" in {*spec.columns, *spec.derived}:
        detail = "concat('currency: saw \\'', left(__v_currency, 80), '\\'')"
        tests.append(Check("bad_currency", "__v_currency NOT RLIKE '^[A-Z]{3}$'", detail))
    if spec.which == "items" and "attributes" in mapped and not spec.from_events:
        value = "__v_attributes"
        tests.append(Check("bad_attributes", is_no_object(value), _seen_sql("attributes", spec, value)))
    return tests


def choose(conditions: list[str]) -> str:
    """SQL of the number, from 0, of the first condition that is true; null if none is."""
    return "CASE " + " ".join(f"WHEN {condition} THEN {number}" for number, condition in enumerate(conditions)) + " END"


def _line_checks(types: dict[str, str], files: list[dict[str, Any]]) -> list[Check]:
    texts = [quoted(name) for name, kind in types.items() if kind == "string" and name not in INTERNAL]
    tests = []
    if not files[0]["types"]:  # text files; a row of Parquet cannot be malformed
        tests.append(Check("malformed_row", "__malformed IS NOT NULL"))
    if any(file["undecodable"] for file in files):
        has_replacement = " OR ".join(f"contains({column}, '\ufffd')" for column in texts)
        tests.append(Check("undecodable_text", has_replacement))
    if files[0]["types"] and texts:  # Parquet says that its texts are UTF-8, and no writer must check it
        tests.append(Check("undecodable_text", " OR ".join(f"NOT is_valid_utf8({column})" for column in texts)))
    longest = f"greatest({', '.join(f'octet_length({column})' for column in (*texts, 'NULL'))}, 0)"
    tests.append(Check("field_too_long", f"{longest} > {_MAX_FIELD_BYTES}", f"concat({longest}, ' bytes')"))
    return tests


def _id_checks(spec: Input, mapped: set[str], files: list[dict[str, Any]]) -> list[Check]:
    ids = [f"__v_{name}" for name in _IDS if name in mapped]
    longest = f"greatest({', '.join(f'octet_length({id_value})' for id_value in ids)}, 0)"
    is_bad = f"{longest} > {_MAX_ID} AND {longest.replace('octet_length', 'char_length')} > {_MAX_ID}"
    if spec.format != "csv" or any(file["has_controls"] for file in files):  # otherwise no row has one
        is_bad += (
            f" OR concat_ws('', {', '.join(ids)}) RLIKE '{_CONTROLS}'"  # one regex for each row, not one for each id
        )
    return [
        Check("bad_id", is_bad, f"concat('ids: saw \\'', left(concat_ws('\\', \\'', {', '.join(ids)}), 300), '\\'')")
    ]


def _inexact_id_checks(spec: Input, columns: list[str]) -> list[Check]:
    refused = {name: f"__v_{name} IS NULL AND __s_{name} IS NOT NULL" for name in _IDS if f"__s_{name}" in columns}
    if not refused:
        return []
    cases = (f"WHEN {test} THEN {_seen_sql(name, spec)}" for name, test in refused.items())
    return [Check("inexact_id", " OR ".join(f"({test})" for test in refused.values()), f"CASE {' '.join(cases)} END")]


def last_moment(source: Source, night: date, limits: RawLimits) -> datetime:
    """The last moment, in UTC, that an event in a file of `night` may have; later events are in the future.

    A shop may cut its files at midnight in UTC or in its own zone, whatever the setting of its days.
    """
    return max(ShopDays(zone).end(night) for zone in ("UTC", source.timezone)) + timedelta(
        minutes=limits.future_minutes
    )


def _time_checks(spec: Input, end: str) -> list[Check]:
    detail = "concat('event_time: saw \\'', left(__time_seen, 80), '\\'')"
    tests = [Check("missing_time", "__time_seen IS NULL"), Check("bad_time", "__time IS NULL", detail)]
    if spec.is_dated:  # later rows of an undated file belong to later nights
        tests.append(Check("future_event", f"__time > {end}", detail))
    return tests


def _number_checks(spec: Input, mapped: set[str], columns: list[str], limits: RawLimits) -> list[Check]:
    unreadable, out_of_range = [], []
    for column in (target for target in spec.targets if target.name in mapped and target.name not in spec.constants):
        value, detail = f"__v_{column.name}", _seen_sql(column.name, spec)
        is_lost = f"{value} IS NULL AND __s_{column.name} IS NOT NULL"
        if column.type in ("bool", "date") and f"__s_{column.name}" in columns:
            unreadable.append(Check("bad_value", is_lost, detail))
        if column.type not in ("float64", "float32", "int32", "int64"):
            continue
        detail = detail if f"__s_{column.name}" in columns else _seen_sql(column.name, spec, value)
        conditions = [f"({is_lost})"] if f"__s_{column.name}" in columns else []
        if column.type.startswith("float"):  # NaN is greater than every number in Spark
            conditions += [f"{value} >= 1e308D", f"{value} <= -1e308D"]
        has_own_limits = column.name not in (*_PRICES, "quantity")
        conditions += [f"{value} < {column.min}"] if has_own_limits and column.min is not None else []
        conditions += [f"{value} > {column.max}"] if has_own_limits and column.max is not None else []
        if conditions:
            unreadable.append(Check("bad_number", " OR ".join(conditions), detail))
        if column.name in _PRICES:
            out_of_range.append(Check("negative_price", f"{value} < 0", detail))
            out_of_range.append(Check("absurd_price", f"{value} > {limits.max_price}D", detail))
        if column.name == "quantity":
            out_of_range.append(Check("negative_quantity", f"{value} < 0", detail))
            out_of_range.append(Check("absurd_quantity", f"{value} > {limits.max_quantity}D", detail))
    return sorted(unreadable, key=lambda test: test.reason) + out_of_range


def _seen_sql(name: str, spec: Input, value: str | None = None) -> str:
    """SQL of a text such as `price: saw 'abc'`; personal values are not shown."""
    if name in spec.hashed:
        return text(f"{name}: not shown, it is personal")
    return f"concat({text(name + ': saw ')}, '\\'', coalesce(left({value or f'__s_{name}'}, 80), 'nothing'), '\\'')"
