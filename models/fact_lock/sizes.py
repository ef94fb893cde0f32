"""Sizes by letters and numbers: the ranges that a row names, and whether a size is in one: 42 of 39-45, XL of S-XXL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import ItemFacts
from models.text.numerals import fold

LETTERS = ("xxxs", "xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl", "4xl", "5xl", "6xl")  # sizes, the smallest first
_SAME = {"2xl": "xxl", "3xl": "xxxl"}
_WHOLE_RANGE = re.compile(
    r"(?:(?P<smallest>[2-6]?x{0,3}[sml])码? ?(?:-|~|to|至|到) ?(?P<largest>[2-6]?x{0,3}[sml])码?"
    r"|(?:(?:eu|us|uk) )?(?P<first>[1-9]\d?)码? ?(?:-|~|to|至|到) ?(?P<last>[1-9]\d?)码?)"
    r"(?:,? (?:whole|half|full) sizes|[,，]?整码)?"
)
_RANGE = re.compile(
    r"(?<![a-z0-9.])(?P<low>[a-z]{1,4}|\d{1,3}(?:\.5)?|[2-6]xl)"
    r" ?码?(?:-|~|至|到| to )(?P<high>[a-z]{1,4}|\d{1,3}(?:\.5)?|[2-6]xl)(?![a-z0-9.])"
)
_NAMED = re.compile(r"(?<![a-z])sizes?(?![a-z])|尺码|码数|鞋码")


def plain_size(letters: str) -> str:
    """A size in small letters as `LETTERS` has it: xxl for 2xl."""
    return _SAME.get(letters, letters)


def sizes_between(value: str) -> list[str]:
    """All sizes of a folded value that is nothing but a range of sizes: S-XXL, EU 36-44; none of another value.

    A range of larger figures (90-120 cm) is none. `size_ranges` finds ranges within longer values, and half sizes.
    """
    sizes = _WHOLE_RANGE.fullmatch(value)
    if sizes is None:
        return []
    if sizes["first"]:
        return [str(size) for size in range(int(sizes["first"]), int(sizes["last"]) + 1)]
    ends = [plain_size(sizes[name]) for name in ("smallest", "largest")]
    first, last = (LETTERS.index(end) if end in LETTERS else len(LETTERS) for end in ends)
    return [*LETTERS[first : last + 1]]


def size_ranges(facts: ItemFacts) -> Iterator[tuple[float, float]]:
    """The least and the largest size of each range that the row names, also beside other words; letters count by their
    place."""
    for name, values in facts.attributes.items():
        for sizes in _RANGE.finditer(", ".join(map(fold, values))) if _NAMED.search(fold(name)) else ():
            low, high = _place(sizes["low"]), _place(sizes["high"])
            # A size of letters is no number: S to 45 is no range.
            if low is not None and high is not None and sizes["low"].isalpha() == (not sizes["high"][0].isdigit()):
                yield low, high


def fits_size(value: str, facts: ItemFacts) -> bool:
    """Whether the value of a claim, "size 42" or "size:xl", is within a range of the row."""
    place = _place(value[len("size ") :])
    return place is not None and any(low <= place <= high for low, high in size_ranges(facts))


def _place(size: str) -> float | None:
    """Where a size stands: letters below zero, so that no number is among them."""
    size = plain_size(size)
    if size in LETTERS:
        return float(LETTERS.index(size) - len(LETTERS))
    return float(size) if re.fullmatch(r"\d+(?:\.\d+)?", size) else None
