"""What a mapping's [images] says: where product pictures are named, and where shoppers' photos arrive. Stdlib only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ITEM = "{item}"
PICTURE_URL = "picture_url"  # the column of ITEMS that a mapping may fill with a path or URL


@dataclass(frozen=True)
class ImageInput:
    """Pictures by item, named by a folder (`files`), by a list (`manifest`) or by the catalogue (`from`).

    Each night names all pictures: a picture that is no longer named is removed. README.md explains the keys.
    """

    files: str = ""  # a pattern below --raw with {item}, such as pictures/{item}_*.jpg; in order of name
    manifest: str = ""  # a pattern of lists below --raw, in which each row names an item and a file
    format: str = "csv"  # format of the lists
    delimiter: str = ","
    encoding: str = "utf-8"
    columns: Mapping[str, str] = field(default_factory=dict)  # item_id, path, is_main -> column of the lists
    from_items: bool = False  # the catalogue names the pictures, in `attribute`
    attribute: str = PICTURE_URL  # or a name within the items' attributes, whose value is a text or a list of texts
    split: str = ""  # the separator in a text that names several pictures
    folder: str = ""  # the folder below --raw that paths in lists and in the catalogue start from
    photos: str = ""  # a pattern below --raw: shoppers' photos, for which the night searches similar items

    @property
    def has_pictures(self) -> bool:
        return bool(self.files or self.manifest or self.from_items)

    def __str__(self) -> str:
        """Where pictures come from, for a report."""
        named = self.files or self.manifest or (f"the items' {self.attribute}" if self.from_items else "")
        return "; ".join(part for part in (named, f"photos {self.photos}" if self.photos else "") if part)
