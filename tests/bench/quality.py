"""What every quality bench prints: a table of our models and the published ones, then the same as one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.list_metrics import bootstrap_interval

SEED = 7  # seed of the bootstrap


@dataclass
class Measured:
    """One model: metric -> one value per user (U,), and the seconds it took to fit and to rank."""

    values: dict[str, NDArray[np.float64]]
    seconds: float
    more: dict[str, Any] = field(default_factory=dict)  # is written into the JSON unchanged

    def means(self) -> dict[str, float]:
        return {metric: round(float(values.mean()), 5) for metric, values in self.values.items()}


def report(
    title: str,
    measured: Mapping[str, Measured],
    best: str,
    anchors: Mapping[str, Mapping[str, float]],
    more: Mapping[str, Any] | None = None,
) -> None:
    """Print the table of `show`, then the line of JSON: the models, the best and `more`."""
    show(title, measured, best, anchors)
    print_json(measured, best, more)


def show(
    title: str, measured: Mapping[str, Measured], best: str, anchors: Mapping[str, Mapping[str, float]] | None = None
) -> None:
    """Print the table, in the order given, then the anchors: published model -> metric -> value.

    `best` is the model that a validation slice chose. All models have the same metrics.
    """
    anchors = anchors or {}
    metrics = list(next(iter(measured.values())).values)
    users = len(next(iter(measured.values())).values[metrics[0]])
    print(f"\n{title}; {users:,} users, mean [95 % interval over users]")
    print(f"{'':28}" + "".join(f"{metric:>26}" for metric in metrics) + f"{'seconds':>10}")
    for name, model in measured.items():
        figures = [bootstrap_interval(model.values[metric], SEED) for metric in metrics]
        cells = "".join(f"{f'{mean:.4f} [{low:.4f}, {high:.4f}]':>26}" for mean, low, high in figures)
        print(f"{name + (' *' if name == best else ''):28}{cells}{model.seconds:>10.1f}")
    for name, values in anchors.items():
        texts = (f"{values[metric]:.4f}" if metric in values else "-" for metric in metrics)
        print(f"{'(' + name + ')':28}" + "".join(f"{value:>26}" for value in texts))
    protocol = "; (...) published or measured elsewhere, under the same protocol" if anchors else ""
    print(f"* chosen by the validation slice{protocol}")


def print_json(measured: Mapping[str, Measured], best: str, more: Mapping[str, Any] | None = None) -> None:
    seconds = {name: {"seconds": round(model.seconds, 1)} for name, model in measured.items()}
    models = {name: model.means() | seconds[name] | model.more for name, model in measured.items()}
    print(json.dumps(models | {"best": best} | dict(more or {})))
