"""Descriptions read like a shop's, no two alike, and the shop's own gate passes them as texts of its items."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from jobs.copywriting.briefs import APPROVED, Brief, Draft
from jobs.copywriting.train_copywriter import voice_of
from jobs.sample_shop import descriptions, phrases_en, phrases_zh, voices_en, voices_zh
from jobs.sample_shop.catalogue import make_catalogue, make_taste_space
from jobs.sample_shop.descriptions import Described, Descriptions
from jobs.sample_shop.texts import as_items, write_texts
from jobs.sample_shop.words import ATTRIBUTES, TREE
from tests.unit.jobs.copywriting.copy_shop import inputs_of, items_of

MUG = Described(
    "Kitchen", ("mug", "马克杯"), ("Luma", "露玛"), {"colour": ("red", "红色"), "decor": ("Nordic", "北欧风")}
)
OF_LANGUAGES = {"en": "description", "zh": "description_zh"}


def test_every_shelf_and_attribute_has_parts_in_both_languages() -> None:
    shelves = {shelf[0] for department in TREE.values() for shelf in department}
    for phrases in (phrases_en, phrases_zh):
        assert set(phrases.SHELVES) == shelves
        assert set(phrases.ATTRIBUTES) == set(ATTRIBUTES)
        of_shelves = Counter(part for both in phrases.SHELVES.values() for one in both for part in one)
        assert [part for part, count in of_shelves.items() if count > 1] == []
        assert all(len(set(parts)) == len(parts) == 4 for parts in phrases.ATTRIBUTES.values())


def test_every_voice_and_attribute_has_words_in_both_languages() -> None:
    for voices in (voices_en, voices_zh):
        assert set(voices.LABELS) == set(ATTRIBUTES)
        assert all(len(parts) >= 4 for voice in voices.VOICES.values() for parts in voice)
    assert set(voices_en.VOICES) == set(voices_zh.VOICES)


def test_each_voice_is_heard_in_a_tenth_of_the_texts() -> None:
    writer = Descriptions(np.random.default_rng(0))
    rules = inputs_of(items_of([])).rules
    texts = [writer.write(MUG) for _ in range(200)]
    for language, place in (("en", 0), ("zh", 1)):
        heard = Counter(voice_of(text[place], language, rules) for text in texts)
        assert all(heard[voice] >= 20 for voice in voices_en.VOICES), heard


def test_a_text_says_nothing_twice_in_the_same_words() -> None:
    used_texts: set[str] = set()
    writer = Descriptions(np.random.default_rng(0))
    assert sorted(writer._unused(("a", "b", ""), used_texts) for _ in range(200))[-2:] == ["a", "b"]


def test_items_with_the_same_attributes_get_different_texts() -> None:
    writer = Descriptions(np.random.default_rng(0))
    texts = [writer.write(MUG) for _ in range(100)]
    for language in (0, 1):
        assert len({text[language] for text in texts}) == 100
        assert all(MUG.values["colour"][language].lower() in text[language].lower() for text in texts)


def test_when_the_parts_are_used_up_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptions, "_TRIES", 0)
    with pytest.raises(ValueError, match="write more parts of its shelf"):
        Descriptions(np.random.default_rng(0)).write(MUG)


def test_the_words_around_a_noun_follow_it() -> None:
    writer = Descriptions(np.random.default_rng(0))
    boots = MUG._replace(shelf="Outerwear", noun=("boots", "靴子"))
    overcoat = MUG._replace(shelf="Outerwear", noun=("overcoat", "大衣"))
    texts = " ".join(writer.write(boots)[0] for _ in range(50))
    assert "They come in red" in texts
    assert " a boots" not in texts.lower()
    assert "An overcoat" in " ".join(writer.write(overcoat)[0] for _ in range(50))


def test_the_gate_passes_the_descriptions_of_a_shop() -> None:
    rng = np.random.default_rng(7)
    catalogue = make_catalogue(120, 1, make_taste_space(rng), rng)
    columns = {"item_id": pa.array(catalogue.ids), **as_items(write_texts(catalogue, rng))}
    rows = pa.table(columns).to_pylist()
    inputs = inputs_of(items_of({**row, "is_active": True} for row in rows))
    refused = []
    for row in rows:
        for language, column in OF_LANGUAGES.items():
            brief = Brief(row["item_id"], "recommendation", "plain", "blurb", language)
            problems = inputs.problems(brief, Draft(row[column], APPROVED, "template"))
            refused += [(problem.reason, problem.detail, row[column]) for problem in problems]
    assert refused == []
