"""choose_offers in Spark: facts and conditions, several nights of a small handmade lake, and the sample shop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from jobs.experiments import judge_experiments
from jobs.offers import account_facts, budgets, choose_offers, eligible, inputs, outcomes, preview_campaigns
from jobs.publishing.check_tables import main as check
from jobs.runtime.gate import broken_rules
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.experiments.assignment import assign
from schemas.campaigns.campaign import Campaign, Condition
from schemas.campaigns.reading import load_campaigns
from schemas.table import Table
from schemas.tables import (
    BANDIT_MOVES,
    CAMPAIGN_OUTCOMES,
    CLEAN_EVENTS,
    INTEREST,
    ITEMS,
    OFFER_PARITY,
    OFFERS,
    RECOMMENDATIONS,
    USERS,
    WITHHELD_OFFERS,
)
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.propensities import PROPENSITIES
from tests.sample import THIRD, Sample, put
from tests.unit.schemas.campaigns.campaign_file import CART, campaign_file

DAY = dt.date(2026, 3, 10)
EVERYBODY = {"hold_out": 0.0}


class Shop:
    """A lake with two items; a test gives it the inputs of each night."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(str(folder / "lake"))
        self.file = folder / "campaigns.toml"
        self.file.write_text(campaign_file(), "utf-8")
        self.items = [self.item("lamp", price=100.0, cost=40.0), self.item("vase", price=50.0, cost=20.0)]

    @staticmethod
    def item(name: str, **columns: Any) -> dict[str, Any]:
        return {"item_id": name, "category": "Home", "currency": "EUR", "is_active": True, "updated_on": DAY, **columns}

    def night(
        self,
        users: list[dict],
        carts: Sequence[tuple[str, str]] = (),
        day: dt.date = DAY,
        bought: Sequence[str] = (),
        **settings: Any,
    ) -> Night:
        """A night whose inputs are written and whose offers are not made yet.

        users: columns of portraits, chances and accounts. carts: (user, item) of the day before. bought: users who buy
        a vase today.
        """
        offers = {"campaigns": str(self.file)} | EVERYBODY | settings
        night = Night(day, self.lake, "001", Settings({"offers": offers}))
        night.begin("choose_offers")
        portrait = {"tenure_days": 100, "frequency": 2, "monetary": 240.0, "sessions": 3, "stage": "active"}
        put(night, USER_PROFILES, [portrait | user for user in users])
        put(night, USERS, [{"updated_on": day} | user for user in users])
        put(night, PROPENSITIES, [{"buys_7d": 0.2, "method": "test"} | user for user in users])
        put(night, ITEMS, self.items)
        put(night, RECOMMENDATIONS, [])
        put(
            night,
            INTEREST,
            [{"user_id": u, "item_id": i, "interest": 1.0, "purchases": 0.0, "purchase_orders": 0} for u, i in carts],
        )
        yesterday = dt.datetime.combine(day - dt.timedelta(days=1), dt.time(12), dt.UTC)
        events = [("cart", yesterday, user, item) for user, item in carts]
        events += [("purchase", yesterday + dt.timedelta(days=1), user, "vase") for user in bought]
        put(
            night,
            CLEAN_EVENTS,
            [
                {
                    "event_id": f"{when}{u}{i}",
                    "user_id": u,
                    "item_id": i,
                    "event_type": kind,
                    "event_time": when,
                    "event_date": when.date(),
                    "quantity": 1.0,
                }
                for kind, when, u, i in events
            ],
        )
        return night

    def run(self, *args: Any, **settings: Any) -> dict[str, list[dict]]:
        """Runs the job for a night and makes its tables current. Returns the offers by account."""
        night = self.night(*args, **settings)
        choose_offers.main(night)
        for table in (OFFERS, WITHHELD_OFFERS, OFFER_PARITY, CAMPAIGN_OUTCOMES):
            self.lake.make_current(night.version(table))
        by_account: dict[str, list[dict]] = {}
        for row in night.versions(OFFERS).tonight().arrow().to_pylist():
            by_account.setdefault(row["user_id"], []).append(row)
        return by_account


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def lapsed(name: str, **more: Any) -> dict[str, Any]:
    return {"user_id": name, "stage": "lapsed", "recency_days": 80, **more}


