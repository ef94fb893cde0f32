"""Completion of pictures: Telea's and the Navier-Stokes inpainting, our generator with L1 loss only, and as a GAN.

python -m tests.bench.pictures.complete DATA [--sizes 64 128 --most 1000 --checkpoints DIR]

`tests.bench.pictures.squares` reads the folder. The whole picture is stretched to a square (Lanczos). Masks: the middle
square of half each side, and 6 to 10 scratches that hide about a ninth (`models/image_editing/masks.py`; a picture's
place in the sample is the seed of its mask). PSNR in dB and SSIM (scikit-image, over the colours) are of whole
pictures, averaged over pictures. The feature distance is the cosine distance of EfficientNet-Lite2's pooled features at
128 px. The GAN's feature loss uses the same network, so `sharpness` is measured too, which no loss uses: the gradient
in the hole as a share of the real picture's gradient; a blur is near 0.
The generators are trained on `train`, with the settings in SETTINGS, which were chosen on `val` of H&M's pictures.
`val` is measured too; `test` is measured once, last. Generators of 128 px start from the generator of 64 px that was
trained with L1 loss only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from jobs.runtime.progress import progress
from models.core.list_metrics import bootstrap_interval
from models.image_editing.editor import PictureEditor
from models.image_editing.features import F32, Features, feature_distance, pooled_features
from models.image_editing.masks import CENTRE, SCRATCHES, Mask, draw_mask
from models.image_editing.network import EditorConfig, Generator
from models.image_editing.quality import psnr
from models.image_editing.training import Trainer
from tests.bench.pictures.squares import read_squares
from tests.bench.quality import SEED

U8 = NDArray[np.uint8]
Fill = Callable[[U8, Mask], U8]
Figures = dict[str, NDArray[np.float64]]
SETTINGS = {64: EditorConfig(size=64), 128: EditorConfig(size=128, steps=1200, alone=0.5, rate=5e-4)}
RADIUS = 3  # OpenCV's methods look at this many pixels around a pixel of a hole
# Measured elsewhere on the same pictures; this folder has half of them (issue 15).
ANCHORS = {
    (64, CENTRE): "telea 22.10 / .813, ns 22.14 / .811, U-Net with L1 26.76 / .869; goal 27.5 / .88",
    (64, SCRATCHES): "ns 34.08 / .974; goal 36 / .98",
    (128, CENTRE): "ns 21.97, feature distance .388 (Lite0); goal 4 dB above ns, feature distance below .20",
    (128, SCRATCHES): "ns 35.83; goal 1 dB above ns",
}


def by_opencv(method: int) -> Fill:
    def fill(pictures: U8, masks: Mask) -> U8:
        pairs = zip(pictures, masks.astype(np.uint8), strict=True)
        return np.stack([cv2.inpaint(picture, mask, RADIUS, method) for picture, mask in pairs])

    return fill


def train(
    config: EditorConfig, pictures: U8, start: Generator | None, checkpoints: Path | None
) -> tuple[dict[str, Trainer], dict[str, float]]:
    """The generator with L1 loss only and as a GAN, which share the first steps, and the CPU minutes of each.

    start: a smaller generator that both start from.
    """
    trunk = Trainer(config, pictures, start=start)
    _train(trunk, "shared", checkpoints, config.by_l1)
    trainers = {"l1": trunk.by_l1_alone(), "gan": trunk}
    for name, trainer in trainers.items():
        _train(trainer, name, checkpoints)
    return trainers, {name: trainer.seconds / 60 for name, trainer in trainers.items()}


def _train(trainer: Trainer, name: str, checkpoints: Path | None, until: int | None = None) -> None:
    """Trains, and reports the progress."""
    if checkpoints is not None:
        trainer.resume(checkpoints / f"{trainer.config.size}-{name}")
    with progress(f"{trainer.config.size} px, {name}", until or trainer.config.steps, "steps") as doing:
        for step, losses in trainer.steps(until):
            losses_text = ", ".join(f"{loss} {value:.4f}" for loss, value in losses.items())
            doing.at(step, f"{losses_text}; {trainer.seconds / 60:.1f} CPU min")


def measure(fill: Fill, pictures: U8, masks: Mask, features: Features, real_features: F32) -> Figures:
    """Figure -> one value per picture; real_features: the CNN's features of the real pictures.

    Raises ValueError if a byte outside a mask changed.
    """
    filled = fill(pictures, masks)
    if (filled != pictures)[~masks].any():
        raise ValueError("a byte outside the mask changed")
    alike = [structural_similarity(a, b, channel_axis=2) for a, b in zip(filled, pictures, strict=True)]
    return {
        "psnr": psnr(filled, pictures),
        "ssim": np.array(alike),
        "feature_distance": feature_distance(pooled_features(features, filled), real_features),
        "sharpness": sharpness(filled, pictures, masks),
    }


def sharpness(filled: U8, real: U8, masks: Mask) -> NDArray[np.float64]:
    """Mean gradient in each hole (n,), divided by the mean gradient of the real pictures in all holes."""
    filled_gradient, real_gradient = (_gradient(pictures, masks) for pictures in (filled, real))
    return filled_gradient / max(real_gradient.mean(), 1e-9)


def _gradient(pictures: U8, masks: Mask) -> NDArray[np.float64]:
    grey = pictures.mean(axis=3)
    steep = np.abs(np.diff(grey, axis=1, prepend=grey[:, :1])) + np.abs(np.diff(grey, axis=2, prepend=grey[:, :, :1]))
    return (steep * masks).sum(axis=(1, 2)) / masks.sum(axis=(1, 2))


def rows_of(fills: Mapping[str, Fill], pictures: U8, features: Features) -> dict[str, dict[str, Figures]]:
    """Kind of mask -> method -> figures."""
    count, side = pictures.shape[:2]
    rows: dict[str, dict[str, Figures]] = {}
    real_features = pooled_features(features, pictures)
    for kind in (CENTRE, SCRATCHES):
        masks = np.stack([draw_mask(kind, side, side, np.random.default_rng((SEED, index))) for index in range(count)])
        with progress(f"{side} px, {kind}: {count} pictures by {', '.join(fills)}"):
            rows[kind] = {name: measure(fill, pictures, masks, features, real_features) for name, fill in fills.items()}
    return rows


def show(split: str, size: int, rows: dict[str, dict[str, Figures]]) -> None:
    for kind, methods in rows.items():
        names = list(next(iter(methods.values())))
        count = len(next(iter(methods.values()))[names[0]])
        print(f"\n{split}, {size} px, {kind}; {count:,} pictures, mean [95 % interval over pictures]")
        print(f"{'':8}" + "".join(f"{name:>26}" for name in names))
        for method, figures in methods.items():
            cells = (bootstrap_interval(figures[name], SEED) for name in names)
            print(f"{method:8}" + "".join(f"{f'{m:.3f} [{low:.3f}, {high:.3f}]':>26}" for m, low, high in cells))
        if split == "test" and (size, kind) in ANCHORS:
            print(f"(measured elsewhere on H&M: {ANCHORS[size, kind]})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--sizes", type=int, nargs="+", choices=sorted(SETTINGS), default=sorted(SETTINGS), help="in this order"
    )
    parser.add_argument("--most", type=int, default=1000, help="pictures of val and of test, drawn by lot; 0: all")
    parser.add_argument("--checkpoints", type=Path, help="folder to write to, and to continue from")
    args = parser.parse_args()
    torch.set_num_threads(1)
    features, figures_by_size, start = Features(), {}, None
    for size in args.sizes:
        with progress(f"reading pictures at {size} px"):
            pictures = {split: read_squares(args.data, split, size, args.most) for split in ("val", "test")}
            pictures["train"] = read_squares(args.data, "train", size)
        fills: dict[str, Fill] = {"telea": by_opencv(cv2.INPAINT_TELEA), "ns": by_opencv(cv2.INPAINT_NS)}
        trainers, minutes = train(SETTINGS[size], pictures["train"], start, args.checkpoints)
        start = trainers["l1"].generator
        trained = {name: PictureEditor(trainer.config, trainer.generator).fill for name, trainer in trainers.items()}
        for split in ("val", "test"):
            rows = rows_of(fills | trained, pictures[split], features)
            show(split, size, rows)
        print(f"CPU minutes of training at {size} px, on {len(pictures['train']):,} pictures: "
              + ", ".join(f"{name} {value:.1f}" for name, value in minutes.items()))  # fmt: skip
        figures_by_size[str(size)] = {
            kind: {method: {name: round(float(values.mean()), 4) for name, values in figures.items()}
                   for method, figures in methods.items()}
            for kind, methods in rows.items()
        } | {"cpu_minutes": {name: round(value, 1) for name, value in minutes.items()}}  # fmt: skip
    print(json.dumps(figures_by_size))


if __name__ == "__main__":
    main()
