"""Personal answers: only from the purchases, offers and list of the person who asks; the row names its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from jobs.common.source_hashes import digest
from jobs.service.account_facts import Account, Row
from jobs.service.composed import Composed
from jobs.service.desk import Desk
from models.fact_lock.claims import Slot, Source, fill
from models.text.languages import is_latin
from models.text.wording import day_of, terms_of
from schemas.service.wording import Topic

_SHOWN = 3


def account_answer(desk: Desk, start: Composed, user: str | None, topic: Topic, language: str) -> Composed:
    """The answer to the person; handed over where nobody is logged in or the account has nothing on the topic."""
    if user is None:
        return replace(start, reason="not_logged_in")
    account = desk.accounts.get(user, Account())
    result = _MADE_BY[topic.name](desk, start, account, language)
    if result is None:
        return replace(start, reason="nothing_in_the_account")
    composed, texts = result
    source = Source(composed.source_table or "", composed.source_id or "")
    slots = {name: Slot(text, name, source) for name, text in texts.items()}
    return replace(composed, answer=fill(topic.answer, slots).text)


_Result = tuple[Composed, Mapping[str, str]] | None


def _last_order(desk: Desk, start: Composed, account: Account, language: str) -> _Result:
    if not account.purchases:
        return None
    last = account.purchases[0]
    told_by = "event_time" if last["order_id"] is None else "order_id"  # without ids, a basket is bought in one moment
    order = [row for row in account.purchases if row[told_by] == last[told_by]]
    names = _titles(desk, [row["item_id"] for row in order], language)
    if not names:
        return None
    day = desk.night.days.of(last["event_time"])
    return _stated(start, "clean_events", last["event_id"], f"clean_events: purchase of {day}"), {
        "day": day_of(day, desk.facts.languages[language]), "items": names,
    }  # fmt: skip


def _coupon(desk: Desk, start: Composed, account: Account, language: str) -> _Result:
    for offer in account.offers:
        wording = desk.facts.languages[language]
        terms = terms_of(offer["discount_share"], offer["discount_amount"], offer["minimum_spend"], offer["currency"],
                         wording)  # fmt: skip
        if terms:
            until = offer["valid_until"]
            composed = _stated(start, "offers", offer["offer_id"], f"offers: {offer['offer_id']}", str(offer))
            ends = min(until, desk.until)
            last = desk.night.days.of(until - dt.timedelta(microseconds=1))
            words = {"terms": terms + _limit(desk, offer, language), "day": day_of(last, wording)}
            return replace(composed, valid_until=ends), words
    return None


def _limit(desk: Desk, offer: Row, language: str) -> str:
    """What the offer is for, in brackets; '' for an offer on everything."""
    item = offer["item_id"]
    what = (desk.title(item, language) or item) if item else offer["category"]
    if not what:
        return ""
    return f" ({what})" if is_latin(desk.facts.languages[language]) else f"（{what}）"


def _size_before(desk: Desk, start: Composed, account: Account, language: str) -> _Result:
    names = desk.facts.wordings[language].items["size"].attributes
    for row in account.purchases:
        row_and_attributes = desk.item(row["item_id"] or "")
        for name in names:
            word = desk.facts.word(row_and_attributes[1].get(name), name, language) if row_and_attributes else None
            if word:
                used = f"clean_events: purchase of {row['item_id']}; items: {name}"
                return _stated(start, "clean_events", row["event_id"], used), {"value": word}
    return None


def _for_you(desk: Desk, start: Composed, account: Account, language: str) -> _Result:
    names = _titles(desk, account.listed, language)
    if not names:
        return None
    return _stated(start, "recommendations", account.listed[0], f"recommendations: {', '.join(account.listed)}"), {
        "items": names
    }


def _titles(desk: Desk, items: list[str], language: str) -> str:
    names = [desk.title(item, language) for item in dict.fromkeys(items) if item]
    return "; ".join([name for name in names if name][:_SHOWN])


def _stated(start: Composed, table: str, row: str, used: str, content: str = "") -> Composed:
    return replace(start, source_table=table, source_id=row, source_column="", source_hash=digest(table, row, content),
                   used=used)  # fmt: skip


_MADE_BY = {"last_order": _last_order, "coupon": _coupon, "size_before": _size_before, "for_you": _for_you}
