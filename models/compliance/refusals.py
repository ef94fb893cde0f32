"""Finds what is wrong with one text, and with one description or name of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from models.compliance import name_patterns
from models.compliance import refusal_patterns as patterns
from models.compliance.channels import Channel, graphemes, sms_segments
from models.compliance.disguises import copied_brand, hidden_number, joined_letters, mixed_word, plain_readings
from models.fact_lock.figure_claims import figure_claims
from models.text.languages import LATIN_WORD, Script, foreign_words, strange_letter, wrong_language
from models.text.numerals import fold


class Group(Protocol):
    """Terms that are refused for one reason, such as a `schemas.copywriting.lexicon.Group`."""

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
    """Rules of one market in one language, such as a `schemas.copywriting.lexicon.Lexicon`. Must be hashable.

    letters: the language's, as the inside of a character class; has_spaces: whether a term must be a whole word.
    """

    @property
    def letters(self) -> str: ...
    @property
    def has_spaces(self) -> bool: ...
    @property
    def groups(self) -> tuple[Group, ...]: ...
    @property
    def famous_brands(self) -> tuple[str, ...]: ...
    def only_for_names(self) -> Lexicon: ...


@dataclass(frozen=True)
class Refusal:
    """One thing that is wrong with a text.

    reason: a short name, to count by; detail: for a person to read; start, end: its place in characters of the text;
    severity: "block" or "warn".
    """

    reason: str
    detail: str
    start: int
    end: int
    severity: str = "block"


@dataclass(frozen=True)
class _Rules:
    """One lexicon's groups as one pattern, with a named group g0, g1, ... for each.

    A text in which `needs` matches nothing is not searched for `terms`, which takes longer.
    """

    letters: str  # empty where a term matches anywhere
    groups: tuple[Group, ...]
    terms: re.Pattern[str]
    needs: re.Pattern[str]


def refusals(
    text: str, language: Script, channel: Channel, lexicons: Iterable[Lexicon], category: str | None = None
) -> list[Refusal]:
    """Everything that is wrong with the text on this channel, by place.

    language: the language that the text should be in. category: the item's category path; some rules hold only in some
    categories. All lexicons are applied, whatever the language: a text may have words of another language.
    """
    folded, lexicons = fold(text), tuple(lexicons)
    category = (category or "").lower()
    problems = [
        *_limits(text, channel),
        *_on_any_channel(text, folded),
        *(() if channel.url else _matches(folded, patterns.LINKS)),
        *(() if channel.emoji else _matches(text, patterns.EMOJI)),
        *_lexicon_hits(folded, lexicons, category),
    ]
    if joined := joined_letters(folded):
        hits = _lexicon_hits(joined, lexicons, category)
        problems += [Refusal(hit.reason, hit.detail, 0, len(text), hit.severity) for hit in hits]
    reason = wrong_language(folded, language)
    if reason:
        problems.append(Refusal("wrong language", reason, 0, len(text)))
    return sorted(problems, key=lambda refusal: (refusal.start, refusal.end))


def hostile(description: str, languages: Iterable[Script] = ()) -> list[Refusal]:
    """Everything in a description that no model should read and no page should show. Such a description is not used.

    languages: the languages that it may be in; English and Chinese if none is given.
    It finds instructions to a model, markup, control and direction marks, other scripts, prices (only tables may state
    prices), links, personal data, emoji, leaked tokens, and a length that no real description has.
    """
    head = description[: patterns.LONGEST_DESCRIPTION]
    folded = fold(head)
    problems = [
        *_on_any_channel(head, folded),
        *_matches(folded, patterns.LINKS),
        *_matches(head, patterns.EMOJI),
        *_matches(folded, patterns.INSTRUCTIONS),
        *(refusal for text in plain_readings(folded) for refusal in _matches(text, patterns.INSTRUCTIONS)),
        *(
            Refusal("price in description", folded[claim.start : claim.end], claim.start, claim.end)
            for claim in figure_claims(head)
            if claim.kind in ("price", "discount")
        ),
    ]
    if len(description) > len(head):
        detail = f"{len(description):,} characters, more than {patterns.LONGEST_DESCRIPTION:,}"
        problems.append(Refusal("absurd length", detail, len(head), len(description)))
    if reason := _in_no_language(folded, tuple(languages)):
        problems.append(Refusal("wrong language", reason, 0, len(head)))
    return sorted(problems, key=lambda refusal: (refusal.start, refusal.end))


def _in_no_language(folded: str, languages: tuple[Script, ...]) -> str | None:
    """Why a text of the catalogue is in none of the languages."""
    if letter := strange_letter(folded, *languages):
        return f"a letter of another script: {letter}"
    return foreign_words(LATIN_WORD.findall(folded), *languages)


def hostile_name(name: str, languages: Iterable[Script] = (), lexicons: Iterable[Lexicon] = ()) -> list[Refusal]:
    """Everything in a title, brand, category or attribute that no model should read and no page should show.

    Names are shown unchanged, so more is refused than `hostile` finds: an offer, a request to the reader or to the
    writer of the copy, a way to reach the seller, the beginning of a formula, a line break, a term of a lexicon group
    that is `for_names` (goods that may not be advertised). Each is also looked for in disguise: letters set apart,
    accents, digits as words, letters of another alphabet.
    """
    folded = fold(name)
    readings = [folded, *plain_readings(folded)]
    forbidden = _for_names(tuple(lexicons))
    problems = [
        *hostile(name, languages),
        *_matches(folded, name_patterns.FORMULA),
        *_matches(folded, name_patterns.SHOUTS),
        *(hit for reading in readings for hit in _matches(reading, name_patterns.CONTACT)),
        *(hit for reading in readings for hit in _matches(reading, name_patterns.TO_THE_WRITER)),
        *(hit for reading in readings[1:] for hit in _matches(reading, patterns.LEAK)),
        *(hit for reading in readings for hit in _lexicon_hits(reading, forbidden, "") if hit.severity == "block"),
        *_line_breaks(name),
    ]
    if number := hidden_number(folded):
        problems.append(Refusal("personal data", number, 0, len(name)))
    if copied := copied_brand(folded, _famous(tuple(lexicons))):
        problems.append(Refusal("copied brand", copied, 0, len(name)))
    if mixed := mixed_word(folded):
        problems.append(Refusal("letters of two alphabets", mixed, 0, len(name)))
    return sorted(problems, key=lambda refusal: refusal.start)


@lru_cache(maxsize=64)
def _for_names(lexicons: tuple[Lexicon, ...]) -> tuple[Lexicon, ...]:
    """The lexicons with only the groups that are for names."""
    return tuple(lexicon.only_for_names() for lexicon in lexicons)


@lru_cache(maxsize=64)
def _famous(lexicons: tuple[Lexicon, ...]) -> frozenset[str]:
    return frozenset(brand for lexicon in lexicons for brand in lexicon.famous_brands)


def _line_breaks(name: str) -> Iterator[Refusal]:
    for match in re.finditer(r"[\n\r\x85]", name):  # the folded name has spaces instead
        yield Refusal("line break", "", match.start(), match.end())


def _on_any_channel(text: str, folded: str) -> Iterator[Refusal]:
    """What no text and no description may hold, on any channel."""
    yield from _matches(text, patterns.MARKS)
    if patterns.HTML_NEEDS.search(folded):
        yield from _matches(folded, patterns.HTML)
    if patterns.PERSONAL_NEEDS.search(folded):
        yield from _matches(folded, patterns.PERSONAL)
    yield from _matches(folded, patterns.ADDRESSED)
    yield from _matches(folded, patterns.LEAK)
    yield from _matches(folded, patterns.REPEATS)
    seen: set[str] = set()
    for sentence in patterns.SENTENCE.finditer(folded):
        if sentence[0] in seen:
            yield Refusal("repetition", sentence[0][:40], sentence.start(), sentence.end())
        seen.add(sentence[0])


def _matches(text: str, rules: re.Pattern[str]) -> Iterator[Refusal]:
    """One refusal per match. Its reason is the name of the pattern's group, with spaces for underscores."""
    for match in rules.finditer(text):
        reason = (match.lastgroup or "").replace("_", " ")
        shown = match[0][:40].encode("unicode_escape").decode() if reason == "control character" else match[0][:40]
        yield Refusal(reason, shown, match.start(), match.end())


