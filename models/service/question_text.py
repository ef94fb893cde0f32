"""What is known of a question before any model reads it: its language, and the questions that it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.text.languages import LATIN_WORD, OTHER, Script, foreign_words, is_latin

_PARTS = re.compile(r"[?？]+")
_PLACEHOLDER = re.compile(r"\[[a-z]+\]")


def language_of(text: str, languages: Mapping[str, Script]) -> str | None:
    """The name of the language that most of the text is in; None where it is in none of them, or has no words.

    A word in Latin letters counts as two characters of another script, so that a Chinese question may hold a brand.
    """
    folded = _PLACEHOLDER.sub(" ", text.lower())
    words = LATIN_WORD.findall(folded)
    scores = {}
    for name, script in languages.items():
        if is_latin(script):
            scores[name] = 0 if foreign_words(words, script) else 2 * len(words)
        else:
            scores[name] = len(re.findall(f"[{script.letters}]", folded))
    best = max(scores, key=lambda name: scores[name], default=None)
    unknown = sum(c.isalpha() for c in OTHER.findall(folded))  # OTHER has emoji too, which belong to no language
    return best if best and scores[best] > unknown else None


def has_words(text: str) -> bool:
    return re.search(r"[^\W\d_]", _PLACEHOLDER.sub(" ", text)) is not None


def parts_of(text: str) -> list[str]:
    """The questions that a text holds, split at question marks; [] where there are not two of them.

    The last may lack its mark: "is it red? and the price" holds two.
    """
    parts = [part.strip() for part in _PARTS.split(text)]
    questions = [part for part in parts if len(re.findall(r"\w", part)) >= 2]
    return questions if len(questions) > 1 else []
