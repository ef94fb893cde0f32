"""A user's own terms in words: they are stated exactly, or not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.copywriting.user_terms import last_day, terms_of
from jobs.runtime.shop_days import ShopDays
from models.text.wording import day_of
from schemas.copywriting.language import load_languages

LANGUAGES = load_languages()


def offer(language: str, **changed: Any) -> dict[str, Any]:
    row = {"discount_share": None, "discount_amount": None, "minimum_spend": 0.0, "currency": "CNY"}
    return row | {"language": language, "offer_until": dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC)} | changed


@pytest.mark.parametrize(
    ("terms", "english", "chinese"),
    [
        ({"discount_share": 0.1}, "10% off", "9折优惠"),
        ({"discount_share": 0.15, "minimum_spend": 100.0}, "15% off orders over ¥100", "满¥100享8.5折"),
        ({"discount_amount": 20.0}, "¥20 off", "立减¥20"),
        ({"discount_amount": 5.5, "minimum_spend": 1000.0, "currency": "EUR"}, "€5.50 off orders over €1,000",
         "满€1,000减€5.50"),
        ({"discount_share": 0.125}, None, None),
        ({"discount_share": 1.0}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_terms_in_both_languages(terms: dict[str, Any], english: str | None, chinese: str | None) -> None:
    assert terms_of(offer("en", **terms), LANGUAGES["en"]) == english
    assert terms_of(offer("zh", **terms), LANGUAGES["zh"]) == chinese


@pytest.mark.parametrize(
    ("until", "zone", "day"),
    [
        (dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC), "UTC", "January 19"),
        (dt.datetime(2026, 1, 20, 23, 59, 59, tzinfo=dt.UTC), "UTC", "January 20"),
        (dt.datetime(2026, 2, 1, tzinfo=dt.UTC), "UTC", "January 31"),
        (dt.datetime(2026, 2, 1, 8, tzinfo=dt.UTC), "America/Los_Angeles", "January 31"),
        (dt.datetime(2026, 1, 31, 15, tzinfo=dt.UTC), "Asia/Tokyo", "January 31"),
    ],
)
def test_the_last_whole_day_is_named(until: dt.datetime, zone: str, day: str) -> None:
    assert day_of(last_day(offer("en", offer_until=until), ShopDays(zone)), LANGUAGES["en"]) == day
