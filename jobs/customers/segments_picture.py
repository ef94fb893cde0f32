"""The picture of a night's segments: size, money and tastes, as one HTML file that works offline and loads nothing."""

from __future__ import annotations

import datetime as dt
import html
import itertools
from typing import Any

from jobs.common.safe_page import page_with

# Dark enough for white figures on them (WCAG AA, 4.5 to 1).
_COLOURS = (
    "#2f5f96",
    "#a3541a",
    "#377a35",
    "#a0383f",
    "#6b4f9c",
    "#78583e",
    "#9c3f80",
    "#565d69",
    "#6f6a14",
    "#1f7280",
)
_CATEGORIES = 4  # shown for each segment
Words = tuple[str, str]  # English, Chinese
_BANDS: dict[str, Words] = {"low": ("low", "低价"), "middle": ("middle", "中价"), "high": ("high", "高价")}
_HOURS: dict[str, Words] = {
    "night": ("night", "夜间"),
    "morning": ("morning", "上午"),
    "afternoon": ("afternoon", "下午"),
    "evening": ("evening", "晚间"),
}

_STYLE = (
    """
/*both_languages.css*/
:root { --track: #e4e7eb; --shade0: #1f2937; --shade1: #6b7280; --shade2: #a8b0bd; --shade3: #cdd3dc; --lift: none; }
@media (prefers-color-scheme: dark) { :root { --track: #353d4b; --shade0: #f0f3f8; --shade1: #a8b0bd; --shade2: #737d8d;
  --shade3: #4b5464; --lift: brightness(1.6); } }
.whole { width: 100%; height: 2.1rem; border-radius: .4rem; margin-bottom: 1.1rem; display: block; }
.whole text { fill: #fff; font-size: .8rem; text-anchor: middle; dominant-baseline: central; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: .9rem; }
.card { background: var(--card); border-radius: .5rem; border-top: .3rem solid; padding: .75rem .9rem .9rem; }
h2 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: .8rem; color: var(--quiet); font-weight: 600; margin: .6rem 0 .2rem; }
.row { display: grid; grid-template-columns: minmax(5.6rem, 38%) 1fr 5.3rem; gap: .5rem; align-items: center;
  font-size: .85rem; }
.row > span:first-child { overflow-wrap: anywhere; }
.row > span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.bar, .parts { display: block; width: 100%; height: .65rem; border-radius: .2rem; background: var(--track); }
.bar rect { filter: var(--lift); }
.key { font-size: .8rem; color: var(--quiet); display: flex; flex-wrap: wrap; gap: .1rem .8rem; margin-top: .2rem; }
.key i { display: inline-block; width: .6rem; height: .6rem; border-radius: .1rem; margin-right: .25rem; }
.shade0 { background: var(--shade0); fill: var(--shade0); } .shade1 { background: var(--shade1); fill: var(--shade1); }
.shade2 { background: var(--shade2); fill: var(--shade2); } .shade3 { background: var(--shade3); fill: var(--shade3); }
.made { font-size: .8rem; color: var(--quiet); margin: .6rem 0 0; overflow-wrap: anywhere; }
""".lstrip()
    + "".join(
        f".colour{number} {{ border-color: {colour}; fill: {colour}; }}\n" for number, colour in enumerate(_COLOURS)
    )
)
# One attribute of the page says which of the two languages is shown; the style hides the other.
_SCRIPT = """
/*both_languages.js*/
"""


