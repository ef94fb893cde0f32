"""Some figures of each of the last nights, passed on from night to night in reports/date=D/history.json.

A night reads the file of the night before and adds its own figures, so that a page costs the same after a year. The
figures of nights without such a file, which may be older than it, are read from the reports of their jobs.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.pages.night_facts import NightFacts, Report, facts_of
from jobs.runtime.lake import Lake
from jobs.runtime.night import first_line

NIGHTS = 60
FILE = "history.json"
_LISTS = ("published", "popularity")


def history(facts: NightFacts) -> list[dict[str, Any]]:
    """Summaries of the last `NIGHTS` nights, oldest first, tonight's last."""
    lake, first = facts.lake, facts.day - dt.timedelta(days=NIGHTS - 1)
    names = [name.removeprefix("date=") for name in lake.list_dir("runs") if name.startswith("date=")]
    days = [day for day in names if str(first) <= day < str(facts.day)]
    stored = {night["date"]: night for night in _left_before(lake, facts.day)}
    earlier = [stored.get(day) or _read(lake, dt.date.fromisoformat(day)) for day in days]
    return [*(night for night in earlier if night), summary(facts)]


def _left_before(lake: Lake, day: dt.date) -> list[dict[str, Any]]:
    """The newest history file of an earlier night; empty where there is none."""
    for name in reversed(lake.list_dir("reports")):
        if name.startswith("date=") and name < f"date={day}" and lake.exists("reports", name, FILE):
            return list(lake.get_json("reports", name, FILE))
    return []


def _read(lake: Lake, day: dt.date) -> dict[str, Any] | None:
    try:
        return summary(facts_of(lake, day, ""))
    except FileNotFoundError:
        return None


def summary(facts: NightFacts) -> dict[str, Any]:
    """The figures of one night, for comparison with later nights; figures that the night lacks are left out."""
    figures = {
        "lines_raw": facts.report("clean_events").get("raw"),
        "lines_kept": facts.report("clean_events").get("kept"),
        **{f"rejected_{reason}": count for reason, count in facts.report("clean_events").get("rejected", {}).items()},
        **_of_lists(facts.report("publish_night").get("checks", {})),
        "segments_moved_share": facts.report("segment_users").get("moved_share"),
        "copy_published": facts.report("write_copy").get("texts"),
        "copy_refused": facts.report("write_copy").get("rows_rejected_copy"),
        "offers": facts.report("choose_offers").get("rows_offers"),
        "prices_suggested": facts.report("suggest_prices").get("statuses", {}).get("suggest"),
    }
    return {
        "date": str(facts.day),
        "run": facts.run,
        "published": facts.published_run,
        "figures": {name: value for name, value in figures.items() if value is not None},
        "quality": _quality(facts.report("judge_lists")),
        "exposure": facts.report("measure_exposure").get("figures", {}),
        "models": {job: report["promoted"] for job, report in _trained(facts).items()},
        "jobs": {
            job: {key: report[key] for key in ("seconds", "driver_peak_gib", "began") if key in report}
            for job, report in facts.reports.items()
        },
        "errors": {job: first_line(error) for job, error in facts.errors.items()},
    }


def _of_lists(checks: Report) -> dict[str, Any]:
    return {
        "users_with_list": checks.get("users"),
        "items_shown": checks.get("items_shown"),
        "list_churn": checks.get("churn"),
    }


def _trained(facts: NightFacts) -> dict[str, Report]:
    """Job -> its report about its model, for jobs that compare a new model with the running one."""
    models = {job: facts.report(job) for job in facts.reports}
    models["train_ranker"] = facts.report("train_ranker").get("ranker", {})
    return {job: report for job, report in models.items() if isinstance(report.get("promoted"), bool)}


def _quality(judged: Report) -> dict[str, Any]:
    """The hit rate of tonight's judged lists and of popularity, with their intervals; empty where none was judged."""
    rows = [
        row
        for row in judged.get("quality", [])
        if row["cut"] == "all" and row["truth"].startswith("all") and row["metric"].startswith("hr@")
    ]
    by_lists = {row["lists"]: row for row in rows if row["lists"] in _LISTS}
    if _LISTS[0] not in by_lists:
        return {}
    figures = {name: [row["value"], row["low"], row["high"]] for name, row in by_lists.items()}
    return {"metric": by_lists[_LISTS[0]]["metric"], "users": by_lists[_LISTS[0]]["users"], **figures}
