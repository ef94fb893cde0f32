"""The job: no generated picture is published without approval, an approval is for exact bytes, drafts are made once."""

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jobs.common.picture_packs import unnamed_packs
from jobs.images import making_drafts
from jobs.images.draft_images import main
from jobs.images.generated_mark import mark_of
from jobs.runtime.model_store import save_model
from schemas.tables import APPROVED_IMAGES, BY_NAME, IMAGE_DRAFTS, IMAGES, STORED
from tests.unit.jobs.images.drawn_shop import COLOURS, night_of, pixels_of, receive, small_editor

ASKED = """
[[repair]]
item_id = "Red-0"
where = [[0.3, 0.3, 0.6, 0.5]]
[[recolour]]
item_id = "Red-0"
colour = "Blue"
[[repair]]
item_id = "nobody"
where = "scratches"
"""


def right(pixels):
    middle = pixels[len(pixels) // 2, pixels.shape[1] // 2].astype(int)
    return min(COLOURS, key=lambda word: int(np.abs(middle - COLOURS[word]).sum())), 0.9


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """run(day, decisions="") -> the night after draft_images ran; six items of each colour, an editor from day 1."""
    monkeypatch.setattr(making_drafts, "colour_looks", lambda night: right)
    (tmp_path / "asked.toml").write_text(ASKED)
    (tmp_path / "review.toml").write_text("")

    def run(day=1, decisions="", asked=True, **more):
        (tmp_path / "review.toml").write_text(decisions)
        settings = {"requests": str(tmp_path / "asked.toml") if asked else "", "review": str(tmp_path / "review.toml")}
        settings |= more
        night = night_of(tmp_path / "lake", day, image_drafts=settings)
        receive(night, COLOURS, 6)
        if day == 1:
            save_model(night, "image_editor", small_editor().save)
        main(night)
        for table in (IMAGE_DRAFTS, APPROVED_IMAGES):
            night.lake.make_current(night.version(table))
        return night

    return run


def rows(night, table=IMAGE_DRAFTS):
    return {(row["item_id"], row["kind"]): row for row in night.versions(table).tonight().arrow().to_pylist()}


def approve(row, verb="approve"):
    return f'[[{verb}]]\ndraft_id = "{row["draft_id"]}"\ndraft_hash = "{row["draft_hash"]}"\n'


def files(night):
    return sorted(Path(night.lake.root).glob("drafts/**/*.png"))


def test_each_request_gets_a_draft_or_a_reason_and_none_is_published(shop):
    night = shop()
    drafts = rows(night)
    assert {key: row["state"] for key, row in drafts.items()} == {
        ("Red-0", "repair"): "offered", ("Red-0", "recolour"): "offered", ("nobody", "repair"): "refused"
    }  # fmt: skip
    assert drafts["nobody", "repair"]["reason"] == "the item has no picture 1 tonight"
    assert (drafts["Red-0", "recolour"]["looks"], drafts["Red-0", "recolour"]["chance"]) == ("Blue", pytest.approx(0.9))
    assert drafts["Red-0", "repair"]["model"].startswith("models/image_editor/")
    assert all(mark_of(file.read_bytes()) for file in files(night))
    assert len(files(night)) == 2
    assert not rows(night, APPROVED_IMAGES)


def test_no_generated_picture_is_in_another_table_or_page(shop):
    night = shop()
    drafts = [row["draft_id"] for row in rows(night).values()] + [row["file"] for row in rows(night).values()]
    draft_ids = [draft.encode() for draft in drafts if draft]
    assert draft_ids
    root = Path(night.lake.root)
    draft_folders = {root / "tables" / IMAGE_DRAFTS.name, root / "drafts", root / "reports"}
    for path in root.rglob("*"):
        if path.is_file() and not any(folder in path.parents for folder in draft_folders):
            assert not [draft_id for draft_id in draft_ids if draft_id in path.read_bytes()], path
    assert [path.name for path in (root / "reports").rglob("*.html")] == ["drafts.html"]
    assert [table.name for table in STORED if table.product and "draft_id" in table.names] == ["approved_images"]
    assert BY_NAME["image_drafts"].product is None


def test_an_approved_draft_is_published_and_made_only_once(shop):
    first = shop(1)
    draft = rows(first)["Red-0", "repair"]
    second = shop(2, approve(draft) + approve(rows(first)["Red-0", "recolour"], "block"))
    assert [row["state"] for row in rows(second).values() if row["file"]].count("offered") == 0
    assert len(files(second)) == 2
    published = rows(second, APPROVED_IMAGES)
    assert set(published) == {("Red-0", "repair")}
    assert published["Red-0", "repair"]["draft_hash"] == draft["draft_hash"]
    assert published["Red-0", "repair"]["generated"] is True
    assert not rows(shop(3), APPROVED_IMAGES)  # the approval was taken back


def test_requests_that_are_refused_each_night_do_not_keep_others_waiting(shop, tmp_path):
    unscratched = "".join(f'[[repair]]\nitem_id = "{colour}-0"\nwhere = "scratches"\n' for colour in COLOURS)
    (tmp_path / "asked.toml").write_text(unscratched + ASKED)
    wanted = ("Red-0", "recolour")
    nights = [rows(shop(day, most=3)) for day in (1, 2)]
    assert wanted not in nights[0]
    assert nights[1][wanted]["state"] == "offered"


def test_an_approval_is_for_the_bytes_that_were_seen(shop):
    first = shop(1)
    draft = rows(first)["Red-0", "repair"]
    other = approve(draft | {"draft_hash": "0" * 64})
    assert rows(shop(2, other))["Red-0", "repair"]["state"] == "offered"
    file = Path(first.lake.root) / draft["file"]
    file.write_bytes(file.read_bytes() + b"changed")
    third = shop(3, approve(draft))
    assert rows(third)["Red-0", "repair"]["state"] == "refused"
    assert "not the one that was approved" in rows(third)["Red-0", "repair"]["reason"]
    assert not rows(third, APPROVED_IMAGES)


def test_a_repair_keeps_every_byte_outside_its_box(shop, tmp_path):
    night = shop()
    original = pixels_of(receive(night_of(tmp_path / "other"), ["Red"])["Red-0"])
    repaired = pixels_of((Path(night.lake.root) / rows(night)["Red-0", "repair"]["file"]).read_bytes())
    changed = (repaired != original).any(axis=2)
    assert changed[14:24, 14:29].any()
    changed[14:24, 14:29] = False
    assert not changed.any()


def test_a_shop_that_asks_for_nothing_pays_nothing(shop, monkeypatch):
    monkeypatch.setattr(making_drafts, "load_model", lambda *_: pytest.fail("no editor is loaded"))
    monkeypatch.setattr(making_drafts, "read_packed", lambda *_: pytest.fail("no picture is read"))
    night = shop(asked=False)
    assert not rows(night)
    assert not rows(night, APPROVED_IMAGES)
    assert not files(night)
    assert night.versions(IMAGES).tonight().count == 18


def test_drafts_that_no_version_of_the_table_names_may_be_deleted(shop):
    night = shop(1)
    assert unnamed_packs(night.lake, dt.date(2026, 1, 9)) == []
    shutil.rmtree(Path(night.lake.root) / "tables" / "image_drafts")
    assert [parts[0] for parts in unnamed_packs(night.lake, dt.date(2026, 1, 9))] == ["drafts"]


def test_importing_the_jobs_does_not_load_torch():
    code = "import sys, jobs.images.draft_images, jobs.images.train_image_editor; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
