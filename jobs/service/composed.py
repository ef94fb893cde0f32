"""One suggestion before it becomes a row: its text and the source of the text, or why there is no text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Composed:
    """reason: why a person is needed; None where `answer` may be sent. used: the facts of the asker's account in it."""

    answer: str | None = None
    topic: str | None = None
    knowledge_id: str | None = None
    chance: float = 0.0
    source_table: str | None = None
    source_id: str | None = None
    source_column: str | None = None
    source_hash: str | None = None
    used: str | None = None
    reason: str | None = None
    valid_until: dt.datetime | None = None
