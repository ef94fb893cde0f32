"""Guesses what a sample of a shop's files holds (events, items or users), and a mapping for it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from jobs.intake.column_guess import NULLS, array_guess, column_guesses, is_email, share, time_guess
from jobs.intake.source_samples import Sample
from jobs.intake.source_words import folded, is_personal_name, likeness
from jobs.intake.time_forms import month_first, time_entries

_TOTALS = ("sales_value", "line_total", "total_price", "total", "revenue", "line_amount", "umsatz", "betrag", "montant")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "zł": "PLN", "₽": "RUB", "₹": "INR"}
_BY_NAME = {"eur": "EUR", "usd": "USD", "gbp": "GBP", "cny": "CNY", "rmb": "CNY", "chf": "CHF", "pln": "PLN"}
_TYPE_BY_FILE = (
    ("impression|expos|shown", "impression"),
    ("return|refund|retour", "return"),
    ("search", "search"),
    ("review|rating", "rating"),
    ("cart|basket", "cart"),
    ("order|purchase|sale|transaction|invoice|receipt|bestell|commande", "purchase"),
    ("click|view|visit|session|browse|pageview", "view"),
)


@dataclass
class Guess:
    """A guessed input. `columns` and `derived` have our columns as keys; `notes` tell the writer what to question."""

    which: str
    sample: Sample
    columns: dict[str, str] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)
    each: str | None = None
    time: dict[str, Any] = field(default_factory=dict)
    event_types: Counter[str] = field(default_factory=Counter)
    event_type: str | None = None  # where it is the same for all rows
    currency: str | None = None
    decimal: str = "."
    thousands: str = ""
    personal: list[str] = field(default_factory=list)
    hashed: set[str] = field(default_factory=set)
    nulls: list[str] = field(default_factory=list)
    score: float = 0.0
    notes: list[str] = field(default_factory=list)


def guess(sample: Sample, which: str, key_column: str = "", opened_array: str | None = None) -> Guess:
    """Guesses a mapping of the sample as events, items or users (`which`). Its `score` says how well it fits; 0: not.

    key_column: the name of the item's or user's column in the events; other files mostly use the same name.
    opened_array: the array that is already opened, if items or users are read from the log itself.
    """
    guessed = Guess(which, sample, each=opened_array)
    if which == "events":
        guessed.each = array_guess(sample)
        guessed.time = time_guess(sample)
        if "column" in guessed.time and month_first(
            time_entries([str(value) for value in sample.columns[guessed.time["column"]]])
        ):
            guessed.notes.append("day_or_month")
    used_columns = {guessed.time["column"]} if "column" in guessed.time else set()
    guessed.columns = column_guesses(sample, which, guessed.each, used_columns, key_column)
    if sample.format == "csv":
        texts = {value for values in sample.columns.values() for value in values if isinstance(value, str)}
        guessed.nulls = sorted(texts & set(NULLS))
    _add_number_signs(guessed)
    if which == "events":
        _guess_item_by_values(guessed, used_columns)
        _drop_shared_order(guessed)
        _add_event_types(guessed)
    derive(guessed)
    guessed.score = _score_of(guessed)
    return guessed


def _add_event_types(guessed: Guess) -> None:
    """Adds the event types, and the personal columns that no column of ours uses."""
    columns = guessed.sample.columns
    if "event_type" in guessed.columns:
        guessed.event_types = Counter(
            str(value) for value in columns[guessed.columns["event_type"]] if value not in (None, "")
        )
    else:
        guessed.event_type = _type_by_file(guessed)
    used_columns = {*guessed.columns.values(), guessed.time.get("column", "")}
    for name, values in columns.items():
        texts = [str(value) for value in values if value not in (None, "")][:200]
        by_content = bool(texts) and share(texts, is_email) > 0.5
        if by_content or (name not in used_columns and _names_a_person(name, guessed.each)):
            guessed.personal.append(name)
    for our_column in ("user_id", "visitor_id"):
        if guessed.columns.get(our_column) in guessed.personal:
            guessed.hashed.add(our_column)
    guessed.personal = [name for name in guessed.personal if name not in guessed.columns.values()]


def _guess_item_by_values(guessed: Guess, used_columns: set[str]) -> None:
    """Guesses the item's column by values if no name shows it: the code with the most different, repeated values."""
    if "item_id" in guessed.columns or not {"user_id", "visitor_id"} & guessed.columns.keys():
        return
    used_columns, most_different = {*guessed.columns.values(), *used_columns}, 5
    for name, values in guessed.sample.columns.items():
        different = len({str(value) for value in values})
        is_inside = any(name == array or name.startswith(f"{array}.") for array in guessed.sample.arrays)
        is_code = not any(isinstance(value, float) or "." in str(value) or ":" in str(value) for value in values[:100])
        if name not in used_columns and not is_inside and is_code and most_different < different < 0.9 * len(values):
            guessed.columns["item_id"], most_different = name, different
    if "item_id" in guessed.columns:
        guessed.notes.append("item_id")


