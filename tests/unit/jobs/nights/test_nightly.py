"""A night on a machine whose memory is too small for one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.nights import nightly
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.core.memory import DoesNotFit


def test_without_memory_for_a_night_no_job_runs_and_the_numbers_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "total_bytes", lambda: 2 << 30)
    night = Night(dt.date(2026, 1, 6), Lake(str(tmp_path / "lake")), "001", Settings(), "sample_shop", str(tmp_path))
    with pytest.raises(DoesNotFit, match=r"at least 2\.5 GiB of memory, and this process may use 2\.0 GiB"):
        nightly.main(night)
    assert not night.lake.exists("runs", f"date={night.date}", "run=001", "receive_drop.json")
