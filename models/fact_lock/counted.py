"""Whether a number in a text counts what the row lists or entails: two colours, of a row with navy and cream."""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.sizes import sizes_between
from models.fact_lock.vocabulary import kind_of
from models.text.numerals import NUMBER, ZH, fold, value_of, with_digits

_COLOURS = re.compile(r"(?P<count>\d+)[种个]颜?色")
# 四个轮: a figure, its counter, and a thing.
_THINGS = re.compile(rf"(?P<counted>(?:\d+|{ZH}+)[个只条根颗枚片层道扇张把双对口支])(?P<thing>[\u3400-\u9fff]{{1,3}})")
_COUNTED_PART = re.compile(r"(?P<of> of)?[ -](?P<noun>[a-z]+)")
# Counters of which a row has one number: levels, keys, compartments.
_COUNTER = re.compile("[档挡键格孔]")
_NOUN = re.compile(r"[ -](?P<noun>[a-z]+)")
_SHADES = frozenset(("colour", "color", "shade", "tone", "hue"))
_LISTING = (*_SHADES, "function", "mode", "scent", "flavour", "size", "setting", "use", "ingredient")
_JOINT = re.compile(r", |[,/+、和与]| and ")


def counts_colours(words: str, facts: ItemFacts) -> bool:
    """Whether the words say of how many colours the item is (二十四种颜色), and the row has so many."""
    counted = _COLOURS.fullmatch(with_digits(words))
    if counted is None:
        return False
    if facts.says(f"{counted['count']}色"):
        return True
    values = (fold(value) for name in ("colour", "color", "颜色") for value in facts.attributes.get(name, ()))
    return any(len(_JOINT.split(value)) == int(counted["count"]) for value in values)


def counts_things(words: str, facts: ItemFacts) -> bool:
    """Whether the words count things of the item (四个轮), and the row does so with more words between."""
    return _counts_things(words, facts.folded_texts) or _counts_things(
        with_digits(words), map(with_digits, facts.folded_texts)
    )


def _counts_things(words: str, texts: Iterable[str]) -> bool:
    counted = _THINGS.fullmatch(words)
    if counted is None:  # as most words: then no text is read
        return False
    number, thing = counted["counted"], counted["thing"]
    in_row = re.compile(rf"(?<![\d{ZH[1:-1]}]){number}[\u3400-\u9fff]{{0,4}}{thing}")
    return any(map(in_row.search, texts))


def is_counted(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a claim that begins with a number counts the values of an attribute, or what the row's words entail.

    "two colours" is true of a colour "navy and cream", "two functions" of functions "alarm and stopwatch", and "two
    rows" of a coat whose row entails the words "two rows". known: the values that the item's words support.
    """
    if claim.kind not in ("number", "shape"):
        return False
    numbers = (number for number in NUMBER.finditer(folded) if number.start() <= claim.start < number.end())
    number = next(numbers, None)
    counted = number and _NOUN.match(folded, number.end())
    if not number or not counted:
        return False
    noun, value = counted["noun"].removesuffix("s"), value_of(number)
    if f"{SAID_IN_TEXT}{number[0]} {counted['noun']}" in known or facts.says(f"{value:g} {counted['noun']}"):
        return True
    return any(_listed(values) == value for name, values in facts.attributes.items() if _is_named(name, noun))


def counts_otherwise(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a number counts something of the item of which the row gives another number."""
    if claim.kind != "number":
        return False
    return _counts_parts_otherwise(claim, facts, folded) or _counts_otherwise_in_chinese(claim, facts, folded)


def _counts_parts_otherwise(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether an English text does: three doors, where the attribute doors is "2".

    "A pair of doors" says nothing but this; the row must have the part.
    """
    counted = _COUNTED_PART.match(folded, claim.end)
    if counted is None or not claim.value.isdigit():
        return False
    noun = counted["noun"].removesuffix("s")
    rows = [
        [value_of(number) for value in values for number in NUMBER.finditer(fold(value))]
        for name, values in facts.attributes.items()
        if fold(name.replace("_", " ")).removesuffix("s") == noun
    ]
    given = [numbers for numbers in rows if numbers]
    if not given:
        return counted["of"] is not None and not facts.says(counted["noun"])
    return all(int(claim.value) not in numbers for numbers in given)


def _counts_otherwise_in_chinese(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a Chinese text does: 三档, of a row with 2档 and 3 years. Any text of the row may count."""
    counter = _COUNTER.match(folded, claim.end) if " " not in claim.value else None
    if counter is None:
        return False
    in_row = re.compile(rf"(\d+){counter[0]}")
    counts = {count for text in facts.folded_texts for count in in_row.findall(with_digits(text))}
    return bool(counts) and claim.value not in counts


def _is_named(attribute: str, noun: str) -> bool:
    return (noun in _LISTING and fold(attribute).removesuffix("s") == noun) or (
        noun in _SHADES and kind_of(attribute) == "colour"
    )


def _listed(values: tuple[str, ...]) -> int:
    """How many things the first value lists, or how many sizes it ranges over."""
    if values and (sizes := sizes_between(fold(values[0]))):
        return len(sizes)
    return len(_JOINT.split(fold(values[0]))) if values else 0
