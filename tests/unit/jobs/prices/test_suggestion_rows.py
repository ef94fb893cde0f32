"""Price rows: each thing that is missing is named and gives no figure; protected attributes cannot drive a price."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from jobs.prices.suggest_prices import SuggestPricesConfig
from jobs.prices.suggestion_rows import Facts, missing, price_rows
from jobs.runtime.settings import Settings
from models.pricing.best_price import PricingConfig
from models.pricing.elasticity import Elasticities, ElasticityConfig, ItemElasticities
from models.pricing.weekly_sales import PriceWeeks, price_weeks, units_a_week
from schemas.protected_attributes import refusal
from schemas.tables import PRICE_SUGGESTIONS

NEEDS = SuggestPricesConfig()
FITTED = dt.date(2026, 1, 4)
FIGURES = ("suggested_price", "change", "elasticity", "elasticity_low", "elasticity_high", "gain", "gain_low",
           "gain_high", "units_a_week", "weeks_of_cover", "is_inelastic")  # fmt: skip


def known(items: int = 1) -> Facts:
    """Items of which all is known, whose price could rise."""

    def each(value: object) -> np.ndarray:
        return np.full(items, value, object if isinstance(value, str) else type(value))

    return Facts(
        item_ids=np.array([f"i{n}" for n in range(items)]),
        price=each(10.0), cost=each(6.0), currency=each("EUR"), stock=each(100.0), competitor=each(np.nan),
        sold_in=each("EUR"), mixed=each(False), units_a_week=each(20.0),
        elasticity=(each(-1.5), each(-1.7), each(-1.3)), weeks=each(40), prices=each(4), units=each(800.0),
    )  # fmt: skip


def row(facts: Facts, config: PricingConfig | None = None, fitted_on: dt.date | None = FITTED) -> dict:
    made = price_rows(facts, config or PricingConfig(), NEEDS, fitted_on)
    assert tuple(made.column_names) == PRICE_SUGGESTIONS.names
    return made.to_pylist()[0]


def test_a_suggestion_says_what_it_rests_on():
    told = row(known())
    assert told["status"] == "suggest"
    assert told["suggested_price"] == pytest.approx(11.0)  # 10.00 ends like all prices of this shop
    assert told["change"] == pytest.approx(0.1)
    assert told["gain_low"] > 0
    assert told["weeks_of_cover"] == pytest.approx(5.0)
    assert told["reason"].startswith("20.0 units a week; elasticity -1.50, between -1.70 and -1.30: +")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": np.array([np.nan])}, "the catalogue has no price for it"),
        ({"cost": np.array([np.nan])}, "its cost is not known"),
        ({"mixed": np.array([True])}, "its prices were in several currencies"),
        ({"sold_in": np.array(["USD"], object)}, "it was sold in another currency than the catalogue's price is in"),
        ({"weeks": np.array([0])}, "it was not sold at a known price in the weeks before the fit of 2026-01-04"),
        ({"weeks": np.array([7])}, "fewer than 8 weeks on sale at a known price"),
        ({"prices": np.array([1])}, "its price has never changed, so nothing tells what a change does"),
        ({"units": np.array([9.0])}, "fewer than 10 units sold"),
        ({"units_a_week": np.array([np.nan])}, "it could not be bought in the last 8 weeks"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_guessed(change, reason):
    told = row(replace(known(), **change))
    assert (told["status"], told["reason"]) == ("not enough data", reason)
    assert [told[name] for name in FIGURES] == [None] * len(FIGURES)


def test_without_a_fit_all_rows_say_so():
    told = row(known(), fitted_on=None)
    assert (told["status"], told["fitted_on"]) == ("not enough data", None)
    assert told["reason"] == "the shop has fewer than 8 whole weeks of sales"


def test_of_several_reasons_the_first_is_told():
    facts = replace(known(2), price=np.array([np.nan, 10.0]), cost=np.array([np.nan, 6.0]))
    assert missing(facts, NEEDS, FITTED) == ["the catalogue has no price for it", None]


def test_a_currency_that_nobody_told_contradicts_nothing():
    told = row(replace(known(), currency=np.array([None], object)))
    assert told["status"] == "suggest"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost": np.array([14.0])}, "a margin of 10% needs 15.56, a rise may only reach 11.00"),
        ({"elasticity": tuple(np.array([e]) for e in (-2.5, -4.5, -0.5))}, "no price from 8.50 to 11.00 is sure to"),
        ({"elasticity": tuple(np.array([e]) for e in (-0.5, -0.9, -0.1))}, "inelastic: dearer looks always better"),
        ({"stock": np.array([20.0])}, "stock lasts 1.0 weeks, so no cut was allowed"),
        ({"stock": np.array([800.0])}, "stock lasts 40 weeks, so a cut of 30% was allowed"),
        ({"competitor": np.array([10.5])}, "a competitor sells at 10.50, so no rise above 10.50 was allowed"),
    ],
)
def test_the_words_name_what_decided(change, words):
    assert words in row(replace(known(), **change))["reason"]


def test_no_items_are_no_rows():
    facts = known(0)
    assert price_rows(facts, PricingConfig(), NEEDS, FITTED).num_rows == 0


# who may not drive a price ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gender", "gender, which is protected"), ("targetGender", "gender, which is protected"),
        ("sex", "gender, which is protected"), ("age", "age, which is protected"), ("Age_Band", "age, which"),
        ("birth_date", "age, which"), ("ethnicity", "ethnicity, which"), ("religion", "religion, which"),
        ("health_status", "health, which"), ("适合性别", "gender, which"), ("member_level", "one price for everybody"),
        ("city", "one price for everybody"), ("user_id", "one price for everybody"),
        ("customer_group", "one price for everybody"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("setting", ["pool_by", "competitor"])
def test_what_tells_of_a_person_is_refused_by_name_with_why(setting, name, why):
    with pytest.raises(ValueError, match=f"prices: {setting} may not be '{name}': .*{why}"):
        Settings({"prices": {setting: name}})  # at load, not an hour into the night


@pytest.mark.parametrize("name", ["category", "brand", "colour", "storage", "competitor_price", "material", "package"])
def test_what_tells_of_the_item_may(name):
    assert refusal(name) is None


def test_no_setting_of_prices_is_a_person_and_an_unknown_one_is_refused():
    names = [*vars(SuggestPricesConfig()), *vars(PricingConfig()), *vars(ElasticityConfig())]
    assert [name for name in names if refusal(name)] == []
    for section in ("prices", "pricing"):
        with pytest.raises(ValueError, match=f"{section} has no 'gender'"):
            Settings({section: {"gender": "f"}}).section(section)


# weeks as matrices ------------------------------------------------------------------------------------------------


def weeks_of(**columns: list[float]) -> PriceWeeks:
    names = ("units", "revenue", "days_on_sale", "days_sold_out", "days_priced", "list_price_sum")
    count = len(next(iter(columns.values())))
    full = {name: np.array(columns.get(name, [0.0] * count), float) for name in names}
    return price_weeks(np.arange(count), (1, count), full, 4)


def test_the_catalogues_price_counts_where_it_told_one_whenever_the_item_sold():
    made = weeks_of(units=[2, 0], revenue=[10, 0], days_on_sale=[7, 7], days_priced=[7, 7], list_price_sum=[42, 49])
    assert made.price.tolist() == [[6.0, 7.0]]


def test_else_the_price_paid_does_in_weeks_with_sales():
    made = weeks_of(units=[2, 0, 4], revenue=[10, 0, 24], days_on_sale=[0, 7, 7], days_priced=[0, 7, 7],
                    list_price_sum=[0, 49, 49])  # fmt: skip
    np.testing.assert_array_equal(made.price, [[5.0, np.nan, 6.0]])
    assert made.is_open.all()


def test_a_week_mostly_sold_out_says_nothing_and_has_no_units():
    made = weeks_of(units=[9, 3], revenue=[45, 15], days_on_sale=[7, 3], days_sold_out=[0, 4], days_priced=[7, 3],
                    list_price_sum=[35, 15])  # fmt: skip
    np.testing.assert_array_equal(made.price, [[5.0, np.nan]])
    assert made.units.tolist() == [[9.0, 0.0]]
    assert made.is_open.tolist() == [[True, False]]


def test_the_rate_is_that_of_the_last_open_weeks_at_todays_price():
    weeks = PriceWeeks(np.array([[99.0, 8, 0, 4]]), np.array([[10.0, 10, np.nan, 20]]), np.array([[1, 1, 0, 1]]) > 0)
    assert units_a_week(weeks, np.array([20.0]), np.array([-1.0]), 3) == pytest.approx([(8 / 2 + 4) / 2])
    closed = PriceWeeks(weeks.units, weeks.price, np.zeros((1, 4), bool))
    assert np.isnan(units_a_week(closed, np.array([20.0]), np.array([-1.0]), 3)[0])


# the fit that is kept ---------------------------------------------------------------------------------------------


def test_a_fit_is_read_as_it_was_saved(tmp_path):
    found = Elasticities(*(np.arange(2.0) for _ in range(2)), np.arange(2), np.arange(2), *(np.arange(2.0),) * 4)
    kept = ItemElasticities(ElasticityConfig(spread=0.4), np.array(["a", "c"]), found)
    kept.save(tmp_path)
    again = ItemElasticities.load(tmp_path)
    assert again.config == kept.config
    assert again.rows_of(np.array(["b", "c", "d", "a"])).tolist() == [-1, 1, -1, 0]
    np.testing.assert_array_equal(again.found.mean, found.mean)
    with np.load(tmp_path / "elasticities.npz") as arrays:
        np.savez(tmp_path / "elasticities.npz", **{**arrays, "item_ids": np.array(["a"])})
    with pytest.raises(ValueError, match="1 ids, 2 items, manifest 2 items"):
        ItemElasticities.load(tmp_path)
