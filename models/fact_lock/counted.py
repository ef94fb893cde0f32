"""What a text counts and a row lists: two colours, of a row with navy and cream; four wheels, of 四个万向轮."""

from __future__ import annotations

import re

from models.fact_lock.facts import ItemFacts
from models.text.numerals import ZH, fold, with_digits

_COLOURS = re.compile(r"(?P<count>\d+)[种个]颜?色")
# 四个轮: a figure, its counter, and a thing.
_THINGS = re.compile(rf"(?P<counted>(?:\d+|{ZH}+)[个只条根颗枚片层道扇张把双对口支])(?P<thing>[\u3400-\u9fff]{{1,3}})")
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


def counts_things(words: str, facts: ItemFacts) -> bool:
    """Whether the words count things of the item (四个轮), and the row does so with more words between."""
    return any(_counts_things(words, fold(text)) for text in facts.texts()) or any(
        _counts_things(with_digits(words), with_digits(fold(text))) for text in facts.texts()
    )


def _counts_things(words: str, row_text: str) -> bool:
    counted = _THINGS.fullmatch(words)
    if counted is None:
        return False
    number, thing = counted["counted"], counted["thing"]
    return re.search(rf"(?<![\d{ZH[1:-1]}]){number}[\u3400-\u9fff]{{0,4}}{thing}", row_text) is not None
