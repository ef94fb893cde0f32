"""Sentences that people wrote, sorted by whether they assert something of a product: sentences.toml. Stdlib only.

The form is described in schemas/copywriting/languages/README.md. They are the training set of the fact lock's judge of
sentences that no pattern matches (models/fact_lock/sentence_judge.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.toml_files import parse, read, refuse_unknown

FILE = "sentences.toml"
_KEYS = ("doubts", "refuses", "asserts", "plain")
LEAST = 100  # sentences of each sort; a smaller training set teaches nothing


class ExamplesError(ValueError):
    """A sentences.toml that cannot be used: file, key, and what is wrong with it."""


@dataclass(frozen=True, eq=False)
class Examples:
    """One language's sentences.toml: kind -> sentences. asserts: a row must support them; plain: they need no support.

    doubts, refuses: probabilities, see the README; doubts < refuses.
    """

    asserts: Mapping[str, tuple[str, ...]]
    plain: Mapping[str, tuple[str, ...]]
    doubts: float
    refuses: float


def read_examples(path: Path) -> Examples:
    """Reads one sentences.toml. Raises ExamplesError naming file and key."""
    raw = parse(read(path, ExamplesError), path, ExamplesError)
    refuse_unknown(str(path), raw, _KEYS, ExamplesError)
    if missing := [key for key in _KEYS if key not in raw]:
        raise ExamplesError(f"{path} lacks '{missing[0]}'; it says {', '.join(_KEYS)}")
    doubts, refuses = raw["doubts"], raw["refuses"]
    if not all(isinstance(share, float) for share in (doubts, refuses)) or not 0 < doubts < refuses < 1:
        raise ExamplesError(f"{path}: doubts must be less than refuses, both between 0 and 1; saw {doubts}, {refuses}")
    return Examples(_lines(path, "asserts", raw["asserts"]), _lines(path, "plain", raw["plain"]), doubts, refuses)


def _lines(path: Path, where: str, raw: Any) -> dict[str, tuple[str, ...]]:
    """Kind -> the lines of its text."""
    if not isinstance(raw, dict) or not all(isinstance(text, str) for text in raw.values()):
        raise ExamplesError(f"{path}: [{where}] must be kinds with a text, a sentence a line; saw {str(raw)[:60]}")
    sentences = {kind: tuple(filter(None, map(str.strip, text.splitlines()))) for kind, text in raw.items()}
    count = sum(map(len, sentences.values()))
    if count < LEAST:
        raise ExamplesError(f"{path}: [{where}] has {count} sentences; write at least {LEAST}")
    return sentences
