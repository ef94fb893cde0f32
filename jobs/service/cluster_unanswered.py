"""Groups questions that nothing answered into topics, which keep their numbers over nights -> unanswered_topics."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from jobs.runtime.night import Night
from jobs.service.config import ServiceConfig
from jobs.service.living_policies import living_policies
from jobs.service.service_files import Row, write_rows
from jobs.service.wordings import letter_pairs
from models.service.topic_groups import groups_of
from models.text.languages import CJK, ENGLISH, LATIN_WORD
from schemas.tables import QUESTIONS, SUGGESTED_ANSWERS, UNANSWERED_TOPICS

NOTHING_ANSWERS = ("not_sure", "nothing_known", "not_in_the_catalogue", "policy_gone")
_LEAST = 2  # questions of a topic


def main(night: Night) -> None:
    config: ServiceConfig = night.settings.section("service")
    texts = _unanswered(night)
    earlier = _earlier_topics(night, config)
    before = {topic: json.loads(row["words"]) for topic, row in earlier.items()}
    policies = living_policies(night)
    rows: list[Row] = []
    for group in groups_of([grams_of(text) for text in texts], config.alike, before, _LEAST):
        examples = [texts[index] for index in group.members[: config.examples]]
        rows.append({
            "topic": group.number, "size": len(group.members), "words": json.dumps(group.words, ensure_ascii=False),
            "examples": json.dumps(examples, ensure_ascii=False), "nearest_policy": _nearest(examples[0], policies),
            "first_seen_on": earlier[group.number]["first_seen_on"] if group.number in earlier else night.date,
        })  # fmt: skip
    write_rows(night, UNANSWERED_TOPICS, rows)
    night.report(questions=len(texts), topics=len(rows))


def _earlier_topics(night: Night, config: ServiceConfig) -> dict[int, Row]:
    """Number of a topic -> its newest row of the last `topic_nights`; a topic may be missing on single nights."""
    parts = sorted(night.versions(UNANSWERED_TOPICS).window(config.topic_nights).by_date(), key=lambda part: part[0])
    return {row["topic"]: row for _, part in parts for row in part.arrow().to_pylist()}


def _unanswered(night: Night) -> list[str]:
    answers = night.versions(SUGGESTED_ANSWERS).tonight().arrow(["question_id", "rank", "reason"]).to_pylist()
    ids = {row["question_id"] for row in answers if row["rank"] == 1 and row["reason"] in NOTHING_ANSWERS}
    rows = night.versions(QUESTIONS).tonight().arrow(["question_id", "text"]).sort_by("question_id").to_pylist()
    return [row["text"] for row in rows if row["question_id"] in ids]


def grams_of(text: str) -> list[str]:
    """Words in Latin letters without stop words, and pairs of adjacent Chinese characters."""
    folded = re.sub(r"\[[a-z]+\]", " ", text.lower())
    words = [word for word in LATIN_WORD.findall(folded) if word not in ENGLISH and len(word) > 2]
    runs = re.findall(f"{CJK.pattern}+", folded)
    return words + [run[start : start + 2] for run in runs for start in range(len(run) - 1)]


def _nearest(text: str, policies: Mapping[str, Row]) -> str | None:
    pairs = letter_pairs(text)
    near = {name: len(pairs & letter_pairs(f"{row['title']} {row['text']}")) for name, row in policies.items()}
    best = max(sorted(near), key=lambda name: near[name], default=None)
    return best if best and near[best] else None
