"""The picture of a night's segments: size, money and tastes, as one HTML file that needs nothing else."""

from __future__ import annotations

import datetime as dt
import html
from typing import Any

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

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --quiet: #55595f; --page: #f6f6f4; --card: #ffffff; --track: #e4e7eb;
  --shade0: #1f2937; --shade1: #6b7280; --shade2: #a8b0bd; --shade3: #cdd3dc; --lift: none; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf1; --quiet: #aab3c2; --page: #14181f; --card: #1d232d;
  --track: #353d4b; --shade0: #f0f3f8; --shade1: #a8b0bd; --shade2: #737d8d; --shade3: #4b5464;
  --lift: brightness(1.6); } }
:root[lang="en"] body [lang="zh"], :root[lang="zh"] body [lang="en"] { display: none; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 20px; max-width: 1280px; background: var(--page); color: var(--ink);
  font: 15px/1.45 "Helvetica Neue", Arial, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
header { display: flex; gap: 12px; justify-content: space-between; align-items: flex-start; }
h1 { font-size: 22px; margin: 0 0 2px; } p { margin: 0 0 14px; color: var(--quiet); }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--quiet); border-radius: 6px;
  padding: 4px 12px; cursor: pointer; white-space: nowrap; }
:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.whole { display: flex; height: 34px; border-radius: 6px; overflow: hidden; margin-bottom: 18px; }
.whole div { color: #fff; font-size: 13px; line-height: 34px; text-align: center; overflow: hidden; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 360px), 1fr)); gap: 14px; }
.card { background: var(--card); border-radius: 8px; border-top: 5px solid; padding: 12px 14px 14px; }
h2 { font-size: 16px; margin: 0 0 8px; overflow-wrap: anywhere; }
h3 { font-size: 12px; color: var(--quiet); font-weight: 600; margin: 10px 0 3px; }
.row { display: grid; grid-template-columns: minmax(90px, 38%) 1fr 84px; gap: 8px; align-items: center; }
.row { font-size: 13px; }
.row > span:first-child { overflow-wrap: anywhere; }
.row > span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.bar { height: 10px; background: var(--track); border-radius: 3px; overflow: hidden; }
.bar i { display: block; height: 100%; filter: var(--lift); }
.parts { display: flex; height: 12px; border-radius: 3px; overflow: hidden; background: var(--track); }
.key { font-size: 12px; color: var(--quiet); display: flex; flex-wrap: wrap; gap: 2px 12px; margin-top: 3px; }
.key i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 4px; }
.shade0 { background: var(--shade0); } .shade1 { background: var(--shade1); }
.shade2 { background: var(--shade2); } .shade3 { background: var(--shade3); }
.made { font-size: 12px; color: var(--quiet); margin: 10px 0 0; overflow-wrap: anywhere; }
""".strip()
# One attribute says which of the two languages is seen; the style hides the other.
_SCRIPT = """
const page = document.documentElement, button = document.getElementById("tongue");
function speak(lang) { page.lang = lang; button.textContent = lang === "zh" ? "English" : "中文"; }
button.addEventListener("click", () => speak(page.lang === "zh" ? "en" : "zh"));
speak((navigator.language || "en").startsWith("zh") ? "zh" : "en");
""".strip()


def draw(segments: list[dict[str, Any]], shares: list[dict[str, Any]], night: dt.date, zone: str) -> str:
    """HTML from the rows of SEGMENTS and (segment_id, kind, value, share): sums over the accounts of each segment.

    Segments that nobody is in are left out.
    """
    segments = [row for row in segments if row["users"]]
    users = sum(row["users"] for row in segments)
    largest = sorted(segments, key=lambda row: (-row["users"], row["segment_id"]))
    colour = {row["segment_id"]: _COLOURS[row["segment_id"] % len(_COLOURS)] for row in segments}
    most = {name: max([1e-9, *(row[name] or 0.0 for row in segments)]) for name in ("share", *_FIGURES)}
    whole = "".join(_slice(row, colour[row["segment_id"]]) for row in largest)
    cards = "".join(_card(row, shares, colour[row["segment_id"]], most, zone) for row in largest)
    lead = (
        f"Night of {night}: {users:,} accounts, {len(segments)} kinds of shoppers. "
        f"Money in the shop's currency; hours are {zone}.",
        f"{night} 夜：{users:,} 个账户，{len(segments)} 类顾客。金额以店铺货币计；时间为 {zone}。",
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Segments 顾客分群 {night}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<header><div><h1>{_both(('Segments', '顾客分群'))}</h1><p>{_both(lead)}</p></div>"
        f'<button type="button" id="tongue">中文</button></header>'
        f'<main><div class="whole" aria-hidden="true">{whole}</div><div class="cards">{cards}</div></main>'
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _slice(row: dict[str, Any], colour: str) -> str:
    told = f"{row['share']:.0%}" if row["share"] >= 0.06 else ""
    style = f"flex:{max(row['share'], 0.001):.4f};background:{colour}"
    return f'<div style="{style}">{told}</div>'


_FIGURES: dict[str, tuple[Words, str]] = {
    "mean_money": (("money each", "人均消费"), "{:,.2f}"),
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
    told = _UNKNOWN if appetite is None else f"{appetite:.0%}"
    lines.append(_bar(("discounted lines", "折扣购买占比"), appetite or 0.0, told, colour))
    own = [one for one in shares if one["segment_id"] == row["segment_id"]]
    categories = sorted(_of_kind(own, "category").items(), key=lambda item: (-item[1], item[0]))[:_CATEGORIES]
    tastes = [_bar(name, share, f"{share:.0%}", colour) for name, share in categories]
    liked = f"<h3>{_both(('Categories liked', '偏爱的品类'))}</h3>{''.join(tastes)}" if tastes else ""
    return (
        f'<section class="card" style="border-color:{colour}">'
        f"<h2>{row['segment_id']}. {_both((row['name_en'], row['name_zh']))}</h2>{''.join(lines)}{liked}"
        + _stacked(("Prices within the category", "品类内价位"), _of_kind(own, "price_band"), _BANDS)
        + _stacked((f"Part of the day ({zone})", f"时段（{zone}）"), _of_kind(own, "hour"), _HOURS)
        + f'<p class="made">{_both((row["traits"], row["traits_zh"]))}</p></section>'
    )


def _of_kind(shares: list[dict[str, Any]], kind: str) -> dict[str, float]:
    """value -> share of all of the kind, in one segment."""
    found = {one["value"]: one["share"] for one in shares if one["kind"] == kind and one["share"] > 0}
    whole = sum(found.values())
    return {value: share / whole for value, share in found.items()}


def _bar(label: Words | str, share: float, told: Words | str, colour: str) -> str:
    width = 100 * min(1.0, max(0.0, share))
    return (
        f'<div class="row"><span>{_both(label)}</span><div class="bar">'
        f'<i style="width:{width:.1f}%;background:{colour}"></i></div><span>{_both(told)}</span></div>'
    )


def _stacked(title: Words, shares: dict[str, float], values: dict[str, Words]) -> str:
    if not shares:
        return ""
    there = [(words, shares.get(value, 0.0), f"shade{at}") for at, (value, words) in enumerate(values.items())]
    parts = "".join(f'<div class="{shade}" style="flex:{share:.4f}"></div>' for _, share, shade in there if share)
    key = "".join(f'<span><i class="{shade}"></i>{_both(words)} {share:.0%}</span>' for words, share, shade in there)
    return f'<h3>{_both(title)}</h3><div class="parts">{parts}</div><div class="key">{key}</div>'


def _both(words: Words | str) -> str:
    """HTML of the words in both languages; of one text, such as a name of the shop's, as it is."""
    if isinstance(words, str):
        return html.escape(words, quote=True)
    english, chinese = (html.escape(text, quote=True) for text in words)
    return f'<span lang="en">{english}</span><span lang="zh">{chinese}</span>'
