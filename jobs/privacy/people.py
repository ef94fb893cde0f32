"""The people whom a search looks for, and how it recognises their names in values and in running text.

A name counts only as a whole word: `u12` is not found in `u123`, nor in `u12@shop.example`. A name of digits alone,
such as 17850, could be any number: it is looked for in columns of ids, not in running text. So is a name that is also a
word of the lake's own: an account called `view` must not change the type of everybody's events.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from jobs.common.erased_people import lake_hash
from schemas.columns import VISITOR_ID
from schemas.table import GATES
from schemas.tables import BY_NAME

ERASED = "erased"  # replaces a name in a text
WORD = re.compile(r"\w(?:[\w@.+\-]*\w)?")
_NOT_ALONE = re.compile(r"[\d.,+\-]*|.{1,2}")  # a number, or so short that it could be any word
# Words of the lake's own: its folders and parts of its file names; tables, columns and their declared values.
_OWN_WORDS = frozenset(
    (
        *("raw", "tables", "published", "models", "runs", "reports", "answers", "refresh", "erased", "privacy"),
        *("pictures", "vectors", "drafts", "keys", "receipts", "staged", "recount", "readable", "date", "run", "part"),
        *("kept", "carried", "empty", "parquet", "json", "npz", "safetensors", "html", "manifest", "promotion"),
        *("events", "files", "path", "stored"),
        *GATES,
        *BY_NAME,
        *(column.name for table in BY_NAME.values() for column in table.columns),
        *(value for table in BY_NAME.values() for column in table.columns for value in column.one_of),
    )
)
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_PRINTED_FLOAT = re.compile(r"-?(0|[1-9]\d*)\.0+")


def plain_id(value: Any) -> str:
    """An id as the lake writes it: a whole number that arrived as a float loses its `.0`."""
    text = str(value).strip()
    return text.partition(".")[0] if _PRINTED_FLOAT.fullmatch(text) else text


@dataclass(frozen=True)
class People:
    """accounts: account ids, plain and as the lake hashes them. bound: other ids that are theirs alone, such as
    `visitor_id:c1` or `question_id:q7`.

    hash_key: the key of the lake's hashes, or empty. It is needed for raw files: they hold the ids before hashing.
    own_words: names that this lake gives to things, such as its sources and models.
    """

    accounts: frozenset[str]
    bound: frozenset[str] = frozenset()
    hash_key: str = ""
    own_words: frozenset[str] = frozenset()

    @classmethod
    def named(cls, ids: Iterable[str], hash_key: str = "") -> People:
        plain_ids = frozenset(plain_id(account) for account in ids)
        return cls(
            plain_ids | {lake_hash(account, hash_key) for account in plain_ids if hash_key}, frozenset(), hash_key
        )

    def accounts_among(self, values: Iterable[Any], is_raw: bool = False) -> set[Any]:
        """The `values` that are accounts of these people; in a raw file also values whose hash is such an account."""
        accounts = set()
        for value in values:
            if value is None:
                continue
            text = plain_id(value)
            if text in self.accounts or (is_raw and self.hash_key and lake_hash(text, self.hash_key) in self.accounts):
                accounts.add(value)
        return accounts

    def bound_among(self, values: Iterable[Any], kind: str) -> set[Any]:
        """The `values`, from a column of this kind, that belong to these people."""
        return {value for value in values if value is not None and f"{kind}:{plain_id(value)}" in self.bound}

    def is_account(self, text: str) -> bool:
        """Whether a text outside the columns of ids is one of these accounts, and no word of the lake's own."""
        return text in self.accounts and not self.is_own_word(text)

    def is_own_word(self, text: str) -> bool:
        """Whether the text is a word of the lake's own, such as `view`: outside the columns of ids it names nobody."""
        return text in _OWN_WORDS or text in self.own_words

    @property
    def visitors(self) -> frozenset[str]:
        """Their visitor ids, as events have them."""
        return frozenset(bound_id.partition(":")[2] for bound_id in self.bound if bound_id.startswith(f"{VISITOR_ID}:"))

    def in_text(self, text: str) -> bool:
        """Whether running text names one of these people."""
        return not self._words.isdisjoint(WORD.findall(text)) or any(pattern.search(text) for pattern in self._patterns)

    def anywhere_in(self, text: str) -> bool:
        """As `in_text`, also where the text is escaped as in HTML, JSON or a URL."""
        if self.in_text(text):
            return True
        is_escaped = "&" in text or "%" in text or "\\u" in text
        return is_escaped and any(self.in_text(form) for form in (html.unescape(text), unquote(text), _unescaped(text)))

    def masked(self, text: str) -> str:
        """The text with each of these names replaced."""
        for pattern in self._patterns:
            text = pattern.sub(ERASED, text)
        return WORD.sub(self._mask_word, text)

    def _mask_word(self, word: re.Match[str]) -> str:
        return ERASED if word[0] in self._words else word[0]

    @cached_property
    def _words(self) -> frozenset[str]:
        names = self.accounts | {bound_id.partition(":")[2] for bound_id in self.bound}
        return frozenset(name for name in names if not self.is_own_word(name) and not _NOT_ALONE.fullmatch(name))

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        """Patterns of names that are not a single word, such as `anna smith` or `shop:12`."""
        return [
            re.compile(rf"(?<![\w@.+\-]){re.escape(name)}(?![\w@+\-])")
            for name in self._words
            if not WORD.fullmatch(name)
        ]


def _unescaped(text: str) -> str:
    """The text with its \\u escapes, as in JSON, replaced by the letters that they mean."""
    return _ESCAPES.sub(lambda match: str(json.loads(f'"{match[0]}"')), text) if "\\u" in text else text
