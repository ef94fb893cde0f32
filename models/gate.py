"""What is wrong with one text, and with one catalogue row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from models import gate_patterns as patterns
from models.amounts import amounts
from models.gate_channels import Channel, graphemes, sms_segments
from models.languages import wrong_language
from models.numerals import fold


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
    """One thing wrong. reason: a short name to count by; detail: for a person; start, end: where, in characters of
    the text; severity: "block" or "warn"."""

    reason: str
    detail: str
    start: int
    end: int
    severity: str = "block"


@dataclass(frozen=True)
class _Rule:
    reason: str
    severity: str
    terms: re.Pattern[str]
    exceptions: re.Pattern[str] | None


def refusals(
    text: str, language: str, channel: Channel, lexicons: Iterable[Lexicon], category: str | None = None
) -> list[Refusal]:
    """Everything wrong with the text on this channel, by place.

    language: "zh" or "en", what the text should be; category: the item's path, for rules of some categories only.
    Every lexicon is applied in both languages, for a text may slip from one into the other.
    """
    folded = fold(text)
    found = [
        *_limits(text, channel),
        *_matches(text, patterns.MARKS),
        *_matches(fold(text, lower=False), patterns.TEXT),
        *(() if channel.url else _matches(folded, patterns.LINKS)),
        *(() if channel.emoji else _matches(text, patterns.EMOJI)),
        *_matches(folded, patterns.REPEATS),
        *_lexicon_hits(folded, tuple(lexicons), (category or "").lower()),
    ]
    said = wrong_language(folded, language)
    if said:
        found.append(Refusal("wrong language", said, 0, len(text)))
    return sorted(found, key=lambda one: (one.start, one.end))


def hostile(description: str) -> list[Refusal]:
    """Everything in a description that no model should read and no page should show; such a text is left out whole.

    Instructions to a model, markup, control and direction marks, other scripts, prices (only tables have prices),
    links, personal data, emoji, leaked tokens, and a length no description has.
    """
    head = description[: patterns.LONGEST_DESCRIPTION]
    folded = fold(head)
    found = [
        *_matches(head, patterns.MARKS),
        *_matches(fold(head, lower=False), patterns.TEXT),
        *_matches(folded, patterns.LINKS),
        *_matches(head, patterns.EMOJI),
        *_matches(folded, patterns.INSTRUCTIONS),
        *_matches(re.sub(r"[^a-z0-9\u4e00-\u9fff]+", " ", folded), patterns.INSTRUCTIONS),
        *_matches(folded, patterns.REPEATS),
        *(Refusal("price in description", folded[c.start : c.end], c.start, c.end)
          for c in amounts(head) if c.kind in ("price", "discount")),
    ]  # fmt: skip
    if len(description) > len(head):
        found.append(Refusal("absurd length", f"{len(description):,} characters, more than "
                             f"{patterns.LONGEST_DESCRIPTION:,}", len(head), len(description)))  # fmt: skip
    said = wrong_language(folded, None)
    if said:
        found.append(Refusal("wrong language", said, 0, len(head)))
    return sorted(found, key=lambda one: (one.start, one.end))


def _matches(text: str, rules: re.Pattern[str]) -> Iterator[Refusal]:
    """One refusal per match; the name of the pattern's group, its underscores being spaces, is the reason."""
    for found in rules.finditer(text):
        reason = (found.lastgroup or "").replace("_", " ")
        shown = found[0][:40].encode("unicode_escape").decode() if reason == "control character" else found[0][:40]
        yield Refusal(reason, shown, found.start(), found.end())


def _limits(text: str, channel: Channel) -> Iterator[Refusal]:
    if not text.strip():
        yield Refusal("empty", "nothing to read", 0, len(text))
    elif len(text.strip()) < channel.least:
        yield Refusal("too short", f"{channel.name} takes {channel.least} characters or more", 0, len(text))
    counted = graphemes(text)
    if channel.characters and counted > channel.characters:
        yield Refusal("too long", f"{counted} characters, {channel.name} takes {channel.characters}",
                      min(len(text), channel.characters), len(text))  # fmt: skip
    size = len(text.encode("utf-8", "surrogatepass"))
    if channel.bytes and size > channel.bytes:
        yield Refusal("too long", f"{size} bytes, {channel.name} takes {channel.bytes}", 0, len(text))
    if channel.segments:
        segments, encoding = sms_segments(text)
        if segments > channel.segments:
            yield Refusal("too long", f"{segments} SMS segments in {encoding}, {channel.name} takes "
                          f"{channel.segments}", 0, len(text))  # fmt: skip
    lines = text.strip("\n").count("\n") + 1
    if lines > channel.lines:
        yield Refusal("too many lines", f"{lines} lines, {channel.name} takes {channel.lines}", 0, len(text))


def _lexicon_hits(folded: str, lexicons: tuple[Lexicon, ...], category: str) -> Iterator[Refusal]:
    for rule in _rules(lexicons, category):
        spared: list[tuple[int, int]] | None = None
        for hit in rule.terms.finditer(folded):
            if rule.exceptions is not None:
                if spared is None:
                    spared = [found.span() for found in rule.exceptions.finditer(folded)]
                if any(start <= hit.start() and hit.end() <= end for start, end in spared):
                    continue
            yield Refusal(rule.reason, hit[0], hit.start(), hit.end(), rule.severity)


@lru_cache(maxsize=4096)
def _rules(lexicons: tuple[Lexicon, ...], category: str) -> tuple[_Rule, ...]:
    """One compiled rule per reason that holds for the category."""
    made = []
    for lexicon in lexicons:
        for group in lexicon.groups:
            if not group.categories or any(word in category for word in group.categories):
                terms = _union(lexicon.language, group.terms)
                exceptions = _union(lexicon.language, group.exceptions) if group.exceptions else None
                made.append(_Rule(group.reason, group.severity, terms, exceptions))
    return tuple(made)


@lru_cache(maxsize=1024)
def _union(language: str, terms: tuple[str, ...]) -> re.Pattern[str]:
    union = "|".join(terms)
    return re.compile(rf"(?<![a-z])(?:{union})(?![a-z])" if language == "en" else union)
