"""Which columns the Spark SQL of a mapping names, found in its text. Stdlib only, so without Spark's own parser."""

from __future__ import annotations

import re
from collections.abc import Callable

_LITERAL = r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\""
_PATH = re.compile(rf"{_LITERAL}|`[^`]*`(?:\.\w+)*|(?<![\w.])(?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?!\s*\(|\w)")
# Spark functions that make several rows from one row: the row's number within its file would be lost.
_GENERATORS = re.compile(
    r"\b(explode|explode_outer|posexplode|posexplode_outer|inline|inline_outer|stack|json_tuple)\s*\(", re.IGNORECASE
)


def quoted_columns(sql: str) -> list[str]:
    """The names in backticks."""
    return re.findall(r"`([^`]+)`", _without_literals(sql))


def bare_words(sql: str) -> set[str]:
    """The words outside literals and backticks that call no function: columns, and keywords of SQL."""
    bare = re.sub(r"`[^`]+`", " ", _without_literals(sql))
    return {word for word, call in re.findall(r"\b([A-Za-z_]\w*)\b\s*(\()?", bare) if not call}


def generator_in(sql: str) -> str | None:
    """The first function that makes several rows from one row, such as `explode`; None if there is none."""
    match = _GENERATORS.search(_without_literals(sql))
    return match[1] if match else None


def quote_paths(sql: str, is_column: Callable[[str], bool]) -> str:
    """`sql` with backticks around each path that is a column (`is_column`), such as `customer.id`.

    Literals, names in backticks, and all other paths (such as a field of a lambda's variable) stay as they are.
    """

    def quoted(match: re.Match[str]) -> str:
        path = match["path"]
        return f"`{path}`" if path and is_column(path) else match[0]

    return _PATH.sub(quoted, sql)


def _without_literals(sql: str) -> str:
    """The SQL with its '...' and "..." literals emptied."""
    return re.sub(_LITERAL, "''", sql)
