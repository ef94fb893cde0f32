"""Fine-tuning: the CNN's later blocks learn the shop's own attributes of its items, all at once.

Each attribute has a linear head over things, stages and colours; which pictures show one product is learned as a
classification as well (a cosine softmax over products: Wang et al. 2018, without margin). The early blocks stay as
ImageNet trained them: they are half of the work, and edges look the same in every shop. Pictures are flipped and
cropped at random; colours are left alone, since they are an attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy, normalize

from models.core.config import check_bounds
from models.core.on_step import OnStep
from models.core.torch_threads import torch_threads
from models.images import colours
from models.images.network import LAST, STAGE_WIDTH, Sight, has_fast_bf16
from models.images.vectors import U8, PictureEncoder, canvas_of

I64 = NDArray[np.int64]
Stored = dict[str, torch.Tensor]


@dataclass(frozen=True)
class TuningConfig:
    """Settings of one fit; chosen on the `val` of `make bench-images`."""

    epochs: int = field(default=3, metadata={"least": 1})
    batch: int = field(default=32, metadata={"least": 2})
    first: int = field(
        default=16, metadata={"doc": "the blocks before this one stay as they are", "least": 0, "most": 20}
    )
    rate: float = field(default=5e-4, metadata={"doc": "learning rate of the network", "above": 0})
    head_rate: float = field(default=2e-3, metadata={"doc": "learning rate of the heads", "above": 0})
    decay: float = field(default=0.02, metadata={"doc": "weight decay", "least": 0})
    smoothing: float = field(default=0.1, metadata={"doc": "label smoothing", "least": 0, "below": 1})
    dropout: float = field(default=0.2, metadata={"least": 0, "below": 1})
    crop: float = field(default=0.8, metadata={"doc": "least share of each side that is seen", "above": 0, "most": 1})
    product_weight: float = field(
        default=0.5, metadata={"doc": "weight of the loss of products, in attributes", "least": 0}
    )
    product_dims: int = field(default=256, metadata={"least": 1})
    sharpness: float = field(default=16.0, metadata={"doc": "factor of the cosines of products", "above": 0})
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)


class Heads(nn.Module):
    """A linear head for each attribute, and places of products on a sphere."""

    def __init__(self, config: TuningConfig, classes: Mapping[str, int], products: int) -> None:
        super().__init__()
        self.config = config
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in (LAST, STAGE_WIDTH, colours.WIDTH))
        width = LAST + STAGE_WIDTH + colours.WIDTH
        self.dropout = nn.Dropout(config.dropout)
        self.heads = nn.ModuleList(nn.Linear(width, count) for count in classes.values())
        self.place = nn.Linear(LAST + STAGE_WIDTH, config.product_dims)
        self.products = nn.Parameter(torch.randn(max(products, 1), config.product_dims))

    def loss(self, parts: Sequence[torch.Tensor], labels: torch.Tensor, product: torch.Tensor) -> torch.Tensor:
        """The mean loss of the attributes' labels (n, tasks) and of product (n,); -1 where unknown."""
        normed = [norm(part) for norm, part in zip(self.norms, parts, strict=True)]
        x = self.dropout(torch.cat(normed, dim=1))
        losses = [
            cross_entropy(head(x), labels[:, task], label_smoothing=self.config.smoothing, ignore_index=-1)
            for task, head in enumerate(self.heads)
            if bool((labels[:, task] >= 0).any())
        ]
        known = product >= 0
        if bool(known.any()) and self.config.product_weight:
            place = normalize(self.place(torch.cat(normed[:2], dim=1)[known]))
            cosines = place @ normalize(self.products).T
            losses.append(self.config.product_weight * cross_entropy(self.config.sharpness * cosines, product[known]))
        return torch.stack(losses).sum() / max(len(self.heads), 1)


