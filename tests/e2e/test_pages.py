"""The pages of a night in a real browser: offline, without a mouse, narrow and wide, in light and dark mode."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import axe_core_python
import pytest
from PIL import Image

from jobs.images import drafts_page
from jobs.images import page as images_page
from jobs.pages import show_night
from jobs.pages.blocks import plain
from schemas.tables import ITEMS
from tests.e2e.browser import Browser, chromium, needs_browser
from tests.hostile_rows import MARKUP
from tests.sample import THIRD, Sample, current, put

pytestmark = needs_browser

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# Entries are alike, and axe is slow with many of them: four stay, and the first is opened.
FEW = """for (const list of document.querySelectorAll(".entries, tbody, #rows"))
  [...list.children].forEach((one, at) => at < 4 ? one.open = !at : one.remove())"""
PAGES = ("index", "lists", "items", "exposure", "offers", "experiments", "prices", "data", "models", "copy", "segments",
         "service", "images", "drafts")  # fmt: skip
WIDTHS = (390, 768, 1440)
_DRAWN = io.BytesIO()
Image.new("RGB", (64, 64), "teal").save(_DRAWN, "JPEG")
A_PICTURE = _DRAWN.getvalue()
TAB, ENTER = "\ue004", "\ue007"


@pytest.fixture(scope="module")
def shop(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample's lake with hostile titles that no rule has checked, as if the rules had a fault."""
    copied = sample.copy(tmp_path_factory.mktemp("pages") / "lake")
    rows = current(copied.lake, ITEMS).to_pylist()
    for index, row in enumerate(rows):
        row["shown_title"] = row["shown_title_zh"] = MARKUP[index % len(MARKUP)]
    night = copied.night(run="001")
    put(night, ITEMS, rows)
    for name, html in (("images", pictures()), ("drafts", drafts())):
        copied.lake.put_text(html, "reports", f"date={THIRD}", f"{name}.html")
    night.begin("show_night")
    show_night.main(night)
    return copied


def pictures() -> str:
    """The pictures' page, made from a few rows: this sample has no pictures."""
    text = MARKUP[0]
    like = {"item_id": "b", "kind": "looks_alike", "score": 0.5, "rank": 1}
    sure = {"item_id": "a", "attribute": text, "value": text, "chance": 0.9, "picture": "p"}
    seen = images_page.Seen(
        date=str(THIRD),
        most=40,
        counts={"items": 2, "pictures": 2, "new": 1, "refused": 1},
        similar={"a": [like]},
        doubted=[sure | {"looks": text}],
        recognised=[sure],
        found={text: [like | {"kind": "same_item"}]},
        refused=[{"source_file": text, "reason": "empty", "detail": text}],
        main={"a": "p"},
        titles={"a": (text, text)},
        thumbnails={"p": A_PICTURE},
    )
    return images_page.page_of(seen)


def drafts() -> str:
    """The page of drafts, with one in each state."""
    draft = {"draft_hash": "00", "item_id": "a", "picture": "p", "kind": "recolour", "asked": MARKUP[0], "reason": None,
           "file": "f", "looks": "blue", "chance": 0.9, "made_on": str(THIRD)}  # fmt: skip
    rows = [draft | {"draft_id": state, "state": state} for state in ("offered", "approved", "blocked", "refused")]
    small = drafts_page.small(A_PICTURE)
    titles = {"a": {"shown_title": MARKUP[0], "shown_title_zh": None}}
    pictures_by_id = {row["draft_id"]: small for row in rows}
    return drafts_page.page_of(str(THIRD), rows, drafts_page.first_rows(rows, 3), {"p": small}, pictures_by_id, titles)


@pytest.fixture(scope="module")
def folder(shop: Sample) -> str:
    return f"file://{shop.lake.path('reports', f'date={THIRD}')}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(logs=True) as window:
        yield window


