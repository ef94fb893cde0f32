"""Recognises from some texts how times are written: the entries of `format` that can read them. Needs no Spark.

`propose_source` writes the entries into a mapping. `validate_source` names them for times that a mapping cannot read.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from schemas.sources.mapping import EPOCHS

_MIN_SHARE = 0.8  # this share of a column's values must look like times; validate_source names the others
_SAMPLE = 500  # only so many values of a column are examined
_EXCEL = range(25_569, 73_051)  # 1970 to 2099
_EPOCHS = {"s": 1e8, "ms": 1e11, "us": 1e14, "ns": 1e17}  # 1973 in each unit
_MONTH = "(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_FRACTION = r"(?:(?P<point>[.,])(?P<fraction>\d{1,9}))?"
_CLOCK = rf"(?P<gap>,? +|T|:)(?P<hour>\d{{1,2}}):\d\d(?P<second>:\d\d{_FRACTION})?(?P<noon> ?[AaPp][Mm])?"
_ZONE = r"(?P<blank> ?)(?P<zone>Z|(?:GMT|UTC)?[+-]\d\d:?\d\d|(?:GMT|UTC)?[+-]\d\d?|[A-Z]{3,4}|[A-Z][a-z]+/[A-Za-z_/]+)"
_TIME = rf"(?:{_CLOCK}(?:{_ZONE}(?:\[[^\]]*\])?)?)?"
_NUMERIC = re.compile(rf"(?P<a>\d{{1,2}})(?P<sep>[./-])(?P<b>\d{{1,2}})(?P=sep)(?P<year>\d{{4}}|\d\d){_TIME}")
_YEAR_FIRST = re.compile(rf"\d{{4}}(?P<sep>[./-])(?P<a>\d{{1,2}})(?P=sep)(?P<b>\d{{1,2}}){_TIME}")
_NAMED = re.compile(rf"(?P<day>\d{{1,2}})(?P<sep>[ ./-])(?:{_MONTH})(?P=sep)(?P<year>\d{{4}}|\d\d){_TIME}")
_NAMED_FIRST = re.compile(rf"{_MONTH} (?P<day>\d{{1,2}})(?P<comma>,?) \d{{4}}{_TIME}")
_BASIC = re.compile(r"\d{8}T\d{6}(?P<zone>Z|[+-]\d{4}|[+-]\d\d)?")
_DIGITS = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?P<clock>\d{4}|\d{6})?")
_NUMBER = re.compile(r"(?P<whole>\d+)(?:[.,](?P<fraction>\d+))?(?:[eE]\+?\d+)?")
_WEEKDAY = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ")
_AFTER = re.compile(r"GMT(?=[+-])| \(.*\)$")
# The same two patterns for Spark. JavaScript and e-mail add these texts before and after a time.
_SQL_WEEKDAY, _SQL_AFTER = "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ", "GMT(?=[+-])| [(].*[)]$"
WITHOUT_WEEKDAY = f"regexp_replace(regexp_replace(COLUMN, '{_SQL_WEEKDAY}', ''), '{_SQL_AFTER}', '')"


def time_form(values: list[Any]) -> dict[str, Any] | None:
    """How a column's times are written, as keys of `[events.time]`; None where the values are not times.

    Returns {} where the mapping needs no key, {"format": ...}, {"epoch": ...}, or {"sql": ..., "format": ...} with
    COLUMN in place of the column's name. 3/4/2026 is read as the third of April unless another value excludes that.
    """
    values = values[:_SAMPLE]
    if values and all(isinstance(value, (dt.datetime, dt.date)) for value in values):
        return {}
    texts = [str(value).strip() for value in values]
    if sum(_entry(text, True) is not None for text in texts) <= _MIN_SHARE * len(texts):
        return None
    entries = time_entries(texts)
    keys = time_keys([entry for entry in entries if entry not in month_first(entries)])
    if any(_WEEKDAY.match(text) for text in texts):
        return {"sql": WITHOUT_WEEKDAY, **(keys or {"format": "iso"})}
    return keys


def time_entries(texts: list[str]) -> dict[str, str]:
    """Entry of `format` -> a text that it reads. The order is such that no entry reads the texts of a later entry.

    Where all dates could be day/month or month/day, the result has both entries. For a text that begins with a weekday
    the entry is the one that reads the text after WITHOUT_WEEKDAY was applied.
    """
    pairs = [(int(match["a"]), int(match["b"])) for text in texts if (match := _NUMERIC.fullmatch(text.strip()))]
    is_day_first = not any(second > 12 for _, second in pairs)
    is_month_first = not any(first > 12 for first, _ in pairs)
    orders = [True] * (is_day_first or not is_month_first) + [False] * is_month_first
    entries: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        stripped = text.strip()
        for day_first in orders if _NUMERIC.fullmatch(stripped) and "." not in stripped[:5] else [True]:
            if entry := _entry(stripped, day_first):
                entries.setdefault(entry, text)
    return dict(sorted(_merge_widths(entries).items(), key=lambda pair: _rank(pair[0])))


def time_keys(entries: list[str]) -> dict[str, Any]:
    """Keys of `[events.time]` for these entries; none for ISO 8601 alone, which needs no key."""
    if entries in (["iso"], []):
        return {}
    if len(entries) > 1:
        return {"format": sorted(entries, key=_rank)}
    return {"epoch": entries[0][6:]} if entries[0].startswith("epoch_") else {"format": entries[0]}


def month_first(entries: dict[str, str]) -> list[str]:
    """The month-first entries whose day-first form is an entry too: the texts do not show which of the two is right."""
    swapped = {entry: re.sub(r"^(M+)(.)(d+)", r"\3\2\1", entry) for entry in entries}
    return [entry for entry, twin in swapped.items() if twin != entry and twin in entries]


def has_weekday(text: str) -> bool:
    """Whether the text can be read only after WITHOUT_WEEKDAY was applied."""
    return _WEEKDAY.match(text.strip()) is not None


def is_sure(values: list[Any]) -> bool:
    """Whether the values alone show that they are times; for plain numbers the column's name must show it."""
    texts = [str(value).strip() for value in values[:_SAMPLE]]
    numbers = [match for text in texts if not _DIGITS.fullmatch(text) and (match := _NUMBER.fullmatch(text))]
    return not numbers or any(len(match["whole"]) == 5 and len(match["fraction"] or "") > 4 for match in numbers)


