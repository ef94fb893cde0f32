"""A brief and its drafts -> texts that say only what the tables say: checked one after another until enough stand."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.item_words import Goods
from jobs.copywriting.rules import Rules
from jobs.copywriting.slots import (
    APPROVED,
    BRIEF,
    MODEL,
    NAMING,
    Brief,
    Draft,
    facts_told,
    from_tables,
    keys_of,
    slots_for,
    with_offer,
    with_widest,
)
from models.compliance.checks import CHANNELS as LIMITS
from models.compliance.checks import refusals
from models.fact_lock.claims import (
    Filled,
    ItemFacts,
    Slot,
    SlotError,
    Vocabulary,
    claims,
    digits_of_its_own,
    fill,
    unsupported,
)
from schemas.copywriting.wording import Template

SAID = "said of another item"


class Refused(NamedTuple):
    """A text that was not let through, None where there was none; and why."""

    text: str | None
    source: str
    reason: str
    detail: str


def copy_id(brief: Brief, text: str) -> str:
    return hashlib.sha256("\0".join((*brief, text)).encode()).hexdigest()[:16]


def content_hash(goods: Goods, brief: Brief, rules: str) -> str:
    """The same tomorrow, if neither what the text may say has changed nor the rules that it is written by."""
    return f"{goods.digest(brief.strategy, brief.language)}-{rules}"


class Writer:
    """Writes the briefs of one night, and remembers what was said of which item: no two shall sound the same."""

    def __init__(
        self,
        rules: Rules,
        goods: Mapping[str, Goods],
        vocabulary: Vocabulary,
        shares: Mapping[tuple[str, str, str, str, str], float],
        night: dt.date,
        model: str = "",
        kinds: Sequence[str] = (),
    ) -> None:
        """shares: (strategy, style, channel, language, wording) -> its share; 0 for one that was retired.

        kinds: sources or wordings that experiments ask for: each brief gets one of each where it can be written.
        """
        self.rules, self.goods, self.vocabulary, self.shares = rules, goods, vocabulary, shares
        self.night, self.model, self.kinds = night, model, kinds
        self._standing: dict[Brief, list[dict[str, Any]]] = {}
        self._said: dict[str, dict[str, str]] = defaultdict(dict)  # channel -> text -> the item it is about
        self._clean: dict[str, Goods] = {}
        self._slots: tuple[tuple[str, str, str], dict[str, Slot]] = (("", "", ""), {})
        self._facts: dict[tuple[str, bool], ItemFacts] = {}

    def remember(self, written: pa.Table) -> None:
        """Rows of COPY that stand: what is written must not repeat them."""
        for channel in pc.unique(written["channel"]).to_pylist():
            rows = written.select(["text", "item_id"]).filter(pc.equal(written["channel"], channel))
            self._said[channel].update(zip(rows["text"].to_pylist(), rows["item_id"].to_pylist(), strict=True))

    def keep(self, written: pa.Table, briefs: Iterable[Brief]) -> None:
        """Rows of COPY that stand: of these briefs only the kinds are written that they lack."""
        self._standing = {brief: [] for brief in briefs}
        wordings = written.select([*BRIEF, "variant", "source", "wording", "text", "model"])
        theirs = pa.array([brief.key for brief in self._standing], pa.string())
        for row in wordings.filter(pc.is_in(keys_of(wordings), theirs)).to_pylist():
            self._standing[Brief.of(row)].append(row)

    def write(
        self, brief: Brief, drafts: Sequence[Draft] | None = None, avoid: frozenset[str] = frozenset()
    ) -> tuple[list[dict[str, Any]], list[Refused]]:
        """(rows of COPY, what was refused): up to `variants` texts, from what was approved, `drafts`, then templates;
        after them one of each kind that experiments ask for and that is not among them.

        drafts: the copywriter's, best first; None: it was not asked. avoid: texts that are not to be written after all.
        Where every template's text is said of another item already, the first of them is taken: items as like as that
        may share a text, and the other choice is silence.
        """
        goods = self.clean(brief.item_id)
        refused = [Refused(None, "template", "hostile catalogue text", why) for why in goods.refused]
        slots = self.slots(brief)
        if "title" not in slots:
            return [], [*refused, Refused(None, "template", "no title", "the catalogue has none that can be shown")]
        if not goods.word(goods.titles, brief.language):
            refused.append(Refused(None, "template", "title in another language", slots["title"].text))
            drafts = None if drafts is None else ()
        there = self._standing.get(brief, [])
        model = self.model if drafts is not None else next((row["model"] for row in there), "")
        rows: list[dict[str, Any]] = []
        alike: list[tuple[Draft, Filled]] = []
        usual, others = (0, self._beyond(there)) if brief in self._standing else (self.rules.config.variants, 0)
        wanted = (
            draft for draft in self._drafts(brief, drafts or (), slots)
            if self._has_room(draft, rows, usual) or self._is_asked_for(brief, draft, [*there, *rows])
        )  # fmt: skip
        for draft, filled in self._filled(wanted, slots, {row["text"] for row in there}, refused):
            if other := self._says_it_too(brief, draft, filled.text):
                refused.append(Refused(filled.text, draft.source, SAID, other))
                alike += [(draft, filled)] * (draft.source != MODEL)
            elif wrong := self._wrong(brief, draft, filled, slots, avoid):
                refused += [Refused(filled.text, draft.source, reason, detail) for reason, detail in wrong]
            else:
                rows.append(self._row(brief, draft, filled, goods, others + len(rows), model))
                self._said[brief.channel].setdefault(filled.text, brief.item_id)
        for draft, filled in alike:
            if not (rows or there) and not self._wrong(brief, draft, filled, slots, avoid):
                rows.append(self._row(brief, draft, filled, goods, 0, model))
                refused = [one for one in refused if one.text != filled.text]
        return rows, refused

    def _filled(
        self, drafts: Iterable[Draft], slots: Mapping[str, Slot], seen: set[str], refused: list[Refused]
    ) -> Iterator[tuple[Draft, Filled]]:
        """Each draft with its slots filled, each text once; a slot that nothing fills goes to `refused`."""
        for draft in drafts:
            try:
                filled = Filled(draft.text, ()) if draft.wording == APPROVED else fill(draft.text, slots)
            except SlotError as error:
                refused.append(Refused(draft.text, draft.source, "slot without a fact", str(error)))
                continue
            if filled.text not in seen:
                seen.add(filled.text)
                yield draft, filled

    def content_hash(self, brief: Brief) -> str:
        return content_hash(self.goods[brief.item_id], brief, self.rules.digest(*brief[1:]))

    def share(self, brief: Brief, wording: str) -> float:
        """The wording's among its group's, 1 where it was never written, 0 where it is retired."""
        return self.shares.get((*brief[1:], wording), 1.0)

    def wrong(self, brief: Brief, draft: Draft) -> list[tuple[str, str]]:
        """(reason, detail) of everything that speaks against a draft; none: it may be shown."""
        slots = self.slots(brief)
        try:
            return self._wrong(brief, draft, fill(draft.text, slots), slots, frozenset())
        except SlotError as error:
            return [("slot without a fact", str(error))]

    def slots(self, brief: Brief) -> dict[str, Slot]:
        """What fills the slots of the brief; the same for its channels and styles."""
        key = (brief.item_id, brief.strategy, brief.language)
        if self._slots[0] != key:
            self._slots = (key, slots_for(self.clean(brief.item_id), brief, self.rules.config.shop))
        return self._slots[1]

    def clean(self, item_id: str) -> Goods:
        """The item without words that may not be shown."""
        if item_id not in self._clean:
            self._clean[item_id] = self.goods[item_id].cleaned()
        return self._clean[item_id]

    def _drafts(self, brief: Brief, drafts: Sequence[Draft], slots: Mapping[str, Slot]) -> Iterator[Draft]:
        for text in self.rules.review.approved.get(tuple(brief), ()):
            yield Draft(text, APPROVED, "template")
        if self.share(brief, MODEL) > 0:
            yield from drafts
        group = self.rules.templates.of(brief.strategy, brief.channel, brief.language, brief.style)
        fitting = sorted((t for t in group if t.needs <= slots.keys()), key=lambda t: self._turn(brief, t))
        yield from (Draft(t.text, t.name, "template") for t in fitting)

    def _has_room(self, draft: Draft, rows: Sequence[Mapping[str, Any]], usual: int) -> bool:
        """Whether the draft may be one of the usual texts; one of several is a template's: clicks compare."""
        by_model = sum(row["source"] == MODEL for row in rows)
        return len(rows) < usual and (draft.source != MODEL or by_model < max(1, usual - 1))

    def _beyond(self, there: Sequence[Mapping[str, Any]]) -> int:
        """The first variant that is nobody's usual text."""
        return max((self.rules.config.variants, *(row["variant"] + 1 for row in there)))

    def _is_asked_for(self, brief: Brief, draft: Draft, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether an experiment asks for a text of the draft's kind, and the brief has none."""
        lacking = (kind for kind in self.kinds if not any(kind in (row["source"], row["wording"]) for row in rows))
        is_retired = self.share(brief, draft.wording) <= 0
        return not is_retired and any(kind in (draft.source, draft.wording) for kind in lacking)

    def _turn(self, brief: Brief, template: Template) -> float:
        """Earlier is less: a draw by weight (Efraimidis and Spirakis 2006) that is the same for an item every night."""
        share = self.share(brief, template.name)
        if share <= 0:
            return math.inf
        own = 4.0 if template.style == brief.style else 1.0
        weight = share * own * (1 + len(set(template.slots)))  # what names more of the item tells more
        digest = hashlib.sha256(f"{brief.item_id}\0{template.name}".encode()).digest()
        return -math.log((int.from_bytes(digest[:8], "big") + 1) / 2**64) / weight

    def _wrong(
        self, brief: Brief, draft: Draft, filled: Filled, slots: Mapping[str, Slot], avoid: frozenset[str]
    ) -> list[tuple[str, str]]:
        """(reason, detail) of everything that is wrong with a text; none: it may be shown."""
        text = filled.text
        if text in avoid:
            return [("near duplicate", "another item's text says nearly the same")]
        if by := self.rules.review.is_blocked(brief.item_id, copy_id(brief, text), draft.wording, text):
            return [("blocked in review", by)]
        found: list[tuple[str, str]] = []
        if draft.source == MODEL:
            found += [("figure of its own", draft.text[c.start : c.end]) for c in digits_of_its_own(draft.text)]
            if not claims(text, brief.language, self.vocabulary):
                found.append(("says nothing of the item", "no attribute, kind or brand"))
        if word := self.rules.voices[brief.style].guide(brief.language).forbidden(draft.text):
            found.append(("voice", word))
        shown = with_widest(draft, filled, slots, brief.language, self.goods[brief.item_id].currency)
        facts = self.facts(brief.item_id, has_offer=shown is not filled)
        lexicons = self.rules.lexicons
        found += [
            (f"unsupported {claim.kind}", shown.text[claim.start : claim.end])
            for claim in unsupported(shown.text, facts, self.vocabulary, brief.language)
            if not from_tables(claim, shown)
        ]
        found += [
            (one.reason, one.detail)
            for one in refusals(shown.text, brief.language, LIMITS[brief.channel], lexicons, facts.category)
            if one.severity == "block"
        ]
        return found

    def _says_it_too(self, brief: Brief, draft: Draft, text: str) -> str | None:
        """Another item of which the same is said; items that the shop calls the same may be told of alike."""
        if draft.source != MODEL and not any(slot in draft.text for slot in NAMING):
            return None  # such as a coupon's, which is about no item
        other = self._said[brief.channel].get(text, brief.item_id)
        if other == brief.item_id:
            return None
        theirs = self.goods[other].titles if other in self.goods else ()
        return None if theirs == self.goods[brief.item_id].titles else other

    def facts(self, item_id: str, has_offer: bool = False) -> ItemFacts:
        """What the fact lock holds a text against; with an offer, the terms that stand for any user's."""
        key = (item_id, has_offer)
        if key not in self._facts:
            facts = self.clean(item_id).facts()
            self._facts[key] = with_offer(facts) if has_offer else facts
        return self._facts[key]

    def _row(
        self, brief: Brief, draft: Draft, filled: Filled, goods: Goods, variant: int, model: str
    ) -> dict[str, Any]:
        rules = self.rules.digest(*brief[1:])
        said = claims(filled.text, brief.language, self.vocabulary)
        return {
            "copy_id": copy_id(brief, filled.text),
            **brief._asdict(),
            "variant": variant,
            "text": filled.text,
            "source": draft.source,
            "wording": draft.wording,
            "facts": json.dumps(facts_told(brief, filled, goods, said), ensure_ascii=False),
            "model": model,
            "rules": rules,
            "content_hash": self.content_hash(brief),
            "made_on": self.night,
        }