def test_three_nights_of_a_shop(shop: Shop) -> None:
    """Who meets a campaign's conditions, which offers stand or end, what is spent, and what the hold-out measured."""
    users = [lapsed(f"u{n:02}") for n in range(40)] + [{"user_id": "c1"}, {"user_id": "c2", "stage": "new"}]
    users += [lapsed("t1", email="same", frequency=1), lapsed("t2", email="same", frequency=9)]
    carts = [("c1", "lamp"), ("c2", "vase")]
    first_accounts = [u["user_id"] for u in users[:-1]] + ["t1"]  # t2 is in the arm of t1, the same person
    arms = assign(first_accounts, "offers hold-out", "offers", {"held_out": 0.4, "offer": 0.6})
    held_out = {u["user_id"] for u, arm in zip(users, arms, strict=True) if arm == "held_out"}
    settings = {"hold_out": 0.4, "outcome_days": 1, "least_users": 10, "prior_users": 1.0, "salt": "offers"}
    first = shop.run(users, carts, **settings)
    may_get_offers = {u["user_id"] for u in users} - {"t1"}
    assert set(first) == may_get_offers - held_out
    assert {row["offered_on"] for rows in first.values() for row in rows} == {DAY}

    # The lamp is sold out, so offers on it end. Half of the users with an offer buy, and no held-out user does.
    shop.items[0]["stock"] = 0.0
    buyers = sorted(user for user in first if user.startswith("u"))[::2]
    second = shop.run(users, (), DAY + dt.timedelta(days=1), bought=buyers, **settings)
    assert set(second) == set(first) - {"c1"}
    assert {row["offered_on"] for rows in second.values() for row in rows} == {DAY}

    night = shop.night(users, (), DAY + dt.timedelta(days=1), bought=buyers, **settings)
    config = night.settings.section("offers")
    earlier = inputs.earlier_offers(night, 28)
    rates = outcomes.measured_rates(outcomes.count_outcomes(night, earlier, config), config)
    assert rates["back"].with_offer == pytest.approx(0.5, abs=0.1)
    assert rates["back"].without < 0.1
    campaigns = load_campaigns(str(shop.file))
    offered = sum(len(rows) for rows in first.values())
    all_offers = shop.lake.current(WITHHELD_OFFERS, DAY).rows + offered
    booked = budgets.bookings(earlier)
    budget = budgets.lines_left(night.date, campaigns, booked)["main"]
    assert budget.worst == pytest.approx(1000 - 10 * all_offers, abs=5 * 2)  # the vase's coupon is 5
    shop.file.write_text(campaign_file(currency="USD"), "utf-8")
    with pytest.raises(ValueError, match="budget line main has offers in EUR of the last 7 days"):
        budgets.lines_left(night.date, load_campaigns(str(shop.file)), booked)


def test_an_offer_older_than_uplift_days_is_not_counted_though_a_budget_still_sees_it(shop: Shop) -> None:
    """Purchases are read for `uplift_days` only: an older offer would count as one after which nobody bought."""
    users = [lapsed(f"u{number}") for number in range(4)]
    shop.run(users)
    shop.night(users, (), DAY + dt.timedelta(days=1), bought=["u1"])

    def counted(uplift_days: int) -> outcomes.Counts:
        night = shop.night(users, (), DAY + dt.timedelta(days=10), outcome_days=1, uplift_days=uplift_days)
        return outcomes.count_outcomes(night, inputs.earlier_offers(night, 28), night.settings.section("offers"))

    assert counted(10) == {("back", "offer"): outcomes.ArmCount(4, 1)}
    assert counted(9) == {}


