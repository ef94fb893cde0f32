"""Recognition: an attribute's value from a picture's vector, with a calibrated chance.

Multinomial logistic regression on whitened vectors, fitted from the catalogue's items that have the attribute. Strength
of the penalty, calibration (one temperature: Guo et al. 2017) and the chance from which a value may be filled in are
chosen on held-out product groups: pictures of one product are never on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch.nn.functional import cross_entropy

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.top_k import F32

Strings = NDArray[np.str_]
Bools = NDArray[np.bool_]
I64 = NDArray[np.int64]
TEMPERATURES = np.geomspace(0.4, 4.0, 25)
RIDGES = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)  # tried, strongest first


@dataclass(frozen=True)
class RecogniserConfig:
    """Settings of one fit."""

    precision: float = field(
        default=0.95, metadata={"doc": "least precision of the values filled in", "above": 0, "most": 1}
    )
    min_confirmed: int = field(
        default=30, metadata={"doc": "with fewer held-out rows above the threshold, none is set", "least": 1}
    )
    min_rows: int = field(default=2, metadata={"doc": "a value that fewer rows have is not learned", "least": 1})
    held_out: float = field(default=0.2, metadata={"doc": "share of the groups to choose on", "above": 0, "below": 1})
    iterations: int = field(default=60, metadata={"doc": "iterations of L-BFGS for each penalty", "least": 1})
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)


class Softmax(NamedTuple):
    """weights (D, V) and constants (V,) in log-odds."""

    weights: F32
    constants: F32


class Recogniser:
    """The values of one attribute, and how surely a vector shows each.

    `values` (V,); `threshold`: the chance from which held-out precision reaches `config.precision`, None where too
    few rows confirm it; `accuracy` and `rows` on the held-out groups.
    """

    def __init__(
        self,
        config: RecogniserConfig,
        values: Strings,
        softmax: Softmax,
        temperature: float,
        threshold: float | None,
        accuracy: float,
        rows: int,
        ridge: float,
    ) -> None:
        self.config, self.values, self.softmax, self.temperature = config, values, softmax, temperature
        self.threshold, self.accuracy, self.rows, self.ridge = threshold, accuracy, rows, ridge

    @classmethod
    def fit(
        cls,
        config: RecogniserConfig,
        vectors: NDArray[np.floating],
        labels: Strings,
        groups: NDArray[np.generic],
        held_out: Bools | None = None,
    ) -> Recogniser:
        """From vectors (n, D), labels (n,) with "" where unknown, and groups (n,), one for each product.

        `held_out` (n,) names the rows to choose on; by default a share of the groups. The last fit uses all rows.
        Raises ValueError if fewer than two values have enough rows.
        """
        is_held_out = held_out_groups(groups, config.held_out, config.seed) if held_out is None else held_out
        labels = np.asarray(labels, np.str_)
        values, codes = frequent_values(labels, config.min_rows)
        if len(values) < 2:
            raise ValueError(f"{len(values)} values have {config.min_rows} rows or more; a recogniser needs two values")
        x = as_float32(vectors)
        is_training, is_judged = (codes >= 0) & ~is_held_out, (labels != "") & is_held_out
        if not is_training.any() or not is_judged.any():
            raise ValueError("no labelled row is held out, or all are: give more product groups")
        softmax, ridge, logits = _choose(x, codes, is_training, is_judged, len(values), config)
        temperature = _temperature(logits, codes[is_judged])
        chances = _chances(logits / temperature)
        hits = chances.argmax(axis=1) == codes[is_judged]
        threshold = threshold_for(chances.max(axis=1), hits, config)
        final = _fit_softmax(x[codes >= 0], codes[codes >= 0], len(values), ridge, config.iterations, softmax)
        return cls(config, values, final, temperature, threshold, float(hits.mean()), int(is_judged.sum()), ridge)

    def chances(self, vectors: NDArray[np.floating]) -> F32:
        """Calibrated chances (n, V) of every value; rows sum to 1."""
        return _chances(_logits(as_float32(vectors), self.softmax) / self.temperature)

    def recognise(self, vectors: NDArray[np.floating]) -> tuple[Strings, F32]:
        """The likeliest value (n,) of each vector and its chance (n,)."""
        chances = self.chances(vectors)
        best = chances.argmax(axis=1)
        return self.values[best], chances[np.arange(len(best)), best]

    def save(self, folder: str | Path) -> None:
        """Writes recogniser.safetensors and manifest.json into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.softmax._asdict(), str(folder / "recogniser.safetensors"))
        facts = {name: getattr(self, name) for name in ("temperature", "threshold", "accuracy", "rows", "ridge")}
        write_manifest(folder, "recogniser", self.config, values=self.values.tolist(), **facts)

    @classmethod
    def load(cls, folder: str | Path, config: RecogniserConfig | None = None) -> Recogniser:
        """What `save` wrote. With `config`, one fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, RecogniserConfig, config)
        softmax = Softmax(**load_file(str(folder / "recogniser.safetensors")))
        facts = [manifest[name] for name in ("temperature", "threshold", "accuracy", "rows", "ridge")]
        return cls(saved, np.array(manifest["values"], np.str_), softmax, *facts)


class Suspects(NamedTuple):
    """Rows (m,) whose picture shows another value than the catalogue says, surest first.

    shown (m,) and its chance (m,); said_chance (m,): the chance of what the catalogue says.
    """

    rows: I64
    shown: Strings
    chance: F32
    said_chance: F32


def suspects(
    recogniser: Recogniser,
    vectors: NDArray[np.floating],
    labels: Strings,
    groups: NDArray[np.generic],
    folds: int = 3,
) -> Suspects:
    """Likely mistakes of the catalogue that `Recogniser.fit` got: "says black, looks white".

    Each row is judged by a fit that has seen neither the row nor its group, since a model believes the mistakes that
    it learned from. Empty where the recogniser has no threshold.
    """
    fold_suspects: list[tuple[I64, Strings, F32, F32]] = []
    values, config = recogniser.values, recogniser.config
    code_of = {value: code for code, value in enumerate(values.tolist())}
    codes = np.array([code_of.get(label, -1) for label in labels.tolist()], np.int64)
    fold, x = folds_of(groups, folds, config.seed), as_float32(vectors)
    for number in range(folds if recogniser.threshold is not None else 0):
        is_training, judged = (codes >= 0) & (fold != number), np.flatnonzero((codes >= 0) & (fold == number))
        if not is_training.any() or not len(judged):
            continue
        start = recogniser.softmax
        softmax = _fit_softmax(
            x[is_training], codes[is_training], len(values), recogniser.ridge, config.iterations, start
        )
        chances = _chances(_logits(x[judged], softmax) / recogniser.temperature)
        best, surest = chances.argmax(axis=1), chances.max(axis=1)
        is_suspect = (best != codes[judged]) & (surest >= recogniser.threshold)
        label_chances = chances[np.arange(len(judged)), codes[judged]]
        fold_suspects.append(
            (judged[is_suspect], values[best[is_suspect]], surest[is_suspect], label_chances[is_suspect])
        )
    if not fold_suspects:
        return Suspects(np.empty(0, np.int64), np.empty(0, "U1"), np.empty(0, np.float32), np.empty(0, np.float32))
    rows, shown, chance, label_chances = (np.concatenate(pieces) for pieces in zip(*fold_suspects, strict=True))
    order = np.lexsort((rows, -chance))
    return Suspects(rows[order], shown[order], chance[order], label_chances[order])


def threshold_for(chance: F32, hits: Bools, config: RecogniserConfig) -> float | None:
    """The least chance from which precision reaches `config.precision` on `min_confirmed` rows or more; else None."""
    order = np.argsort(-chance, kind="stable")
    rows = np.arange(1, len(order) + 1)
    precision = np.cumsum(hits[order]) / rows
    last = np.append(chance[order][1:] != chance[order][:-1], True)  # rows with the same chance are taken together
    enough = np.flatnonzero((precision >= config.precision) & (rows >= config.min_confirmed) & last)
    return float(chance[order][enough[-1]]) if len(enough) else None


def frequent_values(labels: Strings, min_rows: int) -> tuple[Strings, I64]:
    """(values (V,) sorted, codes (n,)): -1 where a label is "" or fewer than `min_rows` rows have it."""
    all_values, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    is_frequent = (all_values != "") & (counts >= min_rows)
    code = np.where(is_frequent, np.cumsum(is_frequent) - 1, -1)
    return all_values[is_frequent], code[inverse].astype(np.int64)


def folds_of(groups: NDArray[np.generic], folds: int, seed: int) -> I64:
    """The fold (n,) of each row; a group is in one fold."""
    names, inverse = np.unique(groups, return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(names))[inverse] % folds, np.int64)


def held_out_groups(groups: NDArray[np.generic], share: float, seed: int) -> Bools:
    """(n,) whether a row's group is among the `share` of the groups to choose on."""
    names, inverse = np.unique(groups, return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(place[inverse] < max(1, round(share * len(names))))


def as_float32(vectors: NDArray[np.floating]) -> F32:
    """The vectors contiguous in memory, as the fits need them."""
    return np.ascontiguousarray(vectors, np.float32)


def _choose(
    x: F32, codes: I64, is_training: Bools, is_judged: Bools, values: int, config: RecogniserConfig
) -> tuple[Softmax, float, F32]:
    """(softmax, ridge, logits of the rows judged) with the best held-out accuracy, from the strongest penalty on."""
    best: tuple[float, Softmax, float, F32] | None = None
    softmax: Softmax | None = None
    for ridge in RIDGES:
        softmax = _fit_softmax(x[is_training], codes[is_training], values, ridge, config.iterations, softmax)
        logits = _logits(x[is_judged], softmax)
        accuracy = float((logits.argmax(axis=1) == codes[is_judged]).mean())
        if best is None or accuracy > best[0]:
            best = accuracy, softmax, ridge, logits
    assert best is not None
    return best[1:]


def _fit_softmax(x: F32, codes: I64, values: int, ridge: float, iterations: int, start: Softmax | None) -> Softmax:
    """Weights that minimise cross-entropy + ridge / 2 * |weights|^2."""
    rows, truth = torch.from_numpy(x), torch.from_numpy(codes)
    begin = start or Softmax(np.zeros((x.shape[1], values), np.float32), np.zeros(values, np.float32))
    weights, constants = (torch.from_numpy(part.copy()).requires_grad_() for part in begin)
    fit = torch.optim.LBFGS([weights, constants], max_iter=iterations, history_size=8, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        fit.zero_grad()
        loss = cross_entropy(rows @ weights + constants, truth) + ridge / 2 * weights.square().sum()
        loss.backward()
        return loss

    fit.step(closure)  # type: ignore[arg-type]
    return Softmax(weights.detach().numpy(), constants.detach().numpy())


def _logits(x: F32, softmax: Softmax) -> F32:
    return np.asarray(x @ softmax.weights + softmax.constants, np.float32)


def _chances(logits: F32) -> F32:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def _temperature(logits: F32, codes: I64) -> float:
    """The divisor of logits that gives held-out rows with a known value the least cross-entropy."""
    known = codes >= 0
    rows, truth = torch.from_numpy(logits[known]), torch.from_numpy(codes[known])
    losses = [float(cross_entropy(rows / float(temperature), truth)) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])