def _drop_shared_order(guessed: Guess) -> None:
    """Drops a guessed order id if several customers share its values: then it is something else, such as a position."""
    customer_column = guessed.columns.get("user_id") or guessed.columns.get("visitor_id")
    if customer_column is None or "order_id" not in guessed.columns:
        return
    owners: dict[str, set[str]] = {}
    orders = zip(
        guessed.sample.columns[guessed.columns["order_id"]], guessed.sample.columns[customer_column], strict=True
    )
    for order, customer in orders:
        if order not in (None, "") and customer not in (None, ""):
            owners.setdefault(str(order), set()).add(str(customer))
    if sum(len(customers) > 1 for customers in owners.values()) > 0.2 * len(owners):
        del guessed.columns["order_id"]


def derive(guessed: Guess) -> None:
    """Adds SQL for values that columns hold indirectly: an age in a range, a unit price in a total, returns by sign."""
    columns = guessed.sample.columns
    if guessed.which == "users":
        for name, values in columns.items():
            texts = [str(value) for value in values if value not in (None, "")]
            is_range = bool(texts) and share(texts, re.compile(r"\d+ ?(-|\+|bis|to) ?\d*").fullmatch) > 0.9
            if likeness("users", "age", name) > 0.6 and is_range:
                guessed.derived["age"] = f"CAST(regexp_extract(`{name}`, '^([0-9]+)', 1) AS INT)"
    if guessed.which == "items" and "title" not in guessed.columns and "description" in guessed.columns:
        texts = [str(value) for value in columns[guessed.columns["description"]] if value]
        if sum(map(len, texts)) < 60 * len(texts):  # such short texts are item names
            guessed.columns = {
                "title" if our_column == "description" else our_column: value
                for our_column, value in guessed.columns.items()
            }
    if guessed.which == "events" and "quantity" in guessed.columns:
        _derive_from_quantity(guessed, f"`{guessed.columns['quantity']}`")


def _derive_from_quantity(guessed: Guess, quantity: str) -> None:
    columns = guessed.sample.columns
    total = next((name for name in columns if folded(name) in _TOTALS), None)
    if "price" not in guessed.columns and total:
        guessed.derived["price"] = f"`{total}` / nullif({quantity}, 0)"
    values = columns[guessed.columns["quantity"]]
    if guessed.event_type == "purchase" and any(str(value).lstrip().startswith("-") for value in values):
        guessed.event_type = None
        guessed.derived["event_type"] = f"CASE WHEN CAST({quantity} AS DOUBLE) < 0 THEN 'return' ELSE 'purchase' END"
        guessed.derived["quantity"] = f"abs(CAST({quantity} AS DOUBLE))"
        del guessed.columns["quantity"]


def _names_a_person(name: str, opened_array: str | None) -> bool:
    if opened_array and name.startswith(f"{opened_array}."):
        return False
    object_name = folded(name.rpartition(".")[0])
    if folded(name.rpartition(".")[2]) in ("name", "title") and "." in name:
        return re.search(r"customer|user|buyer|billing|shipping|person|contact", object_name) is not None
    return is_personal_name(name)


def _type_by_file(guessed: Guess) -> str:
    for pattern, our_type in _TYPE_BY_FILE:
        if re.search(pattern, guessed.sample.pattern.casefold()):
            return our_type
    if guessed.each and not guessed.columns.get("price") and re.search("impression|shown", guessed.each.casefold()):
        return "impression"
    if "rating" in guessed.columns:
        return "rating"
    return "purchase" if {"order_id", "quantity"} & guessed.columns.keys() else "view"


def _add_number_signs(guessed: Guess) -> None:
    """Adds the decimal and thousands signs, and the currency, as the prices show them."""
    texts = []
    for our_column in ("price", "cost", "quantity"):
        if our_column in guessed.columns:
            texts += [value for value in guessed.sample.columns[guessed.columns[our_column]] if isinstance(value, str)]
    decimal_signs = Counter(match[1] for text in texts if (match := re.search(r"([.,])\d{1,2}\D*$", text.strip())))
    if decimal_signs and decimal_signs.most_common(1)[0][0] == ",":
        guessed.decimal = ","
        guessed.thousands = "." if any(re.search(r"\d\.\d{3}", text) for text in texts) else ""
    elif any(re.search(r"\d,\d{3}", text) for text in texts):
        guessed.thousands = ","
    if "currency" not in guessed.columns and "price" in guessed.columns:
        currencies = Counter(_SIGNS[sign] for text in texts for sign in _SIGNS if sign in text)
        last_word = folded(guessed.columns["price"]).rpartition("_")[2]
        guessed.currency = currencies.most_common(1)[0][0] if currencies else _BY_NAME.get(last_word)


def _score_of(guessed: Guess) -> float:
    """How well the sample fits the guess; 0: not at all. Events need a time and an item; items and users need an id."""
    columns = guessed.columns.keys()
    if guessed.which == "events":
        has_visitor = bool({"user_id", "visitor_id"} & columns)
        if not (guessed.time and "item_id" in columns):
            return 0.0
        return 1.0 + has_visitor + 0.3 * len(columns) + 0.5 * ("event_type" in columns or "order_id" in columns)
    if guessed.which == "items":
        descriptive = {"title", "category", "brand", "price", "description", "stock", "cost", "title_zh"} & columns
        return len(descriptive) * 0.5 + 0.5 if "item_id" in columns and descriptive else 0.0
    descriptive = {"age", "gender", "city", "country", "member_level", "registered_on", "email", "phone"} & {
        *columns,
        *guessed.derived,
    }
    return len(descriptive) * 0.5 + 0.5 if "user_id" in columns and descriptive else 0.0
