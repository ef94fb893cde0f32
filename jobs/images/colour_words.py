"""The shop's words for colours: how its own pictures have each, and which one the recogniser sees in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.common.picture_packs import read_packed
from jobs.images.config import ImagesConfig
from jobs.images.drafting import Looks
from jobs.runtime.attributes import read_attributes
from jobs.runtime.model_store import load_model
from jobs.runtime.night import Night
from models.image_editing.recolour import Palette
from models.images.reading import clean_pixels
from schemas.tables import ITEMS

Row = dict[str, Any]


def colours_of_shop(
    night: Night, wanted: set[str], images: list[Row], most: int
) -> Mapping[str, tuple[float, float, float]]:
    """Colour's word -> OKLab, of the wanted ones, from `most` main pictures of items of that colour."""
    config: ImagesConfig = night.settings.section("images")
    items = night.versions(ITEMS).tonight().arrow(["item_id", "attributes"])
    pairs = zip(items["item_id"].to_pylist(), read_attributes(items["attributes"].to_pylist()), strict=True)
    colour_of = {item: colour for item, said in pairs if (colour := colour_in(said, config.colours)) in wanted}
    counts: dict[str, int] = {}
    chosen: dict[str, tuple[str, str]] = {}  # picture -> (its pack, the colour)
    for row in images:
        colour = colour_of.get(row["item_id"])
        if row["place"] == 1 and colour is not None and counts.get(colour, 0) < most:
            counts[colour] = counts.get(colour, 0) + 1
            chosen[row["picture"]] = (row["pack"], colour)
    found = list(read_packed(night.lake, [(picture, pack) for picture, (pack, _) in chosen.items()]))
    pixels = [clean_pixels(data) for _, data in found]
    return Palette.fit(pixels, [chosen[picture][1] for picture, _ in found]).colours


def colour_in(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of an item's attributes `names` that is a text."""
    return next((attributes[name] for name in names if isinstance(attributes.get(name), str)), None)


def colour_looks(night: Night) -> Looks | None:
    """What the newest recogniser of colours sees in a picture; None where none reads tonight's vectors."""
    from jobs.images.recognisers import MODEL, Recognisers  # torch, which takes seconds
    from jobs.images.vector_maker import newest_maker

    folder = night.lake.model_before(MODEL, night.date, including=True)
    made = load_model(night.lake, folder, Recognisers) if folder else None
    names: tuple[str, ...] = night.settings.section("images").colours
    recogniser = next((made.by_attribute[name] for name in names if name in made.by_attribute), None) if made else None
    maker = newest_maker(night, 0)
    if made is None or recogniser is None or maker is None or maker.name != made.maker:
        return None
    vectors = maker.load(night.lake)

    def looks(pixels: NDArray[np.uint8]) -> tuple[str, float]:
        values, chances = recogniser.recognise(vectors.vectors([pixels]))
        return str(values[0]), float(chances[0])

    return looks
