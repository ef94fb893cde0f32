"""Guesses which of a sample's columns is our item, user, price, and so on: by names first, then corrected by values."""

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


def column_guesses(
    sample: Sample, which: str, opened_array: str | None, used_columns: set[str], key: str
) -> dict[str, str]:
    """Our column -> the shop's column. The likeliest pairs are taken first; each shop column is used once."""
    pairs = []
    for our_column in COLUMN_WORDS[which]:
        for shop_column, values in sample.columns.items():
            array = next(
                (path for path in sample.arrays if shop_column == path or shop_column.startswith(f"{path}.")), None
            )
            if shop_column in used_columns or (array is not None and array != opened_array):
                continue
            score = (
                likeness(which, our_column, shop_column)
                if shop_column != opened_array
                else 0.6 * (our_column == "item_id")
            )
            score = _corrected_by_values(
                our_column, score, [value for value in values if value not in (None, "", *NULLS)]
            )
            if opened_array and score and which == "events":
                score += 0.3 if (our_column in _LINE_FIELDS) == (array == opened_array) else -0.3
            score += _score_of_bare_id(our_column, shop_column, values, which, opened_array)
            if key and folded(shop_column) == folded(key) and our_column == _KEYS[which]:
                score += 0.5
            if score >= _MIN_LIKENESS:
                pairs.append((score, our_column, shop_column))
    columns: dict[str, str] = {}
    for _, our_column, shop_column in sorted(pairs, key=lambda pair: -pair[0]):
        if our_column not in columns and shop_column not in columns.values():
            columns[our_column] = shop_column
    return {our_column: columns[our_column] for our_column in COLUMN_WORDS[which] if our_column in columns}


def _score_of_bare_id(
    our_column: str, shop_column: str, values: list[Any], which: str, opened_array: str | None
) -> float:
    """The score to add for a column named `id` of a log.

    It is likely the order's id if rows hold arrays of lines, else the event's id if all its values differ.
    """
    if which != "events" or folded(shop_column) != "id":
        return 0.0
    if opened_array:
        return 0.7 * (our_column == "order_id")
    ids = [value for value in values if value is not None]
    return 0.5 * (our_column == "event_id" and len(ids) > 1 and len(set(ids)) == len(ids))


def _corrected_by_values(our_column: str, score: float, values: list[Any]) -> float:
    """The likeness by name, corrected by the column's values."""
    if not values:
        return score * 0.5
    texts = [str(value) for value in values[:500]]
    if our_column in _NUMBERS:
        return score if share(texts, is_number) > 0.9 else 0.0
    if our_column in _NAMES and share(texts, str.isdigit) > 0.9:
        return score * 0.4  # these are codes; another column may hold the names
    if our_column == "currency":
        return score if share(texts, re.compile(r"[A-Za-z]{3}").fullmatch) > 0.9 else 0.0
    if our_column == "email":
        return max(score, 0.6) if share(texts, is_email) > 0.5 else 0.0
    if our_column == "registered_on":
        return score if time_form(values) == {} else 0.0
    if our_column == "event_type":
        known_share = share(texts, event_type_of)
        if len(set(texts)) > 60 or (known_share < 0.3 and score < 0.75):
            return 0.0
        return max(score, 0.6 if known_share > 0.8 else 0.0)
    if our_column == "slot":
        return score if len(set(texts)) <= 100 and not isinstance(values[0], float) else 0.0
    return score


def array_guess(sample: Sample) -> str | None:
    """The array whose elements are items; None if there is none, or if a column outside it is likely the item."""
    best, best_score = None, 0.0
    for path, of_objects in sample.arrays.items():
        if of_objects:
            element_columns = [name for name in sample.columns if name.startswith(f"{path}.")]
            score = max((likeness("events", "item_id", name) for name in element_columns), default=0.0)
        else:
            score = 0.6 if re.search(r"item|product|sku|impression|shown|goods|article|ids$", folded(path)) else 0.0
        if score > best_score:
            best, best_score = path, score
    outer_columns = [
        name
        for name in sample.columns
        if not any(name == array or name.startswith(f"{array}.") for array in sample.arrays)
    ]
    outer_score = max((likeness("events", "item_id", name) for name in outer_columns), default=0.0)
    return best if best_score >= _MIN_LIKENESS and outer_score < 0.5 else None


def time_guess(sample: Sample) -> dict[str, Any]:
    """Keys of `[events.time]` for the likeliest column, or SQL over year, month and day; {} without a time."""
    best: dict[str, Any] = {}
    best_score = 0.0
    for name, values in sample.columns.items():
        if any(name == array or name.startswith(f"{array}.") for array in sample.arrays):
            continue
        filled = [value for value in values if value not in (None, "", *NULLS)]
        form = time_form(filled)
        score = time_likeness(name)
        if form is None or not (score or is_sure(filled)):
            continue
        score += 0.1 + (0.2 if _has_clock(values) else 0.0)
        if score > best_score:
            source = {"sql": form["sql"].replace("COLUMN", f"`{name}`")} if "sql" in form else {"column": name}
            best, best_score = {**source, **{key: value for key, value in form.items() if key != "sql"}}, score
    columns_by_word = {folded(name): name for name in sample.columns}
    if not best and {"year", "month", "day"} <= columns_by_word.keys():
        year, month, day = (f"`{columns_by_word[word]}`" for word in ("year", "month", "day"))
        sql = f"concat({year}, '-', lpad({month}, 2, '0'), '-', lpad({day}, 2, '0'))"
        best = {"sql": sql, "format": "yyyy-MM-dd"}
    return best


def _has_clock(values: list[Any]) -> bool:
    return any(":" in str(value) or isinstance(value, (int, float)) for value in values[:20] if value is not None)


def is_number(text: str) -> bool:
    """Whether a person would read the text as a number, such as 1.234,50 € or -3."""
    bare = re.sub(r"[€$£¥₽₹\s\u00a0]|[A-Z]{3}$|zł", "", text)
    return re.fullmatch(r"[-+]?\d[\d.,']*([eE][-+]?\d+)?|[-+]?\.\d+", bare) is not None


def is_email(text: str) -> bool:
    """Whether the text is an e-mail address."""
    return re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text.strip()) is not None


def share(texts: list[str], test: Any) -> float:
    """The share of `texts` for which `test` holds."""
    return sum(bool(test(text)) for text in texts) / len(texts)
