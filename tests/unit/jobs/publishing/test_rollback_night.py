"""A rollback moves the pointer, and never while a night or an erasure runs."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import pytest

from jobs.common.erased_people import JOURNAL
from jobs.publishing import rollback_night
from jobs.runtime import lease, published
from jobs.runtime.lake import Lake

BEFORE, NOW = "2026-01-01-001", "2026-01-02-001"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    for run in (BEFORE, NOW):
        manifest = {"run": run, "date": run[:10], "tables": {}}
        lake.put_json(manifest, "published", f"run={run}", "manifest.json")
        lake.put_json(manifest, *published.POINTER)
    return lake


def roll_back(root: str, *more: str) -> int:
    parser = argparse.ArgumentParser()
    rollback_night.add_arguments(parser)
    return rollback_night.main(parser.parse_args(["--lake", root, *more]))


def test_the_lake_is_held_while_the_pointer_moves_and_given_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    holders = []
    put = rollback_night.put_if_unchanged

    def put_and_note_the_holder(*arguments: object) -> None:
        holders.append(lease.current(lake))
        put(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rollback_night, "put_if_unchanged", put_and_note_the_holder)
    assert roll_back(lake.root) == 0
    assert published.pointed(lake)["run"] == BEFORE
    assert [hold and hold.what for hold in holders] == ["rollback_night"]
    assert lease.current(lake) is None


@pytest.mark.parametrize("what", ["forget_people", "nightly"])
def test_beside_another_writer_it_is_refused(lake: Lake, what: str) -> None:
    hold = lease.new_hold(what, dt.date(2026, 1, 2))
    with lease.held(lake, hold, lease.LeaseConfig()), pytest.raises(lease.LakeBusy, match=f"held by {what}"):
        roll_back(lake.root)
    assert published.pointed(lake)["run"] == NOW


def test_an_erasure_that_was_cut_off_is_finished_first(lake: Lake) -> None:
    lake.put_json({"number": "001"}, *JOURNAL)
    with pytest.raises(rollback_night.HalfErased, match=r"journal\.json: an erasure was cut off.*forget"):
        roll_back(lake.root, "--to", BEFORE)
    assert published.pointed(lake)["run"] == NOW
    assert lease.current(lake) is None


def test_a_lake_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing was ever published here"):
        roll_back(str(tmp_path / "typo"))
    assert not (tmp_path / "typo").exists()
