"""Scores of voices: the best voice speaks, an unknown age is no obstacle, and the reason names the traits that hold."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.copywriting.reader_voices import with_voice
from schemas.copywriting.voice import load_voices
from schemas.table import SPARK_TYPES
from schemas.tables.features import USER_FEATURES
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.segments import USER_SEGMENTS

PORTRAIT = {
    column.name: SPARK_TYPES[column.type]
    for table in (USER_FEATURES, USER_SEGMENTS, USER_PROFILES)
    for column in table.columns
}
READERS: dict[str, dict[str, Any]] = {
    "nobody knows": {},
    "young": {"age_band": "18-24"},
    "ageless browser": {"wishlists": 3, "views": 40, "purchases": 2, "tenure_days": 20},
    "counts": {"age_band": "25-34", "price_sensitivity": "high", "discount_appetite": 0.6},
    "reads labels": {"price_sensitivity": "low", "rfm_class": "545", "member_level": "gold"},
    "nearly": {"ratings": 2, "returns": 1},
}


@pytest.fixture(scope="module")
def reader_voices(spark: SparkSession) -> dict[str, Any]:
    ddl = ", ".join(f"{name} {kind}" for name, kind in PORTRAIT.items())
    rows = [tuple({"user_id": name, **known}.get(column) for column in PORTRAIT) for name, known in READERS.items()]
    judged = with_voice(spark.createDataFrame(rows, ddl), load_voices().values(), "plain")
    return {row.user_id: row for row in judged.select("user_id", "style", "score", "reason").collect()}


def test_the_best_voice_speaks(reader_voices: dict[str, Any]) -> None:
    assert {name: row.style for name, row in reader_voices.items()} == {
        "nobody knows": "plain",
        "young": "young",
        "ageless browser": "young",
        "counts": "bargain",
        "reads labels": "quality",
        "nearly": "plain",
    }


def test_the_reason_says_which_traits_held(reader_voices: dict[str, Any]) -> None:
    assert reader_voices["young"].reason == "aged 18 to 24"
    assert reader_voices["counts"].score == pytest.approx(2.4)
    assert reader_voices["counts"].reason == (
        "pays less than others for the same kinds of things; buys half or more below the usual price"
    )
    assert (reader_voices["nearly"].score, reader_voices["nearly"].reason) == (
        0.5,
        "rates what it buys; sends back what does not convince",
    )
    assert (reader_voices["nobody knows"].score, reader_voices["nobody knows"].reason) == (0.0, "")
