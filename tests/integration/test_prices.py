"""Prices: item weeks as a recurrence, and suggest_prices from too little history to a fit that is carried over."""

from __future__ import annotations

import csv
import datetime as dt
from argparse import Namespace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from jobs.prices import export_prices, suggest_prices
from jobs.prices.item_weeks import advance, listed_on, monday, sold_by_week
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS, ITEM_WEEKS, ITEMS, PRICE_SUGGESTIONS
from tests.sample import FIRST, SECOND, THIRD, Sample, content, current, in_order

START = dt.date(2026, 1, 1)
NIGHTS = 16  # across three weeks
# (night of arrival, days late (-1: it is tomorrow already in UTC), item, event type, quantity, price, currency)
EVENT = st.tuples(
    st.integers(0, NIGHTS - 1),
    st.integers(-1, 9),
    st.sampled_from(["i1", "i2", None]),
    st.sampled_from(["purchase", "purchase", "view", "return"]),
    st.sampled_from([1.0, 0.3, 12.0, 0.0]),
    st.sampled_from([9.99, 0.1, 1000.0, 0.0, None]),
    st.sampled_from(["EUR", "EUR", "USD", None]),
)
# (item, active, stock, price) as one night's catalogue has it
LISTED = st.tuples(
    st.sampled_from(["i1", "i3"]), st.booleans(), st.sampled_from([None, 0.0, 5.0]), st.sampled_from([None, 9.99, 0.1])
)


def events_of(spark: SparkSession, rows: list[tuple]) -> DataFrame:
    events = [
        dict.fromkeys(CLEAN_EVENTS.names)
        | {
            "item_id": item,
            "event_type": kind,
            "quantity": quantity,
            "price": price,
            "currency": currency,
            "event_date": START + dt.timedelta(days=night - late),
        }
        for night, late, item, kind, quantity, price, currency in rows
    ]
    return spark.createDataFrame([tuple(r[c] for c in CLEAN_EVENTS.names) for r in events], CLEAN_EVENTS.ddl).coalesce(
        1
    )


def catalogue_of(rows: list[tuple]) -> pa.Table:
    one_each = {row[0]: row for row in rows}
    columns = ("item_id", "is_active", "stock", "price")
    items = [dict.fromkeys(ITEMS.names) | dict(zip(columns, row, strict=True)) for row in one_each.values()]
    return pa.Table.from_pylist(items, arrow_schema(ITEMS))


