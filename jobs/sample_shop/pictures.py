"""The shop's own product pictures, drawn by code: a shape for each kind of thing, in its colour, with its pattern.

DIR/pictures/ITEM-PLACE.jpg        pictures by the shop's photographer, a few of each best-selling item
DIR/{date}/pictures.csv            the pictures that the shop shows that night: item, file, whether it is the main one
DIR/{date}/photos/NN.jpg           photos by shoppers: an item on another background, turned, with GPS data
DIR/truth/pictures.json            the planted errors: damaged files, wrong and missing colours; each photo's item

A shape stands for the shelf, and its proportions for the kind of thing on it. Catalogue colours are those of
the attribute `colour`; `fabric`, `upper` and others have a pattern each.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from PIL import Image, ImageDraw, ImageFilter

from jobs.sample_shop.catalogue import LEAVES, Catalogue
from jobs.sample_shop.words import ATTRIBUTES

SIDE = 128  # pixels
LATER = 0.01  # share of the items that get a new picture each later day
_FEW, _WRONG_COLOUR, _NO_COLOUR = 40, 7, 23  # each error is in one item of forty
_OFFERED_COLOURS = {
    "red": (200, 32, 42), "black": (28, 28, 30), "white": (246, 246, 243), "navy": (26, 40, 94),
    "green": (36, 132, 66), "beige": (214, 192, 156), "grey": (132, 134, 138), "pink": (240, 150, 184),
}  # fmt: skip
_BACKGROUNDS = ((255, 255, 255), (238, 240, 243), (226, 232, 240))  # colours of a studio
_ROOMS = ((142, 116, 88), (96, 122, 108), (176, 170, 150))  # colours of a shopper's home
Box = tuple[int, int, int, int]


class Pictures:
    """Draws and lists pictures of a catalogue's best sellers; the same seed draws the same bytes."""

    def __init__(self, catalogue: Catalogue, items: int, photos: int, seed: int) -> None:
        self.catalogue, self.photos, self.seed = catalogue, photos, seed
        order = np.argsort(-catalogue.popularity, kind="stable")
        visible = [row for row in order.tolist() if "colour" in LEAVES[catalogue.leaf[row]][2].attributes]
        self.rows = sorted(visible[:items])
        self.version = dict.fromkeys(self.rows, 1)
        self.planted: dict[str, dict[str, str]] = {
            kind: {} for kind in ("damaged", "wrong_colour", "missing_colour", "photos")
        }

    def write_day(self, out: Path, day: int, folder: Path) -> Counter[str]:
        """Draws the day's new pictures and writes the night's list; returns kind -> number of pictures drawn."""
        if not self.rows:
            return Counter()
        (out / "pictures").mkdir(exist_ok=True)
        drawn: Counter[str] = Counter()
        for row in self.rows if day == 0 else self._changed(day):
            self.version[row] = day + 1
            drawn["pictures"] += self._draw_item(out, row)
        if day == 0:
            drawn["damaged"] += self._damage(out)
        self._write_list(day, folder)
        self._take_photos(day, folder)
        (out / "truth" / "pictures.json").write_text(json.dumps(self.planted, indent=1))
        return drawn

    def forget_colours(self, snapshot: pa.Table) -> pa.Table:
        """The catalogue's file, in which some items have no colour; their pictures show it."""
        without_colour = {str(self.catalogue.ids[row]): row for row in self.rows if row % _FEW == _NO_COLOUR}
        texts = []
        for item, text in zip(snapshot["goods_id"].to_pylist(), snapshot["attrs"].to_pylist(), strict=True):
            if item in without_colour:
                attributes = json.loads(text)
                self.planted["missing_colour"][item] = attributes.pop("colour")
                text = json.dumps(attributes)
            texts.append(text)
        return snapshot.set_column(snapshot.column_names.index("attrs"), "attrs", pa.array(texts, pa.string()))

    def _changed(self, day: int) -> list[int]:
        dice = np.random.default_rng([self.seed, 77, day])
        count = max(1, int(len(self.rows) * LATER))
        return sorted(dice.choice(self.rows, count, replace=False).tolist())

    def _draw_item(self, out: Path, row: int) -> int:
        """Draws one picture or two; the second shows another side before another background."""
        places = self._places(row)
        for place in range(places):
            dice = np.random.default_rng([self.seed, 78, row, self.version[row], place])
            image = draw(self._kind(row), self._colour(row), self._pattern(row), _BACKGROUNDS[place], dice, place)
            image.save(out / "pictures" / self._file(row, place), "JPEG", quality=85)
        return places

    def _write_list(self, day: int, folder: Path) -> None:
        listed = [row for row in self.rows if self.catalogue.launch[row] <= day + 1]  # as in the catalogue's file
        rows = [(row, place) for row in listed for place in range(self._places(row))]
        damaged = sorted(self.planted["damaged"].items())
        ids = [str(self.catalogue.ids[row]) for row, _ in rows] + [item for _, item in damaged]
        columns = {
            "goods_id": ids,
            "file": [self._file(*row_and_place) for row_and_place in rows] + [name for name, _ in damaged],
            "main": ["Y" if place == 0 else "N" for _, place in rows] + ["N"] * len(damaged),
        }
        pyarrow.csv.write_csv(pa.table(columns), folder / "pictures.csv")

    def _damage(self, out: Path) -> int:
        """Writes files that will be refused, for items that also have good pictures; the file's name says the fault."""
        good_file = (out / "pictures" / self._file(self.rows[0], 0)).read_bytes()
        line = io.BytesIO()
        Image.new("RGB", (1200, 6)).save(line, "PNG")
        files = {  # name -> bytes
            "empty.jpg": b"",
            "not_a_picture.jpg": b"Dear shop, please find the picture attached.\n",
            "truncated.jpg": good_file[: len(good_file) // 2],
            "too_thin.png": line.getvalue(),
            "unsupported_format.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>',
        }
        for number, (name, data) in enumerate(files.items()):
            (out / "pictures" / name).write_bytes(data)
            self.planted["damaged"][name] = str(self.catalogue.ids[self.rows[number % len(self.rows)]])
        return len(files)

    def _take_photos(self, day: int, folder: Path) -> None:
        """Draws photos by shoppers; their phones write the place into the file."""
        dice = np.random.default_rng([self.seed, 79, day])
        (folder / "photos").mkdir(exist_ok=True)
        on_sale = [row for row in self.rows if self.catalogue.on_sale(day)[row]]
        for number, row in enumerate(dice.choice(on_sale, min(self.photos, len(on_sale)), replace=False).tolist()):
            room = _ROOMS[number % len(_ROOMS)]
            image = draw(self._kind(row), self._colour(row), self._pattern(row), room, dice, 0)
            exif = Image.Exif()
            exif[0x010F] = "SampleShop Phone"
            exif[0x8825] = {1: "N", 2: (31.0, 14.0, 12.5), 3: "E", 4: (121.0, 28.0, 9.1)}
            name = f"{number:02d}.jpg"
            image.filter(ImageFilter.GaussianBlur(0.7)).save(folder / "photos" / name, "JPEG", quality=80, exif=exif)
            self.planted["photos"][f"{folder.name}/photos/{name}"] = str(self.catalogue.ids[row])

    def _places(self, row: int) -> int:
        return 1 + row % 2

    def _file(self, row: int, place: int) -> str:
        return f"{self.catalogue.ids[row]}-{place + 1}-v{self.version[row]}.jpg"

    def _kind(self, row: int) -> int:
        return int(self.catalogue.leaf[row])

    def _value(self, row: int, name: str) -> str | None:
        names = LEAVES[self._kind(row)][2].attributes
        return ATTRIBUTES[name][self.catalogue.values[row, names.index(name)]][0] if name in names else None

    def _colour(self, row: int) -> tuple[int, int, int]:
        """The catalogue's colour; for one item in forty a wrong one, which the merchant should be told about."""
        colours = list(_OFFERED_COLOURS)
        colour = self._value(row, "colour") or colours[0]
        if row % _FEW == _WRONG_COLOUR:
            stated, colour = colour, colours[(colours.index(colour) + 3) % len(colours)]
            self.planted["wrong_colour"][str(self.catalogue.ids[row])] = f"says {stated}, looks {colour}"
        return _OFFERED_COLOURS[colour]

    def _pattern(self, row: int) -> int:
        """0 plain, 1 stripes, 2 dots, 3 checks, 4 a band: by the item's second attribute."""
        return int(self.catalogue.values[row, 1]) % 5


def draw(
    kind: int,
    colour: tuple[int, int, int],
    pattern: int,
    background: tuple[int, int, int],
    dice: np.random.Generator,
    turn: int,
) -> Image.Image:
    """A picture (SIDE, SIDE) of a thing of this kind: its outline, filled with a pattern, moved a little and turned."""
    big = 2 * SIDE  # drawn twice as large, so that edges come out smooth
    outline = Image.new("L", (big, big), 0)
    shelf = _shelf_of(kind)
    _OUTLINES.get(shelf, _round)(ImageDraw.Draw(outline), big, kind - _first_of(shelf))
    body = Image.new("RGB", (big, big), colour)
    _lay_pattern(ImageDraw.Draw(body), pattern, big, _shade(colour))
    angle = float(dice.normal(0, 4)) + 12 * turn
    moved = (int(dice.integers(-8, 9)), int(dice.integers(-8, 9)))
    outline, body = (image.rotate(angle, translate=moved, fillcolor=0) for image in (outline, body))
    small, body = (image.resize((SIDE, SIDE), Image.Resampling.BOX) for image in (outline, body))
    canvas = Image.new("RGB", (SIDE, SIDE), background)
    canvas.paste(Image.new("RGB", (SIDE, SIDE), _shade(background, 0.85)), (3, 5), small)  # its shadow
    for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        canvas.paste(Image.new("RGB", (SIDE, SIDE), _shade(colour, 0.6)), (x, y), small)  # its edge
    canvas.paste(body, (0, 0), small)
    return canvas


def _shade(colour: tuple[int, int, int], factor: float = 0.72) -> tuple[int, int, int]:
    """A darker tone, or a lighter one for a dark colour, so that a pattern can be seen."""
    if sum(colour) < 200:
        return tuple(min(255, int(part + 70)) for part in colour)  # type: ignore[return-value]
    return tuple(int(part * factor) for part in colour)  # type: ignore[return-value]


def _lay_pattern(pen: ImageDraw.ImageDraw, pattern: int, big: int, tone: tuple[int, int, int]) -> None:
    step = big // 10
    if pattern in (1, 3):
        for x in range(0, big, step):
            pen.rectangle((x, 0, x + step // 3, big), fill=tone)
    if pattern == 3:
        for y in range(0, big, step):
            pen.rectangle((0, y, big, y + step // 3), fill=tone)
    if pattern == 2:
        for x in range(step // 2, big, step):
            for y in range(step // 2, big, step):
                pen.ellipse((x, y, x + step // 3, y + step // 3), fill=tone)
    if pattern == 4:
        pen.rectangle((0, big * 2 // 5, big, big * 3 // 5), fill=tone)


def _box(big: int, left: float, top: float, right: float, bottom: float) -> Box:
    return int(big * left), int(big * top), int(big * right), int(big * bottom)


def _shirt(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    sleeve = (0.3, 0.45, 0.62)[size % 3]
    points = [(0.36, 0.14), (0.64, 0.14), (0.92, sleeve), (0.78, sleeve + 0.1), (0.7, 0.42), (0.7, 0.86), (0.3, 0.86),
              (0.3, 0.42), (0.22, sleeve + 0.1), (0.08, sleeve)]  # fmt: skip
    pen.polygon([(x * big, y * big) for x, y in points], fill=255)


def _trousers(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    long = (0.9, 0.6, 0.75)[size % 3]
    points = [(0.3, 0.1), (0.7, 0.1), (0.78, long), (0.56, long), (0.5, 0.36), (0.44, long), (0.22, long)]
    pen.polygon([(x * big, y * big) for x, y in points], fill=255)


def _shoe(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    high = (0.45, 0.15, 0.3)[size % 3]
    points = [(0.12, high), (0.4, high), (0.46, 0.52), (0.88, 0.64), (0.9, 0.8), (0.1, 0.8)]
    pen.polygon([(x * big, y * big) for x, y in points], fill=255)


def _bag(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    top = (0.4, 0.5, 0.3)[size % 3]
    pen.rounded_rectangle(_box(big, 0.18, top, 0.82, 0.86), big // 14, fill=255)
    pen.arc(_box(big, 0.34, top - 0.24, 0.66, top + 0.24), 180, 360, fill=255, width=big // 24)


def _vessel(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    pen.ellipse(_box(big, 0.2, (0.2, 0.4, 0.1)[size % 3], 0.8, 0.88), fill=255)
    pen.rectangle(_box(big, 0.4, 0.08, 0.6, 0.4), fill=255)


def _table(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    top = (0.3, 0.5, 0.16)[size % 3]
    pen.rectangle(_box(big, 0.08, top, 0.92, top + 0.14), fill=255)
    for left in (0.14, 0.78):
        pen.rectangle(_box(big, left, top, left + 0.08, 0.9), fill=255)


def _box_shape(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    left, top = ((0.1, 0.34), (0.26, 0.1), (0.16, 0.16))[size % 3]
    pen.rounded_rectangle(_box(big, left, top, 1 - left, 1 - top), big // 20, fill=255)


def _ring(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    pen.ellipse(_box(big, 0.14, 0.14, 0.86, 0.86), outline=255, width=int(big * (0.1, 0.2, 0.3)[size % 3]))


def _tent(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    wide = (0.44, 0.3, 0.18)[size % 3]
    pen.polygon([(0.5 * big, 0.1 * big), ((0.5 + wide) * big, 0.88 * big), ((0.5 - wide) * big, 0.88 * big)], fill=255)


def _round(pen: ImageDraw.ImageDraw, big: int, size: int) -> None:
    flat = (0.14, 0.3, 0.22)[size % 3]
    pen.ellipse(_box(big, 0.14, flat, 0.86, 1 - flat), fill=255)


_OUTLINES: dict[str, Callable[[ImageDraw.ImageDraw, int, int], None]] = {
    "Tops": _shirt, "Bottoms": _trousers, "Outerwear": _shirt, "Shoes": _shoe, "Bags": _bag, "Furniture": _table,
    "Kitchen": _vessel, "Decoration": _tent, "Audio": _ring, "Office": _box_shape, "Wearables": _ring,
    "Camping": _tent, "Stationery": _box_shape, "Baby": _box_shape,
}  # fmt: skip


def _shelf_of(kind: int) -> str:
    return LEAVES[kind][1].split(" > ")[1]


def _first_of(shelf: str) -> int:
    return next(kind for kind in range(len(LEAVES)) if _shelf_of(kind) == shelf)
