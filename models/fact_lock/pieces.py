"""An item of several pieces: how many there are, what one of them measures, and what all of them do."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator

from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.figure_patterns import BESIDE_FACT
from models.fact_lock.row_measures import MEASURE
from models.text.numerals import NUMBER, fold, value_of

_SAME = 0.005  # measures that differ by less are equal
_COUNTS = frozenset(("count", "quantity", "pieces", "pack", "pack size", "set", "contents"))  # names of attributes
_WHOLE_NUMBER = re.compile(r"(?<![\d.])\d+(?![\d.])")
_PIECES = re.compile(r"(?P<count>[2-9]|[1-9]\d{1,2})(?P<pieces> piece)?")
# How many pieces of what one buys: 20包, 40次洗涤.
_COUNTED = re.compile(
    r"(?<![\d.])(?<!每[本包袋盒瓶只个片支条张])(\d{1,4}) ?"
    r"(?:([包袋片只个次粒颗支条枚块份张卷件双本盒罐瓶])(?!月|小时|星期|钟头)|bags|washes|pieces|sheets|pairs)"
)
_PACKS = "盒袋包套瓶罐本卷"  # one of these holds several pieces
# What says that a measure is of all pieces together, after or before it.
_TOTAL = re.compile(
    r" (?:(?:for )?(?:the|a|per) (?P<pair>pair)|between (?:them|the two)|(?:for |in )?(?:the (?:set|lot)|all|total)"
    r"|altogether"
    r"|together|combined|all told)(?![a-z])"
)
_PAIR = re.compile(r"(?<![a-z])(?:a|the|each|every|one) pair (?:weighs|comes to)(?: (?:about|only|just|under|over))* $")
_TOTAL_ZH = re.compile("(?:加起来|一共|总共|合计|加一块儿?)(?:是|有|就|才)?$")
# What says so of one piece, in a text and in a row: "two grams a bag", "60 g per sock", 每只60克.
_EACH = re.compile(r" (?:each|apiece|(?:(?:to|per|in|for) )?(?:an?|each|every) [a-z]+)(?![a-z])")
_OF_ONE = re.compile(r" ?(?:each|apiece|per (?!pair|set|pack|box)[a-z]+|a piece)(?![a-z])")
_OF_ONE_ZH = re.compile("(?:每|单)[一-龥]$")
_DAILY = re.compile(r" (?:[a-z]+ )?(?:an?|per|every|each) day(?![a-z])")
_DAYS = re.compile(r" days(?![a-z])")


def counts_given(facts: ItemFacts) -> Iterator[int]:
    """How many pieces there are, by the attributes that say just this."""
    for name, values in facts.attributes.items():
        if fold(name.replace("_", " ")) in _COUNTS:
            yield from (int(figure) for value in values for figure in _WHOLE_NUMBER.findall(fold(value)))


def counts_known(known: frozenset[str]) -> list[tuple[int, bool]]:
    """(count, whether it says of pieces) of each number above one that stands without another unit in `known`.

    Here any number of the row may be a count, not only that of an attribute for counts.
    """
    counted = filter(None, map(_PIECES.fullmatch, known))
    return [(int(count["count"]), count["pieces"] is not None) for count in counted]


def counts_bought(facts: ItemFacts, known: frozenset[str], counter: str) -> Iterator[int]:
    """How many pieces the price may be for: one, unless the item is sold as a set, and any number that the row counts.

    counter: that of the piece in a Chinese text; where the row counts with it, only these numbers.
    """
    rows = [found for text in facts.folded_texts for found in _COUNTED.findall(text) if int(found[0]) > 1]
    if any(own == counter for _, own in rows if counter):
        yield from (int(count) for count, own in rows if own == counter)
        return
    if counter and counter in _PACKS:
        yield 1
        return
    counted = counts_known(known)
    if not any(is_of_pieces for _, is_of_pieces in counted):
        yield 1
    yield from (count for count, _ in counted)
    yield from (int(count) for count, _ in rows)


def is_total(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a measure is that of all pieces together: half a kilo for the pair, of 250 g each.

    For an English text the row must say that its measure is of one piece, and how many there are. For a Chinese one
    (两块加起来1.8公斤) any measure of the row may be that of one piece, and any number of it the count.
    """
    if claim.kind != "number":
        return False
    if _TOTAL_ZH.search(folded, max(0, claim.start - 6), claim.start) and _is_known_for(claim, known, operator.truediv):
        return True
    measure, is_pair = _said_of_all(claim, folded)
    if measure is None:
        return False
    value, sign = float(measure["value"]), claim.value[0]
    low, high = BESIDE_FACT.get(sign, (0.9, 1.1) if sign == "~" else (1.0, 1.0))
    counts = {2} if is_pair else set(counts_given(facts))
    return any(
        unit == measure["unit"] and low * value <= stated * count <= high * value
        for stated, unit in _measures_of_one(facts)
        for count in counts
    )


def is_none_of_all(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text says of all pieces together what the row says of each: "60 g the pair", of 60 g per sock."""
    measure, _ = _said_of_all(claim, folded)
    return measure is not None and any(
        unit == measure["unit"] and abs(float(measure["value"]) - stated) < _SAME
        for stated, unit in _measures_of_one(facts)
    )


def _said_of_all(claim: Claim, folded: str) -> tuple[re.Match[str] | None, bool]:
    """The measure that an English text gives of all pieces, and whether it says that they are a pair; else None."""
    if claim.kind != "number":
        return None, False
    total, pair = _TOTAL.match(folded, claim.end), _PAIR.search(folded, 0, claim.start)
    is_pair = pair is not None or (total is not None and total["pair"] is not None)
    return MEASURE.fullmatch(claim.value) if total or pair else None, is_pair


def is_share_of_one(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a measure is that of one piece of several: two grams a bag, where twenty bags weigh 40 g."""
    if claim.kind != "number" or not _EACH.match(folded, claim.end):
        return False
    return _is_known_for(claim, known, operator.mul)


def _is_known_for(claim: Claim, known: frozenset[str], scaled: Callable[[float, int], float]) -> bool:
    """Whether the row has a measure that is the claim's, scaled by one of the row's counts of pieces."""
    figure, _, unit = claim.value.partition(" ")
    return bool(unit) and any(
        f"{scaled(float(figure.lstrip('~<>')), count):.6g} {unit}" in known for count, _ in counts_known(known)
    )


def _measures_of_one(facts: ItemFacts) -> Iterator[tuple[float, str]]:
    """(figure, unit) of each weight or volume that the row gives of one piece of several."""
    for _, text in facts.folded_values:
        for claim in figure_claims(text):
            measure = MEASURE.fullmatch(claim.value)
            of_one = _OF_ONE.match(text, claim.end) or _OF_ONE_ZH.search(text, 0, claim.start)
            if measure and of_one and measure["unit"] in ("g", "ml"):
                yield float(measure["value"]), measure["unit"]


def lasts_so_long(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether so many days are how long the pieces last that the text says are used each day: 80 bags, two a day; or
    whether the pieces of a day last for the days that the text names."""
    days = re.fullmatch(r"(?P<days>\d+) day|(?P<used>\d+)", claim.value) if claim.kind == "number" else None
    if days is None or (days["used"] and not _DAILY.match(folded, claim.end)):
        return False
    after = _DAILY if days["days"] else _DAYS
    others = (value_of(number) for number in NUMBER.finditer(folded) if after.match(folded, number.end()))
    counts = set(counts_given(facts))
    return any(int(days["days"] or days["used"]) * other in counts for other in others)
