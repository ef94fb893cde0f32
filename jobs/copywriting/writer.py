"""A brief and its drafts -> texts that pass every check. Drafts are tried one after another until there are enough.

`usual_texts` writes a brief that has no texts yet. `missing_texts` adds to a brief with texts those that tonight's
experiments ask for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.briefs import APPROVED, CARD, MODEL, Brief, Draft, Refused, copy_id
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.product import Product, Products
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.slots import NAMING, facts_told
from jobs.copywriting.text_checks import Problem, Text, check, check_draft, filled_text
from models.fact_lock.claims import SlotError, Vocabulary, claims
from schemas.copywriting.wording import ANY, Template

SAID = "said of another item"
_REASONS_COUNT = 4  # a template that says what the item is good for weighs as much as one with 4 more slots
Row = dict[str, Any]  # of COPY


@dataclass(frozen=True)
class CopyInputs:
    """What all texts of a night are written from.

    shares: (strategy, style, channel, language, wording) -> its share; 0 for a retired wording. model: the name of the
    copywriter that drafts. kinds: sources or wordings that experiments ask for.
    """

    rules: CopyRules
    items: Mapping[str, ItemWords]
    vocabulary: Vocabulary
    shares: Mapping[tuple[str, str, str, str, str], float]
    night: dt.date
    model: str = ""
    kinds: tuple[str, ...] = ()

    @cached_property
    def products(self) -> Products:
        return Products(self.items, self.rules.config.shop, self.rules.name_refusal)

    @cached_property
    def groups(self) -> dict[str, int]:
        """item_id -> a number that items of one brand and kind share, since these often get the same text."""
        return {
            item_id: zlib.crc32("\0".join((*item.brands, "", *item.kinds)).encode())
            for item_id, item in self.items.items()
        }

    def share(self, brief: Brief, wording: str) -> float:
        """The wording's share in its group: 1 where it was never written, 0 where it is retired."""
        return self.shares.get((*brief[1:], wording), 1.0)

    def problems(self, brief: Brief, draft: Draft) -> list[Problem]:
        """The problems for which a draft would be refused; an empty list means that it may be shown."""
        return check_draft(draft, self.products.of(brief), self.rules, self.vocabulary)

    def content_hash(self, brief: Brief) -> str:
        return content_hash(self.items[brief.item_id], brief, self.rules.digest(*brief[1:]))


class SaidTexts:
    """Remembers which item each text of a channel is about, so that no two items are described in the same words."""

    def __init__(self) -> None:
        self._item_of: dict[str, dict[str, str]] = defaultdict(dict)  # channel -> text -> item_id

    def remember(self, copy: pa.Table) -> None:
        """Rows of COPY that new texts must not repeat."""
        for channel in pc.unique(copy["channel"]).to_pylist():
            rows = copy.select(["text", "item_id"]).filter(pc.equal(copy["channel"], channel))
            self._item_of[channel].update(zip(rows["text"].to_pylist(), rows["item_id"].to_pylist(), strict=True))

    def add(self, brief: Brief, text: str) -> None:
        self._item_of[brief.channel].setdefault(text, brief.item_id)

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        """(channel, text, item_id) of each text."""
        for channel, item_of in self._item_of.items():
            for text, item_id in item_of.items():
                yield channel, text, item_id

    def other_item(self, brief: Brief, text: str, items: Mapping[str, ItemWords]) -> str | None:
        """The item that already has this text in the channel; None where it is the brief's, or has the same titles."""
        item_id = self._item_of[brief.channel].get(text, brief.item_id)
        titles = items[item_id].titles if item_id in items else ()
        return None if titles == items[brief.item_id].titles else item_id


class Written(NamedTuple):
    """Rows of COPY for one brief, and the texts that were refused before them."""

    rows: list[Row]
    refused: list[Refused]


def content_hash(item: ItemWords, brief: Brief, rules_digest: str) -> str:
    """A hash that changes only with the words that the text may use, or the rules by which it is written."""
    return f"{item.digest(brief.strategy, brief.language)}-{rules_digest}"


