"""Words of the languages' files send a question to a person, however they are typed, and their lookalikes do not."""

from __future__ import annotations

import pytest

from models.service.handover import Handover
from schemas.service.wording import service_languages, service_wording

WORDS = Handover.of([
    {"person": ["human", "speak to someone"], "legal": ["sue", "i'll sue*court"], "child": ["i am * years old"]},
    {"person": ["人工", "转*客服"], "legal": ["律师"]},
])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("HUMAN please", "person"), ("ｈｕｍａｎ", "person"), ("speak  to\n someone", "person"),
        ("我要找human谢谢", "person"),
        ("I’ll SUE you", "legal"), ("i am nine years old", "child"), ("转 人 工", "person"),
        ("请转给你们客服", "person"),
        ("人工，律师", "person"), ("律師还是律师", "legal"), ("sue!", "legal"),
    ],
)  # fmt: skip
def test_a_word_is_found_however_it_is_typed(text: str, reason: str) -> None:
    assert WORDS.reason(text) == reason


@pytest.mark.parametrize(
    "text",
    [
        "humane treatment",
        "a tissue",
        "an issue",
        "i am glad that all of it is already forty years old",
        "转了很多很多次的客服",
        "",
        "😀",
        "*",
        "[phone]",
    ],
)
def test_a_lookalike_is_not_found(text: str) -> None:
    assert WORDS.reason(text) is None


def test_no_words_find_nothing() -> None:
    assert Handover.of([]).reason("human") is None
    assert Handover.of([{"legal": []}]).reason("") is None


@pytest.mark.parametrize("language", service_languages())
def test_every_shipped_word_is_found_in_a_sentence(language: str) -> None:
    reasons = service_wording(language).handover
    shipped = Handover.of([reasons])
    for reason, words in reasons.items():
        for word in words:
            given_reason = shipped.reason(f"... {word.replace('*', ' 1 ' if word.isascii() else '1')} !")
            assert given_reason in reasons, (reason, word)
