"""Exposure and quality by group on the sample's nights, recounted row by row; shops without the groups' attributes."""

from __future__ import annotations

import json
from collections import Counter
from math import log2
from pathlib import Path
from typing import Any

import pytest

from jobs.lists import measure_exposure
from jobs.runtime.night import Night
from schemas.tables import EXPOSURE, EXPOSURE_FIGURES, GROUP_QUALITY, ITEMS, LIST_QUALITY, RECOMMENDATIONS
from tests.hostile_rows import MARKUP
from tests.sample import FIRST, THIRD, Sample, current, put

TABLES = (EXPOSURE, EXPOSURE_FIGURES)


def measured(night: Night) -> tuple[list[dict[str, Any]], dict[str, float]]:
    night.begin("measure_exposure")
    measure_exposure.main(night)
    rows = [night.versions(table).of([night.version(table)]).arrow().to_pylist() for table in TABLES]
    return rows[0], {row["figure"]: row["value"] for row in rows[1]}


def test_exposure_of_brands_is_the_sum_over_places(sample: Sample) -> None:
    brand = {row["item_id"]: row["brand"] for row in current(sample.lake, ITEMS).to_pylist()}
    exposure: Counter[str] = Counter()
    for row in current(sample.lake, RECOMMENDATIONS).to_pylist():
        if not row["is_spare"]:
            exposure[brand[row["item_id"]]] += 1 / log2(row["rank"] + 1)  # type: ignore[assignment]
    rows = [row for row in current(sample.lake, EXPOSURE).to_pylist() if row["kind"] == "brand"]
    assert {row["group"] for row in rows} >= set(exposure)
    for row in rows:
        assert row["exposure_share"] == pytest.approx(exposure[row["group"]] / sum(exposure.values()))


def test_every_user_who_bought_is_in_one_group_of_each_attribute(sample: Sample) -> None:
    quality = current(sample.lake, LIST_QUALITY).to_pylist()
    buyers = next(row["users"] for row in quality if row["truth"].startswith("all"))
    users: Counter[str] = Counter()
    for row in current(sample.lake, GROUP_QUALITY).to_pylist():
        if row["truth"].startswith("all") and row["metric"].startswith("ndcg"):
            users[row["attribute"]] += row["users"]
    assert users == dict.fromkeys(("gender", "age_band", "country", "activity"), buyers)
    assert current(sample.lake, GROUP_QUALITY, FIRST).num_rows == 0  # nothing to judge on the first night


def test_a_night_without_lists_measures_nothing(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    copied.lake.delete("tables", "recommendations", f"date={THIRD}", "_current.json")
    assert measured(copied.night()) == ([], {})


def test_sellers_are_read_from_the_attributes_and_hostile_ones_stay_text(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    rows = current(copied.lake, ITEMS).to_pylist()
    sellers = [*(json.dumps({"vendor": name}) for name in ("North", MARKUP[0], " ")), "{}", None]
    for index, row in enumerate(rows):
        row["brand"], row["category"], row["attributes"] = None, None, sellers[index % len(sellers)]
    night = copied.night(exposure={"seller_attribute": "vendor", "groups": 1})
    put(night, ITEMS, rows)
    exposure, _ = measured(night)
    of_sellers = [row for row in exposure if row["kind"] == "seller"]
    assert {row["role"] for row in of_sellers} == {"group", "others", "unknown"}
    assert {row["group"] for row in of_sellers} <= {"North", "others", "unknown", MARKUP[0]}
    assert not {"brand", "category"} & {row["kind"] for row in exposure}
