"""Segments: points, numbers that stay, names that differ, rules and classes by their definitions."""

from __future__ import annotations

import dataclasses
import datetime as dt
from html.parser import HTMLParser

import numpy as np
import pytest
from pyspark.sql import SparkSession

from jobs.customers import segment_tables, segment_users, segments_picture
from models.customers.segment_names import LEAST_TRUE, name_segments
from models.customers.segments import (
    Segments,
    SegmentsConfig,
    apart,
    family_weights,
    matched,
    moved_centres,
)
from schemas.tables import SEGMENT_RULES, USER_PROFILES, USER_TASTES
from tests.unit.models.customers.places import blobs

CONFIG = SegmentsConfig(rule_users=2)


def a_model(centres: np.ndarray, ids: np.ndarray, next_id: int, config: SegmentsConfig = CONFIG) -> Segments:
    size = centres.shape[1]
    one = np.ones(size)
    return Segments(
        config=config, features=tuple(f"f{n}" for n in range(size)), middles=0 * one, mean=0 * one, scale=one,
        weights=one, components=np.eye(size), centres=centres, ids=ids, of_buyers=np.ones(len(ids), np.bool_),
        next_id=next_id, accounts=100, names=tuple((f"s{n}", f"分{n}") for n in ids),
        traits=tuple(("", "") for _ in ids),
    )  # fmt: skip


def test_a_stored_model_is_the_same_model(tmp_path) -> None:
    model = a_model(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([3, 5]), 6)
    model.save(tmp_path)
    back = Segments.load(tmp_path)
    for field in dataclasses.fields(Segments):
        assert np.array_equal(getattr(model, field.name), getattr(back, field.name)), field.name


def test_the_nearest_centre_and_nothing_known_is_the_middle() -> None:
    model = a_model(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([3, 5]), 6)
    assert model.assign(np.array([[0.2, 0.0], [1.7, 0.1], [np.nan, np.nan], [99.0, 0.0]])).tolist() == [3, 5, 3, 5]


def test_at_the_border_an_account_stays_and_beyond_it_the_account_moves() -> None:
    model = a_model(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([3, 5]), 6, SegmentsConfig(stay_within=0.15))
    rows = np.array([[1.05, 0.0]] * 4 + [[1.3, 0.0]])
    assert model.assign(rows, np.array([3, 5, -1, 4, 3])).tolist() == [3, 5, 5, 5, 5]  # 4: a segment that is no more


def test_numbers_follow_their_people() -> None:
    old = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    ids, next_id = matched(np.array([[0.1, 5.2], [0.2, 0.1], [5.1, 0.3]]), old, np.array([1, 2, 7]), 8)
    assert (ids.tolist(), next_id) == ([7, 1, 2], 8)


def test_a_segment_of_other_people_gets_a_new_number() -> None:
    old = np.array([[0.0, 0.0], [5.0, 0.0]])
    ids, next_id = matched(np.array([[0.0, 0.1], [40.0, 40.0], [5.0, 0.1]]), old, np.array([1, 4]), 6)
    assert (ids.tolist(), next_id) == ([1, 6, 4], 7)
    ids, next_id = matched(np.array([[0.0, 0.1], [40.0, 40.0]]), old, np.array([1, 4]), 6)  # 4 retires, 6 is new
    assert (ids.tolist(), next_id) == ([1, 6], 7)


def test_moved_centres_go_where_their_rows_went() -> None:
    moved = moved_centres(blobs([(1.0, 1.0), (6.0, 1.0)]), np.array([[0.0, 0.0], [5.0, 0.0], [90.0, 90.0]]))
    assert np.allclose(moved[:2], [[1.0, 1.0], [6.0, 1.0]], atol=0.1)
    assert moved[2].tolist() == [90.0, 90.0]  # nobody is near it


def test_tastes_of_a_kind_count_as_one_feature() -> None:
    weights = family_weights(("money", "hour=night", "hour=evening", "category=A"))
    assert weights.tolist() == pytest.approx([1.0, 2**-0.5, 2**-0.5, 1.0])


def test_names_say_what_sets_a_segment_apart_and_differ() -> None:
    features = ("money", "recency", "category=Home", "hour=night")
    unknown = np.nan
    rows = ([1.5, -0.8, 0.0, 0.1], [1.2, -0.9, 0.0, 0.6], [0.0] * 4, [0.1] * 4, [unknown, unknown, 1.0, 0.0])
    members = [np.array([row]) for row in rows]
    names, traits = name_segments(features, members, np.array([True, True, True, True, False]))
    assert names[0] == ("Big spenders, bought lately", "高消费·近期购买")
    assert names[1] == ("Big spenders, bought lately, at night", "高消费·近期购买·夜间活跃")
    assert names[2] == ("Typical buyers", "普通买家")
    assert names[3] == ("Typical buyers (2)", "普通买家（2）")
    assert names[4] == ("Not buyers yet, fond of Home", "尚未购买·爱Home")
    assert len(set(names)) == len(names)
    assert name_segments(features, [np.array([[0.1, 0.0, 1.0, 0.0]])], np.array([True]))[0] == (
        ("Buyers, fond of Home", "买家·爱Home"),
    )
    assert traits[0] == (
        "money spent far above the middle; days since the last purchase below the middle",
        "消费金额远高于中位；距上次购买的天数低于中位",
    )
    assert traits[2] == ("like the shop as a whole", "与全店相近")


