"""A policy that holds HTML is read as a person would read it on the page."""

from __future__ import annotations

import pytest

from jobs.service.plain_text import plain_text


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
    ],
)
def test_markup_is_taken_off_and_text_stays(text: str, read: str) -> None:
    assert plain_text(text) == read
