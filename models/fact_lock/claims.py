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
from dataclasses import replace

from models.fact_lock.claim_rules import SAID_IN_TEXT, ClaimRules, lies_within
from models.fact_lock.fact_check import supports
from models.fact_lock.facts import KINDS, Claim, ItemFacts, Source
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.judged_sentences import assertions, judged_sentences, kinds_of
from models.fact_lock.negations import negations
from models.fact_lock.plain_letters import gaps_closed, plain_letters
from models.fact_lock.short_claims import short_claims
from models.fact_lock.slots import Filled, Slot, SlotError, digits_of_its_own, fill, slots_of
from models.fact_lock.superlatives import superlatives
from models.fact_lock.vocabulary import LATIN, UNSPACED, Vocabulary
from models.text.numerals import fold

__all__ = [
    "KINDS",
    "Claim",
    "Filled",
    "ItemFacts",
    "Slot",
    "SlotError",
    "Source",
    "Vocabulary",
    "assertion_probability",
    "banned_words",
    "claims",
    "digits_of_its_own",
    "fill",
    "slots_of",
    "unsupported",
]

OF_PARTNERS = ("attribute", "colour", "material", "season")  # kinds that may be said of what is worn with the item
# Kinds that an idiom may only look like: "three ways to wear it", a grey sky.
IDIOMATIC = (*OF_PARTNERS, "date", "negation", "number")
OF_TABLES = ("price", "discount", "stock", "date")  # an assertion about such a figure is the figure's own claim
MOSTLY = 0.45  # least share of an assertion's letters that supported claims must have, for it to be supported by them
MOST_CAPITALS = 0.4  # largest share of words with a capital within sentences; a text with more is written in capitals
_CAPITAL = re.compile(r"(?<=[a-z,;'’] )[A-Z][a-z][a-zA-Z]*(?![a-zA-Z&])")
_WORD = re.compile(r"[A-Za-z']+")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")


def claims(text: str, language: str, vocabulary: Vocabulary) -> list[Claim]:
    """Every claim in the text, by place. Chinese and English words are both looked for, whatever the `language`.

    Of two claims at one place the first found counts: words of the vocabulary come before brands, figures, superlatives
    and short words.
    """
    return _claims(text, _plain(text, vocabulary), vocabulary)


def _plain(text: str, vocabulary: Vocabulary) -> str:
    """The text folded, with the letters that are meant; its length stays the same."""
    return plain_letters(fold(text), vocabulary.letters)


def _claims(text: str, folded: str, vocabulary: Vocabulary) -> list[Claim]:
    """Those of the latest text are remembered: a text is checked, and then its claims are written beside it."""
    if text not in vocabulary.latest:
        vocabulary.latest.clear()
        vocabulary.latest[text] = _read_claims(text, folded, vocabulary)
    return [*vocabulary.latest[text]]


def _read_claims(text: str, folded: str, vocabulary: Vocabulary) -> list[Claim]:
    cased, rules = fold(text, lower=False).translate(vocabulary.letters), vocabulary.rules
    found = [*_word_claims(folded, vocabulary), *_hidden_claims(text, folded, rules, vocabulary)]
    covered = bytearray(len(text))  # 1 for each character that is part of a claim, or of a trap
    _cover(covered, found)
    brands = _brand_claims(cased, vocabulary)
    for more in (brands, figure_claims(text, vocabulary.figures), superlatives(folded), short_claims(cased, folded)):
        new = [claim for claim in more if not all(covered[claim.start : claim.end])]
        _cover(covered, new)
        found += new
    denials = [place for one in rules for place in one.denials(folded)]
    found = negations(folded, [claim for claim in found if claim.value], covered, vocabulary, denials)
    allowed = [place for one in rules for place in one.allowed(folded)]
    found = [
        claim for claim in found if claim.kind not in IDIOMATIC or not lies_within(claim.start, claim.end, allowed)
    ]
    figures = bytearray(len(text))
    _cover(figures, [claim for claim in found if claim.kind in OF_TABLES])
    has_price = any(claim.kind in ("price", "discount") for claim in found)
    found += [
        claim
        for one in rules
        for claim in one.assertions(folded)
        if not any(figures[claim.start : claim.end]) and not (has_price and claim.kind == "price")
    ]
    return sorted(found, key=lambda claim: (claim.start, claim.end))


def unsupported(
    text: str, facts: ItemFacts, vocabulary: Vocabulary, language: str, *, judged: bool = False
) -> list[Claim]:
    """The claims of the text that `facts` do not support. If there are none, the text may be shown.

    judged: whether the language's judge of sentences, if it has one, has a say, as on all that a model writes.
    """
    known, folded = vocabulary.supported(facts, claims), _plain(text, vocabulary)
    found = [*_claims(text, folded, vocabulary), *_names(text, folded, language, vocabulary)]
    true = [claim for claim in found if supports(claim, facts, known)]
    beside = _partner_spans(folded, facts, vocabulary)
    stated = bytearray(len(text))  # 1 for each character of a claim that the facts support
    _cover(stated, true)
    wrong = [
        claim
        for claim in found
        if claim not in true
        and not (claim.kind in OF_PARTNERS and lies_within(claim.start, claim.end, beside))
        and not (claim.kind in OF_PARTNERS and all(stated[claim.start : claim.end]))
        and not (claim.value.startswith(SAID_IN_TEXT) and _is_stated(claim, stated, text))
    ]
    own = _rules_of(language, vocabulary) if judged else None
    if own is None:
        return wrong
    has_season = any(value.startswith("season:") for value in known)  # where it has none, summer is in the air
    return assertions(judged_sentences(folded, true, facts, own), wrong, own, () if has_season else ("season",))


