"""Portraits and segments of the sample shop, compared with the tables they are made from; a rerun gives the same."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

from jobs.customers import segment_users
from jobs.features import update_profiles
from schemas.table import Table
from schemas.tables import (
    CLEAN_EVENTS,
    ITEM_PRICES,
    SEGMENT_RULES,
    SEGMENTS,
    USER_FEATURES,
    USER_PROFILES,
    USER_SEGMENTS,
    USER_TASTES,
    USERS,
)
from tests.sample import NIGHTS, SECOND, THIRD, Sample, content, current, shown


def test_every_account_has_a_portrait_and_a_segment(sample: Sample) -> None:
    accounts = sorted(current(sample.lake, USERS)["user_id"].to_pylist())
    for table in (USER_PROFILES, USER_SEGMENTS):
        assert sorted(shown(sample.lake, table)["user_id"].to_pylist()) == accounts


def test_portraits_agree_with_events_and_features(sample: Sample) -> None:
    features = {row["user_id"]: row for row in current(sample.lake, USER_FEATURES).to_pylist()}
    days: dict[str, set] = {}
    for night in NIGHTS:
        events = current(sample.lake, CLEAN_EVENTS, night)
        for row in events.filter(pc.equal(events["event_type"], "purchase")).to_pylist():
            if row["user_id"]:
                days.setdefault(row["user_id"], set()).add(row["event_date"])
    assert days
    for row in current(sample.lake, USER_PROFILES).to_pylist():
        bought = days.get(row["user_id"], set())
        assert row["frequency"] == len(bought)
        assert (row["stage"] == "no_purchase") == (not bought)
        assert row["recency_days"] == (max(0, (THIRD - max(bought)).days) if bought else None)
        assert row["monetary"] == features.get(row["user_id"], {"revenue": 0.0})["revenue"]


def test_segments_are_those_of_their_accounts(sample: Sample) -> None:
    members = shown(sample.lake, USER_SEGMENTS).to_pylist()
    segments = {row["segment_id"]: row for row in shown(sample.lake, SEGMENTS).to_pylist()}
    profiles = {row["user_id"]: row for row in shown(sample.lake, USER_PROFILES).to_pylist()}
    assert len(segments) >= 2
    assert abs(sum(row["share"] for row in segments.values()) - 1) < 1e-9
    assert len({row["name_en"] for row in segments.values()}) == len(segments)
    for number, row in segments.items():
        portraits = [profiles[m["user_id"]] for m in members if m["segment_id"] == number]
        assert row["users"] == len(portraits)
        assert row["buyers"] == sum(profile["frequency"] > 0 for profile in portraits)
        if portraits:
            assert row["buyers"] in (0, len(portraits))
            assert row["name_en"].startswith("Not buyers yet") == (row["buyers"] == 0)
            assert abs(row["mean_money"] - sum(p["monetary"] for p in portraits) / len(portraits)) < 1e-6
    before = {row["user_id"]: row["segment_id"] for row in current(sample.lake, USER_SEGMENTS, SECOND).to_pylist()}
    for row in members:
        assert row["moved"] == (row["user_id"] in before and before[row["user_id"]] != row["segment_id"])


def test_the_picture_lies_in_the_reports(sample: Sample) -> None:
    page = Path(sample.lake.path("reports", f"date={THIRD}", "segments.html")).read_text()
    for row in shown(sample.lake, SEGMENTS).to_pylist():
        assert not row["users"] or (row["name_zh"] in page and row["traits_zh"] in page)


@pytest.mark.parametrize("behind", [USER_TASTES, ITEM_PRICES])
def test_no_event_is_counted_twice_or_never_after_a_gate_that_was_killed(
    sample: Sample, tmp_path: Path, behind: Table
) -> None:
    """The second night was killed while its tables became current: one of the sums is a night older than the others."""
    shop = sample.copy(tmp_path / "lake")
    shop.lake.delete("tables", behind.name, f"date={SECOND}", "_current.json")
    update_profiles.main(shop.night(run="002"))

    def seen(run: str) -> float:
        return pc.sum(content(shop.lake, shop.lake.version(ITEM_PRICES, THIRD, run))["seen"]).as_py()

    assert seen("002") == pytest.approx(seen("001"), rel=1e-6)


def test_segments_fitted_anew_from_the_same_night_are_the_same(sample: Sample, tmp_path: Path) -> None:
    """The rerun in test_night.py checks all other tables."""
    copied = sample.copy(tmp_path / "lake")
    for run in ("002", "003"):
        segment_users.main(copied.night(run=run, training={"retrain": "always"}))
    for table in (USER_SEGMENTS, SEGMENTS, SEGMENT_RULES):
        first, second = (content(copied.lake, copied.lake.version(table, THIRD, run)) for run in ("002", "003"))
        assert first.equals(second), table.name
