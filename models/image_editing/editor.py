"""The picture editor: fills what a mask hides in pictures of any size. Outside the mask every byte stays.

`fill` takes pictures of the network's own size. `complete` takes any: it scales the whole picture to that size, unless
the picture is so large and the hole so thin that windows keep more detail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from scipy.ndimage import distance_transform_cdt, distance_transform_edt

from models.core.manifest import read_manifest, write_manifest
from models.core.torch_threads import torch_threads
from models.image_editing.masks import Mask
from models.image_editing.network import EditorConfig, Generator
from models.image_editing.training import Trainer, as_tensor, autocast, placed

U8 = NDArray[np.uint8]
WHOLE = 1.5  # a picture up to so many times the network's size is scaled as a whole
_BATCH = 16


class PictureEditor:
    """A fitted generator: `fill` and `complete` put pixels where a mask says that they are missing."""

    def __init__(self, config: EditorConfig, generator: Generator) -> None:
        self.config, self.generator = config, generator.eval()

    @classmethod
    def fit(
        cls,
        config: EditorConfig,
        pictures: U8,
        checkpoint: Path | None = None,
        device: str = "cpu",
        start: PictureEditor | None = None,
        tell: Callable[[int, dict[str, float]], None] = lambda step, losses: None,
    ) -> PictureEditor:
        """From pictures (n, S, S, 3) uint8, S = config.size. The same pictures, config and machine give the same bits.

        checkpoint: a folder to write to and to continue from; start: an editor of 64 pixels from which a larger one
        starts; tell: is called with steps done and mean losses.
        Raises ValueError for pictures of another shape, or a checkpoint of another fit.
        """
        trainer = Trainer(config, pictures, device, None if start is None else start.generator)
        if checkpoint is not None:
            trainer.resume(checkpoint)
        for step, losses in trainer.steps():
            tell(step, losses)
        return cls(config, trainer.generator)

    def fill(self, pictures: U8, masks: Mask) -> U8:
        """Pictures (n, S, S, 3) with the pixels of masks (n, S, S) filled; S is the network's size.

        An editor trained by L1 alone fills each picture as it is and mirrored, and returns the mean: the mean of two
        guesses has less error. An editor that also learned to look real fills once, since a mean would blur.
        Raises ValueError for other shapes.
        """
        side = self.config.size
        if pictures.shape[1:] != (side, side, 3) or masks.shape != pictures.shape[:3]:
            raise ValueError(f"the editor fills pictures (n, {side}, {side}, 3) with masks (n, {side}, {side}), not "
                             f"{pictures.shape} with {masks.shape}; `complete` takes any size")  # fmt: skip
        filled = [np.empty((0, side, side, 3), np.uint8)]
        with torch_threads(self.config.threads), torch.no_grad():
            for low in range(0, len(pictures), _BATCH):
                filled.append(self._generated(pictures[low : low + _BATCH], masks[low : low + _BATCH]))
        return np.where(masks[..., None], np.concatenate(filled), pictures)

    def _generated(self, pictures: U8, masks: Mask) -> U8:
        device = next(self.generator.parameters()).device
        inputs = as_tensor(pictures, device)
        hole = torch.from_numpy(masks)[:, None].to(device, torch.float32)
        with autocast(self.config, device):
            output = self.generator(inputs, hole).float()
            if not (self.config.adversarial or self.config.features):
                output = (output + self.generator(inputs.flip(3), hole.flip(3)).float().flip(3)) / 2
        return output.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()

    def complete(self, picture: U8, mask: Mask) -> U8:
        """The picture (h, w, 3) with the pixels of its mask (h, w) filled; a mask without a pixel changes nothing.

        Raises ValueError if the mask hides all of it, or has another size.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or mask.shape != picture.shape[:2]:
            raise ValueError(f"a picture is uint8 (h, w, 3) and its mask (h, w), not {picture.dtype} {picture.shape} "
                             f"and {mask.shape}")  # fmt: skip
        mask = mask.astype(bool)
        if not mask.any():
            return picture.copy()
        if mask.all():
            raise ValueError("the mask hides the whole picture; leave some of it visible")
        visible = over_hole(picture, mask)
        scale = scale_of(mask, self.config.size)
        if scale is None:
            everything = (slice(0, mask.shape[0]), slice(0, mask.shape[1]))
            return self._filled_window(picture, visible, mask, (*everything, *everything))
        height, width = (round(side / scale) for side in mask.shape)
        small, hidden = _scaled(visible, width, height), _hidden(mask, width, height)
        completed = small
        for window in windows(hidden, self.config.size):
            completed = self._filled_window(completed, small, hidden, window)
        return np.where(mask[..., None], _scaled(completed, mask.shape[1], mask.shape[0]), picture)

    def _filled_window(self, completed: U8, small: U8, hidden: Mask, window: tuple[slice, slice, slice, slice]) -> U8:
        """`completed` with the hidden pixels of a window's middle filled; the network sees the whole window."""
        rows, columns, inner_rows, inner_columns = window
        side = self.config.size
        view, hole = small[rows, columns], hidden[rows, columns]
        hole = _hidden(hole, side, side)
        if hole.all():
            raise ValueError("the mask hides nearly the whole picture; leave more of it visible")
        filled = self.fill(_scaled(view, side, side)[None], hole[None])[0]
        patch = small.copy()
        patch[rows, columns] = _scaled(filled, view.shape[1], view.shape[0])
        inner = np.zeros(hidden.shape, bool)
        inner[inner_rows, inner_columns] = True
        return np.where((inner & hidden)[..., None], patch, completed)

    def save(self, folder: str | Path) -> None:
        """Write editor.safetensors and manifest.json (config with its seed) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: value.contiguous() for name, value in self.generator.state_dict().items()}
        save_file(weights, str(folder / "editor.safetensors"))
        write_manifest(folder, "picture_editor", self.config)

    @classmethod
    def load(cls, folder: str | Path, config: EditorConfig | None = None) -> PictureEditor:
        """The editor that `save` wrote. With `config`, one that was fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ.
        """
        folder = Path(folder)
        saved, _ = read_manifest(folder, EditorConfig, config)
        generator = Generator(saved)
        generator.load_state_dict(load_file(str(folder / "editor.safetensors")))
        return cls(saved, placed(generator, torch.device("cpu")))


def stretched(picture: U8, size: int) -> U8:
    """The whole picture (h, w, 3) as a square (size, size, 3): what an editor of this size learns from."""
    return _scaled(picture, size, size)


def over_hole(picture: U8, mask: Mask) -> U8:
    """The picture with each hidden pixel replaced by the nearest visible one, so scaling mixes in no hidden colour.

    mask: hides some pixels, not all.
    """
    nearest = distance_transform_edt(mask, return_distances=False, return_indices=True)
    return picture[tuple(nearest)]


def scale_of(mask: Mask, size: int) -> float | None:
    """By how much a picture is scaled down so that its hole is nowhere thicker than half the network's size.

    None where it is then not much larger than the network's size: such a picture is scaled as a whole.
    """
    thickness = 2 * int(distance_transform_cdt(np.pad(mask, 1), "chessboard").max())
    scale = max(1.0, thickness / (size / 2))
    return None if max(mask.shape) / scale <= WHOLE * size else scale


def windows(hidden: Mask, size: int) -> Iterator[tuple[slice, slice, slice, slice]]:
    """(rows, columns, inner rows, inner columns): windows of the network's size whose inner parts cover the hole."""
    height, width = hidden.shape
    half = size // 2
    for top in range(0, height, half):
        for left in range(0, width, half):
            inner = slice(top, top + half), slice(left, left + half)
            if hidden[inner].any():
                yield _around(top, size, height), _around(left, size, width), *inner


def _around(start: int, size: int, side: int) -> slice:
    """`size` pixels with start .. start + size / 2 in their middle, moved to lie within 0 .. side."""
    low = min(max(start - size // 4, 0), max(side - size, 0))
    return slice(low, min(low + size, side))


def _scaled(picture: U8, width: int, height: int) -> U8:
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def _hidden(mask: Mask, width: int, height: int) -> Mask:
    """The mask at another size: a pixel is hidden where any part of it is, so that no hidden colour seeps out."""
    if mask.shape == (height, width):
        return mask
    ink = Image.fromarray(mask * np.uint8(255))
    return np.asarray(ink.resize((width, height), Image.Resampling.BOX)) > 0
