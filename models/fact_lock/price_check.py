"""Whether the tables support a sum of money that a text names, also one that follows from them: a price per piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from models.fact_lock.facts import ItemFacts
from models.text.numerals import fold

HALF_CENT = 0.005  # sums of money that differ by less are equal
# What texts call a currency, see `models.fact_lock.figure_patterns.MONEY_WORDS`.
MONEY = {
    "CNY": ("yuan",),
    "JPY": ("yuan",),
    "USD": ("dollar",),
    "HKD": ("dollar", "yuan"),
    "TWD": ("dollar", "yuan"),
    "SGD": ("dollar",),
    "AUD": ("dollar",),
    "CAD": ("dollar",),
    "EUR": ("euro",),
    "GBP": ("pound",),
    "INR": ("rupee",),
}
EACH = "each "  # before the role of a price of one piece, such as "each under 2 yuan"
# How many pieces of what one buys: 20包, 40次洗涤.
_COUNTED = re.compile(
    r"(?<![\d.])(\d{1,4}) ?(?:[包袋片只个次粒颗支条枚块份张卷件双本]|bags|washes|pieces|sheets|pairs)"
)


def is_price(words: str, facts: ItemFacts) -> bool:
    """True if the tables have the sum: words are such as "now 99 yuan", "under 100", "each under 2 yuan"."""
    is_each = words.startswith(EACH)
    role, _, figure = words.removeprefix(EACH).partition(" ")
    amount, *money = figure.split(" ")
    if money and facts.currency and money[0] not in MONEY.get(facts.currency, facts.currency):
        return False
    try:
        value = float(amount)
    except ValueError:
        return False
    if is_each:
        prices = [facts.price / count for count in (1, *_counts(facts))] if facts.price else []
        return any(price < value if role == "under" else abs(price - value) < HALF_CENT for price in prices)
    if role == "less":
        return equals_one(value, facts.amounts_off)
    if role == "spend":
        return equals_one(value, (facts.minimum_spend,))
    if role == "under":
        return facts.price is not None and facts.price < value
    if role == "was":
        return equals_one(value, (facts.old_price,))
    return equals_one(value, (facts.price,) if role == "now" else (facts.price, facts.old_price))


def equals_one(value: float, amounts: Iterable[float | None]) -> bool:
    """Whether the value is one of these sums of money."""
    return any(amount is not None and abs(value - amount) < HALF_CENT for amount in amounts)


def _counts(facts: ItemFacts) -> Iterator[int]:
    """How many pieces the item has, by its row; more than one."""
    for text in facts.texts():
        yield from (int(count) for count in _COUNTED.findall(fold(text)) if int(count) > 1)
