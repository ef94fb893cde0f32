"""Voices, templates, seasons and reviews: the shipped ones load, and an incomplete one is refused by name."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from jobs.copywriting.rules import CopyConfig, CopyRules
from schemas.copywriting.language_files import SHIPPED as LANGUAGES
from schemas.copywriting.lexicon import load_lexicons, load_words
from schemas.copywriting.review import load_review
from schemas.copywriting.voice import SHIPPED as VOICES
from schemas.copywriting.voice import VoiceError, load_voices
from schemas.copywriting.wording import load_seasons, load_templates
from schemas.tables.copywriting import CHANNELS, STRATEGIES

BOTH = ("en", "zh")


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VOICES, tmp_path / "voices"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of the shop's own languages: copies of the shipped ones."""
    return Path(shutil.copytree(LANGUAGES, tmp_path / "languages"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_every_strategy_and_channel_has_templates_in_both_languages() -> None:
    groups = load_templates(BOTH, load_voices("", BOTH)).groups
    assert len(groups) == len(STRATEGIES) * len(CHANNELS) * 2
    assert all(len(group) >= 2 for group in groups.values())
    names = [template.name for group in groups.values() for template in group]
    assert len(set(names)) == len(names)


def test_one_voice_is_everybodys() -> None:
    voices_by_name = load_voices("", BOTH)
    assert [voice.name for voice in voices_by_name.values() if voice.is_default] == ["plain"]
    assert voices_by_name["quality"].guide("en").forbidden("What a bargain!") == "bargain"
    assert voices_by_name["quality"].guide("en").forbidden("Bargaining is an art") is None


def test_an_empty_brand_guide_is_refused(own: Path) -> None:
    edit(own / "en" / "voices.toml", "[young]", "[old]")
    with pytest.raises(VoiceError, match=r"en.voices\.toml has no \[young\]; it has plain, "):
        load_voices("", ("en",), str(own))
    (own / "en" / "voices.toml").write_text('[bargain]\ntone = ""\nuse = []\n')
    with pytest.raises(VoiceError, match="says nothing about tone, use, never, examples"):
        load_voices("", ("en",), str(own))


def test_a_voice_says_nothing_of_languages_that_were_not_asked_for() -> None:
    with pytest.raises(VoiceError, match="was not loaded in 'zh', only in en"):
        load_voices("", ("en",))["plain"].guide("zh")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("age_band = '18-24'", "shoe_size > 40", "it is SQL over"),
        ("age_band = '18-24'", "age_band = '18-24'; drop table users", "it is SQL over"),
        ("weight = 1.4", "weight = -1", "trait 1: weight is -1; it is a number above 0"),
        ('reason = "aged 18 to 24"', 'reason = ""', "trait 1 needs 'reason', a text"),
    ],
)
def test_a_trait_that_cannot_be_used_is_refused(voices: Path, old: str, new: str, says: str) -> None:
    edit(voices / "young.toml", old, new)
    with pytest.raises(VoiceError, match=says):
        load_voices(str(voices))


def test_a_locale_without_templates_is_refused_by_name() -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no templates of 'fr': there are .*en, .*zh; write .*fr.templates\.toml"
    ):
        load_templates(("fr",), load_voices())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("A closer look: {title}", "A closer look: {titel}", r"no slot \{titel\} there"),
        ("A closer look: {title}", "{price} only", r"no slot \{price\} there; recommendation has title"),
        ("A closer look: {title}", "{title} for 99", "'9' outside a slot"),
        ("A closer look: {title}", "Hurry up, {title}", "never says 'hurry up'"),
        ("[recommendation]\ncard", "[recommendations]\ncard", r"no strategy \[recommendations\]"),
        ("[recommendation.young]", "[recommendation.punk]", r"no style \[recommendation.punk\]"),
        ("[recommendation]\ncard = [", '[recommendation]\nfax = ["{title}"]\ncard = [', "fax: no such channel"),
        (
            'sms = [\n    "{shop}: {title}. {reason}',
            'sms = []\nold = [\n    "{shop}: {title}. {reason}',
            "must be a list of texts",
        ),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(own: Path, old: str, new: str, says: str) -> None:
    edit(own / "en" / "templates.toml", old, new)
    with pytest.raises(VoiceError, match=says):
        load_templates(("en",), load_voices("", ("en",)), str(own))


