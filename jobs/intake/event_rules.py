"""The rules for late lines and crawlers, and the account of the lines that a night kept and rejected."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.intake.visits import VisitRules
from jobs.runtime.history import NIGHT
from jobs.runtime.night import Night
from jobs.runtime.shop_days import ShopDays
from schemas.rejection_reasons import ERASED, WITHOUT_LINES
from schemas.tables import REJECTED_EVENTS


@dataclass(frozen=True)
class CleanConfig:
    """When a session ends, what a crawler is, and which events are too late."""

    session_minutes: int = field(default=30, metadata={"doc": "a longer pause starts a new session"})
    max_events_per_day: int = field(
        default=1400,
        # Busiest visitor-day seen: 1,114 lines in online_retail (one invoice without a customer; 543 by one customer),
        # 257 in retailrocket. The sample shop's crawlers make 1,500 and more.
        metadata={"doc": "a visitor with more on one day is a crawler"},
    )
    late_days: int = field(default=7, metadata={"doc": "events and files may arrive this late"})
    max_rejected_share: float = field(
        default=0.25,
        metadata={"doc": "a night that rejects more stops; duplicates, crawlers and the mapping's own do not count"},
    )


def lines_by_visitor(raw: DataFrame, earlier: DataFrame) -> DataFrame:
    """Puts all lines of a visitor into one partition, as `reject_and_sessionise` takes them: the job's one shuffle.

    raw: RAW_EVENTS and source_file, reason, detail, raw_row. earlier: CLEAN_EVENTS of the last nights, whose ids
    tonight's lines may not repeat. A line without any id counts as a visitor of its own.
    """
    visitor = F.coalesce("user_id", "visitor_id", "event_id")
    keys = [F.xxhash64(visitor).alias("visitor"), F.xxhash64(visitor, "event_id").alias("event")]
    lines = raw.select("*", *keys, F.lit(False).alias("is_earlier"))
    night = [name for name in (NIGHT,) if name in earlier.columns]  # only if many nights are judged at once
    earlier_ids = earlier.select("event_id", *night, *keys, F.lit(True).alias("is_earlier"))
    return lines.unionByName(earlier_ids, allowMissingColumns=True).repartition("visitor")


def rules(config: CleanConfig, night_date: dt.date, previous_date: dt.date | None, days: ShopDays) -> VisitRules:
    oldest = None
    if previous_date is not None:  # a first drop may bring any amount of history
        oldest = (min(previous_date, night_date - dt.timedelta(days=config.late_days)) - dt.date(1970, 1, 1)).days
    return VisitRules(config.session_minutes, config.max_events_per_day, oldest, days)


def account(night: Night, kept: dict, rejected: dict, observed: dict) -> Counter[str]:
    """Checks kept + rejected against the reader's own count, and reports both. Returns rejected lines by reason."""
    files = _lines_by_file(kept.get("counts", []), rejected.get("counts", []))
    reasons: Counter[str] = Counter()
    for entry in files.values():
        reasons.update(entry["rejected"])
    total_kept = sum(entry["kept"] for entry in files.values())
    total = observed.pop("raw_rows")
    if total != total_kept + reasons.total():
        raise RuntimeError(
            f"clean_events {night.date}: the reader saw {total} lines, but {total_kept} were kept and "
            f"{reasons.total()} rejected: lines were lost; nothing was published, please report this"
        )
    night.report(raw=total, kept=total_kept, rejected=dict(reasons), files=files, tallies=observed)
    for file, entry in sorted(files.items()):
        night.log.info("%s", _file_line(file, entry))
    return reasons


def refuse_a_bad_drop(night: Night, config: CleanConfig, reasons: Counter[str], total: int) -> None:
    """Raises RuntimeError where more than clean.max_rejected_share of the night's lines were rejected."""
    # These do not make a drop bad: redeliveries, crawlers, forgotten people, orders without lines, the mapping's own.
    expected = {"duplicate", "crawler", ERASED, WITHOUT_LINES, *night.source.events.reject}
    bad = sum(rows for reason, rows in reasons.items() if reason not in expected)
    if total and bad > config.max_rejected_share * total:
        raise RuntimeError(
            f"clean_events {night.date}: {bad} of {total} lines rejected ({bad / total:.0%}), more than "
            f"clean.max_rejected_share = {config.max_rejected_share:.0%}: {dict(reasons)}; readers still see last "
            f"night. Look at "
            f"{night.lake.path('tables', REJECTED_EVENTS.name, f'date={night.date}', f'run={night.run}')}, "
            f"then correct the mapping or the drop, or raise the setting"
        )


def _lines_by_file(kept: list[list], rejected: list[list]) -> dict[str, dict]:
    """File -> its numbers of lines: raw, kept, and rejected by reason. kept, rejected: [file, reason, rows]."""
    files: dict[str, dict] = {}
    for file, _, rows in kept:
        files.setdefault(file, {"kept": 0, "rejected": {}})["kept"] += rows
    for file, reason, rows in rejected:
        files.setdefault(file, {"kept": 0, "rejected": {}})["rejected"][reason] = rows
    for entry in files.values():
        entry["raw"] = entry["kept"] + sum(entry["rejected"].values())
    return files


def _file_line(file: str, entry: dict) -> str:
    reasons = ", ".join(f"{reason} {rows}" for reason, rows in sorted(entry["rejected"].items()))
    line = f"{file}: {entry['raw']} lines = {entry['kept']} kept + {entry['raw'] - entry['kept']} rejected"
    return f"{line} ({reasons})" if reasons else line
