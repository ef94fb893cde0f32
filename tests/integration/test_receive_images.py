"""Spark's workers read pictures: what they pack is where the table says, also where many files are one picture."""

from __future__ import annotations

from pathlib import Path

from jobs.common.picture_packs import read_packed
from schemas.tables import IMAGES
from tests.unit.jobs.images.test_receive_images import packs, received
from tests.unit.models.images.bad_pictures import drawn, saved


def test_workers_that_begin_with_the_same_picture_write_packs_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    names = {f"{number}.jpg": f"i{number}" for number in range(12)}
    for name in names:
        (tmp_path / "raw" / name).write_bytes(saved(drawn(), "JPEG"))  # the shop's picture of "no picture"
    night = received(tmp_path, 0, names, spark_from=1)
    rows = night.versions(IMAGES).tonight().arrow().to_pylist()
    assert len(rows) == 12
    assert len(packs(tmp_path)) == len({row["pack"] for row in rows}) == 2
    assert {name for name, _ in read_packed(night.lake, [(row["picture"], row["pack"]) for row in rows])} == {
        rows[0]["picture"]
    }
