"""The glossary: words of the other language that all items with a value have, and no other item has."""

from __future__ import annotations

from models.copywriting.glossary import learn

COLOURS = {"red": "红色", "beige": "米色"}
LINKS = {"Bluetooth": "蓝牙", "wired": "有线"}
VALUES = [{"colour": c, "link": k} for c in COLOURS for k in LINKS for _ in range(4)]
TITLES = [f"露玛 {COLOURS[v['colour']]}{LINKS[v['link']]}音箱" for v in VALUES]
DESCRIPTIONS = [f"颜色为{COLOURS[v['colour']]}。支持{LINKS[v['link']]}连接。" for v in VALUES]


def test_words_are_learned_whole_and_alone() -> None:
    texts = list(zip(TITLES, DESCRIPTIONS, strict=True))
    assert learn(VALUES, texts) == {("colour", c): w for c, w in COLOURS.items()} | {
        ("link", k): w for k, w in LINKS.items()
    }


def test_words_of_few_items_are_not_in_the_glossary() -> None:
    rare = [*VALUES, {"colour": "teal", "link": "wired"}]
    texts = [*zip(TITLES, DESCRIPTIONS, strict=True), ("露玛 青色有线音箱", "颜色为青色。")]
    assert ("colour", "teal") not in learn(rare, texts)


def test_a_shop_of_one_language_gives_no_glossary() -> None:
    assert learn(VALUES, [(None, None)] * len(VALUES)) == {}
    assert learn([], []) == {}