def usual_texts(
    inputs: CopyInputs,
    said_texts: SaidTexts,
    brief: Brief,
    drafts: Sequence[Draft] | None = None,
    avoid: frozenset[str] = frozenset(),
) -> Written:
    """Writes as many texts as the channel takes, then one of each kind that experiments ask for and these texts lack.

    drafts: the copywriter's, best first; None if it was not asked. They are tried after approved texts and before
    templates. avoid: texts that must not be written. Where another item already has the texts of all templates, the
    first of them is used nevertheless: such items are alike, and otherwise this one would get no text.
    """
    limit = inputs.rules.config.texts_of(brief.channel)

    is_default = brief.style == inputs.rules.default_style
    allowance = limit if is_default else 1  # a voice should seldom use the templates of other voices
    of_others = {name for name, voice in _dealt(inputs.rules, brief).items() if voice != brief.style}

    def wants(draft: Draft, rows: Sequence[Row]) -> bool:
        return _has_room(draft, rows, allowance if draft.wording in of_others else limit)

    product = inputs.products.of(brief)
    model = "" if drafts is None else inputs.model
    written, said_elsewhere = _write(inputs, said_texts, product, drafts, wants, _NewRows(0, model), avoid)
    if written.rows:
        further = _asked_for_texts(inputs, said_texts, product, drafts, written.rows, model, avoid)
        refused = [*written.refused, *(refusal for refusal in further.refused if refusal not in written.refused)]
        return Written([*written.rows, *further.rows], refused)
    for text in said_elsewhere:
        if text.filled.text not in avoid and not check(text, product, inputs.rules, inputs.vocabulary):
            refused = [refusal for refusal in written.refused if refusal.text != text.filled.text]
            return Written([_row(inputs, product, text, 0, model)], refused)
    return written


def missing_texts(inputs: CopyInputs, said_texts: SaidTexts, brief: Brief, standing: Sequence[Row]) -> Written:
    """Writes one text of each kind that experiments ask for and `standing` lacks; standing: the brief's rows of COPY.

    The copywriter is not asked.
    """
    model = next((row["model"] for row in standing), "")
    return _asked_for_texts(inputs, said_texts, inputs.products.of(brief), None, standing, model)


def _asked_for_texts(
    inputs: CopyInputs,
    said_texts: SaidTexts,
    product: Product,
    drafts: Sequence[Draft] | None,
    standing: Sequence[Row],
    model: str,
    avoid: frozenset[str] = frozenset(),
) -> Written:
    """One text of each kind that experiments ask for and `standing` lacks.

    The numbers of their variants come after those of the usual texts, even where the brief has fewer usual texts than
    it may have, so that only the arms that ask for these texts show them.
    """
    if not inputs.kinds:
        return Written([], [])
    brief = product.brief

    def wants(draft: Draft, rows: Sequence[Row]) -> bool:
        return _is_asked_for(inputs, brief, draft, [*standing, *rows])

    first = max((inputs.rules.config.texts_of(brief.channel), *(row["variant"] + 1 for row in standing)))
    present = frozenset(row["text"] for row in standing)
    return _write(inputs, said_texts, product, drafts, wants, _NewRows(first, model, present), avoid)[0]


class _NewRows(NamedTuple):
    """The first variant and the model of the rows to be written, and texts that the brief already has."""

    first_variant: int
    model: str
    present: frozenset[str] = frozenset()


def _write(
    inputs: CopyInputs,
    said_texts: SaidTexts,
    product: Product,
    drafts: Sequence[Draft] | None,
    wants: Callable[[Draft, Sequence[Row]], bool],
    new_rows: _NewRows,
    avoid: frozenset[str] = frozenset(),
) -> tuple[Written, list[Text]]:
    """Tries the drafts for which `wants(draft, rows)` is true. Returns (what was written, the templates' texts that
    another item already has)."""
    brief, item = product.brief, product.item
    rows: list[Row] = []
    refused = [Refused(None, "template", "hostile catalogue text", why) for why in item.refused]
    said_elsewhere: list[Text] = []
    if "title" not in product.slots:
        refused.append(
            Refused(None, "template", "no title", f"the catalogue has none that readers of '{brief.language}' can read")
        )
        return Written(rows, refused), said_elsewhere
    if not item.has_title_in(brief.language):
        refused.append(Refused(None, "template", "title in another language", product.slots["title"].text))
        drafts = None
    tried = (draft for draft in _drafts(inputs, product, drafts or ()) if wants(draft, rows))
    for text in _filled(tried, product, new_rows.present, refused):
        draft, filled = text
        if other_item := _other_item(inputs, said_texts, brief, text):
            refused.append(Refused(filled.text, draft.source, SAID, other_item))
            if draft.source != MODEL:
                said_elsewhere.append(text)
        elif filled.text in avoid:
            detail = "another item's text says nearly the same"
            refused.append(Refused(filled.text, draft.source, "near duplicate", detail))
        elif problems := check(text, product, inputs.rules, inputs.vocabulary):
            refused += [Refused(filled.text, draft.source, *problem) for problem in problems]
        else:
            rows.append(_row(inputs, product, text, new_rows.first_variant + len(rows), new_rows.model))
            said_texts.add(brief, filled.text)
    return Written(rows, refused), said_elsewhere


