"""The portrait of one account as text: its profile, purchases, segment and tastes, with events behind each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.features.tastes import HOURS, SAYS_NOTHING
from jobs.runtime.attributes import read_attributes
from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import read_table
from jobs.runtime.shop_days import ShopDays, days_of
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, ITEMS, SEGMENTS, USER_PROFILES, USER_PURCHASES, USER_SEGMENTS, USER_TASTES
from schemas.tables.profiles import TASTE_KINDS

EVENT_DAYS = 28  # days of clean events that are searched for the events behind a line
_TASTES = 3  # of each kind
_EVENTS = 2  # shown below each line
_UNKNOWN = "not known"
Row = dict[str, Any]


def portrait(lake: Lake, night: dt.date, user: str) -> list[str]:
    """The lines of the page. If the night has no portrait of this user, one line that says why."""
    of_user = pc.field("user_id") == user
    profiles = _rows(lake, USER_PROFILES, night, of_user)
    if profiles is None:
        return [f"no portraits of {night}: that night made none, or they were deleted (publish.keep_nights)"]
    if not profiles:
        return [f"no portrait of {user}: it is not among the accounts of {night}"]
    events = _latest_events(lake, night, of_user)
    items = _items(lake, night, events)
    profile, days = profiles[0], days_of(lake)
    return [
        f"portrait of {user}, night of {night}",
        *_basics(profile, days),
        *_buying(profile, _rows(lake, USER_PURCHASES, night, of_user) or []),
        *_behind([event for event in events if event["event_type"] in ("purchase", "return")], items, days),
        *_habits(profile),
        *_segment(lake, night, of_user),
        *_tastes(_rows(lake, USER_TASTES, night, of_user) or [], events, items, days),
    ]


def _rows(lake: Lake, table: Table, night: dt.date, condition: pc.Expression) -> list[Row] | None:
    """Rows of that night's version of a table; None where there is none."""
    version = lake.current(table, night)
    if version is None:
        return None
    rows = read_table(lake, lake.file_paths(version), filters=condition)
    return rows.to_pylist()


def _latest_events(lake: Lake, night: dt.date, of_user: pc.Expression) -> list[Row]:
    """The user's events of the last days, the latest first, without impressions and searches: they show no taste."""
    condition = of_user & ~pc.field("event_type").isin(SAYS_NOTHING)
    days = [day for day in lake.dates(CLEAN_EVENTS) if night - dt.timedelta(days=EVENT_DAYS) < day <= night]
    rows = [row for day in days for row in _rows(lake, CLEAN_EVENTS, day, condition) or []]
    return sorted(rows, key=lambda row: (row["event_time"], row["event_id"]), reverse=True)


def _items(lake: Lake, night: dt.date, events: list[Row]) -> dict[str, Row]:
    ids = pa.array(sorted({row["item_id"] for row in events if row["item_id"]}), pa.string())
    return {row["item_id"]: row for row in _rows(lake, ITEMS, night, pc.field("item_id").isin(ids)) or []}


def _line(label: str, *facts: str) -> str:
    return f"  {label:14}{'; '.join(facts)}"


def _known(value: Any, form: str = "{}") -> str:
    return _UNKNOWN if value is None else form.format(value)


def _basics(profile: Row, days: ShopDays) -> list[str]:
    city_and_country = ", ".join(profile[name] for name in ("city", "country") if profile[name]) or _UNKNOWN
    return [
        _line(
            "who",
            f"age {_known(profile['age_band'])}",
            f"gender {_known(profile['gender'])}",
            f"place {city_and_country}",
            f"member level {_known(profile['member_level'])}",
            f"{_known(profile['tenure_days'])} days with the shop",
        ),
        _line(
            "visits",
            f"{profile['sessions']:,} sessions",
            f"last seen {_known(profile['last_seen_days'], '{:,} days ago')}",
            f"mostly {_known(profile['usual_hour'])} ({days.zone})",
        ),
    ]


def _buying(profile: Row, purchases: list[Row]) -> list[str]:
    since = f", since {purchases[0]['first_purchase_on']}" if purchases else ""
    return [
        _line(
            "buying",
            f"stage {profile['stage']}",
            f"{profile['frequency']:,} days with a purchase{since}",
            f"the latest {_known(profile['recency_days'], '{:,} days ago')}",
            f"{_known(profile['monetary'], '{:,.2f}')} spent, less returns",
        )
    ]


def _habits(profile: Row) -> list[str]:
    lines = f"of {profile['priced_purchases']:,} purchase lines with a usual price"
    appetite = profile["discount_appetite"]
    return [
        _line(
            "discounts", f"not enough data ({lines})" if appetite is None else f"{appetite:.0%} {lines} were below it"
        ),
        _line("prices", f"sensitivity {profile['price_sensitivity'] or 'not enough data'} ({lines})"),
    ]


def _segment(lake: Lake, night: dt.date, of_user: pc.Expression) -> list[str]:
    rows = _rows(lake, USER_SEGMENTS, night, of_user)
    if not rows:
        return []
    membership = rows[0]
    segments = _rows(lake, SEGMENTS, night, pc.field("segment_id") == membership["segment_id"])
    name = f" {segments[0]['name_en']} / {segments[0]['name_zh']}" if segments else ""
    moved = "moved there tonight" if membership["moved"] else "the same as the night before, or new"
    return [_line("segment", f"{membership['segment_id']}{name}", moved, f"RFM class {membership['rfm_class']}")]


def _tastes(tastes: list[Row], events: list[Row], items: dict[str, Row], days: ShopDays) -> list[str]:
    """The strongest tastes of each kind with share, evidence and last day; below each taste its latest events."""
    lines = []
    for kind in TASTE_KINDS:
        of_kind = [row for row in tastes if row["kind"] == kind]
        for row in sorted(of_kind, key=lambda row: (-row["strength"], row["value"]))[:_TASTES]:
            count = f"{row['evidence']:,} event{'s' if row['evidence'] != 1 else ''}"
            lines.append(
                _line(kind, row["value"], f"{row['share']:.0%}", f"{count}, the last on {row['last_event_on']}")
            )
            values_of = _VALUES_OF[kind]
            evidence = [
                event for event in events if row["value"] in values_of(event, items.get(event["item_id"], {}), days)
            ]
            lines += _behind(evidence, items, days)
    return lines


def _attributes(item: Row) -> list[str]:
    (attributes,) = read_attributes([item.get("attributes")])
    return [f"{name}={value}" for name, value in attributes.items()]


# Kind of taste -> the values for which one event is evidence. No single event shows the price band.
_VALUES_OF: dict[str, Callable[[Row, Row, ShopDays], list[str | None]]] = {
    "category": lambda event, item, days: [item.get("shown_category")],
    "brand": lambda event, item, days: [item.get("shown_brand")],
    "attribute": lambda event, item, days: [*_attributes(item)],
    "price_band": lambda event, item, days: [],
    "hour": lambda event, item, days: [HOURS[days.shown(event["event_time"]).hour // 6]],
    "channel": lambda event, item, days: [event["slot"]],
}


def _behind(events: list[Row], items: dict[str, Row], days: ShopDays) -> list[str]:
    """The lines of the first events, as evidence of the line above."""
    lines = []
    for event in events[:_EVENTS]:
        title = items.get(event["item_id"], {}).get("shown_title") or ""
        price = f" at {event['price']:,.2f}" if event["price"] is not None else ""
        description = f"{event['event_type']:9} {event['item_id'] or ''} {title}".rstrip()
        lines.append(f"  {'':14}  {days.shown(event['event_time']):%Y-%m-%d %H:%M} {description}{price}")
    return lines
