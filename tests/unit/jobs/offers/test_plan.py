"""One night's choice from rows made by hand: terms, values, guards, the hold-out, and what a row says of itself."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs.offers import plan
from jobs.offers.account_facts import FOUND
from jobs.offers.parity import judged
from jobs.offers.plan import Known, People, Planned, decide
from jobs.offers.terms import OffersConfig, Shelf, reason_of
from jobs.runtime.shop_days import ShopDays
from models.experiments.analysis import assign
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import ITEM_KINDS, parse_campaigns
from schemas.tables import ITEMS, OFFERS
from schemas.tables.profiles import OFFER_KINDS

DAY = dt.date(2026, 3, 10)
CAMPAIGNS = parse_campaigns(
    tomllib.loads("""
currency = "EUR"
[budget.main]
amount = 1000
days = 7
[[campaign]]
id = "back"
kind = "win_back"
budget = "main"
discount_amount = 10
minimum_spend = 100
assumed_lift = 1.0
[[campaign.example]]
that = "a lapsed gold member gets it"
facts = { stage = "lapsed", member_level = "gold" }
gets = true
[[campaign.example]]
that = "a new user does not"
facts = { stage = "new" }
gets = false
[[campaign]]
id = "cart"
kind = "abandoned_cart"
budget = "main"
discount_share = 0.1
max_discount = 20
valid_days = 2
assumed_lift = 1.0
[[campaign.example]]
that = "in the cart since yesterday"
facts = { cart_days = 1 }
gets = true
[[campaign.example]]
that = "never put there"
facts = { stage = "active" }
gets = false
""")
)
BACK, CART = 0, 1


def item(name: str, **said: Any) -> dict[str, Any]:
    return {"item_id": name, "category": "Home > Lamps", "currency": "EUR", "is_active": True, **said}


SHELF = (item("lamp", price=100.0, cost=40.0), item("vase", price=50.0, cost=20.0))


def back(user: str, **more: Any) -> dict[str, Any]:
    return {"user_id": user, "campaign": BACK, "buys_7d": 0.2, "order_value": 120.0, "recency_days": 80, **more}


def cart(user: str, of: str = "lamp", **more: Any) -> dict[str, Any]:
    return {"user_id": user, "campaign": CART, "item_id": of, "category": "Home > Lamps", "buys_7d": 0.2,
            "item_share": 0.5, "order_value": 120.0, "cart_days": 1, **more}  # fmt: skip


def decided(
    rows: list[dict], shelf: tuple[dict, ...] = SHELF, left: tuple[float, float] = (1000, 1000),
    rates: dict | None = None, standing: list[dict] = (), pairs: list[dict] = (), **settings: Any,
) -> Planned:  # fmt: skip
    """The choice among `rows`, without a hold-out unless a test asks for one."""
    config = OffersConfig(**({"hold_out": 0.0} | settings))
    text = ("user_id", "item_id", "category", "member_level")
    types = {name: pa.string() if name in text else pa.bool_() if name == "had" else pa.float64() for name in FOUND}
    types |= {"campaign": pa.int32(), "contacts": pa.int64(), "views": pa.int64(), "cart_days": pa.int32(),
              "recency_days": pa.int32()}  # fmt: skip
    full = [{"contacts": 0, "had": False} | row for row in rows]
    schema = pa.schema([(name, types[name]) for name in FOUND])
    found = pa.Table.from_pylist([{name: row.get(name) for name in FOUND} for row in full], schema)
    found = found.sort_by([("user_id", "ascending"), ("campaign", "ascending")])
    items = pa.Table.from_pylist([{c: row.get(c) for c in ITEMS.names} for row in shelf], arrow_schema(ITEMS))
    stands = pa.Table.from_pylist([{c: row.get(c) for c in OFFERS.names} for row in standing], arrow_schema(OFFERS))
    known = Known(Shelf.of(items, "EUR", config.poor_basket), People.among(list(pairs), config), rates or {},
                  {"main": left}, stands, ShopDays())  # fmt: skip
    return decide(DAY, CAMPAIGNS, CAMPAIGNS.campaigns, {}, found, known, config)


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


def test_what_was_measured_goes_before_what_was_assumed() -> None:
    (row,) = decided([back("u1", buys_7d=None)], rates={"back": (0.3, 0.1)}).offers.to_pylist()
    assert (row["method"], row["expected_value"]) == ("uplift", pytest.approx(0.3 * 62 - 0.1 * 72))
    useless = decided([back("u1")], rates={"back": (0.1, 0.1)})
    assert useless.facts["back"]["refused"] == {"no_gain": 1}


def test_where_chances_are_unknown_the_row_says_so_and_the_whole_coupon_is_booked() -> None:
    (row,) = decided([back("u1", buys_7d=None)]).offers.to_pylist()
    assert (row["method"], row["expected_value"], row["expected_cost"]) == ("not enough data", None, 10)


def test_no_costs_no_discounts_unless_the_setting_caps_them() -> None:
    shelf = (item("lamp", price=100.0), item("vase", price=50.0))
    planned = decided([back("u1"), cart("u2")], shelf)
    assert got(planned) == []
    assert planned.facts["back"]["refused"] == planned.facts["cart"]["refused"] == {"unknown_cost": 1}
    rows = decided([back("u1"), cart("u2")], shelf, unknown_cost="cap", unknown_cost_cap=0.04).offers.to_pylist()
    assert [(r["discount_amount"], r["discount_share"], r["worst_cost"]) for r in rows] == [
        (4, None, 4),
        (None, 0.04, 4),
    ]
    for row in rows:
        assert (row["method"], row["expected_value"]) == ("not enough data", None)
        assert row["reason"].endswith("discount lowered, a cost is unknown")


def test_margins_below_the_floor_or_below_nothing_get_no_discount() -> None:
    shelf = (item("lamp", price=100.0, cost=85.0), item("vase", price=50.0, cost=60.0))
    planned = decided([cart("u1"), cart("u2", "vase"), back("u3")], shelf)
    assert planned.facts["cart"]["refused"] == {"margin_floor": 2}
    assert planned.facts["back"]["refused"] == {"margin_floor": 1}  # a poor basket may hold the vase
    measured = {"cart": (0.5, 0.1)}  # worth it, if the floor lets it through
    assert got(decided([cart("u1")], shelf, rates=measured)) == []
    assert got(decided([cart("u1")], shelf, rates=measured, margin_floor=0.05)) == [("u1", "cart")]


def test_mixed_currencies_are_refused() -> None:
    shelf = (*SHELF, item("book", price=30.0, cost=10.0) | {"currency": "USD"})
    planned = decided([back("u1"), cart("u2"), cart("u3", "book")], shelf)
    assert got(planned) == [("u2", "cart")]  # an order may hold the book too
    assert planned.facts["back"]["refused"] == planned.facts["cart"]["refused"] == {"currency": 1}


def test_an_item_without_a_price_is_not_offered() -> None:
    planned = decided([cart("u1")], (item("lamp", cost=40.0),))
    assert planned.facts["cart"]["refused"] == {"currency": 1}


def test_one_person_in_two_accounts_gets_one_offer_and_is_in_one_arm() -> None:
    shared = [("u1", "u1", 1), ("u1", "u2", 5), ("u2", "u2", 5), ("u2", "u3", 2)]
    pairs = [{"first": first, "user_id": user, "frequency": days} for first, user, days in shared]
    planned = decided([back(f"u{n}") for n in range(1, 5)], pairs=pairs)
    assert got(planned) == [("u2", "back"), ("u4", "back")]
    assert planned.facts["back"]["refused"] == {"second_account": 2}
    for salt in range(20):
        people = People.among(pairs, OffersConfig(hold_out=0.5, salt=str(salt)))
        assert len(set(people.held_out(["u1", "u2", "u3"]).tolist())) == 1


def test_the_held_out_get_none_and_are_remembered_as_those_who_would_have() -> None:
    users = [f"u{n}" for n in range(60)]
    arms = assign(users, "offers hold-out", "offers", {"held_out": 0.5, "offer": 0.5})
    planned = decided([back(user) for user in users], hold_out=0.5)
    assert {u for u, _ in got(planned)} == {u for u, arm in zip(users, arms, strict=True) if arm == "offer"}
    assert set(planned.withheld["user_id"].to_pylist()) == {
        u for u, arm in zip(users, arms, strict=True) if arm == "held_out"
    }
    assert set(planned.withheld["arm"].to_pylist()) == {"held_out"}


def test_budgets_hold_for_what_is_expected_and_for_the_worst() -> None:
    users = [back(f"u{n}") for n in range(20)]  # 4 expected, 10 at worst
    assert len(got(decided(users, left=(25, 1000)))) == 6
    planned = decided(users, left=(1000, 25))
    assert len(got(planned)) == 2
    assert planned.facts["back"]["refused"] == {"budget": 18}
    assert planned.budgets["main"] == {"amount": 1000, "at_most": 1000, "expected_left": 992, "worst_left": 5}


def test_what_stands_stays_and_bars_its_kind_and_what_was_had_lately_waits() -> None:
    stands = {"user_id": "u1", "offer_id": "gone", "kind": "win_back", "arm": "offer", "worst_cost": 5.0}
    planned = decided([back("u1"), back("u2", had=True), back("u3", contacts=2), back("u4")], standing=[stands])
    assert got(planned) == [("u1", "gone"), ("u4", "back")]
    assert planned.facts["back"]["refused"] == {"one_of_a_kind": 1, "had_lately": 1, "contact_cap": 1}


def test_nobody_to_offer_to_and_nothing_on_sale_are_no_faults() -> None:
    assert got(decided([])) == []
    assert decided([back("u1"), cart("u2")], shelf=()).facts["back"]["refused"] == {"unknown_cost": 1}


@pytest.mark.parametrize("kind", OFFER_KINDS)
def test_every_kind_has_its_reason(kind: str) -> None:
    days = dict.fromkeys(("recency_days", "views", "view_days", "cart_days", "wish_days", "bought_days"), 3)
    said = reason_of(kind, days | {"member_level": "gold", "price_drop": 0.12})
    assert said
    assert "{" not in said
    assert kind in ITEM_KINDS or "None" not in said


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"margin_floor": -0.1},
            "margin_floor must be 0 or more and below 1, not -0.1 .*a negative one sells at a loss",
        ),
        ({"hold_out": 1.0}, "hold_out must be 0 or more and below 1"),
        ({"contacts": 0}, "contacts must be 1 or more"),
        ({"unknown_cost": "guess"}, "unknown_cost must be one of refuse, cap, not 'guess'"),
        ({"outcome_days": 40}, "outcome_days 40 must not be above uplift_days 28"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OffersConfig(**wrong)


def test_parity_compares_groups_and_says_where_it_cannot() -> None:
    def row(attribute: str, group: str, users: int, hits: int) -> dict[str, Any]:
        return {"attribute": attribute, "group": group, "users": users, "users_with_offer": hits, "total": 10.0 * hits,
                "squares": 100.0 * hits}  # fmt: skip

    table = judged([row("gender", "f", 400, 100), row("gender", "m", 400, 40), row("gender", "x", 5, 5),
                    row("country", "FR", 405, 70), row("country", "DE", 400, 75),
                    row("age_band", "unknown", 805, 145)], least=30)  # fmt: skip
    rows = {(r["attribute"], r["group"]): r for r in table.to_pylist()}
    assert (rows["gender", "f"]["verdict"], rows["gender", "f"]["share"]) == ("more than others", 0.25)
    assert (rows["gender", "m"]["verdict"], rows["gender", "m"]["mean_discount"]) == ("less than others", 10.0)
    assert rows["gender", "f"]["share_low"] < 0.25 < rows["gender", "f"]["share_high"]
    assert (rows["gender", "x"]["verdict"], rows["gender", "x"]["share"]) == ("not enough data", None)
    assert rows["country", "FR"]["verdict"] == "as others"
    assert rows["age_band", "unknown"]["verdict"] == "not enough data"  # no ages at all: nobody to compare with
    assert judged([], least=30).num_rows == 0


def test_only_portraits_and_the_parity_report_read_gender_and_age() -> None:
    """Not offers and prices, and not what these rest on: segments, chances, tastes."""
    named = re.compile(r"""["'](gender|age|age_band)["']""")
    rooms = Path(plan.__file__).parents[2]
    code = [
        path for room in ("jobs", "models") for path in (rooms / room).rglob("*.py") if "sample_shop" not in path.parts
    ]
    readers = {path.name for path in code if named.search(path.read_text("utf-8"))}
    makes_and_shows, reads_years_in_texts = {"update_profiles.py", "portrait.py"}, {"figure_claims.py"}
    proposes_mappings = {"source_guess.py", "source_words.py", "source_toml.py"}  # of columns, not of people
    assert readers - makes_and_shows - reads_years_in_texts - proposes_mappings == {"parity.py"}
