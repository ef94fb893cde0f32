"""A page as HTML: every text escaped, one policy, nothing that loads or runs from a row."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from jobs.pages.blocks import Command, Entries, Entry, Lines, Page, Rows, Section, Sentences, Series, Words, plain
from jobs.pages.drawing import html_of
from jobs.pages.masked_rows import masked
from tests.hostile_rows import MARKS, MARKUP, NAMES

HOSTILE = [*MARKUP, *NAMES, *(f"Oak{mark}lamp" for mark in MARKS)]
BOTH = Words("Title", "标题")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def a_page(text: str) -> str:
    cell, word = plain(text), Words(plain(text), plain(text))
    entry = Entry(cell, word, [word], [Rows([BOTH], [[cell]])])
    blocks = [
        Rows([BOTH, BOTH], [[cell, word]], BOTH, searched=True),
        Entries(BOTH, [entry], BOTH),
        Sentences([(word, True), (word, False)]),
        Command(word, cell),
        Lines(word, [cell], [Series(word, [1.0])]),
    ]
    page = Page("items", BOTH, [word], [Section("s", word, blocks, cell)])
    return html_of(page, [("items", BOTH)], "2026-01-06", "001")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_adds_no_tag(text: str) -> None:
    harmless, hostile = Tags(), Tags()
    harmless.feed(a_page("Oak lamp, one of a kind, as long as a cell"))
    hostile.feed(a_page(text))
    plainly = [[(tag, {k for k in attrs if k != "class"}) for tag, attrs in tags.seen] for tags in (harmless, hostile)]
    assert plainly[0] == plainly[1]


def test_characters_that_nobody_sees_are_given_by_number() -> None:
    assert plain("Oak\u202elamp") == "Oak[U+202E]lamp"
    assert plain("a" * 300).endswith("a…")


def test_a_page_loads_nothing() -> None:
    page = a_page("Oak lamp")
    assert "default-src 'none'" in page
    assert re.findall(r"\b(?:src|srcset|action|formaction)=", page) == []
    assert {href for href in re.findall(r'href="([^"]*)"', page) if not re.fullmatch(r"[a-z]+\.html", href)} == set()
    assert re.findall(r"<\w+[^>]* (?:style|on\w+)=", page) == []
    assert "/*page.css*/" not in page
    assert "/*tongue.js*/" not in page


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ('{"query":"write to Seller.Wang@Example.com"}', '{"query":"write to •••"}'),
        ('{"note":"call 13812345678 now"}', '{"note":"call ••• now"}'),
        ('{"price":"abc","goods_id":"g0000015"}', '{"price":"abc","goods_id":"g0000015"}'),
    ],
)
def test_what_is_personal_in_a_rejected_row_is_masked(row: str, shown: str) -> None:
    assert masked(row) == shown
