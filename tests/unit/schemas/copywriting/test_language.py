"""The file of a language, its benefits, and the check of a folder that lacks something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from schemas.copywriting.benefits import load_benefits
from schemas.copywriting.language import LanguageError, load_language, load_languages
from schemas.copywriting.language_check import missing_in
from schemas.copywriting.language_files import SHIPPED, file_of
from schemas.copywriting.voice import VoiceError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED / "de", tmp_path / "de")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("language", load_languages())
def test_a_shipped_language_lacks_nothing(language: str) -> None:
    assert missing_in(language) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('decimal = ","', 'decimals = ","', r"language\.toml has no 'decimals'; it has checked_with, countries"),
        ('joint = ", "\n', "", r"lacks 'joint'; every language says english"),
        ('"Dezember",', "", "months has 11 names; a year has 12"),
        ('letters = "a-zäöüß"', 'letters = "z-a"', "letters is no inside of a character class"),
        ('any = "{figure} {sign}"', 'EUR = "{figure} {sign}"', r"\[money\] lacks any"),
        ('discount = "{percent} % Rabatt"\n', "", r"\[terms\] lacks discount"),
        ('day = "{day}. {month}"', 'day = "{tag}. {month}"', r"day  has \{tag\}; there are day, month"),
        ('scan = "words"', 'scan = "letters"', "scan is 'letters'"),
        ('yes = ["ja", "wahr"]', 'yes = "ja"', "yes must be a list of texts, saw 'ja'"),
    ],
)
def test_a_language_that_cannot_be_used_is_refused(own: Path, old: str, new: str, says: str) -> None:
    edit(own / "de" / "language.toml", old, new)
    with pytest.raises(LanguageError, match=says):
        load_language("de", str(own))


def test_a_shops_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    shop_file = tmp_path / "en" / "voices.toml"
    shop_file.parent.mkdir()
    shop_file.write_text("", "utf-8")
    assert file_of("en", "voices.toml", str(tmp_path)) == shop_file
    assert file_of("en", "templates.toml", str(tmp_path)) == SHIPPED / "en" / "templates.toml"
    with pytest.raises(
        FileNotFoundError, match=r"no voices of 'fr': there are .*de, en.*; write .*fr.voices\.toml first"
    ):
        file_of("fr", "voices.toml", str(tmp_path))


def test_a_check_names_everything_that_is_missing_at_once(own: Path) -> None:
    folder = own.rename(own.parent / "languages") / "de"
    folder = folder.rename(folder.parent / "nl")
    edit(
        folder / "templates.toml",
        '    "Bald leer? {title}",\n    "Zeit für Nachschub: {title}",\n',
        '    "Leer? {title}",\n',
    )
    edit(folder / "lexicon.toml", '["comparison"]', '["comparing"]')
    edit(folder / "language.toml", "[units.h]", "[units.x]")
    (folder / "calendar.toml").unlink()
    shutil.rmtree(folder / "vocabulary")
    problems = "\n".join(missing_in("nl", shop_folder=str(folder.parent)))
    assert "[replenishment] subject: 1 templates for any style; it needs at least 2" in problems
    assert '["comparison"] has 0 terms; write at least 3' in problems
    assert "no calendar of 'nl': write" in problems
    assert '[units."h"] has no words' in problems
    assert "nl has no vocabulary/*.toml; start from" in problems


def test_a_benefit_holds_where_its_attribute_and_category_do() -> None:
    english = load_benefits("en")
    of_linen = english.of([("fabric", "linen"), ("material", "linen")], "Clothing > Tops > shirt")
    assert "airy linen for warm days" in [benefit.short for benefit in of_linen]
    assert "airy linen for warm days" not in [
        benefit.short for benefit in english.of([("material", "linen")], "Home > vase")
    ]
    tea = english.of([], "Food > Drinks > green tea")
    assert [benefit.short for benefit in tea] == ["a pause in the afternoon"]  # the deepest level counts


@pytest.mark.parametrize(
    ("category", "verb"),
    [
        ("Food > Snacks > biscuits", "吃完"),
        ("Food > Drinks > oat milk", "喝完"),
        ("Beauty > Bath > shampoo", "用完"),
        ("Family > Pets > pet food", "吃完"),
        (None, "用完"),
    ],
)
def test_nobody_eats_up_a_shampoo(category: str | None, verb: str) -> None:
    assert load_benefits("zh").verb(category) == verb


def test_a_benefit_with_a_figure_is_refused(own: Path) -> None:
    edit(own / "de" / "benefits.toml", 'short = "weiche Baumwolle"', 'short = "100 % Baumwolle"')
    with pytest.raises(VoiceError, match=r"\[\[material.cotton\]\]: '1' in short; figures come from tables"):
        load_benefits("de", str(own))


def test_a_card_names_its_item(own: Path) -> None:
    edit(own / "de" / "templates.toml", '"Schau mal: {title}",', '"Schau mal: {benefit}",')
    assert any("a card names its item" in line for line in missing_in("de", shop_folder=str(own)))
