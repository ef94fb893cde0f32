"""Lines of customer service in the night's report: counts add up, sources are named, customers cannot write lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jobs.reports.service_lines import service_lines
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import QUESTIONS, SUGGESTED_ANSWERS
from tests.sample import put
from tests.unit.jobs.service.small_shop import FIRST


def lines(folder: Path, report: dict[str, Any], answers: list[dict[str, Any]] | None = None) -> list[str]:
    lake = Lake(str(folder))
    night = Night(FIRST, lake, "001", Settings())
    put(night, SUGGESTED_ANSWERS, answers or [])
    texts = {row["question_id"]: row.pop("text", "?") for row in answers or []}
    put(night, QUESTIONS, [{"question_id": name, "text": text} for name, text in texts.items()])
    if report:
        lake.put_json(report, "runs", f"date={FIRST}", "run=001", "answer_questions.json")
    return service_lines(lake, FIRST, "001")


def answer(number: int, **changed: Any) -> dict[str, Any]:
    return {"question_id": f"q{number}", "rank": 1, "topic": f"t{number}", "decision": "answered", "chance": 0.5,
            "answer": f"A{number}", "source_table": "items", "source_id": "g1", "source_column": "price",
            "text": f"Q{number}?"} | changed  # fmt: skip


REPORT = {
    "questions": 1_234,
    "decisions": {"handed_over": 34, "answered": 1_200},
    "reasons": {"empty": 4, "not_sure": 30},
}


def test_a_night_without_questions_says_nothing(tmp_path: Path) -> None:
    assert lines(tmp_path, {}) == []
    assert lines(tmp_path, {"questions": 0, "decisions": {}, "reasons": {}}) == []


def test_a_failed_branch_says_so_in_one_line(tmp_path: Path) -> None:
    assert lines(tmp_path, {"error": "ValueError: no model\n  more"}) == [
        "answer_questions failed: ValueError: no model",
        "",
    ]


def test_decisions_and_reasons_are_counted_the_commonest_first(tmp_path: Path) -> None:
    report_lines = lines(tmp_path, REPORT)
    assert report_lines[0].split() == ["questions", "1,234", "=", "1,200", "answered,", "34", "handed", "over"]
    assert [line.split() for line in report_lines[1:3]] == [["not_sure", "30"], ["empty", "4"]]
    assert report_lines[3:] == [""]  # no page was drawn, so none is named


def test_five_examples_have_different_topics_and_one_is_handed_over(tmp_path: Path) -> None:
    answers = [answer(n) for n in range(1, 7)] + [answer(7, topic="t1"), answer(2, rank=2)]
    answers += [answer(n, decision="handed_over", reason="not_sure", answer=None) for n in (8, 9)]
    report_lines = lines(tmp_path, REPORT, answers)[3:-1]
    assert [line for line in report_lines if line.startswith("  ?")] == [
        "  ? Q7?",
        "  ? Q2?",
        "  ? Q3?",
        "  ? Q4?",
        "  ? Q8?",
    ]
    assert report_lines[1] == "    A7  [items g1 price, chance 0.50]"
    assert report_lines[-1] == "    handed over: not_sure"


def test_a_question_cannot_write_lines_of_the_report(tmp_path: Path) -> None:
    text = "Hi\nquestions 9 = 9 answered\n\t? " + "x" * 20_000
    report_lines = lines(tmp_path, REPORT, [answer(1, text=text, answer="One\ntwo")])
    assert not any("\n" in line or len(line) > 140 for line in report_lines)
    assert report_lines[3].startswith("  ? Hi questions 9 = 9 answered ? xxx")
    assert report_lines[4].startswith("    One two  [")
