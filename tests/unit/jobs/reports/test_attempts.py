"""describe_night after failed attempts: it shows the last whole run, and the failures above it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.__main__ import main
from jobs.nights import nightly
from jobs.nights.tasks import JobsFailed
from jobs.reports import describe_night
from jobs.reports.attempts import attempts, shown_attempt
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings

DAY = dt.date(2026, 1, 6)
FACTS = {"clean_events": {"raw": 7, "kept": 7, "rejected": {}, "tallies": {}}, "judge_lists": {"quality": []}}


def whole_run(lake: Lake, run: str, **failing: str) -> None:
    """Writes the reports of a night; `failing` names a job and its error."""
    night = Night(DAY, lake, run, Settings())
    for job in (*FACTS, "publish_night", "prune_lake"):
        night.begin(job)
        night.report(**FACTS.get(job, {}), **({"error": failing[job]} if job in failing else {}))
        night.end()


def red_run(lake: Lake, run: str) -> None:
    """Runs a real night that stops at its first job, since the drop does not exist."""
    with pytest.raises(JobsFailed, match="receive_drop: FileNotFoundError: no folder"):
        nightly.main(Night(DAY, lake, run, Settings(), "sample_shop", f"{lake.root}/nowhere"))


def described(lake: Lake, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["describe_night", "--date", str(DAY), "--lake", lake.root]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_last_whole_run_is_shown_and_the_failed_ones_above_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(str(tmp_path))
    for run in ("001", "002"):
        whole_run(lake, run)
    red_run(lake, "003")
    lines = described(lake, capsys)
    assert lines[0].startswith("run 003 failed at receive_drop: FileNotFoundError: no folder ")
    assert lines[1] == f"night {DAY}, run 002"
    assert "7 kept" in "\n".join(lines)


def test_failures_before_the_last_whole_run_are_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = Lake(str(tmp_path))
    red_run(lake, "001")
    whole_run(lake, "002", prune_lake="OSError: a file could not be deleted")
    assert described(lake, capsys)[0] == f"night {DAY}, run 002"


def test_a_night_that_was_refused_at_its_end_gives_way_to_the_one_before(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    whole_run(lake, "001")
    whole_run(lake, "002", publish_night="NotPublished: 3 lists")
    tried = attempts(lake, DAY)
    assert getattr(shown_attempt(tried), "run", "") == "001"
    assert tried[-1].line() == "run 002 failed at publish_night: NotPublished: 3 lists"


def test_if_no_run_is_whole_the_error_says_where_each_stopped(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    red_run(lake, "001")
    with pytest.raises(FileNotFoundError, match=r"no whole run of 2026-01-06[\s\S]*run 001 failed at receive_drop"):
        describe_night.night_page(lake, DAY)
