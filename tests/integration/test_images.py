"""Two nights of the sample shop's pictures: they are received, embedded, found, shown and forgotten."""

from __future__ import annotations

import io
import json
import logging
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jobs.common.picture_packs import read_packed, unnamed_packs
from jobs.images import embed_images, receive_images
from jobs.nights.tasks import run, run_tasks
from jobs.publishing import prune_lake
from jobs.runtime.branches import BRANCHES
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.sample_shop.dirt import Shares
from jobs.sample_shop.make_sample_shop import make_sample_shop
from jobs.sample_shop.shop import Plan
from schemas.table import Table
from schemas.tables import (
    DOUBTED_ATTRIBUTES,
    IMAGE_SEARCH_RESULTS,
    IMAGE_VECTORS,
    IMAGES,
    ITEMS,
    RECOGNISED_ATTRIBUTES,
    REFUSED_IMAGES,
    SIMILAR_IMAGES,
)
from tests.unit.models.images.bad_pictures import bad_pictures

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
BAD = bad_pictures()
SETTINGS: dict[str, dict[str, Any]] = {
    "clean": {"max_rejected_share": 0.9},
    "images": {"per_item": 100, "attributes": ["colour"]},
    "pictures": {"max_bytes": 2_000_000},
    "recogniser": {"min_confirmed": 5, "precision": 0.5},
}
log = logging.getLogger("test_images")


@dataclass(frozen=True)
class Shop:
    raw: Path
    lake: Lake

    def night(self, day: date = FIRST, run_name: str = "001", **changed: dict[str, Any]) -> Night:
        sections = {name: SETTINGS.get(name, {}) | changed.get(name, {}) for name in {*SETTINGS, *changed}}
        return Night(day, self.lake, run_name, Settings(sections), "sample_shop", str(self.raw))

    def rows(self, table: Table, day: date = FIRST, run_name: str = "001") -> list[dict[str, Any]]:
        version = self.lake.version(table, day, run_name)
        assert version is not None
        return [row for path in self.lake.file_paths(version) for row in pq.read_table(path).to_pylist()]

    def planted(self) -> dict[str, dict[str, str]]:
        return json.loads((self.raw / "truth" / "pictures.json").read_text())

    def copy(self, folder: Path) -> Shop:
        shutil.copytree(self.raw, folder / "raw")
        shutil.copytree(self.lake.root, folder / "lake")
        return Shop(folder / "raw", Lake(str(folder / "lake")))


