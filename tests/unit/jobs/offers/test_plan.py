"""One night's choice from rows made by hand: terms, values, guards, and the hold-out."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import Any

import pyarrow as pa
import pytest

from jobs.offers.budgets import Money
from jobs.offers.config import OffersConfig
from jobs.offers.eligible import ELIGIBLE_COLUMNS
from jobs.offers.people import People
from jobs.offers.plan import Planned, Situation, decide
from jobs.offers.shelf_prices import ShelfPrices
from jobs.runtime.shop_days import ShopDays
from models.experiments.assignment import assign
from models.offers.offer_value import BuyRates
from schemas.arrow import arrow_schema
from schemas.campaigns.reading import parse_campaigns
from schemas.tables import ITEMS, OFFERS
from tests.unit.schemas.campaigns.campaign_file import campaign_file

DAY = dt.date(2026, 3, 10)
CAMPAIGNS = parse_campaigns(tomllib.loads(campaign_file()))
BACK, CART = 0, 1  # their indexes in CAMPAIGNS


def item(name: str, **columns: Any) -> dict[str, Any]:
    return {"item_id": name, "category": "Home > Lamps", "currency": "EUR", "is_active": True, **columns}


SHELF = (item("lamp", price=100.0, cost=40.0), item("vase", price=50.0, cost=20.0))


def back(user: str, **more: Any) -> dict[str, Any]:
    return {"user_id": user, "campaign": BACK, "buys_7d": 0.2, "order_value": 120.0, "recency_days": 80, **more}


def cart(user: str, of: str = "lamp", **more: Any) -> dict[str, Any]:
    return {
        "user_id": user,
        "campaign": CART,
        "item_id": of,
        "category": "Home > Lamps",
        "buys_7d": 0.2,
        "item_share": 0.5,
        "order_value": 120.0,
        "cart_days": 1,
        **more,
    }


def decided(
    rows: list[dict],
    shelf: tuple[dict, ...] = SHELF,
    left: tuple[float, float] = (1000, 1000),
    rates: dict | None = None,
    standing: list[dict] = (),
    pairs: list[dict] = (),
    **settings: Any,
) -> Planned:
    """The choice among `rows`, without a hold-out unless a test asks for one."""
    config = OffersConfig(**({"hold_out": 0.0} | settings))
    items = pa.Table.from_pylist([{c: row.get(c) for c in ITEMS.names} for row in shelf], arrow_schema(ITEMS))
    situation = Situation(
        date=DAY,
        days=ShopDays(),
        shelf=ShelfPrices.of_items(items, "EUR", config.poor_basket),
        people=People.from_pairs(list(pairs), config),
        standing=pa.Table.from_pylist(
            [{c: row.get(c) for c in OFFERS.names} for row in standing], arrow_schema(OFFERS)
        ),
        lines_left={"main": Money(*left)},
        rates={campaign: BuyRates(*both) for campaign, both in (rates or {}).items()},
    )
    return decide(eligible_rows(rows), CAMPAIGNS, CAMPAIGNS.campaigns, situation, config)


def eligible_rows(rows: list[dict]) -> pa.Table:
    """The rows with all ELIGIBLE_COLUMNS, as Spark would give them; a column that a row lacks is null."""
    types = dict.fromkeys(ELIGIBLE_COLUMNS, pa.float64())
    types |= dict.fromkeys(("user_id", "item_id", "category", "member_level"), pa.string())
    types |= {"had_lately": pa.bool_(), "campaign": pa.int32(), "contacts": pa.int64(), "views": pa.int64()}
    types |= {"cart_days": pa.int32(), "recency_days": pa.int32()}
    full = [dict.fromkeys(types) | {"contacts": 0, "had_lately": False} | row for row in rows]
    table = pa.Table.from_pylist(full, pa.schema(types))
    return table.sort_by([("user_id", "ascending"), ("campaign", "ascending")])


def got(planned: Planned) -> list[tuple[str, str]]:
    return list(zip(planned.offers["user_id"].to_pylist(), planned.offers["offer_id"].to_pylist(), strict=True))


def test_an_offer_has_its_terms_its_value_and_its_reason() -> None:
    on_order, on_item = decided([back("u1"), cart("u2")]).offers.to_pylist()
    assert (on_order["discount_amount"], on_order["minimum_spend"], on_order["item_id"]) == (10, 100, None)
    # an order of 120 with a margin of .6, bought with chance .4 instead of .2, and 10 less of all who buy
    assert on_order["expected_value"] == pytest.approx(0.4 * (72 - 10) - 0.2 * 72)
    assert (on_order["expected_cost"], on_order["worst_cost"]) == (pytest.approx(4), 10)
    assert (on_order["method"], on_order["reason"]) == ("propensity", "last bought 80 days ago")
    # half of the account's interest is in the lamp
    assert (on_item["item_id"], on_item["discount_share"], on_item["worst_cost"]) == ("lamp", 0.1, 10)
    assert on_item["expected_value"] == pytest.approx(0.2 * (60 - 10) - 0.1 * 60)
    assert (on_item["reason"], on_item["currency"], on_item["arm"]) == ("in the cart for 1 days", "EUR", "offer")
    assert on_item["offered_on"] == DAY
    assert on_item["valid_until"] == dt.datetime(2026, 3, 13, tzinfo=dt.UTC)


def test_a_measured_rate_is_used_before_an_assumed_lift() -> None:
    (row,) = decided([back("u1", buys_7d=None)], rates={"back": (0.3, 0.1)}).offers.to_pylist()
    assert (row["method"], row["expected_value"]) == ("uplift", pytest.approx(0.3 * 62 - 0.1 * 72))
    useless = decided([back("u1")], rates={"back": (0.1, 0.1)})
    assert useless.by_campaign["back"]["refused"] == {"no_gain": 1}


def test_with_an_unknown_chance_the_whole_coupon_is_booked() -> None:
    (row,) = decided([back("u1", buys_7d=None)]).offers.to_pylist()
    assert (row["method"], row["expected_value"], row["expected_cost"]) == ("not enough data", None, 10)


def test_without_costs_there_are_no_discounts_unless_the_setting_caps_them() -> None:
    shelf = (item("lamp", price=100.0), item("vase", price=50.0))
    planned = decided([back("u1"), cart("u2")], shelf)
    assert got(planned) == []
    assert planned.by_campaign["back"]["refused"] == planned.by_campaign["cart"]["refused"] == {"unknown_cost": 1}
    rows = decided([back("u1"), cart("u2")], shelf, unknown_cost="cap", unknown_cost_cap=0.04).offers.to_pylist()
    assert [(r["discount_amount"], r["discount_share"], r["worst_cost"]) for r in rows] == [
        (4, None, 4),
        (None, 0.04, 4),
    ]
    for row in rows:
        assert (row["method"], row["expected_value"]) == ("not enough data", None)
        assert row["reason"].endswith("discount lowered, a cost is unknown")


def test_items_with_a_margin_below_the_floor_get_no_discount() -> None:
    shelf = (item("lamp", price=100.0, cost=85.0), item("vase", price=50.0, cost=60.0))
    planned = decided([cart("u1"), cart("u2", "vase"), back("u3")], shelf)
    assert planned.by_campaign["cart"]["refused"] == {"margin_floor": 2}
    assert planned.by_campaign["back"]["refused"] == {"margin_floor": 1}  # a poor basket may hold the vase
    measured = {"cart": (0.5, 0.1)}  # worth it, if the floor lets it through
    assert got(decided([cart("u1")], shelf, rates=measured)) == []
    assert got(decided([cart("u1")], shelf, rates=measured, margin_floor=0.05)) == [("u1", "cart")]


def test_mixed_currencies_are_refused() -> None:
    shelf = (*SHELF, item("book", price=30.0, cost=10.0) | {"currency": "USD"})
    planned = decided([back("u1"), cart("u2"), cart("u3", "book")], shelf)
    assert got(planned) == [("u2", "cart")]  # an order may hold the book too
    assert planned.by_campaign["back"]["refused"] == planned.by_campaign["cart"]["refused"] == {"currency": 1}


def test_an_item_without_a_price_is_not_offered() -> None:
    planned = decided([cart("u1")], (item("lamp", cost=40.0),))
    assert planned.by_campaign["cart"]["refused"] == {"currency": 1}


def test_one_person_in_two_accounts_gets_one_offer() -> None:
    shared = [("u1", "u1", 1), ("u1", "u2", 5), ("u2", "u2", 5), ("u2", "u3", 2)]
    pairs = [{"first": first, "user_id": user, "frequency": days} for first, user, days in shared]
    planned = decided([back(f"u{n}") for n in range(1, 5)], pairs=pairs)
    assert got(planned) == [("u2", "back"), ("u4", "back")]
    assert planned.by_campaign["back"]["refused"] == {"second_account": 2}


def test_held_out_accounts_get_no_offer_and_their_offers_are_stored_as_withheld() -> None:
    users = [f"u{n}" for n in range(60)]
    arms = assign(users, "offers hold-out", "offers", {"held_out": 0.5, "offer": 0.5})
    planned = decided([back(user) for user in users], hold_out=0.5)
    assert {u for u, _ in got(planned)} == {u for u, arm in zip(users, arms, strict=True) if arm == "offer"}
    assert set(planned.withheld["user_id"].to_pylist()) == {
        u for u, arm in zip(users, arms, strict=True) if arm == "held_out"
    }
    assert set(planned.withheld["arm"].to_pylist()) == {"held_out"}


def test_budgets_hold_for_expected_and_for_worst_costs() -> None:
    users = [back(f"u{n}") for n in range(20)]  # 4 expected, 10 at worst
    assert len(got(decided(users, left=(25, 1000)))) == 6
    planned = decided(users, left=(1000, 25))
    assert len(got(planned)) == 2
    assert planned.by_campaign["back"]["refused"] == {"budget": 18}
    assert planned.by_line["main"] == {"amount": 1000, "at_most": 1000, "expected_left": 992, "worst_left": 5}


def test_a_standing_offer_stays_and_bars_its_kind_and_a_recent_one_is_not_repeated() -> None:
    stands = {"user_id": "u1", "offer_id": "gone", "kind": "win_back", "arm": "offer", "worst_cost": 5.0}
    planned = decided([back("u1"), back("u2", had_lately=True), back("u3", contacts=2), back("u4")], standing=[stands])
    assert got(planned) == [("u1", "gone"), ("u4", "back")]
    assert planned.by_campaign["back"]["refused"] == {"one_of_a_kind": 1, "had_lately": 1, "contact_cap": 1}


def test_no_eligible_accounts_and_no_items_on_sale_are_no_errors() -> None:
    assert got(decided([])) == []
    assert decided([back("u1"), cart("u2")], shelf=()).by_campaign["back"]["refused"] == {"unknown_cost": 1}
