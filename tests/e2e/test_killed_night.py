"""A night that is killed at random moments and run again equals an undisturbed night; readers see whole nights only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.kill_night import Attempts, Undisturbed, kill_and_finish
from tests.sample import AS_ARGUMENTS, SECOND, THIRD, Sample

KILLS = int(os.environ.get("NIGHTMARKET_KILLS", "2"))


def test_a_killed_night_that_runs_again_is_like_an_undisturbed_night(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTMARKET_SPARK_MASTER", "local[2]")
    options = ["--source", "sample_shop", "--raw", str(sample.raw), *AS_ARGUMENTS]
    truth = Undisturbed.of(sample.lake, THIRD)
    entries = kill_and_finish(Attempts(sample.eve, THIRD, options), truth, KILLS, 1, tmp_path, finish_every=2)
    assert len(entries) == KILLS
    for entry in (finished for finished in entries if "wrong" in finished):
        assert entry["wrong"] == []
        runs = set(entry["seen"])
        assert f"{SECOND}-001" in runs
        assert all(run.startswith(str(THIRD)) for run in runs - {f"{SECOND}-001"})
