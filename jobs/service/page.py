"""The page of customer service: one HTML file in English and Chinese that works offline and loads nothing."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.common.chinese_names import SERVICE_REASONS
from jobs.common.safe_page import page_with
from jobs.service.page_words import CHINESE, ENGLISH, WORDS

_PAGE = Path(__file__).with_name("page.html")
_LONGEST = 160  # characters of a text from outside
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """What the page shows: a limited number of rows of each table; rows of answers have the question as `text`."""

    date: str
    most: int  # rows of each part
    counts: Mapping[str, int]
    answered: Sequence[Row]
    handed_over: Sequence[Row]
    reasons: Sequence[Row]
    topics: Sequence[Row]
    errors: Sequence[Row]
    rejected: Sequence[Row]


def page_of(seen: Seen) -> str:
    return page_with(_PAGE.read_text("utf-8")).replace("<!--content-->", "\n".join(_content(seen)))


def _content(seen: Seen) -> Iterator[str]:
    yield f"<h1>{_both('title', date=seen.date)}</h1><p>{_both('lead', **seen.counts)}</p>"
    yield f"<p class='quiet'>{_both('bound', most=f'{seen.most:,}')}</p>"
    yield from _section("reasons", ("reason", "size", "share"), (_counted(row) for row in seen.reasons))
    yield from _section("topics", ("size", "question", "nearest"), (_topic(row) for row in seen.topics))
    yield from _section("errors", ("topic", "share"), ((_cut(r["topic"]), f"{r['value']:.0%}") for r in seen.errors))
    yield from _section(
        "handed_over", ("question", "reason", "answer"),
        ((_cut(r["text"]), _reason(r["reason"]), _cut(r["answer"] or "")) for r in seen.handed_over),
    )  # fmt: skip
    yield from _section(
        "answered", ("question", "answer", "source", "chance"),
        ((_cut(r["text"]), _cut(r["answer"]), _source(r), f"{r['chance']:.2f}") for r in seen.answered),
    )  # fmt: skip
    if seen.rejected:
        rows = ((_cut(r["row_id"] or r["source_file"]), _reason(r["reason"]), _cut(r["detail"])) for r in seen.rejected)
        yield from _section("rejected", ("source", "reason", "answer"), rows)


def _section(name: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    yield f"<section><h2>{_both(name)}</h2>"
    if body:
        names = "".join(f"<th>{_both(word)}</th>" for word in head)
        yield f'<div class="wide" tabindex="0"><table><tr>{names}</tr>{body}</table></div>'
    else:
        yield f'<p class="quiet">{_both("none")}</p>'
    yield "</section>"


def _counted(row: Row) -> tuple[str, str, str]:
    """A reason, the number of questions that it sent to a person, and their share of all."""
    return _reason(row["topic"]), f"{row['value']:,.0f}", f"{row['value'] / row['questions']:.0%}"


def _topic(row: Row) -> tuple[str, str, str]:
    return str(row["size"]), "<br>".join(_cut(text) for text in row["examples"]), _cut(row["nearest_policy"] or "")


def _source(row: Row) -> str:
    return _cut(f"{row['source_table']} {row['source_id']} {row['source_column'] or ''}".strip())


def _reason(reason: str) -> str:
    name, _, rest = reason.partition(":")
    more = html.escape(f":{rest}") if rest else ""
    return _in_both(html.escape(name.replace("_", " ")) + more, html.escape(SERVICE_REASONS.get(name, name)) + more)


def _both(name: str, **facts: Any) -> str:
    """A sentence of WORDS in both languages, filled with facts."""
    shown = {key: f"{fact:,}" if isinstance(fact, int) else _cut(fact) for key, fact in facts.items()}
    english, chinese = WORDS[name]
    return _in_both(english.format(**shown), chinese.format(**shown))


def _in_both(english: str, chinese: str) -> str:
    return f"<span {ENGLISH}>{english}</span><span {CHINESE}>{chinese}</span>"


def _cut(text: str) -> str:
    return html.escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
