"""Audiences of the sample shop: of items, of segments, of campaigns; best first, published, exported."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from jobs.common.on_sale import can_be_shown
from jobs.customers import export_audience, find_audiences
from jobs.runtime.model_store import load_model
from models.recommenders.als import ALS
from schemas.arrow import arrow_schema
from schemas.tables import AUDIENCES, INTEREST, ITEMS, USER_SEGMENTS
from schemas.tables.offers import OFFERS
from tests.sample import THIRD, Sample, content, current, shown


def test_an_audience_has_users_who_would_want_the_item_and_do_not_have_it(sample: Sample) -> None:
    rows = [row for row in shown(sample.lake, AUDIENCES).to_pylist() if row["kind"] == "item"]
    items, pairs = current(sample.lake, ITEMS), current(sample.lake, INTEREST)
    assert rows
    assert all(row["item_id"] == row["target"] for row in rows)
    assert {row["item_id"] for row in rows} <= set(items.filter(can_be_shown(items))["item_id"].to_pylist())
    bought = pairs.filter(pc.greater(pairs["purchases"], 0))
    owners = set(zip(bought["user_id"].to_pylist(), bought["item_id"].to_pylist(), strict=True))
    assert owners
    assert not owners & {(row["user_id"], row["item_id"]) for row in rows}


def test_ranks_follow_the_scores_of_the_nights_model(sample: Sample) -> None:
    folder = sample.lake.model_before("als", THIRD, including=True)
    assert folder is not None
    model = load_model(sample.lake, folder, ALS)
    rows = [row for row in shown(sample.lake, AUDIENCES).to_pylist() if row["kind"] == "item"]
    rows = sorted(rows, key=lambda row: (row["item_id"], row["rank"]))
    item = rows[0]["item_id"]
    audience = [row for row in rows if row["item_id"] == item]
    assert [row["rank"] for row in audience] == list(range(1, len(audience) + 1))
    scores = [row["score"] for row in audience]
    assert scores == sorted(scores, reverse=True)
    code = int(np.searchsorted(model.item_ids, item))
    for row in audience[:5]:
        user = int(np.searchsorted(model.user_ids, row["user_id"]))
        assert np.isclose(model.user_factors[user] @ model.item_factors[code], row["score"], rtol=1e-4)


def test_a_whole_segment_is_an_audience(sample: Sample) -> None:
    audiences = shown(sample.lake, AUDIENCES)
    members_shown = audiences.filter(pc.equal(audiences["kind"], "segment")).to_pylist()
    members = current(sample.lake, USER_SEGMENTS).to_pylist()
    assert {(r["target"], r["user_id"]) for r in members_shown} == {
        (str(m["segment_id"]), m["user_id"]) for m in members
    }


def test_a_campaign_that_made_offers_is_an_audience(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    night = copied.night(run="002")
    offer = dict.fromkeys(OFFERS.names) | {
        "offer_id": "spring", "kind": "win_back", "minimum_spend": 0.0, "reason": "r", "method": "propensity",
        "expected_cost": 1.0, "budget_line": "b", "arm": "offer", "valid_until": dt.datetime(2026, 1, 9, tzinfo=dt.UTC),
    }  # fmt: skip
    values = {"u1": 2.0, "u2": None, "u3": 5.0}
    rows = [offer | {"user_id": user, "expected_value": value} for user, value in values.items()]
    copied.lake.make_current(night.write_arrow(OFFERS, pa.Table.from_pylist(rows, schema=arrow_schema(OFFERS))))
    find_audiences.main(night)
    audiences = content(copied.lake, copied.lake.version(AUDIENCES, THIRD, "002")).to_pylist()
    campaign = sorted((row for row in audiences if row["kind"] == "campaign"), key=lambda row: row["rank"])
    assert [(row["target"], row["user_id"], row["score"]) for row in campaign] == [
        ("spring", "u3", 5.0), ("spring", "u1", 2.0), ("spring", "u2", None),
    ]  # fmt: skip


def test_without_segments_and_offers_that_passed_there_are_audiences_of_items(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    night = copied.night(run="002")
    night.write_arrow(OFFERS, current(copied.lake, OFFERS))  # a version that its gate refused
    copied.lake.delete("tables", USER_SEGMENTS.name, f"date={THIRD}")
    find_audiences.main(night)
    audiences = content(copied.lake, copied.lake.version(AUDIENCES, THIRD, "002"))
    items = current(copied.lake, AUDIENCES)
    columns = ["kind", "target", "rank", "user_id", "score"]
    assert audiences.select(columns).equals(items.filter(pc.equal(items["kind"], "item")).select(columns))


def test_ranks_start_at_one_for_each_target() -> None:
    ranked_rows = find_audiences.ranked(
        pa.chunked_array([["b", "a", "b", "a"]]), pa.chunked_array([["u1", "u2", "u3", "u4"]]),
        pa.chunked_array([[1.0, 3.0, 1.0, 4.0]]),
    ).to_pylist()  # fmt: skip
    order = [(row["target"], row["rank"], row["user_id"]) for row in ranked_rows]
    assert order == [("a", 1, "u4"), ("a", 2, "u2"), ("b", 1, "u1"), ("b", 2, "u3")]


def export(sample: Sample, kind: str, target: str, out: Path) -> None:
    args = argparse.Namespace(lake=sample.lake.root, kind=kind, target=target, out=str(out))
    assert export_audience.main(args) == 0


def test_an_export_holds_the_audience_by_rank(sample: Sample, tmp_path: Path, capsys) -> None:
    segment = str(current(sample.lake, USER_SEGMENTS)["segment_id"][0].as_py())
    for name in ("a.csv", "a.parquet"):
        export(sample, "segment", segment, tmp_path / name)
    assert f"accounts of segment {segment}" in capsys.readouterr().out
    csv_rows, parquet_rows = pv.read_csv(tmp_path / "a.csv"), pq.read_table(tmp_path / "a.parquet")
    assert csv_rows.column_names == list(AUDIENCES.names)
    assert parquet_rows["rank"].to_pylist() == list(range(1, parquet_rows.num_rows + 1))
    assert csv_rows["user_id"].to_pylist() == parquet_rows["user_id"].to_pylist()


def test_an_export_of_an_unknown_audience_names_the_known_ones(sample: Sample, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no audience of segment 'gold'; it has [0-9]"):
        export(sample, "segment", "gold", tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"no audience of campaign 'spring'; it has .*looked_twice"):
        export(sample, "campaign", "spring", tmp_path / "a.csv")
    nothing = str(tmp_path / "nothing.parquet")
    pq.write_table(arrow_schema(AUDIENCES).empty_table(), nothing)
    with pytest.raises(ValueError, match="it has none of any campaign"):
        export_audience.audience(sample.lake, "r", [nothing], "campaign", "spring")
    with pytest.raises(ValueError, match=r"must end in \.csv or \.parquet"):
        export(sample, "segment", "1", tmp_path / "a.xlsx")