def nightly(shop: Shop, day: date, **changed: dict[str, Any]) -> None:
    for branch in ("intake", "images"):
        run_tasks(shop.night(day, **changed), BRANCHES[branch])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two nights; both name 40 bad files for the first item, and its picture contains the place where it was taken."""
    folder = tmp_path_factory.mktemp("pictures")
    pictured = Shop(folder / "raw", Lake(str(folder / "lake")))
    shares = Shares(0, 0, 0, 0, 0, 0)
    make_sample_shop(Plan(7, 40, 60, 2, FIRST, 7.0, 0, shares, pictures=30, photos=4), pictured.raw)
    for name, (data, _) in BAD.items():
        (pictured.raw / "pictures" / f"bad_{name}").write_bytes(data)
    for day in (FIRST, SECOND):
        listed = pictured.raw / str(day) / "pictures.csv"
        lines = listed.read_text().splitlines()
        item = lines[1].split(",")[0].strip('"')
        listed.write_text("\n".join([*lines, *(f"{item},bad_{name},N" for name in BAD)]) + "\n")
    _write_place(pictured.raw / "pictures" / _first_file(pictured))
    for day in (FIRST, SECOND):
        nightly(pictured, day)
    return pictured


def _first_file(shop: Shop) -> str:
    line = (shop.raw / str(FIRST) / "pictures.csv").read_text().splitlines()[1]
    return line.split(",")[1].strip('"')


def _write_place(path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "SecretCamera", {1: "N", 2: (52.0, 22.0, 12.5), 3: "E", 4: (4.0, 53.0, 42.0)}
    Image.open(path).save(path, "JPEG", exif=exif, comment=b"SecretWord")


def test_every_name_has_one_outcome(shop: Shop) -> None:
    for day in (FIRST, SECOND):
        facts = shop.night(day).facts("receive_images")
        assert facts["received"] == facts["kept"] + facts["unchanged"] + sum(facts["refused"].values())
        assert len(shop.rows(IMAGES, day)) == facts["kept"] + facts["unchanged"]
        assert len(shop.rows(REFUSED_IMAGES, day)) == sum(facts["refused"].values())


@pytest.mark.parametrize("day", [FIRST, SECOND])
def test_each_bad_file_is_refused_with_its_reason(shop: Shop, day: date) -> None:
    reasons = {row["source_file"].removeprefix("pictures/"): row["reason"] for row in shop.rows(REFUSED_IMAGES, day)}
    assert {name: reasons[f"bad_{name}"] for name in BAD} == {name: reason for name, (_, reason) in BAD.items()}
    planted = shop.planted()["damaged"]
    assert {name: reasons[name] for name in planted} == {name: name.rpartition(".")[0] for name in planted}


def test_the_second_night_reads_and_embeds_what_is_new(shop: Shop) -> None:
    first, second = ({job: shop.night(day).facts(job) for job in BRANCHES["images"]} for day in (FIRST, SECOND))
    before = {row["picture"] for row in shop.rows(IMAGES, FIRST)}
    new_pictures = {row["picture"] for row in shop.rows(IMAGES, SECOND)} - before
    assert 0 < len(new_pictures) <= 4
    assert first["embed_images"]["embedded"] == len(before)
    assert second["embed_images"] | {"embedded": len(new_pictures)} == second["embed_images"]
    assert second["receive_images"]["kept"] == len(new_pictures)
    assert second["receive_images"]["read"] <= len(new_pictures) + 1
    for job in BRANCHES["images"]:
        log.info("%-22s first night %6.2f s, second %6.2f s", job, first[job]["seconds"], second[job]["seconds"])


def test_a_picture_that_the_list_no_longer_names_is_gone(shop: Shop) -> None:
    first, second = ({row["source_file"] for row in shop.rows(IMAGES, day)} for day in (FIRST, SECOND))
    assert first - second
    vectors = {row["picture"] for row in shop.rows(IMAGE_VECTORS, SECOND)}
    assert vectors == {row["picture"] for row in shop.rows(IMAGES, SECOND)}


def test_nothing_that_is_written_has_exif_or_a_place(shop: Shop) -> None:
    with Image.open(shop.raw / "pictures" / _first_file(shop)) as arrived:
        assert arrived.getexif().get_ifd(0x8825)
    for path in Path(shop.lake.root).rglob("*"):
        if path.is_file() and "raw" not in path.relative_to(shop.lake.root).parts:
            data = path.read_bytes()
            assert b"Secret" not in data, path
            assert b"Exif\0" not in data, path
    rows = shop.rows(IMAGES)
    for _, data in read_packed(shop.lake, [(row["picture"], row["pack"]) for row in rows]):
        picture = Image.open(io.BytesIO(data))
        assert picture.format == "JPEG"
        assert not picture.getexif()


def test_a_photo_of_a_known_item_finds_it(shop: Shop) -> None:
    photos = shop.planted()["photos"]
    items_by_photo = {
        photo: [row["item_id"] for day in (FIRST, SECOND) for row in shop.rows(IMAGE_SEARCH_RESULTS, day)
                if row["photo"] == photo and row["rank"] <= 5]
        for photo in photos
    }  # fmt: skip
    assert np.mean([item in items_by_photo[photo] for photo, item in photos.items()]) >= 0.5
    chance = 5 / len({row["item_id"] for row in shop.rows(IMAGES)})
    assert chance < 0.2


def test_likenesses_are_of_items_that_can_be_sold_and_leave_out_the_item(shop: Shop) -> None:
    sold_out = {row["item_id"] for row in shop.rows(ITEMS) if not row["is_active"] or row["stock"] == 0}
    rows = shop.rows(SIMILAR_IMAGES)
    assert rows
    assert not [row for row in rows if row["item_id"] in sold_out or row["item_id"] == row["target_item_id"]]


def test_only_what_the_catalogue_lacks_is_filled_in_and_it_is_never_overwritten(shop: Shop) -> None:
    catalogue = {row["item_id"]: json.loads(row["attributes"]) for row in shop.rows(ITEMS)}
    without_colour = {item for item in shop.planted()["missing_colour"] if item in catalogue}
    assert all("colour" not in catalogue[item] for item in without_colour)
    for row in shop.rows(RECOGNISED_ATTRIBUTES):
        assert row["item_id"] in without_colour
    for row in shop.rows(DOUBTED_ATTRIBUTES):
        assert catalogue[row["item_id"]][row["attribute"]] == row["value"] != row["looks"]
    assert shop.night().facts("recognise_attributes")["fitted"]["colour"]["accuracy"] > 0.5


def test_the_page_shows_pictures_and_runs_nothing_of_the_shop(shop: Shop) -> None:
    page = Path(shop.lake.path("reports", f"date={FIRST}", "images.html")).read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") > 10
    assert page.count("<script") == 1  # the page's own, which changes the language
    assert "相似图片" in page
    assert len(page) < 2_000_000


def test_photos_are_forgotten_once_their_answers_are_published(shop: Shop, tmp_path: Path) -> None:
    copied = shop.copy(tmp_path)
    night = copied.night()
    assert prune_lake.forget_photos(night) == 0  # nothing is published yet
    manifest = {"products": {"images": {"state": "fresh"}}}
    copied.lake.put_json(manifest, "published", f"run={FIRST}-001", "manifest.json")
    assert prune_lake.forget_photos(night) == 4
    assert not list((copied.raw / str(FIRST) / "photos").iterdir())
    rerun = copied.night(run_name="002")
    for task in ("receive_images", "embed_images", "search_images"):
        run(rerun, task)
    assert copied.rows(IMAGE_SEARCH_RESULTS, FIRST, "002") == copied.rows(IMAGE_SEARCH_RESULTS, FIRST)


def test_most_pictures_missing_is_a_truncated_drop(shop: Shop, tmp_path: Path) -> None:
    copied = shop.copy(tmp_path)
    listed = copied.raw / str(SECOND) / "pictures.csv"
    listed.write_text("\n".join(listed.read_text().splitlines()[:3]) + "\n")
    night = copied.night(SECOND, "002")
    run(night, "receive_images")
    assert "looks truncated" in night.facts("receive_images")["carried_over"]
    pictures = [
        [row["picture"] for row in copied.rows(IMAGES, *version)] for version in ((FIRST, "001"), (SECOND, "002"))
    ]
    assert pictures[0] == pictures[1]


def test_spark_reads_and_embeds_the_same_as_the_driver(shop: Shop, tmp_path: Path) -> None:
    copied = shop.copy(tmp_path)
    night = copied.night(run_name="002", images={"spark_from": 1})
    for task in ("receive_images", "embed_images"):
        run(night, task)
    by_driver, by_spark = (
        sorted((row["item_id"], row["place"], row["picture"]) for row in copied.rows(IMAGES, FIRST, name))
        for name in ("001", "002")
    )
    assert by_driver == by_spark
    vectors = [
        {picture: np.frombuffer(data, np.float16).astype(np.float32) for picture, data in read_packed(
            copied.lake, [(row["picture"], row["pack"]) for row in copied.rows(IMAGE_VECTORS, FIRST, name)])}
        for name in ("001", "002")
    ]  # fmt: skip
    for picture, vector in vectors[0].items():
        second = vectors[1][picture]
        assert vector @ second / np.linalg.norm(vector) / np.linalg.norm(second) > 0.98


def test_packs_that_no_table_names_are_deleted(shop: Shop, tmp_path: Path) -> None:
    copied = shop.copy(tmp_path)
    assert unnamed_packs(copied.lake, SECOND) == []
    copied.lake.delete("tables", IMAGES.name, f"date={FIRST}")
    packs = {row["pack"] for row in copied.rows(IMAGES, SECOND)}
    unnamed = {"/".join(pack) for pack in unnamed_packs(copied.lake, SECOND) if pack[0] == "pictures"}
    assert not unnamed & packs


def test_a_shop_without_pictures_loads_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop.toml").write_text(
        'name = "shop"\n[events]\nfiles = "{date}.csv"\ntime = { column = "t" }\n'
        'columns = { user_id = "u", item_id = "i" }\nconstants = { event_type = "view" }\n'
    )
    night = Night(FIRST, Lake(str(tmp_path / "lake")), "001", Settings(), str(tmp_path / "shop.toml"), str(tmp_path))
    monkeypatch.setattr("jobs.images.vector_maker.encoder_name", lambda folder: pytest.fail("no network is needed"))
    receive_images.main(night)
    embed_images.main(night)
    assert night.version(IMAGES).rows == night.version(IMAGE_VECTORS).rows == 0
