"""Recognises how times are written, from some texts: the entries of `format` that read them. No Spark.

`propose_source` writes them into a mapping; `validate_source` names them for times that a mapping does not read.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from schemas.sources.mapping import EPOCHS

_MIN_SHARE = 0.8  # of a column's values must look like times; validate_source names the others
_SAMPLE = 500  # values of a column that are looked at
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
# The same two patterns for Spark. JavaScript and e-mail write these around a time.
_SQL_WEEKDAY, _SQL_AFTER = "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ", "GMT(?=[+-])| [(].*[)]$"
WITHOUT_WEEKDAY = f"regexp_replace(regexp_replace(COLUMN, '{_SQL_WEEKDAY}', ''), '{_SQL_AFTER}', '')"


def time_form(values: list[Any]) -> dict[str, Any] | None:
    """How a column's times are written, as keys of `[events.time]`; None where the values are not times.

    Returns {} where the mapping needs no key, {"format": ...}, {"epoch": ...}, or {"sql": ..., "format": ...} with
    COLUMN in place of the column's name. 3/4/2026 is the third of April unless another value shows the contrary.
    """
    values = values[:_SAMPLE]
    if values and all(isinstance(v, (dt.datetime, dt.date)) for v in values):
        return {}
    texts = [str(v).strip() for v in values]
    if sum(_entry(text, True) is not None for text in texts) <= _MIN_SHARE * len(texts):
        return None
    entries = time_entries(texts)
    keys = time_keys([entry for entry in entries if entry not in month_first(entries)])
    if any(_WEEKDAY.match(text) for text in texts):
        return {"sql": WITHOUT_WEEKDAY, **(keys or {"format": "iso"})}
    return keys


def time_entries(texts: list[str]) -> dict[str, str]:
    """Entry of `format` -> a text that it reads, ordered so that no entry reads the texts of a later one.

    Where all dates fit day/month and month/day alike, both entries are given. For a text that begins with a weekday
    the entry is the one that reads it after WITHOUT_WEEKDAY.
    """
    pairs = [(int(m["a"]), int(m["b"])) for text in texts if (m := _NUMERIC.fullmatch(text.strip()))]
    is_day_first = not any(b > 12 for _, b in pairs)
    is_month_first = not any(a > 12 for a, _ in pairs)
    orders = [True] * (is_day_first or not is_month_first) + [False] * is_month_first
    entries: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        plain = text.strip()
        for day_first in orders if _NUMERIC.fullmatch(plain) and "." not in plain[:5] else [True]:
            if entry := _entry(plain, day_first):
                entries.setdefault(entry, text)
    return dict(sorted(_of_any_width(entries).items(), key=lambda pair: _place(pair[0])))


def time_keys(entries: list[str]) -> dict[str, Any]:
    """Keys of `[events.time]` for these entries; none for ISO 8601 alone, which needs no key."""
    if entries in (["iso"], []):
        return {}
    if len(entries) > 1:
        return {"format": sorted(entries, key=_place)}
    return {"epoch": entries[0][6:]} if entries[0].startswith("epoch_") else {"format": entries[0]}


def month_first(entries: dict[str, str]) -> list[str]:
    """The month-first entries that have a day-first twin: the texts do not show which of the two is right."""
    swapped = {entry: re.sub(r"^(M+)(.)(d+)", r"\3\2\1", entry) for entry in entries}
    return [entry for entry, twin in swapped.items() if twin != entry and twin in entries]


def has_weekday(text: str) -> bool:
    """Whether the text is read only after WITHOUT_WEEKDAY."""
    return _WEEKDAY.match(text.strip()) is not None


def is_sure(values: list[Any]) -> bool:
    """Whether the values alone show that they are times; for plain numbers the column's name must show it."""
    texts = [str(v).strip() for v in values[:_SAMPLE]]
    numbers = [m for text in texts if not _DIGITS.fullmatch(text) and (m := _NUMBER.fullmatch(text))]
    return not numbers or any(len(m["whole"]) == 5 and len(m["fraction"] or "") > 4 for m in numbers)


