"""Slots of a brief: which text fills each, where that was read, and what is told of it beside the text."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.item_words import Goods
from models.fact_lock.claims import Claim, Filled, ItemFacts, Slot, Source, fill, slots_of
from models.fact_lock.slots import money
from schemas.copywriting.wording import ITEM_SLOTS, USERS_SLOTS

MODEL = "model"
APPROVED = "approved"
NAMING = tuple(f"{{{slot}}}" for slot in ITEM_SLOTS if slot != "shop")  # a text with one of these is about its item
# Terms about as wide as a user's own come out, to measure and check a text by: {} is an amount in the shop's currency,
# for a sign such as the rupee's doubles what an SMS costs.
_WIDEST = {
    "zh": {"terms": "满{}享8.5折", "until": "11月30日"},
    "en": {"terms": "15% off orders over {}", "until": "September 30"},
}
_WIDEST_SPEND = 1_000.0
_USERS = re.compile(r"\{(terms|until)\}")
# Why it may be said at all, where that is not in the text: the table whose row says so.
BASIS = {
    "recommendation": ("recommendations", "source", "in the user's list"),
    "similar_to_bought": ("similar_items", "target_item_id", "a neighbour of what the user bought"),
    "replenishment": ("recommendations", "source", "buy_again"),
    "coupon_win_back": ("offers", "kind", "win_back"),
    "coupon_first_purchase": ("offers", "kind", "first_purchase"),
    "member_exclusive": ("offers", "kind", "member_exclusive"),
    "coupon": ("offers", "offer_id", "an offer of the user's own"),
}


class Brief(NamedTuple):
    """What a text is for."""

    item_id: str
    strategy: str
    style: str
    channel: str
    language: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Brief:
        """That of a row of COPY, REJECTED_COPY or of anything else that has its columns."""
        return cls(*(row[name] for name in BRIEF))

    @property
    def key(self) -> str:
        """What `keys_of` has for its rows."""
        return "\0".join(self)


BRIEF = list(Brief._fields)
GROUP = tuple(BRIEF[1:])  # what a wording is one of several for


def keys_of(table: pa.Table, names: Sequence[str] = BRIEF) -> pa.ChunkedArray:
    """The columns of each row as one string, to be compared with those of other tables."""
    return pc.binary_join_element_wise(*[table[name] for name in names], "\0")


class Draft(NamedTuple):
    """A text before it is checked: with slots, unless it was approved as it stands. wording: the arm it counts for."""

    text: str
    wording: str
    source: str


def slots_for(goods: Goods, brief: Brief, shop: str) -> dict[str, Slot]:
    """Every slot that the item fills in the brief's language; the user's own stay as they are.

    A title is taken in another language where there is none in this: the shop calls the item so.
    """
    language, item = brief.language, Source("items", goods.item_id)
    joint = "、" if language == "zh" else ", "
    details = goods.details(language)
    words = {
        "title": ("title", goods.word(goods.titles, language) or next(iter(goods.titles), None)),
        "brand": ("brand", goods.word(goods.brands, language) or next(iter(goods.brands), None)),
        "kind": ("category", goods.word(goods.kinds, language)),
        "detail": ("attributes", details[0] if details else None),
        "details": ("attributes", joint.join(details) or None),
    }
    slots = {name: Slot(text, column, item) for name, (column, text) in words.items() if text}
    slots["shop"] = Slot(shop, "copy.shop", Source("settings", "copy"))
    slots |= {name: Slot(f"{{{name}}}", name, Source("offers", "each user's own")) for name in USERS_SLOTS}
    if goods.season:
        name = goods.season.names.get(language, goods.season.id)
        slots["event"] = Slot(name, "names", Source("seasons", goods.season.id))
    if brief.strategy == "price_drop":
        slots |= {k: v for k, v in slots_of(goods.facts(), language).items() if k in ("price", "old_price", "saving")}
    return slots


def with_offer(facts: ItemFacts) -> ItemFacts:
    """The item's facts with the widest terms, which stand for any user's."""
    days = (dt.date(2000, 11, 30), dt.date(2000, 9, 30))
    return dataclasses.replace(facts, discount_share=0.15, minimum_spend=_WIDEST_SPEND, dates=days)


def with_widest(draft: Draft, filled: Filled, slots: Mapping[str, Slot], language: str, currency: str | None) -> Filled:
    """The text with the widest terms that a user may have, in the item's currency; itself where it has none."""
    if not _USERS.search(filled.text):
        return filled
    spend = money(_WIDEST_SPEND, currency)
    widest = {name: text.format(spend) for name, text in _WIDEST.get(language, _WIDEST["en"]).items()}
    if draft.wording == APPROVED:
        return Filled(_USERS.sub(lambda found: widest[found[1]], filled.text), ())
    return fill(
        draft.text, {**slots, **{name: Slot(text, name, Source("offers", "")) for name, text in widest.items()}}
    )


def from_tables(claim: Claim, filled: Filled) -> bool:
    """Whether a claim lies within a slot: code put it there."""
    return any(used.start <= claim.start and claim.end <= used.end for used in filled.facts_used)


def facts_told(brief: Brief, filled: Filled, goods: Goods, said: Sequence[Claim]) -> list[dict[str, Any]]:
    """Slots and claims with their place in the text (characters), then why it may be said at all."""
    told = [_told(u.slot, u.text, u.table, u.row, u.field, u.start, u.end) for u in filled.facts_used]
    for claim in said:
        if not from_tables(claim, filled):
            own = {name for name, _ in goods.attributes}
            column = next((name for name in claim.attributes if name in own), claim.kind)
            word = filled.text[claim.start : claim.end]
            told.append(_told(claim.kind, word, "items", goods.item_id, column, claim.start, claim.end))
    if brief.strategy == "new_arrival" and goods.is_new_since:
        since = f"not in the catalogue of {goods.is_new_since}"
        told.append(_told("basis", since, "items", goods.item_id, "item_id"))
    if brief.strategy == "seasonal_event" and goods.season:
        told.append(_told("basis", "an event that is on", "seasons", goods.season.id, "when"))
    if brief.strategy in BASIS:
        table, column, value = BASIS[brief.strategy]
        told.append(_told("basis", value, table, "each user's own", column))
    return told


def _told(
    slot: str, value: str, table: str, row: str, column: str, start: int | None = None, end: int | None = None
) -> dict[str, Any]:
    return {"slot": slot, "value": value, "table": table, "row": row, "column": column, "start": start, "end": end}
