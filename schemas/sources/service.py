"""What a mapping's [policies], [questions] and [replies] say: the inputs of customer service. Stdlib only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Our columns of each input: those that every row needs first, then those that a shop may leave out.
NEEDED: dict[str, tuple[str, ...]] = {
    "policies": ("policy_id", "language", "text"),
    "questions": ("question_id", "text"),
    "replies": ("question_id", "text"),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "policies": ("title", "valid_from", "valid_to"),
    "questions": ("asked_at", "user_id", "item_id", "conversation_id"),
    "replies": ("policy_id", "outcome", "rating"),
}


@dataclass(frozen=True)
class ServiceInput:
    """One input of customer service: which files, how they are read, and the shop's name for each of our columns.

    README.md explains the keys. Each night's files have all policies: a policy that they no longer have is removed.
    """

    files: str  # a pattern below --raw, such as {date}/questions.jsonl
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    language: str = ""  # language of all policies, if the files do not name it
    columns: Mapping[str, str] = field(default_factory=dict)  # our column -> the shop's column
