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

from models.fact_lock.attribute_names import ASKED, is_part, states_denied
from models.fact_lock.chinese_denials import asks_back, denies_in_chinese, denies_known, warns_off
from models.fact_lock.claim_rules import OF_PARTNERS, ClaimRules, lies_within
from models.fact_lock.counted import counts_otherwise, is_counted, is_share_of_one, is_total, miscounts
from models.fact_lock.derived_figures import follows, misses
from models.fact_lock.fact_check import is_extended, states_degrees, supports
from models.fact_lock.facts import KINDS, SAID_IN_TEXT, Claim, ItemFacts, Source
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.figure_patterns import BESIDE_FACT
from models.fact_lock.included import is_included, says_lacked
from models.fact_lock.judged_sentences import assertions, blanks_of, judged_again, judged_sentences
from models.fact_lock.labelled_figures import is_of_other
from models.fact_lock.lacked import contradicts, states_allergy, states_lacked
from models.fact_lock.negations import is_contrast, negations
from models.fact_lock.plain_letters import gaps_closed, plain_letters
from models.fact_lock.price_check import is_of_other_cost, is_saving
from models.fact_lock.purity import claims_purity, denies_others, denies_purity
from models.fact_lock.readers import is_of_reader, turns_away_wrongly, with_reason
from models.fact_lock.scenes import without_scenery
from models.fact_lock.set_aside import without_set_aside
from models.fact_lock.short_claims import short_claims
from models.fact_lock.slots import Filled, Slot, SlotError, digits_of_its_own, fill, slots_of
from models.fact_lock.superlatives import superlatives
from models.fact_lock.vocabulary import LATIN, Vocabulary
from models.fact_lock.within_limits import is_within_limit
from models.text.languages import UNSPACED
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

# Kinds of claims that an idiom only seems to make: "three ways to wear it", a grey sky.
IDIOMATIC = (*OF_PARTNERS, "date", "negation", "number", "superlative")
OF_TABLES = ("price", "discount", "stock", "date")  # for these kinds the figure is the claim, no assertion about it
MOSTLY = 0.45  # an assertion is supported if supported claims cover at least this share of its letters
# Kinds that no word of the row supports by standing inside them: "30,000 people took this hazelnut chocolate home".
ABOUT_OTHERS = (
    "award",
    "celebrity",
    "certification",
    "comparison",
    "delivery",
    "health",
    "heritage",
    "origin",
    "sales",
    "scarcity",
    "warranty",
)
MOST_CAPITALS = 0.4  # largest share of words with a capital within sentences; a text with more is written in capitals
_CAPITAL = re.compile(r"(?<=[a-z,;'’] )[A-Z][a-z][a-zA-Z]*(?![a-zA-Z&])")
_WORD = re.compile(r"[A-Za-z']+")
_LATIN_WORD = re.compile(r"[a-z]{4,}")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
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
_CHARGED = re.compile("充(?:一[次回]|满|好)了?电[,，]?$")
_DENIES = re.compile(r"(?:no|not|without|free (?:of|from)|zero|neither|nor) (?:an? |any |added )?")


def claims(text: str, language: str, vocabulary: Vocabulary) -> list[Claim]:
    """Every claim in the text, by place. Chinese and English words are both looked for, whatever the `language`.

    Of two claims at one place the first found counts: words of the vocabulary come before brands, figures, superlatives
    and short words.
    """
    return _claims(text, _plain(text, vocabulary), vocabulary)


def _plain(text: str, vocabulary: Vocabulary) -> str:
    """The folded text, with disguised letters replaced by the letters meant; its length stays the same."""
    return plain_letters(fold(text), vocabulary.letters)


def _claims(text: str, folded: str, vocabulary: Vocabulary) -> list[Claim]:
    """The claims of the text. The latest result is remembered: a text is checked, then its claims are stored."""
    if text not in vocabulary.latest:
        vocabulary.latest.clear()
        vocabulary.latest[text] = _read_claims(text, folded, vocabulary)
    return [*vocabulary.latest[text]]


