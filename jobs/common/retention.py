"""How long each kind of personal row is kept, and the oldest day of each kind in the lake.

A day is the night on which a row arrived, the `date=D` of its folder. Other settings (`publish`) hold for snapshots,
models and published nights. A kind with 0 days is kept for ever. The newest night of a table is never deleted, since
the next night continues from it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from jobs.common.personal_tables import PERSONAL
from jobs.runtime.lake import ANSWERS, Lake
from models.core.config import check_bounds
from schemas.tables import CLEAN_EVENTS, REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS

Place = tuple[str, ...]
_REJECTED = (REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS)
_DATE = "date="


@dataclass(frozen=True)
class RetentionConfig:
    """For how many days personal rows are kept, tonight included; 0: for ever."""

    raw_days: int = field(default=0, metadata={"doc": "the shop's raw files, as they arrived", "least": 0})
    event_days: int = field(
        default=0,
        metadata={"doc": "clean events; no less than the longest window that learns from them", "least": 0},
    )
    rejected_days: int = field(default=0, metadata={"doc": "rejected rows, which hold the raw values", "least": 0})
    report_days: int = field(default=0, metadata={"doc": "pages about nights", "least": 0})
    run_days: int = field(default=0, metadata={"doc": "reports of jobs; settings and errors are in them", "least": 0})

    def __post_init__(self) -> None:
        check_bounds(self)


def places(lake: Lake) -> dict[str, list[Place]]:
    """Kind -> the folders that hold it, in one folder `date=D` for each day."""
    sources = [(*root, source) for root in (("raw",), ("refresh", "raw")) for source in lake.list_dir(*root)]
    raw = [folder for source in sources for folder in (source, (*source, "readable"))]  # as they came, and as UTF-8
    event_tables = (CLEAN_EVENTS, *_REJECTED)
    return {
        "raw": raw,
        "event": [("tables", CLEAN_EVENTS.name), ("refresh", "tables", CLEAN_EVENTS.name)],
        "rejected": [(*root, table.name) for root in (("tables",), ("refresh", "tables")) for table in _REJECTED],
        "report": [("reports",)],
        "run": [("runs",), ("refresh", "runs")],
        "snapshot": [("tables", table.name) for table in PERSONAL if table not in event_tables],
        "model": [("models", name) for name in lake.list_dir("models")],
        "answer": [(ANSWERS,)],
    }


def outdated(lake: Lake, config: RetentionConfig, night: dt.date) -> list[Place]:
    """The folders of days that are older than the settings allow."""
    return [
        folder
        for kind, folders in places(lake).items()
        if (days := getattr(config, f"{kind}_days", 0))
        for place in folders
        for folder in days_before(lake, place, night - dt.timedelta(days=days - 1))
    ]


def oldest_days(lake: Lake) -> dict[str, str]:
    """Kind -> its oldest day, for each kind that has any day; published nights are a kind, too."""
    days = {kind: [day for place in folders for day in _days(lake, place)] for kind, folders in places(lake).items()}
    runs = [name.removeprefix("run=")[:10] for name in lake.list_dir("published") if name.startswith("run=")]
    days["published"] = [dt.date.fromisoformat(run) for run in runs]
    return {kind: str(min(of_kind)) for kind, of_kind in days.items() if of_kind}


def too_old(oldest: dict[str, str], config: RetentionConfig, night: dt.date) -> list[str]:
    """A sentence for each kind whose oldest day is older than its setting allows."""
    return [
        f"{kind}: the oldest is of {day}, though retention.{kind}_days = {days}"
        for kind, day in oldest.items()
        if (days := getattr(config, f"{kind}_days", 0))
        and dt.date.fromisoformat(day) < night - dt.timedelta(days=days - 1)
    ]


def days_before(lake: Lake, place: Place, first: dt.date) -> list[Place]:
    """Folders of days before `first`, without the newest one that passed its gate, since tomorrow starts from it."""
    names = _day_folders(lake, place)
    newest = next((name for name in reversed(names) if lake.exists(*place, name, "_current.json")), None)
    return [(*place, name) for name in names if name != newest and name.removeprefix(_DATE) < str(first)]


def _days(lake: Lake, place: Place) -> list[dt.date]:
    return [dt.date.fromisoformat(name.removeprefix(_DATE)) for name in _day_folders(lake, place)]


def _day_folders(lake: Lake, place: Place) -> list[str]:
    return [name for name in lake.list_dir(*place) if name.startswith(_DATE)]
