"""Slots in place of an item's values: a text is learned and written with `<its_colour>`, and filled with 'navy' later.

A network that learns a thousand texts learns how a shop speaks of a colour, but hardly to say the colour that it is
told (delexicalisation, Wen et al. 2015). Filled in afterwards, a value is right wherever its slot stands.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from models.copywriting.prompts import Prompt, masked, units_of

KIND = "kind"
_SLOT = re.compile(r"<its_[a-z_]+>")
_ARTICLE_AND_SLOT = re.compile(rf"(?:\b([Aa])n? )?({_SLOT.pattern})")
_BEGINS = re.compile(r"(?:^|[.!?…]\s+)$")
_FRAME = 5  # units before or behind a slot that are compared, at most
_BEGIN, _END = "<begin>", "<end>"
_SENTENCE = re.compile(r"(?<=[.!?。！？])")
_VOWEL = re.compile(r"(?!uni|use|usu|eu|one\b)[aeiou]|8|11\b|18\b|hour|honest", re.I)


def slot_of(name: str) -> str:
    """`<its_colour>`; empty for a name without Latin letters."""
    word = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")
    return f"<its_{word}>" if word else ""


def is_value_slot(word: str) -> bool:
    return _SLOT.fullmatch(word) is not None


def values_by_slot(prompt: Prompt) -> dict[str, str]:
    """Slot -> the item's value; if a name has several values, the first."""
    values: dict[str, str] = {}
    for name, value in prompt.attributes:
        if value and (slot := slot_of(name)):
            values.setdefault(slot, value)
    return values


def slotted_prompt(prompt: Prompt) -> Prompt:
    """The prompt with slots for its values. The kind stays, as a name: a text about boots is not one about a mug."""
    values = values_by_slot(prompt)
    attributes = tuple(
        (f"{KIND} {value}" if name == KIND else name, slot if values.get(slot := slot_of(name)) == value else value)
        for name, value in prompt.attributes
    )
    return dataclasses.replace(prompt, attributes=attributes)


def slotted(prompt: Prompt, text: str) -> tuple[Prompt, str]:
    """The pair with slots, figures masked; an English article before a slot is 'a', which `filled` puts right."""
    text = masked(text)
    for slot, value in sorted(values_by_slot(prompt).items(), key=lambda pair: -len(pair[1])):
        text = _word(masked(value)).sub(slot, text)
    return slotted_prompt(prompt), _ARTICLE_AND_SLOT.sub(lambda match: _with_article(match[1], match[2]), text)


def filled(prompt: Prompt, text: str) -> str:
    """The text with the values of `prompt`, the one without slots; a value that begins a sentence gets a capital."""
    values = values_by_slot(prompt)

    def value_of(match: re.Match[str]) -> str:
        article, value = match[1] or "", values.get(match[2], match[2])
        if article:
            return f"{article}n {value}" if _VOWEL.match(value) else f"{article} {value}"
        return value[:1].upper() + value[1:] if _BEGINS.search(text[: match.start()]) else value

    return _ARTICLE_AND_SLOT.sub(value_of, text)


def _with_article(article: str | None, slot: str) -> str:
    return f"{article} {slot}" if article else slot


def _word(value: str) -> re.Pattern[str]:
    pattern = re.escape(value)
    return re.compile(rf"(?<![^\W\d_]){pattern}(?![^\W\d_])" if value.isascii() else pattern, re.I)


class SlotFrames:
    """Which slots stood behind and before which words: 'the look is' is said of a style, never of a size.

    A network may put a slot where another one belongs. Filled in, the text would state a true value of the wrong
    thing, which no check of values alone can find.
    """

    def __init__(self, texts: Iterable[str], language: str) -> None:
        """texts: what was learned, with slots."""
        self._language = language
        self._slots: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for text in texts:
            for sentence in _SENTENCE.split(text):
                for slot, *frames in self._framed(sentence):
                    for frame in frames:
                        for n in range(1, len(frame) + 1):
                            self._slots[frame[:n]].add(slot)

    def kept(self, text: str) -> str:
        """The text without the sentences in which a slot stands where only other slots were learned."""
        return "".join(filter(self._fits, _SENTENCE.split(text))).strip()

    def _fits(self, sentence: str) -> bool:
        """Whether each slot fits: on either side, the longest run of words that was learned was learned with it."""
        for slot, *frames in self._framed(sentence):
            for frame in frames:
                known = [self._slots[frame[:n]] for n in range(1, len(frame) + 1) if frame[:n] in self._slots]
                if len(known) > 1 and slot not in known[-1]:
                    return False
        return True

    def _framed(self, sentence: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        """(slot, frame before it, frame behind it). A frame: the name of its side, then units, nearest first."""
        units = [_BEGIN]
        for part in re.split(f"({_SLOT.pattern})", sentence):
            units += [part] if is_value_slot(part) else units_of(part, self._language)
        units.append(_END)
        for index, unit in enumerate(units):
            if is_value_slot(unit):
                before, behind = units[max(index - _FRAME, 0) : index][::-1], units[index + 1 :][:_FRAME]
                yield unit, ("before", *before), ("behind", *behind)