def test_the_line_goes_to_the_campaign_that_gains_most_for_its_money(shop: Shop) -> None:
    """Two nights of offers and purchases move the shares, and the third spends by them; a rerun moves them equally."""
    shop.file.write_text(campaign_file(amount=850, learns=True), "utf-8")
    settings = {"hold_out": 0.4, "outcome_days": 1, "least_users": 10, "prior_users": 10.0}
    users = [lapsed(f"u{n:02}") for n in range(40)] + [{"user_id": f"c{n:02}"} for n in range(40)]
    carts = [(f"c{n:02}", "vase") for n in range(40)]
    first = shop.run(users, carts, **settings)
    assert judged(shop, DAY) == {"back": (0.5, 0.5), "cart": (0.5, 0.5)}  # no outcome window is over yet

    # All users with a coupon on an order (10) buy; users with a coupon on the vase (5) do not.
    day = DAY + dt.timedelta(days=1)
    buyers = sorted(user for user in first if user.startswith("u"))
    shop.run(users, (), day, bought=buyers, **settings)
    moved = judged(shop, day)
    assert moved == {"back": (0.5, pytest.approx(0.55)), "cart": (0.5, pytest.approx(0.45))}
    rerun = shop.night(users, (), day, bought=buyers, **settings)
    rerun.run = "002"
    choose_offers.main(rerun)
    shop.lake.make_current(rerun.version(CAMPAIGN_OUTCOMES))  # judge_experiments reads only versions that passed a gate
    judge_experiments.main(rerun)
    for table in (OFFERS, CAMPAIGN_OUTCOMES, BANDIT_MOVES):
        earlier = shop.lake.version(table, day, "001")
        assert rerun.version(table).run == "002"
        assert rerun.versions(table).tonight().arrow().equals(rerun.versions(table).of([earlier]).arrow()), table.name

    third = shop.night([lapsed(f"v{n:02}") for n in range(40)], (), day + dt.timedelta(days=1), **settings)
    choose_offers.main(third)
    facts = third._facts["campaigns"]["back"]
    assert facts["refused"] == {"campaign_share": 34}  # 467.50 of 850, of which the first night took 400
    assert facts["offered"] + facts["withheld"] == 6
    rows = {row["campaign"]: row for row in third.versions(CAMPAIGN_OUTCOMES).tonight().arrow().to_pylist()}
    assert {name: row["share"] for name, row in rows.items()} == {name: after for name, (_, after) in moved.items()}
    assert rows["back"]["buyers_offered"] == rows["back"]["users_offered"] == len(buyers)
    assert rows["back"]["buyers_withheld"] == rows["cart"]["buyers_offered"] == 0


def judged(shop: Shop, day: dt.date) -> dict[str, tuple[float, float]]:
    """Runs judge_experiments and its gate. Returns campaign -> (its share that day, its share the day after)."""
    settings = {"hold_out": 0.4, "outcome_days": 1, "least_users": 10, "prior_users": 10.0}
    night = Night(day, shop.lake, "001", Settings({"offers": settings}))
    night.begin("judge_experiments")
    judge_experiments.main(night)
    version = night.version(BANDIT_MOVES)
    assert broken_rules(night, BANDIT_MOVES, version, 10**6)[1] == []
    shop.lake.make_current(version)
    return {
        row["what"]: (row["before"], row["after"]) for row in night.versions(BANDIT_MOVES).tonight().arrow().to_pylist()
    }


def test_conditions_mean_the_same_in_spark_as_in_examples(spark: SparkSession) -> None:
    values = [None, 0, 1, 2, 5]
    rows = [(a, b) for a in values for b in [None, "x", "it's", "y"]]
    frame = spark.createDataFrame(rows, "frequency int, stage string")
    for condition in (
        Condition("frequency", least=1.0),
        Condition("frequency", most=1.0),
        Condition("frequency", (0, 5)),
        Condition("frequency", least=1.0, most=2.0),
        Condition("stage", ("it's", "x")),
        Condition("stage"),
        Condition("stage", must_be_known=False),
    ):
        matching = {tuple(row) for row in frame.where(condition.sql).collect()}
        assert matching == {(a, b) for a, b in rows if condition.holds({"frequency": a, "stage": b})}, condition.sql


