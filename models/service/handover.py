"""Says, by the words in the languages' files, when a question needs a person, whatever a model thinks of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.text.languages import CJK
from models.text.numerals import fold

_BETWEEN_CHINESE = re.compile(rf"(?<={CJK.pattern})\s+(?={CJK.pattern})")
_LETTER = rf"(?:(?!{CJK.pattern})\w)"  # a word in Latin letters may stand between Chinese ones without a space


@dataclass(frozen=True)
class Handover:
    """Reasons and the words that show them, in the order in which they are checked."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]

    @classmethod
    def of(cls, files: Iterable[Mapping[str, Iterable[str]]]) -> Handover:
        """files: reason -> words, of each language. A word of Latin letters is matched as a whole word."""
        words: dict[str, list[str]] = {}
        for words_of_file in files:
            for reason, reason_words in words_of_file.items():
                words.setdefault(reason, []).extend(reason_words)
        return cls(tuple((reason, _pattern(reason_words)) for reason, reason_words in words.items()))

    def reason(self, text: str) -> str | None:
        """The first reason that the text gives; None where a model may answer."""
        folded = _BETWEEN_CHINESE.sub("", re.sub(r"\s+", " ", fold(text).lower()))
        return next((reason for reason, pattern in self.patterns if pattern.search(folded)), None)


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """A word may hold `*` for up to four characters or two words in between."""
    parts = []
    for word in words:
        text = re.escape(fold(word).lower())
        if CJK.search(word):
            parts.append(text.replace(r"\*", ".{0,4}"))
        else:
            pattern = text.replace(r"\*", r"(?:[\w ]{0,24})")
            parts.append(rf"(?<!{_LETTER}){pattern}(?!{_LETTER})")
    return re.compile("|".join(parts) or "(?!)")
