"""A night, or a replay of many, as text for a terminal."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from typing import Any

from jobs.reports.attempts import attempts, shown_attempt
from jobs.reports.copy_examples import copy_examples
from jobs.reports.picture_lines import picture_lines
from jobs.reports.quality_table import quality_table, rows_about_all_users
from jobs.reports.service_lines import service_lines
from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.night import first_line, job_report
from jobs.runtime.parquet_files import dataset, read_table
from jobs.runtime.products import product_lines
from schemas.tables.lists import ANONYMOUS

_NOT_JUDGED = "lists not judged: none was published the day before, or nobody bought on this day"


def replay_page(lake: Lake, nights: list[dt.date], seconds: dict[str, float]) -> str:
    """Lines kept and rejected, the quality of lists over all nights after the first month, and seconds per night."""
    facts = [night_facts(lake, day) for day in nights]
    facts = [night for night in facts if night]
    lines = [f"\n{len(facts)} nights, {nights[0]} to {nights[-1]}, in {lake.root}", "", *accounts(facts)]
    start = nights[0] + dt.timedelta(days=30)
    later = [night for night in facts if night["date"] >= str(start)]
    lines += ["", *(quality_table(later, f"the day after, from {start} on") or [_why_not_pooled(facts, start)])]
    lines += ["", *_cost(seconds)]
    return "\n".join(lines)


def night_facts(lake: Lake, day: dt.date) -> dict[str, Any]:
    """Reports of the shown run of a date: clean_events, and the quality of judge_lists.

    Empty where no run finished clean_events. The quality is empty where judge_lists failed.
    """
    shown = shown_attempt(attempts(lake, day))
    if shown is None:
        return {}
    clean, judged = (job_report(lake, day, shown.run, name) for name in ("clean_events", "judge_lists"))
    if "kept" not in clean:
        return {}
    quality = {"quality": judged.get("quality", []), "judged_by_days": judged.get("judged_by_days", 1)}
    return {"date": str(day), "run": shown.run, "clean_events": clean, "judge_lists": quality}


def judged_by(facts: dict[str, Any]) -> str:
    """The days whose purchases judged a night's lists, as words for the head of the table."""
    days = facts["judge_lists"]["judged_by_days"]
    return f"by the {days} days up to {facts['date']}" if days > 1 else f"the day after, on {facts['date']}"


def accounts(facts: list[dict[str, Any]]) -> list[str]:
    """Lines that say: raw = kept + rejected, rejected by reason, and the mapping's tallies; sums over nights."""
    reasons: Counter[str] = Counter()
    tallies: Counter[str] = Counter()
    for night in facts:
        reasons.update(night["clean_events"]["rejected"])
        tallies.update(night["clean_events"]["tallies"])
    raw, kept = (sum(night["clean_events"][name] for night in facts) for name in ("raw", "kept"))
    lines = [f"lines     {raw:>12,} = {kept:,} kept + {sum(reasons.values()):,} rejected"]
    lines += [f"  {reason:24} {count:>10,}" for reason, count in reasons.most_common()]
    if tallies:
        lines.append("in the raw lines (tallies of the mapping; hour_*: clocks changed)")
        lines += [f"  {tally:24} {count:>10,}" for tally, count in sorted(tallies.items())]
    return lines


def _why_not_pooled(facts: list[dict[str, Any]], start: dt.date) -> str:
    """Why a replay has no quality over all nights, even if single nights have one."""
    judged = sum(bool(rows_about_all_users([night])) for night in facts)
    if not judged:
        return "lists not judged: none was published the day before any of these nights, or nobody bought"
    return (
        f"{judged} nights were judged one by one; a mean over nights is made from {start} on, when the shop is a month "
        "old"
    )


def _cost(seconds: dict[str, float]) -> list[str]:
    spent = list(seconds.values())
    if not spent:
        return ["every night of the range was already published"]
    middle, most = statistics.median(spent), max(spent[1:] or spent)
    lines = [f"seconds per night: first {spent[0]:.1f}, median {middle:.1f}, slowest of the others {most:.1f}"]
    if len(spent) >= 300:
        early, late = statistics.median(spent[25:35]), statistics.median(spent[290:300])
        lines.append(f"around night 30: {early:.1f}; around night 300: {late:.1f}; ratio {late / early:.2f} (goal 1.3)")
    return lines


