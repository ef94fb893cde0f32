"""A night killed at random moments and run again is the night that was never killed; readers see whole nights only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.kill_night import Attempts, Undisturbed, kill_and_finish
from tests.sample import AS_ARGUMENTS, SECOND, THIRD, Sample

KILLS = int(os.environ.get("NIGHTMARKET_KILLS", "2"))


def test_a_killed_night_is_run_again_as_if_nothing_had_been(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTMARKET_SPARK_MASTER", "local[2]")
    words = ["--source", "sample_shop", "--raw", str(sample.raw), *AS_ARGUMENTS]
    truth = Undisturbed.of(sample.lake, THIRD)
    found = kill_and_finish(Attempts(sample.eve, THIRD, words), truth, KILLS, 1, tmp_path, finish_every=2)
    assert len(found) == KILLS
    for entry in (e for e in found if "wrong" in e):
        assert entry["wrong"] == []
        runs = set(entry["seen"])
        assert f"{SECOND}-001" in runs
        assert all(run.startswith(str(THIRD)) for run in runs - {f"{SECOND}-001"})
