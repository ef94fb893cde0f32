"""The editor is trained if drafts are wanted and pictures are enough; a worse new editor does not replace it."""

import numpy as np
import pytest
import torch

from jobs.images.editor_training import fitted
from jobs.images.making_drafts import EDITOR
from jobs.images.train_image_editor import main, split
from jobs.runtime.model_store import load_newest
from models.image_editing.editor import PictureEditor
from models.image_editing.network import EditorConfig
from schemas.tables import IMAGES
from tests.unit.jobs.images.drawn_shop import COLOURS, night_of, packshot, receive

EDITOR_CONFIG = {"size": 32, "width": 8, "widest": 16, "steps": 2, "batch": 4, "adversarial": 0.0, "features": 0.0}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "asked.toml").write_text("")

    def train_night(day=1, asked=True, **more):
        drafts = {"requests": str(tmp_path / "asked.toml") if asked else ""}
        training = {"least_pictures": 10} | more
        night = night_of(tmp_path / "lake", day, image_drafts=drafts, image_editor_training=training,
                         image_editor=EDITOR_CONFIG)  # fmt: skip
        receive(night, COLOURS, 12)
        main(night)
        night.end()
        return night, night.facts("draft_images")

    return train_night


def test_the_editor_is_trained_once_and_then_carried_over(run):
    night, facts = run()
    assert facts["start"] == "there is none"
    assert facts["promoted"]
    assert load_newest(night, EDITOR, PictureEditor, "train_image_editor").config.size == 32
    assert run(2)[1]["start"] == "carried over"
    retrained = run(3, every_days=2)[1]
    assert retrained["start"] == "the last one was trained 2 days ago"
    assert retrained["stands"]["running"] > 0


def test_nothing_is_trained_for_a_shop_that_asks_for_no_drafts_or_has_few_pictures(run):
    assert run(asked=False)[1]["start"] == "none: image_drafts.requests is empty"
    night, facts = run(2, least_pictures=100)
    assert facts["start"] == "none: 35 pictures"
    assert night.lake.model_before(EDITOR, night.date, including=True) is None


def test_a_picture_is_held_out_by_its_name(tmp_path):
    night = night_of(tmp_path)
    receive(night, COLOURS, 20)
    held, learned = split(night.versions(IMAGES).tonight().arrow(["picture", "pack"]), 1000)
    assert len(held) + len(learned) == 60
    assert 0 < len(held) < 15
    assert split(night.versions(IMAGES).tonight().arrow(["picture", "pack"]), 5)[1] == learned[:5]


def test_if_the_gpu_is_too_small_the_cpu_continues(tmp_path, monkeypatch, caplog):
    night, config = night_of(tmp_path), EditorConfig(**EDITOR_CONFIG)
    pictures = np.stack([packshot("Red", 32)] * 4)
    fit = PictureEditor.fit

    def small_gpu(config, pictures, checkpoint, device="cpu", **more):
        if device == "cuda":
            raise torch.OutOfMemoryError("too small")
        return fit(config, pictures, checkpoint, device, **more)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(PictureEditor, "fit", small_gpu)
    assert fitted(night, config, pictures, tmp_path / "checkpoint").config == config
    assert "the GPU has too little memory for image_editor.batch = 4; the CPU goes on" in caplog.text