def _drafts(inputs: CopyInputs, product: Product, drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Approved texts, the copywriter's drafts, then templates that the product can fill, in the item's order."""
    brief, rules = product.brief, inputs.rules
    for text in rules.review.approved.get(tuple(brief), ()):
        yield Draft(text, APPROVED, "template")
    yield from (draft for draft in drafts if inputs.share(brief, draft.wording) > 0)
    group = rules.templates.of(brief.strategy, brief.channel, brief.language, brief.style)
    fitting = [template for template in group if template.needs <= product.slots.keys()]
    dealt = _dealt(rules, brief)
    for template in sorted(fitting, key=lambda template: _turn(inputs, brief, template, dealt)):
        yield Draft(template.text, template.name, "template")


def _dealt(rules: CopyRules, brief: Brief) -> dict[str, str]:
    """Template that every voice may use -> the voice that uses it first, so that two voices seldom say the same.

    The default voice has no templates of its own, so it gets as many as all other voices together. Which template a
    voice gets depends on the item.
    """
    group = rules.templates.groups[brief.strategy, brief.channel, brief.language]
    styles = sorted({template.style for template in group} - {ANY})
    voices = [voice for style in styles for voice in (rules.default_style, style)] or [rules.default_style]
    first = zlib.crc32(brief.item_id.encode())
    common = [template.name for template in group if template.style == ANY]
    return {name: voices[(first + turn) % len(voices)] for turn, name in enumerate(common)}


def _turn(inputs: CopyInputs, brief: Brief, template: Template, dealt: Mapping[str, str]) -> tuple[bool, int, float]:
    """Sorts templates: first the voice's own, then those dealt to it, then those dealt to others; retired ones last.

    Within each group, a draw by weight decides (Efraimidis and Spirakis 2006). It is the same for an item every night.
    """
    share = inputs.share(brief, template.name)
    preference = 0 if template.style == brief.style else 1 if dealt.get(template.name) == brief.style else 2
    detail = 1.0 + len(set(template.slots)) + _REASONS_COUNT * bool({"benefit", "reason"}.intersection(template.slots))
    if brief.channel == CARD:
        detail = math.sqrt(detail)  # a reader sees many cards at once, so their wordings must differ
    weight = max(share, 0.0) * detail  # prefers templates that say more about the item, and what it is good for
    digest = hashlib.sha256(f"{brief.item_id}\0{template.name}".encode()).digest()
    drawn = (int.from_bytes(digest[:8], "big") + 1) / 2**64
    return share <= 0, preference, -math.log(drawn) / weight if weight else math.inf


def _filled(
    drafts: Iterator[Draft], product: Product, present: frozenset[str], refused: list[Refused]
) -> Iterator[Text]:
    """Fills the slots of each draft and yields each text once; appends the draft to `refused` if a slot has no fact."""
    texts_so_far = set(present)
    for draft in drafts:
        try:
            text = filled_text(draft, product)
        except SlotError as error:
            refused.append(Refused(draft.text, draft.source, "slot without a fact", str(error)))
            continue
        if text.filled.text not in texts_so_far:
            texts_so_far.add(text.filled.text)
            yield text


def _has_room(draft: Draft, rows: Sequence[Row], limit: int) -> bool:
    """Whether the draft may be a usual text. One of several texts must be a template's, so that clicks compare them."""
    by_model = sum(row["source"] == MODEL for row in rows)
    return len(rows) < limit and (draft.source != MODEL or by_model < max(1, limit - 1))


def _is_asked_for(inputs: CopyInputs, brief: Brief, draft: Draft, rows: Sequence[Row]) -> bool:
    """Whether an experiment asks for a text of the draft's kind and `rows` lack one; False for a retired wording."""
    kinds = [kind for kind in inputs.kinds if kind in (draft.source, draft.wording)]
    is_missing = any(not any(kind in (row["source"], row["wording"]) for row in rows) for kind in kinds)
    return is_missing and inputs.share(brief, draft.wording) > 0


def _other_item(inputs: CopyInputs, said_texts: SaidTexts, brief: Brief, text: Text) -> str | None:
    """The item that already has the same text; None where no slot of the draft names the item."""
    if text.draft.source != MODEL and not any(slot in text.draft.text for slot in NAMING):
        return None  # such as the text of a coupon, which is not about an item
    return said_texts.other_item(brief, text.filled.text, inputs.items)


def _row(inputs: CopyInputs, product: Product, text: Text, variant: int, model: str) -> Row:
    brief, (draft, filled) = product.brief, text
    claimed = claims(filled.text, brief.language, inputs.vocabulary)
    return {
        "copy_id": copy_id(brief, filled.text),
        **brief._asdict(),
        "variant": variant,
        "text": filled.text,
        "source": draft.source,
        "wording": draft.wording,
        "facts": json.dumps(facts_told(brief, filled, product.item, claimed), ensure_ascii=False),
        "model": model,
        "rules": inputs.rules.digest(*brief[1:]),
        "content_hash": inputs.content_hash(brief),
        "made_on": inputs.night,
    }