def _limits(text: str, channel: Channel) -> Iterator[Refusal]:
    if not text.strip():
        yield Refusal("empty", "nothing to read", 0, len(text))
    elif len(text.strip()) < channel.least:
        yield Refusal("too short", f"{channel.name} takes {channel.least} characters or more", 0, len(text))
    counted = graphemes(text)
    if channel.characters and counted > channel.characters:
        detail = f"{counted} characters, {channel.name} takes {channel.characters}"
        yield Refusal("too long", detail, min(len(text), channel.characters), len(text))
    size = len(text.encode("utf-8", "surrogatepass"))
    if channel.bytes and size > channel.bytes:
        yield Refusal("too long", f"{size} bytes, {channel.name} takes {channel.bytes}", 0, len(text))
    if channel.segments:
        segments, encoding = sms_segments(text)
        if segments > channel.segments:
            detail = f"{segments} SMS segments in {encoding}, {channel.name} takes {channel.segments}"
            yield Refusal("too long", detail, 0, len(text))
        if (sign := text.rfind("【")) > 0:
            yield Refusal("second sender", "in an SMS 【】 names the sender, once and at the start", sign, len(text))
    lines = text.strip("\n").count("\n") + 1
    if lines > channel.lines:
        yield Refusal("too many lines", f"{lines} lines, {channel.name} takes {channel.lines}", 0, len(text))


