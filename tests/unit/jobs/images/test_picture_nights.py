"""Nights that embed and search pictures with a small encoder: when a whitening is fitted, and what a search reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.images import embed_images, search_images, vector_maker
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.arrow import arrow_schema
from schemas.tables import IMAGE_SEARCH_RESULTS, IMAGE_VECTORS, IMAGES
from tests.unit.jobs.images.drawn_shop import COLOURS, receive
from tests.unit.models.images.bad_pictures import drawn, saved

MAPPING = """
name = "shop"
[events]
files = "{date}.csv"
time = { column = "t" }
columns = { user_id = "u", item_id = "i" }
constants = { event_type = "view" }
[images]
from = "items"
photos = "{date}/photos/*"
"""
PARTS = {"things": slice(0, 4), "stages": slice(4, 8), "colours": slice(8, 12)}
MIX = np.random.default_rng(3).normal(size=(5, 12))


class Encoder(SimpleNamespace):
    """Mixes a picture's mean colour and size into 12 numbers. lists: whether it ever got all pictures at once."""

    def encode(self, pictures: Iterable[Any]) -> np.ndarray:
        self.lists = self.lists or isinstance(pictures, (list, tuple))
        rows = [[*picture.mean(axis=(0, 1)), *picture.shape[:2]] for picture in pictures]
        return (np.array(rows, np.float32).reshape(-1, 5) @ MIX).astype(np.float32)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    small = Encoder(parts=PARTS, lists=False)
    monkeypatch.setattr(vector_maker, "load_encoder", lambda lake, folder: small)
    monkeypatch.setattr(vector_maker, "encoder_name", lambda folder: "small")
    return small


def night_of(folder: Path, day: int = 1) -> Night:
    """A night with 8 pictures of each of three colours, embedded."""
    (folder / "shop.toml").write_text(MAPPING)
    lake, date = Lake(str(folder / "lake")), dt.date(2026, 1, day)
    night = Night(date, lake, "001", Settings(), str(folder / "shop.toml"), str(folder / "raw"))
    night.begin("receive_images")
    receive(night, COLOURS, 8)
    return night


def embed(night: Night) -> dict[str, Any]:
    night.begin("embed_images")
    with night.reporting():
        embed_images.main(night)
    night.lake.make_current(night.version(IMAGE_VECTORS))
    return night.facts("embed_images")


def test_a_shop_of_many_pictures_fits_its_whitening_once(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whitening is fitted to 5 of 24 pictures: 24 are no four times as many as the shop had then."""
    monkeypatch.setattr(embed_images, "FIT_ON", 5)
    first, second = (embed(night_of(tmp_path, day)) for day in (1, 2))
    assert (first["embedded"], second["embedded"], second["unchanged"]) == (24, 0, 24)
    assert first["encoder"] == second["encoder"]


def photograph(night: Night, names: Iterable[str]) -> Path:
    folder = Path(night.raw) / str(night.date) / "photos"
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(saved(drawn(64 + number, 48), "PNG"))
    return folder


def search(night: Night) -> dict[str, Any]:
    night.begin("search_images")
    with night.reporting():
        search_images.main(night)
    return night.facts("search_images")


def test_items_that_share_pictures_are_searched(tmp_path: Path, encoder: Encoder) -> None:
    """Five sizes of each product are items with the same picture: five times as many rows as pictures."""
    night = night_of(tmp_path)
    rows = night.versions(IMAGES).tonight().arrow().to_pylist()
    items = [row["item_id"] for row in rows]
    shared = [rows[number // 5] | {"item_id": item} for number, item in enumerate(items[:20])]
    night.write_arrow(IMAGES, pa.Table.from_pylist(shared, arrow_schema(IMAGES)))
    assert embed(night)["embedded"] == 4
    photograph(night, ["p.png"])
    assert search(night)["searched"] == 1
    assert night.versions(IMAGE_SEARCH_RESULTS).tonight().count


def test_vectors_of_another_whitening_are_not_compared(tmp_path: Path, encoder: Encoder) -> None:
    night = night_of(tmp_path)
    embed(night)
    photograph(night, ["p.png"])
    rows = night.versions(IMAGE_VECTORS).tonight().arrow()
    other = pa.array(["small, models/picture_whitening/date=2025-12-31/run=001"] * len(rows))
    night.write_arrow(IMAGE_VECTORS, rows.set_column(rows.column_names.index("encoder"), "encoder", other))
    with pytest.raises(FileNotFoundError, match=r"made by small, .*2025-12-31.*run `python -m jobs embed_images`"):
        search(night)


def test_photos_are_not_all_in_memory_and_only_those_of_the_drop_are_forgotten(
    tmp_path: Path, encoder: Encoder
) -> None:
    night = night_of(tmp_path)
    embed(night)
    encoder.lists = False
    folder = photograph(night, ["a.png", "b.png"])
    (folder / "broken.png").write_bytes(b"no picture")
    (tmp_path / "elsewhere.png").write_bytes((folder / "a.png").read_bytes())
    (folder / "link.png").symlink_to(tmp_path / "elsewhere.png")
    facts = search(night)
    assert not encoder.lists
    assert facts["searched"] == 2
    assert facts["refused"] == {"not_a_picture": 1, "outside_drop": 1}
    assert [Path(path).name for path in facts["to_forget"]] == ["a.png", "b.png", "broken.png"]
