"""The shop's words for colours: how each looks in its pictures, and which one the recogniser sees in a picture."""

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
    night: Night, colours: set[str], images: list[Row], most: int
) -> Mapping[str, tuple[float, float, float]]:
    """Word of a colour -> OKLab, for each of `colours`, from at most `most` main pictures of items of this colour."""
    config: ImagesConfig = night.settings.section("images")
    items = night.versions(ITEMS).tonight().arrow(["item_id", "attributes"])
    pairs = zip(items["item_id"].to_pylist(), read_attributes(items["attributes"].to_pylist()), strict=True)
    colour_of = {
        item: colour for item, attributes in pairs if (colour := colour_in(attributes, config.colours)) in colours
    }
    counts: dict[str, int] = {}
    chosen: dict[str, tuple[str, str]] = {}  # picture -> (its pack, the colour)
    for row in images:
        colour = colour_of.get(row["item_id"])
        if row["place"] == 1 and colour is not None and counts.get(colour, 0) < most:
            counts[colour] = counts.get(colour, 0) + 1
            chosen[row["picture"]] = (row["pack"], colour)
    pictures = list(read_packed(night.lake, [(picture, pack) for picture, (pack, _) in chosen.items()]))
    pixels = [clean_pixels(data) for _, data in pictures]
    return Palette.fit(pixels, [chosen[picture][1] for picture, _ in pictures]).colours


def colour_in(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The value of the first of the attributes `names` that is a text."""
    return next((attributes[name] for name in names if isinstance(attributes.get(name), str)), None)


def colour_looks(night: Night) -> Looks | None:
    """A function that says which colour the newest recogniser sees in a picture; None where no recogniser can read
    tonight's vectors."""
    from jobs.images.recognisers import MODEL, Recognisers  # torch, which takes seconds
    from jobs.images.vector_maker import newest_maker

    folder = night.lake.model_before(MODEL, night.date, including=True)
    recognisers = load_model(night.lake, folder, Recognisers) if folder else None
    names: tuple[str, ...] = night.settings.section("images").colours
    recogniser = (
        next((recognisers.by_attribute[name] for name in names if name in recognisers.by_attribute), None)
        if recognisers
        else None
    )
    maker = newest_maker(night)
    if recognisers is None or recogniser is None or maker is None or maker.name != recognisers.maker:
        return None
    vectors = maker.load(night.lake)

    def looks(pixels: NDArray[np.uint8]) -> tuple[str, float]:
        values, chances = recogniser.recognise(vectors.vectors([pixels]))
        return str(values[0]), float(chances[0])

    return looks
