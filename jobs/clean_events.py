"""Raw event lines -> clean_events and rejected_events: every line is in exactly one, a rejected one with its reason.

Row-level reasons are found while reading (jobs.runtime.raw_rows). Here, after the night's one shuffle by visitor, come
those that need neighbours:
- duplicate: the same event_id earlier in this drop, or in the clean events of the last `late_days` days;
- crawler: a visitor with more than `max_events_per_day` events on one day;
- too_late: older than `late_days`, so that it can no longer be told from a redelivery.
Sessions are cut where a visitor pauses for more than `session_minutes`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.runtime.night import Night
from jobs.runtime.raw_rows import read_rows
from jobs.runtime.sink import TABLE_COLUMN
from jobs.runtime.spark import size_shuffles
from schemas.tables import CLEAN_EVENTS, RAW_EVENTS, REJECTED_EVENTS


@dataclass(frozen=True)
class CleanConfig:
    """What counts as one session, one crawler, and too late."""

    session_minutes: int = field(default=30, metadata={"doc": "a longer pause starts a new session"})
    max_events_per_day: int = field(
        default=1000,
        metadata={"doc": "more is a crawler; the busiest person-day is 542 in online_retail, 300 in retailrocket"},
    )
    late_days: int = field(default=7, metadata={"doc": "events and files may arrive this late"})
    max_rejected_share: float = field(
        default=0.25, metadata={"doc": "a night with a larger share of rejected lines stops; duplicates do not count"}
    )


def judge(
    raw: DataFrame, earlier: DataFrame, config: CleanConfig, night_date: dt.date, previous_date: dt.date | None
) -> DataFrame:
    """Name each raw line's table in `_table`; the columns are those of CLEAN_EVENTS and REJECTED_EVENTS.

    `raw`: RAW_EVENTS and source_file, reason, detail, raw_row. `earlier`: CLEAN_EVENTS of the last nights, whose ids
    tonight's may not repeat. Everything after the shuffle by visitor sorts and scans inside its partitions.
    """
    visitor = F.coalesce("user_id", "visitor_id", "event_id")
    seen = earlier.select("event_id", visitor.alias("visitor"), F.lit(True).alias("is_earlier"))
    lines = raw.withColumn("visitor", visitor).withColumn("is_earlier", F.lit(False))
    lines = lines.unionByName(seen, allowMissingColumns=True).withColumn("event_date", F.to_date("event_time"))
    lines = lines.repartition("visitor")

    same_event = Window.partitionBy("visitor", "event_id").orderBy(F.desc("is_earlier"), "source_file", "event_time")
    lines = lines.withColumn("copy", F.row_number().over(same_event)).where(~F.col("is_earlier"))
    lines = lines.withColumn("reason", _first_reason(config, night_date, previous_date))

    # A visit without any id is a visitor of one event: it can be no crawler.
    same_day = Window.partitionBy("visitor", "event_date")
    busy = F.count(F.when(F.col("reason").isNull(), 1)).over(same_day) > config.max_events_per_day
    lines = lines.withColumn("reason", F.when(F.col("reason").isNull() & busy, "crawler").otherwise(F.col("reason")))
    return _cut_sessions(lines, config.session_minutes).select(
        F.when(F.col("reason").isNull(), CLEAN_EVENTS.name).otherwise(REJECTED_EVENTS.name).alias(TABLE_COLUMN),
        *CLEAN_EVENTS.names,
        F.coalesce("reason", F.lit("")).alias("reason"),
        "detail",
        F.when(F.col("reason").isNotNull(), F.coalesce("raw_row", _as_json())).alias("raw_row"),
    )


def _first_reason(config: CleanConfig, night_date: dt.date, previous_date: dt.date | None) -> Column:
    """A duplicate is a duplicate before it is anything else: the count then matches the shop's own."""
    reason = F.when(F.col("copy") > 1, "duplicate").otherwise(F.col("reason"))
    if previous_date is None:  # a first drop may bring any amount of history
        return reason
    oldest = min(previous_date, night_date - dt.timedelta(days=config.late_days))
    late = F.col("event_date") < F.lit(oldest)
    return F.coalesce(reason, F.when(late, "too_late"))


