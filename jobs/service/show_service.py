"""Draws the page of customer service, reports/date=D/service.html: answered, handed over, why, and what is missing.

The setting `service.page_rows` bounds the page; questions on it are masked. A shop without questions gets no page.
"""

from __future__ import annotations

import json
from typing import Any

from jobs.runtime.night import Night
from jobs.service.config import ServiceConfig
from jobs.service.page import Seen, page_of
from schemas.table import Table
from schemas.tables import (
    ANSWER_QUALITY,
    ITEM_ANSWERS,
    QUESTIONS,
    REJECTED_POLICIES,
    SUGGESTED_ANSWERS,
    UNANSWERED_TOPICS,
)
from schemas.tables.service import ANSWERED, OUTCOMES

Rows = list[dict[str, Any]]


def main(night: Night) -> None:
    questions = {row["question_id"]: row["text"] for row in _rows(night, QUESTIONS)}
    rejected = _rows(night, REJECTED_POLICIES)
    if not questions and not rejected:
        return
    config: ServiceConfig = night.settings.section("service")
    page = page_of(_seen(night, questions, rejected, config.page_rows))
    folder = ("reports", f"date={night.date}")
    night.lake.put_text(page, *folder, "service.html")
    night.report(page="/".join((*folder, "service.html")), bytes=len(page))


def _seen(night: Night, questions: dict[str, str], rejected: Rows, most: int) -> Seen:
    first = [
        row | {"text": questions[row["question_id"]]} for row in _rows(night, SUGGESTED_ANSWERS) if row["rank"] == 1
    ]
    answered = sorted((row for row in first if row["decision"] == ANSWERED), key=lambda row: row["chance"])
    others = [row for row in first if row["decision"] != ANSWERED]
    topics = sorted(_rows(night, UNANSWERED_TOPICS), key=lambda row: (-row["size"], row["topic"]))
    quality = _rows(night, ANSWER_QUALITY)
    thrown = f"agents_{OUTCOMES[2]}"
    return Seen(
        date=str(night.date),
        most=most,
        counts={
            "questions": len(first), "answered": len(answered), "handed_over": len(others),
            "items": night.versions(ITEM_ANSWERS).tonight().count,
        },
        answered=answered[:most],  # the least sure first: errors are most likely there
        handed_over=others[:most],
        reasons=sorted((row for row in quality if row["measure"] == "handed_over_because"), key=lambda r: -r["value"]),
        topics=[row | {"examples": json.loads(row["examples"])} for row in topics[:most]],
        errors=sorted((row for row in quality if row["measure"] == thrown), key=lambda row: -row["value"])[:most],
        rejected=rejected[:most],
    )  # fmt: skip


def _rows(night: Night, table: Table) -> Rows:
    return night.versions(table).tonight().arrow().to_pylist()
