"""Whether a figure of a Chinese text is that of the thing which the text names: 齿深八毫米 is wrong of 齿深5毫米 and
落差8毫米, although the row has 8 mm."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_claims import figure_claims
from models.text.languages import UNSPACED
from models.text.numerals import NUMBER

# What a row's value measures: 齿深 of 齿深5毫米, 克重 of 面料克重280克.
_LABEL = re.compile(r"(?P<label>[一-龥]{2,6})(?=\d)")
# How long a thing keeps once it is open, in a text and in a row.
_OPENED = re.compile(
    "(?<![没未不])开(?:了|过)?[盖封瓶罐](?!器)|(?<![没未不])(?:拆封|启封|打开(?=[之以]?后|了))|after opening"
)
_FILLER = "(?:[是为有达到约足能只就才仅也]|以?后|之后|大概|足足){0,3}$"
_BEFORE = re.compile("[^,，。;；!！?？]*$")
NEARLY = 0.02  # share by which figures may differ: a year and a half is 18 months
_CHARACTERS = 2  # of a label that the text has


def is_of_other_thing(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text gives the figure to something for which the row has another figure."""
    figure, _, unit = claim.value.partition(" ")
    if claim.kind != "number" or not unit or not figure.replace(".", "", 1).isdigit():
        return False
    number = NUMBER.search(folded, claim.start)
    clause = _BEFORE.search(folded[: number.start() if number else claim.start])
    before = clause[0] if clause else ""
    if not UNSPACED.search(before):
        return False
    meant = [
        stated
        for label, stated in _labelled(facts)
        if stated.partition(" ")[2] == unit
        and stated[:1].isdigit()
        and (_OPENED.search(before) if label == "" else re.search(re.escape(label) + _FILLER, before))
    ]
    return bool(meant) and not any(
        abs(float(figure) - float(stated.split(" ")[0])) <= NEARLY * float(figure) for stated in meant
    )


def _labelled(facts: ItemFacts) -> Iterator[tuple[str, str]]:
    """(the end of what a value measures, or "" for how long it keeps open; its measure) of each such value."""
    for name, value in facts.folded_values:
        opened, label = _OPENED.search(f"{name} {value}"), _LABEL.match(value)
        for measure in figure_claims(value) if opened or label else ():
            if measure.kind == "number":
                yield "" if opened else label["label"][-_CHARACTERS:] if label else "", measure.value
