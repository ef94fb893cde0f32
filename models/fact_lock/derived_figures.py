"""Figures of a text that follow from the row: what is saved, a price per metre, the weight of a pair, a limit met."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.figure_patterns import BESIDE_FACT, FIGURES
from models.fact_lock.judged_sentences import kinds_of
from models.fact_lock.price_check import ABOUT, HALF_CENT, equals_one, is_own_money, piece_counts, prices_of_one
from models.fact_lock.vocabulary import UNSPACED, kind_of
from models.text.numerals import NUMBER, fold, value_of

_MONEY = re.compile(r" (?:yuan|dollar|euro|pound|rupee)$")
_BARE = re.compile(r"(?:(?:price|left|less) )?(?P<value>[\d.]+)(?: yuan| dollar| euro| pound| rupee)?")
_MEASURE = re.compile(r"[~<>]?(?P<value>[\d.]+) (?P<unit>\S+)(?: (?:wide|side))?")
_CLAUSE_BEFORE = re.compile(r"(?:^|[,.;:!?])[^,.;:!?]*$")
_CLAUSE_AFTER = re.compile(r"(?:[^,.;:!?]|(?<=\d)[.,](?=\d))*")
# A sum in the clause of one of these is what the buyer saves; after one of `_PAYS` it is what the buyer pays.
_SAVES = re.compile(
    r"(?<![a-z])(?:sav(?:e[sd]?|ings?)|back|less|off|cut|drop(?:s|ped)?|down|fell|fallen|knocked|difference|ke(?:ep|eps|pt)"
    r"|leav(?:es|ing)|left|stays?|spare|pocket|lower|cheaper|fewer|shaved|trimmed|discount|reduc(?:ed|tion))(?![a-z])"
)
_PAYS = re.compile(
    r"(?<![a-z])(?:pay|pays|costs?|priced?(?: at| is| of)?|for|at|now|yours for|is now|from|to|was|were|cost"
    r"|reduced to|it's|all of)"
    r"(?: (?:about|just|only|around|roughly))? $"
)
# Right after a sum: what it is paid for ("seven yuan a metre", "sixteen for every hundred").
_PER = re.compile(
    r" (?:for )?(?:every|each|per|an?) (?:(?P<hundred>(?:a )?hundred)(?: (?P<of>[a-z]+))?|(?P<unit>[a-z]+))(?![a-z])"
    r"| (?:apiece|each)(?![a-z])"
)
# Before a round measure that a price is of: "five yuan for every hundred grams". Such a measure is no fact itself.
_PRICED_BY = re.compile(r"[a-z] (?:for )?(?:every|each|per)(?: a)? $")
_TOTAL = re.compile(
    r" (?:(?:for )?(?:the|a) (?P<pair>pair)|between (?:them|the two)|(?:for |in )?(?:the (?:set|lot)|all|total)"
    r"|altogether"
    r"|together|combined|all told)(?![a-z])"
)
_DAILY = re.compile(r" (?:[a-z]+ )?(?:an?|per|every|each) day(?![a-z])")
# Limits of a row: "up to 15 inch", "max load: 40 kg".
_UP_TO = re.compile(r"(?:up to|max(?:imum)?\.?|at most|no more than|≤) ?$")
_LIMITS = re.compile(r"(?<![a-z])(?:max(?:imum)?|load|limit)(?![a-z])")
_OF_OTHER = re.compile(r"(?<![a-z])(?:an?|any|your|his|her|my|our)(?: (?:old|new|big|small|little|whole))? $")
_OTHER = re.compile(r" (?P<noun>[a-z]+)(?: (?P<head>[a-z]+))?")
_DENIED = re.compile(r"n't(?![a-z])|(?<![a-z])(?:not|no|never|elsewhere|sorry|keep looking|cannot)(?![a-z])")
# Right after a thing that is too large: "your old 17-inch brute doesn't", "size 47s should keep looking".
_TOO_MUCH = re.compile(
    r"s?(?: [a-z]+){0,2} (?:(?:should|must|will|can|may) (?:keep looking|look elsewhere)"
    r"|(?:(?:is|are|do|does|wo|ca)n't|(?:is|are|do|does|will) not|cannot)"
    r"(?=[,.;:!?]|$| (?:fit|go in|get in|belong|meant|allowed|covered|made|suit))|(?:is|are) (?:out of luck"
    r"|too (?:much|big|large|heavy)))"
)
_ROOM = "gap|slot|space|shelf|nook|niche|alcove|drawer|cupboard|opening|corner|ledge|windowsill|doorway"
_INTO = re.compile(r"(?<![a-z])(?:in|into|under|behind|through|inside|between|on|onto) an? $")
_GAP = re.compile(rf" (?:{_ROOM})(?![a-z])")
_ROOM_OF = re.compile(rf"(?<![a-z])(?:{_ROOM}|room)(?: that(?: is|'s)| of| measuring)? at least $")
_WITHIN = re.compile(r"(?<![a-z])(?:under|below|beneath|within|inside|meets|beats|clears|respects) (?:the|any|every) $")
_RULE = re.compile(r" (?:[a-z]+ )?(?:limits?|allowances?|rules?|maximum)(?![a-z])")
LEAST = 0.5  # share of the room around it, or of a rule's limit, that a fact has at least


def follows(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a figure follows from the row's figures and prices. known: the values that the item's words support."""
    if claim.kind == "size":
        return _is_refused_size(claim, facts, folded)
    if claim.kind not in ("number", "price", "stock"):
        return False
    if claim.kind == "price" and not is_own_money(
        claim.value.split(" ")[-1:] if _MONEY.search(claim.value) else [], facts
    ):
        return False
    return (
        (not UNSPACED.search(folded) and _is_saving(claim, facts, folded))  # Chinese: `price_check.is_saving`
        or _is_price_unit(claim, facts, folded)
        or _is_price_per(claim, facts, known, folded)
        or _is_total(claim, known, folded)
        or _lasts(claim, known, folded)
        or _meets_limit(claim, facts, folded)
        or _has_room(claim, known, folded)
    )


