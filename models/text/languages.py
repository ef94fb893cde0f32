"""Tells whether a text is in the language it should be in: by its script, and Latin script by its small words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol


class Script(Protocol):
    """How a language is written, such as a `schemas.copywriting.language.Language`. Must be hashable.

    letters, must_have: insides of character classes of lower-case text. must_have: every text has one of these letters;
    empty: any letters do. least_own: the least share of own letters among these and words in Latin letters.
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
LATIN_WORD = re.compile(r"[a-z\u00df-\u00f6\u00f8-\u024f]+(?:'[a-z]+)?")
# All other alphabets: phonetic letters, kana, Hangul, Cyrillic, Greek, Arabic, Hebrew, Devanagari, Thai and so on; not
# fullwidth Latin.
OTHER = re.compile(
    r"[\u0250-\u02af\u0370-\u03ff\u0400-\u058f\u0590-\u08ff\u0900-\u1cff\u1d00-\u1dbf\u1e00-\u1eff\u1f00-\u1fff\u2c00-\u2dff\u2e80-\u2eff"
    r"\u3040-\u312f\u3130-\u318f\u31a0-\u31ff\ua000-\uabff\uac00-\ud7af\ufb00-\ufdff\ufe70-\ufeff"
    r"\U00010000-\U0001efff\U00020000-\U0003ffff]"
)
# Small words of languages in Latin letters. A text with more of these than of its own language's is in another one.
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
def _own(letters: str) -> re.Pattern[str]:
    return re.compile(f"[{letters}]")


def is_latin(script: Script) -> bool:
    return _own(script.letters).match("a") is not None


def is_written(text: str, script: Script) -> bool:
    """Whether a text of the catalogue can be one of the language, by its letters alone.

    In Latin letters: it has no Chinese and no letter of another script. Else: it has the language's letters, and no
    other but Latin ones. A language whose texts need not have its most telling letters (kana) shares what has none.
    """
    folded = text.lower()
    if strange_letter(folded, script):
        return False
    return not CJK.search(folded) if is_latin(script) else _own(script.letters).search(folded) is not None


def has_must(text: str, script: Script) -> bool:
    """Whether the text has one of the letters of which every text of the language has one."""
    return not script.must_have or _own(script.must_have).search(text.lower()) is not None


def in_letters(texts: Iterable[str], script: Script) -> str | None:
    """The first text that can be of the language; if there is none, the first text."""
    texts = tuple(texts)
    return next((text for text in texts if is_written(text, script)), next(iter(texts), None))


def strange_letter(folded: str, *scripts: Script) -> str | None:
    """The first letter that is neither Latin nor Chinese and that none of the languages has; None if there is none."""
    own = [_own(script.letters) for script in scripts]
    return next((c[0] for c in OTHER.finditer(folded) if not any(letters.match(c[0]) for letters in own)), None)


def wrong_language(folded: str, script: Script) -> str | None:
    """Why the text is not in the language; None if it is.

    A text in Latin letters may hold a Chinese name, and another one may hold Latin words.
    """
    if other := strange_letter(folded, script):
        return f"a letter of another script: {other}"
    words = LATIN_WORD.findall(folded)
    if is_latin(script):
        chinese = len(CJK.findall(folded))
        if chinese > MOST_FOREIGN * (chinese + len(words)):
            return f"{chinese} Chinese characters beside {len(words)} Latin words"
        return foreign_words(words, script)
    own = len(_own(script.letters).findall(folded))
    if (own == 0 and words) or own < script.least_own * (own + len(words)):
        return f"{own} characters of the language beside {len(words)} Latin words"
    if own and not has_must(folded, script):
        return f"{own} characters and none of {script.must_have}, which every text of the language has"
    return None


def foreign_words(words: list[str], *scripts: Script) -> str | None:
    """Which small words show that a text in Latin letters is in none of the languages; None if they do not show it.

    Where no language is named, English is allowed: nearly every catalogue has English words.
    """
    own = {word for script in scripts for word in script.small_words} or ENGLISH
    foreign = [word for word in words if word not in own and (word in OTHERS or word in ENGLISH)]
    if len(set(foreign)) >= 2 and len(foreign) > sum(word in own for word in words):
        return f"small words of another language: {', '.join(sorted(set(foreign))[:4])}"
    return None
