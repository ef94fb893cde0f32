"""Answers questions out of living rows, or says why a person is needed.

A question passes the rules first (whose order it is, length, words that need a person, language). Then the answerer
says what is asked, and a row is looked up that answers it: a policy is quoted, a template is filled. Each answer names
that row and its digest.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from jobs.common.source_hashes import item_hash
from jobs.service.account_answers import account_answer
from jobs.service.composed import Composed
from jobs.service.desk import Desk
from jobs.service.living_policies import valid_until_of
from jobs.service.wordings import POLICY
from models.compliance.checks import hostile
from models.fact_lock.claims import Slot, Source, fill
from models.service.answerer import Suggestion
from models.service.question_text import has_words, language_of, parts_of
from models.text.languages import CJK
from models.text.wording import money
from schemas.tables.service import ANSWERED, HANDED_OVER, REFUSED

Row = dict[str, Any]
_SHORT_WORDS, _SHORT_LETTERS = 7, 12  # of a question that goes on with what was talked about
_PLACEHOLDER = re.compile(r"\[[a-z]+\]")
_MORE = 6  # suggestions looked at beside those that are shown: some are of another language


@dataclass(frozen=True)
class Asked:
    """One question, masked. length: characters that arrived."""

    question_id: str
    text: str
    user_id: str | None = None
    item_id: str | None = None
    conversation_id: str | None = None
    order_owner: str | None = None
    length: int = 0


@dataclass(frozen=True)
class Turn:
    """What a conversation last talked about."""

    item_id: str | None = None
    topic: str | None = None


def answers_of(desk: Desk, asked: Sequence[Asked]) -> list[Row]:
    """Rows of SUGGESTED_ANSWERS for the questions, which stand in the order in which they were asked."""
    languages = [language_of(one.text, desk.facts.languages) for one in asked]
    reasons = [_rule(desk, one, language) for one, language in zip(asked, languages, strict=True)]
    open_ones = [n for n, reason in enumerate(reasons) if reason is None]
    parts = {n: parts_of(asked[n].text) for n in open_ones}
    said = {n: _PLACEHOLDER.sub(" ", asked[n].text) for n in open_ones}  # [phone] says nothing of what is asked
    texts = [text for n in open_ones for text in (said[n], *parts[n])]
    suggested = dict(zip(dict.fromkeys(texts), _suggest(desk, list(dict.fromkeys(texts))), strict=True))
    turns: dict[str, Turn] = {}
    rows: list[Row] = []
    for n, one in enumerate(asked):
        chat = one.conversation_id or one.user_id or one.question_id
        turn = turns.get(chat, Turn())
        if reasons[n] is not None:
            rows.append(_row(desk, one, 1, Composed(reason=reasons[n])))
            turns[chat] = replace(turn, item_id=one.item_id or turn.item_id)
            continue
        found, topic = _answer(desk, one, languages[n] or "", turn, suggested[said[n]],
                               [suggested[part] for part in parts[n]])  # fmt: skip
        rows += found
        turns[chat] = Turn(one.item_id or turn.item_id, topic or turn.topic)
    return rows


def _rule(desk: Desk, one: Asked, language: str | None) -> str | None:
    """Why no model is asked; None where it is."""
    if one.order_owner == "other":
        return "order_of_another_customer"
    if not one.text.strip():
        return "empty"
    if one.length > desk.config.max_characters:
        return "too_long"
    if any("instruction" in found.reason or found.reason == "markup" for found in hostile(one.text)):
        return "instruction"
    if not has_words(one.text):
        return "no_words"
    if reason := desk.handover.reason(one.text):
        return reason
    return None if language else "other_language"


def _suggest(desk: Desk, texts: list[str]) -> list[list[Suggestion]]:
    if desk.answerer is None:
        return [[] for _ in texts]
    return desk.answerer.suggest(texts, desk.config.suggestions + _MORE)


def _answer(
    desk: Desk, one: Asked, language: str, turn: Turn, suggestions: list[Suggestion], parts: list[list[Suggestion]]
) -> tuple[list[Row], str | None]:
    """(rows of SUGGESTED_ANSWERS, the topic talked about)."""
    follows = _follows(desk, one.text, language)
    item_id = one.item_id or turn.item_id
    if follows and item_id and (variant := _variant(desk, one.text, item_id, language)):
        return [_row(desk, one, 1, variant)], turn.topic
    own = [s for s in suggestions if (s.answer, language) in desk.known][: desk.config.suggestions]
    if not own:
        return [_row(desk, one, 1, Composed(reason="nothing_known"))], None
    limit = desk.answerer.threshold if desk.answerer else 1.0
    several = {part[0].answer for part in parts if part and part[0].chance >= limit}
    composed = [_composed(desk, one, item_id, language, suggestion) for suggestion in own]
    if composed[0].reason is None:
        if len(several) > 1:
            composed[0] = replace(composed[0], reason="several_questions")
        elif own[0].chance < limit:
            composed[0] = replace(composed[0], reason="not_sure")
    return [_row(desk, one, rank, c) for rank, c in enumerate(composed, 1)], own[0].answer


def _composed(desk: Desk, one: Asked, item_id: str | None, language: str, suggestion: Suggestion) -> Composed:
    """The text of one suggestion, or why there is none."""
    topic, known = suggestion.answer, desk.known[suggestion.answer, language]
    start = Composed(topic=topic, knowledge_id=known["knowledge_id"], chance=suggestion.chance)
    wording = desk.facts.wordings[language]
    if topic.startswith(POLICY):
        return _of_policy(desk, start, desk.policies.get(topic.removeprefix(POLICY)))
    if topic in wording.account:
        return account_answer(desk, start, one.user_id, wording.account[topic], language)
    if item_id is None:
        return replace(start, reason="no_item")
    return item_answer(desk, start, item_id, topic, language)


def _of_policy(desk: Desk, start: Composed, policy: Row | None) -> Composed:
    if policy is None:
        return replace(start, reason="policy_gone")
    name = policy["policy_id"]
    stated = replace(
        start, answer=policy["text"], source_table="policies", source_id=name, source_column="text",
        source_hash=policy["source_hash"], valid_until=valid_until_of(desk.night, policy, desk.until),
    )  # fmt: skip
    if policy["contradicts"]:
        return replace(stated, reason=f"contradictory_policies: {name}, {policy['contradicts']}")
    return stated


def item_answer(desk: Desk, start: Composed, item_id: str, topic: str, language: str) -> Composed:
    """The answer about an item that the catalogue has and that is not withdrawn."""
    found = desk.item(item_id)
    if found is None:
        return replace(start, reason="unknown_item")
    row, attributes = found
    if not row["is_active"]:
        return replace(start, reason="item_withdrawn")
    fact = desk.facts.fact(row, attributes, desk.facts.wordings[language].items[topic], language)
    if fact is None:
        return replace(start, reason="not_in_the_catalogue")
    return replace(start, answer=fact.answer, source_table="items", source_id=item_id, source_column=fact.column,
                   source_hash=fact.source_hash)  # fmt: skip


def _follows(desk: Desk, text: str, language: str) -> bool:
    """Whether the text is short, and begins (without spaces between words: also ends) as a text that goes on does."""
    folded = text.lower().strip(" ?？。.!！")
    starts = desk.facts.wordings[language].follow_up
    if CJK.search(folded):
        return len(folded) <= _SHORT_LETTERS and (folded.startswith(starts) or folded.endswith(starts))
    return len(folded.split()) <= _SHORT_WORDS and any(re.match(rf"{re.escape(s)}\b", folded) for s in starts)


def _variant(desk: Desk, text: str, item_id: str, language: str) -> Composed | None:
    """The answer to "and in blue?"; None where the text names no value of an attribute."""
    folded = text.lower()
    named = [
        (word, attribute) for word, attribute in desk.attribute_words(language).items()
        if (word in folded if CJK.search(word) else re.search(rf"\b{re.escape(word)}\b", folded))
    ]  # fmt: skip
    if len(named) != 1:
        return None
    word, attribute = named[0]
    other = desk.sibling(item_id, attribute, word, language)
    start = Composed(topic="variant", chance=1.0)
    title = desk.title(other, language) if other else None
    found = desk.item(other) if other else None
    if other is None or title is None or found is None or found[0]["price"] is None:
        return replace(start, reason="no_such_variant")
    row, attributes = found
    price = money(row["price"], row["currency"], desk.facts.languages[language])
    source = Source("items", other)
    slots = {
        "value": Slot(word, attribute, source),
        "title": Slot(title, "title", source),
        "price": Slot(price, "price", source),
    }
    answer = fill(desk.facts.wordings[language].variant, slots).text
    return replace(start, answer=answer, source_table="items", source_id=other, source_column="price",
                   source_hash=item_hash(row, attributes, "price"))  # fmt: skip


def _row(desk: Desk, one: Asked, rank: int, composed: Composed) -> Row:
    decision = ANSWERED
    if composed.reason:
        decision = REFUSED if composed.reason == "order_of_another_customer" else HANDED_OVER
    until: dt.datetime = composed.valid_until or desk.until
    return {**vars(composed), "question_id": one.question_id, "rank": rank, "decision": decision, "valid_until": until}
