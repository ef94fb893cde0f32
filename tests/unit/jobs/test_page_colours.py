"""The report pages can be read: text stands out from what is behind it (WCAG AA, 4.5 to 1), by day and in the dark."""

from __future__ import annotations

import re

import pytest

from jobs.common.safe_page import page_with
from jobs.copywriting import review_page
from jobs.customers import segments_picture

COPY = page_with(review_page._PAGE.read_text("utf-8"), {})
PAIRS = {  # text and what is behind it, as the styles have them
    "copy": (COPY, [("ink", "paper"), ("ink", "card"), ("quiet", "paper"), ("quiet", "card"), ("bad", "card"),
                    ("bad", "paper"), ("good", "card"), ("ink", "mark"), ("card", "accent"), ("card", "bad")]),
    "night": (COPY, [("accent", "card"), ("accent", "paper"), ("quiet", "card"), ("ink", "mark")]),
}  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", PAIRS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(page: str, scheme: str) -> None:
    style, pairs = PAIRS[page]
    light, dark = re.findall(r":root \{([^}]*)\}", style)[:2]
    colours = dict(re.findall(r"--(\w+):\s*(#[0-9a-f]{6})", light if scheme == "light" else dark))
    low = {pair: round(contrast(*(colours[name] for name in pair)), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


def test_figures_stand_out_from_every_segments_colour() -> None:
    assert [colour for colour in segments_picture._COLOURS if contrast("#ffffff", colour) < 4.5] == []


def test_every_control_has_a_name_and_the_filters_are_a_landmark() -> None:
    assert re.search(r'<textarea[^>]* aria-labelledby="decided"', COPY)
    assert re.search(r'<form[^>]* role="search"', COPY)
