"""Titles, descriptions and attributes of items in English and Chinese. Texts state only facts from the attributes."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.sample_shop.catalogue import LEAVES, Catalogue
from jobs.sample_shop.descriptions import Described, Descriptions
from jobs.sample_shop.words import ATTRIBUTES, BRANDS

COLUMNS = ("name_en", "name_zh", "desc_en", "desc_zh", "cat_path", "brand", "attrs")


def write_texts(catalogue: Catalogue, rng: np.random.Generator) -> pa.Table:
    """One row per item, in the catalogue's order: COLUMNS, all strings; `attrs` is a JSON object of English values."""
    descriptions = Descriptions(rng)
    rows = zip(catalogue.leaf.tolist(), catalogue.brand.tolist(), catalogue.values.tolist(), strict=True)
    texts = [_texts_of(*row, descriptions) for row in rows]
    return pa.table({name: pa.array(column) for name, column in zip(COLUMNS, zip(*texts, strict=True), strict=True)})


def _texts_of(leaf_row: int, brand_row: int, values: list[int], descriptions: Descriptions) -> tuple[str, ...]:
    _, path, leaf = LEAVES[leaf_row]
    brand_en, brand_zh = BRANDS[brand_row]
    noun_en, noun_zh = leaf.noun
    attributes = {name: ATTRIBUTES[name][values[column]] for column, name in enumerate(leaf.attributes)}
    english, chinese = descriptions.write(Described(path.split(" > ")[1], leaf.noun, BRANDS[brand_row], attributes))
    return (
        f"{brand_en} {' '.join(pair[0] for pair in attributes.values())} {noun_en}",
        f"{brand_zh} {''.join(pair[1] for pair in attributes.values())}{noun_zh}",
        english,
        chinese,
        path,
        brand_en,
        json.dumps({name: pair[0] for name, pair in attributes.items()}),
    )


def as_items(texts: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The columns of ITEMS that COLUMNS fill, as the mapping `sample_shop` reads them."""
    names = ("title", "title_zh", "description", "description_zh", "category", "brand", "attributes")
    return {name: texts[column] for name, column in zip(names, COLUMNS, strict=True)}


def snapshot(catalogue: Catalogue, texts: pa.Table, day: int, stock: np.ndarray) -> pa.Table:
    """The catalogue file of a night: every item on sale by tomorrow, with its price and stock at closing time.

    Withdrawn items are marked off sale, or are missing where `vanishes` says so.
    """
    withdrawn = catalogue.withdrawn <= day
    listed = np.flatnonzero((catalogue.launch <= day + 1) & ~(withdrawn & catalogue.vanishes))
    cents = catalogue.prices(day)[listed]
    columns = {
        "goods_id": pa.array(catalogue.ids[listed]),
        **{name: texts.column(name).take(listed) for name in COLUMNS},
        "sale_price": money(cents),
        "unit_cost": money(catalogue.cost_cents[listed]),
        "stock": pa.array(stock[listed]),
        "on_sale": _yes_no(~withdrawn[listed]),
        "repeat_buy": _yes_no(catalogue.cycle[listed] > 0),
    }
    return pa.table(columns)


def money(cents: np.ndarray) -> pa.Array:
    """1999 -> '19.99'."""
    yuan = pa.array(cents // 100).cast(pa.string())
    fraction = pc.utf8_lpad(pa.array(cents % 100).cast(pa.string()), width=2, padding="0")
    return pc.binary_join_element_wise(yuan, fraction, ".")


def _yes_no(flags: np.ndarray) -> pa.Array:
    return pc.if_else(pa.array(flags), "Y", "N")


def make_queries() -> tuple[np.ndarray, int]:
    """(search phrases (C * n,), n). Leaf c has phrases c * n to c * n + n - 1: a noun, some with one more word."""
    phrases: list[str] = []
    for *_, leaf in LEAVES:
        attribute = ATTRIBUTES[leaf.attributes[0]]
        phrases += [leaf.noun[0], leaf.noun[1], f"{BRANDS[len(phrases) % len(BRANDS)][0]} {leaf.noun[0]}"]
        phrases += [f"{attribute[0][0]} {leaf.noun[0]}", f"{attribute[1][1]}{leaf.noun[1]}"]
    if len(set(phrases)) < len(phrases):
        raise ValueError("two leaves share a noun; phrases must differ to be a Parquet dictionary")
    return np.array(phrases), 5