def test_a_word_that_is_true_for_too_few_members_is_not_in_the_name() -> None:
    half = np.array([[3.0]] * 5 + [[-0.1]] * 5)
    names, _ = name_segments(("money",), [half, half[:5]], np.array([True, True]))
    assert [name for name, _ in names] == ["Typical buyers", "Big spenders"]


SHOP = ("money", "frequency", "last_seen", "sessions", "discount", "category=Home")


def a_shop(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(features (n, 6), who bought) of shops with few or many buyers; a few buyers spend most of the money."""
    rng = np.random.default_rng(seed)
    users = int(rng.integers(60, 600))
    is_buyer = rng.random(users) < (0.0, 0.02, 0.2, 0.6, 1.0)[seed % 5]
    money = np.log1p(rng.pareto(0.8, users) * 24 * (rng.random(users) > 0.1))
    frequency = np.log1p(is_buyer * (1 + rng.poisson(rng.gamma(0.5, 3.0, users))))
    shares = rng.beta(0.5, 0.5, (2, users))
    visits = frequency + np.log1p(rng.poisson(3, users))
    rows = np.column_stack([money, frequency, np.log1p(rng.gamma(1, 2, users)), visits, shares[0], shares[1]])
    return np.where(~is_buyer[:, None] & np.isin(SHOP, ("money", "discount")), np.nan, rows), is_buyer


@pytest.mark.parametrize("seed", range(30))
def test_names_are_true_of_the_members(seed: int) -> None:
    rows, is_buyer = a_shop(seed)
    k = 2 + seed % 7
    one = np.ones(len(SHOP))
    with np.errstate(all="ignore"):
        mean = np.nan_to_num([np.nanmean(c) if np.isfinite(c).any() else 0.0 for c in rows.T])
    space = dataclasses.replace(
        a_model(np.zeros((k, len(SHOP))), np.arange(1, k + 1), k + 1), features=SHOP, mean=mean, scale=one, weights=one
    )
    places = space.project(rows)
    start = moved_centres(places, places[np.random.default_rng(seed).choice(len(places), k, replace=False)])
    centres, of_buyers = apart(places, start, is_buyer)
    model = segment_users.named(
        dataclasses.replace(space, centres=centres, ids=np.arange(1, len(centres) + 1), of_buyers=of_buyers),
        rows, is_buyer,
    )  # fmt: skip
    number = model.assign(rows, last=np.random.default_rng(seed).choice(model.ids, len(rows)))  # any earlier segments
    newcomers = model.assign(rows[::-1])
    middle = {name: np.median(rows[is_buyer, column]) if is_buyer.any() else 0 for column, name in enumerate(SHOP)}
    for one_id, (name, _), buys in zip(model.ids, model.names, of_buyers, strict=True):
        assert (is_buyer[number == one_id] == buys).all()
        assert (is_buyer[::-1][newcomers == one_id] == buys).all()
        assert name.startswith("Not buyers yet") == (not buys)
        segment_rows = rows[model.assign(rows) == one_id]
        if "ig spenders" in name:
            assert (segment_rows[:, 0] > middle["money"]).mean() >= LEAST_TRUE
        if "mall spenders" in name:
            assert (segment_rows[:, 0] < middle["money"]).mean() >= LEAST_TRUE
        if "requent buyers" in name:
            assert (segment_rows[:, 1] > middle["frequency"]).mean() >= LEAST_TRUE
        if "argain hunters" in name:
            assert (segment_rows[:, 4] > middle["discount"]).mean() >= LEAST_TRUE


def test_fifths_of_the_buyers(spark: SparkSession) -> None:
    rows = [(f"u{n}", n, 1, float(n)) for n in range(10)] + [
        ("none", None, 0, 0.0),
        ("often", 0, 9, 999.0),
        ("mixed", 0, 9, None),
    ]
    profiles = spark.createDataFrame(rows, "user_id string, recency_days int, frequency bigint, monetary double")
    rfm_of = {row.user_id: row.rfm for row in profiles.select(
        "user_id", segment_tables.rfm_class(profiles).alias("rfm")).collect()}  # fmt: skip
    assert rfm_of["none"] == "000"
    assert rfm_of["often"] == "555"
    assert rfm_of["mixed"] == "550"  # several currencies: no fifth of money
    assert rfm_of["u9"][0] == "1"
    assert rfm_of["u0"][0] == "5"
    assert {rfm_of[f"u{n}"][1] for n in range(10)} == {"1"}  # equal values share a fifth


def test_rules_are_counted_within_their_segment(spark: SparkSession) -> None:
    liked = {"u1": "AB", "u2": "AB", "u3": "A", "u4": "C", "u5": "AB", "u6": "C"}
    segment = {"u1": 1, "u2": 1, "u3": 1, "u4": 1, "u5": 2, "u6": 2}
    rows = [
        {"user_id": user, "kind": "category", "value": value, "strength": 1.0, "share": 0.5, "evidence": 1}
        for user, values in liked.items() for value in values
    ]  # fmt: skip
    ddl = "user_id string, kind string, value string, strength double, share double, evidence bigint"
    tastes = spark.createDataFrame(rows, ddl)
    members = spark.createDataFrame(list(segment.items()), "user_id string, segment_id int")
    assert set(USER_TASTES.names) >= set(tastes.columns)
    rules_found = [
        tuple(row)
        for row in segment_tables.category_rules(members, tastes, CONFIG).select(*SEGMENT_RULES.names).collect()
    ]
    assert sorted(rules_found) == [
        (1, "A", "B", 2, 0.5, pytest.approx(2 / 3), pytest.approx(4 / 3)),
        (1, "B", "A", 2, 0.5, 1.0, pytest.approx(4 / 3)),
    ]  # fmt: skip


def test_a_shop_with_few_accounts_has_one_segment_and_is_told_so(spark: SparkSession) -> None:
    profile = dict.fromkeys(USER_PROFILES.names) | {"user_id": "u1", "frequency": 2, "monetary": 5.0, "recency_days": 3}
    ddl = USER_PROFILES.ddl + ", segment_id int"
    members = spark.createDataFrame([(*profile.values(), 0)], ddl)
    table = segment_tables.segments_table(
        segment_tables.segment_figures(members).toArrow(), None, 1, CONFIG
    ).to_pylist()
    assert [(row["segment_id"], row["name_en"], row["users"], row["share"]) for row in table] == [
        (0, "Everybody", 1, 1.0)
    ]
    assert table[0]["mean_money"] == 5.0
    assert "not enough data: 1 accounts, 100 are needed" in table[0]["traits"]
    unknown = spark.createDataFrame([(*(profile | {"monetary": None}).values(), 0)], ddl)
    assert segment_tables.segment_figures(unknown).first()["mean_money"] is None


def test_a_segment_that_spent_billions_has_its_mean(spark: SparkSession) -> None:
    """A shop that sells for yen: the money of a segment does not fit into a whole number of 64 bits."""
    profile = dict.fromkeys(USER_PROFILES.names) | {"user_id": "u1", "frequency": 2, "monetary": 4e9, "recency_days": 3}
    members = spark.createDataFrame([(*profile.values(), 0)] * 5, USER_PROFILES.ddl + ", segment_id int")
    assert segment_tables.segment_figures(members).first()["mean_money"] == 4e9


class Tags(HTMLParser):
    """Checks that every opened tag is closed, and collects everything that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_picture_needs_nothing_else_and_escapes_what_the_shop_wrote() -> None:
    row = {
        "segment_id": 1, "name_en": "Fond of <b>A&B</b>", "name_zh": "爱A", "users": 3, "share": 1.0,
        "mean_money": -4.0, "mean_frequency": 0.0, "mean_recency_days": None, "discount_appetite": None,
        "traits": "money <far> below", "traits_zh": "消费低",
    }  # fmt: skip
    shares = [
        {"segment_id": 1, "kind": kind, "value": value, "share": 2.0}
        for kind, value in (("category", "<script>"), ("price_band", "high"), ("hour", "night"))
    ]
    page = segments_picture.draw([row], shares, dt.date(2026, 1, 1), "UTC")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.fetched == ["a href"]  # the way back
    assert "url(" not in page
    assert page.count("<script>") == 1  # the page's own
    assert "money &lt;far&gt; below" in page
    for both in (("high", "高价"), ("night", "夜间"), ("money &lt;far&gt; below", "消费低"), ("Segments", "顾客分群")):
        assert '<span lang="en">{}</span><span lang="zh">{}</span>'.format(*both) in page
    assert "price_band" not in page
    assert "Fond of &lt;b&gt;A&amp;B&lt;/b&gt;" in page


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="at most `most`; saw 9, 8"):
        SegmentsConfig(least=9)
