"""One night at a time: which night is refused, which may go on, and what a killed night leaves behind."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from jobs.nights import release_lake
from jobs.runtime import lease
from jobs.runtime.exit_status import MAY_COME, status_of
from jobs.runtime.lake import Lake
from jobs.runtime.lease import Hold, LakeBusy, LakeLost, LeaseConfig, held, new_hold

DAY = dt.date(2026, 1, 6)
ROOT = Path(__file__).resolve().parents[4]
HOUR = LeaseConfig(minutes=60.0)


def leave(lake: Lake, hold: Hold, until: dt.timedelta = dt.timedelta(hours=1), **changed: object) -> None:
    """Writes the hold that a killed night left behind; until: time from now."""
    now = dt.datetime.now(dt.UTC)
    times = {"since": now.isoformat(), "until": (now + until).isoformat()}
    lake.put_json(asdict(replace(hold, **times | changed)), lease.FILE)  # type: ignore[arg-type]


def take(lake: Lake, *named: object) -> None:
    """A night of this process that does nothing; named: the arguments of `new_hold`."""
    with held(lake, new_hold(*named or ("nightly", DAY, "002")), HOUR):  # type: ignore[arg-type]
        pass


def test_a_second_night_is_refused_and_the_message_says_who_since_when_and_what_to_do(lake: Lake) -> None:
    with held(lake, new_hold("nightly", DAY, "001"), HOUR):
        with pytest.raises(LakeBusy, match=r"held by nightly 2026-01-06 run=001 \(process \d+ on .*release_lake") as no:
            take(lake)
        assert status_of(no.value) == MAY_COME
    take(lake)
    assert lease.current(lake) is None


def test_of_many_nights_that_start_at_once_one_goes_on(lake: Lake) -> None:
    inside, refused, all_there = [], [], threading.Barrier(8)

    def night() -> None:
        all_there.wait()
        try:
            with held(lake, new_hold("nightly", DAY), HOUR):
                inside.append(1)
                time.sleep(1)
        except LakeBusy:
            refused.append(1)

    threads = [threading.Thread(target=night) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(inside), len(refused)) == (1, 7)


def test_the_same_attempt_started_twice_is_refused_too(lake: Lake) -> None:
    with held(lake, new_hold("nightly", DAY, "001"), HOUR), pytest.raises(LakeBusy):
        take(lake, "nightly", DAY, "001")


def test_the_processes_of_a_run_share_its_hold_and_another_run_waits_for_the_last(lake: Lake) -> None:
    run, other = ("run_lists", DAY, "20260107", True), ("nightly", DAY, "001")
    with held(lake, new_hold(*run), HOUR), held(lake, new_hold(*run), HOUR):
        pass
    with pytest.raises(LakeBusy):  # between two tasks no process of the run lives
        take(lake, *other)
    take(lake, *run)  # the same run of the same date, a task cleared
    hold = lease.current(lake)
    assert hold is not None
    assert lease.release(lake, new_hold(*other)) is False
    assert lease.release(lake, hold)
    take(lake, *other)


def test_a_task_that_begins_a_run_and_fails_keeps_nobody_waiting(lake: Lake) -> None:
    with pytest.raises(FileNotFoundError), held(lake, new_hold("receive_drop", DAY, "20260107", True), HOUR):
        raise FileNotFoundError("the drop has not come")
    assert lease.current(lake) is None


def test_a_killed_night_of_this_machine_is_seen_to_be_dead(lake: Lake) -> None:
    code = (
        "import datetime as dt, sys, time; from jobs.runtime import lease; from jobs.runtime.lake import Lake\n"
        "lake = Lake(sys.argv[1]); hold = lease.new_hold('nightly', dt.date(2026, 1, 6), '001')\n"
        "with lease.held(lake, hold, lease.LeaseConfig(60.0)):\n    print('held', flush=True); time.sleep(60)"
    )
    root = lake.root
    killed = subprocess.Popen([sys.executable, "-c", code, root], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "held\n"
    with pytest.raises(LakeBusy):
        take(lake)
    killed.kill()  # no handler runs, and nobody waits for the process yet
    deadline = time.monotonic() + 10
    while lease._is_alive(killed.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    with held(lake, new_hold("nightly", DAY, "002"), HOUR):
        assert lease.current(lake).run == "002"  # type: ignore[union-attr]
    killed.wait()
    killed.stdout.close()


def test_a_killed_night_of_another_machine_holds_the_lake_until_its_time_is_over(lake: Lake) -> None:
    dead = new_hold("nightly", DAY, "001")
    leave(lake, dead, machine="elsewhere")
    with pytest.raises(LakeBusy):
        take(lake)
    leave(lake, dead, dt.timedelta(seconds=-1), machine="elsewhere")
    take(lake)


def test_a_hold_is_renewed_while_its_night_lives(lake: Lake) -> None:
    with held(lake, new_hold("nightly", DAY, "001"), LeaseConfig(minutes=0.02)):  # 1.2 s
        time.sleep(2.5)
        with pytest.raises(LakeBusy):
            take(lake)


def test_a_night_whose_hold_was_taken_stops(lake: Lake) -> None:
    def night() -> None:
        with held(lake, new_hold("nightly", DAY, "001"), LeaseConfig(minutes=0.02)):
            leave(lake, new_hold("nightly", DAY, "002"))
            time.sleep(20)
            raise AssertionError("it wrote on beside another night")

    with pytest.raises(LakeLost, match=r"run=002 .*holds it now"):
        night()
    assert lease.current(lake).run == "002"  # type: ignore[union-attr]


def test_a_person_can_give_a_lake_back(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    local = Lake(lake.root)

    def release(**named: object) -> str:
        values = {"lake": local.root, "date": None, "run": None} | named
        release_lake.main(type("Arguments", (), values))  # type: ignore[arg-type]
        return capsys.readouterr().out

    leave(local, new_hold("nightly", DAY, "001"), machine="elsewhere")
    assert "it stays as it is" in release(date=DAY, run="002")
    assert "it is free now" in release()
    assert "nothing holds" in release()


@pytest.mark.parametrize("words", [[], ["--run", "001"]], ids=["a new attempt", "a named one"])
def test_the_command_line_refuses_a_second_night(tmp_path: Path, words: list[str]) -> None:
    leave(Lake(str(tmp_path)), new_hold("nightly", DAY, "001"), pid=os.getpid())
    command = ["-m", "jobs", "nightly", "--date", "2026-01-06", "--lake", str(tmp_path), *words]
    ended = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == MAY_COME
    assert ended.stderr.startswith("LakeBusy: ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lease.json"]
