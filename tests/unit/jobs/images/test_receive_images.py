"""Pictures that a drop names on two nights: each is read, packed and refused as its bytes and its name deserve."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest

from jobs.images import receive_images
from jobs.images.picture_files import NotReached, PictureFiles
from jobs.images.receiving import Reader
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.images.reading import PictureLimits, PictureRefused
from schemas.tables import IMAGES, ITEMS, REFUSED_IMAGES
from tests.sample import put
from tests.unit.models.images.bad_pictures import drawn, saved

MAPPING = """
name = "shop"
[events]
files = "{date}.csv"
time = { column = "t" }
columns = { user_id = "u", item_id = "i" }
constants = { event_type = "view" }
[images]
manifest = "{date}/list.csv"
"""
FIRST = dt.date(2026, 1, 1)


def received(folder: Path, day: int, listed: dict[str, str], **images: Any) -> Night:
    """The night after receive_images ran; listed: path of a picture -> its item."""
    date = FIRST + dt.timedelta(days=day)
    (folder / "raw" / str(date)).mkdir(parents=True)
    rows = "".join(f"{item},{path}\n" for path, item in listed.items())
    (folder / "raw" / str(date) / "list.csv").write_text(f"item_id,path\n{rows}", "utf-8")
    (folder / "shop.toml").write_text(MAPPING)
    lake = Lake(str(folder / "lake"))
    night = Night(date, lake, "001", Settings({"images": images}), str(folder / "shop.toml"), str(folder / "raw"))
    items = [{"item_id": item, "is_active": True, "updated_on": date} for item in sorted({*listed.values()})]
    put(night, ITEMS, items)
    night.begin("receive_images")
    with night.reporting():
        receive_images.main(night)
    for table in (IMAGES, REFUSED_IMAGES):
        lake.make_current(night.version(table))
    return night


def packs(folder: Path) -> list[Path]:
    return sorted((folder / "lake").glob("pictures/*/*/*.parquet"))


def test_a_picture_that_was_touched_or_renamed_is_not_packed_again(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for number, name in enumerate(("a.jpg", "b.jpg")):
        (raw / name).write_bytes(saved(drawn(64 + number, 48), "JPEG"))
    first = received(tmp_path, 0, {"a.jpg": "i1", "b.jpg": "i2"})
    before = packs(tmp_path)
    os.utime(raw / "a.jpg", (1, 1))
    (raw / "b.jpg").rename(raw / "c.jpg")
    second = received(tmp_path, 1, {"a.jpg": "i1", "c.jpg": "i2"})
    facts = second.facts("receive_images")
    assert (facts["read"], facts["kept"], facts["unchanged"]) == (2, 0, 2)
    assert packs(tmp_path) == before
    pictures = [
        [(row["picture"], row["pack"]) for row in night.versions(IMAGES).tonight().arrow().to_pylist()]
        for night in (first, second)
    ]
    assert pictures[0] == pictures[1]


def test_a_known_picture_is_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(saved(drawn(), "JPEG"))
    files, limits = PictureFiles(str(tmp_path)), PictureLimits()
    row, clean = Reader(files, limits).outcome("a.jpg", None)
    assert clean is not None
    again, nothing = Reader(files, limits, frozenset([str(row["picture"])])).outcome("a.jpg", None)
    assert nothing is None
    assert (again["picture"], again["reason"]) == (row["picture"], None)


def test_a_picture_stays_while_its_host_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the second night nobody answers; on the third the host says that the picture is gone."""
    answers: list[Any] = [(saved(drawn(), "JPEG"), '"v1"'), NotReached("not_fetched", "HTTP 503"),
                          PictureRefused("not_fetched", "HTTP 404")]  # fmt: skip

    def read(files: PictureFiles, source: str, tag: str | None) -> tuple[bytes, str]:
        if isinstance(answers[night], Exception):
            raise answers[night]
        return answers[night]

    monkeypatch.setattr(PictureFiles, "read", read)
    outcomes = []
    for night in range(3):
        made = received(tmp_path, night, {"http://shop.example/a.jpg": "i1"}, hosts=("shop.example",))
        facts = made.facts("receive_images")
        outcomes.append((facts["kept"], facts["unchanged"], facts["refused"], facts["unreached"]))
    assert outcomes == [(1, 0, {}, 0), (0, 1, {}, 1), (0, 0, {"not_fetched": 1}, 0)]
    assert len(packs(tmp_path)) == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [("http://[bad/x.jpg", "host_not_named"), ("p" * 300 + ".jpg", "missing_file"), ("a/../../b.jpg", "outside_drop")],
)
def test_a_name_that_is_none_costs_its_own_row(tmp_path: Path, path: str, reason: str) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.jpg").write_bytes(saved(drawn(), "JPEG"))
    night = received(tmp_path, 0, {path: "i1", "a.jpg": "i2"})
    refused = night.versions(REFUSED_IMAGES).tonight().arrow().to_pylist()
    assert [(row["item_id"], row["reason"]) for row in refused] == [("i1", reason)]
    assert night.versions(IMAGES).tonight().arrow()["item_id"].to_pylist() == ["i2"]
