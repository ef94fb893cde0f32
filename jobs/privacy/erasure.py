"""Takes people out of a lake for good, in one pass for one or a thousand, and signs a receipt.

    LAKE/erased/journal.json         who is being forgotten; it is deleted when the erasure is complete
    LAKE/erased/receipts/NNN.json    what was done

An erasure can be interrupted at any moment: the next erasure, or the next night, finishes it first. The caller holds
the lake's lease.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jobs.common.erased_people import (
    ACCOUNT,
    FOLDER,
    JOURNAL,
    ErasedPeople,
    erased_people,
    erasure_key,
    lake_hash,
    put_list,
)
from jobs.common.recount import COUNTED
from jobs.privacy.lake_files import (
    STAGED,
    Found,
    Hit,
    bound_ids,
    hit_in,
    lake_fields,
    own_words,
    raw_logs,
    sources_of,
    walk,
)
from jobs.privacy.people import People, plain_id
from jobs.privacy.plan import Planner, carry_out, merged, refuse_damaged_pointer, stored_plan
from jobs.privacy.receipt import signed, signing_key
from jobs.runtime.lake import Lake
from jobs.runtime.shop_days import now
from schemas.columns import ACCOUNT_IDS

HASH_KEY_VARIABLE = "NIGHTMARKET_HMAC_KEY"
OUT_OF_REACH = [
    "the shop's own files, outside the lake: rows that come again are rejected with the reason 'erased'",
    "copies that were made of the lake or of its published files, and backups",
    "checkpoints of a training run that was killed, in the temporary folder of its machine",
    "counts of past nights over many people, such as sizes of segments: they name nobody and stay as they were",
]


class NobodyFound(ValueError):
    """Nobody who was to be forgotten is in the lake; nothing was changed. `people`: how many they are."""

    def __init__(self, message: str, people: int) -> None:
        super().__init__(message)
        self.people = people


class NoHashKey(ValueError):
    """The lake knows accounts by their hash, and the key of the hash is missing."""


class NotForgotten(RuntimeError):
    """Something of a person is left after the erasure. The journal stays, and the next try removes what is left."""


@dataclass(frozen=True)
class Outcome:
    """receipt: as it was signed. place: its path below the lake. unknown: the ids that were nowhere in the lake."""

    receipt: dict[str, Any]
    place: str
    unknown: list[str]


def names_of_receipt(ids: Iterable[str], key: str) -> set[str]:
    """The hashes by which a receipt and the list of the forgotten name accounts."""
    return {lake_hash(ACCOUNT + account, key) for account in ids}


def find(lake: Lake, people: People, source: str = "") -> list[Hit]:
    """Every file of the lake that names one of `people`; files of every kind are decoded."""
    return search(lake, people, source).hits


def search(lake: Lake, people: People, source: str = "") -> Found:
    """As `find`, with the files that a killed task left and that nobody can decode. Raises NoHashKey, Unreadable."""
    sources = sources_of(lake, source)
    hashing_sources = [
        name for name, mapping in sources.items() if any(spec.hashed & set(ACCOUNT_IDS) for spec in mapping.inputs)
    ]
    if hashing_sources and not people.hash_key:
        raise NoHashKey(
            f"{HASH_KEY_VARIABLE} is not set, and the mapping of {', '.join(hashing_sources)} hashes account ids: "
            "without it nobody would be found; set it to the key that the nights have; nothing was changed"
        )
    left_behind: list[str] = []
    hits = list(walk(lake, people, raw_logs(lake, sources), lake_fields(sources), left_behind))
    return Found(hits, left_behind)


def whole_people(lake: Lake, ids: Iterable[str]) -> People:
    """The people with these account ids: the ids, their hashes, and other ids of theirs alone, such as visitor ids."""
    people = People.named(ids, os.environ.get(HASH_KEY_VARIABLE, ""))
    return People(people.accounts, bound_ids(lake, people), people.hash_key, own_words(lake))


def not_yet_forgotten(lake: Lake, ids: Iterable[str]) -> list[str]:
    """The `ids` that are not on the list of the forgotten, each once. Raises WrongKey."""
    listed = ErasedPeople(erased_people(lake).people, erasure_key())
    return [account for account in dict.fromkeys(ids) if not listed.has_account(account)]


def forget(lake: Lake, ids: list[str], source: str = "", again: bool = False) -> list[Outcome]:
    """Finishes an interrupted erasure, if there is one, then forgets the people with `ids`. Returns all outcomes.

    again: looks also for people who are on the list of the forgotten already, since a copy that was put back by hand
    may name them. A shop's nightly list does not: it may have everybody who was ever forgotten.
    Raises, before anything is changed: NoReceiptKey, WrongKey, Unreadable, ShownIsDamaged, and NobodyFound where none
    of `ids` is in the lake.
    """
    signer = signing_key()
    not_yet_forgotten(lake, ids)  # refuses a missing or wrong key of the list before anything is changed
    outcomes = [_finish(lake, signer, source)] if lake.exists(*JOURNAL) else []
    new_ids = not_yet_forgotten(lake, ids)
    sought_ids = list(dict.fromkeys(ids)) if again and not outcomes else new_ids
    if not sought_ids:
        return outcomes
    people = whole_people(lake, sought_ids)
    found = search(lake, people, source)
    if len(sought_ids) > 1:
        known_ids = _known_ids(lake, sought_ids, found.hits, people, source)
    else:
        known_ids = sought_ids if found.hits else []
    unknown = [account for account in new_ids if account not in set(known_ids)]
    if not known_ids:
        if outcomes or not new_ids:
            return outcomes
        raise NobodyFound(
            f"there is no trace of {_first_three(new_ids)} in {lake.root}: nothing was changed. Look at how the shop "
            "writes its ids, or forget a person by the id that `find_person` finds",
            len(new_ids),
        )
    refuse_damaged_pointer(lake, found.hits)
    lake.put_json(_journal(lake, known_ids, people), *JOURNAL)
    return [*outcomes, _finish(lake, signer, source, found, unknown)]


def _journal(lake: Lake, known_ids: list[str], people: People) -> dict[str, Any]:
    return {
        "number": f"{_last_number(lake) + 1:03d}",
        "ids": known_ids,
        "bound": sorted(people.bound),
        "own_words": sorted(people.own_words),
        "began": now().isoformat(timespec="seconds"),
    }


def _last_number(lake: Lake) -> int:
    """The number of the newest receipt. Counting them would give a number twice where somebody took a receipt away."""
    numbers = [name.removesuffix(".json") for name in lake.list_dir(FOLDER, "receipts")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _finish(
    lake: Lake,
    signer: Ed25519PrivateKey,
    source: str,
    found: Found | None = None,
    unknown: list[str] | None = None,
) -> Outcome:
    """Does all steps from the journal to the receipt; every step may be repeated."""
    journal = lake.get_json(*JOURNAL)
    number, key = journal["number"], erasure_key()
    named = People.named(journal["ids"], os.environ.get(HASH_KEY_VARIABLE, ""))
    own = frozenset(journal.get("own_words", ()))  # as it began: the models are gone since then
    people = People(named.accounts, frozenset(journal["bound"]), named.hash_key, own)
    forgotten = ErasedPeople(erased_people(lake).people, key)
    put_list(lake, forgotten.with_more(people.accounts, people.bound))  # first: from now on none of their rows comes in
    place = f"{FOLDER}/receipts/{number}.json"
    if not lake.exists(place):
        plan = stored_plan(lake, number)
        if plan is None:
            lake.delete(STAGED.rstrip("/"))
            found = found or search(lake, people, source)
            plan = Planner(lake, number).make(_without_journal(found.hits), found.left_behind)
        carry_out(lake, plan)
        done_facts = merged(journal.get("done"), plan.facts)
        hits_left = _without_journal(find(lake, people, source))
        if hits_left:
            lake.put_json(journal | {"done": done_facts}, *JOURNAL)  # before the plan goes: the receipt needs both
            lake.delete(STAGED.rstrip("/"))
            raise NotForgotten(
                f"{len(hits_left)} files still name one of {len(journal['ids'])} people, such as {hits_left[0].path} "
                f"({hits_left[0].edit.counts}); the erasure {number} is not whole: run the same command again"
            )
        facts = {
            "erasure": number,
            "began": journal["began"],
            "people": sorted(names_of_receipt(journal["ids"], key)),
            "bound_ids": len(people.bound),
            "rows_removed": sum(file["rows"] for file in done_facts["files"]),
            **done_facts,
            "models_refitted": "by the next night that needs them; it starts afresh, without a retired model",
            "recounted": "by the next night, from the events that are left: "
            + ", ".join(table.name for table in COUNTED),
            "out_of_reach": OUT_OF_REACH,
            "check": "find_person found nothing",
        }
        lake.put_json(signed(facts, signer), place)
    lake.delete(STAGED.rstrip("/"))
    lake.delete(*JOURNAL)
    return Outcome(lake.get_json(place), place, unknown or [])


def _without_journal(hits: list[Hit]) -> list[Hit]:
    """All hits but the journal, which is deleted last."""
    return [hit for hit in hits if hit.path != "/".join(JOURNAL)]


def _known_ids(lake: Lake, ids: list[str], hits: list[Hit], people: People, source: str) -> list[str]:
    """The `ids` that these files name, in a removed row or anywhere else in the file."""
    seen_ids = {plain_id(value) for hit in hits for row in hit.edit.removed for value in _leaves(row)}
    seen_ids.update(*(hit.edit.in_dictionaries for hit in hits))
    in_rows = {
        account
        for account in ids
        if account in seen_ids or (people.hash_key and lake_hash(account, people.hash_key) in seen_ids)
    }
    sources = sources_of(lake, source)
    logs, fields = raw_logs(lake, sources), lake_fields(sources)

    def known_by_halves(account_ids: list[str], paths: list[str]) -> set[str]:
        """The `account_ids` that a file names without a row of theirs, such as in a text. Searches half by half."""
        some_people = People.named(account_ids, people.hash_key)
        naming_paths = [path for path in paths if hit_in(lake, path, some_people, logs, fields)] if account_ids else []
        if not naming_paths or len(account_ids) == 1:
            return set(account_ids) if naming_paths else set()
        half = len(account_ids) // 2
        return known_by_halves(account_ids[:half], naming_paths) | known_by_halves(account_ids[half:], naming_paths)

    known_ids = in_rows | known_by_halves(
        [account for account in ids if account not in in_rows], [hit.path for hit in hits]
    )
    return [account for account in ids if account in known_ids]


def _leaves(value: Any) -> Iterator[Any]:
    """All plain values of a row, also those in nested objects and lists."""
    if isinstance(value, dict | list | tuple):
        for element in value.values() if isinstance(value, dict) else value:
            yield from _leaves(element)
    elif value is not None:
        yield value


def _first_three(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
