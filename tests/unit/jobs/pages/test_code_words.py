"""Codes of tables and reports in words that a person reads, in both languages."""

from __future__ import annotations

from jobs.pages.code_words import (
    GUARDS,
    METRICS,
    MOVED,
    REJECTED,
    SOURCES,
    STATUSES,
    VERDICTS,
    counts,
    list_reason,
    service_reason,
    words_of,
)
from jobs.pages.fairness_page import ATTRIBUTES
from models.offers.allocation import GUARDS as DECLARED_GUARDS
from schemas.list_sources import LIST_SOURCES
from schemas.rejection_reasons import READ_REASONS, VISIT_REASONS
from schemas.table import Table
from schemas.tables import BANDIT_MOVES, EXPERIMENT_RESULTS, GROUP_QUALITY, OFFER_PARITY, PRICE_SUGGESTIONS


def values(table: Table, name: str) -> set[str]:
    return set(next(column.one_of for column in table.columns if column.name == name) or ())


def test_every_code_that_a_table_declares_has_words() -> None:
    assert set(REJECTED) == {*READ_REASONS, *VISIT_REASONS}
    assert set(GUARDS) >= set(DECLARED_GUARDS)
    assert set(SOURCES) == set(LIST_SOURCES)
    assert set(STATUSES) == values(EXPERIMENT_RESULTS, "status") | values(PRICE_SUGGESTIONS, "status")
    assert set(METRICS) == values(EXPERIMENT_RESULTS, "metric")
    assert set(MOVED) == values(BANDIT_MOVES, "kind")
    assert set(VERDICTS) == values(OFFER_PARITY, "verdict") | values(GROUP_QUALITY, "verdict")
    assert set(ATTRIBUTES) >= values(OFFER_PARITY, "attribute")


def test_a_reason_of_the_shops_own_stands_as_it_is() -> None:
    assert words_of("test_traffic", REJECTED) == "test traffic"


def test_a_reason_for_a_place_ends_with_the_title_in_the_readers_language() -> None:
    words = list_reason("covisitation", "goes with Oak lamp", {"Oak lamp": "橡木灯"})
    assert (words.english, words.chinese) == ("goes with Oak lamp", "与 橡木灯 搭配")  # type: ignore[union-attr]
    words = list_reason("new_item", "new from Yuzu", {})
    assert words.chinese == "新品：品牌 Yuzu"  # type: ignore[union-attr]
    assert list_reason("als", "something else", {}) == "something else"


def test_refusals_are_counted_in_both_languages() -> None:
    words = counts({"budget": 1229, "own_rule": 2}, GUARDS)
    assert words.english == "the budget is spent 1,229, own rule 2"
    assert words.chinese == "预算已用完 1,229，own rule 2"


def test_a_decision_of_customer_service_is_told_in_chinese() -> None:
    assert service_reason("handed_over").chinese == "转人工"
    assert service_reason("wants_a_person").chinese == "要求人工"
