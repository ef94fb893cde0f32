"""No page grows with the shop: each page says how much of everything it shows, also if there is nothing to show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.jobs.pages.test_home_page import DAY, home_page

BOUNDS = {
    "index": "up to 60 nights",
    "lists": "up to 60 users of each step of the ladder",
    "items": "The 0 most shown of 0 items in lists are on this page.",
    "exposure": "at most 60 groups of items, 300 groups of people",
    "offers": "0 of 0 campaigns are on this page",
    "experiments": "0 of 0 arms and 0 of 0 moves are on this page",
    "prices": "0 of 0 suggestions are on this page",
    "data": "up to 50 files of each table",
    "models": "at most 40 settings and 12 groups of people",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a night without any table."""
    root = tmp_path_factory.mktemp("bounds")
    home_page(root, clean_events={"raw": 2, "kept": 2, "rejected": {}})
    return root / f"reports/date={DAY}"


@pytest.mark.parametrize("page", BOUNDS)
def test_a_page_says_its_bound_in_both_languages(folder: Path, page: str) -> None:
    html = (folder / f"{page}.html").read_text("utf-8")
    match = re.search(
        rf'<span lang="en">([^<]*{re.escape(BOUNDS[page])}[^<]*)</span><span lang="zh">([^<]*)</span>', html
    )
    assert match
    assert set(re.findall(r"\d+", match[1])) == set(re.findall(r"\d+", match[2]))


def test_every_page_that_the_night_draws_has_its_bound_here(folder: Path) -> None:
    assert {path.stem for path in folder.glob("*.html")} == set(BOUNDS)
