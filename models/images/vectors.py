"""Pictures -> vectors: what the CNN's last layer sees, what its stages see, and colours, side by side.

A picture is scaled to one of three canvases by its shape, all of about the same number of pixels.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.top_k import F32
from models.core.torch_threads import torch_threads
from models.images import colours
from models.images.network import LAST, STAGE_WIDTH, Sight, folded, has_fast_bf16
from models.images.weights import load_weights, pretrained, save_weights

U8 = NDArray[np.uint8]
CANVASES = ((192, 128), (160, 160), (128, 192))  # height, width: multiples of 32
SQUARE = 1.18  # a picture whose sides differ by less is square
AHEAD = 256  # pictures decoded at once, so that those of one canvas fill a batch
DEVICES = ("auto", "cpu", "cuda")
FILE = "network.safetensors"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderConfig:
    """Settings of the encoder; `weights` and `device` do not change the vectors, only where it loads and runs."""

    weights: str = ""  # a folder that holds the pretrained file; empty: the installed package
    device: str = "auto"  # a GPU where there is one
    batch: int = field(
        default=16, metadata={"doc": "pictures at once on a CPU; a GPU takes 16 times as many", "least": 1}
    )
    threads: int = field(default=1, metadata={"least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.device not in DEVICES:
            raise ValueError(f"device must be one of {', '.join(DEVICES)}, not {self.device!r}")


class PictureEncoder:
    """Vectors of pictures, (n, `width`) float32; `parts` names the columns of each kind."""

    def __init__(self, config: EncoderConfig, sight: Sight) -> None:
        self.config = config
        self.device = "cuda" if config.device == "cuda" or (config.device == "auto" and _has_gpu()) else "cpu"
        self.batch = config.batch * (16 if self.device == "cuda" else 1)
        self.sight = sight.eval()
        self._place()
        ends = np.cumsum([0, LAST, STAGE_WIDTH, colours.WIDTH]).tolist()
        names = ("things", "stages", "colours")
        self.parts = {name: slice(low, high) for name, low, high in zip(names, ends, ends[1:], strict=False)}
        self.width = ends[-1]

    @classmethod
    def pretrained(cls, config: EncoderConfig | None = None) -> PictureEncoder:
        """With the weights of ImageNet. Raises as `models.images.weights.pretrained` does."""
        config = config or EncoderConfig()
        return cls(config, Sight(folded(pretrained(config.weights or None))))

    def encode(self, pictures: Iterable[U8]) -> F32:
        """Vectors (n, width) of uint8 RGB pictures (h, w, 3), of any sizes, in their order.

        Raises ValueError naming the first picture of another form.
        """
        blocks = [self._encode_block(block) for block in _blocks(pictures, AHEAD)]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.width), np.float32)

    def _encode_block(self, pictures: list[U8]) -> F32:
        vectors = np.empty((len(pictures), self.width), np.float32)
        by_canvas: dict[tuple[int, int], list[int]] = {}
        for row, picture in enumerate(pictures):
            by_canvas.setdefault(canvas_of(picture), []).append(row)
        for canvas, rows in by_canvas.items():
            vectors[rows] = self._see(np.stack([scaled(pictures[row], canvas) for row in rows]))
        return vectors

    def _see(self, pictures: U8) -> F32:
        """Vectors of (n, H, W, 3); a batch that does not fit the GPU is halved and tried again, then on the CPU."""
        batches: list[F32] = []
        start = 0
        while start < len(pictures):
            try:
                batches.append(self._forward(pictures[start : start + self.batch]))
                start += len(batches[-1])
            except torch.OutOfMemoryError:
                self._shrink()
        return np.concatenate(batches)

    def _shrink(self) -> None:
        if self.batch > 1:
            self.batch //= 2
            log.warning("the GPU has too little memory for the batch of pictures; going on with %d at once", self.batch)
        else:
            self.device, self.batch = "cpu", self.config.batch
            log.warning("the GPU has too little memory for one picture; going on with the CPU")
            self._place()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _place(self) -> None:
        self.dtype = torch.bfloat16 if has_fast_bf16(self.device) else torch.float32
        self.sight.to(self.device, self.dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _forward(self, pictures: U8) -> F32:
        with torch_threads(self.config.threads), torch.inference_mode():
            inputs = torch.from_numpy(pictures).to(self.device).permute(0, 3, 1, 2)
            things, stages = self.sight(inputs.to(self.dtype, memory_format=torch.channels_last))
            return torch.cat([things, stages, colours.colours(inputs)], dim=1).cpu().numpy()

    def save(self, folder: str | Path) -> None:
        """Writes network.safetensors and manifest.json (settings, the file's SHA-256) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        digest = save_weights(self.sight.state_dict(), folder / FILE)
        write_manifest(folder, "picture_encoder", self.config, sha256=digest, width=self.width)

    @classmethod
    def load(cls, folder: str | Path, config: EncoderConfig | None = None) -> PictureEncoder:
        """What `save` wrote, run as `config` says. Raises FileNotFoundError if nothing is there; WrongWeights where
        the file is not the one that was saved."""
        folder = Path(folder)
        saved, manifest = read_manifest(folder, EncoderConfig)
        return cls(config or saved, Sight(load_weights(folder / FILE, manifest["sha256"])))


def canvas_of(picture: U8) -> tuple[int, int]:
    """The canvas (height, width) for a picture's shape. Raises ValueError unless it is uint8 (h, w, 3), not empty."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f"a picture must be uint8 (height, width, 3), not {picture.dtype} {picture.shape}")
    height, width = picture.shape[:2]
    return CANVASES[0] if height > SQUARE * width else CANVASES[2] if width > SQUARE * height else CANVASES[1]


def scaled(picture: U8, canvas: tuple[int, int]) -> U8:
    """The picture stretched to (height, width)."""
    height, width = canvas
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


def _blocks(pictures: Iterable[U8], size: int) -> Iterator[list[U8]]:
    remaining = iter(pictures)
    while block := list(itertools.islice(remaining, size)):
        yield block


def _has_gpu() -> bool:
    return torch.cuda.is_available()
