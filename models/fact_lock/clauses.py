"""The clauses around a claim."""

from __future__ import annotations

import re

from models.fact_lock.facts import Claim

# A point or comma within a figure ends no clause.
_BEFORE = re.compile(r"(?:^|[,.;:!?])(?:[^,.;:!?]|(?<=\d)[.,](?=\d))*$")
_AFTER = re.compile(r"(?:[^,.;:!?]|(?<=\d)[.,](?=\d))*")
_CLAUSE = re.compile("[^,，。;；!！?？]+")


def rest_of_clause(claim: Claim, folded: str) -> str:
    """What follows the claim in its clause."""
    after = _AFTER.match(folded, claim.end)
    return after[0] if after else ""


def clause_around(claim: Claim, folded: str) -> str:
    """The clause around a claim, without the claim's own words."""
    before = _BEFORE.search(folded[: claim.start])
    return f"{before[0] if before else ''} {rest_of_clause(claim, folded)}"


def clauses_of(claim: Claim, folded: str) -> str:
    """The clauses in which the claim stands, with its own words. Points and colons, as within figures, end none."""
    return "".join(
        clause[0] for clause in _CLAUSE.finditer(folded) if clause.start() < claim.end and claim.start < clause.end()
    )
