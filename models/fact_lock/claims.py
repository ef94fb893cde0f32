"""The fact lock: finds what a text claims, and which of its claims the item's facts do not support.

claims(text, language, vocabulary)              every claim, supported or not
unsupported(text, facts, vocabulary, language)  the claims that the facts do not support; a text with one is not shown
banned_words(facts, vocabulary)                 words that a text about the item cannot have
fill(template, slots)                           puts in prices, discounts, stock, dates, terms and names from tables
digits_of_its_own(text)                         figures that the text has outside its slots
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.fact_lock.attribute_names import is_part
from models.fact_lock.claim_rules import OF_PARTNERS, ClaimRules, lies_within
from models.fact_lock.counted import counts_otherwise, is_counted
from models.fact_lock.denials import asks_back, denies_known, denies_rightly, grants_ruled_out, warns_off
from models.fact_lock.fact_check import supports
from models.fact_lock.facts import KINDS, Claim, ItemFacts, Source
from models.fact_lock.figure_check import is_extended, states_degrees
from models.fact_lock.figure_patterns import BESIDE_FACT
from models.fact_lock.included_things import is_included
from models.fact_lock.judged_sentences import assertions, blanks_of, judged_again, judged_sentences
from models.fact_lock.labelled_figures import is_of_other_thing
from models.fact_lock.limits import has_room, is_too_large, keeps_limit
from models.fact_lock.missing_things import contradicts, says_lacked, states_allergy, states_denied, states_lacked
from models.fact_lock.negations import is_contrast
from models.fact_lock.other_things import partner_spans, without_scenery
from models.fact_lock.pieces import is_none_of_all, is_share_of_one, is_total, lasts_so_long
from models.fact_lock.prices import is_measure_of_price, is_price_per
from models.fact_lock.purity import claims_purity, denies_others, denies_purity
from models.fact_lock.readers import is_of_reader, turns_away_wrongly, with_reason
from models.fact_lock.savings import is_of_other_cost, is_saving
from models.fact_lock.sentence_judge import SentenceJudge
from models.fact_lock.set_aside import without_set_aside
from models.fact_lock.slots import Filled, Slot, SlotError, digits_of_its_own, fill, slots_of
from models.fact_lock.text_claims import claims, claims_in, cover, names_in, plain_text
from models.fact_lock.vocabulary import Vocabulary

__all__ = [
    "KINDS", "Claim", "Filled", "ItemFacts", "Slot", "SlotError", "Source", "Vocabulary", "assertion_probability",
    "banned_words", "claims", "digits_of_its_own", "fill", "slots_of", "unsupported",
]  # fmt: skip

MOSTLY = 0.45  # an assertion is supported if supported claims cover at least this share of its letters
# Kinds that no word of the row supports by standing inside them: "30,000 people took this hazelnut chocolate home".
ABOUT_OTHERS = (
    "award", "celebrity", "certification", "comparison", "delivery", "health", "heritage", "origin", "sales",
    "scarcity", "warranty",
)  # fmt: skip
_CHARGED = re.compile("充(?:一[次回]|满|好)了?电[,，]?$")


@dataclass(frozen=True, eq=False)
class _Checked:
    """A text and the item that it is checked against. known: the values that the item's words support."""

    text: str
    folded: str
    facts: ItemFacts
    known: frozenset[str]
    vocabulary: Vocabulary


def unsupported(
    text: str, facts: ItemFacts, vocabulary: Vocabulary, language: str, *, judged: bool = False
) -> list[Claim]:
    """The claims of the text that `facts` do not support. If there are none, the text may be shown.

    judged: True to ask the language's sentence judge too, if it has one; used for all texts that a model writes.
    """
    known, folded = vocabulary.supported(facts, claims), plain_text(text, vocabulary)
    text_claims = [*claims_in(text, folded, vocabulary), *names_in(text, folded, language, vocabulary)]
    overstated = [c for c in text_claims if _overstates(c, facts, folded) and supports(c, facts, known)]
    others = [claim for claim in text_claims if claim not in overstated]
    true = [claim for claim in others if _is_true(claim, facts, known, folded)]
    doubted = [claim for claim in others if claim not in true]

    checked = _Checked(text, folded, facts, known, vocabulary)
    supported = [with_reason(claim, facts, folded) for claim in true]
    wrong = overstated + _without_excused(doubted, supported, checked)
    if wrong:
        wrong = without_set_aside(wrong, supported, facts, known, folded, vocabulary)
    asked_back = [claim for claim in text_claims if claim not in wrong and asks_back(claim, folded)]
    rules = vocabulary.rules_of(language) if judged else None
    if rules is not None and rules.judge is not None:
        wrong = _judged(wrong, supported, checked, rules, rules.judge)
    return [*wrong, *_said_against_row(checked), *asked_back]