def test_facts_of_items_are_counted_from_events(spark: SparkSession) -> None:
    def event(kind: str, days: int, price: float | None = None, user: str = "u1") -> tuple:
        time = dt.datetime.combine(DAY - dt.timedelta(days=days), dt.time(9), dt.UTC)
        return user, "lamp", kind, time, time.date(), price

    columns = "user_id string, item_id string, event_type string, event_time timestamp, event_date date, price double"
    interest = spark.createDataFrame(
        [("u1", "lamp", 3.0, 0.0, 0, None), ("u1", "vase", 1.0, 2.0, 2, DAY)],
        "user_id string, item_id string, interest double, purchases double, "
        "purchase_orders bigint, last_purchase_on date",
    )
    items = spark.createDataFrame(
        [("lamp", "Home", None, 80.0, True, None), ("vase", "Home", None, 20.0, True, None)],
        "item_id string, category string, is_replenishable boolean, price double, is_active boolean, stock double",
    )
    campaigns = load_campaigns("sample_shop").campaigns

    def facts(events: list[tuple]) -> dict[str, dict]:
        pairs = account_facts.pair_facts(spark.createDataFrame(events, columns), interest, items, campaigns, DAY)
        return {row["item_id"]: row.asDict() for row in pairs.collect()}

    by_item = facts([event("view", 1), event("view", 3), event("cart", 2), event("wishlist", 4, 100.0)])
    lamp, vase = by_item["lamp"], by_item["vase"]
    assert (lamp["views"], lamp["view_days"], lamp["cart_days"], lamp["wish_days"]) == (2, 1, 2, 4)
    assert (lamp["price_drop"], lamp["item_share"], lamp["bought_days"]) == (pytest.approx(0.2), 0.75, None)
    assert (vase["bought_days"], vase["is_replenishable"], vase["cart_days"]) == (0, True, None)
    bought = facts([event("cart", 2), event("purchase", 1)])["lamp"]
    assert bought["cart_days"] is None  # a cart ends when its item is bought


def test_an_offer_is_on_what_its_campaign_says_and_within_its_scope(spark: SparkSession) -> None:
    common = {"budget": "main", "who": (Condition("frequency", least=1.0),), "not_categories": ("Home > Lamps",)}
    campaigns = [
        Campaign("all", "member_exclusive", "main"),
        Campaign("top", "member_exclusive", on="top_category", **common),
        Campaign("first", "birthday", on="recommended", **common),
    ]
    portraits = [
        ("u1", "gold", 3, 90.0, "Home > Vases", "active"),
        ("u2", "gold", 0, 0.0, "Home > Lamps", "new"),
        ("u3", "gold", 2, 10.0, "Home > Lamps > Small", "active"),
    ]
    columns = ("user_id", "member_level", "frequency", "monetary", "top_category", "stage")
    nulls = {c.name: None for c in USER_PROFILES.columns}
    rows = [
        tuple((nulls | dict(zip(columns, portrait, strict=True)))[name] for name in USER_PROFILES.names)
        for portrait in portraits
    ]
    profiles = spark.createDataFrame(rows, USER_PROFILES.ddl)
    births = spark.createDataFrame([("u1", 3), ("u3", 4)], "user_id string, birth_month int")
    facts = account_facts.user_facts(profiles, spark.createDataFrame([], PROPENSITIES.ddl), births, DAY.month)
    listed = spark.createDataFrame(
        [("u1", "lamp", "Home > Lamps", 1), ("u1", "vase", "Home > Vases", 2)],
        "user_id string, item_id string, category string, rank int",
    )
    met = eligible.eligible_accounts(facts, None, listed, campaigns).collect()
    assert {(r.user_id, campaigns[r.campaign].id, r.item_id, r.category) for r in met} == {
        ("u1", "all", None, None),
        ("u2", "all", None, None),
        ("u3", "all", None, None),
        ("u1", "top", None, "Home > Vases"),  # u2 never bought, and u3's favourite is out of scope
        ("u1", "first", "vase", "Home > Vases"),  # the first in scope; u3 is born in April
    }
    assert {r.user_id: r.order_value for r in met} == {"u1": 30.0, "u2": None, "u3": 5.0}


def test_without_propensities_there_is_not_enough_data_and_the_night_goes_on(shop: Shop) -> None:
    """If the branch customers failed, offers are made as the campaigns declare for accounts without data."""
    night = shop.night([lapsed("u1")])
    shop.lake.delete("tables", PROPENSITIES.name)
    choose_offers.main(night)
    rows = night.versions(OFFERS).tonight().arrow()
    assert rows["user_id"].to_pylist() == ["u1"]
    assert rows["method"].to_pylist() == ["not enough data"]


