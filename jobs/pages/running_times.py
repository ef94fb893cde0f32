"""The night's jobs as bars on one time axis, with their memory; names the jobs that are slower than usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.pages.blocks import Cell, Rows, Section, Sentences, Share, Words, number
from jobs.pages.changes import NIGHTS, SLOWER, SLOWER_SECONDS, grown_jobs
from jobs.pages.night_facts import NightFacts, Report

_HEAD = [
    Words("Job", "任务"),
    Words("When, on the clock of the night", "时间轴"),
    Words("Seconds", "秒"),
    Words("Memory, GiB", "内存 GiB"),
]


def running_times(facts: NightFacts, nights: Sequence[dict[str, Any]]) -> Section:
    rows = bars(facts.reports)
    grown = grown_jobs(nights)
    lines = [
        Words(
            f"{job} took {now:,.1f} s; its median is {usual:,.1f} s.",
            f"{job} 用时 {now:,.1f} 秒；中位数 {usual:,.1f} 秒。",
        )
        for job, now, usual in grown
    ]
    rule = Words(
        f"A job is slower than usual if it takes over {SLOWER:g} times as long as, and {SLOWER_SECONDS:g} s more than, "
        f"its median of the last {NIGHTS} nights: {len(lines) or 'none'} tonight.",
        f"变慢：超过最近 {NIGHTS} 夜中位数的 {SLOWER:g} 倍且多 {SLOWER_SECONDS:g} 秒；今夜 {len(lines)} 个。",
    )
    seconds = sum(float(report.get("seconds", 0.0)) for report in facts.reports.values())
    sentence = Words(
        f"{len(rows)} jobs took {seconds:,.0f} s together; some of them run at the same time.",
        f"{len(rows)} 个任务共用 {seconds:,.0f} 秒；其中有些同时运行。",
    )
    sentences = Sentences([(sentence, False), (rule, False), *((line, True) for line in lines)])
    source = f"runs/date={facts.day}/run={facts.run}/*.json"
    return Section(
        "times", Words("Seconds and memory of the jobs", "任务用时与内存"), [sentences, Rows(_HEAD, rows)], source
    )


def bars(reports: dict[str, Report]) -> list[list[Cell]]:
    """A row for each job: its place between the first start and the last end of the night.

    Reports of old nights have no `began`; such jobs are drawn one after another.
    """
    starts: dict[str, float] = {}
    known_starts = [report["began"] for report in reports.values() if "began" in report]
    clock = first = min(known_starts, default=0.0)
    for job, report in reports.items():
        starts[job] = report.get("began", clock)
        clock = starts[job] + report.get("seconds", 0.0)
    end = max((starts[job] + report.get("seconds", 0.0) for job, report in reports.items()), default=first)
    duration = max(end - first, 0.001)
    rows: list[list[Cell]] = []
    for job in sorted(reports, key=lambda job: starts[job]):
        seconds = float(reports[job].get("seconds", 0.0))
        width = max(seconds / duration, 0.003)
        bar = Share(width, "", min((starts[job] - first) / duration, 1 - width))
        memory = number(reports[job].get("driver_peak_gib"), "{:,.2f}")
        rows.append([job, bar, number(seconds, "{:,.1f}"), memory])
    return rows
