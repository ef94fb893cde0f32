"""claims.toml: what is read, and what is refused, with file, key and pattern in the message."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.copywriting.claims import ClaimWords, ClaimWordsError, load_claim_words, read_claim_words


def written(folder: Path, text: str) -> Path:
    path = folder / "xx" / "claims.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_a_set_stands_for_its_words_and_a_bar_in_brackets_cuts_none(tmp_path: Path) -> None:
    sets = '[sets]\nprize = ["medal|award(?:s|ed)"]'
    path = written(tmp_path, f'spaces = true\n{sets}\n[asserts]\naward = ["{{prize}} of"]')
    assert read_claim_words(path).asserts["award"] == ("(?:award(?:s|ed)|medal) of",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spaces = true", "lacks 'asserts'"),
        ("spaces = true\nassert = {}\nasserts = {}", "assert"),
        ('spaces = true\n[asserts]\naward = ["won {prize}"]', "{prize}"),
        ('spaces = true\n[asserts]\naward = ["won ("]', "not a pattern"),
        ('spaces = true\n[asserts]\naward = ["(won)"]', "group"),
        ('spaces = true\nasserts = {}\n[fold]\nletters = "ab"\nmeans = "a"', "equally long"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ClaimWordsError) as refused:
        read_claim_words(written(tmp_path, text))
    assert said in str(refused.value)
    assert "claims.toml" in str(refused.value)


def test_a_shop_replaces_a_language(tmp_path: Path) -> None:
    written(tmp_path, 'spaces = true\n[asserts]\naward = ["won"]')
    assert {"en", "xx", "zh"} <= {words.language for words in load_claim_words(str(tmp_path))}


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    def words() -> ClaimWords:
        return next(words for words in load_claim_words(str(tmp_path)) if words.language == "xx")

    written(tmp_path, 'spaces = true\n[asserts]\naward = ["won"]')
    first = words()
    assert words() is first
    written(tmp_path, 'spaces = true\n[asserts]\naward = ["a prize"]')
    assert words().asserts["award"] == ("a prize",)
