"""Answers the day's questions from current rows, or hands them to a person with the reason -> suggested_answers.

Every question has a row of rank 1 with the decision: answered, handed_over or refused (another customer's order).
"""

from __future__ import annotations

from collections import Counter

from jobs.runtime.night import Night
from jobs.service.answering import Question, answers_of
from jobs.service.desk import Desk
from jobs.service.service_files import write_rows
from schemas.tables import QUESTIONS, SUGGESTED_ANSWERS


def main(night: Night) -> None:
    questions = night.versions(QUESTIONS).tonight().arrow().to_pylist()
    if not questions:
        write_rows(night, SUGGESTED_ANSWERS, [])
        night.report(questions=0)
        return
    questions.sort(key=lambda row: (str(row["asked_at"] or ""), row["question_id"]))
    desk = Desk.open(night, {row["user_id"] for row in questions if row["user_id"]})
    names = Question.__dataclass_fields__
    rows = answers_of(desk, [Question(**{name: row[name] for name in names}) for row in questions])
    write_rows(night, SUGGESTED_ANSWERS, rows)
    first = [row for row in rows if row["rank"] == 1]
    night.report(
        questions=len(first), decisions=dict(Counter(row["decision"] for row in first)),
        reasons=dict(Counter(row["reason"].partition(":")[0] for row in first if row["reason"])),
    )  # fmt: skip
    night.log.info("%d questions: %s", len(first), dict(Counter(row["decision"] for row in first)))
