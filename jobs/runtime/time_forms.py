"""Which entry of `format` reads a text that is a time, judged by its form alone. Plain Python over a few samples."""

from __future__ import annotations

import re

_EXCEL = range(25_569, 73_051)  # 1970 to 2099
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_FRACTION = r"(?:(?P<point>[.,])(?P<fraction>\d{1,9}))?"
_CLOCK = rf"(?P<gap>,? +|T)(?P<hour>\d{{1,2}}):\d\d(?P<second>:\d\d{_FRACTION})?(?P<noon> ?[AaPp][Mm])?"
_ZONE = r"(?P<blank> ?)(?P<zone>Z|[+-]\d\d:\d\d|[+-]\d{4}|[+-]\d\d|[A-Z]{3,4})"
_TIME = rf"(?:{_CLOCK}(?:{_ZONE})?)?"
_NUMERIC = re.compile(rf"(?P<a>\d{{1,2}})(?P<sep>[./-])(?P<b>\d{{1,2}})(?P=sep)(?P<year>\d{{4}}|\d\d){_TIME}")
_YEAR_FIRST = re.compile(rf"\d{{4}}(?P<sep>[./-])(?P<a>\d{{1,2}})(?P=sep)(?P<b>\d{{1,2}}){_TIME}")
_NAMED = re.compile(rf"(?P<day>\d{{1,2}})(?P<sep>[ -])(?:{_MONTH})(?P=sep)(?P<year>\d{{4}}|\d\d){_TIME}")
_NAMED_FIRST = re.compile(rf"(?:{_MONTH}) (?P<day>\d{{1,2}})(?P<comma>,?) \d{{4}}{_TIME}")
_WEEKDAY = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? (.*)")
_DIGITS = {8: "yyyyMMdd", 12: "yyyyMMddHHmm", 14: "yyyyMMddHHmmss"}


def time_entries(texts: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """(entry of `format` -> a text that it reads, whole `[events.time]` -> a text that needs more than a format).

    Where every slashed date fits day/month and month/day alike, both are given.
    """
    pairs = [(int(m["a"]), int(m["b"])) for text in texts if (m := _NUMERIC.fullmatch(text.strip()))]
    day_first = not any(b > 12 for _, b in pairs)
    month_first = not any(a > 12 for a, _ in pairs)
    entries: dict[str, str] = {}
    others: dict[str, str] = {}
    for text in texts:
        plain = text.strip()
        if weekday := _WEEKDAY.fullmatch(plain):
            rest = re.sub(r"GMT(?=[+-])| \(.*\)$", "", weekday[1])  # as the SQL below does
            if inner := _entry(rest, True):
                sql = "regexp_replace(regexp_replace(COLUMN, '^[A-Za-z]+,? ', ''), 'GMT(?=[+-])| [(].*[)]$', '')"
                others.setdefault(f'{{ sql = "{sql}", format = "{inner}" }}', text)
            continue
        orders = [True] * (day_first or not month_first) + [False] * month_first
        for first in orders if _NUMERIC.fullmatch(plain) and "." not in plain[:5] else [True]:
            if found := _entry(plain, first):
                entries.setdefault(found, text)
    return entries, others


def _entry(text: str, day_first: bool) -> str | None:
    if number := re.fullmatch(r"\d+(?:[.,]\d+)?(?:E\d+)?", text):
        return _of_number(number[0])
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


def _of_number(text: str) -> str | None:
    if re.fullmatch(r"20\d+", text) and len(text) in _DIGITS:
        return _DIGITS[len(text)]
    value = float(text.replace(",", "."))
    if len(text.split(".")[0].split(",")[0]) == 5:
        return "excel" if int(value) in _EXCEL else None
    limits = {"s": 1e8, "ms": 1e11, "us": 1e14, "ns": 1e17}
    return next((f"epoch_{unit}" for unit, least in limits.items() if least <= value < least * 41), None)


def _clock(m: re.Match[str]) -> str:
    if not m["hour"]:
        return ""
    gap = "'T'" if m["gap"] == "T" else m["gap"]
    made = gap + _letters("h" if m["noon"] else "H", m["hour"]) + ":mm" + (":ss" if m["second"] else "")
    made += f"{m['point']}{'S' * len(m['fraction'])}" if m["fraction"] else ""
    made += (" a" if m["noon"][0] == " " else "a") if m["noon"] else ""
    if not m["zone"]:
        return made
    forms = {6: "XXX", 5: "XX", 3: "X", 1: "X"}
    return made + m["blank"] + ("z" if m["zone"].isalpha() and m["zone"] != "Z" else forms[len(m["zone"])])


def _letters(letter: str, digits: str) -> str:
    return letter * 2 if len(digits) == 2 else letter
