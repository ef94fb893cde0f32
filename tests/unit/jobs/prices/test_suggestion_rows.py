"""Price rows: each missing input is named and gives no figure, and the reason names what decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from jobs.prices.config import SuggestPricesConfig
from jobs.prices.price_facts import PriceFacts
from jobs.prices.suggestion_rows import missing, price_rows
from models.pricing.best_price import ElasticityInterval, PricingConfig
from schemas.tables import PRICE_SUGGESTIONS

NEEDS = SuggestPricesConfig()
FITTED = dt.date(2026, 1, 4)
FIGURES = (
    "suggested_price",
    "change",
    "elasticity",
    "elasticity_low",
    "elasticity_high",
    "gain",
    "gain_low",
    "gain_high",
    "units_a_week",
    "weeks_of_cover",
    "is_inelastic",
)


def complete_facts(items: int = 1) -> PriceFacts:
    """Items with complete facts, whose price could rise."""

    def each(value: object) -> np.ndarray:
        return np.full(items, value, object if isinstance(value, str) else type(value))

    return PriceFacts(
        item_ids=np.array([f"i{n}" for n in range(items)]),
        price=each(10.0),
        cost=each(6.0),
        currency=each("EUR"),
        stock=each(100.0),
        competitor=each(np.nan),
        sold_in=each("EUR"),
        several_currencies=each(False),
        units_a_week=each(20.0),
        elasticity=ElasticityInterval(each(-1.5), each(-1.7), each(-1.3)),
        weeks=each(40),
        prices=each(4),
        units=each(800.0),
    )


def interval(*ends: float) -> ElasticityInterval:
    return ElasticityInterval(*(np.array([end]) for end in ends))


def row(facts: PriceFacts, config: PricingConfig | None = None, fitted_on: dt.date | None = FITTED) -> dict:
    table = price_rows(facts, config or PricingConfig(), NEEDS, fitted_on)
    assert tuple(table.column_names) == PRICE_SUGGESTIONS.names
    return table.to_pylist()[0]


def test_a_suggestion_names_its_evidence():
    suggestion = row(complete_facts())
    assert suggestion["status"] == "suggest"
    assert suggestion["suggested_price"] == pytest.approx(11.0)  # 10.00 ends like all prices of this shop
    assert suggestion["change"] == pytest.approx(0.1)
    assert suggestion["gain_low"] > 0
    assert suggestion["weeks_of_cover"] == pytest.approx(5.0)
    assert suggestion["reason"].startswith("20.0 units a week; elasticity -1.50, between -1.70 and -1.30: +")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": np.array([np.nan])}, "the catalogue has no price for it"),
        ({"cost": np.array([np.nan])}, "its cost is not known"),
        ({"several_currencies": np.array([True])}, "its prices were in several currencies"),
        ({"sold_in": np.array(["USD"], object)}, "it was sold in another currency than the catalogue's price is in"),
        ({"weeks": np.array([0])}, "it was not sold at a known price in the weeks before the fit of 2026-01-04"),
        ({"weeks": np.array([7])}, "fewer than 8 weeks on sale at a known price"),
        ({"prices": np.array([1])}, "its price has never changed, so the effect of a change is not known"),
        ({"units": np.array([9.0])}, "fewer than 10 units sold"),
        ({"units_a_week": np.array([np.nan])}, "it could not be bought in the last 8 weeks"),
    ],
)
def test_missing_inputs_are_named_and_no_figure_is_guessed(change, reason):
    suggestion = row(replace(complete_facts(), **change))
    assert (suggestion["status"], suggestion["reason"]) == ("not enough data", reason)
    assert [suggestion[name] for name in FIGURES] == [None] * len(FIGURES)


def test_without_a_fit_all_rows_say_so():
    suggestion = row(complete_facts(), fitted_on=None)
    assert (suggestion["status"], suggestion["fitted_on"]) == ("not enough data", None)
    assert suggestion["reason"] == "the shop has fewer than 8 whole weeks of sales"


def test_of_several_reasons_the_first_is_given():
    facts = replace(complete_facts(2), price=np.array([np.nan, 10.0]), cost=np.array([np.nan, 6.0]))
    assert missing(facts, NEEDS, FITTED) == ["the catalogue has no price for it", None]


def test_an_unknown_currency_contradicts_nothing():
    suggestion = row(replace(complete_facts(), currency=np.array([None], object)))
    assert suggestion["status"] == "suggest"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost": np.array([14.0])}, "a margin of 10% needs 15.56, a rise may only reach 11.00"),
        ({"elasticity": interval(-2.5, -4.5, -0.5)}, "no price from 8.50 to 11.00 is sure to"),
        ({"elasticity": interval(-0.5, -0.9, -0.1)}, "inelastic: a higher price always looks better"),
        ({"stock": np.array([20.0])}, "stock lasts 1.0 weeks, so no cut was allowed"),
        ({"stock": np.array([800.0])}, "stock lasts 40 weeks, so a cut of 30% was allowed"),
        ({"competitor": np.array([10.5])}, "a competitor sells at 10.50, so no rise above 10.50 was allowed"),
    ],
)
def test_the_reason_names_what_decided(change, words):
    assert words in row(replace(complete_facts(), **change))["reason"]


def test_no_items_are_no_rows():
    facts = complete_facts(0)
    assert price_rows(facts, PricingConfig(), NEEDS, FITTED).num_rows == 0