def _cut_sessions(lines: DataFrame, minutes: int) -> DataFrame:
    kept = F.col("reason").isNull()
    in_time = Window.partitionBy("visitor", kept).orderBy("event_time", "event_id")
    pause = F.unix_micros("event_time") - F.unix_micros(F.lag("event_time").over(in_time))
    lines = lines.withColumn("is_session_start", F.coalesce(pause > minutes * 60_000_000, F.lit(True)))
    start = F.last(F.when(F.col("is_session_start"), F.unix_micros("event_time")), ignorenulls=True)
    start = start.over(in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    return lines.withColumn("session_id", F.hex(F.xxhash64("visitor", start)))


def _as_json() -> Column:
    return F.to_json(F.struct(*RAW_EVENTS.names))


def main(night: Night) -> None:
    config: CleanConfig = night.settings.section("clean")
    received = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")
    size_shuffles(night.spark, sum(file["bytes"] for file in received["events"]["files"]))
    rows = read_rows(night.spark, night.source, "events", received, night.lake, night.date, night.previous_date)
    earlier = night.read_window(CLEAN_EVENTS, config.late_days)
    judged = judge(rows.frame, earlier, config, night.date, night.previous_date)
    versions = night.write_split(judged, [CLEAN_EVENTS, REJECTED_EVENTS], count_by=("source_file", "reason"))
    _account(night, config, versions[CLEAN_EVENTS.name].facts, versions[REJECTED_EVENTS.name].facts,
             rows.observation.get)


def _account(night: Night, config: CleanConfig, kept: dict, rejected: dict, observed: dict) -> None:
    """raw = kept + rejected, against a count made by the reader; stop a night that rejects too much."""
    files: dict[str, dict] = {}
    for file, _, rows in kept.get("counts", []):
        files.setdefault(file, {"kept": 0, "rejected": {}})["kept"] += rows
    for file, reason, rows in rejected.get("counts", []):
        files.setdefault(file, {"kept": 0, "rejected": {}})["rejected"][reason] = rows
    reasons: dict[str, int] = {}
    for entry in files.values():
        entry["raw"] = entry["kept"] + sum(entry["rejected"].values())
        for reason, rows in entry["rejected"].items():
            reasons[reason] = reasons.get(reason, 0) + rows
    total_kept = sum(entry["kept"] for entry in files.values())
    total = observed.pop("raw_rows")
    if total != total_kept + sum(reasons.values()):
        raise RuntimeError(
            f"clean_events {night.date}: the reader saw {total} lines, but {total_kept} were kept and "
            f"{sum(reasons.values())} rejected: lines were lost on the way; nothing was published, please report this"
        )
    night.report(raw=total, kept=total_kept, rejected=reasons, files=files, tallies=observed)
    for file, entry in sorted(files.items()):
        why = ", ".join(f"{reason} {rows}" for reason, rows in sorted(entry["rejected"].items()))
        night.log.info("%s: %d lines = %d kept + %d rejected%s", file, entry["raw"], entry["kept"],
                       entry["raw"] - entry["kept"], f" ({why})" if why else "")
    bad = sum(rows for reason, rows in reasons.items() if reason != "duplicate")
    if total and bad > config.max_rejected_share * total:
        raise RuntimeError(
            f"clean_events {night.date}: {bad} of {total} lines rejected ({bad / total:.0%}), more than "
            f"clean.max_rejected_share = {config.max_rejected_share:.0%}: {reasons}; readers still see last night. Look at "
            f"{night.lake.path('tables', REJECTED_EVENTS.name, f'date={night.date}', f'run={night.run}')}, then mend "
            f"the mapping or the drop, or raise the setting"
        )
