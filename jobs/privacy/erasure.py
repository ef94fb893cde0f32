"""Takes people out of a lake for good, in one pass for one or a thousand, and signs a receipt.

    LAKE/erased/journal.json         who is being forgotten; it is there only until the erasure is whole
    LAKE/erased/receipts/NNN.json    what was done

An erasure that was cut off, at whatever moment, is finished first by the next one, or by the next night. The caller
holds the lake's lease.
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
from jobs.privacy.lake_files import STAGED, Found, bound_ids, found_in, lake_fields, raw_logs, sources_of, walk
from jobs.privacy.people import People, plain_id
from jobs.privacy.plan import Planner, carry_out, merged, stored_plan
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
    """None of the `people` (how many) who are to be forgotten is in the lake; nothing was changed."""

    def __init__(self, message: str, people: int) -> None:
        super().__init__(message)
        self.people = people


class NoHashKey(ValueError):
    """The lake knows accounts by their hash, and the key of the hash is missing."""


class NotForgotten(RuntimeError):
    """Something of a person is left after the erasure; the journal stays, and the next try plans for what is left."""


@dataclass(frozen=True)
class Outcome:
    """receipt: as it was signed. place: its path below the lake. unknown: ids of which there was no trace."""

    receipt: dict[str, Any]
    place: str
    unknown: list[str]


def names_of_receipt(ids: Iterable[str], key: str) -> set[str]:
    """How a receipt and the list of the forgotten name accounts."""
    return {lake_hash(ACCOUNT + one, key) for one in ids}


def find(lake: Lake, people: People, source: str = "") -> list[Found]:
    """Every file of the lake that names one of `people`, decoded whatever it is."""
    sources = sources_of(lake, source)
    hashing = [name for name, of in sources.items() if any(spec.hashed & set(ACCOUNT_IDS) for spec in of.inputs)]
    if hashing and not people.hash_key:
        raise NoHashKey(
            f"{HASH_KEY_VARIABLE} is not set, and the mapping of {', '.join(hashing)} hashes account ids: without it "
            "nobody would be found; set it to the key that the nights have; nothing was changed"
        )
    return list(walk(lake, people, raw_logs(lake, sources), lake_fields(sources)))


def whole_people(lake: Lake, ids: Iterable[str]) -> People:
    """The people of these account ids, their hashes, and what else names them alone, such as their visitor ids."""
    people = People.named(ids, os.environ.get(HASH_KEY_VARIABLE, ""))
    return People(people.accounts, bound_ids(lake, people), people.hash_key)


def forget(lake: Lake, ids: list[str], source: str = "") -> list[Outcome]:
    """Finishes an erasure that was cut off, if any, then forgets the people of `ids`; the outcome of each erasure.

    Raises, before anything is changed: NoReceiptKey, WrongKey, and NobodyFound where none of `ids` is in the lake.
    """
    key, signer, listed = erasure_key(), signing_key(), erased_people(lake)
    outcomes = [_finish(lake, signer, source)] if lake.exists(*JOURNAL) else []
    listed = erased_people(lake) if outcomes else listed
    new = [one for one in dict.fromkeys(ids) if not ErasedPeople(listed.people, key).has_account(one)]
    if not new:
        return outcomes
    people = whole_people(lake, new)
    found = find(lake, people, source)
    known = _known(lake, new, found, people, source) if len(new) > 1 else (new if found else [])
    unknown = [one for one in new if one not in set(known)]
    if not known:
        if outcomes:
            return outcomes
        raise NobodyFound(
            f"there is no trace of {_some(new)} in {lake.root}: nothing was changed. Look at how the shop writes its "
            "ids, or forget a person by the id that `find_person` finds",
            len(new),
        )
    lake.put_json(_journal(lake, known, people), *JOURNAL)
    return [*outcomes, _finish(lake, signer, source, found, unknown)]


def _journal(lake: Lake, known: list[str], people: People) -> dict[str, Any]:
    done = lake.list_dir(FOLDER, "receipts")
    return {
        "number": f"{len(done) + 1:03d}",
        "ids": known,
        "bound": sorted(people.bound),
        "began": now().isoformat(timespec="seconds"),
    }


def _finish(
    lake: Lake,
    signer: Ed25519PrivateKey,
    source: str,
    found: list[Found] | None = None,
    unknown: list[str] | None = None,
) -> Outcome:
    """From the journal to the receipt; every step may be repeated."""
    journal = lake.get_json(*JOURNAL)
    number, key = journal["number"], erasure_key()
    named = People.named(journal["ids"], os.environ.get(HASH_KEY_VARIABLE, ""))
    people = People(named.accounts, frozenset(journal["bound"]), named.hash_key)
    listed = ErasedPeople(erased_people(lake).people, key)
    put_list(lake, listed.with_more(people.accounts, people.bound))  # first: from now on none of their rows comes in
    place = f"{FOLDER}/receipts/{number}.json"
    if not lake.exists(place):
        plan = stored_plan(lake, number)
        if plan is None:
            lake.delete(STAGED.rstrip("/"))
            plan = Planner(lake, number).make(_others(found if found is not None else find(lake, people, source)))
        carry_out(lake, plan)
        done = merged(journal.get("done"), plan.facts)
        left = _others(find(lake, people, source))
        if left:
            lake.put_json(journal | {"done": done}, *JOURNAL)  # before the plan goes: the receipt needs both
            lake.delete(STAGED.rstrip("/"))
            raise NotForgotten(
                f"{len(left)} files still name one of {len(journal['ids'])} people, such as {left[0].path} "
                f"({left[0].edit.found}); the erasure {number} is not whole: run the same command again"
            )
        facts = {
            "erasure": number,
            "began": journal["began"],
            "people": sorted(names_of_receipt(journal["ids"], key)),
            "bound_ids": len(people.bound),
            "rows_removed": sum(file["rows"] for file in done["files"]),
            **done,
            "models_refitted": "by the next night that needs them: none of the retired is left to start from",
            "recounted": "by the next night, from the events that are left: " + ", ".join(t.name for t in COUNTED),
            "out_of_reach": OUT_OF_REACH,
            "check": "find_person found nothing",
        }
        lake.put_json(signed(facts, signer), place)
    lake.delete(STAGED.rstrip("/"))
    lake.delete(*JOURNAL)
    return Outcome(lake.get_json(place), place, unknown or [])


def _others(found: list[Found]) -> list[Found]:
    """All but the journal, which goes last."""
    return [one for one in found if one.path != "/".join(JOURNAL)]


def _known(lake: Lake, ids: list[str], found: list[Found], people: People, source: str) -> list[str]:
    """Those of `ids` that the found files name: in a removed row, or in whatever else such a file holds."""
    seen = {plain_id(value) for one in found for row in one.edit.removed for value in _leaves(row)}
    seen.update(*(one.edit.listed for one in found))
    in_rows = {one for one in ids if one in seen or (people.hash_key and lake_hash(one, people.hash_key) in seen)}
    sources = sources_of(lake, source)
    logs, fields = raw_logs(lake, sources), lake_fields(sources)

    def named(some: list[str], paths: list[str]) -> set[str]:
        """By halves: the few who stand in no row of their own, such as in a text, are told from the unknown."""
        they = People.named(some, people.hash_key)
        theirs = [path for path in paths if found_in(lake, path, they, logs, fields)] if some else []
        if not theirs or len(some) == 1:
            return set(some) if theirs else set()
        half = len(some) // 2
        return named(some[:half], theirs) | named(some[half:], theirs)

    is_known = in_rows | named([one for one in ids if one not in in_rows], [one.path for one in found])
    return [one for one in ids if one in is_known]


def _leaves(value: Any) -> Iterator[Any]:
    """All plain values of a row, however they are nested."""
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    elif value is not None:
        yield value


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
