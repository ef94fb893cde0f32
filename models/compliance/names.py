"""Judges single names of the catalogue: titles, brands, categories, attributes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from models.compliance import disguises, name_patterns, refusal_patterns
from models.compliance.refusals import Lexicon, hostile_name
from models.text.languages import Script

LONGEST_TITLE, LONGEST_WORD = 120, 60  # characters; a longer text is no name
# Reasons that tell nothing about the seller: any honest shop has such names.
_BY_ACCIDENT = frozenset(
    ("too long", "absurd length", "emoji", "wrong language", "control character", "line break", "repetition",
     "price in description", "offer in a name", "leak")
)  # fmt: skip


def name_refusal(
    name: str, longest: int, languages: Iterable[Script] = (), lexicons: Iterable[Lexicon] = ()
) -> tuple[str, str] | None:
    """(reason, detail): why a name of the catalogue may not be shown; None if it may be shown.

    longest: the most characters that the name may have. Of several reasons, a reason with bad intent comes first (see
    `shows_intent`).
    """
    if len(name) > longest:
        return "too long", f"{len(name)} characters, a name has at most {longest}"
    refusals = hostile_name(name, languages, lexicons)
    worst = min(refusals, key=lambda refusal: refusal.reason in _BY_ACCIDENT, default=None)
    return (worst.reason, worst.detail) if worst else None


def shows_intent(reason: str) -> bool:
    """Whether the reason shows bad intent of the seller: a contact, an order to the writer, forbidden goods."""
    return reason not in _BY_ACCIDENT


def rules_digest(languages: Iterable[Script], lexicons: Iterable[Lexicon]) -> str:
    """A digest that changes if the rules for names change: patterns of this package, languages or lexicons."""
    modules = (disguises, name_patterns, refusal_patterns)
    patterns = [value.pattern for module in modules for value in vars(module).values() if isinstance(value, re.Pattern)]
    rules = (patterns, sorted(_BY_ACCIDENT), LONGEST_TITLE, LONGEST_WORD, tuple(languages), tuple(lexicons))
    return hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
