"""Where a text speaks of other things than the item: of what is used with it, of the scene, the reader or the weather.

"The kettle sings, a grey cat watches": the cat's colour is no colour of a teapot. Only in texts that a model wrote are
scenes left out, and only where the judge does not find that the sentence asserts something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from models.fact_lock.claim_rules import CLAUSE, ClaimRules, lies_within
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.judged_sentences import Sentence
from models.fact_lock.vocabulary import Vocabulary
from models.text.languages import UNSPACED
from models.text.numerals import fold

MAY_BE_SCENERY = ("colour", "season")
MOST = 0.65  # probability that the sentence asserts something, at most
_FOLLOWS = re.compile(r", (?:it|they|which|this|these|and it|and they)(?![a-z])")
_WORDS = re.compile(r"[a-z]")
# After a colour, the thing that has it: "a grey cat", not "the evening in grey".
_DESCRIBES = re.compile(
    r"[ -](?!(?:and|or|for|on|in|at|to|of|with|until|all|every|from|by|when|while|that|who|so|but)(?![a-z]))[a-z]"
)


def partner_spans(folded: str, facts: ItemFacts, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    """The places, by the rules of every language; none for an item of which the row does not say what it is."""
    if facts not in vocabulary.own_things:
        vocabulary.own_things[facts] = _own_things(facts, vocabulary)
    own_names = vocabulary.own_things[facts]
    if own_names is None:
        return []
    return [span for rule_set in vocabulary.rules for span in rule_set.partner_spans(folded, own_names)]


def _own_things(facts: ItemFacts, vocabulary: Vocabulary) -> re.Pattern[str] | None:
    """Matches the names of the item, one or many of it: its kinds and the nouns in its titles; None without any."""
    title_nouns = [
        noun for rule_set in vocabulary.rules for title in facts.titles for noun in rule_set.things_in(fold(title))
    ]
    one_of = (name.removesuffix("s") for name in (*facts.kinds, *title_nouns) if len(name) > 3 and name[-2:] != "ss")
    names = sorted({*facts.kinds, *title_nouns, *one_of}, key=len, reverse=True)
    # A Latin name is a whole word: a lipstick is no name of a lip balm.
    whole = [
        re.escape(name) if UNSPACED.search(name) else rf"(?<![a-z]){re.escape(name)}(?:e?s)?(?![a-z])" for name in names
    ]
    return re.compile("|".join(whole)) if names else None


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
    """Clauses that name neither the item nor a part or fact of it."""
    for clause in CLAUSE.finditer(folded):
        start, end = clause.span()
        if any(blanks[start:end]) or _FOLLOWS.match(folded, end):
            continue
        if rules.others.search(clause[0]) and not rules.of_item.search(clause[0]):
            yield start, end
