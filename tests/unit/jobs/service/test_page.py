"""The page of customer service: hostile text is text, counts are right, and everything is said in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jobs.service.page import Seen, page_of
from jobs.service.page_words import CHINESE, ENGLISH, WORDS

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!--content-->{title}%s"


def answer(**changed: Any) -> dict[str, Any]:
    return {"text": "Red?", "answer": "It is red.", "reason": None, "chance": 0.912, "source_table": "items",
            "source_id": "g1", "source_column": "colour"} | changed  # fmt: skip


def page(**changed: Any) -> str:
    empty: dict[str, Any] = dict.fromkeys(("answered", "handed_over", "reasons", "topics", "errors", "rejected"), ())
    counts = {"questions": 12_345, "answered": 12_000, "handed_over": 345, "items": 67_890}
    return page_of(Seen(**{"date": "2026-01-01", "most": 50, "counts": counts, **empty, **changed}))


def cells(html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "|", cell).strip("|") for cell in re.findall(r"<td>(.*?)</td>", html, re.DOTALL)]


def test_text_from_outside_is_never_markup() -> None:
    hostile = answer(text=EVIL, answer=EVIL, reason=EVIL, source_table=EVIL, source_id=EVIL, source_column=EVIL)
    html = page(
        date=EVIL, answered=[hostile], handed_over=[hostile],
        reasons=[{"topic": EVIL, "value": 1.0, "questions": 2}], errors=[{"topic": EVIL, "value": 0.5}],
        topics=[{"size": 2, "examples": [EVIL, EVIL], "nearest_policy": EVIL}],
        rejected=[{"row_id": EVIL, "source_file": EVIL, "reason": EVIL, "detail": EVIL}],
    )  # fmt: skip
    quiet = page()
    for tag in ("<script", "<img", "<!--"):
        assert html.count(tag) == quiet.count(tag)
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;!--content--&gt;{title}%s" in html  # a text is shown as it is, not filled in


def test_the_page_loads_nothing_and_runs_only_its_own_script() -> None:
    html = page()
    assert "default-src 'none'" in html
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", html)
    assert not re.search("<!--(?:content|policy)-->", html)


def test_counts_and_shares_are_those_of_the_rows() -> None:
    html = page(
        reasons=[{"topic": "not_sure", "value": 1_234.0, "questions": 12_345}],
        errors=[{"topic": "colour", "value": 0.25}],
        topics=[{"size": 17, "examples": ["Vegan?", "Is it vegan?"], "nearest_policy": None}],
    )  # fmt: skip
    assert "12,345 questions: 12,000 answered, 345 for a person. 67,890 answers about items." in html
    assert "共12,345个问题：已回答12,000个，转人工345个。商品问答67,890条。" in html
    cells_shown = cells(html)
    assert cells_shown[1:3] == ["1,234", "10%"]
    assert cells_shown[3:] == ["17", "Vegan?|Is it vegan?", "", "colour", "25%"]


def test_a_row_names_its_source_and_its_chance() -> None:
    cells_shown = cells(page(answered=[answer(), answer(source_column=None)]))
    assert cells_shown == ["Red?", "It is red.", "items g1 colour", "0.91", "Red?", "It is red.", "items g1", "0.91"]


def test_reasons_are_in_both_languages_with_their_details() -> None:
    html = page(handed_over=[answer(answer=None, reason="contradictory_policies: a, b"), answer(reason="brand_new")])
    assert f"<span {ENGLISH}>contradictory policies: a, b</span><span {CHINESE}>政策互相矛盾: a, b</span>" in html
    assert f"<span {ENGLISH}>brand new</span>" in html  # a reason without a Chinese word is shown all the same


def test_every_sentence_has_both_languages() -> None:
    html = page(answered=[answer()])
    assert html.count(f"<span {ENGLISH}>") == html.count(f"<span {CHINESE}>") > 10
    for english, chinese in WORDS.values():
        assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", chinese)


def test_empty_parts_say_that_they_are_empty() -> None:
    assert page().count(f"<span {ENGLISH}>None.</span>") == 5
    assert "Policies that are not used" not in page()


@pytest.mark.parametrize("size", [160, 161, 20_000])
def test_a_long_text_is_cut_before_it_is_escaped(size: int) -> None:
    (cell, *_) = cells(page(answered=[answer(text="&" * size)]))
    assert cell == "&amp;" * 160 + ("..." if size > 160 else "")
