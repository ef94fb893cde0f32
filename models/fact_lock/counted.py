"""What a text counts and a row lists: two colours, of a row with navy and cream."""

from __future__ import annotations

import re

from models.fact_lock.facts import ItemFacts
from models.text.numerals import fold, with_digits

_COLOURS = re.compile(r"(?P<count>\d+)[种个]颜?色")
_JOINED = re.compile(r"[与和、/+]| and |, ")


def counts_colours(words: str, facts: ItemFacts) -> bool:
    """Whether the words say of how many colours the item is (二十四种颜色), and the row has so many."""
    counted = _COLOURS.fullmatch(with_digits(words))
    if counted is None:
        return False
    if facts.says(f"{counted['count']}色"):
        return True
    values = (fold(value) for name in ("colour", "color", "颜色") for value in facts.attributes.get(name, ()))
    return any(len(_JOINED.split(value)) == int(counted["count"]) for value in values)
