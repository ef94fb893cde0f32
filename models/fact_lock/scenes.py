"""Clauses that speak of the scene, the reader or the weather: they name neither the item nor a part or fact of it.

"The kettle sings, a grey cat watches": the cat's colour is no colour of a teapot. Only texts that a model wrote are
read so, and only where the judge does not find that the sentence asserts something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from models.fact_lock.claim_rules import CLAUSE, ClaimRules, lies_within
from models.fact_lock.facts import Claim
from models.fact_lock.judged_sentences import Sentence

MAY_BE_SCENERY = ("colour", "season")
MOST = 0.65  # probability that the sentence asserts something, at most
_FOLLOWS = re.compile(r", (?:it|they|which|this|these|and it|and they)(?![a-z])")
_WORDS = re.compile(r"[a-z]")
# After a colour, the thing that has it: "a grey cat", not "the evening in grey".
_DESCRIBES = re.compile(
    r"[ -](?!(?:and|or|for|on|in|at|to|of|with|until|all|every|from|by|when|while|that|who|so|but)(?![a-z]))[a-z]"
)


def without_scenery(
    wrong: list[Claim], sentences: Iterable[Sentence], blanks: list[str], rules: ClaimRules, folded: str
) -> list[Claim]:
    """The claims `wrong`, without those that a clause makes of other things than the item.

    The first words of a clause may describe the item without naming it ("Sky blue, with a smiling cloud"), and so may
    a sign; their claims stay. blanks: from `judged_sentences.blanks_of`.
    """
    if not wrong or not rules.words.others:
        return wrong
    may_tell = [(sentence.start, sentence.end) for sentence in sentences if sentence.probability < MOST]
    scenes = [clause for clause in _scenes(folded, blanks, rules) if lies_within(*clause, may_tell)]

    def is_scenery(claim: Claim) -> bool:
        begins = any(not _WORDS.search(folded, start, claim.start) for start, end in scenes if claim.start < end)
        return (
            claim.kind in MAY_BE_SCENERY
            and not begins
            and _WORDS.match(folded, claim.start) is not None
            and lies_within(claim.start, claim.end, scenes)
            and (claim.kind != "colour" or _DESCRIBES.match(folded, claim.end) is not None)
        )

    return [claim for claim in wrong if not is_scenery(claim)]


def _scenes(folded: str, blanks: list[str], rules: ClaimRules) -> Iterator[tuple[int, int]]:
    for clause in CLAUSE.finditer(folded):
        start, end = clause.span()
        if any(blanks[start:end]) or _FOLLOWS.match(folded, end):
            continue
        if rules.others.search(clause[0]) and not rules.of_item.search(clause[0]):
            yield start, end
