"""A policy that holds HTML is read as a person would read it on the page."""

from __future__ import annotations

import sys

import pytest

from jobs.service.plain_text import pieces_of, plain_text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<p>Return within <b>30</b> days</p>", "Return within 30 days"),
        ("a<script>alert(1)</script>b", "ab"),
        ("&lt;script&gt;x&lt;/script&gt;b", "b"),
        ("&amp;lt;b&amp;gt;x", "x"),
        ("<img src=x onerror=alert(1)>ok<!-- hidden -->", "ok"),
        ("<table><tr><th>Days</th><td>30</td><td>14</td></tr></table>", "Days 30 14"),
        ("<dl><dt>30</dt><dd>14</dd></dl><h5>7</h5>1", "30 14 7 1"),
        ("price < 100 and > 50", "price < 100 and > 50"),
        ("A & B, 5 <6", "A & B, 5 <6"),
        ("<style>a", ""),
        ("</script>z", "z"),
        ("", ""),
        (" two\n\n lines&nbsp;", "two lines"),
        ("a <b, <a<a<b", "a <b, <a<a<b"),
        ("<a title='5 > 3' href = \"<b>\">x</a>", "x"),
        ("<p don't>x", "x"),
        ("<a href='x>text <b>bold</b>", "<a href='x>text bold"),
        ("<SCRIPT>if (a<b) '</p>'</Script >z", "z"),
        ("<iframe>a<svg>b</iframe>c</svg>d", "cd"),
        ("<!-->a<!--->b<!-- <p> -- > -->c<!-- --!>d<!-- e", "abcd"),
        ("<!doctype html><svg/>x <br/>1 </3 2 <>", "x 1 </3 2 <>"),
        ("&#128512;&#99999999;" + "<br>" + "&#" + "9" * 5_000 + ";", "😀\ufffd \ufffd"),
    ],
)
def test_markup_is_taken_off_and_text_stays(text: str, read: str) -> None:
    assert plain_text(text) == read


UNITS = ("<a", "<a ", "</a", "<!--", "<!", "<?", "<a b=", "<a '", '<a="', "<a href='", "<svg>", "<template></svg>",
         "<script>", "<b>x</b>", "&lt;")  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_twice_the_text_takes_twice_the_steps(unit: str) -> None:
    """Steps are calls of functions, each of which is given one piece of the text."""
    few, many = steps(unit * 500), steps(unit * 1_000)
    assert many <= 2 * few + 20


def test_pieces_of_text_do_not_overlap() -> None:
    for unit in UNITS:
        assert "".join(pieces_of(unit * 9)) == unit * 9


@pytest.mark.parametrize("unit", ["<a", "<a ", "<a/"])
def test_a_text_of_tags_that_never_end_is_shown_as_it_is(unit: str) -> None:
    assert plain_text(unit * 30_000) == (unit * 30_000).strip()


def steps(text: str) -> int:
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        plain_text(text)
    finally:
        sys.setprofile(before)
    return count