def test_a_small_shop_needs_few_tasks_in_a_process_of_its_own(shop: Shop, spark: SparkSession) -> None:
    """A Spark session begins with 200 partitions, and persisted data keep the number they began with."""
    users = [lapsed("u1"), lapsed("u2")]
    shop.run(users)
    fresh = {"spark.sql.shuffle.partitions": "200", "spark.sql.adaptive.enabled": "true"}
    before = {key: spark.conf.get(key) for key in fresh}
    try:
        for key, value in fresh.items():
            spark.conf.set(key, value)
        spark.sparkContext.setJobGroup("offers", "the second night's")
        shop.run(users, (), DAY + dt.timedelta(days=1))
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
        for key, value in before.items():
            spark.conf.set(key, str(value))
    tracker = spark.sparkContext.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup("offers")]
    stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
    tasks = [stage.numTasks for stage in stages if stage]
    assert tasks
    assert max(tasks) < 20, tasks


def test_a_file_of_campaigns_on_items_alone(shop: Shop) -> None:
    shop.file.write_text(campaign_file(CART), "utf-8")
    offers = shop.run([lapsed("u1"), {"user_id": "c1"}], [("c1", "lamp")])
    assert {user: [row["offer_id"] for row in rows] for user, rows in offers.items()} == {"c1": ["cart"]}


def test_without_offers_the_campaigns_shares_do_not_move(shop: Shop) -> None:
    moved = {
        "kind": "campaign",
        "name": "main",
        "what": "back",
        "night": DAY,
        "reason": "r",
        "declared": 0.5,
        "before": 0.5,
        "after": 0.55,
        "low": 0.45,
        "high": 0.55,
        "trials": 9,
        "wins": 3,
        "weight": 0.0,
        "weighted": 0.0,
        "places": "",
        "core": "",
    }
    shop.night([lapsed("u1")])
    first = Night(DAY, shop.lake, "001", Settings({}))
    put(first, BANDIT_MOVES, [moved])
    day = DAY + dt.timedelta(days=1)
    shop.night([lapsed("u1")], (), day)
    assert judged(shop, day) == {"back": (0.55, 0.55)}  # no job made CAMPAIGN_OUTCOMES


@pytest.mark.parametrize("missing", [table for table, _ in inputs.INPUTS], ids=lambda table: table.name)
def test_a_missing_table_names_the_job_to_run_first(shop: Shop, missing: Table) -> None:
    night = shop.night([lapsed("u1")])
    shop.lake.delete("tables", missing.name)
    with pytest.raises(FileNotFoundError, match=f"{missing.name}, which has no partition 2026-03-10; run `python -m"):
        choose_offers.main(night)


def test_a_rule_that_looks_back_further_than_the_lake_is_refused(shop: Shop) -> None:
    with pytest.raises(ValueError, match=r"looks back 40 nights, but the lake keeps tables of 30"):
        shop.run([lapsed("u1")], contact_days=40)


def test_without_campaigns_the_tables_are_empty(shop: Shop) -> None:
    night = shop.night([lapsed("u1")], campaigns="")
    choose_offers.main(night)  # no campaigns are shipped for a source named 'shop'
    assert [night.version(t).rows for t in (OFFERS, WITHHELD_OFFERS, OFFER_PARITY, CAMPAIGN_OUTCOMES)] == [0] * 4


def test_the_sample_shop_is_offered_something_and_passes_the_gate(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = sample.copy(tmp_path / "lake")
    night = shop.night(THIRD, offers={"campaigns": "sample_shop"})
    night.begin("choose_offers")
    arguments = preview_campaigns.argparse.Namespace(
        campaigns="sample_shop", date=THIRD, lake=shop.lake.root, config=None, set=[]
    )
    assert preview_campaigns.main(arguments) == 0
    page = capsys.readouterr().out
    assert "all 19 examples come out as they say" in page
    assert "birthday              skipped: the shop knows no birthdays" in page
    assert "nothing was written" in page
    choose_offers.main(night)
    rows = night.versions(OFFERS).tonight().arrow()
    assert rows.num_rows > 50
    assert len(pc.unique(rows["kind"])) >= 3
    for name, facts in night._facts["campaigns"].items():
        assert f"{name:22}{facts['candidates']:>9,}{facts['offered']:>9,}" in page
    rerun = shop.night(THIRD, run="002", offers={"campaigns": "sample_shop"})
    rerun.begin("choose_offers")
    choose_offers.main(rerun)
    assert rerun.versions(OFFERS).tonight().arrow().equals(rows)  # the same inputs give the same table
    check(night, "offers")
