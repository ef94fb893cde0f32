"""A shop of two items and a few policies, whose nights of customer service run without Spark."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.service import (
    answer_items,
    answer_questions,
    build_knowledge,
    cluster_unanswered,
    judge_answers,
    mask_questions,
    show_service,
    train_answerer,
    update_policies,
)
from schemas.table import Table
from schemas.tables import BY_NAME, CLEAN_EVENTS, ITEMS, STORED, USERS
from tests.sample import put

FIRST = dt.date(2026, 1, 1)
MAPPING = """
name = "small"
[events]
files = "{date}/events.csv"
time = { column = "at" }
[events.columns]
user_id = "uid"
event_type = "act"
item_id = "sku"
[policies]
files = "{date}/policies.csv"
[policies.columns]
title = "title"
valid_from = "from"
valid_to = "to"
[questions]
files = "{date}/questions.jsonl"
format = "jsonl"
[questions.columns]
user_id = "user"
item_id = "item"
conversation_id = "chat"
asked_at = "at"
[replies]
files = "{date}/replies.jsonl"
format = "jsonl"
[replies.columns]
policy_id = "policy"
outcome = "outcome"
"""
JOBS = (update_policies, mask_questions, build_knowledge, train_answerer, answer_questions, answer_items,
        cluster_unanswered, judge_answers, show_service)  # fmt: skip
Row = dict[str, Any]


def item(item_id: str = "g1", **changed: Any) -> Row:
    row = {"item_id": item_id, "title": "Oak red mug", "shown_title": "Oak red mug", "shown_title_zh": "橡木红色马克杯",
           "brand": "Lumo", "shown_brand": "Lumo", "category": "Home > Mugs", "price": 49.0, "currency": "CNY",
           "is_active": True, "is_sold_out": False, "attributes": json.dumps({"colour": "red", "material": "oak"}),
           "updated_on": FIRST}  # fmt: skip
    return row | changed


def policy(policy_id: str, title: str, text: str, language: str = "en", **dates: str) -> Row:
    return {"policy_id": policy_id, "language": language, "title": title, "text": text, "from": "", "to": ""} | dates


POLICIES = [
    policy("refund", "Refunds", "We pay the money back within 5 working days."),
    policy("returns", "Return policy", "You may return an item within 30 days."),
    policy("hours", "营业时间", "客服每天9点到21点在线。", "zh"),
]


@dataclass
class SmallShop:
    """Nights of one lake, one after another: `night` runs one and returns it."""

    folder: Path
    policies: list[Row] = field(default_factory=lambda: list(POLICIES))
    items: list[Row] = field(default_factory=lambda: [item()])
    events: list[Row] = field(default_factory=list)
    mapping: str = MAPPING
    day: int = -1

    def night(self, *questions: Row | str, replies: list[Row] | None = None) -> Night:
        self.day += 1
        date = FIRST + dt.timedelta(days=self.day)
        raw = self.folder / "raw" / str(date)
        raw.mkdir(parents=True)
        with (raw / "policies.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(policy("", "", "")))
            writer.writeheader()
            writer.writerows(self.policies)
        questions_asked = [{"text": question} if isinstance(question, str) else question for question in questions]
        lines = [json.dumps({"question_id": f"q{n:02d}", **values}) + "\n" for n, values in enumerate(questions_asked)]
        (raw / "questions.jsonl").write_text("".join(lines), "utf-8")
        (raw / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies or []), "utf-8")
        source = self.folder / "small.toml"
        source.write_text(self.mapping, "utf-8")
        lake = Lake(str(self.folder / "lake"))
        night = Night(date, lake, "001", Settings(), str(source), str(self.folder / "raw"))
        put(night, ITEMS, self.items)
        put(night, CLEAN_EVENTS, self.events)
        put(night, USERS, [])
        for job in JOBS:
            night.begin(job.__name__.rpartition(".")[2])
            with night.reporting():
                job.main(night)
        for table in STORED:
            if table.checked_at == "service":
                lake.make_current(night.version(table))
        return night


def rows(night: Night, table: Table | str) -> list[Row]:
    table = BY_NAME[table] if isinstance(table, str) else table
    return night.versions(table).tonight().arrow().to_pylist()


def first_answers(night: Night) -> list[Row]:
    """The row of rank 1 of each question, by question."""
    first_rows = [row for row in rows(night, "suggested_answers") if row["rank"] == 1]
    return sorted(first_rows, key=lambda row: row["question_id"])
