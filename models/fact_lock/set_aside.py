"""Claims that a text makes only to set them aside from the item, such as those of "Not a crown. Just a hat"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.claim_rules import OF_PARTNERS, lies_within
from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.vocabulary import Vocabulary
from models.text.numerals import with_digits

MAY_BE_SET_ASIDE = ("award", "celebrity", "number", *OF_PARTNERS)
# "No hooks, no clips: the curtains have a rod pocket", "Not a crown, not a statement. Just a hat": the first part names
# things only to set them aside.
_SET_ASIDE = re.compile(
    r"(?:^|(?<=[.!?;:] ))(?P<aside>(?:no|not|neither)(?![a-z])[^.:;!?]{2,80}?)"
    r"(?:(?P<just>[,.] (?:just|only|simply) )|[:;] )(?P<rest>[^.!?]+)"
)
_REST_OF_WORDS = re.compile(r"[^,.;:!?]+")  # up to the end of the clause


def without_set_aside(
    wrong: list[Claim],
    supported: list[Claim],
    facts: ItemFacts,
    known: frozenset[str],
    folded: str,
    vocabulary: Vocabulary,
) -> list[Claim]:
    """The claims `wrong`, without those that the text makes only to set them aside from a fact that follows.

    A denial of what the item has stays, and so does one of something that is no thing, such as harm or a substance.
    """
    asides = list(_asides(supported, facts, folded))
    if not asides:
        return wrong

    def is_set_aside(claim: Claim) -> bool:
        if not lies_within(claim.start, claim.end, asides):
            return False
        if claim.kind != "negation":
            return claim.kind in MAY_BE_SET_ASIDE
        denied = claim.value.removeprefix("not ")
        if _row_begins(denied.rpartition(":")[2], facts):
            return False
        if ":" in denied:
            return denied not in known and not denied.startswith(SAID_IN_TEXT)
        words = _REST_OF_WORDS.match(folded, claim.start)
        if with_digits(denied)[:1].isdigit():
            return True  # "no ten-step plan"
        return words is not None and any(rule_set.things_in(words[0]) for rule_set in vocabulary.rules)

    return [claim for claim in wrong if not is_set_aside(claim)]


def _asides(supported: list[Claim], facts: ItemFacts, folded: str) -> Iterator[tuple[int, int]]:
    """The places of what the text sets aside, if it goes on with the item or a fact of it."""
    for match in _SET_ASIDE.finditer(folded):
        start, end = match.span("rest")
        names_item = match["just"] and any(kind in match["rest"] for kind in facts.kinds)
        if names_item or any(start <= claim.start < end and claim.name not in facts.kinds for claim in supported):
            yield match.span("aside")


def _row_begins(word: str, facts: ItemFacts) -> bool:
    """Whether a word of the item's attributes begins like this one: "cables" of a cable knit, "line" of lined pages."""
    beginning = re.compile(rf"(?<![a-z0-9]){re.escape(word.removesuffix('s'))}(?![0-9])")
    return any(beginning.search(value) for _, value in facts.folded_values)
