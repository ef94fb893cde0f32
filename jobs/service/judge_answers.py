"""Counts decisions, and what agents did with the answers: sent, edited or thrown away, and ratings -> answer_quality.

The answerer's figures on its hold-out are added, and whether its matcher was kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from jobs.runtime.night import Night
from jobs.service.config import ServiceConfig
from jobs.service.desk import MODEL
from jobs.service.service_files import Row, write_rows
from schemas.tables import ANSWER_QUALITY, REPLIES, SUGGESTED_ANSWERS

ALL = "all"


def main(night: Night) -> None:
    answers = night.versions(SUGGESTED_ANSWERS).tonight().arrow(["question_id", "rank", "topic", "decision", "reason"])
    replies = night.versions(REPLIES).tonight().arrow().to_pylist()
    rows = [*_decisions(answers.to_pylist()), *_outcomes(night, replies), *_of_answerer(night)]
    write_rows(night, ANSWER_QUALITY, rows)


def _decisions(answers: list[Row]) -> list[Row]:
    first = [row for row in answers if row["rank"] == 1]
    rows = []
    for decision, count in sorted(Counter(row["decision"] for row in first).items()):
        rows.append(_figure(decision, ALL, count / len(first), len(first)))
    for reason, count in sorted(Counter(row["reason"].partition(":")[0] for row in first if row["reason"]).items()):
        rows.append(_figure("handed_over_because", reason, count, len(first)))
    for topic, count in sorted(Counter(row["topic"] for row in first if row["decision"] == "answered").items()):
        rows.append(_figure("answered_about", topic, count, len(first)))
    return rows


def _outcomes(night: Night, replies: list[Row]) -> list[Row]:
    """Mean ratings, and the share of each outcome, by the topic that answered the question on its night."""
    topics = _topics_answered(night, {row["question_id"] for row in replies})
    by_topic: defaultdict[str, list[Row]] = defaultdict(list)
    for reply in replies:
        if topic := topics.get(reply["question_id"]):
            by_topic[topic].append(reply)
            by_topic[ALL].append(reply)
    rows = []
    for topic, topic_replies in sorted(by_topic.items()):
        for outcome, count in sorted(Counter(row["outcome"] for row in topic_replies).items()):
            rows.append(_figure(f"agents_{outcome}", topic, count / len(topic_replies), len(topic_replies)))
        rated = [row["rating"] for row in topic_replies if row["rating"] is not None]
        if rated:
            rows.append(_figure("mean_rating", topic, sum(rated) / len(rated), len(rated)))
    return rows


def _topics_answered(night: Night, questions: set[str]) -> dict[str, str]:
    config: ServiceConfig = night.settings.section("service")
    versions = night.versions(SUGGESTED_ANSWERS)
    topics: dict[str, str] = {}
    for rows in (versions.window(config.reply_nights), versions.tonight()):
        for part in rows.each(["question_id", "rank", "topic"]):
            for row in part.to_pylist():
                if row["rank"] == 1 and row["topic"] and row["question_id"] in questions:
                    topics[row["question_id"]] = row["topic"]
    return topics


def _of_answerer(night: Night) -> list[Row]:
    """The newest answerer's figures on its hold-out; [] where there is no answerer, or it has no hold-out."""
    folder = night.lake.model_before(MODEL, night.date, including=True)
    report = night.lake.get_json(*folder, "manifest.json")["report"] if folder else {}
    held_out = int(report.get("wordings", 0))
    if not held_out:
        return []
    parts = {ALL: "accuracy", "without_matcher": "accuracy_without_matcher", "ngrams_alone": "accuracy_ngrams"}
    rows = [
        _figure("held_out_accuracy", part, report[name], held_out) for part, name in parts.items() if name in report
    ]
    return [*rows, _figure("matcher_kept", ALL, report.get("matcher_weight", 0) > 0, held_out)]


def _figure(measure: str, topic: str, value: float, questions: int) -> Row:
    return {"measure": measure, "topic": topic, "value": float(value), "questions": questions}
