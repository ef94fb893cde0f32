"""Figures of a text that follow from the row: what is saved, a price per metre, the weight of a pair, a limit met."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.fact_check import supports
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.figure_patterns import BESIDE_FACT, FIGURES
from models.fact_lock.measures import MEASURE, SIDES, measures_named, nameless_sides, sides_named
from models.fact_lock.price_check import ABOUT, HALF_CENT, equals_one, is_own_money, prices_of_one
from models.fact_lock.vocabulary import kind_of
from models.text.languages import UNSPACED
from models.text.numerals import NUMBER, fold, value_of

_MONEY = re.compile(r" (?:yuan|dollar|euro|pound|rupee)$")
_BARE = re.compile(r"(?:(?:price|left|less) )?(?P<value>[\d.]+)(?: yuan| dollar| euro| pound| rupee)?")
_CLAUSE_BEFORE = re.compile(r"(?:^|[,.;:!?])(?:[^,.;:!?]|(?<=\d)[.,](?=\d))*$")
_CLAUSE_AFTER = re.compile(r"(?:[^,.;:!?]|(?<=\d)[.,](?=\d))*")
# Right before or right after a sum that the buyer saves; after one of `_PAYS` it is what the buyer pays.
_SAVES = re.compile(
    r"(?<![a-z])(?:(?P<sure>sav(?:e[sd]?|ings?)(?: you| of)?|discount of)|(?:cut|drop|difference|reduction) of"
    r"|(?:down|cut|lower|reduced|fell|fallen|dropped|cheaper) by|down|less|off|knocked|shaved|trimmed|keeps?"
    r"|kept|pocket)"
    r"(?: (?:about|just|only|around|roughly|exactly|a full|a cool))? $"
)
_SAVED = re.compile(
    r" (?:(?P<sure>off|cheaper|saved)|less|lower|fewer|knocked off|shaved off|to spare|left over|in your pocket"
    r"|stays?(?= (?:in|with))|down from)(?![a-z])"
)
_PAYS = re.compile(
    r"(?<![a-z])(?:pay|pays|costs?|priced?(?: at| is| of)?|for|at|now|yours for|is now|from|to|was|were|cost"
    r"|reduced to|it's|all of)"
    r"(?: (?:about|just|only|around|roughly))? $"
)
# A saving beside that of the two prices, or one that asks for something.
_FURTHER = re.compile(
    r"(?<![a-z])(?:further|another|extra|additional|second|next|order|code|coupon|voucher|members?|bill|owe)(?![a-z])"
)
# What may follow a sum that is saved: after a bare number no thing that it counts.
_NO_THING = re.compile(
    r"[,.;:!?]|$| (?:off|back|less|lower|cheaper|from|left over|will buy|buys|pays for|towards|stays?|saved"
    r"|for(?! (?:the|each|every)(?![a-z])))(?![a-z])"
)
_GOES_ON = re.compile(
    r" (?:for|on|today|and|is|buys|will buy|or|in your|to spare|while|when|compared|fewer|knocked|shaved|down)(?![a-z])"
)
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
_TOTAL = re.compile(
    r" (?:(?:for )?(?:the|a|per) (?P<pair>pair)|between (?:them|the two)|(?:for |in )?(?:the (?:set|lot)|all|total)"
    r"|altogether"
    r"|together|combined|all told)(?![a-z])"
)
_PAIR = re.compile(r"(?<![a-z])(?:a|the|each|every|one) pair (?:weighs|comes to)(?: (?:about|only|just|under|over))* $")
# A measure of one piece in a row: "60 g per sock", 每只60克.
_OF_ONE = re.compile(r" ?(?:each|apiece|per (?!pair|set|pack|box)[a-z]+|a piece)(?![a-z])")
_OF_ONE_ZH = re.compile("(?:每|单)[一-龥]$")
_COUNTS = frozenset(("count", "quantity", "pieces", "pack", "pack size", "set", "contents"))  # names of attributes
_DAILY = re.compile(r" (?:[a-z]+ )?(?:an?|per|every|each) day(?![a-z])")
_DAYS = re.compile(r" days(?![a-z])")
# Limits of a row: "up to 15 inch", "max load: 40 kg".
_UP_TO = re.compile(r"(?:up to|max(?:imum)?\.?|at most|no more than|≤) ?$")
_LIMITS = re.compile(r"(?<![a-z])(?:max(?:imum)?|load|limit)(?![a-z])")
_OF_OTHER = re.compile(r"(?<![a-z])(?:an?|any|your|his|her|my|our)(?: (?:old|new|big|small|little|whole))? $")
_OTHER = re.compile(r" (?P<noun>[a-z]+)(?: (?P<head>[a-z]+))?")
# Before a weight that the item bears, and who or what may be the load of it: no part of the item.
_BEARS = re.compile(r"(?<![a-z])(?:holds?|carr(?:y|ies)|takes?|bears?|supports?|lifts?|hauls?) an? $")
_INSIDE = re.compile(
    r"(?: [a-z]+){1,2} (?:is|comes|stays|weighs in)(?: [a-z]+)? (?:inside|within|under|below) (?:the|its)"
    r" (?:limit|maximum)"
)
_LOAD = re.compile(
    r" (?:load|person|man|woman|adult|teenager|child|toddler|passenger|climber|rider|hiker|walker|sitter|sleeper|reader"
    r"|dancer|guest|dog|cat)(?![a-z])"
)
_DENIED = re.compile(r"n't(?![a-z])|(?<![a-z])(?:not|no|never|elsewhere|sorry|keep looking|cannot)(?![a-z])")
# Right after a thing that is too large: "your old 17-inch brute doesn't fit", "size 47s should keep looking".
_TOO_MUCH = re.compile(
    r"s?(?: [a-z]+){0,2} (?:(?:should|must|will|can|may|had better) (?:keep looking|look elsewhere)"
    r"|(?:(?:is|are|do|does|wo|ca)n't|(?:is|are|do|does|will) not|cannot)"
    r" (?:fit|go in|get in|belong (?:here|in (?:it|here|this))|meant|allowed|covered|made)"
    r"(?: (?:it|here|inside))?(?=[,.;:!?]|$)"
    r"|(?:is|are) (?:out of luck|too (?:much|big|large|heavy)(?: for (?:it|this))?(?=[,.;:!?]|$)))"
)
# "Your old 17-inch brute doesn't.", where the text has said what fits.
_NOR_DOES = re.compile(
    r"s?(?: [a-z]+){0,2} (?:(?:is|are|do|does|wo|ca)n't|(?:is|are|do|does|will) not|cannot)(?=[.;:!?]|$)"
)
_FITS = re.compile(
    r"(?<![a-z])(?:fits?|(?:slips?|slides?|goes|go|gets?) in(?:to|side)?|takes?|swallows?|room for"
    r"|(?:inside|within) the limit)(?![a-z])"
)
# A room that a thing stands in, and one that it needs: which of its sides is the width or the height, its row says.
_ROOM = "gap|slot|space|nook|niche|alcove|opening|corner"
_INTO = re.compile(r"(?<![a-z])(?:in|into|inside|between) an? $")
_GAP = re.compile(rf" (?:{_ROOM})(?![a-z])")
_ROOM_OF = re.compile(rf"(?<![a-z])(?:{_ROOM}|room)(?: that(?: is|'s)| of| measuring)? at least $")
_UNDER = re.compile(r"(?<![a-z])(?:under|below|beneath) an? $")
_OVERHANG = re.compile(r" (?:shelf|ledge|windowsill|sill|bed|desk|table|worktop|counter|ceiling|bench|sofa)(?![a-z])")
_WITHIN = re.compile(r"(?<![a-z])(?:under|below|beneath|within|inside|meets|beats|clears|respects) (?:the|any|every) $")
_RULE = re.compile(r" (?:[a-z]+ )?(?:limits?|allowances?|rules?|maximum)(?![a-z])")
_VOLUME = re.compile(r"(?:net )?(?:volume|contents?|capacity)")
_WEIGHT = re.compile(r"(?:(?:net|total|own|item) )?weight")
LEAST = 0.5  # share of the room around it, or of a rule's limit, that a fact has at least


def follows(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a figure follows from the row's figures and prices. known: the values that the item's words support."""
    if claim.kind == "size":
        return _is_refused_size(claim, facts, known, folded)
    if claim.kind not in ("number", "price"):
        return False
    if claim.kind == "price" and not is_own_money(
        claim.value.split(" ")[-1:] if _MONEY.search(claim.value) else [], facts
    ):
        return False
    return (
        (not UNSPACED.search(folded) and _is_saving(claim, facts, folded))  # Chinese: `price_check.is_saving`
        or _is_price_unit(claim, facts, folded)
        or _is_price_per(claim, facts, known, folded)
        or _is_total(claim, facts, folded)
        or _lasts(claim, facts, folded)
        or _meets_limit(claim, facts, folded)
        or _has_room(claim, facts, folded)
    )


