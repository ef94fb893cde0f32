"""An item's attributes: what a shop may send, and the one way to read them afterwards.

They are a JSON object or null. Anything else is rejected on entry (`bad_attributes`), by a test that accepts only what
Python's `json` reads too. So a reader of ITEMS.attributes can rely on an object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

MAX_BRACKETS = 500  # lists and objects in one text; readers recurse into them, and Python allows 1,000 calls


def json_object(value: str, kind: str) -> str:
    """SQL of the text to keep: the JSON of a struct or map, else the text; null for a blank or `null`."""
    nested = kind.startswith(("struct", "map", "array")) or kind == "variant"
    text = f"to_json({value})" if nested else f"CAST({value} AS STRING)"
    return f"CASE WHEN trim({text}) NOT IN ('', 'null') THEN {text} END"


def is_no_object(value: str) -> str:
    """SQL that is true where a text is not null and no JSON object: not JSON, another kind of value, or too deep.

    Spark's parser ignores what follows the first value. So the text is parsed within an object and within a list: what
    follows the value may be valid in one of them, never in both. The parser itself refuses NaN, a repeated name, half
    a character, and numbers of more than a thousand digits.
    """
    brackets = f"char_length({value}) - char_length(translate({value}, '{{[', ''))"
    in_object, in_list = f"concat('{{\"x\":', {value}, '}}')", f"concat('[', {value}, ']')"
    one = f"try_variant_get(try_parse_json({in_object}), '$.x', 'map<string,variant>') IS NOT NULL"
    other = f"try_parse_json({in_list}) IS NOT NULL"
    return f"{value} IS NOT NULL AND CASE WHEN {brackets} > {MAX_BRACKETS} THEN true ELSE NOT ({one} AND {other}) END"


def read_attributes(texts: Iterable[str | None]) -> list[dict[str, Any]]:
    """Each text of ITEMS.attributes as name -> value; {} for null."""
    return [json.loads(text) if text else {} for text in texts]
