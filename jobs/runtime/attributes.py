"""An item's attributes: what a shop may send, and the one way in which they are read afterwards.

A JSON object, or nothing. What else a shop sends is rejected when it enters (`bad_attributes`), by a test that lets
through only what Python's `json` reads as well. So whoever reads ITEMS.attributes may take an object for granted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

MOST_BRACKETS = 500  # lists and objects in one text; readers go into them one call deep each, and Python allows 1,000


def json_object(value: str, kind: str) -> str:
    """SQL of the text to keep: of a struct or map its JSON; null where the shop says nothing (blank or `null`)."""
    nested = kind.startswith(("struct", "map", "array")) or kind == "variant"
    text = f"to_json({value})" if nested else f"CAST({value} AS STRING)"
    return f"CASE WHEN trim({text}) NOT IN ('', 'null') THEN {text} END"


def is_no_object(value: str) -> str:
    """SQL that holds where a text is not null and no JSON object: not JSON, of another kind, or too deep.

    Spark's parser stops at the end of the first value. So the text is put into an object and into a list: what follows
    a value can be at home in one of them, never in both. It refuses NaN, a name that comes twice, half a character and
    numbers of more than a thousand digits by itself.
    """
    brackets = f"char_length({value}) - char_length(translate({value}, '{{[', ''))"
    in_object, in_list = f"concat('{{\"x\":', {value}, '}}')", f"concat('[', {value}, ']')"
    one = f"try_variant_get(try_parse_json({in_object}), '$.x', 'map<string,variant>') IS NOT NULL"
    other = f"try_parse_json({in_list}) IS NOT NULL"
    return f"{value} IS NOT NULL AND CASE WHEN {brackets} > {MOST_BRACKETS} THEN true ELSE NOT ({one} AND {other}) END"


def read_attributes(texts: Iterable[str | None]) -> list[dict[str, Any]]:
    """Each text of ITEMS.attributes as name -> value; empty where there is none."""
    return [json.loads(text) if text else {} for text in texts]
