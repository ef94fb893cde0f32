"""Prompts arrive at a worker unchanged, and are small when they are sent."""

from __future__ import annotations

import pickle

from jobs.copywriting.packed_prompts import PackedPrompts
from models.copywriting.prompts import Prompt

WORDS = [f"word{n}" for n in range(3_000)]


def prompts(count: int = 50) -> list[Prompt]:
    """Prompts; each bans all words except two of its own."""
    return [
        Prompt("en", "recommendation", "plain", "blurb", (("kind", f"lamp {n}"),),
               banned=frozenset(word for index, word in enumerate(WORDS) if index % 1_000 != n))
        for n in range(count)
    ]  # fmt: skip


def test_packed_prompts_are_unpacked_unchanged() -> None:
    packed = prompts()
    opened = list(pickle.loads(pickle.dumps(PackedPrompts(packed))))
    assert opened == packed
    assert [prompt.banned for prompt in opened] == [prompt.banned for prompt in packed]


def test_a_banned_word_is_sent_once() -> None:
    packed = prompts()
    assert len(pickle.dumps(PackedPrompts(packed))) < len(pickle.dumps(packed)) / 5


def test_no_prompts_are_packed_and_unpacked_as_none() -> None:
    assert list(PackedPrompts([])) == []
