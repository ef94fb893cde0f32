"""When a ranker is trained: at once if tonight's sources differ from those that the last ranker was trained on."""

from __future__ import annotations

from jobs.lists import train_ranker
from tests.sample import THIRD, Sample

AFTER = THIRD.replace(day=THIRD.day + 1)


def why(sample: Sample, change: str = "", **changed: dict) -> str | None:
    night = sample.night(AFTER, **changed)
    running = night.lake.model_before(train_ranker.RANKER, AFTER)
    assert running is not None
    features = set(night.lake.get_json(*running, "manifest.json")["features"])
    config = night.settings.section("ranker_training")
    return train_ranker.due(night, config, running, features ^ ({change} if change else set()))


def test_a_new_or_a_missing_source_makes_training_due(sample: Sample) -> None:
    assert why(sample, "scent.score") == "tonight's sources add scent.score and lack nothing"
    assert why(sample, "als.score") == "tonight's sources add nothing and lack als.score"


def test_with_the_same_sources_training_waits_until_the_ranker_is_old(sample: Sample) -> None:
    assert "days ago" not in str(why(sample, ranker_training={"every_days": 7}))
    assert "days ago" in str(why(sample, ranker_training={"every_days": 1}))


def test_the_setting_never_holds_even_with_other_sources(sample: Sample) -> None:
    assert why(sample, "scent.score", training={"retrain": "never"}) is None