def misses(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text says of a figure of the row what the row does not: that a size of the item is none, or that the
    weight of each piece is that of all."""
    if claim.kind not in ("number", "size"):
        return False
    if (claim.kind == "size" or claim.value.endswith(" m")) and _TOO_MUCH.match(folded, claim.end):
        return True
    measure = MEASURE.fullmatch(claim.value)
    if measure is None or not (_TOTAL.match(folded, claim.end) or _PAIR.search(folded, 0, claim.start)):
        return False
    return any(
        unit == measure["unit"] and abs(float(measure["value"]) - stated) < HALF_CENT
        for stated, unit in _measures_of_one(facts)
    )


def _is_saving(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a sum is what the old price and the price differ by, and the text says so or names both of them."""
    words = _BARE.fullmatch(claim.value)
    if words is None or not equals_one(float(words["value"]), facts.amounts_off):
        return False
    if _PAYS.search(folded, max(0, claim.start - 24), claim.start):
        return False
    is_bare, no_thing = claim.kind == "number", _NO_THING.match(folded, claim.end) is not None
    if not no_thing and (is_bare or not _GOES_ON.match(folded, claim.end)):
        return False
    if _FURTHER.search(_clause(claim, folded)):
        return False
    if {facts.price, facts.old_price} <= {value_of(number) for number in NUMBER.finditer(folded)}:
        return True
    is_saved = _SAVES.search(folded, max(0, claim.start - 32), claim.start) or _SAVED.match(folded, claim.end)
    return is_saved is not None and (not is_bare or is_saved["sure"] is not None)


def _clause(claim: Claim, folded: str) -> str:
    """The clause around a claim, without its words."""
    before, after = _CLAUSE_BEFORE.search(folded[: claim.start]), _CLAUSE_AFTER.match(folded, claim.end)
    return (before[0] if before else "") + " " + (after[0] if after else "")


def _is_price_per(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a sum is the price of one piece, of a unit of the row's measure, or of a hundred of them."""
    words = re.fullmatch(r"(?:each )?(?:(?P<role>price|now|about) )?(?P<value>[\d.]+)(?: [a-z]+)?", claim.value)
    per = _PER.match(folded, claim.end)
    if words is None or per is None or not facts.price:
        return False
    if claim.kind == "number" and " " in claim.value:
        return False
    if claim.kind == "number" and not _OF_MONEY.search(_clause(claim, folded)):
        sum_before = _LEADS_ON.search(folded[: claim.start])
        if sum_before is None or not _OF_MONEY.search(sum_before["clause"]):
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
            for stated, of in measures_named(facts, _AMOUNTS)
            if stated and (of == dimension or (not dimension and of in ("g", "ml", "m")))
        ]
        return any(abs(price - value) < leeway for price in prices)
    return any(abs(price - value) < leeway for price in prices_of_one(facts, known))


def _is_price_unit(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is only what a price is of, such as a hundred grams."""
    measure = MEASURE.fullmatch(claim.value)
    return (
        measure is not None
        and facts.price is not None
        and measure["unit"] in ("g", "ml", "m")
        and float(measure["value"]) in (1, 10, 100, 1000)
        and _PRICED_BY.search(folded[: claim.start]) is not None
        and _OF_MONEY.search(_clause(claim, folded)) is not None
    )


def _is_total(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is that of all pieces together: half a kilo for the pair, of 250 g each.

    The row must say that its measure is of one piece, and how many pieces there are.
    """
    measure, total = MEASURE.fullmatch(claim.value), _TOTAL.match(folded, claim.end)
    pair = _PAIR.search(folded, 0, claim.start)
    if measure is None or claim.kind != "number" or not (total or pair):
        return False
    value, sign = float(measure["value"]), claim.value[0]
    low, high = BESIDE_FACT.get(sign, (0.9, 1.1) if sign == "~" else (1.0, 1.0))
    counts = {2} if pair or (total and total["pair"]) else set(_counts(facts))
    return any(
        unit == measure["unit"] and low * value <= stated * count <= high * value
        for stated, unit in _measures_of_one(facts)
        for count in counts
    )


def _measures_of_one(facts: ItemFacts) -> Iterator[tuple[float, str]]:
    """(figure, unit) of each weight or volume that the row gives of one piece of several."""
    for text in (fold(text) for values in facts.attributes.values() for text in values):
        for claim in figure_claims(text):
            measure = MEASURE.fullmatch(claim.value)
            of_one = _OF_ONE.match(text, claim.end) or _OF_ONE_ZH.search(text, 0, claim.start)
            if measure and of_one and measure["unit"] in ("g", "ml"):
                yield float(measure["value"]), measure["unit"]


def _counts(facts: ItemFacts) -> Iterator[int]:
    """How many pieces the row says that there are."""
    for name, values in facts.attributes.items():
        if fold(name.replace("_", " ")) in _COUNTS:
            yield from (
                int(figure) for value in values for figure in re.findall(r"(?<![\d.])\d+(?![\d.])", fold(value))
            )


def _lasts(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether so many days are how long the pieces last that the text says are used each day: 80 bags, two a day; or
    whether the pieces of a day last for the days that the text names."""
    days = re.fullmatch(r"(?P<days>\d+) day|(?P<used>\d+)", claim.value)
    if days is None or (days["used"] and not _DAILY.match(folded, claim.end)):
        return False
    after = _DAILY if days["days"] else _DAYS
    others = (value_of(number) for number in NUMBER.finditer(folded) if after.match(folded, number.end()))
    counts = set(_counts(facts))
    return any(int(days["days"] or days["used"]) * other in counts for other in others)


def _meets_limit(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is of another thing that the row's limit allows: a 14-inch laptop, of a bag for up to 15.

    The limit must be of that thing, but for a weight that the item is said to bear: a row says "max load". A thing
    beyond the limit may be named where the text says that it is too much.
    """
    measure, other = MEASURE.fullmatch(claim.value), _OTHER.match(folded, claim.end)
    if measure is None or other is None or not _OF_OTHER.search(folded[: claim.start]):
        return False
    nouns = [noun for noun in (other["noun"], other["head"]) if noun]
    if set(nouns) & set(facts.kinds):
        return False
    clause = _CLAUSE_AFTER.match(folded, claim.end)
    denied = clause is not None and _DENIED.search(clause[0]) is not None
    too_much = _TOO_MUCH.match(folded, claim.end) is not None or (
        _NOR_DOES.match(folded, claim.end) is not None and _FITS.search(folded, 0, claim.start) is not None
    )
    before = folded[: claim.start]
    bears = (_BEARS.search(before) and _LOAD.match(folded, claim.end)) or _INSIDE.match(folded, claim.end)
    for most, unit, words in _limits(facts):
        if unit == measure["unit"] and unit not in ("h", "day"):
            is_over = float(measure["value"]) > most
            of_thing = bears is not None if unit == "g" else any(noun.removesuffix("s") in words for noun in nouns)
            if too_much if is_over else (of_thing and not denied):
                return True
    return False


def _is_refused_size(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether the text says of a size that the row lacks that the item is none for it."""
    has_sizes = any(kind_of(name) == "size" for name in facts.attributes)
    return has_sizes and not supports(claim, facts, known) and _TOO_MUCH.match(folded, claim.end) is not None


def _limits(facts: ItemFacts) -> Iterator[tuple[float, str, str]]:
    """(figure, unit, name and value of the attribute) of each limit of the row."""
    for name, values in facts.attributes.items():
        of_name = _LIMITS.search(fold(name)) is not None
        for text in map(fold, values):
            for claim in figure_claims(text):
                measure = MEASURE.fullmatch(claim.value)
                if measure and (of_name or _UP_TO.search(text[: claim.start])):
                    yield float(measure["value"]), measure["unit"], f"{fold(name)} {text}"


def _has_room(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is of the room that the item fits in, or of a rule that it meets, by a fact that is smaller.

    The side that counts is the one which the row calls the width, or the height under something; a thing whose sides
    have no names goes in with the shortest.
    """
    measure = MEASURE.fullmatch(claim.value)
    if measure is None or claim.kind != "number":
        return False
    before, value, unit = folded[: claim.start], float(measure["value"]), measure["unit"]
    stated: list[float] = []
    if _WITHIN.search(before) and _RULE.match(folded, claim.end):
        of = {"g": _WEIGHT, "ml": _VOLUME}.get(unit, SIDES)
        stated = [max((figure for figure, its_unit in measures_named(facts, of) if its_unit == unit), default=0.0)]
    elif unit == "m" and _INTO.search(before) and _GAP.match(folded, claim.end):
        named = sides_named("thickness", facts) or sides_named("width", facts)
        stated = named or [sides[0] for sides in nameless_sides(facts) if len(sides) == 3]
    elif unit == "m" and _ROOM_OF.search(before):
        stated = sides_named("width", facts) or [sides[-1] for sides in nameless_sides(facts)]
    elif unit == "m" and _UNDER.search(before) and _OVERHANG.match(folded, claim.end):
        stated = sides_named("height", facts)
    return any(LEAST * value <= figure <= value for figure in stated)
