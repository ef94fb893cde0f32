"""Topics that nothing answers: their numbers stay, also over a night on which nobody asks."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.service import cluster_unanswered
from jobs.service.cluster_unanswered import grams_of
from schemas.tables import POLICIES, QUESTIONS, SUGGESTED_ANSWERS, UNANSWERED_TOPICS
from tests.sample import put
from tests.unit.jobs.service.small_shop import FIRST, Row, rows

VEGAN, DRONE, VIDEO = "Is the glue vegan?", "Can drones be rented?", "Have you got a video tutorial?"


def topics(lake: Lake, day: int, *texts: str, reason: str = "not_sure", topic_nights: int = 90) -> dict[int, Row]:
    """The topics of a night on which each text was asked twice and not answered."""
    settings = Settings({"service": {"topic_nights": topic_nights}})
    night = Night(FIRST + dt.timedelta(days=day), lake, "001", settings)
    questions = [{"question_id": f"q{n:03d}", "text": text} for n, text in enumerate([*texts, *texts])]
    refund = {
        "policy_id": "refund",
        "language": "en",
        "title": "Glue",
        "text": "Vegan glue is not ours.",
        "source_hash": "h",
    }
    put(night, POLICIES, [refund])
    put(night, QUESTIONS, questions)
    put(
        night,
        SUGGESTED_ANSWERS,
        [{"question_id": question["question_id"], "rank": 1, "reason": reason} for question in questions],
    )
    night.begin("cluster_unanswered")
    with night.reporting():
        cluster_unanswered.main(night)
    night.lake.make_current(night.version(UNANSWERED_TOPICS))
    return {row["topic"]: row for row in rows(night, UNANSWERED_TOPICS)}


def named(topics_found: dict[int, Row]) -> dict[str, int]:
    return {json.loads(row["examples"])[0]: number for number, row in topics_found.items()}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def test_a_topic_has_its_number_again_after_a_night_without_it(lake: Lake) -> None:
    first = named(topics(lake, 0, VEGAN, DRONE))
    assert set(first.values()) == {1, 2}
    assert topics(lake, 1) == {}
    second = topics(lake, 2, VIDEO, DRONE)
    assert named(second) == {DRONE: first[DRONE], VIDEO: 3}
    assert second[first[DRONE]]["first_seen_on"] == FIRST
    assert second[3]["first_seen_on"] == FIRST + dt.timedelta(days=2)
    assert named(topics(lake, 3, VEGAN)) == {VEGAN: first[VEGAN]}


def test_a_topic_is_forgotten_after_topic_nights(lake: Lake) -> None:
    topics(lake, 0, VEGAN)
    assert topics(lake, 5, VEGAN, topic_nights=2)[1]["first_seen_on"] == FIRST + dt.timedelta(days=5)


def test_a_night_made_again_gives_the_same_numbers(lake: Lake) -> None:
    topics(lake, 0, VEGAN, DRONE)
    assert topics(lake, 1, VIDEO, DRONE, VEGAN) == topics(lake, 1, VIDEO, DRONE, VEGAN)


def test_only_unanswered_questions_make_a_topic(lake: Lake) -> None:
    assert topics(lake, 0, VEGAN, reason="complaint") == {}
    assert topics(lake, 1, "😀😀", "[phone]?", "is it on?", "") == {}  # no words in common is nothing in common


def test_a_topic_names_its_size_and_the_nearest_policy(lake: Lake) -> None:
    (row,) = topics(lake, 0, VEGAN).values()
    assert (row["size"], row["nearest_policy"]) == (2, "refund")
    assert {"glue", "vegan"} <= set(json.loads(row["words"]))


def test_grams_leave_out_masks_and_small_words() -> None:
    assert grams_of("[phone] Is the GLUE vegan? 胶水环保吗 5") == ["glue", "vegan", "胶水", "水环", "环保", "保吗"]
