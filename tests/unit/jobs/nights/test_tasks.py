"""Tasks of a night in one process: which run after a failure, what the error says, and the exit status."""

from __future__ import annotations

import datetime as dt
import os
import signal
from pathlib import Path

import pytest

from jobs.copywriting import train_copywriter
from jobs.intake.drop_files import MissingDay
from jobs.lists import train_lstm
from jobs.nights import run_branch, side_process
from jobs.nights.tasks import JobsFailed, run_tasks
from jobs.runtime.branches import ALONE, BOXES, BRANCHES
from jobs.runtime.exit_status import FAILED, MAY_COME, REFUSED, status_of
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night, job_report
from jobs.runtime.settings import Settings
from jobs.runtime.threads import usable_cores

DAY = dt.date(2026, 1, 6)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A night of an empty lake and a folder without files: every job that reads fails, and says what is missing."""
    return Night(DAY, Lake(str(tmp_path / "lake")), "001", Settings(), "sample_shop", str(tmp_path))


def test_jobs_that_need_a_failed_job_do_not_run_and_the_others_do(night: Night) -> None:
    tasks = {"train_als": (), "train_ranker": ("train_als",), "recommend_items": ("train_ranker",), "judge_lists": ()}
    with pytest.raises(JobsFailed) as failure:
        run_tasks(night, tasks)
    assert set(failure.value.failed) == {"train_als"}
    assert str(failure.value).startswith("failed: train_als; not run: train_ranker, recommend_items\n  train_als: ")
    assert night.lake.exists("runs", f"date={DAY}", "run=001", "judge_lists.json")


@pytest.mark.skipif(usable_cores() == 1, reason="one core: all tasks run in one process")
def test_training_runs_in_a_second_process_and_jobs_that_wait_for_it_come_last(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_copywriter, "trains", lambda night: True)
    tasks = {
        "train_copywriter": (),
        "write_copy": ("train_copywriter",),
        "show_images": ("copy_over",),
        "judge_lists": (),
    }
    with pytest.raises(JobsFailed) as failure:
        run_tasks(night, tasks)
    assert set(failure.value.failed) == {"train_copywriter", "show_images"}
    assert "not run: write_copy" in failure.value.head
    began = {
        job: job_report(night.lake, DAY, "001", job)["began"]
        for job in ("judge_lists", "train_copywriter", "show_images")
    }
    assert began["judge_lists"] < began["show_images"]  # it did not wait for the copy
    assert isinstance(failure.value.failed["train_copywriter"], FileNotFoundError)  # the job's error, not the process's


@pytest.mark.skipif(usable_cores() == 1, reason="one core: all tasks run in one process")
def test_while_one_training_has_the_second_process_the_other_training_comes_last(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_copywriter, "trains", lambda night: True)
    monkeypatch.setattr(train_lstm, "trains", lambda night: True)
    with pytest.raises(JobsFailed):
        run_tasks(night, {"train_copywriter": (), "train_lstm": (), "judge_lists": ()})
    began = {job: job_report(night.lake, DAY, "001", job)["began"] for job in ("judge_lists", "train_lstm")}
    assert began["judge_lists"] < began["train_lstm"]


def test_a_side_process_that_is_killed_is_a_task_that_failed(night: Night) -> None:
    future = side_process.start(kill_oneself, night, "train_copywriter")
    future.exception(timeout=60)
    error = str(side_process.error_of("train_copywriter", future))
    assert error.startswith("the second process, in which train_copywriter ran, was killed, as the kernel does")


def kill_oneself(night: Night, task: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_error_that_cannot_be_pickled_is_passed_on_as_text(night: Night) -> None:
    future = side_process.start(raise_what_cannot_travel, night, "train_copywriter")
    assert str(future.result(timeout=60)) == "CannotTravel: first, second"


class CannotTravel(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first}, {second}")


def raise_what_cannot_travel(night: Night, task: str) -> None:
    raise CannotTravel("first", "second")


def test_a_night_says_how_many_of_its_jobs_are_done(
    night: Night, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jobs.runtime.progress.EVERY", 0.0)
    with pytest.raises(JobsFailed):
        run_tasks(night, {"train_als": (), "train_ranker": ("train_als",)})
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("night of")]
    assert [line.partition(",")[0] for line in lines] == [f"night of {DAY}: {k} of 2 jobs" for k in (1, 2)]
    assert lines[0].endswith(" left; train_als")


def test_a_branch_runs_the_jobs_that_have_no_task_of_their_own(night: Night) -> None:
    with pytest.raises(JobsFailed) as failure:
        run_branch.main(night, "copy")
    assert str(failure.value).startswith("failed: write_copy; not run: check_copy\n")
    assert night.job == "run_copy"


def test_a_branch_that_fails_leaves_the_branch_it_goes_together_with_to_run(night: Night) -> None:
    with pytest.raises(JobsFailed) as failure:
        run_branch.main(night, "offers_and_audiences")
    assert failure.value.head == (
        "failed: choose_offers, find_audiences; not run: check_offers, check_audiences"  # both were tried
    )
    assert night.job == "run_offers_and_audiences"


def test_without_intake_the_features_that_go_together_with_it_do_not_run(night: Night) -> None:
    with pytest.raises(JobsFailed) as failure:
        run_branch.main(night, "intake_and_features")
    assert failure.value.head == "failed: clean_events; not run: update_catalogue, drop_erased_rows, check_clean, " + (
        "update_interest, build_features, update_profiles, check_features"
    )


def test_each_branch_is_in_one_box() -> None:
    assert sorted(name for branches in BOXES.values() for name in branches) == sorted(BRANCHES)


def test_every_job_that_has_a_task_of_its_own_is_in_a_branch() -> None:
    assert set(ALONE) <= {job for jobs in BRANCHES.values() for job in jobs}


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ([MissingDay("no file")], MAY_COME),
        ([MissingDay("no file"), ValueError("wrong")], REFUSED),
        ([FileNotFoundError("no folder")], REFUSED),
        ([ValueError("wrong"), RuntimeError("out of memory")], FAILED),
    ],
    ids=str,
)
def test_the_exit_status_is_that_of_the_error_another_try_helps(errors: list[Exception], status: int) -> None:
    failed = {f"job{number}": error for number, error in enumerate(errors)}
    assert status_of(JobsFailed(failed, [])) == status
