"""What the names of a row's attributes say by themselves: with a diameter a thing is round, with a strap it has one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim, ItemFacts
from models.text.numerals import fold

# A value that says that the item lacks the thing, or that the shop sells it apart.
_LACKED = re.compile(
    r"(?<![a-z])(?:no|not|none|non|never|without|free|false|n|n/?a|zero|optional|separate(?:ly)?|extra|plain|solid"
    r"|only|apart|lacking|avoid|un[a-z]+|[a-z]+less)(?![a-z])"
    r"|^[-0.% ]*(?:mg|g|ml|m|cm)?$|[无否没未不免另]"
)
# Names that promise something, of which only a plain yes or a figure says that the item keeps it.
_PROMISES = re.compile(
    r"(?:safe|proof|resistance|resistant|able|ible|free|wash|cancell?ing|(?<= )control|lined|heated)$"
)
_KEPT = re.compile(
    r"(?:yes|true|fully?|included|with|always|active)(?![a-z])|(?:up to )?[\d.,]+ ?(?:m|mm|atm|h|months?|years?|°c)?$"
    r"|ip(?:x|\d)\d"
)
_DENIED = re.compile(
    r"(?:no|without(?: any)?) (?P<thing>[a-z]+)(?: (?:needed|required|necessary|included|added))?"
    r"|(?P<free>[a-z]+)[ -]free|(?P<non>non)[ -](?P<of>[a-z]+)"
)
_THE = re.compile(r"(?<![a-z])(?:an?|the|its|this|that) (?:[a-z]+ )?$")
_NO_NOUN = re.compile(r"[,.;:!?]|$| (?:and|or|for|that|which|is|with|on|at|has|comes|off|in|to)(?![a-z])")
_NONE = frozenset(("none", "no", "without"))  # of a thing that the attribute's name says


def parts_of_item(facts: ItemFacts) -> Iterator[str]:
    """The folded names of the attributes whose values do not say that the item lacks the thing."""
    for name, values in facts.attributes.items():
        folded, texts = fold(name.replace("_", " ")), [fold(value) for value in values]
        keeps = not _PROMISES.search(folded) or any(map(_KEPT.match, texts))
        if keeps and not any(map(_LACKED.search, texts)):
            yield folded


def is_part(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a word that is a colour too names a part of the item: "take off the rose", of a can with a rose."""
    word = folded[claim.start : claim.end]
    return (
        claim.kind == "colour"
        and word in parts_of_item(facts)
        and _THE.search(folded[: claim.start]) is not None
        and _NO_NOUN.match(folded, claim.end) is not None
    )


def denied_by_values(facts: ItemFacts) -> Iterator[str]:
    """The things that a value denies in English, one and many of each: assembly, of "no assembly needed"; lining and
    lined, of a lining that is "none"; nickel, of "nickel-free"."""
    for name, values in facts.attributes.items():
        folded = fold(name.replace("_", " "))
        for value in map(fold, values):
            if value in _NONE:
                denied = [folded, *([f"{folded.removesuffix('ing')}ed"] if folded.endswith("ing") else [])]
            elif folded == "free from":
                denied = re.split(r", | and ", value)
            else:
                match = _DENIED.fullmatch(value)
                denied = [match["thing"] or match["free"] or match["of"]] if match else []
            for thing in denied:
                yield from (thing, f"{thing}s", thing.removesuffix("s"))