def tune(
    encoder: PictureEncoder,
    pictures: Sequence[U8],
    labels: Mapping[str, I64],
    product: I64 | None = None,
    config: TuningConfig | None = None,
    after_epoch: Callable[[int, PictureEncoder], None] | None = None,
    on_step: OnStep | None = None,
) -> PictureEncoder:
    """A new encoder whose later blocks learned from `pictures` (n of them, uint8 RGB).

    labels: attribute -> codes (n,) from 0, -1 where unknown; product (n,): which product is shown, -1 where unknown.
    Raises ValueError where a column has another length, or there is nothing to learn.
    """
    config = config or TuningConfig()
    codes, product = _checked(len(pictures), labels, product)
    with torch_threads(encoder.config.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return _tuned(encoder, pictures, codes, product, config, after_epoch, on_step)


def _tuned(
    encoder: PictureEncoder,
    pictures: Sequence[U8],
    codes: I64,
    product: I64,
    config: TuningConfig,
    after_epoch: Callable[[int, PictureEncoder], None] | None,
    on_step: OnStep | None,
) -> PictureEncoder:
    rng = np.random.default_rng(config.seed)
    sight = Sight({name: value.float() for name, value in encoder.sight.state_dict().items()}).to(encoder.device)
    sight.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    classes = {str(task): int(codes[:, task].max()) + 1 for task in range(codes.shape[1])}
    heads = Heads(config, classes, int(product.max()) + 1).to(encoder.device)
    later = [*sight.blocks[config.first :].parameters(), *sight.head.parameters()]
    groups = [{"params": later, "lr": config.rate}, {"params": list(heads.parameters()), "lr": config.head_rate}]
    steps = sum(1 for _ in batches(pictures, config.batch, rng)) * config.epochs
    optimizer = torch.optim.AdamW(groups, weight_decay=config.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [config.rate, config.head_rate], total_steps=steps + 1, pct_start=0.15
    )
    for epoch in range(config.epochs):
        total = 0.0
        rows_seen = 0
        for rows in batches(pictures, config.batch, rng):
            inputs = torch.from_numpy(np.stack([varied(pictures[row], config.crop, rng) for row in rows]))
            parts = _parts(sight, inputs.to(encoder.device), config.first)
            loss = heads.loss(
                parts,
                torch.from_numpy(codes[rows]).to(encoder.device),
                torch.from_numpy(product[rows]).to(encoder.device),
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
            rows_seen += len(rows)
        if on_step is not None:
            on_step(epoch + 1, config.epochs, f"loss {total / rows_seen:.3f}")
        if after_epoch is not None:
            after_epoch(epoch, PictureEncoder(encoder.config, Sight(sight.state_dict())))
    return PictureEncoder(encoder.config, Sight(sight.state_dict()))


def _parts(sight: Sight, pictures: torch.Tensor, first: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Things, stages and colours of uint8 (n, H, W, 3), with a gradient from block `first` on."""
    inputs = pictures.permute(0, 3, 1, 2)
    device = pictures.device.type
    with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=has_fast_bf16(device)):
        colour = colours.colours(inputs)
        x, early = sight.early(inputs.float().contiguous(memory_format=torch.channels_last), first)
    things, stages = sight.later(
        x.float(), early, first
    )  # on a CPU the backward pass in bfloat16 takes three times as long
    return things, stages, colour


def batches(pictures: Sequence[U8], size: int, rng: np.random.Generator) -> list[I64]:
    """Row numbers of an epoch's batches, in random order; each batch has one canvas."""
    canvases = np.array([canvas_of(picture) for picture in pictures])
    rows_of_batches: list[I64] = []
    for canvas in np.unique(canvases, axis=0):
        rows = rng.permutation(np.flatnonzero((canvases == canvas).all(axis=1)))
        rows_of_batches += [rows[low : low + size] for low in range(0, len(rows), size)]
    return [rows_of_batches[number] for number in rng.permutation(len(rows_of_batches))]


def varied(picture: U8, least: float, rng: np.random.Generator) -> U8:
    """The picture, maybe mirrored, and a part of it, scaled to its canvas."""
    height, width = canvas_of(picture)
    share = rng.uniform(least, 1.0, size=2)
    tall, wide = np.maximum(1, np.rint(share * picture.shape[:2])).astype(int)
    top = int(rng.integers(picture.shape[0] - tall + 1))
    left = int(rng.integers(picture.shape[1] - wide + 1))
    part = Image.fromarray(picture[top : top + tall, left : left + wide])
    pixels = np.asarray(part.resize((width, height), Image.Resampling.BILINEAR))
    return np.ascontiguousarray(pixels[:, ::-1]) if rng.random() < 0.5 else pixels


def _checked(n: int, labels: Mapping[str, I64], product: I64 | None) -> tuple[I64, I64]:
    """(codes (n, tasks), product (n,)). Raises ValueError as `tune` does."""
    product = np.full(n, -1, np.int64) if product is None else np.asarray(product, np.int64)
    columns = {**{name: np.asarray(values, np.int64) for name, values in labels.items()}, "product": product}
    for name, values in columns.items():
        if len(values) != n:
            raise ValueError(f"{name} has {len(values)} labels for {n} pictures")
    if not n or all((values < 0).all() for values in columns.values()):
        raise ValueError("there is nothing to learn: no picture has a label")
    tasks = [columns[name] for name in labels if (columns[name] >= 0).any()]
    return np.stack(tasks, axis=1) if tasks else np.empty((n, 0), np.int64), product
