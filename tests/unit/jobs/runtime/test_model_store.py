"""Models in the lake: a killed try leaves no half-written model, and checkpoints serve the same training only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import (
    PROMOTION,
    checkpoint_folder,
    from_checkpoint,
    last_tried,
    load_model,
    load_newest,
    save_judged,
    save_model,
)
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.core.config import OtherTraining

DAY = dt.date(2026, 1, 2)


class Killed(BaseException):
    """Stands for the end of a process in the middle of its work."""


@dataclass
class TwoParts:
    """A model of two files, which are of one training only if they say the same."""

    name: str

    def save(self, folder: str | Path) -> None:
        for part in ("head", "tail"):
            (Path(folder) / part).write_text(self.name)

    @classmethod
    def load(cls, folder: str) -> TwoParts:
        head, tail = ((Path(folder) / part).read_text() for part in ("head", "tail"))
        assert head == tail, f"half {head}, half {tail}"
        return cls(head)


def night_of(lake: Path, run: str = "001", day: dt.date = DAY) -> Night:
    return Night(day, Lake(str(lake)), run, Settings())


def killed_after_one_file(lake: Lake, local: str, *folder: str) -> None:
    lake.put_text((Path(local) / "head").read_text(), *folder, "head")
    raise Killed


def test_a_retry_that_is_killed_leaves_last_nights_model_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last_night, night = night_of(tmp_path, day=DAY - dt.timedelta(days=1)), night_of(tmp_path)
    save_judged(last_night, "two_parts", TwoParts("last night's"), {"promoted": True})
    save_judged(night, "two_parts", TwoParts("first try's"), {"promoted": True})
    with monkeypatch.context() as patch:
        patch.setattr(sealed_files, "upload", killed_after_one_file)
        with pytest.raises(Killed):
            save_judged(night, "two_parts", TwoParts("second try's"), {"promoted": True})
    assert load_newest(night, "two_parts", TwoParts, "train").name == "last night's"
    tomorrow = night_of(tmp_path, day=DAY + dt.timedelta(days=1))
    assert last_tried(tomorrow, "two_parts") == last_night.lake.model_before("two_parts", DAY)
    save_judged(night, "two_parts", TwoParts("third try's"), {"promoted": True})
    assert load_newest(night, "two_parts", TwoParts, "train").name == "third try's"


def test_a_model_that_is_not_promoted_leaves_the_running_one(tmp_path: Path) -> None:
    night, second_run = night_of(tmp_path), night_of(tmp_path, "002")
    save_model(night, "two_parts", TwoParts("running").save)
    save_judged(second_run, "two_parts", TwoParts("worse"), {"promoted": False})
    assert load_newest(night, "two_parts", TwoParts, "train").name == "running"
    judged = ("models", "two_parts", f"date={DAY}", "run=002")
    assert night.lake.get_json(*judged, PROMOTION) == {"promoted": False}
    assert load_model(night.lake, judged, TwoParts).name == "worse"


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