def _rank(entry: str) -> int:
    """The rank of an entry in the order: ISO, patterns, Excel's days, then epochs."""
    if entry == "iso":
        return 0
    if entry.startswith("epoch_"):
        return 3 + EPOCHS.index(entry[6:])
    return 2 if entry.startswith("excel") else 1


def _merge_widths(entries: dict[str, str]) -> dict[str, str]:
    """Merges entries that differ only in the number of digits: `d` also reads two digits, `SSS` also one."""
    by_fraction: dict[str, str] = {}  # entry with one S -> the entry with the most S
    by_width: dict[str, set[str]] = {}  # entry with one letter for each part -> the entries that were seen
    for entry in entries:
        one_digit_fraction = re.sub(r"S+", "S", entry)
        by_fraction[one_digit_fraction] = max(entry, by_fraction.get(one_digit_fraction, ""), key=len)
        by_width.setdefault(_narrow(one_digit_fraction), set()).add(one_digit_fraction)
    merged: dict[str, str] = {}
    for entry, text in entries.items():
        one_digit_fraction = re.sub(r"S+", "S", entry)
        widest = by_fraction[one_digit_fraction]
        merged.setdefault(_narrow(widest) if len(by_width[_narrow(one_digit_fraction)]) > 1 else widest, text)
    return merged


def _narrow(entry: str) -> str:
    return re.sub(r"(?<![A-Za-z'])(dd|HH|hh|MM)(?![A-Za-z])", lambda match: match[0][0], entry)


def _entry(text: str, day_first: bool) -> str | None:
    """The entry that reads one text."""
    if _WEEKDAY.match(text):
        text = _AFTER.sub("", _WEEKDAY.sub("", text, count=1))
    if number := _NUMBER.fullmatch(text):
        return _entry_of_number(number)
    if basic := _BASIC.fullmatch(text):
        return "yyyyMMdd'T'HHmmss" + _zone(basic["zone"])
    if match := _YEAR_FIRST.fullmatch(text):
        is_iso = match["sep"] == "-" and len(match["a"]) == len(match["b"]) == 2
        if is_iso and match["point"] != "," and not match["noon"] and (match["gap"] or " ") in (" ", "T"):
            return "iso"
        date = match["sep"].join(("yyyy", _letters("M", match["a"]), _letters("d", match["b"])))
    elif match := _NUMERIC.fullmatch(text):
        letters = ("d", "M") if day_first else ("M", "d")
        date = match["sep"].join(
            (
                *(_letters(letter, match[group]) for letter, group in zip(letters, "ab", strict=True)),
                "y" * len(match["year"]),
            )
        )
    elif match := _NAMED.fullmatch(text):
        date = match["sep"].join((_letters("d", match["day"]), "MMM", "y" * len(match["year"])))
    elif match := _NAMED_FIRST.fullmatch(text):
        date = f"MMM {_letters('d', match['day'])}{match['comma']} yyyy"
    else:
        return None
    return date + _clock(match)


def _entry_of_number(match: re.Match[str]) -> str | None:
    if digits := _DIGITS.fullmatch(match[0]):
        return "yyyyMMdd" + {0: "", 4: "HHmm", 6: "HHmmss"}[len(digits["clock"] or "")]
    value = float(match[0].replace(",", "."))
    if len(match["whole"]) == 5:
        return "excel" if int(value) in _EXCEL else None
    return next((f"epoch_{unit}" for unit, smallest in _EPOCHS.items() if smallest <= value < smallest * 41), None)


def _clock(match: re.Match[str]) -> str:
    if not match["hour"]:
        return ""
    separator = "'T'" if match["gap"] == "T" else match["gap"]
    pattern = (
        separator + _letters("h" if match["noon"] else "H", match["hour"]) + ":mm" + (":ss" if match["second"] else "")
    )
    pattern += f"{match['point']}{'S' * len(match['fraction'])}" if match["fraction"] else ""
    pattern += (" a" if match["noon"][0] == " " else "a") if match["noon"] else ""
    return pattern + match["blank"] + _zone(match["zone"]) if match["zone"] else pattern


def _zone(zone: str | None) -> str:
    if not zone:
        return ""
    if "/" in zone or zone[:4] in ("GMT+", "GMT-", "UTC+", "UTC-"):
        return "VV"
    return "z" if zone.isalpha() and zone != "Z" else {6: "XXX", 5: "XX", 3: "X", 2: "X", 1: "X"}[len(zone)]


def _letters(letter: str, digits: str) -> str:
    return letter * 2 if len(digits) == 2 else letter
