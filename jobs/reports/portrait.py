"""A portrait as a page for a person: what the tables say of one account, and the events behind each taste."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.features.tastes import HOURS, SAYS_NOTHING
from jobs.runtime.attributes import read_attributes
from jobs.runtime.lake import Lake
from jobs.runtime.shop_days import ShopDays, days_of
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, ITEMS, SEGMENTS, USER_PROFILES, USER_PURCHASES, USER_SEGMENTS, USER_TASTES
from schemas.tables.profiles import TASTE_KINDS

EVENT_DAYS = 28  # of clean events that are searched for what stands behind a line
_TASTES = 3  # of each kind
_EVENTS = 2  # behind each line
_UNKNOWN = "not known"
Row = dict[str, Any]


def portrait(lake: Lake, night: dt.date, user: str) -> list[str]:
    """The lines of the page; one that says why where the night has no portrait of this user."""
    mine = pc.field("user_id") == user
    found = _rows(lake, USER_PROFILES, night, mine)
    if found is None:
        return [f"no portraits of {night}: that night made none, or its snapshots are gone (publish.keep_nights)"]
    if not found:
        return [f"no portrait of {user}: the accounts of {night} do not have it"]
    events = _latest_events(lake, night, mine)
    items = _items(lake, night, events)
    profile, days = found[0], days_of(lake)
    return [
        f"portrait of {user}, night of {night}",
        *_basics(profile, days),
        *_buying(profile, _rows(lake, USER_PURCHASES, night, mine) or []),
        *_behind([e for e in events if e["event_type"] in ("purchase", "return")], items, days),
        *_habits(profile),
        *_segment(lake, night, mine),
        *_tastes(_rows(lake, USER_TASTES, night, mine) or [], events, items, days),
    ]


def _rows(lake: Lake, table: Table, night: dt.date, wanted: pc.Expression) -> list[Row] | None:
    """None where the night has no such table."""
    version = lake.current(table, night)
    if version is None:
        return None
    return pq.read_table(
        lake.file_paths(version), filesystem=lake.fs, filters=wanted, partitioning=None
    ).to_pylist()  # fmt: skip


def _latest_events(lake: Lake, night: dt.date, mine: pc.Expression) -> list[Row]:
    """The user's events of the last days, the latest first; impressions and searches are no evidence."""
    wanted = mine & ~pc.field("event_type").isin(SAYS_NOTHING)
    days = [day for day in lake.dates(CLEAN_EVENTS) if night - dt.timedelta(days=EVENT_DAYS) < day <= night]
    rows = [row for day in days for row in _rows(lake, CLEAN_EVENTS, day, wanted) or []]
    return sorted(rows, key=lambda row: (row["event_time"], row["event_id"]), reverse=True)


def _items(lake: Lake, night: dt.date, events: list[Row]) -> dict[str, Row]:
    ids = pa.array(sorted({row["item_id"] for row in events if row["item_id"]}), pa.string())
    return {row["item_id"]: row for row in _rows(lake, ITEMS, night, pc.field("item_id").isin(ids)) or []}


def _line(label: str, *facts: str) -> str:
    return f"  {label:14}{'; '.join(facts)}"


def _told(value: Any, form: str = "{}") -> str:
    return _UNKNOWN if value is None else form.format(value)


def _basics(profile: Row, days: ShopDays) -> list[str]:
    where = ", ".join(profile[name] for name in ("city", "country") if profile[name]) or _UNKNOWN
    return [
        _line(
            "who",
            f"age {_told(profile['age_band'])}",
            f"gender {_told(profile['gender'])}",
            f"place {where}",
            f"member level {_told(profile['member_level'])}",
            f"{_told(profile['tenure_days'])} days with the shop",
        ),
        _line(
            "visits",
            f"{profile['sessions']:,} sessions",
            f"last seen {_told(profile['last_seen_days'], '{:,} days ago')}",
            f"mostly {_told(profile['usual_hour'])} ({days.zone})",
        ),
    ]


def _buying(profile: Row, purchases: list[Row]) -> list[str]:
    since = f", since {purchases[0]['first_purchase_on']}" if purchases else ""
    return [
        _line(
            "buying",
            f"stage {profile['stage']}",
            f"{profile['frequency']:,} days with a purchase{since}",
            f"the latest {_told(profile['recency_days'], '{:,} days ago')}",
            f"{_told(profile['monetary'], '{:,.2f}')} spent, less returns",
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


def _segment(lake: Lake, night: dt.date, mine: pc.Expression) -> list[str]:
    found = _rows(lake, USER_SEGMENTS, night, mine)
    if not found:
        return []
    place = found[0]
    named = _rows(lake, SEGMENTS, night, pc.field("segment_id") == place["segment_id"])
    name = f" {named[0]['name_en']} / {named[0]['name_zh']}" if named else ""
    moved = "moved tonight" if place["moved"] else "as the night before, or new"
    return [_line("segment", f"{place['segment_id']}{name}", moved, f"RFM class {place['rfm_class']}")]


def _tastes(tastes: list[Row], events: list[Row], items: dict[str, Row], days: ShopDays) -> list[str]:
    """The strongest of each kind with share, evidence and last day; under each the latest events that say so."""
    lines = []
    for kind in TASTE_KINDS:
        own = [row for row in tastes if row["kind"] == kind]
        for row in sorted(own, key=lambda row: (-row["strength"], row["value"]))[:_TASTES]:
            count = f"{row['evidence']:,} event{'s' if row['evidence'] != 1 else ''}"
            lines.append(
                _line(kind, row["value"], f"{row['share']:.0%}", f"{count}, the last on {row['last_event_on']}")
            )
            says = _SAYS[kind]
            mine = [e for e in events if row["value"] in says(e, items.get(e["item_id"], {}), days)]
            lines += _behind(mine, items, days)
    return lines


def _attributes(item: Row) -> list[str]:
    (own,) = read_attributes([item.get("attributes")])
    return [f"{name}={value}" for name, value in own.items()]


# What an event of an item says of each kind. The band of a price is no matter of one item: its evidence is a number.
_SAYS: dict[str, Callable[[Row, Row, ShopDays], list[str | None]]] = {
    "category": lambda event, item, days: [item.get("category")],
    "brand": lambda event, item, days: [item.get("brand")],
    "attribute": lambda event, item, days: [*_attributes(item)],
    "price_band": lambda event, item, days: [],
    "hour": lambda event, item, days: [HOURS[days.shown(event["event_time"]).hour // 6]],
    "channel": lambda event, item, days: [event["slot"]],
}


def _behind(events: list[Row], items: dict[str, Row], days: ShopDays) -> list[str]:
    lines = []
    for event in events[:_EVENTS]:
        title = items.get(event["item_id"], {}).get("title") or ""
        price = f" at {event['price']:,.2f}" if event["price"] is not None else ""
        what = f"{event['event_type']:9} {event['item_id'] or ''} {title}".rstrip()
        lines.append(f"  {'':14}  {days.shown(event['event_time']):%Y-%m-%d %H:%M} {what}{price}")
    return lines
