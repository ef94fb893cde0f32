"""Whether a text may be shown. Checks the review, rules for models, the voice, the facts, and the market's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jobs.copywriting.briefs import APPROVED, BLURB, MODEL, Draft, copy_id
from jobs.copywriting.product import Product
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.slots import from_tables, with_widest
from models.compliance.checks import CHANNELS as LIMITS
from models.compliance.checks import refusals
from models.fact_lock.claims import Claim, Filled, SlotError, Vocabulary, claims, digits_of_its_own, fill, unsupported
from models.text.languages import CJK
from models.text.numerals import fold
from schemas.copywriting.prompt import slots_needed


class Problem(NamedTuple):
    """Why a text may not be shown. reason: REJECTED_COPY is counted by it. detail: the word or place."""

    reason: str
    detail: str


class Text(NamedTuple):
    """A draft with its slots filled."""

    draft: Draft
    filled: Filled


def filled_text(draft: Draft, product: Product) -> Text:
    """The draft with its slots filled; an approved text stays as it is. Raises SlotError where a slot has no fact."""
    return Text(draft, Filled(draft.text, ()) if draft.wording == APPROVED else fill(draft.text, product.slots))


def check_draft(draft: Draft, product: Product, rules: CopyRules, vocabulary: Vocabulary) -> list[Problem]:
    """All problems of a draft's text, or of its slots; an empty list means that it may be shown."""
    try:
        text = Text(draft, fill(draft.text, product.slots))
    except SlotError as error:
        return [Problem("slot without a fact", str(error))]
    return check(text, product, rules, vocabulary)


def check(text: Text, product: Product, rules: CopyRules, vocabulary: Vocabulary) -> list[Problem]:
    """All problems of a text; of a text that a person blocked, only this. An empty list means that it may be shown."""
    brief, (draft, filled) = product.brief, text
    language = rules.languages[brief.language]
    blocked = rules.review.is_blocked(brief.item_id, copy_id(brief, filled.text), draft.wording, filled.text)
    if blocked:
        return [Problem("blocked in review", blocked)]
    problems = list(_by_model(text, product, vocabulary)) if draft.source == MODEL else []
    if word := rules.voices[brief.style].guide(brief.language).forbidden(draft.text):
        problems.append(Problem("voice", word))
    shown = with_widest(draft, filled, product.slots, language, product.item.currency)
    facts = product.facts if shown is filled else product.facts_with_offer
    problems += [
        Problem(f"unsupported {claim.kind}", shown.text[claim.start : claim.end])
        for claim in unsupported(shown.text, facts, vocabulary, brief.language, judged=draft.source == MODEL)
        if not from_tables(claim, shown)
    ]
    lexicons = rules.lexicons_of(brief.language)
    problems += [
        Problem(refusal.reason, refusal.detail)
        for refusal in refusals(shown.text, language, LIMITS[brief.channel], lexicons, facts.category)
        if refusal.severity == "block"
    ]
    return problems


def _by_model(text: Text, product: Product, vocabulary: Vocabulary) -> Iterator[Problem]:
    """The problems of a model's text. It may have a figure only if the facts hold it, must have the slots for a user's
    terms, and must name something of the item, but for a blurb: the title above it names the item already."""
    draft, brief = text.draft.text, product.brief
    if figures := digits_of_its_own(draft, vocabulary.figures):
        claimed = claims(draft, brief.language, vocabulary)
        refused = unsupported(draft, product.facts, vocabulary, brief.language, judged=True)
        wrong = [claim for claim in refused if claim.kind != "assertion"]  # a whole sentence is not its figure
    for figure in figures:
        written = draft[figure.start : figure.end]
        is_read = not any(map(str.isdigit, written)) or any(_overlap(figure, claim) for claim in claimed)
        is_wrong = any(_overlap(figure, claim) for claim in wrong)
        if figure.kind == "stock" or is_wrong or not is_read:
            yield Problem("figure of its own", written)
    for slot in slots_needed(brief.strategy):
        if f"{{{slot}}}" not in draft:
            yield Problem("slot missing", f"{{{slot}}}")
    if (
        brief.channel != BLURB
        and not claims(text.filled.text, brief.language, vocabulary)
        and not _names_kind(text.filled.text, product)
    ):
        yield Problem("says nothing of the item", "no attribute, kind or brand")


def _overlap(first: Claim, second: Claim) -> bool:
    return first.start < second.end and second.start < first.end


def _names_kind(text: str, product: Product) -> bool:
    """Whether the text names the item by a word of its kind: headphones, or 耳机 for 头戴耳机, 兔子 for 兔子玩偶."""
    folded = fold(text)
    kinds = [fold(kind) for kind in (*product.item.kinds, product.item.kind(product.brief.language)) if kind]
    return any(
        any(word in folded for word in ((kind[:2], kind[-1:]) if CJK.search(kind) else kind.split(" ")))
        for kind in kinds
    )