def look(browser: Browser, width: int, scheme: str = "light") -> None:
    browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def requested(browser: Browser) -> set[str]:
    """Addresses that the browser requested since the last look, without those within a page."""
    messages = [json.loads(entry)["message"] for entry in browser.log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return {url for url in sent if not url.startswith(("data:", "blob:"))}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_offline_without_an_error_and_breaks_no_rule_of_wcag(
    browser: Browser, folder: str, page: str
) -> None:
    browser.log("performance"), browser.log("browser")
    for width, scheme, language in ((390, "dark", "zh"), (768, "light", "zh"), (1440, "light", "en")):
        look(browser, width, scheme)
        browser.open(f"{folder}/{page}.html?language={language}")
        assert browser.run("return document.documentElement.lang") == language
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), f"wider than {width}"
        assert browser.run("return window.alerted") is None
        assert {url.partition("?")[0] for url in requested(browser)} == {f"{folder}/{page}.html"}
        assert browser.log("browser") == []
        browser.run(FEW)
        browser.devtools("Page.setBypassCSP", enabled=True)  # axe is no part of the page
        browser.run(f"{AXE}\nreturn null")
        violations = browser.run(
            "return axe.run(document, {runOnly: {type: 'tag', values: arguments[0]}}).then("
            "r => r.violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html).join(' | ')}`))",
            RULES,
        )
        assert violations == []
        browser.log("browser")


def test_the_language_is_kept_from_page_to_page(browser: Browser, folder: str) -> None:
    look(browser, 1440)
    browser.open(f"{folder}/index.html?language=en")
    assert "What changed since last night" in browser.text()
    browser.click("//button[@id='tongue']")
    assert "较昨夜的变化" in browser.text()
    assert "What changed since last night" not in browser.text()
    for page, words in (("lists", "推荐列表"), ("copy", "今夜文案"), ("index", "夜报")):
        browser.click(f"//a[starts-with(@href, '{page}.html')]")
        assert words in browser.text()


def test_a_search_finds_a_user_and_says_how_many(browser: Browser, folder: str) -> None:
    browser.open(f"{folder}/lists.html?language=en")
    user = browser.run("return document.querySelectorAll('details.one summary b')[3].textContent")
    browser.write("//input[@type='search']", user)
    shown = browser.run("return [...document.querySelectorAll('details.one')].filter(n => !n.hidden).length")
    assert shown == 1
    assert browser.run("return document.querySelector('.found').textContent").startswith("1 / ")


def test_everything_can_be_done_without_a_mouse(browser: Browser, folder: str) -> None:
    browser.open(f"{folder}/lists.html?language=en")
    reached = set()
    for _ in range(30):
        browser.press(TAB)
        reached.add(browser.run("return document.activeElement.id || document.activeElement.tagName"))
        if browser.run("return document.activeElement.tagName") == "SUMMARY":
            browser.press(ENTER)
            break
    assert {"tongue", "A", "SUMMARY"} <= reached
    assert any(name.endswith("-search") for name in reached)
    assert browser.run("return document.querySelector('details.one').open")


def test_hostile_titles_are_shown_as_they_stand(browser: Browser, folder: str) -> None:
    browser.open(f"{folder}/items.html?language=en")
    text = browser.run("return document.body.textContent")
    assert plain(MARKUP[0]) in text
    assert browser.run("return document.querySelectorAll('iframe, body style, [onerror], [onload]').length") == 0
    assert browser.run("return [...document.images].filter(i => !i.src.startsWith('data:')).length") == 0


def test_a_filter_shows_only_the_texts_that_it_names(browser: Browser, folder: str) -> None:
    browser.open(f"{folder}/copy.html?language=en")
    choose = """const field = document.getElementById("filter-language"); field.value = arguments[0];
      field.dispatchEvent(new Event("change")); return document.getElementById("count").textContent"""
    everything, chinese, english = (
        int(browser.run(choose, language).split()[2].replace(",", "")) for language in ("", "zh", "en")
    )
    assert everything == chinese + english
    assert min(chinese, english) > 0
    tags = browser.run("return [...document.querySelectorAll('#rows .tags')].map(node => node.textContent)")
    assert tags
    assert all("English" in tag for tag in tags)
