"""Reads figures as people write them: digits of any script, Chinese numerals, English words; folds text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

_DIGITS = ("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
CHINESE_DIGITS = {c: n for n, group in enumerate(_DIGITS) for c in group}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_TEENS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TIES = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: n for n, word in enumerate(_TEENS.split(" "))}
_WORDS |= {word: 10 * n for n, word in enumerate(_TIES.split(" "), 2)}
_WORDS["dozen"] = 12
_POWERS = {"hundred": 100, "thousand": 1000, "million": 10**6}

ZH = "[" + "".join(CHINESE_DIGITS) + "".join(_TENS) + "".join(_MYRIADS) + "]"
_UNITS = f"(?:{'|'.join(_TEENS.split(' ')[:10])})"
_WORD = "(?:" + "|".join(sorted((*_WORDS, *_POWERS), key=len, reverse=True)) + ")"
_AND = "(?:(?<=hundred)|(?<=thousand)|(?<=million)) and "
_FIGURES = (
    r"(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    rf"|(?P<zh>{ZH}+(?:点{ZH}+)?)"
    rf"|(?<![a-z])(?P<words>(?:an? (?=hundred|thousand|million|dozen))?{_WORD}(?:(?:{_AND}|[ -]){_WORD})*"
    rf"(?:(?<!at one) point(?: {_UNITS})+)?)(?![a-z])"
    r"|(?P<odd>[\u00bc-\u00be\u2150-\u218b\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3220-\u3229\u3280-\u3289])"
)


def number_pattern(other_words: Iterable[str] = ()) -> re.Pattern[str]:
    """Matches figures, Chinese numerals, English number words, and the lower-case number words `other_words`."""
    words = "|".join(map(re.escape, sorted(other_words, key=len, reverse=True))) or "(?!)"
    return re.compile(rf"{_FIGURES}|(?<!\w)(?P<more>{words})(?!\w)")


NUMBER = number_pattern()


class _Folding(dict[int, str]):
    """One character -> one character, so that positions in a text stay the same. Computed at first use."""

    def __init__(self, lower: bool) -> None:
        super().__init__()
        self.lower = lower

    def __missing__(self, code: int) -> str:
        c = chr(code)
        category = unicodedata.category(c)
        if category == "Nd":
            c = str(unicodedata.decimal(c))
        elif category == "Zs" or c in "\t\n\r":
            c = " "
        elif category == "Pd" or c == "\u2212":
            c = "-"
        elif c in "\u2018\u2019\u02bc\uff07`":
            c = "'"
        elif category != "No" and len(plain := unicodedata.normalize("NFKC", c)) == 1:
            c = plain
        if self.lower and len(lowered := c.lower()) == 1:
            c = lowered
        self[code] = c
        return c


_CASED, _LOWER = _Folding(lower=False), _Folding(lower=True)


def fold(text: str, *, lower: bool = True) -> str:
    """The text with each variant of a digit, dash, quote, space or letter replaced by the plain one; same length."""
    return text.translate(_LOWER if lower else _CASED)


def value_of(match: re.Match[str], other_words: Mapping[str, float] | None = None) -> float:
    """The value of a match of a `number_pattern`. Chinese numerals in no usual order are added up: 十百 is 110.

    other_words: the values of the words that were given to `number_pattern`.
    """
    if other_words and match["more"]:
        return other_words[match["more"]]
    if match["digits"]:
        return float(match["digits"].replace(",", ""))
    if match["zh"]:
        return chinese_number(match["zh"])
    if match["words"]:
        return _english(match["words"])
    return unicodedata.numeric(match["odd"])


def with_digits(folded: str) -> str:
    """The folded text with each number that is written in words or Chinese numerals in digits: 三条装 -> 3条装."""
    return NUMBER.sub(lambda match: f"{value_of(match):g}", folded)


def chinese_number(text: str) -> float:
    """一百二十 -> 120, 八五 -> 85, 三点五 -> 3.5, 一百二 -> 120, and 12.5 -> 12.5."""
    if text[:1].isdecimal():
        return float(text)
    integer, _, fraction = text.partition("点")
    decimals = "".join(str(CHINESE_DIGITS[c]) for c in fraction if c in CHINESE_DIGITS)
    if integer and all(c in CHINESE_DIGITS for c in integer):
        return float("".join(str(CHINESE_DIGITS[c]) for c in integer) + ("." + decimals if decimals else ""))
    total, section, digit, last = 0, 0, 0, 1
    for c in integer:
        if c in CHINESE_DIGITS:
            digit = CHINESE_DIGITS[c]
            last = 1 if digit == 0 else last
        elif c in _TENS:
            section += (digit or 1) * _TENS[c]
            digit, last = 0, _TENS[c]
        else:
            total = (total + section + digit) * _MYRIADS[c] or _MYRIADS[c]
            section, digit, last = 0, 0, _MYRIADS[c]
    if digit and last >= 100 and integer[-2] not in "零〇":
        digit *= last // 10  # 一百二 is short for 120
    return float(total + section + digit) + (float("0." + decimals) if decimals else 0.0)


def _english(text: str) -> float:
    """two hundred and five -> 205, two point four -> 2.4, twelve ninety -> 12.9."""
    text, _, decimals = text.partition(" point ")
    if decimals:
        return float(f"{_english(text):.0f}." + "".join(str(_WORDS[word]) for word in decimals.split(" ")))
    words = re.split(r"[ -]", text)
    total, section = 0, 0
    for place, word in enumerate(words):
        if _WORDS.get(word, 0) >= 10 and word != "dozen" and section % 100:
            return total + section + _english(" ".join(words[place:])) / 100  # a price: pounds and pence
        if word == "dozen":
            section = (section or 1) * _WORDS[word]
        elif word in _WORDS:
            section += _WORDS[word]
        elif word == "hundred":
            section = (section or 1) * 100
        elif word in _POWERS:
            total, section = total + (section or 1) * _POWERS[word], 0
    return float(total + section)
