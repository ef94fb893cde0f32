"""Reads account ids that a person gives, on the command line or in a list with one id a line. One wrong id stops it.

An error names a wrong line by its number only: the message may be stored in the lake's run facts, where no id may be.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from jobs.privacy.people import plain_id

HEADERS = ("user_id", "uid", "id", "account_id", "customer_id")
_MAX_ID = 256


class BadList(ValueError):
    """An argument, or a line of a list, that cannot be an id. Nothing was removed."""


def given_ids(ids: Iterable[str], argument: str = "--user") -> list[str]:
    """The ids of an argument, each once, as the lake writes them. Raises BadList."""
    accounts: dict[str, None] = {}
    for account in map(plain_id, ids):
        if problem := _fault_of(account):
            raise BadList(f"{argument}: {problem}; nothing was changed: give one account id")
        accounts[account] = None
    return list(accounts)


def ids_of_file(path: str) -> list[str]:
    """The ids of a file on this machine. Raises BadList, also where there is no such file."""
    if not Path(path).is_file():
        fault = "is a folder" if Path(path).is_dir() else "does not exist"
        raise BadList(f"--file {path} {fault}; nothing was removed: give a file with one account id a line")
    return read_ids(Path(path).read_bytes(), path)


def read_ids(data: bytes, name: str) -> list[str]:
    """The ids of the list, each once. Raises BadList with the number of the first line that is wrong."""
    try:
        lines = io.StringIO(data.decode("utf-8-sig"), newline=None).read().removesuffix("\n").split("\n")
    except UnicodeDecodeError as broken:
        bad_line = data[: broken.start].count(b"\n") + 1
        raise BadList(f"{name}, line {bad_line}: not UTF-8; nothing was removed: save the list as UTF-8") from None
    ids: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        account, problem = _id_of(line.strip())
        if number == 1 and (account.casefold() in HEADERS or lines == [""]):
            continue
        if problem := problem or _fault_of(account):
            raise BadList(f"{name}, line {number}: {problem}; nothing was removed: correct the line, one id a line")
        ids[account] = None
    if not ids:
        raise BadList(f"{name} has no id; nothing was removed: give a list with one account id a line")
    return list(ids)


def _id_of(line: str) -> tuple[str, str]:
    """(the id of a line of CSV with one field, what is wrong with the line)."""
    if line.startswith('"'):
        inner = line[1:-1].replace('""', "")
        if len(line) < 2 or not line.endswith('"') or '"' in inner:
            return line, "a quotation mark is not closed, or text follows it"
        return plain_id(line[1:-1].replace('""', '"')), ""
    if "," in line or ";" in line:
        return line, "more than one field, or an id with a comma that is not in quotation marks"
    return plain_id(line), ""


def _fault_of(account: str) -> str:
    if not account:
        return "it is empty"
    if len(account) > _MAX_ID:
        return f"an id has at most {_MAX_ID} characters, saw {len(account)}"
    if not account.isprintable():
        return "it has a control character, such as a tab or a line break"
    return ""
