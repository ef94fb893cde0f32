"""Whether the tables support a sum of money that a text names, also one that follows from them: a price per piece."""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.fact_lock.clauses import clause_around
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_patterns import EACH, FIGURES
from models.fact_lock.pieces import counts_bought
from models.fact_lock.row_measures import MEASURE, measures_named

HALF_CENT = 0.005  # sums of money that differ by less are equal
# What texts call a currency, see `models.fact_lock.figure_patterns.MONEY_WORDS`.
MONEY = {
    "CNY": ("yuan",), "JPY": ("yuan",), "USD": ("dollar",), "HKD": ("dollar", "yuan"), "TWD": ("dollar", "yuan"),
    "SGD": ("dollar",), "AUD": ("dollar",), "CAD": ("dollar",), "EUR": ("euro",), "GBP": ("pound",), "INR": ("rupee",),
}  # fmt: skip
ABOUT = 0.05  # share by which "about" may miss a price of one piece
_MONEY = re.compile(r" (yuan|dollar|euro|pound|rupee)$")
_EACH = re.compile(rf"{EACH}(?P<counter>\S*) ")
_SUM_PER = re.compile(r"(?:each )?(?:(?P<role>price|now|about) )?(?P<value>[\d.]+)(?: [a-z]+)?")
_OF_MONEY = re.compile(
    r"(?<![a-z])(?:yuan|dollars?|euros?|pounds?|rupees?|fen|cents|pence|money|pric(?:e[sd]?|ing)|costs?|pay|pays|paid"
    r"|cheap(?:er)?)(?![a-z])|[$€£¥₹]"
)
# Right after a sum: what it is paid for ("seven yuan a metre", "sixteen for every hundred").
_PER = re.compile(
    r" (?:for )?(?:every|each|per|an?) (?:(?P<hundred>(?:a )?hundred)(?: (?P<of>[a-z]+))?|(?P<unit>[a-z]+))(?![a-z])"
    r"| (?:apiece|each)(?![a-z])"
)
# Before a round measure that a price is of: "five yuan for every hundred grams". Such a measure is no fact itself.
_PRICED_BY = re.compile(r"[a-z\d] (?:for )?(?:every|each|per)(?: a)? $")
# The clause before a sum, and what leads on from it: "eighty yuan for 500 g, or sixteen for every hundred".
_LEADS_ON = re.compile(r"(?P<clause>[^,.;:!?]*)[,:;] (?:or |that is |that's |which is |only |just |about |so )*$")
# Attributes that say how much of a thing one buys.
_AMOUNTS = re.compile(r"(?:net )?(?:weight|volume|contents?|amount|quantity)|length|yardage")


def is_price(words: str, facts: ItemFacts, known: frozenset[str]) -> bool:
    """True if the tables have the sum: words are such as "now 99 yuan", "under 100", "each under 2 yuan".

    known: the values that the item's words support, such as "4 piece".
    """
    each = _EACH.match(words)
    role, _, figure = words[each.end() if each else 0 :].partition(" ")
    amount, _, money = figure.partition(" ")
    if not _is_own_money(money, facts):
        return False
    try:
        value = float(amount)
    except ValueError:
        return False
    own = [] if facts.price is None else [facts.price]
    prices = _prices_of_one(facts, known, each["counter"]) if each else own
    if role == "under":
        return any(price < value for price in prices)
    if role == "over":
        return any(_is_just_over(price, value) for price in prices)
    if each:
        leeway = ABOUT * value if role == "about" else 2 * HALF_CENT
        return any(abs(price - value) < leeway for price in prices)
    either = (facts.price, facts.old_price)
    of_role = {"less": facts.amounts_off, "spend": (facts.minimum_spend,), "was": either[1:], "now": either[:1]}
    return equals_one(value, of_role.get(role, either))


def equals_one(value: float, amounts: Iterable[float | None]) -> bool:
    """Whether the value is one of these sums of money."""
    return any(amount is not None and abs(value - amount) < HALF_CENT for amount in amounts)


def is_in_own_money(claim: Claim, facts: ItemFacts) -> bool:
    """Whether the currency that a sum names, if any, is that of the prices."""
    money = _MONEY.search(claim.value)
    return _is_own_money(money[1] if money else "", facts)


def _is_own_money(money: str, facts: ItemFacts) -> bool:
    return not money or not facts.currency or money in MONEY.get(facts.currency, facts.currency)


def _prices_of_one(facts: ItemFacts, known: frozenset[str], counter: str = "") -> list[float]:
    """The prices of one piece that follow from the price and the row's counts. counter: that of a Chinese text."""
    return [facts.price / count for count in counts_bought(facts, known, counter)] if facts.price else []


def _is_just_over(price: float, value: float) -> bool:
    """Whether a price is what 三块六毛多 or 三块多 says: less than one more of its last unit."""
    return value <= price < value + (1 if value == int(value) else 0.1)


def is_price_per(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a sum is the price of one piece, of a unit of the row's measure, or of a hundred of them.

    A bare number is such a sum where its clause, or the one that leads on to it, speaks of money.
    """
    words = _SUM_PER.fullmatch(claim.value) if claim.kind in ("number", "price") else None
    per = _PER.match(folded, claim.end)
    if words is None or per is None or not facts.price or not is_in_own_money(claim, facts):
        return False
    if claim.kind == "number" and (" " in claim.value or not _is_of_money(claim, folded)):
        return False
    leeway = ABOUT * float(words["value"]) if words["role"] == "about" else 2 * HALF_CENT
    return any(abs(price - float(words["value"])) < leeway for price in _prices_per(per, facts.price, facts, known))


def _is_of_money(claim: Claim, folded: str) -> bool:
    if _OF_MONEY.search(clause_around(claim, folded)):
        return True
    sum_before = _LEADS_ON.search(folded[: claim.start])
    return sum_before is not None and _OF_MONEY.search(sum_before["clause"]) is not None


def _prices_per(per: re.Match[str], price: float, facts: ItemFacts, known: frozenset[str]) -> list[float]:
    """The prices of so much of the item as a match of `_PER` names."""
    unit = per["unit"] or per["of"] or ""
    if unit not in FIGURES.units and not per["hundred"]:
        return _prices_of_one(facts, known)
    dimension, size = FIGURES.units.get(unit, ("", 1.0))
    size *= 100 if per["hundred"] else 1
    return [
        price * size / stated
        for stated, of in measures_named(facts, _AMOUNTS)
        if stated and (of == dimension or (not dimension and of in ("g", "ml", "m")))
    ]


def is_measure_of_price(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is only what a price is of, such as a hundred grams."""
    measure = MEASURE.fullmatch(claim.value) if claim.kind == "number" else None
    return (
        measure is not None
        and facts.price is not None
        and measure["unit"] in ("g", "ml", "m")
        and float(measure["value"]) in (1, 10, 100, 1000)
        and _PRICED_BY.search(folded[: claim.start]) is not None
        and _OF_MONEY.search(clause_around(claim, folded)) is not None
    )