def test_each_group_has_templates_that_need_only_a_title(own: Path) -> None:
    edit(own / "zh" / "templates.toml", "提醒你一声：{title}，家里还有吗？", "提醒你一声：{kind}，家里还有吗？")
    with pytest.raises(VoiceError, match=r"\[replenishment\] subject: an item may have nothing but a title"):
        load_templates(("zh",), load_voices("", ("zh",)), str(own))


def test_seasons_run_over_new_year_and_begin_where_a_category_does() -> None:
    seasons = {season.id: season for season in load_seasons(BOTH, load_voices())}
    new_year = seasons["new_year"]
    assert [new_year.is_on(dt.date(2026, *day)) for day in ((12, 27), (12, 28), (1, 8), (1, 9))] == [
        False,
        True,
        True,
        False,
    ]
    assert new_year.is_about("Home > Kitchen > mug")
    assert not new_year.is_about("Homely > mug")
    assert seasons["spring_festival"].is_on(dt.date(2026, 2, 17))
    assert not seasons["spring_festival"].is_on(dt.date(2025, 2, 17))


def test_a_review_that_nobody_could_mean_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "review.toml"
    path.write_text('[[block]]\nnote = "what?"\n')
    with pytest.raises(VoiceError, match="block 1 has none of copy_id, wording, item_id, text"):
        load_review(str(path))
    path.write_text('[[approve]]\nitem_id = "g1"\ntext = "Hello"\n')
    with pytest.raises(VoiceError, match="approve 1 has no strategy, style, channel, language"):
        load_review(str(path))
    with pytest.raises(FileNotFoundError, match=r"leave copy\.review empty"):
        load_review(str(tmp_path / "none.toml"))


def test_a_file_that_is_not_text_is_named(tmp_path: Path, voices: Path, own: Path) -> None:
    broken = b'name = "caf\xe9"\n'
    (tmp_path / "review.toml").write_bytes(broken)
    (tmp_path / "words.toml").write_bytes(broken)
    (voices / "young.toml").write_bytes(broken)
    (own / "en" / "templates.toml").write_bytes(broken)
    for load in (
        lambda: load_review(str(tmp_path / "review.toml")),
        lambda: load_voices(str(voices)),
        lambda: load_templates(("en",), load_voices("", ("en",)), str(own)),
        lambda: load_words(more=[tmp_path / "words.toml"]),
        lambda: load_lexicons(more=[str(tmp_path / "words.toml")]),
    ):
        with pytest.raises(ValueError, match=r"\.toml is not UTF-8: byte 0xe9 at offset 11; save it as UTF-8"):
            load()  # type: ignore[no-untyped-call]
    with pytest.raises(FileNotFoundError, match=r"no file of words .*none\.toml; start from"):
        load_words(more=[tmp_path / "none.toml"])


@pytest.mark.parametrize(
    ("shop", "says"),
    [(" ", "shop is empty; it signs every SMS"), ("<b>Night</b>", "which no text may show: html"),
     ("Night\u202emarket", "which no text may show: control character")],
)  # fmt: skip
def test_a_shop_signs_with_a_name_that_can_be_shown(shop: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CopyConfig(shop=shop)


def test_settings_name_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"channels has \['fax'\]; there are card"):
        CopyConfig(channels=("fax",))
    with pytest.raises(ValueError, match="variants must be 1 or more"):
        CopyConfig(variants=0)


def test_rules_change_only_for_the_group_that_changed(own: Path) -> None:
    before = CopyRules.load(CopyConfig(languages_folder=str(own)))
    edit(own / "en" / "templates.toml", "Something for your list", "Something for the list")
    after = CopyRules.load(CopyConfig(languages_folder=str(own)))
    changed = ("recommendation", "plain", "push", "en")
    assert before.digest(*changed) != after.digest(*changed)
    for same in (("recommendation", "plain", "push", "zh"), ("recommendation", "plain", "card", "en")):
        assert before.digest(*same) == after.digest(*same)
