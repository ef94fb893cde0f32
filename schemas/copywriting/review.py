"""What people decided about copy on the review page: TOML with [[approve]] and [[block]]; stdlib only.

[[approve]]                       use this text before any other, as long as the facts and the rules allow it
item_id = "g0000012"              with strategy, style, channel, language, text

[[block]]                         never use again: one text by `copy_id`, all texts of a template or of the model by
copy_id = "3f2a..."               `wording`, all texts about an item by `item_id`, or one exact text by `text`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schemas.copywriting.voice import VoiceError, read_toml
from schemas.tables.copywriting import CHANNELS, STRATEGIES

BRIEF = ("item_id", "strategy", "style", "channel", "language")
BLOCKED_BY = ("copy_id", "wording", "item_id", "text")
_KEYS = {
    "note",
    "variant",
    "source",
    "copy_id",
    "text",
    *BRIEF,
}


@dataclass(frozen=True)
class Review:
    """approved: brief -> texts, in the order of the file; blocked: (key, value), with a key of BLOCKED_BY."""

    approved: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    blocked: frozenset[tuple[str, str]] = frozenset()

    def is_blocked(self, item_id: str, copy_id: str, wording: str, text: str) -> str | None:
        """The entry that blocks a text, such as 'copy_id 3f2a'; None if the text is not blocked."""
        if not self.blocked:
            return None
        keys = zip(BLOCKED_BY, (copy_id, wording, item_id, text), strict=True)
        return next((f"{what} {value}" for what, value in keys if (what, value) in self.blocked), None)


def load_review(file: str) -> Review:
    """Reads a review file; '' gives an empty review.

    Raises VoiceError naming the entry, or FileNotFoundError.
    """
    if not file:
        return Review()
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"no review {path}; leave copy.review empty, or export one from the page copy.html")
    raw = read_toml(path)
    if strange := raw.keys() - {"approve", "block"}:
        raise VoiceError(f"{path} has no '{min(strange)}'; it has [[approve]] and [[block]]")
    approved: dict[tuple[str, ...], tuple[str, ...]] = {}
    for number, entry in enumerate(raw.get("approve", []), 1):
        where = f"{path}: approve {number}"
        _refuse(where, entry)
        if missing := [key for key in (*BRIEF, "text") if not isinstance(entry.get(key), str)]:
            raise VoiceError(f"{where} has no {', '.join(missing)}")
        if entry["strategy"] not in STRATEGIES or entry["channel"] not in CHANNELS:
            raise VoiceError(f"{where}: no strategy '{entry['strategy']}' on '{entry['channel']}'")
        brief = tuple(entry[key] for key in BRIEF)
        approved[brief] = (*approved.get(brief, ()), entry["text"])
    blocked = set()
    for number, entry in enumerate(raw.get("block", []), 1):
        where = f"{path}: block {number}"
        _refuse(where, entry, "wording")
        # Only the narrowest key counts; the other keys help a person who reads the file.
        what = next((key for key in ("copy_id", "wording", "text", "item_id") if key in entry), None)
        if what is None or not isinstance(entry[what], str):
            raise VoiceError(f"{where} has none of {', '.join(BLOCKED_BY)}")
        blocked.add((what, entry[what]))
    return Review(approved, frozenset(blocked))


def _refuse(where: str, entry: Mapping[str, object], *more: str) -> None:
    if strange := entry.keys() - _KEYS - set(more):
        raise VoiceError(f"{where} has no '{min(strange)}'; it has {', '.join(sorted({*_KEYS, *more}))}")
