"""The questions of a person who was forgotten go with their answers, and do not come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.common import erased_people
from jobs.common.erased_people import lake_hash
from jobs.privacy import receipt
from jobs.privacy.erasure import find, forget, whole_people
from schemas.tables import QUESTIONS, REJECTED_SERVICE_ROWS, SUGGESTED_ANSWERS
from tests.sample import content
from tests.unit.jobs.service.small_shop import MAPPING, SmallShop, rows


def test_questions_go_with_their_answers_and_stay_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(erased_people.KEY_VARIABLE, "k" * 64)
    monkeypatch.setenv(receipt.KEY_VARIABLE, "ab" * 32)
    shop = SmallShop(tmp_path)
    questions = [{"text": "How do I return it?", "user": "ann"}, {"text": "How do I return it?", "user": "bob"}]
    night = shop.night(*questions)
    people = whole_people(night.lake, ["ann"])
    assert people.bound == {"question_id:q00"}
    forget(night.lake, ["ann"], night.source_name)
    assert find(night.lake, people, night.source_name) == []
    for table in (QUESTIONS, SUGGESTED_ANSWERS):
        assert set(content(night.lake, night.lake.current(table, night.date))["question_id"].to_pylist()) == {"q01"}

    second_night = shop.night(*questions, {"text": "Where is it?", "user": "ann"})

    assert find(second_night.lake, people, second_night.source_name) == []
    assert [row["reason"] for row in rows(second_night, REJECTED_SERVICE_ROWS)] == ["erased", "erased"]
    assert [row["user_id"] for row in rows(second_night, QUESTIONS)] == ["bob"]


@pytest.mark.parametrize("known_as", ["the shop's id", "the lake's hash"])
def test_a_hashed_account_stays_away_however_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_as: str
) -> None:
    for variable, key in ((erased_people.KEY_VARIABLE, "k" * 64), (receipt.KEY_VARIABLE, "ab" * 32),
                          ("NIGHTMARKET_HMAC_KEY", "h" * 64)):  # fmt: skip
        monkeypatch.setenv(variable, key)
    shop = SmallShop(tmp_path, mapping=MAPPING.replace('"uid"', '{ column = "uid", personal = true }'))
    questions = [{"text": "How do I return it?", "user": "17"}, {"text": "How do I return it?", "user": "bob"}]
    night = shop.night(*questions)
    forget(night.lake, ["17" if known_as == "the shop's id" else lake_hash("17", "h" * 64)], night.source_name)

    second_night = shop.night({"question_id": "new", "text": "Where is it?", "user": 17.0}, questions[1])

    assert [row["reason"] for row in rows(second_night, REJECTED_SERVICE_ROWS)] == ["erased"]
    assert [row["user_id"] for row in rows(second_night, QUESTIONS)] == [lake_hash("bob", "h" * 64)]
