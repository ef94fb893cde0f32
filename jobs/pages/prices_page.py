"""prices.html: prices that a person may approve, by certain gain, largest first, and why other prices stay."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow.compute as pc

from jobs.pages.blocks import Cell, Command, Page, Rows, Section, Sentences, Words, money, number, plain
from jobs.pages.code_words import STATUSES, words_of
from jobs.pages.night_facts import NightFacts
from jobs.pages.shown_items import titles_of
from schemas.tables import PRICE_SUGGESTIONS

_MOST = 500  # suggestions on the page
_REASONS = 10
_HEAD = [
    Words("Item", "商品"),
    Words("Title", "标题"),
    Words("Price", "价格"),
    Words("Suggested", "建议"),
    Words("Change", "变化"),
    Words("Gain a week", "每周增益"),
    Words("at worst", "最坏"),
    Words("Elasticity (90 %)", "弹性（90 %）"),
    Words("Why", "理由"),
]


def prices_page(facts: NightFacts) -> Page:
    rows = facts.dataset(PRICE_SUGGESTIONS).to_table(filter=pc.field("status") == "suggest")
    first = rows.sort_by([("gain_low", "descending"), ("item_id", "ascending")]).slice(0, _MOST).to_pylist()
    titles = titles_of(facts, [row["item_id"] for row in first])
    bound = Words(
        f"{len(first):,} of {rows.num_rows:,} suggestions are on this page, the largest sure gain first.",
        f"本页列出 {rows.num_rows:,} 条建议中的 {len(first):,} 条，确定增益最大者在前。",
    )
    none = Words("No price is suggested tonight.", "今夜没有价格建议。")
    table = Rows(_HEAD, [_row(row, titles) for row in first], bound, searched=True)
    blocks: list[Any] = [table] if first else [Sentences([(none, False)])]
    approve = Command(
        Words(
            "Nothing changes a price by itself. This writes the suggestions as a spreadsheet; a person decides there:",
            "价格不会自动改变。此命令把建议写成表格，由人决定：",
        ),
        facts.command("export_prices", "--date", str(facts.day), "--out", "prices.csv"),
    )
    return Page(
        "prices",
        Words("Prices to approve", "待批准的价格"),
        [] if first else [bound],
        [
            Section("suggested", Words("Suggested", "建议"), [*blocks, approve], "price_suggestions"),
            Section("stays", Words("Why the others stay", "其余为何不变"), [_others(facts)], "price_suggestions"),
        ],
    )


def _row(row: dict[str, Any], titles: dict[str, Words]) -> list[Cell]:
    elasticity = (
        ""
        if row["elasticity"] is None
        else (f"{row['elasticity']:.2f} ({row['elasticity_low']:.2f} – {row['elasticity_high']:.2f})")
    )
    return [
        plain(row["item_id"]),
        titles.get(row["item_id"], ""),
        money(row["price"], row["currency"]),
        money(row["suggested_price"], row["currency"]),
        number(row["change"], "{:+.1%}"),
        number(row["gain"], "{:,.2f}"),
        number(row["gain_low"], "{:,.2f}"),
        elasticity,
        plain(row["reason"]),
    ]


def _others(facts: NightFacts) -> Rows:
    """The most common statuses and reasons of the items whose price stays."""
    counted: Counter[tuple[str, str]] = Counter()
    others = facts.dataset(PRICE_SUGGESTIONS).to_table(["status", "reason"], filter=pc.field("status") != "suggest")
    grouped = others.group_by(["status", "reason"]).aggregate([([], "count_all")])
    for row in grouped.to_pylist():
        counted[row["status"], plain(row["reason"])] += row["count_all"]
    rows: list[list[Cell]] = [
        [words_of(status, STATUSES), reason, number(count)] for (status, reason), count in counted.most_common(_REASONS)
    ]
    bound = Words(f"The {_REASONS} most common reasons.", f"最常见的 {_REASONS} 个原因。")
    return Rows([Words("Status", "状态"), Words("Reason", "原因"), Words("Items", "商品")], rows, bound)
