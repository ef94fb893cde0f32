"""The language of a question and the questions that it holds."""

from __future__ import annotations

import pytest

from models.service.question_text import has_words, language_of, parts_of
from schemas.copywriting.language import load_languages

LANGUAGES = {name: load_languages()[name] for name in ("en", "zh")}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Is it waterproof?", "en"), ("Is it waterproof 😀😀😀😀😀😀😀😀😀", "en"), ("谢谢🙏🙏🙏🙏🙏", "zh"),
        ("这个 iPhone 15 支持快充吗", "zh"), ("WTF", "en"), ("防水?", "zh"), ("[phone] 什么时候发货", "zh"),
        ("Это водонепроницаемо?", None), ("これは防水ですか", None), ("방수인가요", None), ("هل هو مقاوم للماء", None),
        ("wo ist der Brief von der Post und was ist das", None), ("😀🎁", None), ("", None), ("[email] [phone]", None),
        ("123 456", None), ("??!!", None),
    ],
)  # fmt: skip
def test_the_language_is_that_of_most_of_the_text(text: str, language: str | None) -> None:
    assert language_of(text, LANGUAGES) == language


def test_no_language_is_known_without_languages() -> None:
    assert language_of("Is it red?", {}) is None


@pytest.mark.parametrize(
    ("text", "has"), [("a", True), ("水", True), ("😀", False), ("12 _ ?", False), ("[email]", False), ("", False)]
)
def test_words_are_letters_that_a_person_wrote(text: str, has: bool) -> None:
    assert has_words(text) is has


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Is it red? How big is it?", ["Is it red", "How big is it"]), ("防水吗？多少钱？", ["防水吗", "多少钱"]),
        ("Is it red? and the price", ["Is it red", "and the price"]), ("Really???", []),
        ("Is it red?", []), ("? ? a ?", []),
        ("", []), ("?" * 20_000, []), ("no mark", []),
    ],
)  # fmt: skip
def test_several_questions_are_told_apart(text: str, parts: list[str]) -> None:
    assert parts_of(text) == parts