def draw(segments: list[dict[str, Any]], shares: list[dict[str, Any]], night: dt.date, zone: str) -> str:
    """The page as HTML. segments: rows of SEGMENTS; shares: (segment_id, kind, value, share), where `share` is a sum
    over the accounts of the segment.

    Segments without accounts are left out.
    """
    segments = [row for row in segments if row["users"]]
    users = sum(row["users"] for row in segments)
    largest = sorted(segments, key=lambda row: (-row["users"], row["segment_id"]))
    colour = {row["segment_id"]: f"colour{row['segment_id'] % len(_COLOURS)}" for row in segments}
    most = {name: max([1e-9, *(row[name] or 0.0 for row in segments)]) for name in ("share", *_FIGURES)}
    all_segments = _whole([(row["share"], colour[row["segment_id"]]) for row in largest])
    cards = "".join(_card(row, shares, colour[row["segment_id"]], most, zone) for row in largest)
    lead = (
        f"Night of {night}: {users:,} accounts, {len(segments)} kinds of shoppers, all on this page. "
        f"Money in the shop's currency; hours are {zone}.",
        f"{night} 夜：{users:,} 个账户，{len(segments)} 类顾客，均在本页。金额以店铺货币计；时间为 {zone}。",
    )
    return page_with(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><!--policy-->'
        f"<title>Segments 顾客分群 {night}</title>"
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f'<header class="top"><div><p><a href="index.html">{_both(("← The night", "← 夜报"))}</a></p>'
        f"<h1>{_both(('Segments', '顾客分群'))}</h1><p>{_both(lead)}</p></div>"
        f'<button type="button" id="tongue" lang="zh">中文</button></header>'
        f'<main><svg class="whole" aria-hidden="true">{all_segments}</svg><div class="cards">{cards}</div></main>'
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _whole(shares: list[tuple[float, str]]) -> str:
    """All segments side by side, each as wide as its share of the accounts."""
    parts, start = [], 0.0
    for share, colour in shares:
        label = f'<text x="{start + 50 * share:.2f}%" y="50%">{share:.0%}</text>' if share >= 0.06 else ""
        parts.append(f'<rect class="{colour}" x="{start:.2f}%" width="{100 * share:.2f}%" height="100%"></rect>{label}')
        start += 100 * share
    return "".join(parts)


_FIGURES: dict[str, tuple[Words, str]] = {
    "mean_money": (("spent each, less returns", "人均消费（扣除退货）"), "{:,.2f}"),
    "mean_frequency": (("purchase days", "购买天数"), "{:,.2f}"),
    "mean_recency_days": (("days since last purchase", "距上次购买天数"), "{:,.1f}"),
}
_UNKNOWN: Words = ("not known", "未知")
_NO_PURCHASE: Words = ("no purchase", "未购买")


def _card(row: dict[str, Any], shares: list[dict[str, Any]], colour: str, most: dict[str, float], zone: str) -> str:
    share = row["share"] / most["share"]
    lines = [_bar(("accounts", "账户"), share, f"{row['users']:,} ({row['share']:.0%})", colour)]
    for name, (label, form) in _FIGURES.items():
        value = row[name]
        unknown = _NO_PURCHASE if name == "mean_recency_days" else _UNKNOWN
        lines.append(_bar(label, (value or 0.0) / most[name], unknown if value is None else form.format(value), colour))
    appetite = row["discount_appetite"]
    appetite_text = _UNKNOWN if appetite is None else f"{appetite:.0%}"
    lines.append(_bar(("discounted lines", "折扣购买占比"), appetite or 0.0, appetite_text, colour))
    own_shares = [taste for taste in shares if taste["segment_id"] == row["segment_id"]]
    categories = sorted(_of_kind(own_shares, "category").items(), key=lambda item: (-item[1], item[0]))[:_CATEGORIES]
    tastes = [_bar(name, share, f"{share:.0%}", colour) for name, share in categories]
    liked = f"<h3>{_both(('Categories liked', '偏爱的品类'))}</h3>{''.join(tastes)}" if tastes else ""
    return (
        f'<section class="card {colour}">'
        f"<h2>{row['segment_id']}. {_both((row['name_en'], row['name_zh']))}</h2>{''.join(lines)}{liked}"
        + _stacked(("Prices within the category", "品类内价位"), _of_kind(own_shares, "price_band"), _BANDS)
        + _stacked((f"Part of the day ({zone})", f"时段（{zone}）"), _of_kind(own_shares, "hour"), _HOURS)
        + f'<p class="made">{_both((row["traits"], row["traits_zh"]))}</p></section>'
    )


def _of_kind(shares: list[dict[str, Any]], kind: str) -> dict[str, float]:
    """value -> its share among all values of the kind, in one segment."""
    by_value = {row["value"]: row["share"] for row in shares if row["kind"] == kind and row["share"] > 0}
    total = sum(by_value.values())
    return {value: share / total for value, share in by_value.items()}


def _bar(label: Words | str, share: float, text: Words | str, colour: str) -> str:
    width = 100 * min(1.0, max(0.0, share))
    return (
        f'<div class="row"><span>{_both(label)}</span><svg class="bar" aria-hidden="true">'
        f'<rect class="{colour}" width="{width:.1f}%" height="100%"></rect></svg><span>{_both(text)}</span></div>'
    )


def _stacked(title: Words, shares: dict[str, float], values: dict[str, Words]) -> str:
    if not shares:
        return ""
    parts_shown = [
        (words, shares.get(value, 0.0), f"shade{number}") for number, (value, words) in enumerate(values.items())
    ]
    starts = itertools.accumulate((share for _, share, _ in parts_shown), initial=0.0)
    parts = "".join(
        f'<rect class="{shade}" x="{100 * start:.2f}%" width="{100 * share:.2f}%" height="100%"></rect>'
        for (_, share, shade), start in zip(parts_shown, starts, strict=False)
    )
    key = "".join(
        f'<span><i class="{shade}"></i>{_both(words)} {share:.0%}</span>' for words, share, shade in parts_shown
    )
    return f'<h3>{_both(title)}</h3><svg class="parts" aria-hidden="true">{parts}</svg><div class="key">{key}</div>'


def _both(words: Words | str) -> str:
    """HTML of the words in both languages. A single text, such as a category of the shop, stays as it is."""
    if isinstance(words, str):
        return html.escape(words, quote=True)
    english, chinese = (html.escape(text, quote=True) for text in words)
    return f'<span lang="en">{english}</span><span lang="zh">{chinese}</span>'
