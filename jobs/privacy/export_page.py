"""The page of an export: what is held of a person, in words and rows, in English and Chinese."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.common.safe_page import policy
from schemas.tables import BY_NAME

Row = Mapping[str, Any]
_SHOWN = 200  # rows of a place on the page; the JSON and CSV files have all
_WORDS = {
    "title": ("What is held of you", "我们保存的关于您的信息"),
    "lead": (
        "{rows} rows in {places} kinds of places belong to the account {who}. The files beside this page, person.json "
        "and csv, have all of them.",
        "账号 {who} 共有 {rows} 行数据，分布在 {places} 类位置。本页旁的 person.json 与 csv 文件夹含全部数据。",
    ),
    "rights": (
        "You may ask for a correction, for the removal of all of it, and for a copy that another shop can read.",
        "您可以要求更正、删除全部信息，或索取可供其他商家读取的副本。",
    ),
    "raw": ("As the shop delivered it", "商家提供的原始数据"),
    "tables": ("Kept and worked out each night", "每夜保存与计算的数据"),
    "published": ("Shown to you in the shop", "在商店中向您展示的内容"),
    "others": ("Elsewhere", "其他位置"),
    "more": ("{left} more rows are in the files.", "其余 {left} 行见文件。"),
    "mentions": ("Places that name you without a row of yours", "提及您但没有您数据行的位置"),
    "mentions_how": (
        "Models that learned from many people, you among them, and facts about nights.",
        "由包括您在内的众多用户训练的模型，以及关于各夜的记录。",
    ),
    "table": ("{meaning}", "数据表：{name}"),
}
_STYLE = """
:root { --ink: #1d2430; --quiet: #5d6778; --line: #d9dee7; --page: #f5f6f9; --card: #ffffff; --accent: #2b53c0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf1; --quiet: #a0aabb; --line: #353d4b; --page: #14181f;
  --card: #1d232d; --accent: #8fabff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
summary { cursor: pointer; padding: .3rem 0; }
.quiet { color: var(--quiet); }
#zh { position: absolute; opacity: 0; }
.tongue { float: right; border: 1px solid var(--line); border-radius: .4rem; background: var(--card);
  padding: .3rem .7rem; font-size: .9rem; cursor: pointer; }
#zh:focus-visible ~ main .tongue { outline: 2px solid var(--accent); outline-offset: 2px; }
.in-zh, #zh:checked ~ main .in-en { display: none; }
#zh:checked ~ main .in-zh { display: inline; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; background: var(--card); }
td, th { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
"""


def page_of(accounts: Sequence[str], rows: Mapping[str, Sequence[Row]], mentions: Sequence[Row]) -> str:
    """rows: kind of place -> rows; mentions: places with `file` and `where`."""
    page = "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<!--policy-->',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="color-scheme" content="light dark">\n<title>{_WORDS["title"][0]}</title>',
            f"<style>{_STYLE}</style>\n</head>\n<body>",
            '<input type="checkbox" id="zh" aria-label="中文">\n<main>',
            '<label class="tongue" for="zh"><span class="in-en" lang="zh">中文</span>'
            '<span class="in-zh" lang="en">English</span></label>',
            *_content(accounts, rows, mentions),
            "</main>\n</body>\n</html>\n",
        ]
    )
    return page.replace("<!--policy-->", policy(page, pictures=False))


def _content(accounts: Sequence[str], rows: Mapping[str, Sequence[Row]], mentions: Sequence[Row]) -> Iterator[str]:
    total = sum(map(len, rows.values()))
    yield f"<h1>{_both('title')}</h1>"
    yield f"<p>{_both('lead', rows=f'{total:,}', places=len(rows), who=', '.join(accounts))}</p>"
    yield f'<p class="quiet">{_both("rights")}</p>'
    for part in ("raw", "tables", "published", "others"):
        places = [place for place in sorted(rows) if _part(place) == part]
        if places:
            yield f"<section><h2>{_both(part)}</h2>"
            for place in places:
                yield from _place(place, rows[place])
            yield "</section>"
    if mentions:
        yield f'<section><h2>{_both("mentions")}</h2><p class="quiet">{_both("mentions_how")}</p><ul>'
        yield from (f"<li>{html.escape(mention['file'])}</li>" for mention in mentions)
        yield "</ul></section>"


def _part(place: str) -> str:
    top = place.partition("/")[0]
    return top if top in ("raw", "tables", "published") else "others"


def _place(place: str, rows: Sequence[Row]) -> Iterator[str]:
    name = place.rpartition("/")[2]
    meaning = BY_NAME[name].grain if name in BY_NAME else place
    names = list(dict.fromkeys(key for row in rows for key in row))
    yield f"<details><summary><b>{html.escape(place)}</b> ({len(rows):,}) "
    yield f'<span class="quiet">{_both("table", meaning=meaning, name=name)}</span></summary><div class="wide"><table>'
    yield "<tr>" + "".join(f"<th>{html.escape(key)}</th>" for key in names) + "</tr>"
    for row in rows[:_SHOWN]:
        cells = ("" if row.get(key) is None else html.escape(str(row[key])) for key in names)
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</table></div>"
    if len(rows) > _SHOWN:
        yield f"<p>{_both('more', left=f'{len(rows) - _SHOWN:,}')}</p>"
    yield "</details>"


def _both(name: str, /, **values: Any) -> str:
    """A sentence in both languages, of which the page shows one."""
    english, chinese = (html.escape(text.format(**values)) for text in _WORDS[name])
    return f'<span class="in-en">{english}</span><span class="in-zh" lang="zh">{chinese}</span>'
