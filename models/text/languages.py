"""Tells whether a text is in the language it should be in: by its script, and Latin script by its small words."""

from __future__ import annotations

import re

CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
LATIN_WORD = re.compile(r"[a-z\u00c0-\u024f]+(?:'[a-z]+)?")
# All other alphabets: phonetic letters, kana, Hangul, Cyrillic, Greek, Arabic, Hebrew, Devanagari, Thai and so on; not
# fullwidth Latin.
OTHER = re.compile(
    r"[\u0250-\u02af\u0370-\u03ff\u0400-\u058f\u0590-\u08ff\u0900-\u1cff\u1d00-\u1dbf\u1e00-\u1eff\u1f00-\u1fff\u2c00-\u2dff\u2e80-\u2eff"
    r"\u3040-\u312f\u3130-\u318f\u31a0-\u31ff\ua000-\uabff\uac00-\ud7af\ufb00-\ufdff\ufe70-\ufeff"
    r"\U00010000-\U0001efff\U00020000-\U0003ffff]"
)
_SMALL_ENGLISH = (
    "the a an and or of in on at to for from with by is are it this that your you as its has have be our we into out "
    "up made all so not no just while"
)
_SMALL_FOREIGN = (
    "el los las una unos del por para con que es su más muy este esta como y pero le les des une est avec pour dans "
    "sur ce cette vous votre et du au aux der die das und mit für ist ein eine den dem von zu auf im nicht wir ihr il "
    "lo gli di che per sono è nel della questo questa do da em não uma os seu sua het een van voor met och är att det "
    "som jest na się nie och på ja bu ve bir için là"
)
ENGLISH, FOREIGN = frozenset(_SMALL_ENGLISH.split(" ")), frozenset(_SMALL_FOREIGN.split(" "))
MOST_FOREIGN = 0.1  # largest share of Chinese characters in an English text: it may hold a name
LEAST_CHINESE = 0.5  # smallest share of Chinese characters among characters and Latin words of a Chinese text


def wrong_language(folded: str, language: str | None) -> str | None:
    """Why the text is not in `language` ("zh" or "en"; None: either of them); None if it is.

    A letter of any other script is wrong in both.
    """
    other_script = OTHER.search(folded)
    if other_script:
        return f"a letter of another script: {other_script[0]}"
    chinese, words = len(CJK.findall(folded)), LATIN_WORD.findall(folded)
    if language == "zh" and ((chinese == 0 and words) or chinese < LEAST_CHINESE * (chinese + len(words))):
        return f"{chinese} Chinese characters beside {len(words)} Latin words"
    if language == "en" and chinese > MOST_FOREIGN * (chinese + len(words)):
        return f"{chinese} Chinese characters beside {len(words)} Latin words"
    foreign = [word for word in words if word in FOREIGN]
    english = [word for word in words if word in ENGLISH]
    if len(set(foreign)) >= 2 and language != "zh" and len(foreign) > len(english):
        return f"small words of another language: {', '.join(sorted(set(foreign))[:4])}"
    return None
