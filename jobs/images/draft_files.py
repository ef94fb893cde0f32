"""The files of drafts: below drafts/ of the lake, each named in a row of IMAGE_DRAFTS."""

from __future__ import annotations

from jobs.common.picture_packs import DRAFTS
from jobs.runtime.night import Night


def write_draft(night: Night, draft_id: str, data: bytes) -> str:
    """Writes a draft's PNG and returns its path below the lake."""
    folder = (DRAFTS, f"date={night.date}", f"run={night.run}")
    night.lake.fs.create_dir(night.lake.path(*folder), recursive=True)
    with night.lake.fs.open_output_stream(night.lake.path(*folder, f"{draft_id}.png")) as stream:
        stream.write(data)
    return "/".join((*folder, f"{draft_id}.png"))


def read_draft(night: Night, file: str) -> bytes:
    """The bytes of a draft; empty where its file is gone."""
    try:
        with night.lake.fs.open_input_stream(night.lake.path(file)) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        return b""
