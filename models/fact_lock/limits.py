"""Whether another thing goes into the item, by a limit of its row, or the item into a room that the text names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.clauses import rest_of_clause
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.row_measures import MEASURE, SIDES, measures_named, nameless_sides, sides_named

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
_TOO_LARGE = re.compile(
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
# The same in Chinese, of things that are named by their inches: that a dog weighs less than a bag may carry does not
# say that it fits.
_LIMIT_ZH = re.compile("最[大多长高]|至多|不超过|以内|(?i:up to|max)")
_INCHES = re.compile("寸|inch")
# The thing after its figure: 本 of 十四寸的本放进去.
_THING_ZH = re.compile("(?:以内|以下|以上)?的(?P<thing>[一-龥]{1,4}?)(?=[就也都]?[别放装塞收揣插滑躺])")
# What the text puts in, right after its figure: 十四寸的本放进去.
_PUT_IN = re.compile("(?:以内|以下)?的?[\u3400-\u9fff]{0,5}?(?:放|装|塞|收|揣|插|滑|躺)得?(?:进|下|住)")
# What it says not to fit: 十三寸的就别放了.
_LEFT_OUT = re.compile("(?:以上)?的?[\u3400-\u9fff]{0,5}?(?:别|放不|装不|塞不|收不)(?:放|装|塞|进|下)")
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


def keeps_limit(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a measure is of another thing that the row's limit allows, or that the text rightly calls too large."""
    if claim.kind != "number":
        return False
    return _keeps_limit(claim, facts, folded) or _keeps_limit_in_chinese(claim, facts, folded)


def is_too_large(claim: Claim, folded: str) -> bool:
    """Whether an English text says of a size or a length that it is too large for the item."""
    is_size = claim.kind == "size" or (claim.kind == "number" and claim.value.endswith(" m"))
    return is_size and _TOO_LARGE.match(folded, claim.end) is not None


def _keeps_limit(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether an English text does. The limit must be of the thing, but for a weight that the item is said to bear."""
    measure, other = MEASURE.fullmatch(claim.value), _OTHER.match(folded, claim.end)
    before = folded[: claim.start]
    if measure is None or other is None or not _OF_OTHER.search(before):
        return False
    nouns = [noun for noun in (other["noun"], other["head"]) if noun]
    if set(nouns) & set(facts.kinds):
        return False
    denied = _DENIED.search(rest_of_clause(claim, folded)) is not None
    too_large = _TOO_LARGE.match(folded, claim.end) is not None or (
        _NOR_DOES.match(folded, claim.end) is not None and _FITS.search(before) is not None
    )
    bears = (_BEARS.search(before) and _LOAD.match(folded, claim.end)) or _INSIDE.match(folded, claim.end)
    for most, unit, words in _limits(facts):
        if unit == measure["unit"] and unit not in ("h", "day"):
            of_thing = bears is not None if unit == "g" else any(noun.removesuffix("s") in words for noun in nouns)
            if too_large if float(measure["value"]) > most else (of_thing and not denied):
                return True
    return False


def _limits(facts: ItemFacts) -> Iterator[tuple[float, str, str]]:
    """(figure, unit, name and value of the attribute) of each figure that the words before it, or the attribute's name,
    call a limit."""
    for name, value in facts.folded_values:
        of_name = _LIMITS.search(name) is not None
        for claim in figure_claims(value):
            measure = MEASURE.fullmatch(claim.value)
            if measure and (of_name or _UP_TO.search(value[: claim.start])):
                yield float(measure["value"]), measure["unit"], f"{name} {value}"


def _keeps_limit_in_chinese(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a Chinese text does. A thing below half the limit may be one of another kind."""
    figure, _, unit = claim.value.partition(" ")
    if not _INCHES.search(folded[claim.start : claim.end]) or not figure.replace(".", "", 1).isdigit():
        return False
    thing = _THING_ZH.match(folded, claim.end)
    limits = [limit for limit, words in _limits_in_inches(facts, unit) if not thing or set(thing["thing"]) & words]
    if _LEFT_OUT.match(folded, claim.end):
        return bool(limits) and float(figure) > max(limits)
    return bool(_PUT_IN.match(folded, claim.end)) and any(limit / 2 <= float(figure) <= limit for limit in limits)


def _limits_in_inches(facts: ItemFacts, unit: str) -> Iterator[tuple[float, set[str]]]:
    """(figure, the characters that say of what it is) of each figure in a text of the row that has a limit in inches.

    The word for the limit may stand anywhere in the text, a title too: 15.6寸以内的电脑都能装.
    """
    for text in facts.texts():
        for limit in figure_claims(text) if _LIMIT_ZH.search(text) and _INCHES.search(text) else ():
            figure, _, of = limit.value.lstrip("~<>").partition(" ")
            if limit.kind == "number" and of == unit:
                yield float(figure), {*text, *("笔记本" if "电脑" in text else "")}


def has_room(claim: Claim, facts: ItemFacts, folded: str) -> bool:
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
