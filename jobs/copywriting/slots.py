"""Slots of a brief: the text that fills each slot, the row that it was read from, and the facts stored with a text."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.copywriting.briefs import APPROVED, Brief, Draft
from jobs.copywriting.item_words import ItemWords
from models.fact_lock.claims import Claim, Filled, ItemFacts, Slot, Source, fill, slots_of
from models.text.wording import day_of, terms_of
from schemas.copywriting.benefits import Benefit
from schemas.copywriting.language import Language
from schemas.copywriting.wording import ITEM_SLOTS, USERS_SLOTS

NAMING = tuple(f"{{{slot}}}" for slot in ITEM_SLOTS if slot != "shop")  # a text with such a slot names its item
# Terms about as long as the longest that users get: a text is measured and checked with these. The minimum spend is in
# the shop's currency, since a sign such as the rupee's doubles the price of an SMS.
_WIDEST_SHARE = 0.15
_WIDEST_SPEND = 1_000.0
_WIDEST_DAYS = tuple(dt.date(2000, month, 30) for month in range(1, 13) if month != 2)
_USERS = re.compile(r"\{(terms|until)\}")
# Why a user may get a text of this strategy, where the text does not say it: table, column and value that justify it.
BASIS = {
    "recommendation": ("recommendations", "source", "in the user's list"),
    "similar_to_bought": ("similar_items", "target_item_id", "a neighbour of what the user bought"),
    "replenishment": ("recommendations", "source", "buy_again"),
    "coupon_win_back": ("offers", "kind", "win_back"),
    "coupon_first_purchase": ("offers", "kind", "first_purchase"),
    "member_exclusive": ("offers", "kind", "member_exclusive"),
    "coupon": ("offers", "offer_id", "an offer of the user's own"),
}


def slots_for(item: ItemWords, brief: Brief, shop: str) -> dict[str, Slot]:
    """All slots that the item fills in the brief's language; slots for a user's own terms keep their braces.

    Where the item has no title in this language, a title in Latin letters is used.
    """
    language, source = brief.language, Source("items", item.item_id)
    spoken = item.dictionary.languages[language]
    details = item.details(language)
    words = {
        "title": ("title", item.title(language)),
        "brand": ("brand", item.brand(language)),
        "kind": ("category", item.kind(language)),
        "detail": ("attributes", details[0] if details else None),
        "details": ("attributes", _listed(details, spoken) or None),
    }
    if benefit := _benefit(item, brief):
        words |= {"benefit": ("attributes", benefit.short), "reason": ("attributes", benefit.long)}
    if brief.strategy == "replenishment":
        words["used_up"] = ("category", item.dictionary.benefits[language].verb(item.category))
    slots = {name: Slot(text, column, source) for name, (column, text) in words.items() if text}
    slots["shop"] = Slot(shop, "copy.shop", Source("settings", "copy"))
    slots |= {name: Slot(f"{{{name}}}", name, Source("offers", "each user's own")) for name in USERS_SLOTS}
    if item.season and language in item.season.names:
        slots["event"] = Slot(item.season.names[language], "names", Source("seasons", item.season.id))
    if brief.strategy == "price_drop":
        slots |= {k: v for k, v in slots_of(item.facts(), spoken).items() if k in ("price", "old_price", "saving")}
    return slots


def _benefit(item: ItemWords, brief: Brief) -> Benefit | None:
    """One of the item's benefits: the same one every night, but not the same one for every strategy."""
    names = [meaning for name, words in item.attributes for meaning in item.dictionary.meanings(name, words)]
    benefits = item.dictionary.benefits[brief.language].of(names, item.category)
    turn = zlib.crc32(f"{item.item_id}\0{brief.strategy}".encode())
    return benefits[turn % len(benefits)] if benefits else None


def _listed(words: Sequence[str], language: Language) -> str:
    """ "red, cotton and large", "红色、纯棉和大号"."""
    return language.last_joint.join(filter(None, (language.joint.join(words[:-1]), *words[-1:])))


def with_offer(facts: ItemFacts) -> ItemFacts:
    """The item's facts with the longest terms of an offer, to check texts that have a user's own terms."""
    return dataclasses.replace(facts, discount_share=_WIDEST_SHARE, minimum_spend=_WIDEST_SPEND, dates=_WIDEST_DAYS)


def with_widest(
    draft: Draft, filled: Filled, slots: Mapping[str, Slot], language: Language, currency: str | None
) -> Filled:
    """The text with the longest terms in the slots for a user's terms; `filled` itself where it has no such slot."""
    if not _USERS.search(filled.text):
        return filled
    terms = terms_of(_WIDEST_SHARE, None, _WIDEST_SPEND, currency, language)
    widest = {"terms": terms or "", "until": max((day_of(day, language) for day in _WIDEST_DAYS), key=len)}
    if draft.wording == APPROVED:
        return Filled(_USERS.sub(lambda match: widest[match[1]], filled.text), ())
    offer = {name: Slot(text, name, Source("offers", "")) for name, text in widest.items()}
    return fill(draft.text, {**slots, **offer})


def from_tables(claim: Claim, filled: Filled) -> bool:
    """Whether a claim lies within a filled slot, which means that it was read from a table."""
    return any(used.start <= claim.start and claim.end <= used.end for used in filled.facts_used)


def facts_told(brief: Brief, filled: Filled, item: ItemWords, claimed: Sequence[Claim]) -> list[dict[str, Any]]:
    """Column `facts` of COPY: slots and claims with their place in the text (characters), then why users get it."""
    facts = [_fact(u.slot, u.text, u.table, u.row, u.field, u.start, u.end) for u in filled.facts_used]
    attributes = {name for name, _ in item.attributes}
    for claim in claimed:
        if not from_tables(claim, filled):
            column = next((name for name in claim.attributes if name in attributes), claim.kind)
            word = filled.text[claim.start : claim.end]
            facts.append(_fact(claim.kind, word, "items", item.item_id, column, claim.start, claim.end))
    if brief.strategy == "new_arrival" and item.is_new_since:
        since = f"not in the catalogue of {item.is_new_since}"
        facts.append(_fact("basis", since, "items", item.item_id, "item_id"))
    if brief.strategy == "seasonal_event" and item.season:
        facts.append(_fact("basis", "an event that is on", "seasons", item.season.id, "when"))
    if brief.strategy in BASIS:
        table, column, value = BASIS[brief.strategy]
        facts.append(_fact("basis", value, table, "each user's own", column))
    return facts


def _fact(
    slot: str, value: str, table: str, row: str, column: str, start: int | None = None, end: int | None = None
) -> dict[str, Any]:
    return {"slot": slot, "value": value, "table": table, "row": row, "column": column, "start": start, "end": end}
