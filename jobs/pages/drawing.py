"""Writes a page as HTML. One template for all pages escapes every text, and a policy forbids them to load anything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from jobs.common.safe_page import page_with
from jobs.pages.blocks import Page, Words
from jobs.pages.charts import drawn, top_of

_TEMPLATES = Path(__file__).with_name("templates")
_WORDS = SimpleNamespace(
    search=Words("Search this table", "搜索本表"),
    nothing=Words("There is nothing tonight.", "今夜没有内容。"),
    figures=Words("Figures", "数据"),
    night=Words("Night", "日期"),
    unusual=Words("Unusual:", "异常："),
    more=Words("Show more", "显示更多"),
    pages=Words("Pages", "页面"),
    source=Words("From", "来源"),
    made=Words("Night of", "日期"),
)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html")


def html_of(page: Page, pages: Sequence[tuple[str, Words]], date: str, run: str) -> str:
    """The page as HTML; pages: (name, title) of the pages that it links to, itself among them."""
    style, script = ((_TEMPLATES / f"page_of_night.{kind}").read_text("utf-8") for kind in ("css", "js"))
    html = _template().render(
        page=page, pages=pages, date=date, run=run, words=_WORDS, style=style, script=script, drawn=drawn, top_of=top_of
    )
    return page_with(html, pictures=True)
