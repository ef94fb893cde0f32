"""Searches for many patterns at once: at each place it tries only those that can begin with the letters there.

One regular expression with hundreds of alternatives would try each of them at each place of a text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

_parser = import_module("re._parser")  # how `re` itself reads a pattern
LETTERS, CHARACTERS = 5, 2  # of a beginning by which patterns are indexed: in Latin letters, in Chinese
_MOST = 4_000  # beginnings of a pattern; a pattern with more is indexed by shorter ones
_WIDE = 64  # letters of a range such as a-z; a wider range ends the beginning


class Hit(NamedTuple):
    """A match: the tag of its pattern, its place, and what the group `of` holds, "" if there is none."""

    tag: str
    start: int
    end: int
    of: str = ""


class _Tagged:
    """A pattern and its tag. It is compiled at first use: most patterns of a language are never tried in a night."""

    __slots__ = ("_compiled", "_pattern", "tag")

    def __init__(self, tag: str, pattern: str) -> None:
        self.tag, self._pattern = tag, pattern
        self._compiled: re.Pattern[str] | None = None

    def match(self, text: str, place: int) -> re.Match[str] | None:
        if self._compiled is None:
            self._compiled = re.compile(self._pattern)
        return self._compiled.match(text, place)


class PatternIndex:
    """Patterns with tags. whole_words: no letter a to z directly before or after a match, and no digit before it."""

    def __init__(self, tagged: Iterable[tuple[str, str]], whole_words: bool) -> None:
        self._whole_words = whole_words
        self._by_beginning: dict[str, list[_Tagged]] = defaultdict(list)
        for tag, pattern in tagged:
            entry = _Tagged(tag, rf"(?:{pattern})(?![a-z])" if whole_words else pattern)
            for beginning in beginnings(pattern, LETTERS if whole_words else CHARACTERS):
                self._by_beginning[beginning].append(entry)
        self._lengths: dict[str, list[int]] = defaultdict(list)  # first letter -> how long beginnings with it are
        for length, first in sorted({(len(beginning), beginning[:1]) for beginning in self._by_beginning}):
            self._lengths[first].append(length)
        self._word = re.compile(r"(?<![a-z0-9])[^\s]")

    def hits(self, folded: str) -> Iterator[Hit]:
        """All matches of all patterns, by place; matches of the same pattern do not overlap."""
        ends: dict[_Tagged, int] = {}
        places = (m.start() for m in self._word.finditer(folded)) if self._whole_words else range(len(folded))
        get, lengths, anywhere = self._by_beginning.get, self._lengths.get, self._lengths.get("", [])
        for place in places:
            for length in (*anywhere, *lengths(folded[place], ())):
                for entry in get(folded[place : place + length], ()):
                    if ends.get(entry, 0) <= place and (match := entry.match(folded, place)):
                        ends[entry] = match.end()
                        yield Hit(entry.tag, place, match.end(), match["of"] if "of" in match.re.groupindex else "")


def beginnings(pattern: str, most: int) -> frozenset[str]:
    """The possible first letters of a pattern's matches, up to `most` letters; "" if a match may begin with anything.

    Every match of the pattern begins with one of these.
    """
    return frozenset(begin for begin, _ in _begin(_parser.parse(pattern), most))


_Begun = set[tuple[str, bool]]  # (letters, whether more of the pattern may follow them directly)


def _begin(parsed: Any, most: int) -> _Begun:
    begun: _Begun = {("", True)}
    for op, arg in parsed:
        follow = _letters(str(op), arg, most)
        if follow is None:
            return {(letters, False) for letters, _ in begun}
        grown: _Begun = set()
        for letters, goes_on in begun:
            if not goes_on or len(letters) >= most:
                grown.add((letters, False))
            else:
                grown.update(((letters + more)[:most], still) for more, still in follow)
        if len(grown) > _MOST:
            return {(letters, False) for letters, _ in begun}
        begun = grown
        if not any(goes_on for _, goes_on in begun):
            break
    return begun


def _letters(op: str, arg: Any, most: int) -> _Begun | None:
    """What one part of a pattern may begin with; None if that may be anything."""
    match op:
        case "LITERAL":
            return {(chr(arg), True)}
        case "IN":
            letters = _class(arg)
            return None if letters is None else {(letter, True) for letter in letters}
        case "SUBPATTERN":
            return _begin(arg[3], most)
        case "BRANCH":
            return {beginning for branch in arg[1] for beginning in _begin(branch, most)}
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, turns, part = arg
            once = _begin(part, most)
            if turns > 1:  # the part may be repeated, so what follows is unknown
                once = {(letters, False) for letters, _ in once}
            return once | ({("", True)} if least == 0 else set())
        case "ASSERT" | "ASSERT_NOT" | "AT":
            return {("", True)}
    return None


def _class(parts: Any) -> set[str] | None:
    letters: set[str] = set()
    for op, arg in parts:
        match str(op):
            case "LITERAL":
                letters.add(chr(arg))
            case "RANGE" if arg[1] - arg[0] <= _WIDE:
                letters.update(map(chr, range(arg[0], arg[1] + 1)))
            case "CATEGORY" if str(arg) == "CATEGORY_DIGIT":
                letters.update("0123456789")
            case _:
                return None
    return letters
