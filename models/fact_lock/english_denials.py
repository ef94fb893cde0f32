"""Whether an English text denies rightly what was found in it: "no perfume" of an unscented cream."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.negations import ASKED
from models.fact_lock.vocabulary import Vocabulary

_DETERMINED = re.compile(r" (?:this|these|the|that|its|your|every|each) ")
# Between a denial and the thing no word may turn the denial around: "not only dishwasher safe".
_TO_THING = (
    r"(?: (?:an?|the|any|this|these|your|its|one|single|extra|added|real|in|of|made|from|with|for|to|be|need|needs"
    r"|needed|have|has|had|use|uses|want|wants|put|go|goes|asks? for)){0,2}"
)
_DENIED_BEFORE = re.compile(
    r"(?<![a-z])(?:not|no|(?<!not )(?<!never )(?<!n't )without|never|neither|nor|isn't|aren't|hasn't|haven't|don't)"
    rf"(?:{_TO_THING}|(?: an? [a-z]+,)*(?: an? [a-z]+)? or) $"  # hasn't a plug, a cable or a battery
    # keep it out of the dishwasher
    r"|(?<![a-z])(?<!to )(?<!n't )(?<!not )(?<!never )(?<!why )(?:keep (?:it |them |this |these )?(?:out of|away from)"
    r"|(?:do not|don't|never) (?:put|throw|toss|pop|stick|run) (?:it|them|this|these) (?:in|into|through))(?: the"
    r"| an?)? $"
)
# A thing asked for and granted: "Leather? No less", "Dishwasher? No problem"; and one that there is much of.
_GRANTED = re.compile(
    r"(?:^|(?<=[.;:!?,] ))(?:(?:an?|the|any) )?(?P<asked>[a-z]+(?: [a-z]+)?)\?,? (?:no (?:less|problem|trouble|shortage"
    r"|lack|end|limit|worries|worry|doubt|wonder|fear|matter|need to (?:worry|ask))"
    r"|not (?:an? (?:lot|worry|problem|thin|thick|small|big|bad)|too (?:much|many|little|few)|only|just|merely"
    r"|one but|half|bad)|(?:only|just|but) an? [a-z]+|an? (?:trace|little|touch|hint|drop|bit|lot|few)|plenty|yes|of"
    r" course|sure|naturally)(?![a-z])"
    r"|(?<![a-z])(?:no (?:shortage|lack|end)|(?:not|never) short|plenty|full) of (?:an? |the |its )?(?P<much>[a-z]+)"
)
_DENIED_PHRASE = re.compile(r"(?:not?|without|isn't|aren't)(?: an?| any)? (?P<phrase>[a-z]+[ -][a-z]+)(?![a-z])")
_OUT = re.compile(r"out of (?:the |an? )?")
_KEEP = re.compile(r"(?<![a-z])(?<!to )(?<!n't )(?<!not )(?<!never )(?<!why )keep (?:it |them |this |these )?$")
_ARTICLE = re.compile(
    r"(?:(?:put|throw|toss|pop|stick|run) (?:it|them) (?:in|into|through) (?:the |an? )?|(?:an?|any) )"
)
_DENIED_WORD = re.compile(r"(?:no|without(?: any| an?)?) (?P<word>[a-z]+) ")
_DENIES = re.compile(r"(?:no|not|without|free (?:of|from)|zero|neither|nor) (?:an? |any |added )?")


def denies_in_english(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether the text denies what it names, and the row's words rule it out. known: the values they support."""
    return (
        _denies_truly(claim, known, folded)
        or _denies_nearer(claim, known, folded)
        or _denies_beside(claim, facts, folded)
    )


def grants_ruled_out(folded: str, known: frozenset[str], vocabulary: Vocabulary) -> Iterator[Claim]:
    """Claims of things that the text asks for and grants, and that the facts rule out: "Battery? No problem"."""
    for granted in _GRANTED.finditer(folded):
        thing, place = granted["asked"] or granted["much"], granted.span("asked" if granted["asked"] else "much")
        if any(f"not {value.removeprefix(SAID_IN_TEXT)}" in known for value in vocabulary.values_of(thing)):
            yield Claim("attribute", f"{SAID_IN_TEXT}{thing}", *place)


def _denies_truly(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a pattern found a denial that the facts support: "no perfume" of an unscented cream, "not a plastic box"
    of a wooden one."""
    if not claim.is_said:
        return False
    words = claim.words
    denies = _DENIES.match(words)
    if denies is not None and f"not {words[denies.end() :]}" in known:
        return True
    if (out := _OUT.match(words)) and _KEEP.search(folded, 0, claim.start):
        return f"not {words[out.end() :]}" in known
    return (
        f"not {_ARTICLE.sub('', words, count=1)}" in known
        and (_DENIED_BEFORE.search(folded, 0, claim.start) or ASKED.match(folded, claim.end)) is not None
    )


def _denies_nearer(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a negation denies a word that stands before the claim, and that the facts rule out: "no scent added to
    the satin" of an unscented lipstick; or a longer word."""
    if claim.kind != "negation":
        return False
    longer = _DENIED_PHRASE.match(folded, claim.start)
    if longer is not None and longer.end() > claim.end and f"not {longer['phrase']}" in known:
        return True  # "not silver plate": only a part of what is denied is a word of its own
    nearer = _DENIED_WORD.match(folded, claim.start)
    return nearer is not None and nearer.end() < claim.end and f"not {nearer['word']}" in known


def _denies_beside(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a negation seems to deny the item itself, but denies what is said of it: "no end to this scarf"."""
    return (
        claim.kind == "negation"
        and claim.word in facts.kinds
        and _DETERMINED.search(folded, claim.start, claim.end) is not None
    )
