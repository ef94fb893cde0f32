"""The shop's recognisers: one for each attribute that its pictures can show, stored together as one model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jobs.images.config import ImagesConfig
from jobs.images.item_facts import ItemFacts
from jobs.images.vector_store import ItemPictures
from jobs.runtime.model_store import date_of, due, load_model, save_model
from jobs.runtime.night import Night
from jobs.runtime.progress import Progress

if TYPE_CHECKING:
    from models.images.recogniser import Recogniser

MODEL = "recognisers"
_NAMES = "attributes.json"
_MOST_VALUES = 1_000  # an attribute with more values is a name of items, not a description
Folder = tuple[str, ...]


class Recognisers:
    """attribute -> its recogniser. maker: the name of the vector maker whose vectors they read; they cannot read those
    of another."""

    def __init__(self, by_attribute: Mapping[str, Recogniser], maker: str) -> None:
        self.by_attribute, self.maker = dict(by_attribute), maker

    def save(self, folder: str | Path) -> None:
        for number, recogniser in enumerate(self.by_attribute.values()):
            recogniser.save(Path(folder) / f"{number:03d}")
        names = {"attributes": list(self.by_attribute), "maker": self.maker}
        (Path(folder) / _NAMES).write_text(json.dumps(names, ensure_ascii=False, indent=1), "utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> Recognisers:
        from models.images.recogniser import Recogniser

        names = json.loads((Path(folder) / _NAMES).read_text("utf-8"))
        by_attribute = {name: Recogniser.load(Path(folder) / f"{n:03d}") for n, name in enumerate(names["attributes"])}
        return cls(by_attribute, names["maker"])


def recognisers(
    night: Night, config: ImagesConfig, shown: ItemPictures, facts: ItemFacts, maker: str
) -> tuple[Recognisers, str]:
    """(recognisers, their folder): newly fitted ones if that is due tonight, else the last ones."""
    last = night.lake.model_before(MODEL, night.date)
    loaded = load_model(night.lake, last, Recognisers) if last else None
    age = (night.date - date_of(last)).days if last else None
    maker_changed = "the vectors have changed" if loaded and loaded.maker != maker else ""
    why = due(night, age, config.refit_days, maker_changed, "fitted")
    if why is None and not maker_changed and loaded is not None and last is not None:
        night.report(start="carried over", model="/".join(last))
        return loaded, "/".join(last)
    with Progress("fitting recognisers", len(facts.values), "attributes") as doing:
        fitted = Recognisers(dict(_fit(night, config, shown, facts, doing)), maker)
    save_model(night, MODEL, fitted.save)
    night.report(start=why or "there is none", fitted=_figures(fitted))
    return fitted, "/".join(("models", MODEL, f"date={night.date}", f"run={night.run}"))


def _fit(
    night: Night, config: ImagesConfig, shown: ItemPictures, facts: ItemFacts, doing: Progress
) -> Iterator[tuple[str, Recogniser]]:
    from models.images.recogniser import Recogniser

    recogniser_config = night.settings.section("recogniser")
    groups = product_groups(facts.product)[shown.item]
    for name in doing.over(facts.values):
        values = facts.values[name]
        if config.attributes and name not in config.attributes:
            continue
        if not 2 <= len(np.unique(values[values != ""])) <= _MOST_VALUES:
            continue
        if np.count_nonzero(values[shown.item] != "") * recogniser_config.held_out < recogniser_config.min_confirmed:
            continue  # too few held-out pictures to confirm a threshold, so nothing could be filled in
        try:
            yield name, Recogniser.fit(recogniser_config, shown.vectors, values[shown.item], groups)
        except ValueError as error:  # too few items have the attribute
            night.log.info("%s is not recognised: %s", name, error)


def product_groups(product: NDArray[np.int64]) -> NDArray[np.int64]:
    """(I,) a group for each product; an item without a product is a group by itself."""
    return np.where(product >= 0, product, len(product) + np.arange(len(product)))


def _figures(fitted: Recognisers) -> dict[str, dict[str, float | int | None]]:
    return {
        name: {"values": len(recogniser.values), "rows": recogniser.rows, "accuracy": round(recogniser.accuracy, 4),
               "threshold": None if recogniser.threshold is None else round(recogniser.threshold, 4)}
        for name, recogniser in fitted.by_attribute.items()
    }  # fmt: skip
