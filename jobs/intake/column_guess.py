"""Which of a sample's columns is our item, user, price, ...: guessed from names first, then corrected by values."""

from __future__ import annotations

import re
from typing import Any

from jobs.intake.source_samples import Sample
from jobs.intake.source_words import COLUMN_WORDS, event_type_of, folded, likeness, time_likeness
from jobs.intake.time_forms import is_sure, time_form

NULLS = ("NULL", "null", "N/A", "n/a", "NaN", "nan", "None", "\\N")  # texts that mean "no value"
_NUMBERS = ("price", "cost", "quantity", "stock", "rating", "age")
_MIN_LIKENESS = 0.3
_KEYS = {"events": "item_id", "items": "item_id", "users": "user_id"}
_NAMES = ("title", "title_zh", "description", "category", "brand", "city", "country")
_LINE_FIELDS = ("item_id", "price", "quantity", "currency", "slot")


def column_guesses(sample: Sample, which: str, each: str | None, used: set[str], key: str) -> dict[str, str]:
    """Our column -> theirs. The likeliest pairs are taken first, and each of their columns is used once."""
    pairs = []
    for ours in COLUMN_WORDS[which]:
        for theirs, values in sample.columns.items():
            inside = next((path for path in sample.arrays if theirs == path or theirs.startswith(f"{path}.")), None)
            if theirs in used or (inside is not None and inside != each):
                continue
            score = likeness(which, ours, theirs) if theirs != each else 0.6 * (ours == "item_id")
            score = _by_content(ours, score, [v for v in values if v not in (None, "", *NULLS)])
            if each and score and which == "events":
                score += 0.3 if (ours in _LINE_FIELDS) == (inside == each) else -0.3
            score += _of_a_bare_id(ours, theirs, values, which, each)
            if key and folded(theirs) == folded(key) and ours == _KEYS[which]:
                score += 0.5
            if score >= _MIN_LIKENESS:
                pairs.append((score, ours, theirs))
    columns: dict[str, str] = {}
    for _, ours, theirs in sorted(pairs, key=lambda pair: -pair[0]):
        if ours not in columns and theirs not in columns.values():
            columns[ours] = theirs
    return {ours: columns[ours] for ours in COLUMN_WORDS[which] if ours in columns}


def _of_a_bare_id(ours: str, theirs: str, values: list[Any], which: str, each: str | None) -> float:
    """Score to add for a column `id` of a log: the order's id where rows hold lines, else the event's if all differ."""
    if which != "events" or folded(theirs) != "id":
        return 0.0
    if each:
        return 0.7 * (ours == "order_id")
    ids = [v for v in values if v is not None]
    return 0.5 * (ours == "event_id" and len(ids) > 1 and len(set(ids)) == len(ids))


def _by_content(ours: str, score: float, values: list[Any]) -> float:
    """The likeness by name, corrected by the column's values."""
    if not values:
        return score * 0.5
    texts = [str(v) for v in values[:500]]
    if ours in _NUMBERS:
        return score if share(texts, is_number) > 0.9 else 0.0
    if ours in _NAMES and share(texts, str.isdigit) > 0.9:
        return score * 0.4  # these are codes; another column may hold the names
    if ours == "currency":
        return score if share(texts, re.compile(r"[A-Za-z]{3}").fullmatch) > 0.9 else 0.0
    if ours == "email":
        return max(score, 0.6) if share(texts, is_email) > 0.5 else 0.0
    if ours == "registered_on":
        return score if time_form(values) == {} else 0.0
    if ours == "event_type":
        known = share(texts, event_type_of)
        if len(set(texts)) > 60 or (known < 0.3 and score < 0.75):
            return 0.0
        return max(score, 0.6 if known > 0.8 else 0.0)
    if ours == "slot":
        return score if len(set(texts)) <= 100 and not isinstance(values[0], float) else 0.0
    return score


def array_guess(sample: Sample) -> str | None:
    """The array to open, if any: its elements are items, and no column outside it is likelier to be the item."""
    best, most = None, 0.0
    for path, of_objects in sample.arrays.items():
        if of_objects:
            inside = [n for n in sample.columns if n.startswith(f"{path}.")]
            score = max((likeness("events", "item_id", n) for n in inside), default=0.0)
        else:
            score = 0.6 if re.search(r"item|product|sku|impression|shown|goods|article|ids$", folded(path)) else 0.0
        if score > most:
            best, most = path, score
    outside = [n for n in sample.columns if not any(n == a or n.startswith(f"{a}.") for a in sample.arrays)]
    named = max((likeness("events", "item_id", n) for n in outside), default=0.0)
    return best if most >= _MIN_LIKENESS and named < 0.5 else None


def time_guess(sample: Sample) -> dict[str, Any]:
    """Keys of `[events.time]` for the likeliest column, or SQL over year, month and day; {} without a time."""
    best: dict[str, Any] = {}
    most = 0.0
    for name, values in sample.columns.items():
        if any(name == a or name.startswith(f"{a}.") for a in sample.arrays):
            continue
        given = [v for v in values if v not in (None, "", *NULLS)]
        form = time_form(given)
        score = time_likeness(name)
        if form is None or not (score or is_sure(given)):
            continue
        score += 0.1 + (0.2 if _has_clock(values) else 0.0)
        if score > most:
            where = {"sql": form["sql"].replace("COLUMN", f"`{name}`")} if "sql" in form else {"column": name}
            best, most = {**where, **{k: v for k, v in form.items() if k != "sql"}}, score
    parts = {folded(name): name for name in sample.columns}
    if not best and {"year", "month", "day"} <= parts.keys():
        year, month, day = (f"`{parts[p]}`" for p in ("year", "month", "day"))
        sql = f"concat({year}, '-', lpad({month}, 2, '0'), '-', lpad({day}, 2, '0'))"
        best = {"sql": sql, "format": "yyyy-MM-dd"}
    return best


def _has_clock(values: list[Any]) -> bool:
    return any(":" in str(v) or isinstance(v, (int, float)) for v in values[:20] if v is not None)


def is_number(text: str) -> bool:
    """Whether people would read the text as a number: 1.234,50 € and -3 are."""
    bare = re.sub(r"[€$£¥₽₹\s\u00a0]|[A-Z]{3}$|zł", "", text)
    return re.fullmatch(r"[-+]?\d[\d.,']*([eE][-+]?\d+)?|[-+]?\.\d+", bare) is not None


def is_email(text: str) -> bool:
    """Whether the text is an e-mail address."""
    return re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text.strip()) is not None


def share(texts: list[str], test: Any) -> float:
    """The share of `texts` for which `test` holds."""
    return sum(bool(test(t)) for t in texts) / len(texts)
