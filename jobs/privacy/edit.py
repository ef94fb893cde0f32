"""What one file says about some people, and the file without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jobs.privacy.people import People
from schemas.columns import BOUND_IDS, VISITOR_ID


@dataclass(frozen=True)
class Edit:
    """counts: place in the file -> how often it names the people, such as {"user_id": 12}.

    content: the file's new content, without the people; None: the whole file is deleted. removed: the people's rows, as
    they were in the file. in_dictionaries: the people's accounts in the file's dictionaries, even if no row has them.
    """

    counts: dict[str, int]
    content: bytes | None
    removed: list[dict[str, Any]] = field(default_factory=list)
    in_dictionaries: frozenset[str] = frozenset()


@dataclass(frozen=True)
class IdFields:
    """Where the rows of a file name a person. A field may be a path, such as `customer.id`.

    accounts: fields with an account id: a row with the id of one of the people is removed. bound: fields with the id of
    something that may belong to a person (a device, a question): they decide about rows without an account.
    rows: fields that hold a whole row of a shop's file as text: a row is removed if such a text names the person.
    foreign: the names of the account fields within such a text.
    is_log: the file is a shop's own file: an id in it may be one that the lake knows by its hash.
    """

    accounts: tuple[str, ...] = ("user_id",)
    bound: tuple[str, ...] = BOUND_IDS
    rows: tuple[str, ...] = ("raw_row", "line")
    foreign: tuple[str, ...] = ()
    is_log: bool = False

    def row_belongs_to(self, row: dict[str, Any], people: People) -> bool:
        """Whether the row (a JSON object or a line by column) is one of these people's."""
        accounts = [value for name in self.accounts for value in values_at(row, name) if value not in (None, "")]
        if accounts:
            return bool(people.accounts_among(accounts, self.is_log))
        return any(people.bound_among(values_at(row, name), kind_of(name)) for name in self.bound)


def kind_of(name: str) -> str:
    """Our column that a field is read as: any name that is not in BOUND_IDS is a shop's name for the visitor id."""
    return name if name in BOUND_IDS else VISITOR_ID


def values_at(row: Any, path: str) -> Iterable[Any]:
    """The values at a path of a JSON object, with every element of an array on it: `lines.buyer` of each line."""
    if isinstance(row, list):
        for element in row:
            yield from values_at(element, path)
    elif isinstance(row, dict):
        if path in row:
            value = row[path]
            yield from value if isinstance(value, list) else [value]
        head, dot, rest = path.partition(".")
        if dot and head in row:
            yield from values_at(row[head], rest)
