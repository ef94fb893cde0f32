"""What is wrong with one text, and with one catalogue row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from models.compliance import refusal_patterns as patterns
from models.compliance.channels import Channel, graphemes, sms_segments
from models.fact_lock.figure_claims import amounts
from models.text.languages import wrong_language
from models.text.numerals import fold


class Group(Protocol):
    """Terms of one reason; `schemas.copywriting.lexicon.Group` is one."""

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
    """Rules of one market in one language; `schemas.copywriting.lexicon.Lexicon` is one. Hashable."""

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
class _Rules:
    """One lexicon's groups as one pattern, a named group g0, g1, ... for each; `needs`: where it can match at all."""

    language: str
    groups: tuple[Group, ...]
    terms: re.Pattern[str]
    needs: re.Pattern[str]


def refusals(
    text: str, language: str, channel: Channel, lexicons: Iterable[Lexicon], category: str | None = None
) -> list[Refusal]:
    """Everything wrong with the text on this channel, by place.

    language: "zh" or "en", what the text should be; category: the item's path, for rules of some categories only.
    Every lexicon is applied in both languages, for a text may slip from one into the other.
    """
    folded, listed = fold(text), tuple(lexicons)
    found = [
        *_limits(text, channel),
        *_everywhere(text, folded),
        *(() if channel.url else _matches(folded, patterns.LINKS)),
        *(() if channel.emoji else _matches(text, patterns.EMOJI)),
        *_lexicon_hits(folded, listed, (category or "").lower()),
    ]
    if together := _put_together(folded):
        hits = _lexicon_hits(together, listed, (category or "").lower())
        found += [Refusal(hit.reason, hit.detail, 0, len(text), hit.severity) for hit in hits]
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
    bare = re.sub(r"[^a-z0-9\u4e00-\u9fff]+", " ", folded)  # ignore -- all is read as ignore all
    leet = patterns.LEET_WORDS.sub(lambda found: found[0].translate(patterns.LEET), bare)
    others = {bare, leet, _put_together(folded) or ""}
    found = [
        *_everywhere(head, folded),
        *_matches(folded, patterns.LINKS),
        *_matches(head, patterns.EMOJI),
        *_matches(folded, patterns.INSTRUCTIONS),
        *(one for text in sorted(others) for one in _matches(text, patterns.INSTRUCTIONS)),
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


def hostile_name(name: str) -> list[Refusal]:
    """The same of a title, a brand, a category or an attribute, which are shown as they are: nor may one hold an offer,
    ask its reader to do something, or run over a line."""
    return sorted([*hostile(name), *_matches(fold(name), patterns.NAMES), *_breaks(name)], key=lambda one: one.start)


def _breaks(name: str) -> Iterator[Refusal]:
    """Line breaks, which folding makes spaces."""
    yield from (Refusal("line break", "", at.start(), at.end()) for at in re.finditer(r"[\n\r\x85]", name))


def _put_together(folded: str) -> str | None:
    """The text with what is spelt out (f.u.c.k, 全 网 最 低) put together; None where nothing is."""
    if not patterns.SPELT.search(folded):
        return None
    return patterns.SPELT.sub(lambda found: re.sub(r"[ ._*/|-]", "", found[0]), folded)


def _everywhere(text: str, folded: str) -> Iterator[Refusal]:
    """What neither a description nor a text may hold, whatever the channel."""
    yield from _matches(text, patterns.MARKS)
    if patterns.HTML_NEEDS.search(folded):
        yield from _matches(folded, patterns.HTML)
    if patterns.PERSONAL_NEEDS.search(folded):
        yield from _matches(folded, patterns.PERSONAL)
    yield from _matches(folded, patterns.ADDRESSED)
    yield from _matches(folded, patterns.LEAK)
    yield from _matches(folded, patterns.REPEATS)
    seen: set[str] = set()
    for found in patterns.SENTENCE.finditer(folded):
        if found[0] in seen:
            yield Refusal("repetition", found[0][:40], found.start(), found.end())
        seen.add(found[0])


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
        if (sign := text.rfind("【")) > 0:
            yield Refusal("second sender", "in an SMS 【】 is who sends it, and stands once, first", sign, len(text))
    lines = text.strip("\n").count("\n") + 1
    if lines > channel.lines:
        yield Refusal("too many lines", f"{lines} lines, {channel.name} takes {channel.lines}", 0, len(text))


def _lexicon_hits(folded: str, lexicons: tuple[Lexicon, ...], category: str) -> Iterator[Refusal]:
    for rules in _rules(lexicons, category):
        for hit in rules.terms.finditer(folded) if rules.needs.search(folded) else ():
            group = rules.groups[int((hit.lastgroup or "g0")[1:])]
            spared = _union(rules.language, group.exceptions).finditer(folded) if group.exceptions else ()
            if not any(found.start() < hit.end() and hit.start() < found.end() for found in spared):
                yield Refusal(group.reason, hit[0], hit.start(), hit.end(), group.severity)


@lru_cache(maxsize=4096)
def _rules(lexicons: tuple[Lexicon, ...], category: str) -> tuple[_Rules, ...]:
    """What holds for the category, one pattern per lexicon."""
    made = []
    for lexicon in lexicons:
        groups = tuple(
            group for group in lexicon.groups
            if not group.categories or any(word in category for word in group.categories)
        )  # fmt: skip
        if groups:
            made.append(_compiled(lexicon.language, groups))
    return tuple(made)


@lru_cache(maxsize=256)
def _compiled(language: str, groups: tuple[Group, ...]) -> _Rules:
    union = "|".join(f"(?P<g{n}>{'|'.join(group.terms)})" for n, group in enumerate(groups))
    needs = re.compile("[a-z#]" if language == "en" else "[\u4e00-\u9fff]")
    return _Rules(language, groups, _bounded(language, union), needs)


@lru_cache(maxsize=1024)
def _union(language: str, terms: tuple[str, ...]) -> re.Pattern[str]:
    return _bounded(language, "|".join(terms))


def _bounded(language: str, union: str) -> re.Pattern[str]:
    """English terms stand between letters' ends; Chinese has no such ends."""
    return re.compile(rf"(?<![a-z])(?=[a-z#\d])(?:{union})(?![a-z])" if language == "en" else union)