def _read_claims(text: str, folded: str, vocabulary: Vocabulary) -> list[Claim]:
    cased, rule_sets = fold(text, lower=False).translate(vocabulary.letters), vocabulary.rules
    text_claims = [*_word_claims(folded, vocabulary), *_hidden_claims(text, folded, rule_sets, vocabulary)]
    covered = bytearray(len(text))  # 1 for each character that is part of a claim, or of a trap
    _cover(covered, text_claims)
    brands = _brand_claims(cased, vocabulary)
    for candidates in (
        brands,
        figure_claims(text, vocabulary.figures),
        superlatives(folded),
        short_claims(cased, folded),
    ):
        new = [claim for claim in candidates if not all(covered[claim.start : claim.end])]
        _cover(covered, new)
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
    _cover(in_figures, [claim for claim in text_claims if claim.kind in OF_TABLES])
    has_price = any(claim.kind in ("price", "discount") for claim in text_claims)
    text_claims += [
        claim
        for rule_set in rule_sets
        for claim in rule_set.assertions(folded)
        if not any(in_figures[claim.start : claim.end]) and not (has_price and claim.kind == "price")
    ]
    return sorted(text_claims, key=lambda claim: (claim.start, claim.end))


def unsupported(
    text: str, facts: ItemFacts, vocabulary: Vocabulary, language: str, *, judged: bool = False
) -> list[Claim]:
    """The claims of the text that `facts` do not support. If there are none, the text may be shown.

    judged: True to ask the language's sentence judge too, if it has one; used for all texts that a model writes.
    """
    known, folded = vocabulary.supported(facts, claims), _plain(text, vocabulary)
    text_claims = [*_claims(text, folded, vocabulary), *_names(text, folded, language, vocabulary)]
    contradicted = [  # the row has the value, but not as the text says it
        claim
        for claim in text_claims
        if (claims_purity(claim, facts, folded) or misses(claim, facts, folded) or miscounts(claim, facts, folded))
        and supports(claim, facts, known)
    ]
    supported = [
        claim
        for claim in text_claims
        if claim not in contradicted
        and (
            supports(claim, facts, known)
            or states_degrees(claim, facts, folded)
            or is_extended(claim, facts, folded)
            or is_included(claim, facts, folded)
            or follows(claim, facts, known, folded)
            or denies_others(claim, facts, folded)
            or is_saving(claim, facts, folded)
            or is_of_reader(claim, facts, folded)
            or is_within_limit(claim, facts, folded)
            or is_total(claim, known, folded)
        )
        and not _says_otherwise(claim, facts, folded)
    ]
    remaining = [claim for claim in text_claims if claim not in supported and claim not in contradicted]
    supported = [with_reason(claim, facts, folded) for claim in supported]
    # Few texts need the places, and finding them takes longer than most other steps.
    may_be_of_partners = any(claim.kind in OF_PARTNERS for claim in remaining)
    partner_places = _partner_spans(folded, facts, vocabulary) if may_be_of_partners else []
    stated = bytearray(len(text))  # 1 for each character of a claim that the facts support
    # A doubtful word that the row is silent on states nothing: lavender is no colour of a candle, but its scent.
    _cover(stated, [claim for claim in supported if not claim.doubtful or claim.value in known])
    wrong = contradicted + [
        claim
        for claim in remaining
        if not (claim.kind in OF_PARTNERS and lies_within(claim.start, claim.end, partner_places))
        and not (
            claim.kind in OF_PARTNERS
            and all(stated[claim.start : claim.end])
            and not claims_purity(claim, facts, folded)  # the row has the material, but not all over
        )
        and not (
            claim.value.startswith(SAID_IN_TEXT)
            and claim.kind not in ABOUT_OTHERS
            and f"not {claim.value.removeprefix(SAID_IN_TEXT)}" not in known  # pure wool, of a blend
            and _is_stated(claim, stated, text)
        )
        and not (claim.kind == "negation" and is_contrast(claim, supported, folded))
        and not _denies_truly(claim, known, folded)
        and not _denies_nearer(claim, known, folded)
        and not denies_in_chinese(claim, known, folded)
        and not denies_purity(claim, facts, known, folded)
        and not _denies_beside(claim, facts, folded)
        and not is_counted(claim, facts, known, folded)
        and not is_share_of_one(claim, known, folded)
        and not _is_bound(claim, supported)
        and not is_part(claim, facts, folded)
    ]
    if wrong:
        wrong = without_set_aside(wrong, supported, facts, known, folded, vocabulary)
    denied = [
        *states_denied(folded, facts),
        *_granted(folded, known, vocabulary),
        *states_lacked(folded, facts),
        *states_allergy(folded, facts),
        *denies_known(folded, known),
        *(claim for claim in text_claims if claim not in wrong and asks_back(claim, folded)),
    ]
    rule_set = _rules_of(language, vocabulary) if judged else None
    if rule_set is None or rule_set.judge is None:
        return [*wrong, *denied]
    never_moods = [
        claim
        for claim in wrong
        if (claim.kind == "bundle" and says_lacked(claim, facts))  # what the row denies
        or (claim.kind == "technical" and _CHARGED.search(folded, 0, claim.start))  # how long it lasts
        or _is_contested(claim, supported, known)
    ]
    has_season = any(value.startswith("season:") for value in known)  # if it has none, a season may be a mood
    blanks = blanks_of(folded, supported, known, facts, rule_set.words.spaces)
    sentences = judged_sentences(folded, blanks, rule_set.judge)
    wrong = without_scenery(wrong, sentences, blanks, rule_set, folded)
    if not wrong:
        sentences = judged_again(sentences, folded, blanks, known, rule_set)
    found = assertions(sentences, wrong, rule_set, () if has_season else ("season",))
    return [*found, *(claim for claim in never_moods if claim not in found), *denied]


