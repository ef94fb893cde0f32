"""What the columns of a shop's files mean, guessed from their names and values: a mapping to start from."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from jobs.intake.source_samples import Sample
from jobs.intake.source_words import (
    COLUMN_WORDS,
    event_type_of,
    folded,
    is_personal_name,
    likeness,
    time_likeness,
)
from jobs.intake.time_forms import is_sure, month_first, time_entries, time_form

_NUMBERS = ("price", "cost", "quantity", "stock", "rating", "age")
_NULLS = ("NULL", "null", "N/A", "n/a", "NaN", "nan", "None", "\\N")
_TOTALS = ("sales_value", "line_total", "total_price", "total", "revenue", "line_amount", "umsatz", "betrag", "montant")
_LEAST = 0.3  # likeness below which a column is not taken
_KEYS = {"events": "item_id", "items": "item_id", "users": "user_id"}
_NAMES = ("title", "title_zh", "description", "category", "brand", "city", "country")
_LINE_FIELDS = ("item_id", "price", "quantity", "currency", "slot")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "zł": "PLN", "₽": "RUB", "₹": "INR"}
_BY_NAME = {"eur": "EUR", "usd": "USD", "gbp": "GBP", "cny": "CNY", "rmb": "CNY", "chf": "CHF", "pln": "PLN"}
_TYPE_BY_FILE = (("impression|expos|shown", "impression"), ("return|refund|retour", "return"),
                 ("search", "search"), ("review|rating", "rating"), ("cart|basket", "cart"),
                 ("order|purchase|sale|transaction|invoice|receipt|bestell|commande", "purchase"),
                 ("click|view|visit|session|browse|pageview", "view"))  # fmt: skip


@dataclass
class Guess:
    """One input: `columns` ours -> theirs. `notes` are for the reader of the mapping."""

    which: str
    sample: Sample
    columns: dict[str, str] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)
    each: str | None = None
    time: dict[str, Any] = field(default_factory=dict)
    event_types: Counter[str] = field(default_factory=Counter)
    event_type: str | None = None  # the same for all rows
    currency: str | None = None
    decimal: str = "."
    thousands: str = ""
    personal: list[str] = field(default_factory=list)
    hashed: set[str] = field(default_factory=set)
    nulls: list[str] = field(default_factory=list)
    score: float = 0.0
    notes: list[str] = field(default_factory=list)


def guess(sample: Sample, which: str, key: str = "", each: str | None = None) -> Guess:
    """The best reading of a sample as events, items or users; `score` says how well it fits, 0 not at all.

    `key`: what the events call the item or the user; a catalogue mostly calls it the same. `each`: the array that is
    opened already, where items or users are read from the log itself.
    """
    made = Guess(which, sample, each=each)
    if which == "events":
        made.each = _each(sample)
        made.time = _time(sample)
        if "column" in made.time and month_first(time_entries([str(v) for v in sample.columns[made.time["column"]]])):
            made.notes.append("day_or_month")
    used = {made.time["column"]} if "column" in made.time else set()
    made.columns = _columns(sample, which, made.each, used, key)
    if sample.format == "csv":
        there = {v for values in sample.columns.values() for v in values if isinstance(v, str)}
        made.nulls = sorted(there & set(_NULLS))
    _numbers(made)
    if which == "events":
        _item_by_content(made, used)
        _order_of_one(made)
        _events(made)
    derive(made)
    made.score = _fit(made)
    return made


def _columns(sample: Sample, which: str, each: str | None, used: set[str], key: str) -> dict[str, str]:
    """Ours -> theirs, the surest pairs first; each of theirs is used once."""
    pairs = []
    for ours in COLUMN_WORDS[which]:
        for theirs, values in sample.columns.items():
            inside = next((path for path in sample.arrays if theirs == path or theirs.startswith(f"{path}.")), None)
            if theirs in used or (inside is not None and inside != each):
                continue
            score = likeness(which, ours, theirs) if theirs != each else 0.6 * (ours == "item_id")
            score = _by_content(ours, score, [v for v in values if v not in (None, "", *_NULLS)])
            if each and score and which == "events":
                score += 0.3 if (ours in _LINE_FIELDS) == (inside == each) else -0.3
            score += _of_a_bare_id(ours, theirs, values, which, each)
            if key and folded(theirs) == folded(key) and ours == _KEYS[which]:
                score += 0.5
            if score >= _LEAST:
                pairs.append((score, ours, theirs))
    found: dict[str, str] = {}
    for _, ours, theirs in sorted(pairs, key=lambda pair: -pair[0]):
        if ours not in found and theirs not in found.values():
            found[ours] = theirs
    return {ours: found[ours] for ours in COLUMN_WORDS[which] if ours in found}


def _of_a_bare_id(ours: str, theirs: str, values: list[Any], which: str, each: str | None) -> float:
    """In a log, a column `id` is the order's where rows hold lines, else the event's, if no two are the same."""
    if which != "events" or folded(theirs) != "id":
        return 0.0
    if each:
        return 0.7 * (ours == "order_id")
    there = [v for v in values if v is not None]
    return 0.5 * (ours == "event_id" and len(there) > 1 and len(set(there)) == len(there))


def _by_content(ours: str, score: float, values: list[Any]) -> float:
    """The likeness by name, corrected by what the column holds."""
    if not values:
        return score * 0.5
    texts = [str(v) for v in values[:500]]
    if ours in _NUMBERS:
        return score if _share(texts, is_number) > 0.9 else 0.0
    if ours in _NAMES and _share(texts, str.isdigit) > 0.9:
        return score * 0.4  # a code, where there may be a name
    if ours == "currency":
        return score if _share(texts, re.compile(r"[A-Za-z]{3}").fullmatch) > 0.9 else 0.0
    if ours == "email":
        return max(score, 0.6) if _share(texts, is_email) > 0.5 else 0.0
    if ours == "registered_on":
        return score if time_form(values) == {} else 0.0
    if ours == "event_type":
        known = _share(texts, event_type_of)
        if len(set(texts)) > 60 or (known < 0.3 and score < 0.75):
            return 0.0
        return max(score, 0.6 if known > 0.8 else 0.0)
    if ours == "slot":
        return score if len(set(texts)) <= 100 and not isinstance(values[0], float) else 0.0
    return score


def _each(sample: Sample) -> str | None:
    """The array to open: its elements are items, and no column outside it names the item better."""
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
    return best if most >= _LEAST and named < 0.5 else None


def _time(sample: Sample) -> dict[str, Any]:
    """The column whose name and values are most like a time, with its format; year, month and day by SQL."""
    best: dict[str, Any] = {}
    most = 0.0
    for name, values in sample.columns.items():
        if any(name == a or name.startswith(f"{a}.") for a in sample.arrays):
            continue
        there = [v for v in values if v not in (None, "", *_NULLS)]
        form = time_form(there)
        score = time_likeness(name)
        if form is None or not (score or is_sure(there)):
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


def _events(made: Guess) -> None:
    """Event types, and personal columns that no column of ours takes."""
    columns = made.sample.columns
    if "event_type" in made.columns:
        made.event_types = Counter(str(v) for v in columns[made.columns["event_type"]] if v not in (None, ""))
    else:
        made.event_type = _type_of_all(made)
    taken = {*made.columns.values(), made.time.get("column", "")}
    for name, values in columns.items():
        texts = [str(v) for v in values if v not in (None, "")][:200]
        by_content = bool(texts) and _share(texts, is_email) > 0.5
        if by_content or (name not in taken and _names_a_person(name, made.each)):
            made.personal.append(name)
    for ours in ("user_id", "visitor_id"):
        if made.columns.get(ours) in made.personal:
            made.hashed.add(ours)
    made.personal = [name for name in made.personal if name not in made.columns.values()]


def _item_by_content(made: Guess, used: set[str]) -> None:
    """Where no name says which column is the item: the text or whole number that takes most values, yet repeats."""
    if "item_id" in made.columns or not {"user_id", "visitor_id"} & made.columns.keys():
        return
    taken, most = {*made.columns.values(), *used}, 5
    for name, values in made.sample.columns.items():
        different = len({str(v) for v in values})
        is_inside = any(name == a or name.startswith(f"{a}.") for a in made.sample.arrays)
        is_code = not any(isinstance(v, float) or "." in str(v) or ":" in str(v) for v in values[:100])
        if name not in taken and not is_inside and is_code and most < different < 0.9 * len(values):
            made.columns["item_id"], most = name, different
    if "item_id" in made.columns:
        made.notes.append("item_id")


def _order_of_one(made: Guess) -> None:
    """An order is one customer's: a column `order` that many share is a place in a list, or something else."""
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
    """SQL for what no column holds as it is: ages in ranges, a unit's price from a total, returns by their sign."""
    columns = made.sample.columns
    if made.which == "users":
        for name, values in columns.items():
            texts = [str(v) for v in values if v not in (None, "")]
            ranges = bool(texts) and _share(texts, re.compile(r"\d+ ?(-|\+|bis|to) ?\d*").fullmatch) > 0.9
            if likeness("users", "age", name) > 0.6 and ranges:
                made.derived["age"] = f"CAST(regexp_extract(`{name}`, '^([0-9]+)', 1) AS INT)"
    if made.which == "items" and "title" not in made.columns and "description" in made.columns:
        texts = [str(v) for v in columns[made.columns["description"]] if v]
        if sum(map(len, texts)) < 60 * len(texts):  # that short, it is what people call the item
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
    """Decimal and thousands signs, and the currency, as prices show them."""
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
    """How well the sample is what it was read as. Events need a time, an item and who; the others their key."""
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


def is_number(text: str) -> bool:
    """Whether people would read the text as a number: 1.234,50 € and -3 are."""
    bare = re.sub(r"[€$£¥₽₹\s\u00a0]|[A-Z]{3}$|zł", "", text)
    return re.fullmatch(r"[-+]?\d[\d.,']*([eE][-+]?\d+)?|[-+]?\.\d+", bare) is not None


def is_email(text: str) -> bool:
    """Whether the text is an e-mail address."""
    return re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text.strip()) is not None


def _share(texts: list[str], test: Any) -> float:
    return sum(bool(test(t)) for t in texts) / len(texts)