def _place(entry: str) -> int:
    """Order of an entry: ISO, patterns, Excel's days, then epochs; none reads the texts of a later one."""
    if entry == "iso":
        return 0
    if entry.startswith("epoch_"):
        return 3 + EPOCHS.index(entry[6:])
    return 2 if entry.startswith("excel") else 1


def _of_any_width(entries: dict[str, str]) -> dict[str, str]:
    """Merges entries that differ only in the number of digits: `d` also reads two digits, `SSS` also one."""
    by_fraction: dict[str, str] = {}  # with one S -> with the most
    by_width: dict[str, set[str]] = {}  # with one letter for each part -> as seen
    for entry in entries:
        one = re.sub(r"S+", "S", entry)
        by_fraction[one] = max(entry, by_fraction.get(one, ""), key=len)
        by_width.setdefault(_narrow(one), set()).add(one)
    merged: dict[str, str] = {}
    for entry, text in entries.items():
        one = re.sub(r"S+", "S", entry)
        widest = by_fraction[one]
        merged.setdefault(_narrow(widest) if len(by_width[_narrow(one)]) > 1 else widest, text)
    return merged


def _narrow(entry: str) -> str:
    return re.sub(r"(?<![A-Za-z'])(dd|HH|hh|MM)(?![A-Za-z])", lambda m: m[0][0], entry)


def _entry(text: str, day_first: bool) -> str | None:
    """The entry that reads one text."""
    if _WEEKDAY.match(text):
        text = _AFTER.sub("", _WEEKDAY.sub("", text, count=1))
    if number := _NUMBER.fullmatch(text):
        return _of_number(number)
    if basic := _BASIC.fullmatch(text):
        return "yyyyMMdd'T'HHmmss" + _zone(basic["zone"])
    if m := _YEAR_FIRST.fullmatch(text):
        iso = m["sep"] == "-" and len(m["a"]) == len(m["b"]) == 2
        if iso and m["point"] != "," and not m["noon"] and (m["gap"] or " ") in (" ", "T"):
            return "iso"
        date = m["sep"].join(("yyyy", _letters("M", m["a"]), _letters("d", m["b"])))
    elif m := _NUMERIC.fullmatch(text):
        letters = ("d", "M") if day_first else ("M", "d")
        date = m["sep"].join((*(_letters(c, m[g]) for c, g in zip(letters, "ab", strict=True)), "y" * len(m["year"])))
    elif m := _NAMED.fullmatch(text):
        date = m["sep"].join((_letters("d", m["day"]), "MMM", "y" * len(m["year"])))
    elif m := _NAMED_FIRST.fullmatch(text):
        date = f"MMM {_letters('d', m['day'])}{m['comma']} yyyy"
    else:
        return None
    return date + _clock(m)


def _of_number(m: re.Match[str]) -> str | None:
    if digits := _DIGITS.fullmatch(m[0]):
        return "yyyyMMdd" + {0: "", 4: "HHmm", 6: "HHmmss"}[len(digits["clock"] or "")]
    value = float(m[0].replace(",", "."))
    if len(m["whole"]) == 5:
        return "excel" if int(value) in _EXCEL else None
    return next((f"epoch_{unit}" for unit, least in _EPOCHS.items() if least <= value < least * 41), None)


def _clock(m: re.Match[str]) -> str:
    if not m["hour"]:
        return ""
    gap = "'T'" if m["gap"] == "T" else m["gap"]
    made = gap + _letters("h" if m["noon"] else "H", m["hour"]) + ":mm" + (":ss" if m["second"] else "")
    made += f"{m['point']}{'S' * len(m['fraction'])}" if m["fraction"] else ""
    made += (" a" if m["noon"][0] == " " else "a") if m["noon"] else ""
    return made + m["blank"] + _zone(m["zone"]) if m["zone"] else made


def _zone(zone: str | None) -> str:
    if not zone:
        return ""
    if "/" in zone or zone[:4] in ("GMT+", "GMT-", "UTC+", "UTC-"):
        return "VV"
    return "z" if zone.isalpha() and zone != "Z" else {6: "XXX", 5: "XX", 3: "X", 2: "X", 1: "X"}[len(zone)]


def _letters(letter: str, digits: str) -> str:
    return letter * 2 if len(digits) == 2 else letter
