"""The lake of a small shop with pictures for tests of drafts: boxes of one colour on light grey."""

import datetime as dt
import hashlib
import io
import json

import numpy as np
import pyarrow as pa
from PIL import Image

from jobs.common.picture_packs import PICTURES, PackWriter
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.image_editing.editor import PictureEditor
from models.image_editing.network import EditorConfig, Generator
from models.images.reading import encode_clean
from schemas.arrow import arrow_schema
from schemas.tables import IMAGES, ITEMS

COLOURS = {"Red": (190, 30, 40), "Blue": (30, 60, 180), "Green": (30, 140, 60)}
SMALL = EditorConfig(size=32, width=8, widest=16, steps=2, batch=4, adversarial=0.0, features=0.0)


def packshot(colour, side=48):
    picture = np.full((side, side, 3), 240, np.uint8)
    picture[8:-8, 10:-10] = COLOURS[colour]
    return picture


def small_editor(seed=7):
    return PictureEditor(SMALL, Generator(SMALL))


def night_of(root, day=1, run="001", **sections):
    night = Night(dt.date(2026, 1, day), Lake(str(root)), run, Settings(sections))
    night.begin("draft_images")
    return night


def receive(night, colours, per_colour=1):
    """Makes items COLOUR-NUMBER with one current picture each, as receive_images does. Returns the pictures' bytes."""
    rows, items, bytes_of = [], [], {}
    with PackWriter(night.lake, PICTURES, night.date, night.run) as packs:
        for colour in colours:
            for number in range(per_colour):
                item, data = f"{colour}-{number}", encode_clean(packshot(colour, 48 + number))
                bytes_of[item] = data
                name = hashlib.sha256(item.encode()).hexdigest()[:40]
                image_row = {"item_id": item, "place": 1, "picture": name, "width": 48, "height": 48,
                        "format": "JPEG", "source_file": f"{item}.jpg", "fingerprint": "1"}  # fmt: skip
                rows.append(image_row | {"pack": packs.add(image_row["picture"], data)})
                items.append({"item_id": item, "attributes": json.dumps({"colour": colour}), "is_active": True,
                              "shown_title": f"</script>{item}", "updated_on": night.date})  # fmt: skip
    for table, those in ((IMAGES, rows), (ITEMS, items)):
        columns = [{name: row.get(name) for name in table.names} for row in those]
        night.lake.make_current(night.write_arrow(table, pa.Table.from_pylist(columns, arrow_schema(table))))
    return bytes_of


def pixels_of(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