@settings(
    max_examples=4, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
@given(
    history=st.lists(EVENT, min_size=30, max_size=60),
    catalogues=st.lists(st.lists(LISTED, max_size=3), min_size=NIGHTS, max_size=NIGHTS),
    nights=st.lists(st.integers(0, NIGHTS - 2), min_size=2, max_size=4, unique=True),
)
def test_night_after_night_gives_what_a_rebuild_gives(spark: SparkSession, history, catalogues, nights) -> None:
    def night(previous: pa.Table, after: int, until: int) -> pa.Table:
        """The night `until`; the last night that ran before it was `after`."""
        oldest = START + dt.timedelta(days=until - 8)  # two weeks are kept
        events = events_of(spark, [row for row in history if after < row[0] <= until])
        listed = [
            listed_on(catalogue_of(catalogues[n]), START + dt.timedelta(days=n)) for n in range(after + 1, until + 1)
        ]
        return advance(previous, [sold_by_week(events, oldest), *listed], oldest)

    nothing = arrow_schema(ITEM_WEEKS).empty_table()
    state, last = nothing, -1
    for until in [*sorted(nights), NIGHTS - 1]:
        state, last = night(state, last, until), until
    rebuilt = night(nothing, -1, NIGHTS - 1)
    assert in_order(state).equals(in_order(rebuilt))
    assert state.schema.equals(arrow_schema(ITEM_WEEKS))


def test_a_week_holds_what_was_sold_and_when_it_could_be_bought(spark: SparkSession) -> None:
    bought = [(3, 0, "i1", "purchase", 2.0, 10.0, "EUR"), (3, 1, "i1", "purchase", 1.0, 7.0, "EUR")]
    late = [(6, 6, "i1", "purchase", 1.0, 5.0, "USD")]  # Wednesday of the week before
    listed = [
        listed_on(catalogue_of([("i1", True, stock, 9.0)]), START + dt.timedelta(days=4 + n))
        for n, stock in enumerate([None, 3.0, 0.0])
    ]
    sold = sold_by_week(events_of(spark, bought + late), START)
    weeks = advance(arrow_schema(ITEM_WEEKS).empty_table(), [sold, *listed], START)
    rows = {row["week"]: row for row in weeks.to_pylist()}
    first, second = rows[dt.date(2025, 12, 29)], rows[dt.date(2026, 1, 5)]
    assert (first["units"], first["revenue"], first["purchases"], first["currency"]) == (4.0, 32.0, 3, "mixed")
    assert (second["units"], second["days_on_sale"], second["days_sold_out"]) == (0.0, 2, 1)
    assert (second["days_priced"], second["list_price_sum"], second["currency"]) == (2, 18.0, None)


def test_three_nights_are_too_few_and_every_item_on_sale_says_so(sample: Sample) -> None:
    rows, items = current(sample.lake, PRICE_SUGGESTIONS).to_pylist(), current(sample.lake, ITEMS)
    on_sale = items.filter(pc.and_(items["is_active"], pc.greater(items["stock"], 0)))
    assert {row["item_id"] for row in rows} == set(on_sale["item_id"].to_pylist())
    assert {row["status"] for row in rows} == {"not enough data"}
    assert {row["reason"] for row in rows} == {"the shop has fewer than 8 whole weeks of sales"}
    assert not any(row["suggested_price"] or row["elasticity"] for row in rows)


def test_the_nights_weeks_hold_every_purchase(sample: Sample) -> None:
    events = pa.concat_tables([current(sample.lake, CLEAN_EVENTS, day) for day in (FIRST, SECOND, THIRD)])
    bought = events.filter(pc.and_(pc.equal(events["event_type"], "purchase"), pc.greater(events["price"], 0.0)))
    weeks = current(sample.lake, ITEM_WEEKS)
    assert pc.sum(weeks["purchases"]).as_py() == bought.num_rows > 0
    assert pc.sum(weeks["revenue"]).as_py() == pytest.approx(
        float(np.dot(bought["price"].to_numpy(), bought["quantity"].to_numpy()))
    )


@pytest.fixture
def grown(sample: Sample, tmp_path: Path) -> Sample:
    """The shop after its second night, with a year of sales: elasticity -2.5, a fifth of the prices never changed."""
    shop = sample.copy(tmp_path / "lake")
    items = current(shop.lake, ITEMS, SECOND).sort_by("item_id")
    rng, weeks = np.random.default_rng(5), 51
    factor = rng.choice([0.8, 0.9, 1.0], (items.num_rows, weeks))
    factor[::5] = 1.0
    units = rng.poisson(60 * factor**-2.5).astype(float)
    price = np.nan_to_num(items["price"].to_numpy())[:, None] * factor
    mondays = [monday(SECOND) - dt.timedelta(weeks=weeks - 1 - n) for n in range(weeks)]
    ids, many = items["item_id"].to_pylist(), np.ones(units.size, np.int64)
    rows = pa.table(
        {
            "item_id": [item for item in ids for _ in range(weeks)],
            "week": pa.array(mondays * len(ids), pa.date32()),
            "units": units.ravel(),
            "purchases": units.ravel().astype(np.int64),
            "revenue": (units * price).ravel(),
            "days_on_sale": many * 7,
            "days_sold_out": many * 0,
            "days_priced": many * 7,
            "list_price_sum": (7 * price).ravel(),
            "currency": ["CNY"] * units.size,
        }
    )
    shop.lake.make_current(write_arrow(rows, ITEM_WEEKS, shop.lake, str(SECOND), "900"))
    return shop


def suggestions(shop: Sample, run: str, **changed) -> dict[str, dict]:
    night = shop.night(run=run, **changed)
    night.begin("suggest_prices")
    suggest_prices.main(night)
    night.end()
    return {
        row["item_id"]: row for row in content(shop.lake, shop.lake.version(PRICE_SUGGESTIONS, THIRD, run)).to_pylist()
    }


def test_with_a_year_behind_it_items_get_prices_and_the_fit_is_carried_over(grown: Sample) -> None:
    by_item = suggestions(grown, "002")
    assert grown.night(run="002").facts("suggest_prices")["start"] == "there is none"
    suggested = [row for row in by_item.values() if row["status"] == "suggest"]
    assert suggested
    for row in suggested:
        assert row["elasticity_low"] < -2.5 + 0.5
        assert row["elasticity_low"] < row["elasticity"] < row["elasticity_high"]
        assert row["gain_low"] > 0
        assert 0.7 * row["price"] <= row["suggested_price"] <= 1.1 * row["price"]
    unchanged = {*current(grown.lake, ITEMS, SECOND).sort_by("item_id")["item_id"].to_pylist()[::5]} & set(by_item)
    assert unchanged
    assert {by_item[item]["reason"] for item in unchanged} == {
        "its price has never changed, so the effect of a change is not known"
    }
    assert suggestions(grown, "003") == by_item  # the same night again

    # Another night within the week: the fit of yesterday, tonight's prices.
    model = ("models", "elasticity", f"date={THIRD}")
    grown.lake.fs.move(grown.lake.path(*model), grown.lake.path("models", "elasticity", f"date={SECOND}"))
    carried = suggestions(grown, "004")
    assert grown.night(run="004").facts("suggest_prices")["start"] == "carried over"
    assert {row["fitted_on"] for row in carried.values()} == {SECOND}
    assert [row["elasticity"] for row in carried.values()] == [row["elasticity"] for row in by_item.values()]
    suggestions(grown, "005", prices={"every_days": 1})
    assert grown.night(run="005").facts("suggest_prices")["start"] == "the last one was fitted 1 days ago"


def test_missing_costs_and_a_second_currency_give_no_figure(grown: Sample) -> None:
    items = current(grown.lake, ITEMS)
    columns = {"cost": pa.nulls(len(items), pa.float64())}
    for run, changed in (("002", columns), ("003", {"currency": pa.array(["USD"] * len(items))})):
        broken = items
        for name, values in changed.items():
            broken = broken.set_column(broken.column_names.index(name), name, values)
        write_arrow(broken, ITEMS, grown.lake, str(THIRD), run)
        by_item = suggestions(grown, run)
        assert {row["status"] for row in by_item.values()} == {"not enough data"}
        assert not any(row["suggested_price"] for row in by_item.values())
        reasons = {row["reason"] for row in by_item.values() if row["price"]}
        other_currency = "it was sold in another currency than the catalogue's price is in"
        assert reasons == {"its cost is not known" if run == "002" else other_currency}


def test_the_export_is_a_sheet_to_fill_in(grown: Sample, tmp_path: Path) -> None:
    by_item = suggestions(grown, "002")
    version = grown.lake.version(PRICE_SUGGESTIONS, THIRD, "002")
    assert version is not None
    grown.lake.make_current(version)
    out = tmp_path / "prices.csv"
    assert export_prices.main(Namespace(lake=grown.lake.root, date=THIRD, out=str(out), all=False)) == 0
    with out.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["item_id"] for row in rows] == sorted(
        (item for item, row in by_item.items() if row["status"] == "suggest"),
        key=lambda item: (-by_item[item]["gain_low"], item),
    )
    assert {row["approved_price"] for row in rows} == {""}
    with pytest.raises(FileNotFoundError, match="no price_suggestions of 2026-02-01 that passed their gate"):
        export_prices.main(Namespace(lake=grown.lake.root, date=dt.date(2026, 2, 1), out=str(out), all=False))


def test_items_are_pooled_by_an_attribute_and_a_competitor_stops_a_rise(grown: Sample) -> None:
    items = current(grown.lake, ITEMS)
    attributes = pa.array([f'{{"shelf": "{n % 3}", "theirs": "0.01"}}' for n in range(len(items))])
    items = items.set_column(items.column_names.index("attributes"), "attributes", attributes)
    write_arrow(items, ITEMS, grown.lake, str(THIRD), "002")
    by_item = suggestions(grown, "002", prices={"pool_by": "shelf", "competitor": "theirs"})
    with_data = [row for row in by_item.values() if row["status"] != "not enough data"]
    assert with_data
    assert not [row for row in with_data if (row["change"] or 0) > 0]
    assert all("a competitor sells at 0.01, so no rise above" in row["reason"] for row in with_data)
    with pytest.raises(ValueError, match=r"prices.pool_by: no item has an attribute 'shelff'"):
        suggestions(grown, "003", prices={"pool_by": "shelff"}, training={"retrain": "always"})
