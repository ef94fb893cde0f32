"""What makes a vector of a picture: an encoder, and the whitening that was fitted to the shop's own pictures.

The encoder is the newest model `picture_encoder`, or the pretrained network where the shop has none. A new whitening
means that every picture is embedded again. So it is fitted only when the shop has pictures for the first time, when the
encoder changes, and when there are four times as many pictures as when it was fitted.

models.images is imported where it is used, since it imports torch, and a shop without pictures need not wait for that.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jobs.runtime.lake import Lake
from jobs.runtime.model_store import load_model, save_model
from jobs.runtime.night import Night

if TYPE_CHECKING:
    from models.images.vectors import PictureEncoder
    from models.images.whitening import Whitening

ENCODER, WHITENING = "picture_encoder", "picture_whitening"
FITTED_TO = "fitted_to.json"
FIT_ON = 4_000  # most pictures to which a whitening is fitted
_GROWN = 4  # a new whitening is fitted when there are so many times as many pictures
_PICTURES_AN_AXIS = 10  # with fewer, whitening would make each picture unlike all others
Folder = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class MakerFolders:
    """Where a maker is stored; it can be sent to a worker. Vectors of makers with the same name can be compared."""

    encoder: Folder | None  # None: the pretrained network
    whitening: Folder

    @property
    def name(self) -> str:
        return f"{encoder_name(self.encoder)}, {'/'.join(self.whitening)}"

    def load(self, lake: Lake) -> VectorMaker:
        return _load(self, lake.root)


@dataclasses.dataclass(frozen=True)
class VectorMaker:
    """Pictures -> whitened vectors."""

    encoder: PictureEncoder
    whitening: Whitening

    def vectors(self, pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float16]:
        """Vectors (n, width) of pictures (h, w, 3), in their order."""
        return self.whitening.apply(self.encoder.encode(pictures))


@functools.lru_cache(maxsize=1)  # two jobs of a night use it, and all nights of a replay
def _load(folders: MakerFolders, root: str) -> VectorMaker:
    from models.images.whitening import Whitening

    lake = Lake(root)
    return VectorMaker(load_encoder(lake, folders.encoder), load_model(lake, folders.whitening, Whitening))


def newest_maker(night: Night, pictures: int = 0) -> MakerFolders | None:
    """The newest maker; None where a whitening must be fitted first. pictures: tonight's distinct pictures, for the job
    that fits a new whitening when there are many more of them."""
    encoder = night.lake.model_before(ENCODER, night.date, including=True)
    folder = night.lake.model_before(WHITENING, night.date, including=True)
    if folder is None:
        return None
    facts = night.lake.get_json(*folder, FITTED_TO)
    if facts["encoder"] != encoder_name(encoder) or pictures >= _GROWN * max(facts["pictures"], 1):
        return None
    return MakerFolders(encoder, folder)


def fit_whitening(
    night: Night, pictures: Sequence[NDArray[np.uint8]], of: int
) -> tuple[MakerFolders, NDArray[np.float16]]:
    """Fits a whitening to pictures and stores it; returns the maker, and the vectors of these pictures.

    With fewer pictures it has fewer axes, since an axis for each picture would make all pictures equally unlike.
    of: the number of the shop's pictures, from which these were drawn; a later night compares its own number with it.
    """
    from models.images.whitening import Whitening, WhiteningConfig

    encoder_folder = night.lake.model_before(ENCODER, night.date, including=True)
    encoder = load_encoder(night.lake, encoder_folder)
    raw = encoder.encode(pictures)
    config: Any = WhiteningConfig()
    most = max(2, len(raw) // _PICTURES_AN_AXIS)
    config = dataclasses.replace(config, **{part: min(getattr(config, part), most) for part in encoder.parts})
    if len(raw) == 1:  # nothing to compare it with yet; the fit needs two
        raw = np.repeat(raw, 2, axis=0)
    whitening = Whitening.fit(config, raw, encoder.parts)
    facts = {"encoder": encoder_name(encoder_folder), "pictures": of}

    def save(folder: str) -> None:
        whitening.save(folder)
        (Path(folder) / FITTED_TO).write_text(json.dumps(facts))

    save_model(night, WHITENING, save)
    folder_of_whitening = ("models", WHITENING, f"date={night.date}", f"run={night.run}")
    night.report(whitening_fitted_to=len(pictures))
    return MakerFolders(encoder_folder, folder_of_whitening), whitening.apply(raw)[: len(pictures)]


def encoder_name(folder: Folder | None) -> str:
    if folder is not None:
        return "/".join(folder)
    from models.images.weights import SOURCE_SHA256

    return f"pretrained {SOURCE_SHA256[:16]}"


def load_encoder(lake: Lake, folder: Folder | None) -> PictureEncoder:
    from models.images.vectors import PictureEncoder

    return load_model(lake, folder, PictureEncoder) if folder is not None else PictureEncoder.pretrained()
