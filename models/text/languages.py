"""Tells whether a text is in the expected language: by its script, and in Latin letters also by its small words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol


class Script(Protocol):
    """How a language is written, such as a `schemas.copywriting.language.Language`. Must be hashable.

    letters, must_have: insides of regular-expression character classes, lower case. Every text of the language has one
    of the letters must_have; if that is empty, any letter is enough. least_own: the least share of the language's
    letters in the sum of its letters and the words in Latin letters.
    """

    @property
    def letters(self) -> str: ...
    @property
    def must_have(self) -> str: ...
    @property
    def least_own(self) -> float: ...
    @property
    def small_words(self) -> tuple[str, ...]: ...


CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
# Chinese, kana, Hangul: no spaces stand between words.
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
LATIN_WORD = re.compile(r"[a-z\u00df-\u00f6\u00f8-\u024f]+(?:'[a-z]+)?")
# All other alphabets: phonetic letters, kana, Hangul, Cyrillic, Greek, Arabic, Hebrew, Devanagari, Thai and so on.
# Fullwidth Latin is not included.
OTHER = re.compile(
    r"[\u0250-\u02af\u0370-\u03ff\u0400-\u058f\u0590-\u08ff\u0900-\u1cff\u1d00-\u1dbf\u1e00-\u1eff\u1f00-\u1fff\u2c00-\u2dff\u2e80-\u2eff"
    r"\u3040-\u312f\u3130-\u318f\u31a0-\u31ff\ua000-\uabff\uac00-\ud7af\ufb00-\ufdff\ufe70-\ufeff"
    r"\U00010000-\U0001efff\U00020000-\U0003ffff]"
)
# Small words of languages in Latin letters. A text that has more of these than small words of its own language is in
# another language.
_ENGLISH = (
    "the a an and or of in on at to for from with by is are it this that your you as its has have be our we into out "
    "up made all so not no just while"
)
_OTHERS = (
    "el los las una unos del por para con que es su más muy este esta como y pero le les des une est avec pour dans "
    "sur ce cette vous votre et du au aux der die das und mit für ist ein eine den dem von zu auf im nicht wir ihr il "
    "lo gli di che per sono è nel della questo questa do da em não uma os seu sua het een van voor met och är att det "
    "som jest na się nie och på ja bu ve bir için là"
)
ENGLISH, OTHERS = frozenset(_ENGLISH.split(" ")), frozenset(_OTHERS.split(" "))
MOST_FOREIGN = 0.1  # largest share of Chinese characters in a text in Latin letters: it may hold a name


@lru_cache(maxsize=64)
def _letter_pattern(letters: str) -> re.Pattern[str]:
    return re.compile(f"[{letters}]")


def is_latin(script: Script) -> bool:
    return _letter_pattern(script.letters).match("a") is not None


def is_written(text: str, script: Script) -> bool:
    """Whether a text of the catalogue can be in the language, by its letters alone.

    If the language has Latin letters: the text has no Chinese character and no letter of another script. Otherwise: the
    text has letters of the language, and all its other letters are Latin or Chinese. `must_have` is not checked here: a
    Japanese text may have no kana, so a text in Chinese characters alone can be in both languages.
    """
    folded = text.lower()
    if strange_letter(folded, script):
        return False
    return not CJK.search(folded) if is_latin(script) else _letter_pattern(script.letters).search(folded) is not None


def has_must(text: str, script: Script) -> bool:
    """Whether the text has one of the letters `must_have` of the language; True if the language has none."""
    return not script.must_have or _letter_pattern(script.must_have).search(text.lower()) is not None


def in_letters(texts: Iterable[str], script: Script) -> str | None:
    """The first text that can be in the language; if there is none, the first text; None if there are no texts."""
    texts = tuple(texts)
    return next((text for text in texts if is_written(text, script)), next(iter(texts), None))


def strange_letter(folded: str, *scripts: Script) -> str | None:
    """The first letter that is not Latin, not Chinese and in none of the languages; None if there is no such letter."""
    alphabets = [_letter_pattern(script.letters) for script in scripts]
    return next((c[0] for c in OTHER.finditer(folded) if not any(alphabet.match(c[0]) for alphabet in alphabets)), None)


def wrong_language(folded: str, script: Script) -> str | None:
    """Why the text is not in the language; None if it is.

    A text in Latin letters may hold a Chinese name. A text in another script may hold Latin words.
    """
    if letter := strange_letter(folded, script):
        return f"a letter of another script: {letter}"
    words = LATIN_WORD.findall(folded)
    if is_latin(script):
        chinese = len(CJK.findall(folded))
        if chinese > MOST_FOREIGN * (chinese + len(words)):
            return f"{chinese} Chinese characters beside {len(words)} Latin words"
        return foreign_words(words, script)
    own_letters = len(_letter_pattern(script.letters).findall(folded))
    if (own_letters == 0 and words) or own_letters < script.least_own * (own_letters + len(words)):
        return f"{own_letters} characters of the language beside {len(words)} Latin words"
    if own_letters and not has_must(folded, script):
        return f"{own_letters} characters and none of {script.must_have}, which every text of the language has"
    return None


def foreign_words(words: list[str], *scripts: Script) -> str | None:
    """The small words that show that a text in Latin letters is in none of the languages; None if they do not show it.

    If no language is given, English is allowed: nearly every catalogue has English words.
    """
    own_words = {word for script in scripts for word in script.small_words} or ENGLISH
    foreign = [word for word in words if word not in own_words and (word in OTHERS or word in ENGLISH)]
    if len(set(foreign)) >= 2 and len(foreign) > sum(word in own_words for word in words):
        return f"small words of another language: {', '.join(sorted(set(foreign))[:4])}"
    return None
