"""People are forgotten between two nights: none of their data are left, and the next night does not add any again."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from jobs.common import erased_people
from jobs.copywriting.past_clicks import count_clicks
from jobs.features.past_purchases import count_purchases
from jobs.nights import nightly
from jobs.privacy import receipt
from jobs.privacy.erasure import find, forget, whole_people
from jobs.runtime import published
from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import Night, job_report
from schemas.tables import BY_NAME, CLEAN_EVENTS, ITEM_FEATURES, RECOMMENDATIONS, REJECTED_EVENTS, USERS
from tests.sample import NIGHTS, SECOND, THIRD, Sample, content, current, shown


def people_of_both_days(sample: Sample) -> list[str]:
    """Two accounts with events on the second day and on the third."""
    days = [set(current(sample.lake, CLEAN_EVENTS, day)["user_id"].to_pylist()) - {None} for day in (SECOND, THIRD)]
    return sorted(days[0] & days[1])[:2]


@pytest.mark.parametrize("count", [count_purchases, count_clicks], ids=["purchases", "clicks"])
def test_with_nobody_forgotten_a_recount_equals_the_nights_counts(
    sample: Sample, tmp_path: Path, count: Callable[[Night], list[Version]]
) -> None:
    shop = sample.copy(tmp_path / "lake")
    for version in count(shop.night(run="001e")):
        assert content(shop.lake, version).equals(current(sample.lake, BY_NAME[version.table])), version.table


def test_forgotten_people_do_not_come_back(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(erased_people.KEY_VARIABLE, "k" * 64)
    monkeypatch.setenv(receipt.KEY_VARIABLE, "ab" * 32)
    shutil.copytree(sample.eve, tmp_path / "lake")
    shop = Sample(sample.raw, Lake(str(tmp_path / "lake")), sample.eve)
    ids = people_of_both_days(sample)
    people = whole_people(shop.lake, ids)
    (done,) = forget(shop.lake, ids)
    assert find(shop.lake, people) == []
    assert {"als", "sources"} <= set(done.receipt["models_retired"])
    assert not set(ids) & set(shown(shop.lake, RECOMMENDATIONS)["user_id"].to_pylist())

    nightly.main(shop.night(THIRD))

    assert find(shop.lake, people) == []
    raw = pq.read_table(sample.raw / str(THIRD) / "events-00.parquet", columns=["uid", "cookie"]).to_pylist()
    raw_rows = [r for r in raw if r["uid"] in ids or (r["uid"] is None and r["cookie"] in people.visitors)]
    assert raw_rows
    rejected = current(shop.lake, REJECTED_EVENTS).to_pylist()
    erased = [r["reason"] for r in rejected if r["raw_row"] == '{"erased":true}']
    assert len(erased) == len(raw_rows)
    assert set(erased) - {"duplicate"} == {"erased"}  # a duplicate has its own reason; its content is not kept either
    assert not set(ids) & set(current(shop.lake, USERS)["user_id"].to_pylist())
    assert published.pointed(shop.lake)["date"] == str(THIRD)
    assert job_report(shop.lake, THIRD, "001", "train_als")["start"] == "cold"
    events = [current(shop.lake, CLEAN_EVENTS, day)["item_id"].to_pylist() for day in NIGHTS]
    events_by_item = Counter(item for of_night in events for item in of_night if item)
    items = current(shop.lake, ITEM_FEATURES).to_pylist()
    assert {row["item_id"]: row["events"] for row in items} == events_by_item  # no sum contains an event of theirs
    with np.load(Path(shop.lake.root) / f"models/als/date={THIRD}/run=001/factors.npz") as factors:
        assert not set(ids) & set(factors["user_ids"].tolist())
