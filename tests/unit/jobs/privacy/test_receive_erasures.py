"""The shop's nightly list of people to forget: all are forgotten, or a wrong line is named and nobody is forgotten."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from jobs.common.erased_people import JOURNAL, KEY_VARIABLE, WrongKey
from jobs.intake import receive_drop
from jobs.privacy import drop_erased_rows, receive_erasures
from jobs.privacy.erasure import find, forget, whole_people
from jobs.privacy.id_list import BadList
from jobs.privacy.lake_files import all_paths
from jobs.runtime import lease
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import INTEREST
from tests.sample import content
from tests.unit.jobs.privacy.small_lake import DAYS, keys, make, receive_raw

TONIGHT = DAYS[-1]


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """The lake's last night, whose shop delivers lists below `raw`."""
    keys(monkeypatch)
    lake, mapping = make(tmp_path)
    file = Path(mapping)
    file.write_text('erasures = "{date}/erasures.csv"\n' + file.read_text())
    return Night(TONIGHT, lake, "001", Settings(), mapping, str(tmp_path / "raw"))


def deliver(night: Night, data: bytes) -> None:
    folder = Path(night.raw) / str(night.date)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "erasures.csv").write_bytes(data)


def receive(night: Night) -> dict[str, Any]:
    """Runs the job. Returns its facts as the lake keeps them."""
    night.begin("receive_erasures")
    with night.reporting():
        receive_erasures.main(night)
    return night.facts("receive_erasures")


def left(lake: Lake) -> set[str]:
    return set(content(lake, lake.current(INTEREST, TONIGHT))["user_id"].to_pylist())


def test_the_people_of_the_list_are_forgotten_in_one_erasure(night: Night) -> None:
    deliver(night, b"user_id\r\nann\r\nbob\r\n")
    facts = receive(night)
    assert (facts["asked"], facts["unknown"], facts["receipts"]) == (2, 0, ["erased/receipts/001.json"])
    assert left(night.lake) == {"ann2"}
    assert find(night.lake, whole_people(night.lake, ["ann", "bob"]), night.source_name) == []


@pytest.mark.parametrize(
    ("data", "line"), [(b"ann\nbob,Bob Smith\n", 2), (b"ann\n\nbob\n", 2), (b'ann\nbob\n"zoe\n', 3), (b"\xff\n", 1)]
)
def test_of_a_malformed_list_the_line_is_named_and_nobody_is_removed(night: Night, data: bytes, line: int) -> None:
    deliver(night, data)
    with pytest.raises(BadList, match=rf"{TONIGHT}/erasures\.csv, line {line}: .*nothing was removed"):
        receive(night)
    assert left(night.lake) == {"ann", "ann2", "bob"}
    assert not night.lake.exists(*JOURNAL)
    facts = json.dumps(night.facts("receive_erasures"))
    assert f"line {line}" in facts
    assert "bob" not in facts.casefold(), "the list is not copied into the lake, nor is a line of it"


def test_a_night_without_a_list_goes_on(night: Night) -> None:
    assert "error" not in receive(night)
    assert left(night.lake) == {"ann", "ann2", "bob"}


def test_a_list_that_is_delivered_twice_forgets_once(night: Night) -> None:
    deliver(night, b"ann\n")
    assert receive(night)["receipts"] == ["erased/receipts/001.json"]
    second_facts = receive(night)
    assert (second_facts["asked"], second_facts["unknown"], second_facts["receipts"]) == (1, 0, [])
    assert left(night.lake) == {"ann2", "bob"}


def test_unknown_people_are_counted_and_stop_nothing(night: Night) -> None:
    deliver(night, b"zoe\nyan\n")
    facts = receive(night)
    assert (facts["asked"], facts["unknown"], facts["receipts"]) == (2, 2, [])
    deliver(night, b"zoe\nann\n")
    facts = receive(night)
    assert (facts["asked"], facts["unknown"], len(facts["receipts"])) == (2, 1, 1)
    assert left(night.lake) == {"ann2", "bob"}


def test_an_erasure_that_was_cut_off_is_finished_without_a_list(night: Night) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.privacy.erasure.carry_out", _killed)
        with pytest.raises(KeyboardInterrupt):
            forget(night.lake, ["ann"], night.source_name)
    assert left(night.lake) == {"ann", "ann2", "bob"}
    assert receive(night)["receipts"] == ["erased/receipts/001.json"]
    assert left(night.lake) == {"ann2", "bob"}


def test_while_a_refresh_runs_nobody_is_forgotten(night: Night) -> None:
    """Its lists, made from the night's models, would name the person after the erasure."""
    deliver(night, b"ann\n")
    refresh = Lake(f"{night.lake.root}/refresh")
    with lease.held(refresh, lease.new_hold("refresh", TONIGHT), lease.LeaseConfig()):
        with pytest.raises(lease.LakeBusy, match="refresh is held by refresh"):
            receive(night)
        assert left(night.lake) == {"ann", "ann2", "bob"}
    assert receive(night)["receipts"] == ["erased/receipts/001.json"]
    with lease.held(refresh, lease.new_hold("refresh", TONIGHT), lease.LeaseConfig()):
        assert receive(night)["receipts"] == []  # there is nobody left to forget


def test_rows_that_a_stopped_night_received_are_taken_out_by_the_next_night(night: Night) -> None:
    lake, mapping = night.lake, night.source_name
    forget(lake, ["ann"], mapping)
    stopped, today = TONIGHT + dt.timedelta(days=1), TONIGHT + dt.timedelta(days=2)
    for day in (stopped, today):
        receive_raw(lake, day)  # the shop delivers the same people again
        lake.put_json({}, "runs", f"date={day}", "run=001", "receive_drop.json")
    tonight = Night(today, lake, "001", Settings(), mapping, night.raw)
    tonight.begin("drop_erased_rows")
    with tonight.reporting():
        drop_erased_rows.main(tonight)
    assert find(lake, whole_people(lake, ["ann"]), mapping) == []
    paths = [path for path in all_paths(lake) if "/date=" in path]
    later = Night(today + dt.timedelta(days=1), lake, "001", Settings(), mapping, night.raw)
    days = {path.partition("/date=")[2][:10] for path in drop_erased_rows.inputs_of(later, paths)}
    assert days == {str(stopped)}  # the night that the job has seen is not looked through again


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("key", "problem"), [("", "is not set"), ("another key that is long enough", "has 31 char"),
                                              ("q" * 64, "is not the key of")])  # fmt: skip
def test_without_the_key_of_the_list_no_night_starts(
    night: Night, monkeypatch: pytest.MonkeyPatch, key: str, problem: str
) -> None:
    forget(night.lake, ["ann"], night.source_name)
    monkeypatch.setenv(KEY_VARIABLE, key)
    tonight = Night(TONIGHT + dt.timedelta(days=1), night.lake, "001", Settings(), night.source_name, night.raw)
    before = all_paths(night.lake)
    with pytest.raises(WrongKey, match=f"{KEY_VARIABLE} {problem}"):
        receive_drop.main(tonight)
    assert all_paths(night.lake) == before