def _lexicon_hits(folded: str, lexicons: tuple[Lexicon, ...], category: str) -> Iterator[Refusal]:
    for rules in _rules(lexicons, category):
        for hit in rules.terms.finditer(folded) if rules.needs.search(folded) else ():
            group = rules.groups[int((hit.lastgroup or "g0")[1:])]
            exceptions = _union(rules.letters, group.exceptions).finditer(folded) if group.exceptions else ()
            if not any(allowed.start() < hit.end() and hit.start() < allowed.end() for allowed in exceptions):
                yield Refusal(group.reason, hit[0], hit.start(), hit.end(), group.severity)


@lru_cache(maxsize=4096)
def _rules(lexicons: tuple[Lexicon, ...], category: str) -> tuple[_Rules, ...]:
    """The rules that hold in the category: one pattern for each lexicon that has any."""
    compiled = []
    for lexicon in lexicons:
        groups = tuple(
            group
            for group in lexicon.groups
            if not group.categories or any(word in category for word in group.categories)
        )
        if groups:
            compiled.append(_compiled(lexicon.letters, lexicon.has_spaces, groups))
    return tuple(compiled)


@lru_cache(maxsize=256)
def _compiled(letters: str, has_spaces: bool, groups: tuple[Group, ...]) -> _Rules:
    union = "|".join(f"(?P<g{n}>{'|'.join(group.terms)})" for n, group in enumerate(groups))
    edge_letters = letters if has_spaces else ""
    return _Rules(edge_letters, groups, _bounded(edge_letters, union), re.compile(f"[#{letters}]"))


@lru_cache(maxsize=1024)
def _union(letters: str, terms: tuple[str, ...]) -> re.Pattern[str]:
    return _bounded(letters, "|".join(terms))


def _bounded(letters: str, union: str) -> re.Pattern[str]:
    r"""Matches the terms as whole words; without `letters` (a language without spaces) a term matches anywhere."""
    return re.compile(rf"(?<![{letters}])(?=[{letters}#\d])(?:{union})(?![{letters}])" if letters else union)
