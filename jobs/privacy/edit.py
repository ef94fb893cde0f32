"""What one file says about some people, and the file without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jobs.privacy.people import People
from schemas.columns import BOUND_IDS, VISITOR_ID


@dataclass(frozen=True)
class Edit:
    """found: where -> how often, such as {"user_id": 12}. kept: the file without the people; None: it goes whole.

    removed: the rows that were theirs, as they stood there. listed: accounts of theirs in the file's dictionaries,
    whether a row has them or not.
    """

    found: dict[str, int]
    kept: bytes | None
    removed: list[dict[str, Any]] = field(default_factory=list)
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class IdFields:
    """Where the rows of a file name a person. A field may be a path, such as `customer.id`.

    accounts: fields with an account id: a row of theirs goes. bound: fields with what may be
    a person's (a device, a question): the same for a row without an account.
    rows: fields that hold a whole foreign row as text: a row that names somebody in one goes.
    foreign: the names of account fields within such a text.
    is_log: a line that cannot be read belongs to whom it names, so it goes whole.
    """

    accounts: tuple[str, ...] = ("user_id",)
    bound: tuple[str, ...] = BOUND_IDS
    rows: tuple[str, ...] = ("raw_row", "line")
    foreign: tuple[str, ...] = ()
    is_log: bool = False

    def are_of(self, row: dict[str, Any], people: People) -> bool:
        """Whether the row (a JSON object or a line by column) is one of these people's."""
        accounts = [value for name in self.accounts for value in values_at(row, name) if value not in (None, "")]
        if accounts:
            return bool(people.accounts_among(accounts, self.is_log))
        return any(people.bound_among(values_at(row, name), kind_of(name)) for name in self.bound)


def kind_of(name: str) -> str:
    """The column of ours that a field is read as: a shop's own name stands for a visitor."""
    return name if name in BOUND_IDS else VISITOR_ID


def values_at(row: Any, path: str) -> Iterable[Any]:
    """The values at a path of a JSON object, however its arrays branch: `lines.buyer` of every line."""
    if isinstance(row, list):
        for one in row:
            yield from values_at(one, path)
    elif isinstance(row, dict):
        if path in row:
            value = row[path]
            yield from value if isinstance(value, list) else [value]
        head, dot, rest = path.partition(".")
        if dot and head in row:
            yield from values_at(row[head], rest)
