"""Prompts and candidates of a copywriter; text helpers: figures become slots, texts are cut into clauses and units.

A unit is what n-grams are made of: a character of Chinese, a word or punctuation mark of English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

LANGUAGES = ("zh", "en")
NETWORK, COMPOSER = "network", "composer"  # the two writers of candidates
SLOTS = ("<price>", "<discount>", "<number>")
SLOT = re.compile(r"<[a-z_]+>")
_FIGURE = r"\d[\d.,]*"
_MASKS = (
    (re.compile(rf"[¥￥$€£]\s?{_FIGURE}|{_FIGURE}\s?(?:元|块钱|rmb|usd|eur|dollars?\b)", re.I), SLOTS[0]),
    (re.compile(rf"{_FIGURE}\s?(?:%|％|percent\b|折)", re.I), SLOTS[1]),
    (re.compile(_FIGURE), SLOTS[2]),
)
# What a crawl left in place of a word or a brand; a clause that has one is not used.
PLACEHOLDER = re.compile(r"<UNK>|\bBRAND\b|\[[A-Z]+\]|BRAND")
_CLAUSES = {
    "zh": re.compile(r"[^，。！？；：,!?;:～~…]+[，。！？；：,!?;:～~…”」』）)]*"),
    "en": re.compile(r".+?(?:[.!?;](?=\s|$)|$)\s*", re.S),
}
_UNITS = {"zh": re.compile(r"<[a-z_]+>|[A-Za-z]+|\S"), "en": re.compile(r"<[a-z_]+>|[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]")}


@dataclass(frozen=True)
class Prompt:
    """One brief. attributes: (name, value) in the text's language, in any order; strategy, style, channel: words."""

    language: str
    strategy: str = ""
    style: str = ""
    channel: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    length: int = field(default=0, repr=False)  # units that the text should have; 0: what is usual on its channel
    # Words that claim what the item's facts do not support, in lower case: the text may not say them.
    banned: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {self.language!r}")

    @property
    def values(self) -> tuple[str, ...]:
        """The attributes' values, each once, in their order."""
        return tuple(dict.fromkeys(value for _, value in self.attributes if value))


@dataclass(frozen=True)
class Candidate:
    """A text, its mean log-probability per token by the network (nats), and who wrote it: NETWORK or COMPOSER."""

    text: str
    logprob: float
    writer: str


def has_digit(text: str) -> bool:
    """Whether the text has a figure of any script, also ① or ½; 一 and 二 are words."""
    return any(unicodedata.category(letter) in ("Nd", "Nl", "No") for letter in text)


def masked(text: str) -> str:
    """The text with `<price>`, `<discount>` or `<number>` in place of its figures, also of ５ and ٥."""
    text = "".join(str(unicodedata.decimal(letter, letter)) for letter in text) if has_digit(text) else text
    for figure, slot in _MASKS:
        text = figure.sub(slot, text)
    return "".join(letter for letter in text if not has_digit(letter))


def clauses_of(text: str, language: str) -> list[str]:
    """The text cut after its punctuation: clauses of Chinese, sentences of English. Joined, they are the text."""
    return [part for part in _CLAUSES[language].findall(text) if part.strip()]


def without_placeholders(text: str, language: str) -> str:
    """The text without the clauses that have a crawl's placeholder."""
    return "".join(clause for clause in clauses_of(text, language) if not PLACEHOLDER.search(clause))


def units_of(text: str, language: str) -> list[str]:
    return _UNITS[language].findall(text.lower())


def may_say(text: str, prompt: Prompt) -> bool:
    """False for a text with a digit, or with a slot that is not among the prompt's values: nobody would fill it."""
    slots = set(SLOT.findall(text))
    return not has_digit(text) and slots <= set(prompt.values)


class Values:
    """The attribute values of a shop, and where texts name them."""

    def __init__(self, values: Iterable[str]) -> None:
        self.known = {value.lower() for value in values if value.strip()}
        longest_first = sorted(self.known, key=lambda value: (-len(value), value))
        # a Latin word counts as a whole word only: "red" is not in "tired"; Chinese has no such edges
        parts = [rf"(?<![a-z]){re.escape(v)}(?![a-z])" if v[0].isascii() else re.escape(v) for v in longest_first]
        self.pattern = re.compile("|".join(parts)) if parts else re.compile(r"(?!)")

    def said(self, text: str) -> list[str]:
        """The values that the text names, with repetition; if several begin at one place, the longest."""
        return self.pattern.findall(text.lower())

    def foreign(self, text: str, values: Sequence[str]) -> list[str]:
        """The values that the text names and that are neither one of `values` nor a part of one."""
        lowered = [value.lower() for value in values]
        return [named for named in self.said(text) if not any(named in value for value in lowered)]