def night_page(lake: Lake, day: dt.date, people: int = 3) -> str:
    """One night: runs that failed since the last whole run; rows kept and rejected; quality; experiments; published
    products; the lists of some users; some texts. Raises FileNotFoundError where no run has facts to show."""
    facts = night_facts(lake, day)
    failed = [
        attempt.line()
        for attempt in attempts(lake, day)
        if not attempt.is_whole and (not facts or attempt.run >= facts["run"])
    ]
    if not facts:
        failures = "\n  ".join(["", *failed])
        raise FileNotFoundError(
            f"no whole run of {day} in {lake.path('runs')}; run `python -m jobs nightly --date {day}`{failures}"
        )
    pointed = published.current(lake)
    lines = [
        *failed,
        f"night {day}, run {facts['run']}",
        "",
        *accounts([facts]),
        *_catalogue_lines(lake, day, facts["run"]),
        "",
        *(quality_table([facts], judged_by(facts)) or [_NOT_JUDGED]),
        "",
    ]
    lines += service_lines(lake, day, facts["run"])
    lines += [*picture_lines(lake, day, facts["run"]), *experiment_lines(lake, day, facts["run"]), ""]
    if pointed is None:
        return "\n".join([*lines, "nothing is published yet"])
    lines.append(f"published {pointed['run']}, valid until {pointed['valid_until']}, in {lake.path('published')}")
    lines += product_lines(pointed)
    lines += [f"  {name:20} {entry['rows']:>10,} rows" for name, entry in pointed["tables"].items()]
    checks = ", ".join(f"{name} {value}" for name, value in pointed["checks"].items())
    lines += [f"  checks: {checks}", "", *_some_lists(lake, pointed, people)]
    lines += copy_examples(lake, pointed)
    return "\n".join(lines)


def _catalogue_lines(lake: Lake, day: dt.date, run: str) -> list[str]:
    """A line where the night withdrew nothing because the catalogue looked truncated."""
    facts = job_report(lake, day, run, "update_catalogue")
    return [f"! the catalogue looks truncated: {facts['carried_catalogue']}"] if "carried_catalogue" in facts else []


def experiment_lines(lake: Lake, day: dt.date, run: str) -> list[str]:
    """The experiments of a run, one line for each arm, and the shares that moved for the next night."""
    facts = job_report(lake, day, run, "judge_experiments")
    if "error" in facts:
        return [f"judge_experiments failed: {first_line(facts['error'])}"]
    facts = {"results": [], "moves": []} | facts
    lines = [] if facts["results"] else ["no experiment runs"]
    for name in dict.fromkeys(row["experiment"] for row in facts["results"]):
        rows = [row for row in facts["results"] if row["experiment"] == name]
        lines.append(
            f"experiment {name}, metric {rows[0]['metric']}: {rows[0]['status']} "
            f"({rows[0]['planned_users']:,} users planned for each arm)"
        )
        lines += [_arm_line(row) for row in rows]
    for move in facts["moves"]:
        if move["before"] != move["after"]:
            figure = "weight" if move["kind"] == "event_weight" else "share"
            lines.append(
                f"  {move['name']}: {figure} of {move['what']} moves {move['before']:.3f} -> {move['after']:.3f} "
                f"(bounds {move['low']:.3f} to {move['high']:.3f}; {move['wins']:,} of {move['trials']:,})"
            )
    return lines


def _arm_line(row: dict[str, Any]) -> str:
    line = f"  {row['arm']:12} {row['users']:>8,} users"
    if "mean" not in row:
        split = f", split by chance {row['sample_ratio_p']:.1g}" if row["sample_ratio_p"] is not None else ""
        return f"{line}: {row['status']}{split}"
    line += f"   mean {row['mean']:.4f}"
    if "difference" in row:
        line += f"   difference {row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}], p {row['p']:.2f}"
    snips = f"{row['snips']:.4f} [{row['snips_low']:.4f}, {row['snips_high']:.4f}]"
    return f"{line}   per night if all were in this arm {snips}"


def _some_lists(lake: Lake, pointed: dict[str, Any], people: int) -> list[str]:
    """The first places of some users' lists, one user of each fallback level first, and of the anonymous list."""
    import pyarrow.compute as pc

    paths = [lake.path(file) for file in published.files(pointed, "recommendations")]
    places = dataset(lake, paths).to_table(filter=pc.field("rank") <= 5)
    places = places.sort_by([("user_id", "ascending"), ("rank", "ascending")])
    firsts = places.filter(pc.equal(places["rank"], 1))
    chosen: list[str] = []
    for level in range(4):
        chosen += firsts.filter(pc.equal(firsts["fallback_level"], level))["user_id"].to_pylist()[:1]
    chosen = [*chosen, *[account for account in firsts["user_id"].to_pylist() if account not in chosen]][:people]
    titles = _titles(lake, pointed["date"])
    lines = []
    for user in dict.fromkeys([*chosen, ANONYMOUS]):
        lines.append(f"for {user}")
        for row in places.filter(pc.equal(places["user_id"], user)).to_pylist():
            title = titles.get(row["item_id"], "")
            lines.append(f"  {row['rank']}. {row['item_id']} {title} ({row['reason']})")
    return lines


def _titles(lake: Lake, day: str) -> dict[str, str]:
    from schemas.tables import ITEMS

    version = lake.current(ITEMS, dt.date.fromisoformat(day))
    if version is None:
        return {}
    items = read_table(lake, lake.file_paths(version), ["item_id", "shown_title"])
    return dict(zip(items["item_id"].to_pylist(), [t or "" for t in items["shown_title"].to_pylist()], strict=True))
