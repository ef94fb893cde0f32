"""The text of a policy that may contain HTML, as a person reads it: without markup, scripts or hidden elements.

The text is read in one pass, piece by piece, so the time grows only with its length.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

_SILENT = {"script", "style", "template", "iframe", "object", "noscript", "head", "title", "svg"}
_RAW = {"script", "style"}  # these contain no tags except their own end
_BREAKS = {"p", "br", "div", "li", "ul", "ol", "tr", "table", "td", "th", "dl", "dt", "dd", "hr",
           "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "blockquote", "pre", "option"}  # fmt: skip
_TAG = re.compile(r"<[a-zA-Z/!?]|&#?\w+;")
_PIECE = re.compile(r"""<|>|=\s*["']|["']|=|[^<>"'=]+""")
_BEGINS = re.compile(r"/?[a-zA-Z]|[!?]")  # after <: the begin of a tag, a comment or a declaration
_NAME = re.compile(r"/?([a-zA-Z][^\s/]*)")
_LONG_NUMBER = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")  # of no character; int() may refuse it


def plain_text(text: str) -> str:
    """The text without markup; each run of blanks becomes one space."""
    for _ in range(3):  # markup that was escaped once or twice is markup too
        if not _TAG.search(text):
            break
        text = read_page(pieces_of(text))
    return re.sub(r"\s+", " ", text).strip()


def pieces_of(text: str) -> Iterator[str]:
    """The text, cut wherever markup may begin or end."""
    return (match[0] for match in _PIECE.finditer(text))


def read_page(pieces: Iterable[str]) -> str:
    """The text that a page of these pieces shows. Reads each piece once; a tag that never ends is text."""
    page = _Page()
    for piece in pieces:
        page.take(piece)
    return page.shown()


class _Page:
    """A page as far as it has been read."""

    def __init__(self) -> None:
        self.parts: list[str] = []  # what is shown
        self.run: list[str] = []  # text since the last tag
        self.silent: dict[str, int] = {}  # hidden element -> how many hidden ones were open when it began
        self.raw = ""  # the element whose content holds no tags
        self.tag: list[str] | None = None  # the pieces of a tag that has begun
        self.quote = ""  # the mark that ends the value of an attribute
        self.comment: str | None = None  # the last characters of a comment that has begun

    def take(self, piece: str) -> None:
        if self.comment is not None:
            if piece == ">" and self.comment.endswith(("--", "--!")):
                self.comment = None
            else:
                self.comment = (self.comment + piece[-3:])[-3:]
        elif self.tag is None:
            if piece == "<":
                self.tag = [piece]
            else:
                self.run.append(piece)
        elif self.quote:
            self.tag.append(piece)
            if piece.endswith(self.quote):
                self.quote = ""
        else:
            self._within_tag(self.tag, piece)

    def _within_tag(self, tag: list[str], piece: str) -> None:
        if piece == "<":
            self.run += tag
            self.tag = [piece]
        elif len(tag) == 1 and not self._begins(piece):
            self.run += [*tag, piece]
            self.tag = None
        elif len(tag) == 1 and piece.startswith("!--"):
            self._end_run()
            self.tag, self.comment = None, piece[1:][-3:]
        elif piece == ">":
            self.tag = None
            self._end_run()
            self._tag("".join(tag[1:]))
        else:
            tag.append(piece)
            self.quote = piece[-1] if len(piece) > 1 and piece[0] == "=" else ""

    def _begins(self, piece: str) -> bool:
        """Whether < and the piece begin a tag; within a script only its end tag counts."""
        if self.raw:
            name = _NAME.match(piece)
            return piece.startswith("/") and name is not None and name[1].lower() == self.raw
        return _BEGINS.match(piece) is not None

    def _tag(self, inside: str) -> None:
        match = _NAME.match(inside)
        name = match[1].lower() if match else ""
        if name in _SILENT:
            if inside.startswith("/"):
                self._end_silence(name)
            elif not inside.endswith("/"):
                self.silent.setdefault(name, len(self.silent))
                self.raw = name if name in _RAW else ""
        elif name in _BREAKS and not self.silent:
            self.parts.append(" ")

    def _end_silence(self, name: str) -> None:
        """Ends a hidden element, with the hidden elements that began within it."""
        self.raw = ""
        if name in self.silent:
            self.silent = {element: depth for element, depth in self.silent.items() if depth < self.silent[name]}

    def _end_run(self) -> None:
        if self.run and not self.silent:
            self.parts.append(html.unescape(_LONG_NUMBER.sub("\ufffd", "".join(self.run))))
        self.run = []

    def shown(self) -> str:
        if self.tag is not None:
            rest, self.tag, quoted, self.quote = self.tag, None, self.quote, ""
            if quoted:  # a value that never ends hides no text: it is read like any other text
                self.run.append("<")
                for piece in rest[1:]:
                    self._take_unquoted(piece)
                rest = self.tag or []
            self.run += rest
        self._end_run()
        return "".join(self.parts)

    def _take_unquoted(self, piece: str) -> None:
        self.take(piece)
        self.quote = ""
