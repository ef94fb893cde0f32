"""Answers questions from current rows, or says why a person is needed.

A question first passes the rules (whose order it is, length, words that need a person, language). Then the answerer
finds the topic of the question and the row that answers it: a policy is quoted, or a template is filled. Each answer
names that row and its digest.
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
_SHORT_WORDS, _SHORT_LETTERS = 7, 12  # the longest question that continues the topic before
_PLACEHOLDER = re.compile(r"\[[a-z]+\]")
_CONTRADICTORY = "contradictory_policies"  # a reason; such policies share one chance, so it is low
_MORE = 6  # suggestions read in addition to those that are shown: some are in another language


@dataclass(frozen=True)
class Question:
    """One question, masked. length: number of characters before masking."""

    question_id: str
    text: str
    user_id: str | None = None
    item_id: str | None = None
    conversation_id: str | None = None
    order_owner: str | None = None
    length: int = 0


@dataclass(frozen=True)
class Turn:
    """The last item and topic of a conversation."""

    item_id: str | None = None
    topic: str | None = None


def answers_of(desk: Desk, questions: Sequence[Question]) -> list[Row]:
    """Rows of SUGGESTED_ANSWERS for the questions, which are in the order in which they were asked."""
    languages = [language_of(question.text, desk.facts.languages) for question in questions]
    reasons = [_rule(desk, question, language) for question, language in zip(questions, languages, strict=True)]
    open_indexes = [index for index, reason in enumerate(reasons) if reason is None]
    parts = {index: parts_of(questions[index].text) for index in open_indexes}
    # [phone] says nothing about the question
    cleaned = {index: _PLACEHOLDER.sub(" ", questions[index].text) for index in open_indexes}
    texts = [text for index in open_indexes for text in (cleaned[index], *parts[index])]
    suggested = dict(zip(dict.fromkeys(texts), _suggest(desk, list(dict.fromkeys(texts))), strict=True))
    turns: dict[str, Turn] = {}
    rows: list[Row] = []
    for index, question in enumerate(questions):
        chat = question.conversation_id or question.user_id or question.question_id
        turn = turns.get(chat, Turn())
        if reasons[index] is not None:
            rows.append(_row(desk, question, 1, Composed(reason=reasons[index])))
            turns[chat] = replace(turn, item_id=question.item_id or turn.item_id)
            continue
        new_rows, turns[chat] = _answer(desk, question, languages[index] or "", turn, suggested[cleaned[index]],
                                        [suggested[part] for part in parts[index]])  # fmt: skip
        rows += new_rows
    return rows


def _rule(desk: Desk, question: Question, language: str | None) -> str | None:
    """Why the question goes to no model; None where a model reads it."""
    if question.order_owner == "other":
        return "order_of_another_customer"
    if not question.text.strip():
        return "empty"
    if question.length > desk.config.max_characters:
        return "too_long"
    if any("instruction" in refusal.reason or refusal.reason == "markup" for refusal in hostile(question.text)):
        return "instruction"
    if not has_words(question.text):
        return "no_words"
    if reason := desk.handover.reason(question.text):
        return reason
    return None if language else "other_language"


def _suggest(desk: Desk, texts: list[str]) -> list[list[Suggestion]]:
    if desk.answerer is None:
        return [[] for _ in texts]
    return desk.answerer.suggest(texts, desk.config.suggestions + _MORE)


def _answer(
    desk: Desk,
    question: Question,
    language: str,
    turn: Turn,
    suggestions: list[Suggestion],
    parts: list[list[Suggestion]],
) -> tuple[list[Row], Turn]:
    """(rows of SUGGESTED_ANSWERS, what the conversation is about from now on)."""
    follows = _follows(desk, question.text, language)
    item_id = question.item_id or turn.item_id
    if follows and item_id and (variant := _variant(desk, question.text, item_id, language)):
        return [_row(desk, question, 1, variant)], Turn(variant.source_id or item_id, turn.topic)
    candidates = [s for s in suggestions if (s.answer, language) in desk.known][: desk.config.suggestions]
    if not candidates:
        return [_row(desk, question, 1, Composed(reason="nothing_known"))], Turn(item_id, turn.topic)
    limit = desk.answerer.threshold if desk.answerer else 1.0
    subjects = {part[0].answer for part in parts if part and part[0].chance >= limit}
    composed = [_composed(desk, question, item_id, language, suggestion) for suggestion in candidates]
    if composed[0].reason is None and len(subjects) > 1:
        composed[0] = replace(composed[0], reason="several_questions")
    elif candidates[0].chance < limit and not (composed[0].reason or "").startswith(_CONTRADICTORY):
        # Before "no item" or "not logged in", which are true only of a question that is about an item or an account.
        composed[0] = replace(composed[0], reason="not_sure")
    rows = [_row(desk, question, rank, answer) for rank, answer in enumerate(composed, 1)]
    return rows, Turn(item_id, candidates[0].answer)


def _composed(desk: Desk, question: Question, item_id: str | None, language: str, suggestion: Suggestion) -> Composed:
    """The text of one suggestion, or why there is none."""
    topic, knowledge = suggestion.answer, desk.known[suggestion.answer, language]
    start = Composed(topic=topic, knowledge_id=knowledge["knowledge_id"], chance=suggestion.chance)
    wording = desk.facts.wordings[language]
    if topic.startswith(POLICY):
        return _of_policy(desk, start, desk.policies.get(topic.removeprefix(POLICY)))
    if topic in wording.account:
        return account_answer(desk, start, question.user_id, wording.account[topic], language)
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
        return replace(stated, reason=f"{_CONTRADICTORY}: {name}, {policy['contradicts']}")
    return stated


def item_answer(desk: Desk, start: Composed, item_id: str, topic: str, language: str) -> Composed:
    """The answer about an item; handed over where the item is unknown or withdrawn, or the catalogue has no answer."""
    row_and_attributes = desk.item(item_id)
    if row_and_attributes is None:
        return replace(start, reason="unknown_item")
    row, attributes = row_and_attributes
    if not row["is_active"]:
        return replace(start, reason="item_withdrawn")
    fact = desk.facts.fact(row, attributes, desk.facts.wordings[language].items[topic], language)
    if fact is None:
        return replace(start, reason="not_in_the_catalogue")
    return replace(start, answer=fact.answer, source_table="items", source_id=item_id, source_column=fact.column,
                   source_hash=fact.source_hash)  # fmt: skip


def _follows(desk: Desk, text: str, language: str) -> bool:
    """Whether the text is short and begins like a follow-up question (Chinese: or ends like one)."""
    folded = text.lower().strip(" ?？。.!！")
    starts = desk.facts.wordings[language].follow_up
    if CJK.search(folded):
        return len(folded) <= _SHORT_LETTERS and (folded.startswith(starts) or folded.endswith(starts))
    return len(folded.split()) <= _SHORT_WORDS and any(re.match(rf"{re.escape(start)}\b", folded) for start in starts)


def _variant(desk: Desk, text: str, item_id: str, language: str) -> Composed | None:
    """The answer to "and in blue?"; None where the text names no value of an attribute."""
    folded = text.lower()
    matches = [
        (word, attribute) for word, attribute in desk.attribute_words(language).items()
        if (word in folded if CJK.search(word) else re.search(rf"\b{re.escape(word)}\b", folded))
    ]  # fmt: skip
    if len(matches) != 1:
        return None
    word, attribute = matches[0]
    sibling = desk.sibling(item_id, attribute, word, language)
    start = Composed(topic="variant", chance=1.0)
    title = desk.title(sibling, language) if sibling else None
    row_and_attributes = desk.item(sibling) if sibling else None
    if sibling is None or title is None or row_and_attributes is None or row_and_attributes[0]["price"] is None:
        return replace(start, reason="no_such_variant")
    row, attributes = row_and_attributes
    price = money(row["price"], row["currency"], desk.facts.languages[language])
    source = Source("items", sibling)
    slots = {
        "value": Slot(word, attribute, source),
        "title": Slot(title, "title", source),
        "price": Slot(price, "price", source),
    }
    answer = fill(desk.facts.wordings[language].variant, slots).text
    return replace(start, answer=answer, source_table="items", source_id=sibling, source_column="price",
                   source_hash=item_hash(row, attributes, "price"))  # fmt: skip


def _row(desk: Desk, question: Question, rank: int, composed: Composed) -> Row:
    decision = ANSWERED
    if composed.reason:
        decision = REFUSED if composed.reason == "order_of_another_customer" else HANDED_OVER
    until: dt.datetime = composed.valid_until or desk.until
    return {
        **vars(composed),
        "question_id": question.question_id,
        "rank": rank,
        "decision": decision,
        "valid_until": until,
    }
