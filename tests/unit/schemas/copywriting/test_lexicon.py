"""Lexicon files: what loads, and what is refused, with line and term in the message."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.compliance.checks import CHANNELS, refusals
from models.fact_lock.claims import Vocabulary
from schemas.copywriting.language import load_languages
from schemas.copywriting.lexicon import Lexicon, LexiconError, load_lexicons, load_words

HEAD = 'name = "mine"\nversion = 1\nlanguage = "en"\nmarket = "GB"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return str(path)


def load_lexicon(path: str) -> Lexicon:
    return load_lexicons(load_languages(("en",)).values(), more=[path])[-1]


def test_every_language_has_a_lexicon() -> None:
    assert [lexicon.language for lexicon in load_lexicons()] == list(load_languages())


def test_a_lexicon_of_the_shop(tmp_path: Path) -> None:
    lexicon = load_lexicon(written(tmp_path, HEAD + '[slang]\nseverity = "warn"\nterms = ["comfy", "fab"]\n'))
    assert lexicon.groups[0].severity == "warn"
    assert lexicon.groups[0].terms == ("comfy", "fab")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + '[slang]\nterms = ["fine",\n  "fab(" ]\n', r"mine\.toml:7: \[slang\] terms: 'fab\(' is not a pattern"),
        (HEAD + '[slang]\nterms = ["(fab)"]\n', r"mine\.toml:6: .*it has a group"),
        (HEAD + '[slang]\nterms = ["(?:fab)?"]\n', r"mine\.toml:6: .*matches nothing"),
        (HEAD + '[slang]\nterms = ["fab"]\nexceptions = ["[a"]\n', r"mine\.toml:7: \[slang\] exceptions"),
        (HEAD + '[slang]\nterms = ["fab"]\nseverty = "warn"\n', "no 'severty'"),
        (HEAD + '[slang]\nterms = ["fab"]\nseverity = "mild"\n', "'mild'; there are block, warn"),
        (HEAD + "[slang]\nterms = []\n", r"\[slang\] has no terms"),
        (HEAD + "[slang]\nterms = [1]\n", "must be a list of texts"),
        (HEAD.replace("en", "fr"), "language is 'fr'"),
        (HEAD.replace("version = 1\n", ""), "lacks 'version'"),
        (HEAD.replace("= 1", '= "one"'), "version is 'one'"),
        (HEAD + "colour = 3\n", "'colour' must be a table"),
        ("name = \n", "is not TOML"),
    ],
)
def test_a_mistake_is_refused_by_file_and_term(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        load_lexicon(written(tmp_path, text))


def test_a_lexicon_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no lexicon none\.toml; leave copy\.lexicons empty"):
        load_lexicon("none.toml")


def test_words_entail_words_that_exist() -> None:
    words = load_words()
    known = {(word.kind, word.name) for word in words}
    assert all((word.kind, above) in known for word in words for above in word.is_a)


def test_words_of_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, '[mood]\nhappy = ["happy"]\n')
    with pytest.raises(ValueError, match="'mood' is none of"):
        Vocabulary.of([], load_words(more=[path]))


@pytest.mark.parametrize(
    ("language", "text", "is_refused"),
    [
        ("zh", "搬家后的第一晚，先开灯。", False),
        ("zh", "第一个雪天，先开灯。", False),
        ("zh", "把灯拧到最低那一档。", False),
        ("zh", "唯一的声音是雨。", False),
        ("zh", "看着就挺治愈的。", False),
        ("zh", "全国第一的灯。", True),
        ("zh", "最低价的灯。", True),
        ("zh", "特别治愈失眠。", True),
        ("en", "The best spot in the house is under this lamp.", False),
        ("en", "Pick the level that suits you best.", False),
        ("en", "The only sound is the rain.", False),
        ("en", "What was the evening in such a hurry about?", False),
        ("en", "The best lamp in the house.", True),
        ("en", "The only lamp you need.", True),
        ("en", "Hurry, the lamps are going.", True),
    ],
)
def test_a_lexicon_refuses_a_claim_and_no_idiom(language: str, text: str, is_refused: bool) -> None:
    languages = load_languages((language,))
    found = refusals(text, languages[language], CHANNELS["blurb"], load_lexicons(languages.values()))
    assert bool(found) == is_refused
