"""The catalogue's attributes as codes: an attribute of few items is left out, and an item without it has -1."""

import json

import lightgbm
import numpy as np
import pyarrow as pa

from jobs.common.event_log import attribute_codes
from models.core.mapped_arrays import read_arrays, write_arrays


def items(count=40):
    return pa.table({
        "category": [f"clothing > {'shirt' if n % 2 else 'shoe'}" for n in range(count)],
        "brand": pa.array([None] * count, pa.string()),
        "attributes": [json.dumps({"colour": "red" if n % 4 else None, **({"rare": 1} if not n else {})})
                       for n in range(count)],
    })  # fmt: skip


def test_category_its_first_level_and_the_shops_own():
    codes = attribute_codes(items())
    assert set(codes) == {"category", "department", "own_colour"}
    assert len(set(codes["category"])) == 2
    assert len(set(codes["department"])) == 1
    assert ((codes["own_colour"] == -1) == [n % 4 == 0 for n in range(40)]).all()


def test_a_catalogue_that_says_nothing_has_no_attributes():
    empty = pa.table({name: pa.nulls(3, pa.string()) for name in ("category", "brand", "attributes")})
    assert attribute_codes(empty) == {}


def test_attributes_of_any_name_become_names_that_files_and_features_can_have(tmp_path):
    names = [
        "a/b",
        "../up",
        "x.shape",
        '[size]: "EU",',
        "颜色",
        "a b",
        "a\u0000b",
        "",
        "n" * 5_000,
        "n" * 4_999,
        "%2f",
        "/",
    ]
    first = json.dumps(dict.fromkeys(names[:8], "x"))
    second = json.dumps(dict.fromkeys(names[8:], "x"))
    codes = {}
    for text in (first, second):
        table = pa.table({
            "category": pa.nulls(4, pa.string()), "brand": pa.nulls(4, pa.string()), "attributes": [text] * 4,
        })  # fmt: skip
        codes |= attribute_codes(table)
    assert len(codes) == len(names)
    write_arrays(tmp_path, codes)
    assert set(read_arrays(tmp_path)) == set(codes)
    features = np.arange(4.0 * len(codes)).reshape(4, -1)
    data_set = lightgbm.Dataset(features, np.arange(4), feature_name=list(codes), params={"verbose": -1}).construct()
    assert len(set(data_set.get_feature_name())) == len(names)
