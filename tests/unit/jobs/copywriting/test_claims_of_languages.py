"""Claims of a text are found in every shipped language, and checked against the catalogue's own words."""

from __future__ import annotations

import pytest

from jobs.copywriting.briefs import Draft
from tests.unit.jobs.copywriting.copy_shop import brief, inputs_of, item, items_of, write

SHIRT = item(
    title="Ivo navy cotton shirt",
    title_zh=None,
    category="Clothing > Tops > shirt",
    attributes='{"colour": "navy", "fabric": "cotton"}',
)
INPUTS = inputs_of(items_of([SHIRT]), languages=("de", "ja"))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "{title}, weiche Baumwolle für dich"),
        ("de", "Marineblau ist blau genug: {title}"),
        ("ja", "{title}。コットンのシャツです"),
        ("ja", "ネイビーはブルーの仲間です：{title}"),
    ],
)
def test_facts_of_the_row_may_be_stated_in_another_language(language: str, text: str) -> None:
    assert INPUTS.problems(brief(language=language), Draft(text, "t-1", "template")) == []


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("de", "{title}, kühle Seide für dich", "unsupported material"),
        ("de", "Wie eine Lederjacke, nur für dich: {title}", "unsupported material"),
        ("de", "{title}, in sattem Rot für dich", "unsupported colour"),
        ("de", "{title}, das beste Hemd für dich", "absolute term"),
        ("de", "{title}, nur heute für dich", "pressure"),
        ("de", "{title}, zwanzig Stunden Freude für dich", "unsupported number"),
        ("de", "{title}, made for you and for all of us", "wrong language"),
        ("ja", "{title}。シルクのシャツです", "unsupported material"),
        ("ja", "{title}。レッドが決め手です", "unsupported colour"),
        ("ja", "{title}。世界一のシャツです", "absolute term"),
        ("ja", "{title}。お急ぎください", "pressure"),
        ("ja", "{brand}，天热也清爽，出门不用多想", "wrong language"),
    ],
)
def test_a_lie_is_refused_in_its_language(language: str, text: str, reason: str) -> None:
    problems = INPUTS.problems(brief(language=language), Draft(text, "t-1", "template"))
    assert reason in {problem.reason for problem in problems}


def test_a_german_catalogue_gets_german_texts() -> None:
    pullover = item(
        title="Ivo Pullover, marineblau",
        title_zh=None,
        category="Kleidung > Oberteile > Pullover",
        attributes='{"Farbe": "marineblau", "material": "Wolle", "waschbar": "ja"}',
    )
    items = items_of([pullover], catalogue="de")
    inputs = inputs_of(items, languages=("de",), catalogue_language="de")
    words = items["g1"]
    assert (words.title("de"), words.kind("de")) == ("Ivo Pullover, marineblau", "Pullover")
    assert words.details("de") == ["marineblau", "Wolle", "waschbar"]
    slots = inputs.products.of(brief(language="de")).slots
    assert slots["benefit"].text in ("warm am kühlen Morgen", "passt zu vielem")
    rows = write(inputs, brief(language="de")).rows
    assert len(rows) == 2
    assert words.has_title_in("de")
