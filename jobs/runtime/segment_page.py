"""The picture of a night's segments: size, money and tastes, as one HTML file that needs nothing else."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterable
from typing import Any

_COLOURS = (
    "#3b6ea8",
    "#c8702a",
    "#4c8f4a",
    "#a8434a",
    "#7a5ea8",
    "#8a6a4f",
    "#b8579a",
    "#6b7280",
    "#8f8a2b",
    "#2f8f9d",
)
_CATEGORIES = 4  # shown for each segment
_BANDS = ("low", "middle", "high")
_HOURS = ("night", "morning", "afternoon", "evening")
_SHADES = ("#1f2937", "#6b7280", "#a8b0bd", "#dde1e8")

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 20px; max-width: 1280px; background: #f6f6f4; color: #1c1e21;
  font: 15px/1.45 "Helvetica Neue", Arial, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 22px; margin: 0 0 2px; } p { margin: 0 0 14px; color: #555; }
.whole { display: flex; height: 34px; border-radius: 6px; overflow: hidden; margin-bottom: 18px; }
.whole div { color: #fff; font-size: 13px; line-height: 34px; text-align: center; overflow: hidden; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 360px), 1fr)); gap: 14px; }
.card { background: #fff; border-radius: 8px; border-top: 5px solid; padding: 12px 14px 14px; }
h2 { font-size: 16px; margin: 0; overflow-wrap: anywhere; } .zh { color: #555; margin: 0 0 8px; }
h3 { font-size: 12px; color: #666; font-weight: 600; margin: 10px 0 3px; }
.row { display: grid; grid-template-columns: minmax(90px, 34%) 1fr 84px; gap: 8px; align-items: center; }
.row { font-size: 13px; }
.row span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.bar { height: 10px; background: #eceef1; border-radius: 3px; overflow: hidden; }
.bar i { display: block; height: 100%; }
.parts { display: flex; height: 12px; border-radius: 3px; overflow: hidden; background: #eceef1; }
.key { font-size: 12px; color: #444; display: flex; flex-wrap: wrap; gap: 2px 12px; margin-top: 3px; }
.key i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 4px; }
.made { font-size: 12px; color: #777; margin: 10px 0 0; overflow-wrap: anywhere; }
""".strip()


def draw(segments: list[dict[str, Any]], shares: list[dict[str, Any]], night: dt.date, zone: str) -> str:
    """HTML from the rows of SEGMENTS and (segment_id, kind, value, share): sums over the accounts of each segment."""
    users = sum(row["users"] for row in segments)
    largest = sorted(segments, key=lambda row: (-row["users"], row["segment_id"]))
    colour = {row["segment_id"]: _COLOURS[row["segment_id"] % len(_COLOURS)] for row in segments}
    most = {name: max([1e-9, *(row[name] or 0.0 for row in segments)]) for name in ("share", *_FIGURES)}
    whole = "".join(_slice(row, colour[row["segment_id"]]) for row in largest)
    cards = "".join(_card(row, shares, colour[row["segment_id"]], most, zone) for row in largest)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Segments {night}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<h1>Segments 顾客分群</h1><p>Night of {night}: {users:,} accounts, {len(segments)} kinds of shoppers. "
        f"Money in the shop's currency; hours are {_text(zone)}.</p>"
        f'<div class="whole">{whole}</div><div class="cards">{cards}</div></body></html>\n'
    )


def _slice(row: dict[str, Any], colour: str) -> str:
    told = f"{row['share']:.0%}" if row["share"] >= 0.06 else ""
    style = f"flex:{max(row['share'], 0.001):.4f};background:{colour}"
    return f'<div style="{style}" title="{_text(row["name_en"])}">{told}</div>'


_FIGURES = {
    "mean_money": ("money each", "{:,.2f}"),
    "mean_frequency": ("purchase days", "{:,.2f}"),
    "mean_recency_days": ("days since last", "{:,.1f}"),
}


def _card(row: dict[str, Any], shares: list[dict[str, Any]], colour: str, most: dict[str, float], zone: str) -> str:
    lines = [_bar("accounts", row["share"] / most["share"], f"{row['users']:,} ({row['share']:.0%})", colour)]
    for name, (label, form) in _FIGURES.items():
        value = row[name]
        told = ("no purchase" if name == "mean_recency_days" else "not known") if value is None else form.format(value)
        lines.append(_bar(label, (value or 0.0) / most[name], told, colour))
    appetite = row["discount_appetite"]
    told = "not known" if appetite is None else f"{appetite:.0%}"
    lines.append(_bar("discounted lines", appetite or 0.0, told, colour))
    own = [one for one in shares if one["segment_id"] == row["segment_id"]]
    categories = sorted(_of_kind(own, "category").items(), key=lambda item: (-item[1], item[0]))[:_CATEGORIES]
    tastes = [_bar(name, share, f"{share:.0%}", colour) for name, share in categories]
    return (
        f'<section class="card" style="border-color:{colour}"><h2>{row["segment_id"]}. {_text(row["name_en"])}</h2>'
        f'<div class="zh" lang="zh">{_text(row["name_zh"])}</div>{"".join(lines)}'
        + (f"<h3>Categories liked</h3>{''.join(tastes)}" if tastes else "")
        + _stacked("Prices within the category", _of_kind(own, "price_band"), _BANDS)
        + _stacked(f"Part of the day ({_text(zone)})", _of_kind(own, "hour"), _HOURS)
        + f'<p class="made">{_text(row["traits"])}</p></section>'
    )


def _of_kind(shares: list[dict[str, Any]], kind: str) -> dict[str, float]:
    """value -> share of all of the kind, in one segment."""
    found = {one["value"]: one["share"] for one in shares if one["kind"] == kind and one["share"] > 0}
    whole = sum(found.values())
    return {value: share / whole for value, share in found.items()}


def _bar(label: str, share: float, told: str, colour: str) -> str:
    width = 100 * min(1.0, max(0.0, share))
    return (
        f'<div class="row"><span title="{_text(label)}">{_text(label)}</span><div class="bar">'
        f'<i style="width:{width:.1f}%;background:{colour}"></i></div><span>{_text(told)}</span></div>'
    )


def _stacked(title: str, shares: dict[str, float], order: Iterable[str]) -> str:
    if not shares:
        return ""
    there = [(value, shares.get(value, 0.0), shade) for value, shade in zip(order, _SHADES, strict=False)]
    parts = "".join(f'<div style="flex:{share:.4f};background:{shade}"></div>' for _, share, shade in there if share)
    key = "".join(
        f'<span><i style="background:{shade}"></i>{value} {share:.0%}</span>' for value, share, shade in there
    )
    return f'<h3>{_text(title)}</h3><div class="parts">{parts}</div><div class="key">{key}</div>'


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
