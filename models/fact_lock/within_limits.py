"""Whether what goes into the item is within a limit of its row: a 14-inch computer, of a bag for up to 15.6 inches.

Only things that are named by their inches: that a dog weighs less than a bag may carry does not say that it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_claims import figure_claims

_LIMIT = re.compile("最[大多长高]|至多|不超过|以内|(?i:up to|max)")
_INCHES = re.compile("寸|inch")
# The thing after its figure: 本 of 十四寸的本放进去.
_THING = re.compile("(?:以内|以下|以上)?的(?P<thing>[一-龥]{1,4}?)(?=[就也都]?[别放装塞收揣插滑躺])")
# What the text puts in, right after its figure: 十四寸的本放进去.
_PUT_IN = re.compile("(?:以内|以下)?的?[\u3400-\u9fff]{0,5}?(?:放|装|塞|收|揣|插|滑|躺)得?(?:进|下|住)")
# What it says not to fit: 十三寸的就别放了.
_LEFT_OUT = re.compile("(?:以上)?的?[\u3400-\u9fff]{0,5}?(?:别|放不|装不|塞不|收不)(?:放|装|塞|进|下)")


def is_within_limit(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the claim is a measure of a thing that the text puts in, and at most the limit that the row gives for it,
    or of one that it says not to fit, and above the limit.

    A thing below half the limit may be one of another kind.
    """
    figure, _, unit = claim.value.partition(" ")
    in_inches = claim.kind == "number" and _INCHES.search(folded[claim.start : claim.end])
    if not in_inches or not figure.replace(".", "", 1).isdigit():
        return False
    thing = _THING.match(folded, claim.end)
    limits = [limit for limit, words in _limits(facts, unit) if not thing or set(thing["thing"]) & words]
    if _LEFT_OUT.match(folded, claim.end):
        return bool(limits) and float(figure) > max(limits)
    return bool(_PUT_IN.match(folded, claim.end)) and any(limit / 2 <= float(figure) <= limit for limit in limits)


def _limits(facts: ItemFacts, unit: str) -> Iterator[tuple[float, set[str]]]:
    """(the limit, the characters that say of what it is) of each limit of the row."""
    for text in facts.texts():
        for limit in figure_claims(text) if _LIMIT.search(text) and _INCHES.search(text) else ():
            figure, _, of = limit.value.lstrip("~<>").partition(" ")
            if limit.kind == "number" and of == unit:
                yield float(figure), {*text, *("笔记本" if "电脑" in text else "")}
