"""Descriptions as a shop's people write them, put together from parts by hand: no two items have the same.

Each has a beginning, a sentence for each attribute in an order of its own, and mostly an end. A shop's texts are by
several hands, so some are short and to the point, others take their time, and some are in one of the shop's voices.
A part says a thing in several ways, `[one|another|]`, so that two texts seldom share more than a few words.
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
# (shares of texts with a beginning, with an end) of each hand: terse, plain, at leisure.
_HANDS = ((0.35, 0.1), (1.0, 0.4), (1.0, 1.0))
_VOICED = 0.6  # share of texts that are in a voice, each as often as another; the others are plain
_LABELLED = 0.7  # share of a voiced text's attributes that are told in the voice's own way
_CHOICE = re.compile(r"\[([^\[\]]*)\]")  # [one|another|]


class Described(NamedTuple):
    """What a description may say: the shelf, names as (English, Chinese), and the attributes' values."""

    shelf: str
    noun: Pair
    brand: Pair
    values: Mapping[str, Pair]


class Descriptions:
    """Writes one after another, and remembers all."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._said: set[str] = set()

    def write(self, item: Described) -> Pair:
        """(English, Chinese). Raises ValueError where the parts give no text that no other item has."""
        return self._new(item, self._english), self._new(item, self._chinese)

    def _new(self, item: Described, compose: Callable[[Described], str]) -> str:
        for _ in range(_TRIES):
            text = compose(item)
            if text not in self._said:
                self._said.add(text)
                return text
        raise ValueError(f"{_TRIES} texts of a {item.noun[0]} were all said of others; write more parts of its shelf")

    def _english(self, item: Described) -> str:
        forms = _forms(item.noun[0]) | {"noun": item.noun[0], "brand": item.brand[0]}
        said = []
        for part, name in self._parts(phrases_en, voices_en, item):
            text = part.format(**forms, **(_told(voices_en.LABELS[name], item.values[name][0]) if name else {}))
            said.append(text if part.startswith("{brand}") else _capital(text))
        return " ".join(said)

    def _chinese(self, item: Described) -> str:
        names = {"noun": item.noun[1], "brand": item.brand[1]}
        said = []
        for part, name in self._parts(phrases_zh, voices_zh, item):
            told = {"label": voices_zh.LABELS[name], "v": item.values[name][1]} if name else {}
            said.append(part.format(**names, **told))
        return "".join(said)

    def _parts(self, phrases: ModuleType, voices: ModuleType, item: Described) -> list[tuple[str, str]]:
        """(part, attribute that it tells or '') in the order of the text."""
        begin, end = _HANDS[self._rng.integers(len(_HANDS))]
        begins, ends = phrases.SHELVES[item.shelf]
        tells: Sequence[str] = ()
        if self._rng.random() < _VOICED:
            begins, tells, ends = voices.VOICES[self._one(list(voices.VOICES))]
            begin = 1.0
        names = [str(name) for name in self._rng.permutation(list(item.values))]
        said: set[str] = set()
        parts = [(self._new_one(begins, said) if self._rng.random() < begin else phrases.PLAIN, "")]
        for name in names:
            is_voiced = tells and self._rng.random() < _LABELLED
            parts.append((self._new_one(tells if is_voiced else phrases.ATTRIBUTES[name], said), name))
        if self._rng.random() < end:
            parts.append((self._new_one(ends, said), ""))
        return [
            (_CHOICE.sub(lambda choice: self._new_one(choice[1].split("|"), said), part), name) for part, name in parts
        ]

    def _new_one(self, ways: Sequence[str], said: set[str]) -> str:
        """One of the ways that this text has not used yet, while there is one; `said` takes it."""
        way = self._one([each for each in ways if each not in said] or ways)
        if way:
            said.add(way)
        return way

    def _one(self, parts: Sequence[str]) -> str:
        return parts[int(self._rng.integers(len(parts)))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _forms(noun: str) -> dict[str, str]:
    """The words of a part that follow the noun."""
    if noun in phrases_en.PLURAL:
        return {"it": "they", "It": "They", "them": "them", "is": "are", "s": "", "a_noun": noun, "A_noun": noun}
    one = {"a_noun": _with_article(noun), "A_noun": _capital(_with_article(noun))}
    return {"it": "it", "It": "It", "them": "it", "is": "is", "s": "s"} | one


def _told(label: str, value: str) -> dict[str, str]:
    with_article = _with_article(value)
    of_value = {"v": value, "V": _capital(value), "a_v": with_article, "A_v": _capital(with_article)}
    return {"label": label, "Label": _capital(label)} | of_value


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou8" else f"a {name}"
