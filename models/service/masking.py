"""Finds personal data in what customers write and puts a word in square brackets in its place.

E-mail addresses, telephone numbers (`phonenumbers`), cards (Luhn), Chinese resident ids (GB 11643 checksum), other long
numbers, accounts of messengers, street addresses and names where the text says that one follows. Rather too much is
masked than too little: any run of seven digits or more is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import phonenumbers

_EMAIL = re.compile(r"[\w.+-]+\s?(?:@|\(at\)|\[at\]|\sat\s)\s?[\w-]+(?:\s?(?:\.|\(dot\)|\sdot\s)\s?[a-z]{2,})+", re.I)
_DIGITS = re.compile(r"(?<![\w])\d(?:[ .\-–/]?[\dXx])*(?![A-Za-z])|\d(?:[ .\-–]?\d){5,}[Xx]?")
_LONG = re.compile(r"\d(?:[ .\-]{0,2}\d){6,}[Xx]?")
_ACCOUNT = re.compile(
    r"((?:微信|威信|薇信|wechat|weixin|whatsapp|telegram|line|qq|vx)\s*(?:号|群|id)?\s*(?:是|[:：=]|is)?\s*)"
    r"([A-Za-z0-9_-]{5,})",
    re.I,
)
_NAME = re.compile(
    r"((?:my name is|i am called|this is|name:|我叫|我是|姓名[:：]?|收件人[:：]?)\s*)"
    r"((?-i:[A-Z][a-z]+(?: [A-Z][a-z]+){1,2})|(?:(?<=叫)|(?<=收件人))[\u4e00-\u9fff]{2,3})",
    re.I,
)
_STREETS = (
    re.compile(
        r"\b\d{1,5}[A-Za-z]?,? (?:[A-Z][\w'.]* ){1,4}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|"
        r"court|ct|square|place|way|terrace)\b\.?(?:,? (?:apt|flat|unit|suite)\.? ?\w+)?",
        re.I,
    ),
    re.compile(
        r"(?:[\u4e00-\u9fff]{2,8}?(?:省|自治区))?(?:[\u4e00-\u9fff]{2,8}?市)?(?:[\u4e00-\u9fff]{1,8}?[区县])?"
        r"[\u4e00-\u9fff]{1,10}?(?:路|街|大道|巷|弄|胡同|村)\s?[\d一二三四五六七八九十百]+\s?[号弄]"
        r"(?:[\u4e00-\u9fff\d-]{0,12}?(?:室|楼|单元|栋|号))*"
    ),
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SPOKEN = str.maketrans("零〇一二三四五六七八九", "00123456789")
_SPOKEN_RUN = re.compile(r"[零〇一二三四五六七八九\d][零〇一二三四五六七八九\d \-]{5,}[零〇一二三四五六七八九\d]")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")


class Masked(NamedTuple):
    """The text with words such as [phone] in place of personal data, and how many of each kind there were."""

    text: str
    counts: Mapping[str, int]


def mask(text: str, regions: Iterable[str] = ()) -> Masked:
    """The text without personal data. regions: ISO codes of the countries whose telephone numbers need no +code.

    The text comes back in Unicode's NFKC form, so that full-width digits and letters count as what they are.
    """
    counts: Counter[str] = Counter()
    text = _plain(text)
    for kind, pattern in (("email", _EMAIL), *(("address", street) for street in _STREETS)):
        text = _replaced(text, pattern, kind, counts)
    text = _kept_head(text, _ACCOUNT, "account", counts)
    text = _kept_head(text, _NAME, "name", counts)
    if sum(map(str.isdigit, text)) + len(re.findall("[零〇一二三四五六七八九]", text)) < 6:
        return Masked(text, counts)
    text = _SPOKEN_RUN.sub(lambda found: found[0].translate(_SPOKEN), text)
    text = _numbers(text, counts)
    text = _phones(text, tuple(regions), counts)
    text = _LONG.sub(lambda found: found[0] if _DATE.fullmatch(found[0]) else _count(counts, "number"), text)
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


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def _numbers(text: str, counts: Counter[str]) -> str:
    def judged(found: re.Match[str]) -> str:
        digits = re.sub(r"[^\dXx]", "", found[0])
        if is_resident_id(digits) or re.fullmatch(r"\d{3}-\d\d-\d{4}", found[0]):
            return _count(counts, "id")
        return _count(counts, "card") if is_card(digits) else found[0]

    return _DIGITS.sub(judged, text)


def _phones(text: str, regions: tuple[str, ...], counts: Counter[str]) -> str:
    for region in (*regions, None):
        places = [(one.start, one.end) for one in _matches(text, region)]
        for start, end in reversed(places):
            text = text[:start] + _count(counts, "phone") + text[end:]
    return text


def _matches(text: str, region: str | None) -> Iterator[phonenumbers.PhoneNumberMatch]:
    return iter(phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID))


def _replaced(text: str, pattern: re.Pattern[str], kind: str, counts: Counter[str]) -> str:
    return pattern.sub(lambda _: _count(counts, kind), text)


def _kept_head(text: str, pattern: re.Pattern[str], kind: str, counts: Counter[str]) -> str:
    made: Callable[[re.Match[str]], str] = lambda found: found[1] + _count(counts, kind)  # noqa: E731
    return pattern.sub(made, text)


def _count(counts: Counter[str], kind: str) -> str:
    counts[kind] += 1
    return f"[{kind}]"
