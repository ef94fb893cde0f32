"""How well an editor fills holes: PSNR of pictures with drawn masks, the same masks for all editors compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.image_editing.editor import PictureEditor
from models.image_editing.masks import KINDS, Mask, draw_mask

U8 = NDArray[np.uint8]


def psnr(filled: U8, real: U8) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio (n,) in dB of pictures (n, h, w, 3) against the real ones; 100 for the same bytes."""
    error = np.square(filled / 255.0 - real / 255.0).mean(axis=(1, 2, 3))
    return -10 * np.log10(np.maximum(error, 1e-10))


def drawn_masks(count: int, side: int, seed: int) -> Mask:
    """Masks (n, side, side) of every kind in turn; each depends on the seed and its number alone."""
    kinds = list(KINDS)
    return np.stack([draw_mask(kinds[number % len(kinds)], side, side, np.random.default_rng((seed, number)))
                     for number in range(count)])  # fmt: skip


def fill_quality(editor: PictureEditor, pictures: U8, seed: int) -> NDArray[np.float64]:
    """PSNR (n,) of the editor on pictures (n, S, S, 3) of its size, n at least 1."""
    masks = drawn_masks(len(pictures), pictures.shape[1], seed)
    return psnr(editor.fill(pictures, masks), pictures)
