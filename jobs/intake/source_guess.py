"""Guesses what a sample of a shop's files holds (events, items or users) and how a mapping of it would look."""

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


def guess(sample: Sample, which: str, key: str = "", each: str | None = None) -> Guess:
    """The sample read as events, items or users (`which`). Its `score` says how well that fits; 0: not at all.

    `key` is the name of the item's or user's column in the events: other files mostly use the same. `each` is the
    array that is already opened, where items or users are read from the log itself.
    """
    made = Guess(which, sample, each=each)
    if which == "events":
        made.each = array_guess(sample)
        made.time = time_guess(sample)
        if "column" in made.time and month_first(time_entries([str(v) for v in sample.columns[made.time["column"]]])):
            made.notes.append("day_or_month")
    used = {made.time["column"]} if "column" in made.time else set()
    made.columns = column_guesses(sample, which, made.each, used, key)
    if sample.format == "csv":
        texts = {v for values in sample.columns.values() for v in values if isinstance(v, str)}
        made.nulls = sorted(texts & set(NULLS))
    _numbers(made)
    if which == "events":
        _item_by_content(made, used)
        _order_of_one(made)
        _events(made)
    derive(made)
    made.score = _fit(made)
    return made


def _events(made: Guess) -> None:
    """Adds the event types, and the personal columns that fill no column of ours."""
    columns = made.sample.columns
    if "event_type" in made.columns:
        made.event_types = Counter(str(v) for v in columns[made.columns["event_type"]] if v not in (None, ""))
    else:
        made.event_type = _type_of_all(made)
    used = {*made.columns.values(), made.time.get("column", "")}
    for name, values in columns.items():
        texts = [str(v) for v in values if v not in (None, "")][:200]
        by_content = bool(texts) and share(texts, is_email) > 0.5
        if by_content or (name not in used and _names_a_person(name, made.each)):
            made.personal.append(name)
    for ours in ("user_id", "visitor_id"):
        if made.columns.get(ours) in made.personal:
            made.hashed.add(ours)
    made.personal = [name for name in made.personal if name not in made.columns.values()]


def _item_by_content(made: Guess, used: set[str]) -> None:
    """Where no name says which column is the item, takes the code with the most different values that repeat."""
    if "item_id" in made.columns or not {"user_id", "visitor_id"} & made.columns.keys():
        return
    used, most = {*made.columns.values(), *used}, 5
    for name, values in made.sample.columns.items():
        different = len({str(v) for v in values})
        is_inside = any(name == a or name.startswith(f"{a}.") for a in made.sample.arrays)
        is_code = not any(isinstance(v, float) or "." in str(v) or ":" in str(v) for v in values[:100])
        if name not in used and not is_inside and is_code and most < different < 0.9 * len(values):
            made.columns["item_id"], most = name, different
    if "item_id" in made.columns:
        made.notes.append("item_id")


def _order_of_one(made: Guess) -> None:
    """Drops a guessed order id that several customers share: it is a position in a list, or something else."""
    who = made.columns.get("user_id") or made.columns.get("visitor_id")
    if who is None or "order_id" not in made.columns:
        return
    owners: dict[str, set[str]] = {}
    pairs = zip(made.sample.columns[made.columns["order_id"]], made.sample.columns[who], strict=True)
    for order, owner in pairs:
        if order not in (None, "") and owner not in (None, ""):
            owners.setdefault(str(order), set()).add(str(owner))
    if sum(len(o) > 1 for o in owners.values()) > 0.2 * len(owners):
        del made.columns["order_id"]


