"""Which wordings lead to a policy: a heading finds the general topic that it names."""

from __future__ import annotations

import pytest

from jobs.sample_shop.customer_service import policies
from jobs.service.wordings import general_asks, wordings_of_replies
from schemas.service.wording import service_wording


@pytest.mark.parametrize(
    ("heading", "language", "topic"),
    [
        ("Delivery cost", "en", "delivery_cost"),
        ("Delivery abroad", "en", "delivery_abroad"),
        ("Exchange policy", "en", "exchange"),
        ("International orders", "en", "delivery_abroad"),
        ("配送费用", "zh", "delivery_cost"),
        ("退货政策", "zh", "returns"),
    ],
)
def test_a_heading_finds_its_topic(heading: str, language: str, topic: str) -> None:
    wording = service_wording(language)
    assert general_asks(heading, wording) == wording.general[topic]


@pytest.mark.parametrize("heading", ["Gift cards", "Care of wood", "Sale items", "News", "", "!"])
def test_a_heading_of_no_general_topic_finds_none(heading: str) -> None:
    assert general_asks(heading, service_wording("en")) == ()


def test_no_policy_of_the_sample_shop_finds_anothers_topic() -> None:
    for row in policies(0):
        wording, name = service_wording(row["lang"]), row["id"].removesuffix(f"-{row['lang']}").removesuffix("-old")
        assert general_asks(row["heading"], wording) in (wording.general[name], ())


def test_a_reply_that_a_customer_gave_no_star_is_no_example() -> None:
    policy = {"text": "Delivery within the country is free from an order of 50 euros.", "language": "en"}
    reply = {"outcome": "sent", "policy_id": "delivery", "text": "Free from 50 euros."}
    asked = {"liked": 5.0, "not rated": None, "rated 0": 0.0, "rated 2": 2.0}
    replies = [reply | {"question": question, "rating": rating} for question, rating in asked.items()]
    assert [wording[0] for wording in wordings_of_replies(replies, {"delivery": policy})] == ["liked", "not rated"]
