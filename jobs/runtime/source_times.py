"""How times are written in a column: Spark's pattern for them, or the unit of an epoch."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?([.,]\d+)?)? ?([A-Za-z/_]+|[+-]\d\d:?\d{0,2})?")
_MOST = 0.8  # share of the values that have the form; the others are for validate_source to name
_UNITS = ((1e8, 4.2e9, "s"), (1e11, 4.2e12, "ms"), (1e14, 4.2e15, "us"))
_PARTS = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,2}|[A-Za-z]{3})(?P=sep)(?P<c>\d{1,4})"
    r"(?P<gap>[ T]+|, )?(?P<clock>\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?)?(?P<half> ?[AaPp][Mm])?"
)


def time_form(values: list[Any]) -> dict[str, str] | None:
    """{} where the mapping need not say, {"format": ...} or {"epoch": ...}; None where these are no times."""
    values = values[:500]
    if not values:
        return None
    if all(isinstance(v, (dt.datetime, dt.date)) for v in values):
        return {}
    texts = [str(v).strip() for v in values]
    if sum(_ISO.fullmatch(t) is not None for t in texts) > _MOST * len(texts):
        return {}
    if all(re.fullmatch(r"\d+(\.\d+)?([eE]\+?\d+)?", t) for t in texts):
        return _of_numbers(texts)
    found = [_PARTS.fullmatch(t) for t in texts]
    parts = [m for m in found if m]
    return _pattern(parts) if len(parts) > _MOST * len(texts) else None


def _of_numbers(texts: list[str]) -> dict[str, str] | None:
    if all(len(t) == 14 and t[:2] in ("19", "20") and int(t[4:6]) <= 12 for t in texts if t.isdigit()):
        return {"format": "yyyyMMddHHmmss"} if all(t.isdigit() for t in texts) else None
    if all(t.isdigit() and len(t) == 8 and t[:2] in ("19", "20") and 1 <= int(t[4:6]) <= 12 for t in texts):
        return {"format": "yyyyMMdd"}
    numbers = [float(t) for t in texts]
    for low, high, unit in _UNITS:
        if all(low <= n < high for n in numbers):
            return {"epoch": unit}
    return None


def _pattern(found: list[re.Match[str]]) -> dict[str, str] | None:
    """Spark's pattern of dates with one separator. 3/4/2026 is day first, unless a second number is above 12."""
    first = found[0]
    sep = first["sep"]
    if any(m["sep"] != sep or bool(m["clock"]) != bool(first["clock"]) for m in found):
        return None
    year_first = all(len(m["a"]) == 4 for m in found)
    if not year_first and not all(len(m["c"]) == 4 for m in found):
        return None
    month_first = not year_first and any(m["b"].isdigit() and int(m["b"]) > 12 for m in found)
    letters = ("y", "M", "d") if year_first else ("M", "d", "y") if month_first else ("d", "M", "y")
    fields = []
    for letter, group in zip(letters, "abc", strict=True):
        fixed = all(len(m[group]) == 2 for m in found)
        name = "MMM" if letter == "M" and not first[group].isdigit() else letter * 2 if fixed else letter
        fields.append("yyyy" if letter == "y" else name)
    pattern = sep.join(fields)
    if first["clock"]:
        gap = first["gap"] or ""
        pattern += f"{gap if 'T' not in gap else chr(39) + 'T' + chr(39)}{_clock(found)}"
    return {"format": pattern}


def _clock(found: list[re.Match[str]]) -> str:
    hours = "h" if found[0]["half"] else "H"
    fixed = all(m["clock"].index(":") == 2 for m in found)
    clock = f"{hours * 2 if fixed else hours}:mm" + (":ss" if found[0]["clock"].count(":") == 2 else "")
    fraction = re.search(r"\.(\d+)$", found[0]["clock"])
    clock += "." + "S" * len(fraction[1]) if fraction else ""
    return clock + ((" a" if found[0]["half"].startswith(" ") else "a") if found[0]["half"] else "")
