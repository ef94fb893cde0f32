"""The catalogue's attributes as codes: what few items have is left out, and an item without one has -1."""

import json

import pyarrow as pa

from jobs.runtime.history import attribute_codes


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
