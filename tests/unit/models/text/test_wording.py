"""Figures in the form of each language."""

from __future__ import annotations

import datetime as dt

import pytest

from models.text.wording import day_of, money, share_off, terms_of
from schemas.copywriting.language import load_languages

LANGUAGES = load_languages()


@pytest.mark.parametrize(
    ("value", "currency", "language", "said"),
    [
        (1234.5, "EUR", "de", "1.234,50 €"),
        (1234.5, "EUR", "en", "€1,234.50"),
        (99.0, "CNY", "zh", "¥99"),
        (1200.0, "JPY", "ja", "1,200円"),
        (9.9, "CHF", "de", "9,90 CHF"),
        (9.9, None, "de", "9,90"),
    ],
)
def test_money(value: float, currency: str | None, language: str, said: str) -> None:
    assert money(value, currency, LANGUAGES[language]) == said


def test_days_and_shares() -> None:
    day = dt.date(2026, 9, 30)
    texts = {"en": "September 30", "de": "30. September", "zh": "9月30日", "ja": "9月30日"}
    assert {name: day_of(day, LANGUAGES[name]) for name in texts} == texts
    assert share_off(0.15, LANGUAGES["zh"]) == "8.5折"
    assert share_off(0.15, LANGUAGES["de"]) == "15 % Rabatt"
    assert share_off(0.125, LANGUAGES["de"]) is None


def test_terms() -> None:
    assert terms_of(0.15, None, 1000.0, "EUR", LANGUAGES["de"]) == "15 % Rabatt ab 1.000 €"
    assert terms_of(None, 20.0, None, "EUR", LANGUAGES["de"]) == "20 € Rabatt"
    assert terms_of(0.15, None, 5000.0, "JPY", LANGUAGES["ja"]) == "5,000円以上で15%オフ"
    assert terms_of(None, None, 100.0, "EUR", LANGUAGES["de"]) is None
