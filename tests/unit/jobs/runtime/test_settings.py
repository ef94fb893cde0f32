"""Settings: defaults, a file, overrides, and messages for what is unknown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from jobs.runtime.settings import RENAMED, SECTIONS, Settings, as_toml, load_settings


def test_defaults_are_those_of_the_dataclasses() -> None:
    assert load_settings(None, []).section("recommend").k == 12
    assert load_settings(None, []).changed == {}


def test_a_file_is_read_and_overrides_win(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[recommend]\nk = 5\nspares = 1\n")
    settings = load_settings(str(file), ["recommend.k=7", "training.retrain=never", 'judge.truth_events=["cart"]'])
    assert (settings.section("recommend").k, settings.section("recommend").spares) == (7, 1)
    assert settings.section("training").retrain == "never"
    assert list(settings.section("judge").truth_events) == ["cart"]


def test_an_empty_override_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[recommend]\nk = 5\n")
    assert load_settings(str(file), ["", "als.factors=8"]).changed == {"recommend": {"k": 5}, "als": {"factors": 8}}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("recomend.k=5", r"no section \['recomend'\]; there are .*clean, gate"),
        ("train.retrain=never", "no section 'train' any more; it is called 'training' now"),
        ("hybrid.candidates=30", "no section 'hybrid' any more; it is called 'ranker_training' now"),
        ("recommend.top=5", "has no 'top'.*k"),
        ("recommend.k=0", "k must be 1 or more, not 0"),
        ("recommend.spares=-1", "spares must be 0 or more, not -1"),
        ("recommend.trending_places=-1", "trending_places must be 0 or more, not -1"),
        ("judge.resamples=0", "resamples must be 1 or more, not 0"),
        ("recommend.segment_by=shoe", r"segment_by must be a column of users .* not 'shoe'"),
        ("training.retrain=often", "retrain must be auto, always or never, not 'often'"),
        ("interest.half_life_days=0", "interest: half_life_days must be above 0 and finite, not 0"),
        ("k=5", "--set takes section.key=value, such as als.factors=32; saw 'k=5'"),
        ("recommend.k", "--set takes section.key=value"),
    ],
)
def test_wrong_settings_are_refused_by_name(override: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_settings(None, [override]).as_dict()


def test_a_key_outside_all_sections_is_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("recommend = 5\n")
    with pytest.raises(ValueError, match=r"settings.toml: recommend = 5 is in no section; write it below one"):
        load_settings(str(file), ["recommend.k=7"])


@pytest.mark.parametrize("override", ["recommend.k=twelve", "clean.session_minutes=true", "recommend.slot=5"])
def test_a_value_of_another_type_is_refused(override: str) -> None:
    with pytest.raises(ValueError, match=override.partition("=")[0].split(".")[1]):
        load_settings(None, [override]).as_dict()


def test_every_renamed_section_exists() -> None:
    assert set(RENAMED.values()) <= set(SECTIONS)
    assert not set(RENAMED) & set(SECTIONS)


def test_the_printed_settings_are_the_defaults() -> None:
    printed = Settings(tomllib.loads(as_toml()))
    assert set(printed.changed) == set(SECTIONS)
    assert printed.as_dict() == Settings().as_dict()
