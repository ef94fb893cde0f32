"""What a person reads of a policy that may hold HTML: its text, with nothing that a page could run or show."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SILENT = {"script", "style", "template", "iframe", "object", "noscript", "head", "title", "svg"}
_BREAKS = {"p", "br", "div", "li", "ul", "ol", "tr", "table", "td", "th", "dl", "dt", "dd", "hr",
           "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "blockquote", "pre", "option"}  # fmt: skip
_TAG = re.compile(r"<[a-zA-Z/!][^>]*>?|&#?\w+;")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _SILENT:
            self.silent.append(tag)
        elif tag in _BREAKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silent:
            del self.silent[self.silent.index(tag) :]
        elif tag in _BREAKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


def plain_text(text: str) -> str:
    """The text without markup, its blanks as one space each."""
    for _ in range(3):  # markup that was escaped once or twice is markup too
        if not _TAG.search(text):
            break
        reader = _Reader()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    return re.sub(r"\s+", " ", text).strip()
