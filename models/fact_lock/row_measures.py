"""The measures of a row by the names of their attributes: which of its lengths is the width."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import ItemFacts
from models.fact_lock.figure_claims import figure_claims
from models.text.numerals import fold

MEASURE = re.compile(r"[~<>]?(?P<value>[\d.]+) (?P<unit>\S+)(?: (?:wide|deep|side))?")
SIDES = re.compile(r"(?:finished |overall |total |outer )?(?:size|dimensions?|measurements?)")


def measures_named(facts: ItemFacts, names: re.Pattern[str]) -> Iterator[tuple[float, str]]:
    """(figure, unit) of each measure of the attributes whose whole name matches."""
    for name, values in facts.attributes.items():
        for value in values if names.fullmatch(fold(name.replace("_", " "))) else ():
            for measure in (MEASURE.fullmatch(claim.value) for claim in figure_claims(value)):
                if measure:
                    yield float(measure["value"]), measure["unit"]


def sides_named(side: str, facts: ItemFacts) -> list[float]:
    """The lengths in metres of the attributes with this name, such as "width" or "seat width"."""
    return [figure for figure, unit in measures_named(facts, re.compile(rf"(?:[a-z]+ )?(?:{side})")) if unit == "m"]


def nameless_sides(facts: ItemFacts) -> Iterator[list[float]]:
    """The sides in metres of each value that gives two or three, the shortest first."""
    for name, values in facts.attributes.items():
        for value in values if SIDES.fullmatch(fold(name.replace("_", " "))) else ():
            sides = [float(claim.value.split(" ")[0]) for claim in figure_claims(value) if claim.value.endswith(" m")]
            if len(sides) in (2, 3):
                yield sorted(sides)


def sides_meant(side: str, facts: ItemFacts) -> list[float]:
    """The lengths in metres that a text may mean by "wide" or "deep": those of that name, or of sides without names the
    one that is not the longest, and of three the shortest."""
    if side == "wide":
        return sides_named("width|diameter", facts) or [sides[-2] for sides in nameless_sides(facts)]
    named = sides_named("depth|thickness", facts)
    return named or [sides[0] for sides in nameless_sides(facts) if len(sides) == 3]
