"""Policies that cannot both hold name each other; those about different places and kinds do not."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.sample_shop import service_en, service_zh
from jobs.service.policy_rules import with_contradictions
from jobs.service.service_files import Row


def policy(name: str, text: str, language: str = "en", title: str | None = None, **dates: dt.date) -> Row:
    return {"policy_id": name, "language": language, "title": title, "text": text, "valid_from": None, "valid_to": None,
            **dates}  # fmt: skip


def named(*policies: Row, day: dt.date = dt.date(2026, 1, 1)) -> list[str | None]:
    return [row["contradicts"] for row in with_contradictions(list(policies), day)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You may return an item within thirty days.", "You may return an item within fourteen days."),
        ("You may return an item within 30 days.", "Products may be returned within fourteen days."),
        ("A thirty-day guarantee comes with it.", "A 14-day guarantee comes with it."),
        ("Refunds take two weeks.", "Put it in its box. Refunds take ten days. Call us."),
        ("Delivery takes 3 to 5 days.", "Delivery takes 2-4 working days."),
        ("Delivery costs $5.", "Delivery costs eight dollars."),
        ("Express delivery takes one day.", "Express delivery takes two days."),
        ("Germany 3 days, France 5 days.", "Germany 3 days, France 6 days."),
        ("Germany 3 days, France 5 days.", "Germany 5 days, France 3 days."),
        ("You may return opened items.", "You may not return opened items."),
        ("Gift cards can be returned.", "Gift cards can’t be returned."),
        ("There is a fee for returns.", "There is no fee for returns."),
    ],
)
def test_contradicting_english_policies_name_each_other(one: str, other: str) -> None:
    assert named(policy("a", one), policy("b", other)) == ["b", "a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Germany 3 days, France 5 days.", "France 5 days, Germany 3 days."),
        ("Delivery to Germany takes 3 days.", "Delivery to France takes 5 days."),
        ("Delivery takes 3 days.", "Delivery to France takes 5 days."),
        ("Express delivery takes 1 day.", "Standard delivery takes 4 days."),
        ("Delivery takes four days.", "Express delivery takes one day."),
        ("You may return shoes within thirty days.", "You may return lamps within fourteen days."),
        ("You may return an item within two weeks.", "You may return an item within fourteen days."),
        ("Refunds take 5 to 7 days.", "Refunds take five to seven working days."),
        ("You may return an item within 30 days.", "You may not return opened items."),
        ("You may return within 30 days.", "You may not return after 30 days."),
        ("Items may be returned if not worn.", "Items may not be returned if worn."),
        ("Delivery costs 5 euros.", "Delivery takes 5 days."),
        ("One of our stores is in Rome.", "Two of our stores are in Rome."),
        ("Envelopes of size A4 cost 2 euros.", "Envelopes of size A5 cost 3 euros."),
        ("Ask us.", "😀 30 days?"),
    ],
)
def test_english_policies_of_different_things_do_not(one: str, other: str) -> None:
    assert named(policy("a", one), policy("b", other)) == [None, None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("收到商品后三十天内可以退货。", "签收后十四天内可退货。"),
        ("收到商品后30天内可以退货。", "收到商品后十四天内可以退货。"),
        ("标准配送三天送达。", "普通配送5天送达。"),
        ("运费8元。", "运费¥10。"),
        ("寄往德国3天，法国5天。", "寄往德国3天，法国六天。"),
        ("拆封后可以退货。", "拆封后不可以退货。"),
        ("拆封后可以退货。", "拆封后不得退货。"),
        ("礼品卡允许退款。", "礼品卡禁止退款。"),
    ],
)
def test_contradicting_chinese_policies_name_each_other(one: str, other: str) -> None:
    assert named(policy("a", one, "zh"), policy("b", other, "zh")) == ["b", "a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("德国3天，法国5天。", "法国5天，德国3天。"),
        ("寄往德国需3天。", "寄往法国需5天。"),
        ("标准配送三天送达。", "特快配送一天送达。"),
        ("配送需三天。", "特快配送需一天。"),
        ("鞋子三十天内可以退货。", "内衣十四天内可以退货。"),
        ("未拆封的商品可以退货。", "拆封的商品不可以退货。"),
        ("七天内可以退货。", "7天无理由退货。"),
        ("退货期为两周。", "退货期为十四天。"),
        ("运费8元。", "运费不满三斤。"),
    ],
)
def test_chinese_policies_of_different_things_do_not(one: str, other: str) -> None:
    assert named(policy("a", one, "zh"), policy("b", other, "zh")) == [None, None]


def test_a_heading_says_what_the_text_is_about() -> None:
    three, five = "It takes 3 days.", "It takes 5 days."
    assert named(policy("a", three, title="Delivery to Rome"), policy("b", five, title="Delivery to Oslo")) == [
        None,
        None,
    ]
    assert named(policy("a", three, title="Spain"), policy("b", five, title="Portugal")) == [None, None]
    assert named(policy("a", three, title="Returns"), policy("b", five, title="Return policy")) == ["b", "a"]


def test_policies_of_other_times_or_languages_do_not() -> None:
    long, short = "Refunds take 9 days.", "Refunds take 5 days."
    ended, begun = {"valid_to": dt.date(2026, 1, 31)}, {"valid_from": dt.date(2026, 2, 1)}
    assert named(policy("a", long, **ended), policy("b", short, **begun)) == [None, None]
    assert named(policy("a", long, **ended), policy("b", short)) == ["b", "a"]
    assert named(policy("a", long), policy("b", short, "zh")) == [None, None]


def test_a_policy_that_has_ended_contradicts_nothing() -> None:
    ended = policy("a", "Refunds take 9 days.", valid_to=dt.date(2026, 1, 31))
    lasting = policy("b", "Refunds take 5 days.")
    assert named(ended, lasting, day=dt.date(2026, 1, 31)) == ["b", "a"]
    assert named(ended, lasting, day=dt.date(2026, 2, 1)) == [None, None]
    begun = policy("c", "Refunds take 7 days.", valid_from=dt.date(2026, 3, 1), valid_to=dt.date.max)
    assert named(lasting, begun, day=dt.date(2026, 2, 1)) == ["c", "b"]  # both will be valid on a later day


@pytest.mark.parametrize(("language", "shipped"), [("en", service_en), ("zh", service_zh)])
def test_no_policy_of_the_sample_shop_contradicts_another(language: str, shipped: object) -> None:
    rows = [policy(entry[0], entry[2], language, entry[1]) for entry in shipped.POLICIES]
    assert not any(named(*rows))
