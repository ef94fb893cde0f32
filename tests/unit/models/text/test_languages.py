"""The language of a text: found by its letters, and for Latin letters by its small words."""

from __future__ import annotations

import pytest

from models.text.languages import is_written, wrong_language
from models.text.numerals import fold
from schemas.copywriting.language import load_languages

LANGUAGES = load_languages()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Für dich: Pullover aus Wolle, auch für kühle Tage", "de"),
        ("Größe M, mit Kabel, der Straße entlang", "de"),
        ("Nolan スピーカー、あなたに", "ja"),
        ("綿のシャツです", "ja"),
        ("纯棉衬衫，透气", "zh"),
        ("Bluetooth 音箱，没有线缠着", "zh"),
        ("A jacket for the way out", "en"),
    ],
)
def test_a_text_is_in_its_language(text: str, language: str) -> None:
    assert wrong_language(fold(text), LANGUAGES[language]) is None


@pytest.mark.parametrize(
    ("text", "language", "why"),
    [
        ("A jacket for the way out and for you", "de", "small words of another language"),
        ("Une veste pour les soirées avec du style", "de", "small words of another language"),
        ("Eine Jacke für den Weg und für dich", "en", "small words of another language"),
        ("纯棉衬衫，透气，天热也清爽", "ja", "none of"),
        ("綿のシャツです", "zh", "another script"),
        ("Рубашка из хлопка", "de", "another script"),
        ("Just in: a shirt of cotton", "ja", "beside 6 Latin words"),
        ("纯棉衬衫 for you", "de", "Chinese characters"),
    ],
)
def test_a_text_in_another_language_is_recognised(text: str, language: str, why: str) -> None:
    assert why in (wrong_language(fold(text), LANGUAGES[language]) or "")


def test_some_languages_are_recognised_by_letters_alone() -> None:
    assert is_written("シャツ", LANGUAGES["ja"])
    assert not is_written("シャツ", LANGUAGES["zh"])
    assert not is_written("Shirt", LANGUAGES["ja"])
    assert not is_written("衬衫 shirt", LANGUAGES["de"])