def _overstates(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the row has the value, but the text says more: that the item is all of this material, that this size is
    too large for it, that this is the weight of all pieces, or that there are so many. Nothing excuses such a claim."""
    return (
        claims_purity(claim, facts, folded)
        or is_too_large(claim, folded)
        or is_none_of_all(claim, facts, folded)
        or counts_otherwise(claim, facts, folded)
    )


def _is_true(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether the facts have what the claim says, or it follows from them, and the text says it of the right thing."""
    return (
        supports(claim, facts, known)
        or states_degrees(claim, facts, folded)
        or is_extended(claim, facts, folded)
        or is_included(claim, facts, folded)
        or denies_others(claim, facts, folded)
        or is_saving(claim, facts, folded)
        or is_price_per(claim, facts, known, folded)
        or is_measure_of_price(claim, facts, folded)
        or is_total(claim, facts, known, folded)
        or lasts_so_long(claim, facts, folded)
        or keeps_limit(claim, facts, folded)
        or has_room(claim, facts, folded)
        or is_of_reader(claim, facts, folded)
    ) and not _says_of_another(claim, facts, folded)


def _says_of_another(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text says of another thing, or turns around, what the row says of the item.

    Unlike a claim that `_overstates`, such a claim may still be excused by what stands around it.
    """
    return (
        contradicts(claim, facts, folded)
        or is_of_other_thing(claim, facts, folded)
        or turns_away_wrongly(claim, facts, folded)
        or is_of_other_cost(claim, folded)
        or warns_off(claim, facts, folded)
    )


def _without_excused(doubted: list[Claim], supported: list[Claim], checked: _Checked) -> list[Claim]:
    """The claims `doubted`, without those that say nothing untrue of the item where they stand."""
    folded, facts, known = checked.folded, checked.facts, checked.known
    # Few texts need the places, and finding them takes longer than most other steps.
    may_be_of_partners = any(claim.kind in OF_PARTNERS for claim in doubted)
    partner_places = partner_spans(folded, facts, checked.vocabulary) if may_be_of_partners else []
    stated = bytearray(len(folded))  # 1 for each character of a claim that the facts support
    # A doubtful word that the row is silent on states nothing: lavender is no colour of a candle, but its scent.
    cover(stated, [claim for claim in supported if not claim.doubtful or claim.value in known])

    def is_excused(claim: Claim) -> bool:
        return (
            (claim.kind in OF_PARTNERS and lies_within(claim.start, claim.end, partner_places))
            or _is_within_facts(claim, stated, checked)
            or is_contrast(claim, supported, folded)
            or denies_rightly(claim, facts, known, folded)
            or denies_purity(claim, facts, known, folded)
            or is_counted(claim, facts, known, folded)
            or is_share_of_one(claim, known, folded)
            or _is_bound(claim, supported)
            or is_part(claim, facts, folded)
        )

    return [claim for claim in doubted if not is_excused(claim)]


def _is_within_facts(claim: Claim, stated: bytearray, checked: _Checked) -> bool:
    """Whether a word stands within words that the facts support, or an assertion is mostly such words.

    stated: 1 for each character of such words.
    """
    is_word = claim.kind in OF_PARTNERS and all(stated[claim.start : claim.end])
    if is_word and not claims_purity(claim, checked.facts, checked.folded):  # else the row has it, but not all over
        return True
    is_ruled_out = f"not {claim.words}" in checked.known  # pure wool, of a blend
    if not claim.is_said or claim.kind in ABOUT_OTHERS or is_ruled_out:
        return False
    letters = [index for index in range(claim.start, claim.end) if checked.text[index].isalnum()]
    return bool(letters) and sum(stated[index] for index in letters) >= MOSTLY * len(letters)


def _is_bound(claim: Claim, supported: list[Claim]) -> bool:
    """Whether a comparison is only with a figure that a fact is just under or just over: "less than half a kilo"."""
    return claim.kind == "comparison" and any(
        figure.kind == "number" and figure.value[:1] in BESIDE_FACT and figure.start == claim.end + 1
        for figure in supported
    )


def _said_against_row(checked: _Checked) -> Iterator[Claim]:
    """What the text says although the row rules it out, or denies although the row has it; looked up from the row."""
    folded, facts, known = checked.folded, checked.facts, checked.known
    yield from states_denied(folded, facts)
    yield from grants_ruled_out(folded, known, checked.vocabulary)
    yield from states_lacked(folded, facts)
    yield from states_allergy(folded, facts)
    yield from denies_known(folded, known)


def _judged(
    wrong: list[Claim], supported: list[Claim], checked: _Checked, rules: ClaimRules, judge: SentenceJudge
) -> list[Claim]:
    """The claims `wrong` without moods and scenery, and with what the judge finds to be asserted."""
    folded, facts, known = checked.folded, checked.facts, checked.known
    sure = [claim for claim in wrong if _is_never_mood(claim, supported, checked)]
    has_season = any(value.startswith("season:") for value in known)  # if it has none, a season may be a mood
    blanks = blanks_of(folded, supported, known, facts, rules.words.spaces)
    sentences = judged_sentences(folded, blanks, judge)
    wrong = without_scenery(wrong, sentences, blanks, rules, folded)
    if not wrong:
        sentences = judged_again(sentences, folded, blanks, known, rules)
    found = assertions(sentences, wrong, rules, () if has_season else ("season",))
    return [*found, *(claim for claim in sure if claim not in found)]


def _is_never_mood(claim: Claim, supported: list[Claim], checked: _Checked) -> bool:
    """Whether a claim is wrong however its sentence sounds.

    It is of a thing that the row lacks, of how long a charge lasts (充满电用一整天), or has the very words that the row
    rules out, though the row seems to have them in another language: a tent that is water-repellent and 防泼水 is not
    waterproof.
    """
    if claim.kind == "bundle" and says_lacked(claim, checked.facts):
        return True
    if claim.kind == "technical" and _CHARGED.search(checked.folded, 0, claim.start):
        return True
    place = (claim.start, claim.end, "attribute")
    is_ruled_out = claim.is_said and f"not {claim.words}" in checked.known
    return is_ruled_out and any((other.start, other.end, other.kind) == place for other in supported)


def assertion_probability(text: str, facts: ItemFacts, vocabulary: Vocabulary, language: str) -> float | None:
    """The probability that a sentence asserts something beyond the facts: the largest of all sentences of the text.

    None if the language has no examples to learn a judge from.
    """
    rules = vocabulary.rules_of(language)
    if rules is None or rules.judge is None:
        return None
    known, folded = vocabulary.supported(facts, claims), plain_text(text, vocabulary)
    supported = [claim for claim in claims_in(text, folded, vocabulary) if supports(claim, facts, known)]
    blanks = blanks_of(folded, supported, known, facts, rules.words.spaces)
    return max(sentence.probability for sentence in judged_sentences(folded, blanks, rules.judge))


def banned_words(facts: ItemFacts, vocabulary: Vocabulary) -> frozenset[str]:
    """The folded words of the vocabulary that claim something unsupported by the facts: a writer leaves them out.

    The result for each `ItemFacts` object is remembered: an item has many briefs.
    """
    if facts not in vocabulary.banned:
        known = vocabulary.supported(facts, claims)
        by_words, by_tables = vocabulary.spelled_claims
        wrong = {word for word, claim in by_tables if not supports(claim, facts, known)}
        vocabulary.banned[facts] = frozenset(wrong.union(word for word, claim in by_words if claim.value not in known))
    return vocabulary.banned[facts]
