"""Networks of the picture editor: a U-Net that fills what a mask hides, and a discriminator of patches.

generator      (picture, mask) -> picture     residual blocks down to 8 x 8, there gated dilated ones (Yu et al. 2019),
                                              and up again with skips; 3.7 M parameters
discriminator  (picture, mask) -> (B, 1, h, w) one verdict per patch; spectral norm (Miyato et al. 2018)
Pictures are in -1..1. There is no normalisation over a batch or a picture: a filled hole must not depend on what
lies far from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, relu
from torch.nn.utils.parametrizations import spectral_norm

from models.core.config import check_bounds

BOTTOM = 8  # the generator's narrowest map, pixels a side
SIZES = (32, 64, 128, 256)
DILATIONS = (1, 2, 4, 1)


@dataclass(frozen=True)
class EditorConfig:
    """Settings of one fit. Without `adversarial` and `features` it learns by L1 alone."""

    size: int = field(default=64, metadata={"doc": "pixels a side at which it works: 32, 64, 128 or 256"})
    width: int = field(default=32, metadata={"doc": "channels of the finest map", "least": 8})
    widest: int = field(default=160, metadata={"doc": "most channels of a map", "least": 8})
    steps: int = field(default=3000, metadata={"doc": "training steps", "least": 1})
    alone: float = field(
        default=0.75,
        metadata={"doc": "share of the steps by L1 alone, before the other losses", "least": 0, "most": 1},
    )
    batch: int = field(default=16, metadata={"least": 1})
    rate: float = field(default=1e-3, metadata={"doc": "the generator's highest learning rate", "above": 0})
    judge_rate: float = field(default=4e-4, metadata={"doc": "the discriminator's learning rate", "above": 0})
    adversarial: float = field(default=0.01, metadata={"doc": "weight of the adversarial loss", "least": 0})
    features: float = field(default=2.0, metadata={"doc": "weight of the feature loss", "least": 0})
    centre: float = field(default=0.45, metadata={"doc": "weight of middle squares among the masks", "least": 0})
    scratches: float = field(default=0.3, metadata={"doc": "weight of scratches", "least": 0})
    strokes: float = field(default=0.15, metadata={"doc": "weight of brush strokes", "least": 0})
    watermark: float = field(default=0.1, metadata={"doc": "weight of letters", "least": 0})
    bf16: bool = field(default=True, metadata={"doc": "multiply in bfloat16 where the CPU or GPU has it"})
    every: int = field(default=250, metadata={"doc": "steps between checkpoints", "least": 1})
    seed: int = 7
    threads: int = field(default=1, metadata={"least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.size not in SIZES:
            raise ValueError(f"size must be one of {', '.join(map(str, SIZES))}, not {self.size}")
        if not sum(self.shares.values()):
            raise ValueError("centre, scratches, strokes and watermark are all 0; one kind of mask must occur")

    @property
    def shares(self) -> dict[str, float]:
        """Kind of mask -> its weight in training."""
        return {kind: getattr(self, kind) for kind in ("centre", "scratches", "strokes", "watermark")}

    @property
    def by_l1(self) -> int:
        """The steps at the start that learn by L1 alone."""
        return round(self.alone * self.steps) if self.adversarial or self.features else self.steps


class Block(nn.Module):
    """x + two convolutions of 3 x 3 of x; the second starts at zero, so that a deep net starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(relu(self.first(relu(x))))


class GatedBlock(nn.Module):
    """x + gate * a dilated convolution: the gate learns where there is something to carry into the hole."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.both = nn.Conv2d(channels, 2 * channels, 3, padding=dilation, dilation=dilation)
        self.out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.both(relu(x)).chunk(2, dim=1)
        return x + self.out(relu(value) * torch.sigmoid(gate))


class Generator(nn.Module):
    """picture (B, 3, S, S) in -1..1, mask (B, 1, S, S), 1 where it is missing -> (B, 3, S, S), the whole picture."""

    def __init__(self, config: EditorConfig) -> None:
        super().__init__()
        self.fold = max(1, config.size // 64)  # a larger picture enters folded: its finest map is 64 x 64
        side, widths = config.size // self.fold, [config.width]
        while side > BOTTOM:
            widths.append(min(2 * widths[-1], config.widest))
            side //= 2
        self.enter = nn.Conv2d(5 * self.fold**2, widths[0], 3, padding=1)
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 4, 2, 1) for fine, coarse in pairs)
        self.before = nn.ModuleList(Block(width) for width in widths[1:])
        self.middle = nn.Sequential(*(GatedBlock(widths[-1], dilation) for dilation in DILATIONS))
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in reversed(pairs))
        self.after = nn.ModuleList(Block(width) for width in reversed(widths[:-1]))
        self.leave = nn.Conv2d(widths[0], 3 * self.fold**2, 3, padding=1)

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        inputs = torch.cat([picture * (1 - mask), mask, torch.ones_like(mask)], dim=1)  # ones mark the picture's extent
        x = self.enter(pixel_unshuffle(inputs, self.fold))
        skips = []
        for down, block in zip(self.down, self.before, strict=True):
            skips.append(x)
            x = block(down(relu(x)))
        x = self.middle(x)
        for up, block, skip in zip(self.up, self.after, reversed(skips), strict=True):
            x = block(interpolate(up(relu(x)), scale_factor=2.0, mode="nearest") + skip)
        return pixel_shuffle(self.leave(relu(x)), self.fold)


def grown(small: Generator, config: EditorConfig) -> Generator:
    """A generator of twice the size that starts as `small` on the halved picture, enlarged (Karras et al. 2018).

    Only the first and the last layer differ: at twice the size each handles four pixels instead of one.
    Raises ValueError where the sizes or widths do not fit.
    """
    large = Generator(config)
    weights, expected = dict(small.state_dict()), large.state_dict()
    parts = (large.fold // small.fold) ** 2
    weights["enter.weight"] = weights["enter.weight"].repeat_interleave(parts, dim=1) / parts
    for name in ("leave.weight", "leave.bias"):
        weights[name] = weights[name].repeat_interleave(parts, dim=0)
    misfits = [name for name in expected if name not in weights or weights[name].shape != expected[name].shape]
    if small.fold != 1 or parts == 1 or misfits:
        raise ValueError(
            f"an editor of {config.size} px, {config.width} to {config.widest} channels, cannot start from this one; "
            "start from one of 64 px with the same channels"
        )
    large.load_state_dict(weights)
    return large


class Discriminator(nn.Module):
    """picture (B, 3, S, S), mask (B, 1, S, S) -> verdicts (B, 1, S / 8, S / 8): above 0 where a patch looks real."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        sizes = [4, width, 2 * width, 4 * width]
        steps = [spectral_norm(nn.Conv2d(a, b, 4, 2, 1)) for a, b in pairwise(sizes)]
        self.steps = nn.ModuleList(steps)
        self.verdict = spectral_norm(nn.Conv2d(sizes[-1], 1, 3, padding=1))

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        x = torch.cat([picture, mask], dim=1)
        for step in self.steps:
            x = nn.functional.leaky_relu(step(x), 0.2)
        return self.verdict(x)
