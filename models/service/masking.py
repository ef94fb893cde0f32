"""Finds personal data in what customers write, and replaces it by a word in square brackets.

E-mail addresses, telephone numbers (`phonenumbers`), cards (Luhn), Chinese resident ids (GB 11643 checksum), other long
numbers, accounts of messengers, street addresses, and names that the text introduces, greets or signs
with. It masks too much rather than too little: any run of seven digits or more is masked.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import phonenumbers

from models.service.letter_patterns import INTRODUCED, SIGNED, STREETS

_CJK = r"\u3400-\u4dbf\u4e00-\u9fff"
_LATER = rf"(?:(?![{_CJK}])[\w.+%'-])"  # a character of a name before the @ that is not Chinese
_AT = r"\s?(?:[(\[{<]\s?(?:@|at)\s?[)\]}>]|@|\sat\s)\s?"
_DOT = r"(?:\s?[(\[{<]\s?(?:\.|dot)\s?[)\]}>]\s?|\sdot\s|\s\.\s?|\.(?:\s(?=(?:com|cn|net|org|co|edu)\b))?)"
_LABEL = rf"(?:(?:(?![{_CJK}])[\w-])+|[{_CJK}]+)"
# Chinese words beside an address belong to the question: they stay unless the name itself ends in Chinese.
_EMAIL = re.compile(
    rf"(?:(?<!{_LATER}){_LATER}+|(?<![\w.+-])[\w.+-]*[{_CJK}]){_AT}"
    rf"(?:{_LABEL}{_DOT})+(?:(?:(?![{_CJK}])[^\W\d_]){{2,}}|[{_CJK}]{{2,3}})",
    re.I,
)
_DIGITS = re.compile(r"(?<![\w])\d(?:[ .\-–/]?[\dXx])*(?![A-Za-z])|\d(?:[ .\-–]?\d){5,}[Xx]?")
# Seven digits or more, with anything between them except letters, ends of sentences and signs of prices.
_LONG = re.compile(
    r"(?P<date>(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?!\d))"
    r"|(?P<time>(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?!:?\d))"
    r"|\d(?:(?:[^\w¥$€£%?!;。&]|_){0,3}\d){6,}[Xx]?"
)
_MESSENGER = r"(?<![a-z])(?:微信|威信|薇信|wechat|weixin|whatsapp|telegram|line|qq|vx)"
_ACCOUNT = re.compile(
    rf"({_MESSENGER}\s*(?:(?:账号|号|群|id\b)\s*(?:是|[:：=]|is\b)?|是|[:：=]|(?<!line)\sis\b)\s*)([a-z0-9_-]{{5,}})"
    rf"|({_MESSENGER}\s*)((?=[a-z_-]*[\d_])[a-z0-9_-]{{5,}})",  # "WeChat payment" names no account
    re.I,
)
_OTHER_STREETS = (
    re.compile(
        r"\b\d{1,5}[A-Za-z]?,? (?:(?!(?:the|an?|is|are|on|in|of|its|my|your|their|this|that|days?|weeks?|hours?|items?|"
        r"by|for|and|to|from|any|ago|other|only|more|or|it|at)\b)[A-Z][\w'.]* ){1,4}"
        r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|square|place|way|terrace|parkway|"
        r"pkwy|crescent|highway|hwy)\b\.?(?:,? (?:apt|flat|unit|suite)\.? ?\w+)?",
        re.I,
    ),
    re.compile(
        r"(?:[\u4e00-\u9fff]{2,8}?(?:省|自治区))?(?:[\u4e00-\u9fff]{2,8}?市)?(?:[\u4e00-\u9fff]{1,8}?[区县])?"
        r"[\u4e00-\u9fff]{1,10}?(?:路|街|大道|巷|弄|胡同|村)\s?[\d一二三四五六七八九十百]+\s?[号弄]"
        r"(?:[\u4e00-\u9fff\d-]{0,12}?(?:室|楼|单元|栋|号))*"
    ),
)
_HOUSE = re.compile(r"\d[A-Z]?,? [A-Z]|(?:路|街|道|巷|弄|胡同|村)\s?[\d一二三四五六七八九十百]+\s?[号弄]", re.I)
_DIGIT = re.compile(r"\d")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHINESE_DIGITS = "零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_SPOKEN = str.maketrans(_CHINESE_DIGITS, "0012345678912123456789")
_SPOKEN_RUN = re.compile(rf"[{_CHINESE_DIGITS}\d](?:[ \-,.、·]{{0,2}}[{_CHINESE_DIGITS}\d]){{6,}}")
_ENGLISH_RUN = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)\b[\s,.-]*){7,}(?<!\W)", re.I
)
# Invisible characters, beside those of the categories Cc, Cf and Cs: they would hide a number.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_LARGEST_STEP = 10  # between the sizes of a list such as 80, 85, 90


class Masked(NamedTuple):
    """The text with words such as [phone] in place of personal data, and how many of each kind there were."""

    text: str
    counts: Mapping[str, int]


def mask(text: str, regions: Iterable[str] = ()) -> Masked:
    """The text without personal data. regions: ISO codes of the countries whose telephone numbers need no +code.

    The text comes back in Unicode's NFKC form, so that full-width digits and letters count as ordinary ones.
    """
    counts: Counter[str] = Counter()
    text = plain(text)
    text = _replaced(text, _EMAIL, "email", counts)
    if _DIGIT.search(text):
        for street in STREETS:
            text = _replaced(text, street, "address", counts)
    if _HOUSE.search(text):  # the patterns of streets take long, and few texts have a number that may be a house number
        for street in _OTHER_STREETS:
            text = _replaced(text, street, "address", counts)
    text = _replaced_after_head(text, _ACCOUNT, "account", counts)
    for name in (*INTRODUCED, *SIGNED):
        text = _replaced_after_head(text, name, "name", counts)
    text = _ENGLISH_RUN.sub(lambda _: _count(counts, "number"), text)
    if len(re.findall(rf"[{_CHINESE_DIGITS}\d]", text)) < 6:
        return Masked(text, counts)
    text = _SPOKEN_RUN.sub(lambda match: match[0].translate(_SPOKEN), text)
    text = _numbers(text, counts)
    text = _phones(text, tuple(regions), counts)
    text = _others(text, tuple(regions), counts)
    return Masked(text, counts)


def is_card(digits: str) -> bool:
    """Whether 13 to 19 digits have the check digit of ISO/IEC 7812 (Luhn)."""
    if not 13 <= len(digits) <= 19 or not digits.isdigit() or len(set(digits)) == 1:
        return False
    doubled = [int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def is_resident_id(text: str) -> bool:
    """Whether 18 characters are a Chinese resident id: a date of birth, and the check character of GB 11643."""
    if not re.fullmatch(r"\d{17}[\dXx]", text) or not re.match(r"\d{6}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])", text):
        return False
    total = sum(int(c) * weight for c, weight in zip(text, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def plain(text: str) -> str:
    """The text in NFKC, without invisible characters, and without marks on what is no letter (1 in a key cap)."""
    characters: list[str] = []
    for c in _UNSEEN.sub("", unicodedata.normalize("NFKC", text)):
        category = unicodedata.category(c)
        is_mark = (
            category in ("Mn", "Me") and bool(characters) and not characters[-1].isalpha() and characters[-1].isascii()
        )
        if c in "\n\t" or not (is_mark or category in ("Cc", "Cf", "Cs")):
            characters.append(c)
    return "".join(characters)


def _numbers(text: str, counts: Counter[str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        if match.string[: match.start()].endswith("+"):  # a telephone number may have a card's check digit
            return match[0]
        digits = re.sub(r"[^\dXx]", "", match[0])
        if is_resident_id(digits) or re.fullmatch(r"\d{3}-\d\d-\d{4}", match[0]):
            return _count(counts, "id")
        return _count(counts, "card") if is_card(digits) else match[0]

    return _DIGITS.sub(replacement, text)


def _others(text: str, regions: tuple[str, ...], counts: Counter[str]) -> str:
    """The text without numbers whose digits have other characters between them than `_numbers` and `_phones` accept."""

    def replacement(match: re.Match[str]) -> str:
        if match["date"] or match["time"] or _is_list(re.findall(r"\d+", match[0])):
            return match[0]
        digits = re.sub(r"[^\dXx]", "", match[0])
        if is_resident_id(digits):
            return _count(counts, "id")
        if any(_matches(digits, region) for region in regions):
            return _count(counts, "phone")
        return _count(counts, "card" if is_card(digits) else "number")

    return _LONG.sub(replacement, text)


def _is_list(numbers: list[str]) -> bool:
    """Whether they are sizes such as 36, 37, 38: short, and each the same small step above the one before."""
    if len(numbers) < 3 or max(map(len, numbers)) > 3:
        return False
    steps = {int(following) - int(number) for number, following in itertools.pairwise(numbers)}
    return len(steps) == 1 and 0 < min(steps) <= _LARGEST_STEP


def _phones(text: str, regions: tuple[str, ...], counts: Counter[str]) -> str:
    for region in (*regions, None):
        places = [(match.start, match.end) for match in _matches(text, region)]
        for start, end in reversed(places):
            text = text[:start] + _count(counts, "phone") + text[end:]
    return text


def _matches(text: str, region: str | None) -> list[phonenumbers.PhoneNumberMatch]:
    return list(phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID))


def _replaced(text: str, pattern: re.Pattern[str], kind: str, counts: Counter[str]) -> str:
    return pattern.sub(lambda _: _count(counts, kind), text)


def _replaced_after_head(text: str, pattern: re.Pattern[str], kind: str, counts: Counter[str]) -> str:
    """Replaces what follows the first group that matched, the words that introduce the personal data."""

    def replacement(match: re.Match[str]) -> str:
        return next(head for head in match.groups() if head is not None) + _count(counts, kind)

    return pattern.sub(replacement, text)


def _count(counts: Counter[str], kind: str) -> str:
    counts[kind] += 1
    return f"[{kind}]"
