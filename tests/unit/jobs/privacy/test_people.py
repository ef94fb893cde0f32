"""A name is found if it stands alone, in every form that a text may use."""

from __future__ import annotations

import pytest

from jobs.common.erased_people import lake_hash
from jobs.privacy.people import People

WHO = People.named(["u12", "anna smith", "17850"])


@pytest.mark.parametrize("text", ["u12", "for u12.", '{"who":"u12"}', "a=u12&b=1", "by Anna and anna smith, today"])
def test_a_whole_name_is_found(text: str) -> None:
    assert WHO.in_text(text)
    assert not WHO.in_text(WHO.masked(text))


@pytest.mark.parametrize("text", ["u123", "xu12", "u12@shop.example", "u-12", "joanna smith", "anna smithson", ""])
def test_a_part_of_another_name_is_not(text: str) -> None:
    assert not WHO.in_text(text)
    assert WHO.masked(text) == text


def test_digits_alone_are_an_id_only_where_ids_stand() -> None:
    assert not WHO.in_text("17850 pieces")
    assert WHO.accounts_among(["17850", 17850, 17850.0, "17850.0", "17851", None]) == {"17850", 17850, "17850.0"}


@pytest.mark.parametrize("text", ["anna&#32;smith", "anna%20smith", "\\u0075\\u0031\\u0032"])
def test_escaped_names_are_found(text: str) -> None:
    assert WHO.anywhere_in(text)


def test_the_lakes_hash_is_a_name_too() -> None:
    people = People.named(["mail@shop.example"], "key")
    assert lake_hash("mail@shop.example", "key") in people.accounts
    by_hash = People.named([lake_hash("mail@shop.example", "key")], "key")
    assert by_hash.accounts_among(["mail@shop.example", "other@shop.example"], is_raw=True) == {"mail@shop.example"}
