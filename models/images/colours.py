"""Colours of pictures: CIELAB histograms of the thing shown without its background, and where colours lie.

A packshot is mostly background, and a CNN hardly sees colour: a red and a blue dress are alike to it. The background
is what looks like the picture's border. Each pixel is shared between neighbouring bins, so that a shade near a border
of two bins does not jump.
"""

from __future__ import annotations

import itertools

import torch
from torch.nn.functional import adaptive_avg_pool2d

BINS = (6, 7, 7)  # of lightness, of green to red, of blue to yellow
PIXELS = 36  # longer side of the reduced picture whose colours are counted
FAR = 70.0  # distance of a* and b* from grey at the last bin
GRID = (4, 3)  # cells, down and across, whose mean colour is kept
WIDTH = 2 * BINS[0] * BINS[1] * BINS[2] + 3 * GRID[0] * GRID[1] + 7

# sRGB to CIE XYZ (IEC 61966-2-1), each row divided by the white point D65.
_XYZ = torch.tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) / torch.tensor(
    [[0.95047], [1.0], [1.08883]]
)


def colours(pictures: torch.Tensor) -> torch.Tensor:
    """(n, 3, H, W) RGB in 0..255 -> (n, WIDTH) float32.

    Roots of two histograms that sum to 1 (of the foreground; of the foreground near the centre), then mean L*, a*, b*
    of the grid's cells, mean and deviation of the foreground and its share of the picture, all divided by 100.
    """
    lab = to_lab(_small(pictures.float()))
    front = foreground(lab)
    central = front * _centre(lab)
    weights = torch.stack([front + 1e-3, central + 1e-4 * _centre(lab)], dim=1).flatten(2)  # (n, 2, P)
    shares = histograms(lab.flatten(2), weights).sqrt().flatten(1)
    weight = weights[:, 1:] / weights[:, 1:].sum(2, keepdim=True)
    mean = (lab.flatten(2) * weight).sum(2)
    deviation = ((lab.flatten(2) - mean[:, :, None]).square() * weight).sum(2).sqrt()
    cells = adaptive_avg_pool2d(lab, GRID).flatten(1)
    summary = torch.cat([cells, mean, deviation, 100 * front.mean((1, 2))[:, None]], dim=1) / 100
    return torch.cat([shares, summary], dim=1)


def to_lab(rgb: torch.Tensor) -> torch.Tensor:
    """(n, 3, H, W) sRGB in 0..255 -> CIELAB: L* in 0..100, a* and b* about -100..100."""
    value = rgb / 255
    linear = torch.where(value > 0.04045, ((value + 0.055) / 1.055).pow(2.4), value / 12.92)
    xyz = torch.einsum("rc,nchw->nrhw", _XYZ.to(rgb.device), linear)
    x, y, z = torch.where(xyz > 0.008856, xyz.clamp_min(1e-9).pow(1 / 3), 7.787 * xyz + 16 / 116).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def foreground(lab: torch.Tensor) -> torch.Tensor:
    """(n, 3, H, W) CIELAB -> (n, H, W) in 0..1: how surely a pixel differs from the border's colour."""
    rows, columns = lab[..., :2, :].flatten(2), lab[..., :2].flatten(2)
    ring = torch.cat([rows, lab[..., -2:, :].flatten(2), columns, lab[..., -2:].flatten(2)], dim=2)
    border = ring.median(dim=2).values[..., None]
    spread = (ring - border).norm(dim=1).median(dim=1).values
    distance = (lab - border[..., None]).norm(dim=1)
    return torch.sigmoid((distance - (3 * spread).clamp_min(6.0)[:, None, None]) / 2)


def histograms(lab: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(n, 3, P) CIELAB, weights (n, S, P) -> (n, S, bins) shares that sum to 1; each pixel is shared between 8 bins."""
    n, sets, _ = weights.shape
    axes = torch.stack([lab[:, 0] / 100, _bent(lab[:, 1]), _bent(lab[:, 2])], dim=1)
    last = torch.tensor(BINS, device=lab.device)[:, None] - 1
    position = axes.clamp(0, 1) * last
    low = torch.minimum(position.floor(), last - 1)
    fraction = position - low
    counts = torch.zeros(n, sets, BINS[0] * BINS[1] * BINS[2], device=lab.device)
    for corner in itertools.product((0, 1), repeat=3):
        step = torch.tensor(corner, device=lab.device)[:, None]
        share = torch.where(step == 1, fraction, 1 - fraction).prod(dim=1, keepdim=True)
        bin_of_axis = (low + step).long()
        bins = (bin_of_axis[:, 0] * BINS[1] + bin_of_axis[:, 1]) * BINS[2] + bin_of_axis[:, 2]
        counts.scatter_add_(2, bins[:, None].expand(n, sets, -1), weights * share)
    return counts / counts.sum(2, keepdim=True)


def _bent(chroma: torch.Tensor) -> torch.Tensor:
    """-FAR..FAR to 0..1, with more room around grey, where most clothes are."""
    return 0.5 + 0.5 * chroma.sign() * (chroma.abs() / FAR).clamp_max(1).pow(0.6)


def _small(pictures: torch.Tensor) -> torch.Tensor:
    height, width = pictures.shape[2:]
    scale = PIXELS / max(height, width)
    return adaptive_avg_pool2d(pictures, (max(8, round(height * scale)), max(8, round(width * scale))))


def _centre(lab: torch.Tensor) -> torch.Tensor:
    """(H, W): weight of each pixel, a bell curve around the middle."""
    down, across = (torch.linspace(-0.5, 0.5, size, device=lab.device) / 0.3 for size in lab.shape[2:])
    return torch.exp(-(down[:, None].square() + across[None].square()) / 2)
