"""Draws the night as pages for people: reports/date=D/index.html and the pages under it.

It runs at the end of every night, also of one that is not published or that failed early: the page then says why, and
what readers see instead. Each page works offline and loads nothing. It has a limited size and says what it leaves out.
`python -m jobs show_night --date D --lake L` draws the pages of a date again.
"""

from __future__ import annotations

from jobs.common.thumbnails import item_thumbnails
from jobs.pages.blocks import Page, Words
from jobs.pages.data_page import data_page
from jobs.pages.drawing import html_of
from jobs.pages.experiments_page import experiments_page
from jobs.pages.fairness_page import fairness_page
from jobs.pages.home_page import home_page
from jobs.pages.items_page import items_page
from jobs.pages.lists_page import lists_page
from jobs.pages.models_page import models_page
from jobs.pages.night_facts import NightFacts, facts_of
from jobs.pages.night_history import FILE, history
from jobs.pages.offers_page import offers_page
from jobs.pages.prices_page import prices_page
from jobs.pages.shown_items import exposure_of
from jobs.runtime.night import Night

_SIDE = 80  # pixels of an item's picture
# Pages that other jobs of the night draw into the same folder; pages link to those that exist.
_DRAWN_BY_OTHERS = {
    "segments": Words("Segments", "顾客分群"),
    "copy": Words("Texts", "文案"),
    "images": Words("Pictures", "图片"),
    "drafts": Words("Pictures to approve", "待批准的图片"),
    "service": Words("Customer service", "客服"),
}


def main(night: Night) -> None:
    facts = facts_of(night.lake, night.date, night.run)
    folder = ("reports", f"date={night.date}")
    present = {name.removesuffix(".html") for name in night.lake.list_dir(*folder)}
    others = [(name, title) for name, title in _DRAWN_BY_OTHERS.items() if name in present]
    nights = history(facts)
    drawn = _pages(night, facts, nights, [name for name, _ in others])
    links = [*((page.name, page.title) for page in drawn), *others]
    size = 0
    for page in drawn:
        text = html_of(page, links, str(night.date), facts.run)
        night.lake.put_text(text, *folder, f"{page.name}.html")
        size += len(text.encode())
    night.lake.put_json(nights, *folder, FILE)
    night.report(page="/".join((*folder, "index.html")), pages=len(drawn), bytes=size)
    night.log.info("%d pages, %.1f MB: %s", len(drawn), size / 1e6, night.lake.path(*folder, "index.html"))


def _pages(night: Night, facts: NightFacts, nights: list[dict[str, object]], others: list[str]) -> list[Page]:
    exposure = exposure_of(facts)
    return [
        home_page(facts, nights, exposure, others),
        lists_page(facts),
        items_page(facts, exposure, lambda items: item_thumbnails(night, items, _SIDE)),
        fairness_page(facts, nights),
        offers_page(facts),
        experiments_page(facts),
        prices_page(facts),
        data_page(facts),
        models_page(facts),
    ]
