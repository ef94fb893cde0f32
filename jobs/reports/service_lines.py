"""Lines of customer service on the page of a night: the questions by decision, and five examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from jobs.runtime.lake import Lake
from jobs.runtime.night import first_line, job_report
from jobs.runtime.parquet_files import read_table
from schemas.table import Table
from schemas.tables import QUESTIONS, SUGGESTED_ANSWERS
from schemas.tables.service import ANSWERED

_ANSWERS = 4  # answered examples; one question that was not answered comes after them
_LONGEST = 100


def service_lines(lake: Lake, day: dt.date, run: str) -> list[str]:
    """Decisions of a run, why people are needed, and examples; none without questions."""
    answered = job_report(lake, day, run, "answer_questions")
    if "error" in answered:
        return [f"answer_questions failed: {first_line(answered['error'])}", ""]
    if not answered.get("questions"):
        return []
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(answered["decisions"].items()))
    lines = [f"questions {answered['questions']:>12,} = {counts}"]
    lines += [
        f"  {reason:24} {count:>10,}"
        for reason, count in sorted(answered["reasons"].items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    lines += _examples(lake, day, run)
    page = ("reports", f"date={day}", "service.html")
    return [*lines, *([f"  see them in {lake.path(*page)}"] if lake.exists(*page) else []), ""]


def _examples(lake: Lake, day: dt.date, run: str) -> Iterable[str]:
    texts = {row["question_id"]: row["text"] for row in _rows(lake, QUESTIONS, day, run)}
    first = [row for row in _rows(lake, SUGGESTED_ANSWERS, day, run) if row["rank"] == 1]
    by_topic = {row["topic"]: row for row in first if row["decision"] == ANSWERED}  # different ones
    others = [row for row in first if row["decision"] != ANSWERED]
    for row in [*list(by_topic.values())[:_ANSWERS], *others[:1]]:
        yield f"  ? {_cut(texts[row['question_id']])}"
        if row["decision"] == ANSWERED:
            source = f"{row['source_table']} {row['source_id']} {row['source_column'] or ''}".strip()
            yield f"    {_cut(row['answer'])}  [{source}, chance {row['chance']:.2f}]"
        else:
            yield f"    {row['decision'].replace('_', ' ')}: {row['reason']}"


def _rows(lake: Lake, table: Table, day: dt.date, run: str) -> list[dict[str, Any]]:
    version = lake.version(table, day, run)
    parts = [read_table(lake, path) for path in lake.file_paths(version)] if version else []
    return pa.concat_tables(parts).to_pylist() if parts else []


def _cut(text: str) -> str:
    """The text on one line: line breaks in a question must not look like lines of the report."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
