"""Descriptions as a shop's people write them, built from hand-written parts: no two items have the same description.

Each has a beginning, a sentence for each attribute in a random order, and mostly an end. Several people write a shop's
texts, so some are short, others are long, and some are in one of the shop's voices. A part has several variants,
`[one|another|]`, so that two texts seldom share more than a few words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from jobs.sample_shop import phrases_en, phrases_zh, voices_en, voices_zh
from jobs.sample_shop.words import Pair

_TRIES = 1_000
# For each writer (terse, plain, long): (share of texts with a beginning, share with an end).
_HANDS = ((0.35, 0.1), (1.0, 0.4), (1.0, 1.0))
_VOICED = 0.6  # share of texts that are in a voice, all voices equally often; the others are plain
_LABELLED = 0.7  # share of a voiced text's attributes that use the voice's own sentences
_CHOICE = re.compile(r"\[([^\[\]]*)\]")  # [one|another|]


class Described(NamedTuple):
    """The facts that a description may use: the shelf, names as (English, Chinese), and the attributes' values."""

    shelf: str
    noun: Pair
    brand: Pair
    values: Mapping[str, Pair]


class Descriptions:
    """Writes descriptions one after another, and remembers all of them, so that none is written twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._written: set[str] = set()

    def write(self, item: Described) -> Pair:
        """(English, Chinese). Raises ValueError where the parts give no new text."""
        return self._new(item, self._english), self._new(item, self._chinese)

    def _new(self, item: Described, compose: Callable[[Described], str]) -> str:
        for _ in range(_TRIES):
            text = compose(item)
            if text not in self._written:
                self._written.add(text)
                return text
        raise ValueError(f"{_TRIES} texts of a {item.noun[0]} were all written before; write more parts of its shelf")

    def _english(self, item: Described) -> str:
        forms = _forms(item.noun[0]) | {"noun": item.noun[0], "brand": item.brand[0]}
        sentences = []
        for part, name in self._parts(phrases_en, voices_en, item):
            text = part.format(**forms, **(_value_slots(voices_en.LABELS[name], item.values[name][0]) if name else {}))
            sentences.append(text if part.startswith("{brand}") else _capital(text))
        return " ".join(sentences)

    def _chinese(self, item: Described) -> str:
        names = {"noun": item.noun[1], "brand": item.brand[1]}
        sentences = []
        for part, name in self._parts(phrases_zh, voices_zh, item):
            slots = {"label": voices_zh.LABELS[name], "v": item.values[name][1]} if name else {}
            sentences.append(part.format(**names, **slots))
        return "".join(sentences)

    def _parts(self, phrases: ModuleType, voices: ModuleType, item: Described) -> list[tuple[str, str]]:
        """(part, the attribute that it names or '') in the order of the text."""
        begin, end = _HANDS[self._rng.integers(len(_HANDS))]
        begins, ends = phrases.SHELVES[item.shelf]
        attribute_ways: Sequence[str] = ()
        if self._rng.random() < _VOICED:
            begins, attribute_ways, ends = voices.VOICES[self._pick(list(voices.VOICES))]
            begin = 1.0
        names = [str(name) for name in self._rng.permutation(list(item.values))]
        used: set[str] = set()
        parts = [(self._unused(begins, used) if self._rng.random() < begin else phrases.PLAIN, "")]
        for name in names:
            is_voiced = attribute_ways and self._rng.random() < _LABELLED
            parts.append((self._unused(attribute_ways if is_voiced else phrases.ATTRIBUTES[name], used), name))
        if self._rng.random() < end:
            parts.append((self._unused(ends, used), ""))
        return [
            (_CHOICE.sub(lambda choice: self._unused(choice[1].split("|"), used), part), name) for part, name in parts
        ]

    def _unused(self, ways: Sequence[str], used: set[str]) -> str:
        """One of the ways that is not in `used`, or any way if all are; then adds it to `used`, unless it is empty."""
        way = self._pick([text for text in ways if text not in used] or ways)
        if way:
            used.add(way)
        return way

    def _pick(self, parts: Sequence[str]) -> str:
        return parts[int(self._rng.integers(len(parts)))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _forms(noun: str) -> dict[str, str]:
    """The words of a part that depend on the noun: singular or plural, with its article."""
    if noun in phrases_en.PLURAL:
        return {"it": "they", "It": "They", "them": "them", "is": "are", "s": "", "a_noun": noun, "A_noun": noun}
    article_forms = {"a_noun": _with_article(noun), "A_noun": _capital(_with_article(noun))}
    return {"it": "it", "It": "It", "them": "it", "is": "is", "s": "s"} | article_forms


def _value_slots(label: str, value: str) -> dict[str, str]:
    with_article = _with_article(value)
    of_value = {"v": value, "V": _capital(value), "a_v": with_article, "A_v": _capital(with_article)}
    return {"label": label, "Label": _capital(label)} | of_value


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou8" else f"a {name}"
