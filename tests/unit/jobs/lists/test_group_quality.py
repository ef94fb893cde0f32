"""Quality of lists by groups of users: who is compared with whom, and when there is not enough data."""

from __future__ import annotations

from typing import Any

import numpy as np

from jobs.lists.group_quality import BANDS, group_rows

RNG = np.random.default_rng(1)


def rows_of(least: int = 30, **groups: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of ndcg by (attribute, group): 600 users; those in the high band of activity hit more."""
    band = RNG.integers(0, 3, 600)
    values = band * 0.2 + RNG.random(600) * 0.2
    named = {name: np.array(groups.get(name, ["unknown"] * 600), object) for name in ("gender", "age_band", "country")}
    if "by_activity" in groups:
        named["gender"] = np.where(RNG.random(600) < np.array([0.2, 0.5, 0.8])[band], "m", "f").astype(object)
    rows = group_rows(
        "all purchases",
        {"ndcg@12": values, "map@12": values},
        named | {"activity": np.array(BANDS, object)[band]},
        least,
    )
    return {(row["attribute"], row["group"]): row for row in rows}


def test_a_gap_that_comes_from_activity_is_closed_by_matching() -> None:
    rows = rows_of(by_activity=[])
    assert (rows["gender", "f"]["verdict"], rows["gender", "m"]["verdict"]) == ("worse", "better")
    assert rows["gender", "f"]["matched_verdict"] == "as others"
    assert rows["gender", "f"]["low"] < rows["gender", "f"]["value"] < rows["gender", "f"]["high"]


def test_a_small_group_has_a_count_and_no_figure() -> None:
    rows = rows_of(country=["FR"] * 20 + ["DE"] * 580)
    small = rows["country", "FR"]
    assert (small["users"], small["value"], small["verdict"]) == (20, None, "not enough data")
    assert small["matched_verdict"] == "not enough data"
    assert rows["country", "DE"]["verdict"] == "not enough data"  # there is nobody to compare it with


def test_a_single_group_is_not_compared() -> None:
    row = rows_of()["gender", "unknown"]
    assert row["users"] == 600
    assert row["value"] is not None
    assert (row["verdict"], row["matched"]) == ("not enough data", None)


def test_activity_is_not_matched_by_itself() -> None:
    row = rows_of()["activity", "high"]
    assert row["verdict"] == "better"
    assert row["matched"] is None


def test_many_countries_are_twenty_and_the_others() -> None:
    rows = rows_of(country=[f"c{n % 300}" for n in range(600)])
    assert len([1 for attribute, _ in rows if attribute == "country"]) == 21
    assert rows["country", "others"]["users"] == 560
