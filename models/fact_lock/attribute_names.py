"""What the names of a row's attributes say by themselves: with a diameter a thing is round, with a strap it has one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import ItemFacts
from models.text.numerals import fold

# A value that says that the item lacks the thing, or that the shop sells it apart.
_LACKED = re.compile(
    r"(?<![a-z])(?:no|not|none|non|never|without|free|false|n|n/?a|zero|optional|separate(?:ly)?|extra|plain|solid|only|apart|lacking|avoid|un[a-z]+|[a-z]+less)(?![a-z])"
    r"|^[-0.% ]*(?:mg|g|ml|m|cm)?$|[无否没未不免另]"
)
# Names that promise something, of which only a plain yes or a figure says that the item keeps it.
_PROMISES = re.compile(r"(?:safe|proof|resistance|resistant|able|ible|free|wash|cancell?ing|control|lined|heated)$")
_KEPT = re.compile(
    r"(?:yes|true|fully?|included|with|always|active)(?![a-z])|[\d.,]+ ?(?:m|mm|atm|h|months?|years?)?$|ip(?:x|\d)\d"
)
_DENIED = re.compile(r"(?:no|without(?: any)?) (?P<thing>[a-z]+)(?: (?:needed|required|necessary|included|added))?")


def parts_of_item(facts: ItemFacts) -> Iterator[str]:
    """The folded names of the attributes whose values do not say that the item lacks the thing."""
    for name, values in facts.attributes.items():
        folded, texts = fold(name.replace("_", " ")), [fold(value) for value in values]
        keeps = not _PROMISES.search(folded) or any(map(_KEPT.match, texts))
        if keeps and not any(map(_LACKED.search, texts)):
            yield folded


def denied_by_values(facts: ItemFacts) -> Iterator[str]:
    """The things that a value denies in English: assembly, of "no assembly needed"."""
    for values in facts.attributes.values():
        for denied in filter(None, map(_DENIED.fullmatch, map(fold, values))):
            yield denied["thing"]
