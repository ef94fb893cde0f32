"""A list of account ids, one a line: all of them, or none and the line that is wrong."""

from __future__ import annotations

HEADERS = ("user_id", "uid", "id", "account_id", "customer_id")
_MAX_ID = 256


class BadList(ValueError):
    """A line of a list of ids that cannot be one id. Nothing was removed."""


def read_ids(data: bytes, name: str) -> list[str]:
    """The ids of the list, each once. Raises BadList with the number of the first line that is wrong."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as broken:
        at = data[: broken.start].count(b"\n") + 1
        raise BadList(f"{name}, line {at}: not UTF-8; nothing was removed: save the list as UTF-8") from None
    ids: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        one = line.strip()
        if one.startswith('"') and one.endswith('"') and len(one) > 1:
            one = one[1:-1].replace('""', '"')
        if number == 1 and one.casefold() in HEADERS:
            continue
        if problem := _wrong(one):
            raise BadList(f"{name}, line {number}: {problem}; nothing was removed: correct the line, one id a line")
        ids[one] = None
    if not ids:
        raise BadList(f"{name} has no id; nothing was removed")
    return list(ids)


def _wrong(one: str) -> str:
    if not one:
        return "it is empty"
    if len(one) > _MAX_ID:
        return f"an id has at most {_MAX_ID} characters, saw {len(one)}"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in one):
        return "it has a control character, such as a tab"
    if "," in one or ";" in one:
        return f"more than one field, saw '{one[:60]}'"
    return ""
