"""Checkpoints of a training that was killed: the same training goes on from them, and no other."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.runtime.lake import Lake
from jobs.runtime.model_store import checkpoint_folder, from_checkpoint
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.core.config import OtherTraining

DAY = dt.date(2026, 1, 2)


def night_of(lake: Path, run: str = "001") -> Night:
    return Night(DAY, Lake(str(lake)), run, Settings())


def test_a_retry_finds_its_checkpoints_and_another_training_does_not(tmp_path: Path) -> None:
    night, config = night_of(tmp_path / "lake"), {"epochs": 2}
    folder = checkpoint_folder(night, "lstm", config)
    assert checkpoint_folder(night_of(tmp_path / "lake"), "lstm", dict(config)) == folder
    others = [
        checkpoint_folder(night_of(tmp_path / "lake of another shop"), "lstm", config),
        checkpoint_folder(night_of(tmp_path / "lake", "002"), "lstm", config),
        checkpoint_folder(night, "lstm", {"epochs": 3}),
        checkpoint_folder(night, "copywriter", config),
    ]
    assert len({folder, *others}) == 5


def test_a_checkpoint_of_other_data_is_deleted_and_the_training_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "state").write_text("of other data")

    def fit() -> str:
        if (folder / "state").exists():
            raise OtherTraining(f"{folder} is of a training on other data")
        return "fitted"

    assert from_checkpoint(night_of(tmp_path / "lake"), folder, fit) == "fitted"


def test_other_errors_of_a_training_stay(tmp_path: Path) -> None:
    def fit() -> str:
        raise ValueError("attributes that are not numbers")

    with pytest.raises(ValueError, match="attributes that are not numbers"):
        from_checkpoint(night_of(tmp_path / "lake"), tmp_path / "checkpoint", fit)
