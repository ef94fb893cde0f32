"""The parts of a page: words in two languages, cells, and blocks. templates/page.html draws them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_LONGEST = 200  # characters of a text from the shop
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of characters that are invisible or change the text's direction
NONE = "–"


@dataclass(frozen=True)
class Words:
    """The same words in English and in Chinese."""

    english: str
    chinese: str


@dataclass(frozen=True)
class Number:
    """A figure as text, aligned to the right; href: the page that explains it, if any."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Link:
    """A link to another page of the same folder."""

    words: Words | str
    href: str


@dataclass(frozen=True)
class Share:
    """A bar as wide as `share` of the cell, 0 to 1, that starts at `start`; `text` is the figure beside it."""

    share: float
    text: str
    start: float = 0.0


Cell = Words | Number | Link | Share | str


@dataclass(frozen=True)
class Rows:
    """A table. A search covers only the rows on the page; `bound` says which rows these are."""

    head: Sequence[Words]
    rows: Sequence[Sequence[Cell]]
    bound: Words | None = None
    searched: bool = False
    kind: str = "rows"

    def is_of_figures(self, column: int) -> bool:
        """Whether a column holds only figures, so that its head is aligned to the right too."""
        return bool(self.rows) and all(isinstance(row[column], Number) for row in self.rows)


@dataclass(frozen=True)
class Sentences:
    """Plain sentences, each with whether it is marked as unusual. hrefs: the link of each, "" for none."""

    lines: Sequence[tuple[Words, bool]]
    hrefs: Sequence[str] = ()
    kind: str = "sentences"


@dataclass(frozen=True)
class Command:
    """A command that prints the same figures, or the figures of other users."""

    words: Words
    command: str
    kind: str = "command"


@dataclass(frozen=True)
class Entry:
    """One thing that a reader looks up, such as a user: its name, some tags, and blocks that unfold below it."""

    name: str
    title: Words | str
    tags: Sequence[Words | str]
    blocks: Sequence[Any]
    picture: str = ""  # a data: URL


@dataclass(frozen=True)
class Entries:
    """Things to look up by name or title; `bound` says which of them are on the page."""

    search: Words
    entries: Sequence[Entry]
    bound: Words
    kind: str = "entries"


@dataclass(frozen=True)
class Series:
    """One line of a chart; None where a night has no figure. low and high: the ends of its interval."""

    name: Words
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


@dataclass(frozen=True)
class Lines:
    """A chart of a figure over nights, oldest first."""

    caption: Words
    nights: Sequence[str]
    series: Sequence[Series]
    form: str = "{:,.0f}"
    kind: str = "lines"


@dataclass(frozen=True)
class Section:
    """A part of a page. `source`: the table, the report or the command behind its figures. Two sections that are not
    wide are side by side where there is room."""

    name: str
    title: Words
    blocks: Sequence[Any]
    source: str = ""
    more: Link | None = None
    wide: bool = True


@dataclass(frozen=True)
class Page:
    """One page: its file is `name`.html."""

    name: str
    title: Words
    lead: Sequence[Words]
    sections: Sequence[Section]
    facts: Mapping[str, Any] = field(default_factory=dict)


def number(value: float | None, form: str = "{:,.0f}", href: str = "") -> Number:
    """href: the page, with the section in it, that explains the figure."""
    return Number(NONE if value is None else form.format(value), href if value is not None else "")


def money(value: float | None, currency: str | None) -> Number:
    return Number(NONE if value is None else f"{value:,.2f} {plain(currency) if currency else ''}".rstrip())


def plain(text: object, longest: int = _LONGEST) -> str:
    """A text from the shop as a page shows it: cut, and with invisible characters written as their numbers."""
    shown = "".join(
        f"[U+{ord(char):04X}]" if unicodedata.category(char) in _UNSEEN else char for char in str(text)[:longest]
    )
    return shown + ("…" if len(str(text)) > longest else "")
