"""Which accounts belong to one person, and which people are held out."""

from __future__ import annotations

from jobs.offers.config import OffersConfig
from jobs.offers.people import People

# u1, u2 and u3 are one person, by a chain of two shared hashes; u5 and u6 are another.
PAIRS = [
    {"first": "u1", "user_id": "u1", "frequency": 1},
    {"first": "u1", "user_id": "u2", "frequency": 5},
    {"first": "u2", "user_id": "u2", "frequency": 5},
    {"first": "u2", "user_id": "u3", "frequency": 2},
    {"first": "u5", "user_id": "u5", "frequency": None},
    {"first": "u5", "user_id": "u6", "frequency": None},
]


def test_the_account_with_most_purchase_days_gets_the_offers_then_the_lowest_id() -> None:
    people = People.from_pairs(PAIRS, OffersConfig())
    assert people.first_account == {"u1": "u1", "u2": "u1", "u3": "u1", "u5": "u5", "u6": "u5"}
    assert people.second_accounts == {"u1", "u3", "u6"}


def test_all_accounts_of_a_person_are_in_one_arm() -> None:
    arms = [People.from_pairs(PAIRS, OffersConfig(hold_out=0.5, salt=str(salt))) for salt in range(20)]
    held_out = [people.held_out(["u1", "u2", "u3"]).tolist() for people in arms]
    assert all(len(set(one_person)) == 1 for one_person in held_out)
    assert {one_person[0] for one_person in held_out} == {True, False}


def test_without_a_hold_out_nobody_is_held_out() -> None:
    people = People.from_pairs([], OffersConfig(hold_out=0.0))
    assert people.held_out(["u1", "u2"]).tolist() == [False, False]
    assert people.held_out([]).tolist() == []
