"""The pictures' page: one HTML file in English and Chinese that works offline and loads nothing."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.common.safe_page import page_with
from jobs.common.thumbnails import as_url
from jobs.images.page_words import CHINESE, ENGLISH, REASONS_ZH, WORDS

_PAGE = Path(__file__).with_name("page.html")
_LONGEST = 120  # characters of a text from the shop
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """What the page shows: a limited number of rows of the tables, and main picture and titles of each item.

    main: item -> picture. thumbnails: picture -> JPEG. titles: item -> (title, Chinese title), '' where it has none.
    """

    date: str
    most: int  # rows of each part
    counts: Mapping[str, int]
    similar: Mapping[str, Sequence[Row]]  # item -> its neighbours
    doubted: Sequence[Row]
    recognised: Sequence[Row]
    found: Mapping[str, Sequence[Row]]  # photo -> its results
    refused: Sequence[Row]
    main: Mapping[str, str]
    titles: Mapping[str, tuple[str, str]]
    thumbnails: Mapping[str, bytes]


def page_of(shown: Seen) -> str:
    names = {picture: f"p{number}" for number, picture in enumerate(sorted(shown.thumbnails))}
    styles = "\n".join(
        f".{names[picture]} {{ background-image: url({as_url(data)}); }}"
        for picture, data in sorted(shown.thumbnails.items())
    )
    text = _PAGE.read_text("utf-8").replace("<!--thumbnails-->", styles)
    return page_with(text, pictures=True).replace("<!--content-->", "\n".join(_content(shown, names)))


def _content(shown: Seen, names: Mapping[str, str]) -> Iterator[str]:
    yield f"<h1>{_both('title', date=shown.date)}</h1><p>{_both('lead', **shown.counts)}</p>"
    yield f"<p class='quiet'>{_both('bound', most=f'{shown.most:,}')}</p>"
    sections = (
        ("doubted", "small", [_doubted(row, shown, names) for row in shown.doubted]),
        ("recognised", "small", [_recognised(row, shown, names) for row in shown.recognised]),
        ("similar", "", [_similar(item, rows, shown, names) for item, rows in shown.similar.items()]),
        ("found", "", [_found(photo, rows, shown, names) for photo, rows in shown.found.items()]),
    )
    for name, size, cards in sections:
        about = _both(f"{name}_how" if cards else f"{name}_none")
        yield f'<section><h2>{_both(name)}</h2><p class="quiet">{about}</p>'
        yield f'<div class="rows {size}">{"".join(cards)}</div></section>'
    yield from _refused(shown.refused)


def _similar(item: str, rows: Iterable[Row], shown: Seen, names: Mapping[str, str]) -> str:
    figures = []
    for row in rows:
        words = _both("other_colour") if row["kind"] == "other_colour" else f"{row['score']:.2f}"
        figures.append(_figure(row["item_id"], words, shown, names))
    return _card(item, shown.main.get(item), f'<div class="like">{"".join(figures)}</div>', shown, names)


def _found(photo: str, rows: Iterable[Row], shown: Seen, names: Mapping[str, str]) -> str:
    figures = []
    for row in rows:
        words = _both("same_item") if row["kind"] == "same_item" else f"{row['score']:.2f}"
        figures.append(_figure(row["item_id"], words, shown, names))
    return (
        f'<article><div><div class="item">{_cut(photo)}</div><div class="like">{"".join(figures)}</div></div></article>'
    )


def _doubted(row: Row, shown: Seen, names: Mapping[str, str]) -> str:
    words = _both("says", attribute=row["attribute"], value=row["value"], looks=row["looks"])
    return _card(row["item_id"], row["picture"], f'<b class="bad">{words}</b> {row["chance"]:.0%}', shown, names)


def _recognised(row: Row, shown: Seen, names: Mapping[str, str]) -> str:
    words = f"{_cut(row['attribute'])}: <b>{_cut(row['value'])}</b> {row['chance']:.0%}"
    return _card(row["item_id"], row["picture"], words, shown, names)


def _refused(rows: Sequence[Row]) -> Iterator[str]:
    about = _both("refused_how" if rows else "refused_none")
    yield f'<section><h2>{_both("refused")}</h2><p class="quiet">{about}</p>'
    if rows:
        head = "".join(f"<th>{_both(name)}</th>" for name in ("file", "reason", "detail"))
        cells = [
            f"<tr><td>{_cut(row['source_file'])}</td><td>{_reason(row['reason'])}</td><td>{_cut(row['detail'])}</td></tr>"
            for row in rows
        ]
        yield f"<table><tr>{head}</tr>{''.join(cells)}</table>"
    yield "</section>"


def _card(item: str, picture: str | None, body: str, shown: Seen, names: Mapping[str, str]) -> str:
    return (
        f"<article>{_picture(item, picture, shown, names)}<div>"
        f'<div class="item">{_title(item, shown)} <span class="quiet">{_cut(item)}</span></div>{body}</div></article>'
    )


def _figure(item: str, words: str, shown: Seen, names: Mapping[str, str]) -> str:
    return f"<figure>{_picture(item, shown.main.get(item), shown, names)}{words}</figure>"


def _picture(item: str, picture: str | None, shown: Seen, names: Mapping[str, str]) -> str:
    title = html.escape(shown.titles.get(item, ("", ""))[0] or item, quote=True)
    return (
        f'<span class="pic {names.get(picture or "", "none")}" role="img" aria-label="{title}" title="{title}"></span>'
    )


def _title(item: str, shown: Seen) -> str:
    english, chinese = shown.titles.get(item, ("", ""))
    return _in_both(_cut(english), _cut(chinese or english))


def _reason(reason: str) -> str:
    return _in_both(html.escape(reason.replace("_", " ")), html.escape(REASONS_ZH.get(reason, reason)))


def _both(name: str, **facts: Any) -> str:
    """A sentence of WORDS in both languages, filled with facts."""
    shown = {key: f"{fact:,}" if isinstance(fact, int) else _cut(fact) for key, fact in facts.items()}
    english, chinese = WORDS[name]
    return _in_both(english.format(**shown), chinese.format(**shown))


def _in_both(english: str, chinese: str) -> str:
    if english == chinese:
        return english
    return f"<span {ENGLISH}>{english}</span><span {CHINESE}>{chinese}</span>"


def _cut(text: str) -> str:
    return html.escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
