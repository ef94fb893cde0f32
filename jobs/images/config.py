"""Settings of product pictures: section [images]. Limits of files are in section [pictures]."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds


@dataclass(frozen=True)
class ImagesConfig:
    """How many pictures are used, from where they come, who works on them, and what they are used for."""

    per_item: int = field(
        default=12, metadata={"doc": "pictures of an item that are kept, the main one first", "least": 1}
    )
    hosts: tuple[str, ...] = field(
        default=(), metadata={"doc": "hosts from which pictures may be fetched; empty: no picture is fetched"}
    )
    fetch_seconds: float = field(
        default=20.0, metadata={"doc": "seconds that a host may take for one picture", "above": 0}
    )
    max_removed_share: float = field(
        default=0.5,
        metadata={"doc": "share of last night's pictures; where more are gone, all are kept", "least": 0, "most": 1},
    )
    spark_from: int = field(
        default=2_000, metadata={"doc": "number of pictures from which Spark's workers share them", "least": 1}
    )
    attributes: tuple[str, ...] = field(
        default=(), metadata={"doc": "attributes that are recognised; empty: all that pictures show well enough"}
    )
    refit_days: int = field(default=7, metadata={"doc": "days after which recognisers are fitted again", "least": 1})
    colours: tuple[str, ...] = field(
        default=("colour", "color"), metadata={"doc": "attributes by which variants of one product differ"}
    )
    neighbours: int = field(default=12, metadata={"doc": "similar items of each kind for each item", "least": 1})
    results: int = field(default=12, metadata={"doc": "items for each photo of a shopper", "least": 1})
    max_photos: int = field(default=10_000, metadata={"doc": "photos that are searched in one night", "least": 0})
    keep_photos: bool = field(default=False, metadata={"doc": "shoppers' photos stay in the drop after the night"})
    page_rows: int = field(default=40, metadata={"doc": "items in each part of the page for people", "least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)
