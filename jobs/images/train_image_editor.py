"""Clean pictures -> the picture editor, trained once in four weeks where a merchant asks for drafts.

It learns to fill holes in the shop's own pictures (`models/image_editing`). A tenth of the pictures is held out: a new
editor replaces the running one unless it is significantly worse on them. Training writes checkpoints into the machine's
temporary folder. So a job that was stopped continues where it was when it runs again on the same machine.
Where `image_drafts.requests` is empty, nothing is trained and nothing is read.
"""

from __future__ import annotations

import zlib

import pyarrow as pa

from jobs.images.draft_config import DraftsConfig, TrainEditorConfig
from jobs.runtime.model_store import days_since, due
from jobs.runtime.night import Night
from schemas.tables import IMAGES

_HELD_OUT = 10  # one picture in so many is held out
_MOST_HELD = 300


def main(night: Night) -> None:
    drafts: DraftsConfig = night.settings.section("image_drafts")
    config: TrainEditorConfig = night.settings.section("image_editor_training")
    if not drafts.requests:
        night.report(start="none: image_drafts.requests is empty")
        return
    why = due(night, days_since(night, "image_editor"), config.every_days)
    if why is None:
        night.report(start="carried over")
        return
    held_out, learned = split(night.versions(IMAGES).tonight().arrow(["picture", "pack"]), config.most_pictures)
    if len(learned) < config.least_pictures or not held_out:
        message = "no editor: %d pictures to learn from, image_editor_training.least_pictures is %d"
        night.log.info(message, len(learned), config.least_pictures)
        night.report(start=f"none: {len(learned)} pictures")
        return
    from jobs.images.editor_training import train  # torch, which takes seconds

    train(night, why, learned, held_out)


def split(rows: pa.Table, most: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(held out, to learn from), each as (picture, pack). A hash of its name decides, so it is the same every night."""
    pairs = sorted(set(zip(rows["picture"].to_pylist(), rows["pack"].to_pylist(), strict=True)))
    held_out = [pair for pair in pairs if zlib.crc32(pair[0].encode()) % _HELD_OUT == 0]
    return held_out[:_MOST_HELD], [pair for pair in pairs if zlib.crc32(pair[0].encode()) % _HELD_OUT][:most]
