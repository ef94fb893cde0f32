"""Finds what a text claims: in words, figures, signs and names, also in disguise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from models.fact_lock.claim_rules import OF_PARTNERS, ClaimRules, lies_within
from models.fact_lock.facts import SAID_IN_TEXT, Claim
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.negations import negations
from models.fact_lock.plain_letters import gaps_closed, plain_letters
from models.fact_lock.short_claims import short_claims
from models.fact_lock.superlatives import superlatives
from models.fact_lock.vocabulary import LATIN, Vocabulary
from models.text.languages import UNSPACED
from models.text.numerals import fold

# Kinds of claims that an idiom only seems to make: "three ways to wear it", a grey sky.
IDIOMATIC = (*OF_PARTNERS, "date", "negation", "number", "superlative")
OF_TABLES = ("price", "discount", "stock", "date")  # for these kinds the figure is the claim, no assertion about it
MOST_CAPITALS = 0.4  # largest share of words with a capital within sentences; a text with more is written in capitals
_CAPITAL = re.compile(r"(?<=[a-z,;'’] )[A-Z][a-z][a-zA-Z]*(?![a-zA-Z&])")
_WORD = re.compile(r"[A-Za-z']+")
_LATIN_WORD = re.compile(r"[a-z]{4,}")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")


def claims(text: str, language: str, vocabulary: Vocabulary) -> list[Claim]:
    """Every claim in the text, by place. Chinese and English words are both looked for, whatever the `language`.

    Of two claims at one place the first found counts: words of the vocabulary come before brands, figures, superlatives
    and short words.
    """
    return claims_in(text, plain_text(text, vocabulary), vocabulary)


def plain_text(text: str, vocabulary: Vocabulary) -> str:
    """The folded text, with disguised letters replaced by the letters meant; its length stays the same."""
    return plain_letters(fold(text), vocabulary.letters)


def claims_in(text: str, folded: str, vocabulary: Vocabulary) -> list[Claim]:
    """The claims of the text. The latest result is remembered: a text is checked, then its claims are stored."""
    if text not in vocabulary.latest:
        vocabulary.latest.clear()
        vocabulary.latest[text] = _read_claims(text, folded, vocabulary)
    return [*vocabulary.latest[text]]


def _read_claims(text: str, folded: str, vocabulary: Vocabulary) -> list[Claim]:
    cased, rule_sets = fold(text, lower=False).translate(vocabulary.letters), vocabulary.rules
    text_claims = [*_word_claims(folded, vocabulary), *_hidden_claims(text, folded, rule_sets, vocabulary)]
    covered = bytearray(len(text))  # 1 for each character that is part of a claim, or of a trap
    cover(covered, text_claims)
    brands = vocabulary.brand_names.finditer(cased)
    for candidates in (
        (Claim("brand", vocabulary.brands[brand[0]], *brand.span()) for brand in brands),
        figure_claims(text, vocabulary.figures),
        superlatives(folded),
        short_claims(cased, folded),
    ):
        new = [claim for claim in candidates if not all(covered[claim.start : claim.end])]
        cover(covered, new)
        text_claims += new
    denials = [span for rule_set in rule_sets for span in rule_set.denials(folded)]
    text_claims = negations(folded, [claim for claim in text_claims if claim.value], covered, vocabulary, denials)
    allowed = [span for rule_set in rule_sets for span in rule_set.allowed(folded)]
    text_claims = [
        claim
        for claim in text_claims
        if claim.kind not in IDIOMATIC or not lies_within(claim.start, claim.end, allowed)
    ]
    in_figures = bytearray(len(text))
    cover(in_figures, [claim for claim in text_claims if claim.kind in OF_TABLES])
    has_price = any(claim.kind in ("price", "discount") for claim in text_claims)
    text_claims += [
        claim
        for rule_set in rule_sets
        for claim in rule_set.assertions(folded)
        if not any(in_figures[claim.start : claim.end]) and not (has_price and claim.kind == "price")
    ]
    return sorted(text_claims, key=lambda claim: (claim.start, claim.end))


def names_in(text: str, folded: str, language: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    """Capitalised words within a sentence, if the language capitalises only names; none in a text of capitals."""
    rules = vocabulary.rules_of(language)
    nouns_have_capitals = rules is not None and rules.words.spaces and not rules.words.capitals
    if nouns_have_capitals or not any(rule_set.words.capitals for rule_set in vocabulary.rules):
        return
    capitalised = list(_CAPITAL.finditer(text))
    if len(capitalised) > MOST_CAPITALS * len(_WORD.findall(text)):
        return
    allowed = [span for rule_set in vocabulary.rules for span in rule_set.allowed(folded)]
    for name in capitalised:
        if not lies_within(name.start(), name.end(), allowed):
            yield Claim("name", f"{SAID_IN_TEXT}{name[0].lower()}", *name.span())


def _hidden_claims(
    text: str, folded: str, rule_sets: tuple[ClaimRules, ...], vocabulary: Vocabulary
) -> Iterator[Claim]:
    """Claims in other words ("spun by silkworms"), in signs (a green circle), and in letters that stand apart."""
    for rule_set in rule_sets:
        for word, start, end in rule_set.paraphrases(folded):
            yield from _meant(word, start, end, vocabulary)
    for sign in vocabulary.emoji_signs.finditer(text):
        yield from _meant(vocabulary.emoji[sign[0]], *sign.span(), vocabulary)
    for flag in _FLAG.finditer(text):
        yield Claim("origin", f"{SAID_IN_TEXT}{flag[0]}", *flag.span())
    if joined := gaps_closed(folded):
        plain, places = joined
        for claim in _word_claims(plain, vocabulary):
            start, end = places[claim.start], places[claim.end - 1] + 1
            if claim.value and end - start > claim.end - claim.start:
                yield replace(claim, start=start, end=end)
        for letters in _LATIN_WORD.finditer(plain):  # g l a z e d: nobody sets a word apart that he may write
            start, end = places[letters.start()], places[letters.end() - 1] + 1
            if end - start > letters.end() - letters.start():
                yield Claim("attribute", f"{SAID_IN_TEXT}{folded[start:end]}", start, end)


def _meant(word: str, start: int, end: int, vocabulary: Vocabulary) -> Iterator[Claim]:
    meanings = vocabulary.meanings(fold(word))
    for meaning in meanings:
        yield Claim(meaning.kind, meaning.value, start, end, meaning.attributes)
    if not meanings:
        yield Claim("attribute", f"{SAID_IN_TEXT}{fold(word)}", start, end)


def _word_claims(folded: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    scans: list[re.Pattern[str]] = []
    if UNSPACED.search(folded):
        scans.append(vocabulary.chinese)
    if LATIN.search(folded):
        scans.append(vocabulary.english)
    for scan in scans:
        for match in scan.finditer(folded):
            meanings = vocabulary.meanings(match[0])
            if not meanings:  # a trap: it covers its letters and claims nothing
                yield Claim("", "", *match.span())
            for meaning in meanings:
                start, end = match.span()
                yield Claim(meaning.kind, meaning.value, start, end, meaning.attributes, meaning.doubtful)


def cover(covered: bytearray, new_claims: list[Claim]) -> None:
    """Set 1 for each character of the claims."""
    for claim in new_claims:
        covered[claim.start : claim.end] = b"\1" * (claim.end - claim.start)