def _is_saving(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a sum is what the old price and the price differ by, and the text says so or names both of them."""
    words = _BARE.fullmatch(claim.value)
    if words is None or not equals_one(float(words["value"]), facts.amounts_off):
        return False
    if _PAYS.search(folded, max(0, claim.start - 24), claim.start):
        return False
    named = {value_of(number) for number in NUMBER.finditer(folded)}
    before, after = _CLAUSE_BEFORE.search(folded[: claim.start]), _CLAUSE_AFTER.match(folded, claim.end)
    clause = (before[0] if before else "") + " " + (after[0] if after else "")
    return {facts.price, facts.old_price} <= named or _SAVES.search(clause) is not None


def _is_price_per(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a sum is the price of one piece, of a unit of the row's measure, or of a hundred of them."""
    words = re.fullmatch(r"(?:each )?(?:(?P<role>price|about) )?(?P<value>[\d.]+)(?: [a-z]+)?", claim.value)
    per = _PER.match(folded, claim.end)
    if words is None or per is None or not facts.price or claim.kind == "stock":
        return False
    if claim.kind == "number" and " " in claim.value:
        return False
    unit = per["unit"] or per["of"] or ""
    value, leeway = float(words["value"]), 2 * HALF_CENT
    if words["role"] == "about":
        leeway = ABOUT * value
    if unit in FIGURES.units or per["hundred"]:
        dimension, size = FIGURES.units.get(unit, ("", 1.0))
        size *= 100 if per["hundred"] else 1
        prices = [
            facts.price * size / stated
            for stated, of in _measures(known)
            if stated and (of == dimension or (not dimension and of in ("g", "ml", "m")))
        ]
        return any(abs(price - value) < leeway for price in prices)
    return any(abs(price - value) < leeway for price in prices_of_one(facts, known))


def _is_price_unit(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is only what a price is of, such as a hundred grams."""
    measure = _MEASURE.fullmatch(claim.value)
    return (
        measure is not None
        and facts.price is not None
        and measure["unit"] in ("g", "ml", "m")
        and float(measure["value"]) in (1, 10, 100, 1000)
        and _PRICED_BY.search(folded[: claim.start]) is not None
    )


def _is_total(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a measure is that of all pieces together: half a kilo for the pair, of 250 g each."""
    measure, total = _MEASURE.fullmatch(claim.value), _TOTAL.match(folded, claim.end)
    if measure is None or total is None or claim.kind != "number":
        return False
    value, sign = float(measure["value"]), claim.value[0]
    low, high = BESIDE_FACT.get(sign, (0.9, 1.1) if sign == "~" else (1.0, 1.0))
    counts = {2} if total["pair"] else {count for count, _ in piece_counts(known) if count <= 100}
    return any(
        unit == measure["unit"] and low * value <= stated * count <= high * value
        for stated, unit in _measures(known)
        for count in counts
    )


def _lasts(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether so many days are how long the pieces last that the text says are used each day: 80 bags, two a day."""
    days = re.fullmatch(r"(\d+) day", claim.value)
    if days is None:
        return False
    daily = (value_of(number) for number in NUMBER.finditer(folded) if _DAILY.match(folded, number.end()))
    return any(count == used * int(days[1]) for used in daily for count, _ in piece_counts(known))


def _meets_limit(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is of another thing that the row's limit allows: a 14-inch laptop, of a bag for up to 15.

    The limit must be of that thing, but for a weight: a row says "max load". A thing beyond the limit may be named
    where the text says that it is too much.
    """
    measure, other = _MEASURE.fullmatch(claim.value), _OTHER.match(folded, claim.end)
    if measure is None or other is None or not _OF_OTHER.search(folded[: claim.start]):
        return False
    nouns = [noun for noun in (other["noun"], other["head"]) if noun]
    if set(nouns) & set(kinds_of(facts)):
        return False
    clause = _CLAUSE_AFTER.match(folded, claim.end)
    denied = clause is not None and _DENIED.search(clause[0]) is not None
    too_much = _TOO_MUCH.match(folded, claim.end) is not None
    for most, unit, words in _limits(facts):
        if unit == measure["unit"] and unit not in ("h", "day"):
            is_over = float(measure["value"]) > most
            of_thing = unit == "g" or any(noun.removesuffix("s") in words for noun in nouns)
            if too_much if is_over else (of_thing and not denied):
                return True
    return False


def _is_refused_size(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text says of a size that the row lacks that the item is none for it."""
    has_sizes = any(kind_of(name) == "size" for name in facts.attributes)
    return has_sizes and _TOO_MUCH.match(folded, claim.end) is not None


def _limits(facts: ItemFacts) -> Iterator[tuple[float, str, str]]:
    """(figure, unit, name and value of the attribute) of each limit of the row."""
    for name, values in facts.attributes.items():
        of_name = _LIMITS.search(fold(name)) is not None
        for text in map(fold, values):
            for claim in figure_claims(text):
                measure = _MEASURE.fullmatch(claim.value)
                if measure and (of_name or _UP_TO.search(text[: claim.start])):
                    yield float(measure["value"]), measure["unit"], f"{fold(name)} {text}"


def _has_room(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a measure is of the room that the item fits in, or of a rule that it meets, by a fact that is smaller."""
    measure = _MEASURE.fullmatch(claim.value)
    if measure is None or claim.kind != "number":
        return False
    before = folded[: claim.start]
    is_room = measure["unit"] == "m" and (
        (_INTO.search(before) and _GAP.match(folded, claim.end)) or _ROOM_OF.search(before)
    )
    if not is_room and not (_WITHIN.search(before) and _RULE.match(folded, claim.end)):
        return False
    value = float(measure["value"])
    return any(unit == measure["unit"] and LEAST * value <= stated <= value for stated, unit in _measures(known))


def _measures(known: frozenset[str]) -> Iterator[tuple[float, str]]:
    """(figure, unit) of each measure of the row."""
    for fact in known:
        measure = _MEASURE.fullmatch(fact)
        if measure and measure["value"].replace(".", "", 1).isdigit():
            yield float(measure["value"]), measure["unit"]