def _says_otherwise(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text says more with the words or the figure of a claim than the row, or says it of another thing."""
    return (
        contradicts(claim, facts, folded)
        or is_of_other(claim, facts, folded)
        or counts_otherwise(claim, facts, folded)
        or turns_away_wrongly(claim, facts, folded)
        or is_of_other_cost(claim, folded)
        or warns_off(claim, facts, folded)
    )


def assertion_probability(text: str, facts: ItemFacts, vocabulary: Vocabulary, language: str) -> float | None:
    """The probability that a sentence asserts something beyond the facts: the largest of all sentences of the text.

    None if the language has no examples to learn a judge from.
    """
    rule_set = _rules_of(language, vocabulary)
    if rule_set is None or rule_set.judge is None:
        return None
    known, folded = vocabulary.supported(facts, claims), _plain(text, vocabulary)
    supported = [claim for claim in _claims(text, folded, vocabulary) if supports(claim, facts, known)]
    blanks = blanks_of(folded, supported, known, facts, rule_set.words.spaces)
    return max(sentence.probability for sentence in judged_sentences(folded, blanks, rule_set.judge))


def _rules_of(language: str, vocabulary: Vocabulary) -> ClaimRules | None:
    return next((rule_set for rule_set in vocabulary.rules if rule_set.words.language == language), None)


def _denies_truly(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a pattern found a denial that the facts support: "no perfume" of an unscented cream, "not a plastic box"
    of a wooden one."""
    words = claim.value.removeprefix(SAID_IN_TEXT)
    if words == claim.value:
        return False
    denies = _DENIES.match(words)
    if denies is not None and f"not {words[denies.end() :]}" in known:
        return True
    if (out := _OUT.match(words)) and _KEEP.search(folded, 0, claim.start):
        return f"not {words[out.end() :]}" in known
    return (
        f"not {_ARTICLE.sub('', words, count=1)}" in known
        and (_DENIED_BEFORE.search(folded, 0, claim.start) or ASKED.match(folded, claim.end)) is not None
    )


def _granted(folded: str, known: frozenset[str], vocabulary: Vocabulary) -> Iterator[Claim]:
    """Claims of things that the text asks for and grants, and that the facts rule out: "Battery? No problem"."""
    for granted in _GRANTED.finditer(folded):
        thing, place = granted["asked"] or granted["much"], granted.span("asked" if granted["asked"] else "much")
        if any(f"not {value.removeprefix(SAID_IN_TEXT)}" in known for value in vocabulary.values_of(thing)):
            yield Claim("attribute", f"{SAID_IN_TEXT}{thing}", *place)


def _is_contested(claim: Claim, supported: list[Claim], known: frozenset[str]) -> bool:
    """Whether the row rules out the very words of a claim, though it seems to have them in another language: a tent
    that is water-repellent and 防泼水 is not waterproof."""
    words = claim.value.removeprefix(SAID_IN_TEXT)
    return (
        words != claim.value
        and f"not {words}" in known
        and any((other.start, other.end, other.kind) == (claim.start, claim.end, "attribute") for other in supported)
    )


def _is_bound(claim: Claim, supported: list[Claim]) -> bool:
    """Whether a comparison is only with a figure that a fact is just under or just over: "less than half a kilo"."""
    return claim.kind == "comparison" and any(
        figure.kind == "number" and figure.value[:1] in BESIDE_FACT and figure.start == claim.end + 1
        for figure in supported
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
        and claim.value.rpartition(":")[2] in facts.kinds
        and _DETERMINED.search(folded, claim.start, claim.end) is not None
    )


def _is_stated(claim: Claim, stated: bytearray, text: str) -> bool:
    """Whether claims that the facts support cover at least the share MOSTLY of an assertion's letters."""
    letters = [index for index in range(claim.start, claim.end) if text[index].isalnum()]
    return bool(letters) and sum(stated[index] for index in letters) >= MOSTLY * len(letters)


def _partner_spans(folded: str, facts: ItemFacts, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    if facts not in vocabulary.own_things:
        vocabulary.own_things[facts] = _own_things(facts, vocabulary)
    own_names = vocabulary.own_things[facts]
    if own_names is None:  # nothing says what the item is, so no other thing can be told apart from it
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


def _names(text: str, folded: str, language: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    """Capitalised words within a sentence, if the language capitalises only names; none in a text of capitals."""
    words = next((rule_set.words for rule_set in vocabulary.rules if rule_set.words.language == language), None)
    nouns_have_capitals = words is not None and words.spaces and not words.capitals
    if nouns_have_capitals or not any(rule_set.words.capitals for rule_set in vocabulary.rules):
        return
    capitalised = list(_CAPITAL.finditer(text))
    if len(capitalised) > MOST_CAPITALS * len(_WORD.findall(text)):
        return
    allowed = [span for rule_set in vocabulary.rules for span in rule_set.allowed(folded)]
    for name in capitalised:
        if not lies_within(name.start(), name.end(), allowed):
            yield Claim("name", f"{SAID_IN_TEXT}{name[0].lower()}", name.start(), name.end())


def _hidden_claims(
    text: str, folded: str, rule_sets: tuple[ClaimRules, ...], vocabulary: Vocabulary
) -> Iterator[Claim]:
    """Claims in other words ("spun by silkworms"), in signs (a green circle), and in letters that stand apart."""
    for rule_set in rule_sets:
        for word, start, end in rule_set.paraphrases(folded):
            yield from _meant(word, start, end, vocabulary)
    for sign in vocabulary.emoji_signs.finditer(text):
        yield from _meant(vocabulary.emoji[sign[0]][0], sign.start(), sign.end(), vocabulary)
    for flag in _FLAG.finditer(text):
        yield Claim("origin", f"{SAID_IN_TEXT}{flag[0]}", flag.start(), flag.end())
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
                yield Claim("", "", match.start(), match.end())
            for meaning in meanings:
                start, end = match.span()
                yield Claim(meaning.kind, meaning.value, start, end, meaning.attributes, meaning.doubtful)


def _cover(covered: bytearray, new_claims: list[Claim]) -> None:
    for claim in new_claims:
        covered[claim.start : claim.end] = b"\1" * (claim.end - claim.start)


def _brand_claims(cased: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    for match in vocabulary.brand_names.finditer(cased):
        yield Claim("brand", vocabulary.brands[match[0]], match.start(), match.end())
