"""The list of people who were forgotten. It holds only keyed hashes, so that nobody can read from it who they are.

    LAKE/erased/people.json     {"check": ..., "people": [HMAC-SHA256, ...]}

Rows that name one of them are rejected when they arrive again (reason `erased`). The key is in the environment. Without
the key, or with another one, the list could not recognise anybody, so no night starts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.runtime.lake import Lake

FOLDER = "erased"
LIST = (FOLDER, "people.json")
JOURNAL = (FOLDER, "journal.json")  # who is being forgotten now: deleted once the erasure is complete
KEY_VARIABLE = "NIGHTMARKET_ERASURE_KEY"
# Prefixes that say what an id is, so that a visitor is not taken for an account.
ACCOUNT, VISITOR, QUESTION = "account:", "visitor_id:", "question_id:"
_CHECK = "nightmarket: the list of the forgotten"


class WrongKey(ValueError):
    """The key of the list of the forgotten is missing, too short, or not the key with which the list was made."""


def lake_hash(text: str, key: str) -> str:
    """The HMAC-SHA256 by which the lake knows a personal value, as jobs/intake hashes it."""
    return _hmac(text.strip(), key)


def _hmac(text: str, key: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class ErasedPeople:
    """Who was forgotten, as HMACs of `account:ID` and `visitor:ID` by `key`."""

    people: frozenset[str] = frozenset()
    key: str = ""

    def __bool__(self) -> bool:
        return bool(self.people)

    def has_account(self, value: object) -> bool:
        return value is not None and _hmac(ACCOUNT + str(value).strip(), self.key) in self.people

    def has_visitor(self, value: object) -> bool:
        return value is not None and _hmac(VISITOR + str(value).strip(), self.key) in self.people

    def has_question(self, value: object) -> bool:
        return value is not None and _hmac(QUESTION + str(value).strip(), self.key) in self.people

    def with_more(self, accounts: Iterable[str], bound: Iterable[str]) -> ErasedPeople:
        """The list with more accounts, and with the ids bound to them, such as `visitor_id:c1`."""
        names = [*(ACCOUNT + account for account in accounts), *bound]
        hashes = {_hmac(name, self.key) for name in names}
        return ErasedPeople(self.people | hashes, self.key)


def erasure_key() -> str:
    """The key in the environment. Raises WrongKey where it is missing or short."""
    key = os.environ.get(KEY_VARIABLE, "")
    if len(key) < 32:
        flaw = f"has {len(key)} characters" if key else "is not set"
        raise WrongKey(
            f"{KEY_VARIABLE} {flaw}; it is the key of the list of the forgotten: set it to the key that made the list, "
            "or make a first one with `openssl rand -hex 32` and keep it safe"
        )
    return key


def erased_people(lake: Lake) -> ErasedPeople:
    """The list of a lake; a refresh has its parent lake's. Empty where nobody was forgotten. Raises WrongKey."""
    lake = lake.of_nights
    if not lake.exists(*LIST):
        return ErasedPeople()
    listed, key = lake.get_json(*LIST), erasure_key()
    if listed["check"] != _hmac(_CHECK, key):
        raise WrongKey(
            f"{KEY_VARIABLE} is not the key of {lake.path(*LIST)}: it would recognise nobody on the list; "
            "set the key that made the list"
        )
    return ErasedPeople(frozenset(listed["people"]), key)


def put_list(lake: Lake, erased: ErasedPeople) -> None:
    lake.put_json({"check": _hmac(_CHECK, erased.key), "people": sorted(erased.people)}, *LIST)