def assertion_probability(text: str, facts: ItemFacts, vocabulary: Vocabulary, language: str) -> float | None:
    """How likely a sentence of the text asserts something beyond the facts, the largest of all sentences.

    None where the language has no examples to judge by.
    """
    own = _rules_of(language, vocabulary)
    if own is None or own.judge is None:
        return None
    known, folded = vocabulary.supported(facts, claims), _plain(text, vocabulary)
    true = [claim for claim in _claims(text, folded, vocabulary) if supports(claim, facts, known)]
    return max(one.probability for one in judged_sentences(folded, true, facts, own))


def _rules_of(language: str, vocabulary: Vocabulary) -> ClaimRules | None:
    return next((one for one in vocabulary.rules if one.words.language == language), None)


def _is_stated(claim: Claim, stated: bytearray, text: str) -> bool:
    """Whether nearly all letters that an assertion stands on are of claims that the facts support."""
    letters = [place for place in range(claim.start, claim.end) if text[place].isalnum()]
    return bool(letters) and sum(stated[place] for place in letters) >= MOSTLY * len(letters)


def _partner_spans(folded: str, facts: ItemFacts, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    if facts not in vocabulary.own_things:
        vocabulary.own_things[facts] = _own_things(facts, vocabulary)
    own = vocabulary.own_things[facts]
    if own is None:  # nothing says what the item is: no thing can be told from it
        return []
    return [span for one in vocabulary.rules for span in one.partner_spans(folded, own)]


def _own_things(facts: ItemFacts, vocabulary: Vocabulary) -> re.Pattern[str] | None:
    """What the item is called: its kinds and the nouns in its titles; None where there is neither."""
    titled = [noun for one in vocabulary.rules for title in facts.titles for noun in one.things_in(fold(title))]
    mine = sorted({*kinds_of(facts), *titled}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, mine))) if mine else None


def _names(text: str, folded: str, language: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    """Words with a capital within a sentence, where a language writes only names so; not in a text of capitals."""
    own = next((one.words for one in vocabulary.rules if one.words.language == language), None)
    nouns_have_capitals = own is not None and own.spaces and not own.capitals
    if nouns_have_capitals or not any(one.words.capitals for one in vocabulary.rules):
        return
    found = list(_CAPITAL.finditer(text))
    if len(found) > MOST_CAPITALS * len(_WORD.findall(text)):
        return
    allowed = [place for one in vocabulary.rules for place in one.allowed(folded)]
    for name in found:
        if not lies_within(name.start(), name.end(), allowed):
            yield Claim("name", f"{SAID_IN_TEXT}{name[0].lower()}", name.start(), name.end())


def _hidden_claims(text: str, folded: str, rules: tuple[ClaimRules, ...], vocabulary: Vocabulary) -> Iterator[Claim]:
    """Claims in other words ("spun by silkworms"), in signs (a green circle), and in letters that stand apart."""
    for one in rules:
        for word, start, end in one.paraphrases(folded):
            yield from _meant(word, start, end, vocabulary)
    for sign, words in vocabulary.emoji.items():
        at = text.find(sign)
        if at >= 0:
            for word in words[:1]:
                yield from _meant(word, at, at + len(sign), vocabulary)
    for flag in _FLAG.finditer(text):
        yield Claim("origin", f"{SAID_IN_TEXT}{flag[0]}", flag.start(), flag.end())
    if joined := gaps_closed(folded):
        plain, places = joined
        for claim in _word_claims(plain, vocabulary):
            start, end = places[claim.start], places[claim.end - 1] + 1
            if claim.value and end - start > claim.end - claim.start:
                yield replace(claim, start=start, end=end)


def _meant(word: str, start: int, end: int, vocabulary: Vocabulary) -> Iterator[Claim]:
    meanings = vocabulary.meanings(fold(word))
    for meaning in meanings:
        yield Claim(meaning.kind, meaning.value, start, end, meaning.attributes)
    if not meanings:
        yield Claim("attribute", f"{SAID_IN_TEXT}{fold(word)}", start, end)


def banned_words(facts: ItemFacts, vocabulary: Vocabulary) -> frozenset[str]:
    """The vocabulary's words, folded, that claim something which the facts do not support: a writer leaves them out.

    The answer for each `ItemFacts` object is remembered: an item has many briefs.
    """
    if facts not in vocabulary.banned:
        known = vocabulary.supported(facts, claims)
        by_words, by_tables = vocabulary.spelled_claims
        wrong = {word for word, claim in by_tables if not supports(claim, facts, known)}
        vocabulary.banned[facts] = frozenset(wrong.union(word for word, claim in by_words if claim.value not in known))
    return vocabulary.banned[facts]


def _word_claims(folded: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    scans: list[re.Pattern[str]] = []
    if UNSPACED.search(folded):
        scans.append(vocabulary.chinese)
    if LATIN.search(folded):
        scans.append(vocabulary.english)
    for scan in scans:
        for found in scan.finditer(folded):
            meanings = vocabulary.meanings(found[0])
            if not meanings:  # a trap: it covers its letters and claims nothing
                yield Claim("", "", found.start(), found.end())
            for meaning in meanings:
                start, end = found.span()
                yield Claim(meaning.kind, meaning.value, start, end, meaning.attributes, meaning.doubtful)


def _cover(covered: bytearray, found: list[Claim]) -> None:
    for claim in found:
        covered[claim.start : claim.end] = b"\1" * (claim.end - claim.start)


def _brand_claims(cased: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    for found in vocabulary.brand_names.finditer(cased):
        yield Claim("brand", vocabulary.brands[found[0]], found.start(), found.end())
