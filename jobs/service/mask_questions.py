"""Masks personal data in the day's questions and replies before anything is stored -> questions, replies.

The raw text never enters the lake: not a table, not a report, not a rejected row. An order number that the log knows
becomes [order], and `order_owner` says whose order it is. A question's id, account and item are kept. Every row that
arrives has one outcome: received = kept + rejected.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter
from zoneinfo import ZoneInfo

from jobs.common.erased_people import erased_people
from jobs.runtime.night import Night
from jobs.service.config import ServiceConfig
from jobs.service.private_text import beginning, order_numbers, order_owners, without_orders
from jobs.service.service_files import Received, Row, received, rejection, write_rows
from jobs.service.user_ids import lake_id
from schemas.rejection_reasons import ERASED
from schemas.tables import QUESTIONS, REJECTED_SERVICE_ROWS, REPLIES
from schemas.tables.service import OUTCOMES

_UTC = ZoneInfo("UTC")


def main(night: Night) -> None:
    config: ServiceConfig = night.settings.section("service")
    raw_questions, raw_replies = (
        _of_people_here(night, received(night, which), which) for which in ("questions", "replies")
    )
    empty = Received([], [])
    questions = _questions(night, config, (raw_questions or empty).rows)
    raw_replies = _with_known_outcomes(raw_replies or empty, config)
    replies = _replies(night, config, raw_replies.rows, questions)
    write_rows(night, QUESTIONS, questions)
    write_rows(night, REPLIES, replies)
    rejected = [*(raw_questions or empty).rejected, *raw_replies.rejected]
    write_rows(night, REJECTED_SERVICE_ROWS, rejected)
    masked: Counter[str] = Counter()
    for row in questions:
        masked.update(json.loads(row["masked"]))
    night.report(
        received=len(questions) + len(replies) + len(rejected), kept=len(questions) + len(replies),
        rejected=dict(Counter(row["reason"] for row in rejected)), masked=dict(masked),
    )  # fmt: skip


def _questions(night: Night, config: ServiceConfig, rows: list[Row]) -> list[Row]:
    owners = _owners(night, config, rows)
    masked_rows = []
    for row in rows:
        user = lake_id(night, row["user_id"])
        text, owner = without_orders(row["text"], owners, user)
        hidden = beginning(text, config.max_characters, config)
        masked_rows.append({
            **row, "user_id": user, "text": hidden.text, "length": len(row["text"]),
            "masked": json.dumps(dict(hidden.counts), sort_keys=True), "order_owner": owner,
            "asked_at": _time(row["asked_at"], night.source.timezone),
        })  # fmt: skip
    return masked_rows


def _of_people_here(night: Night, input_rows: Received | None, which: str) -> Received | None:
    """Rejects the rows of people who were forgotten: of such a row only the fact that it came is kept."""
    erased = erased_people(night.lake)
    if input_rows is None or not erased:
        return input_rows
    rows, rejected = [], list(input_rows.rejected)
    for row in input_rows.rows:
        user = row.get("user_id")
        # The list may have the account as the lake has it, which is a hash where the mapping hashes accounts.
        is_erased = erased.has_account(user) or erased.has_account(lake_id(night, user))
        if is_erased or erased.has_question(row["question_id"]):
            rejected.append(rejection(which, None, row["source_file"], ERASED))
        else:
            rows.append(row)
    return Received(rows, rejected)


def _with_known_outcomes(replies: Received, config: ServiceConfig) -> Received:
    """Rejects replies with an unknown outcome: one that an agent threw away must not count as sent. No outcome is
    `sent`."""
    rows, rejected = [], list(replies.rejected)
    for row in replies.rows:
        outcome = row["outcome"] or OUTCOMES[0]
        if outcome in OUTCOMES:
            rows.append({**row, "outcome": outcome})
        else:
            detail = f"{beginning(outcome, 30, config).text!r}; there are {', '.join(OUTCOMES)}"
            rejected.append(rejection("replies", row["question_id"], row["source_file"], "unknown_outcome", detail))
    return Received(rows, rejected)


def _owners(night: Night, config: ServiceConfig, rows: list[Row]) -> dict[str, str]:
    """Order number -> account, for the numbers that the questions name and the log has."""
    numbers = {number for row in rows for number in order_numbers(row["text"])}
    return order_owners(night, config, numbers) if numbers else {}


def _replies(night: Night, config: ServiceConfig, rows: list[Row], questions: list[Row]) -> list[Row]:
    texts = {row["question_id"]: row["text"] for row in questions}
    missing_ids = {row["question_id"] for row in rows} - set(texts)
    if missing_ids:
        for part in night.versions(QUESTIONS).window(config.reply_nights).each(["question_id", "text"]):
            texts |= {
                q: t for q, t in zip(*(column.to_pylist() for column in part.columns), strict=True) if q in missing_ids
            }
    masked_rows = []
    for row in rows:
        text = beginning(row["text"], config.max_policy_characters, config).text
        masked_rows.append({**row, "text": text, "rating": _number(row["rating"]),
                     "question": texts.get(row["question_id"])})  # fmt: skip
    return masked_rows


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _time(text: str | None, zone: str) -> dt.datetime | None:
    """The instant of an ISO 8601 text, without a zone in the mapping's timezone. None for any other text, and for a
    time that is outside the years 1 to 9999 in UTC: some programs write 0001-01-01 for "no time"."""
    try:
        time = dt.datetime.fromisoformat(text) if text else None
        return time and (time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone))).astimezone(_UTC)
    except (ValueError, OverflowError):
        return None
