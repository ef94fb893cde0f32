"""Clean pictures -> the picture editor, trained once in four weeks where a merchant asks for drafts.

It learns to fill holes in the shop's own pictures (`models/image_editing`). A tenth of them is held out: a new editor
replaces the running one unless it is surely worse there. Training writes checkpoints into the machine's temporary
folder: a job that was ended goes on where it was when it runs again on the same machine.
Where `image_drafts.requests` is empty nothing is trained, and nothing is read.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from jobs.common.picture_packs import read_packed
from jobs.images.draft_config import DraftsConfig, TrainEditorConfig
from jobs.runtime.model_store import days_since, due, load_model, save_judged
from jobs.runtime.night import Night
from models.core.promotion import decide
from models.image_editing.editor import PictureEditor, stretched
from models.image_editing.network import EditorConfig
from models.image_editing.quality import fill_quality
from models.images.reading import read_picture
from schemas.tables import IMAGES

EDITOR = "image_editor"
_HELD_OUT = 10  # one picture in so many
_MOST_HELD = 300

U8 = NDArray[np.uint8]


def main(night: Night) -> None:
    drafts: DraftsConfig = night.settings.section("image_drafts")
    config: TrainEditorConfig = night.settings.section("image_editor_training")
    if not drafts.requests:
        night.report(start="none: image_drafts.requests is empty")
        return
    why = due(night, days_since(night, EDITOR), config.every_days)
    if why is None:
        night.report(start="carried over")
        return
    held, learned = split(night.versions(IMAGES).tonight().arrow(["picture", "pack"]), config.most_pictures)
    if len(learned) < config.least_pictures:
        message = "no editor: %d pictures to learn from, image_editor_training.least_pictures is %d"
        night.log.info(message, len(learned), config.least_pictures)
        night.report(start=f"none: {len(learned)} pictures")
        return
    train(night, why, read_small(night, learned, night.settings.section("image_editor").size), held)


def split(rows: pa.Table, most: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(held out, learned from): (picture, pack) of each; a picture is held out by its name, on every night alike."""
    named = sorted(set(zip(rows["picture"].to_pylist(), rows["pack"].to_pylist(), strict=True)))
    held = [one for one in named if zlib.crc32(one[0].encode()) % _HELD_OUT == 0]
    return held[:_MOST_HELD], [one for one in named if zlib.crc32(one[0].encode()) % _HELD_OUT][:most]


def read_small(night: Night, named: list[tuple[str, str]], size: int) -> U8:
    """Pictures (n, size, size, 3), each stretched whole to a square, in the order of their names."""
    small = {name: stretched(read_picture(data).pixels, size) for name, data in read_packed(night.lake, named)}
    return np.stack([small[name] for name in sorted(small)])


def train(night: Night, why: str, pictures: U8, held: list[tuple[str, str]]) -> None:
    config: EditorConfig = night.settings.section("image_editor")
    checkpoint = Path(tempfile.gettempdir()) / f"nightmarket-{EDITOR}-{night.date}-{night.run}"

    def tell(step: int, losses: dict[str, float]) -> None:
        said = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        night.log.info("step %d of %d: %s", step, config.steps, said)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    new = PictureEditor.fit(config, pictures, checkpoint, device, tell=tell)
    judged = read_small(night, held, config.size) if held else pictures[:_MOST_HELD]
    ours, theirs = fill_quality(new, judged, config.seed), quality_of_running(night, held, judged, config)
    decision = decide(ours, theirs)
    facts = {"start": why, "pictures": len(pictures), "held_out": len(held), "psnr": float(ours.mean()),
             "promoted": decision.promoted, "stands": dataclasses.asdict(decision)}  # fmt: skip
    save_judged(night, EDITOR, new, facts)
    shutil.rmtree(checkpoint, ignore_errors=True)
    night.report(**facts)


def quality_of_running(
    night: Night, held: list[tuple[str, str]], judged: U8, config: EditorConfig
) -> NDArray[np.float64]:
    """The running editor's PSNR on the held-out pictures; all 0 without one of this size, or where none is held out."""
    folder = night.lake.model_before(EDITOR, night.date)
    if folder is None or not held:
        return np.zeros(len(judged))
    try:
        running = load_model(night.lake, folder, PictureEditor)
    except (FileNotFoundError, ValueError) as problem:
        night.log.warning("the running editor counts for nothing: %s", problem)
        return np.zeros(len(judged))
    return fill_quality(running, judged, config.seed) if running.config.size == config.size else np.zeros(len(judged))
