"""prune_lake: which of the photos that shoppers sent are deleted from the drop, and when."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.publishing.prune_lake import forget_photos
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings

DAYS = [dt.date(2026, 1, day) for day in (5, 6, 7)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Each night searched with a photo of its day."""
    lake = Lake(str(tmp_path / "lake"))
    for day in DAYS:
        photo = tmp_path / "raw" / str(day) / "photo.png"
        photo.parent.mkdir(parents=True)
        photo.write_bytes(b"a photo")
        lake.put_json({"to_forget": [f"{day}/photo.png"]}, "runs", f"date={day}", "run=001", "search_images.json")
    return lake


def night(lake: Lake, day: dt.date) -> Night:
    return Night(day, lake, "001", Settings(), "sample_shop", str(Path(lake.root).parent / "raw"))


def publish(lake: Lake, day: dt.date, images: str) -> None:
    manifest = {"run": f"{day}-001", "date": str(day), "products": {"images": {"state": images}}}
    lake.put_json(manifest, "published", f"run={day}-001", "manifest.json")


def photos_left(lake: Lake) -> list[dt.date]:
    return [day for day in DAYS if (Path(lake.root).parent / "raw" / str(day) / "photo.png").exists()]


def test_photos_go_once_their_answers_are_published(lake: Lake) -> None:
    assert forget_photos(night(lake, DAYS[0])) == 0
    publish(lake, DAYS[0], "fresh")
    assert forget_photos(night(lake, DAYS[0])) == 1
    assert photos_left(lake) == DAYS[1:]


def test_photos_of_a_night_without_answers_go_with_the_next_published_night(lake: Lake) -> None:
    publish(lake, DAYS[0], "fresh")
    publish(lake, DAYS[2], "carried")  # the second night was never published
    assert forget_photos(night(lake, DAYS[2])) == 2
    assert photos_left(lake) == [DAYS[2]]  # tonight may run again
