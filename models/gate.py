"""What is wrong with one text, and with one catalogue row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from models.gate_channels import Channel, sms_segments


class Group(Protocol):
    """Terms of one reason; `schemas.lexicon.Group` is one."""

    @property
    def reason(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def terms(self) -> tuple[str, ...]: ...
    @property
    def exceptions(self) -> tuple[str, ...]: ...
    @property
    def categories(self) -> tuple[str, ...]: ...


class Lexicon(Protocol):
    """Rules of one market in one language; `schemas.lexicon.Lexicon` is one. Hashable."""

    @property
    def language(self) -> str: ...
    @property
    def groups(self) -> tuple[Group, ...]: ...


@dataclass(frozen=True)
class Refusal:
    """One thing wrong. reason: a short name to count by; detail: for a person; start, end: where, in characters;
    severity: "block" or "warn"."""

    reason: str
    detail: str
    start: int
    end: int
    severity: str = "block"


def refusals(text: str, language: str, channel: Channel, lexicons: Iterable[Lexicon],
             category: str | None = None) -> list[Refusal]:  # fmt: skip
    """Everything wrong with the text on this channel, by place."""
    found = [*_limits(text, channel)]
    return sorted(found, key=lambda one: one.start)


def hostile(description: str) -> list[Refusal]:
    """Everything in a description that no model should read and no page should show."""
    return []


def _limits(text: str, channel: Channel) -> Iterator[Refusal]:
    if channel.characters and len(text) > channel.characters:
        yield Refusal("too long", f"{len(text)} characters, {channel.name} takes {channel.characters}",
                      channel.characters, len(text))  # fmt: skip
    if channel.segments and (count := sms_segments(text)[0]) > channel.segments:
        yield Refusal("too long", f"{count} SMS segments", 0, len(text))
