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
    return any(low <= years <= high for low, high in _ranges(facts))


def names_ages(facts: ItemFacts) -> bool:
    """Whether the row says for which ages the item is."""
    return any(_ranges(facts))


def fits_newborn(word: str, facts: ItemFacts) -> bool | None:
    """Whether a thing is for newborns by the ages that its row names; None for another word or a row without ages."""
    if word not in NEWBORN or not any(_NAMED.search(fold(name)) for name in facts.attributes):
        return None
    return fits_age(0, facts)


def _ranges(facts: ItemFacts) -> Iterator[tuple[float, float]]:
    """The lowest and the highest age in years of each range that a title or an attribute for ages names."""
    named = (value for name, value in facts.folded_values if _NAMED.search(name))
    for text in (*map(fold, facts.titles), *named):
        for ages in _RANGE.finditer(text):
            unit = MONTHS if ages["months"] or ages["least_months"] else 1
            low, high = ages["least"] or ages["low"] or ages["only"], ages["high"] or ages["only"] or "inf"
            yield float(low) / unit, float(high) / unit
