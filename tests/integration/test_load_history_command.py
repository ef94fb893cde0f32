"""The command `load_history` on the sample shop, whose nights are made once for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.nights import load_history, replay_nights
from jobs.reports.night_page import night_page
from jobs.runtime import published
from jobs.runtime.lake import Lake
from schemas.tables import RECOMMENDATIONS
from tests.histories import arguments, assert_same
from tests.sample import NIGHTS, Sample


def test_the_command_publishes_the_last_day_and_says_what_begins_with_it(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, before, last = NIGHTS
    assert load_history.main(arguments(sample.raw, tmp_path / "lake", first, last, "--judge-days=1")) == 0
    lake, page = Lake(str(tmp_path / "lake")), capsys.readouterr().out
    assert_same(lake, sample.lake, list(NIGHTS))
    assert published.runs(lake) == [f"{last}-001"]
    record = lake.get_json("runs", f"date={last}", "run=001", "judge_lists.json")
    assert record["judged"] == f"{before}-001"  # these lists were never published
    assert f"lists judged the day after, on {last}" in page
    assert "begins with this night" in page
    assert f"3 days, {first} to {last}" in page
    assert "run 001 is not finished" not in night_page(sample.lake, first)
    assert {replay_nights.was_made(lake, day) for day in NIGHTS} == {True}
    assert load_history.main(arguments(sample.raw, tmp_path / "lake", first, last)) == 0
    assert "nothing was done" in capsys.readouterr().out


def test_a_load_that_was_cut_off_before_its_lists_still_makes_them(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, before, last = NIGHTS
    command = arguments(sample.raw, tmp_path / "lake", first, last, "--judge-days=1", "--past-only")

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(load_history, "run_tasks", cut_off)
        with pytest.raises(KeyboardInterrupt):
            load_history.main(command)
    lake = Lake(str(tmp_path / "lake"))
    assert load_history.last_made(lake) == before
    assert lake.before(RECOMMENDATIONS, last) is None
    load_history.main(command)
    lists = lake.before(RECOMMENDATIONS, last)
    assert lists is not None
    assert (lists.date, lists.run) == (str(before), "001")
