"""What a pretrained CNN sees in a picture: for the feature loss of training and the feature distance of a bench.

The network is the published one of `models/images`. PSNR prefers blurred pictures; a network that was trained to
recognise things does not.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, interpolate, relu6

from models.core.item_tiles import multiplies_bf16
from models.images.network import CENTRE, SCALE, Sight, folded
from models.images.weights import pretrained

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
LEVELS = (0, 3, 6)  # blocks whose maps of 1/2, 1/4 and 1/8 of the picture's side are compared point by point
SIDE = 128  # pixels at which a picture's distance is measured
_BATCH = 16


class Features(nn.Module):
    """picture (B, 3, S, S) in -1..1, S a multiple of 32 -> maps of LEVELS and pooled features (B, 1280).

    Its weights stay as they are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = Sight(folded(pretrained()))
        self.requires_grad_(False).eval()

    def forward(self, picture: Tensor) -> tuple[list[Tensor], Tensor]:
        x, maps = relu6(self.net.stem((picture + 1) * (127.5 / SCALE) - CENTRE / SCALE)), []
        for number, block in enumerate(self.net.blocks):
            x = block(x)
            if number in LEVELS:
                maps.append(x)
        return maps, relu6(self.net.head(x)).float().mean(dim=(2, 3))


def feature_loss(net: Features, generated: Tensor, real: Tensor) -> Tensor:
    """Mean relative difference of the maps plus the cosine distance of the pooled features; 0 where both are equal."""
    with torch.no_grad():
        real_maps, real_pooled = net(real)
    maps, pooled = net(generated)
    differences = [(a - b).float().abs().mean() / b.float().abs().mean() for a, b in zip(maps, real_maps, strict=True)]
    return torch.stack(differences).mean() + (1 - cosine_similarity(pooled, real_pooled)).mean()


def pooled_features(net: Features, pictures: U8) -> F32:
    """The pooled features (n, 1280) of pictures (n, S, S, 3), scaled to 128 px; smaller pictures would tell less."""
    batches = [np.empty((0, 1280), np.float32)]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bf16()):
        for low in range(0, len(pictures), _BATCH):
            x = torch.from_numpy(pictures[low : low + _BATCH]).permute(0, 3, 1, 2).float().div(127.5).sub(1)
            if x.shape[2:] != (SIDE, SIDE):
                x = interpolate(x, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(-1, 1)
            batches.append(net(x.contiguous(memory_format=torch.channels_last))[1].numpy())
    return np.concatenate(batches)


def feature_distance(generated: F32, real: F32) -> NDArray[np.float64]:
    """Cosine distance (n,), in 0..2, of pooled features (n, 1280) and (n, 1280)."""
    generated, real = (
        rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12) for rows in (generated, real)
    )
    return 1 - np.einsum("nd,nd->n", generated, real, dtype=np.float64)
