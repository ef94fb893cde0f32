"""Whether a child's age lies within the ages that an item's row is for: four years, of a row for 3 to 8."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import ItemFacts
from models.text.numerals import fold

MONTHS = 12
NEWBORN = ("newborn", "newborns", "初生", "新生儿")
_RANGE = re.compile(
    r"(?P<low>\d+) ?(?:-|~|至|到|to) ?(?P<high>\d+) ?(?:(?P<years>岁|years?)|(?P<months>个月|months?))"
    r"|(?P<least>\d+)(?: ?岁以上| ?years and up|\+ ?years| ?years ?\+| ?(?P<least_months>个月以上|months and up"
    r"|months ?\+))"
    r"|(?P<only>\d+) ?(?:岁|years?)"
)
_NAMED = re.compile(r"(?<![a-z])ages?(?![a-z])|年龄|适用")


def fits_age(years: float, facts: ItemFacts) -> bool:
    """Whether an age in years is one of those that the row names."""
    return any(_low(ages) <= years <= _high(ages) for ages in _ranges(facts))


def names_ages(facts: ItemFacts) -> bool:
    """Whether the row says for which ages the item is."""
    return any(_ranges(facts))


def _ranges(facts: ItemFacts) -> Iterator[re.Match[str]]:
    named = (value for name, values in facts.attributes.items() if _NAMED.search(fold(name)) for value in values)
    for text in (*facts.titles, *named):
        yield from _RANGE.finditer(fold(text))


def fits_newborn(word: str, facts: ItemFacts) -> bool | None:
    """Whether a thing is for newborns by the ages that its row names; None for another word or a row without ages."""
    if word not in NEWBORN or not any(_NAMED.search(fold(name)) for name in facts.attributes):
        return None
    return fits_age(0, facts)


def _low(ages: re.Match[str]) -> float:
    in_months = ages["months"] or ages["least_months"]
    return float(ages["least"] or ages["low"] or ages["only"]) / (MONTHS if in_months else 1)


def _high(ages: re.Match[str]) -> float:
    return float("inf") if ages["least"] else float(ages["high"] or ages["only"]) / (MONTHS if ages["months"] else 1)
