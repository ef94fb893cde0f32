"""Whether an item's facts support a claim."""

from __future__ import annotations

from models.facts import Claim, Facts
from models.vocabulary import KIND_OF

CENT = 0.005  # figures of money are equal within half a cent
SHARE = 0.005  # and shares within half a hundredth
FEW = 10  # units: "only a few left" is true up to here


def supports(claim: Claim, facts: Facts, known: frozenset[str]) -> bool:
    """True where the tables say what the claim says. known: the values that the item's words support."""
    if claim.value in known:
        return True
    if claim.doubtful:
        kinds = {KIND_OF.get(name.lower(), "attribute") for name in facts.attributes}
        return not (
            set(claim.attributes) & set(facts.attributes) or (claim.kind in kinds and claim.kind != "attribute")
        )
    match claim.kind:
        case "price":
            return _price(claim, facts)
        case "discount":
            return _discount(claim, facts)
        case "stock":
            return _stock(claim, facts)
        case "date":
            return _date(claim, facts)
        case "number" | "size":
            return _number(claim, facts, known)
    return False


def _figure(claim: Claim) -> tuple[str, float]:
    word, _, figure = claim.value.partition(" ")
    try:
        return word, float(figure)
    except ValueError:
        return claim.value, float("nan")


def _near(value: float, facts: tuple[float | None, ...]) -> bool:
    return any(fact is not None and abs(value - fact) < CENT for fact in facts)


def _price(claim: Claim, facts: Facts) -> bool:
    role, value = _figure(claim)
    if role == "less":
        return _near(value, facts.amounts_off)
    if role == "spend":
        return _near(value, (facts.minimum_spend,))
    if role == "was":
        return _near(value, (facts.old_price,))
    return _near(value, (facts.price,) if role == "now" else (facts.price, facts.old_price))


def _discount(claim: Claim, facts: Facts) -> bool:
    _, share = _figure(claim)
    return any(abs(share - fact) < SHARE for fact in facts.shares_off)


def _stock(claim: Claim, facts: Facts) -> bool:
    if facts.stock is None:
        return False
    word, value = _figure(claim)
    if word == "left":
        return value == facts.stock
    return {"stock:in stock": facts.stock > 0, "stock:sold out": facts.stock <= 0,
            "stock:few": 0 < facts.stock <= FEW}.get(claim.value, False)  # fmt: skip


def _date(claim: Claim, facts: Facts) -> bool:
    said = claim.value.split("-")
    for day in facts.dates:
        parts = [f"{day.year}", f"{day.month:02d}", f"{day.day:02d}"]
        if said in (parts, parts[1:], parts[1:2]):
            return True
    return False


def _number(claim: Claim, facts: Facts, known: frozenset[str]) -> bool:
    """A figure is supported in its unit, or where either the fact or the text leaves the unit out."""
    figure, _, unit = claim.value.removeprefix("size ").partition(" ")
    if not unit:
        return any(value.split(" ")[0] == figure for value in known) or _near(float(figure), (facts.price,))
    return figure in known