def derive(made: Guess) -> None:
    """Adds SQL for what no column holds as it is: an age from a range, a unit price from a total, returns by sign."""
    columns = made.sample.columns
    if made.which == "users":
        for name, values in columns.items():
            texts = [str(v) for v in values if v not in (None, "")]
            ranges = bool(texts) and share(texts, re.compile(r"\d+ ?(-|\+|bis|to) ?\d*").fullmatch) > 0.9
            if likeness("users", "age", name) > 0.6 and ranges:
                made.derived["age"] = f"CAST(regexp_extract(`{name}`, '^([0-9]+)', 1) AS INT)"
    if made.which == "items" and "title" not in made.columns and "description" in made.columns:
        texts = [str(v) for v in columns[made.columns["description"]] if v]
        if sum(map(len, texts)) < 60 * len(texts):  # so short, it is the item's name
            made.columns = {"title" if k == "description" else k: v for k, v in made.columns.items()}
    if made.which == "events" and "quantity" in made.columns:
        _of_quantity(made, f"`{made.columns['quantity']}`")


def _of_quantity(made: Guess, quantity: str) -> None:
    columns = made.sample.columns
    total = next((n for n in columns if folded(n) in _TOTALS), None)
    if "price" not in made.columns and total:
        made.derived["price"] = f"`{total}` / nullif({quantity}, 0)"
    values = columns[made.columns["quantity"]]
    if made.event_type == "purchase" and any(str(v).lstrip().startswith("-") for v in values):
        made.event_type = None
        made.derived["event_type"] = f"CASE WHEN CAST({quantity} AS DOUBLE) < 0 THEN 'return' ELSE 'purchase' END"
        made.derived["quantity"] = f"abs(CAST({quantity} AS DOUBLE))"
        del made.columns["quantity"]


def _names_a_person(name: str, each: str | None) -> bool:
    if each and name.startswith(f"{each}."):
        return False
    owner = folded(name.rpartition(".")[0])
    if folded(name.rpartition(".")[2]) in ("name", "title") and "." in name:
        return re.search(r"customer|user|buyer|billing|shipping|person|contact", owner) is not None
    return is_personal_name(name)


def _type_of_all(made: Guess) -> str:
    for pattern, ours in _TYPE_BY_FILE:
        if re.search(pattern, made.sample.pattern.casefold()):
            return ours
    if made.each and not made.columns.get("price") and re.search("impression|shown", made.each.casefold()):
        return "impression"
    if "rating" in made.columns:
        return "rating"
    return "purchase" if {"order_id", "quantity"} & made.columns.keys() else "view"


def _numbers(made: Guess) -> None:
    """Adds the decimal and thousands signs and the currency that the prices show."""
    texts = []
    for ours in ("price", "cost", "quantity"):
        if ours in made.columns:
            texts += [v for v in made.sample.columns[made.columns[ours]] if isinstance(v, str)]
    tails = Counter(m[1] for t in texts if (m := re.search(r"([.,])\d{1,2}\D*$", t.strip())))
    if tails and tails.most_common(1)[0][0] == ",":
        made.decimal = ","
        made.thousands = "." if any(re.search(r"\d\.\d{3}", t) for t in texts) else ""
    elif any(re.search(r"\d,\d{3}", t) for t in texts):
        made.thousands = ","
    if "currency" not in made.columns and "price" in made.columns:
        signs = Counter(_SIGNS[s] for t in texts for s in _SIGNS if s in t)
        last = folded(made.columns["price"]).rpartition("_")[2]
        made.currency = signs.most_common(1)[0][0] if signs else _BY_NAME.get(last)


def _fit(made: Guess) -> float:
    """How well the sample fits what it was read as. Events need a time and an item; the others need their id."""
    have = made.columns.keys()
    if made.which == "events":
        who = bool({"user_id", "visitor_id"} & have)
        if not (made.time and "item_id" in have):
            return 0.0
        return 1.0 + who + 0.3 * len(have) + 0.5 * ("event_type" in have or "order_id" in have)
    if made.which == "items":
        about = {"title", "category", "brand", "price", "description", "stock", "cost", "title_zh"} & have
        return len(about) * 0.5 + 0.5 if "item_id" in have and about else 0.0
    about = {"age", "gender", "city", "country", "member_level", "registered_on", "email", "phone"} & {
        *have,
        *made.derived,
    }
    return len(about) * 0.5 + 0.5 if "user_id" in have and about else 0.0
