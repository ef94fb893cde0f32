from __future__ import annotations

import re

import pytest

from jobs.images.page import Seen, page_of
from jobs.images.page_words import REASONS_ZH, WORDS
from schemas.picture_reasons import PICTURE_REASONS

HOSTILE = '<img src=x onerror="alert(1)">\'</style><script>alert(2)</script>'


def seen(text: str = "Lamp", **changed: object) -> Seen:
    like = {"item_id": "b", "kind": "looks_alike", "score": 0.5, "rank": 1}
    facts = {
        "date": "2026-01-06",
        "most": 40,
        "counts": {"items": 2, "pictures": 2, "new": 1, "refused": 1},
        "similar": {"a": [like]},
        "doubted": [{"item_id": "a", "attribute": text, "value": text, "looks": text, "chance": 0.9, "picture": "p"}],
        "recognised": [{"item_id": "a", "attribute": text, "value": text, "chance": 0.9, "picture": "p"}],
        "found": {text: [like | {"kind": "same_item"}]},
        "refused": [{"source_file": text, "reason": "empty", "detail": text}],
        "main": {"a": "p"},
        "titles": {"a": (text, text)},
        "thumbnails": {"p": b"jpeg"},
    }
    return Seen(**(facts | changed))  # type: ignore[arg-type]


def test_texts_of_a_shop_stay_texts() -> None:
    page = page_of(seen(HOSTILE))
    assert page.count("<script") == 1  # the page's own, which changes the language
    assert "<img" not in page
    assert page.count("</style>") == 1
    assert re.search(
        r"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; script-src 'sha256-", page
    )


def test_the_page_says_its_bound_in_both_languages() -> None:
    page = page_of(seen(most=1_234))
    assert "Each part of this page has at most 1,234 rows" in page
    assert "本页每部分至多 1,234 行" in page


def test_braces_of_a_shop_are_not_filled_in() -> None:
    assert "{value}" in page_of(seen("{value}"))


def test_an_empty_night_says_so_in_both_languages() -> None:
    page = page_of(seen(similar={}, doubted=[], recognised=[], found={}, refused=[], thumbnails={}))
    for name in ("doubted_none", "recognised_none", "similar_none", "found_none", "refused_none"):
        assert all(sentence in page for sentence in WORDS[name])


@pytest.mark.parametrize("name", WORDS)
def test_both_languages_name_the_same_facts(name: str) -> None:
    english, chinese = (sorted(re.findall(r"\{(\w+)\}", sentence)) for sentence in WORDS[name])
    assert english == chinese


def test_every_reason_has_chinese_words() -> None:
    assert set(REASONS_ZH) == set(PICTURE_REASONS)
