"""Trains the picture editor; it replaces the running one unless it is significantly worse on held-out pictures."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from jobs.common.picture_packs import read_packed
from jobs.images.making_drafts import EDITOR
from jobs.runtime.model_store import checkpoint_folder, from_checkpoint, load_model, save_judged
from jobs.runtime.night import Night
from jobs.runtime.progress import progress
from models.core.promotion import decide
from models.image_editing.editor import PictureEditor, stretched
from models.image_editing.network import EditorConfig
from models.image_editing.quality import fill_quality
from models.images.reading import clean_pixels

U8 = NDArray[np.uint8]
PicturesInPacks = list[tuple[str, str]]  # (picture, pack)


def train(night: Night, why: str, learned: PicturesInPacks, held_out: PicturesInPacks) -> None:
    """Trains on the pictures `learned`, judges on the pictures `held_out` (at least one), and stores the editor."""
    config: EditorConfig = night.settings.section("image_editor")
    pictures = read_small(night, learned, config.size)
    checkpoint = checkpoint_folder(night, EDITOR, config)
    trained = from_checkpoint(night, checkpoint, lambda: fitted(night, config, pictures, checkpoint))
    judged = read_small(night, held_out, config.size)
    new_quality, running_quality = fill_quality(trained, judged, config.seed), quality_of_running(night, judged, config)
    decision = decide(new_quality, running_quality)
    facts = {"start": why, "pictures": len(pictures), "held_out": len(held_out), "psnr": float(new_quality.mean()),
             "promoted": decision.promoted, "stands": dataclasses.asdict(decision)}  # fmt: skip
    save_judged(night, EDITOR, trained, facts)
    shutil.rmtree(checkpoint, ignore_errors=True)
    night.report(**facts)


def fitted(night: Night, config: EditorConfig, pictures: U8, checkpoint: Path) -> PictureEditor:
    """The editor, trained on a GPU where there is one. If its memory is too small, the CPU continues from the last
    checkpoint."""

    def tell(step: int, losses: dict[str, float]) -> None:
        text = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        doing.at(step, text)

    with progress("training the picture editor", config.steps, "steps") as doing:
        if torch.cuda.is_available():
            try:
                return PictureEditor.fit(config, pictures, checkpoint, "cuda", tell=tell)
            except torch.OutOfMemoryError:
                night.log.warning(
                    "the GPU has too little memory for image_editor.batch = %d; the CPU goes on", config.batch
                )
                torch.cuda.empty_cache()
        return PictureEditor.fit(config, pictures, checkpoint, tell=tell)


def read_small(night: Night, pictures: PicturesInPacks, size: int) -> U8:
    """Pictures (n, size, size, 3), each stretched to a square without cutting, in the order of their names."""
    small = {name: stretched(clean_pixels(data), size) for name, data in read_packed(night.lake, pictures)}
    return np.stack([small[name] for name in sorted(small)])


def quality_of_running(night: Night, judged: U8, config: EditorConfig) -> NDArray[np.float64]:
    """The running editor's PSNR on the held-out pictures; all 0 where there is no editor for pictures of this size."""
    folder = night.lake.model_before(EDITOR, night.date)
    if folder is None:
        return np.zeros(len(judged))
    try:
        running = load_model(night.lake, folder, PictureEditor)
    except (FileNotFoundError, ValueError) as problem:
        night.log.warning("the running editor cannot be read and loses the comparison: %s", problem)
        return np.zeros(len(judged))
    return fill_quality(running, judged, config.seed) if running.config.size == config.size else np.zeros(len(judged))
