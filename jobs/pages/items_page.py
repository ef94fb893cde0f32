"""items.html: the most shown items: how often each is shown, similar items, items bought together, price and copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pages.blocks import Cell, Entries, Entry, Page, Rows, Section, Sentences, Words, money, number, plain
from jobs.pages.code_words import CHANNELS, SOURCES, STATUSES, counts, words_of
from jobs.pages.night_facts import NightFacts
from jobs.pages.shown_items import Exposure, titles_of
from schemas.table import Table
from schemas.tables import BOUGHT_TOGETHER, COPY, ITEMS, PRICE_SUGGESTIONS, RECOMMENDATIONS, SIMILAR_ITEMS

_MOST = 500  # items on the page
_BESIDE = 5  # neighbours, reasons and texts of each item
_OF: dict[str, tuple[Table, str, list[str], str]] = {  # table, its item column, the columns shown, the order
    "similar": (SIMILAR_ITEMS, "target_item_id", ["item_id", "score"], "rank"),
    "together": (BOUGHT_TOGETHER, "target_item_id", ["item_id", "confidence"], "rank"),
    "copy": (COPY, "item_id", ["text", "channel", "language"], "copy_id"),
    "prices": (PRICE_SUGGESTIONS, "item_id", ["status", "suggested_price", "reason"], "item_id"),
    "facts": (ITEMS, "item_id", ["price", "currency", "shown_category", "shown_brand"], "item_id"),
}
PicturesOf = Callable[[set[str]], Mapping[str, str]]
Row = dict[str, Any]
Groups = dict[str, list[Row]]


def items_page(facts: NightFacts, exposure: Exposure, pictures_of: PicturesOf) -> Page:
    """pictures_of: item ids -> data: URLs of the small pictures of those that have one."""
    shown = dict(exposure.first(_MOST))
    ids = pa.array(list(shown), pa.string())
    groups = {name: _grouped(facts, ids, *of_table) for name, of_table in _OF.items()}
    groups["why"] = _reasons(facts, ids)
    near = {row["item_id"] for name in ("similar", "together") for rows in groups[name].values() for row in rows}
    titles = titles_of(facts, [*shown, *near])
    pictures = pictures_of(set(shown))
    entries = [_entry(item, places, groups, titles, pictures.get(item, "")) for item, places in shown.items()]
    bound = Words(
        f"The {len(entries):,} most shown of {exposure.items:,} items in lists are on this page.",
        f"本页列出列表中 {exposure.items:,} 件商品里展示最多的 {len(entries):,} 件。",
    )
    blanks = Words(
        "In a text, {terms} and {until} stand for the offer and its last day, filled in for each person at sending. "
        "All texts, and how to approve or block them, are on the page of texts.",
        "文案中的 {terms} 与 {until} 代表优惠与截止日，发送时按人填入。全部文案及其批准与屏蔽见文案页。",
    )
    lookup = Entries(Words("Item or title", "商品或标题"), entries, bound)
    source = "items, recommendations, similar_items, bought_together, price_suggestions, copy"
    return Page(
        "items",
        Words("Items", "商品"),
        [],
        [Section("items", Words("Items", "商品"), [Sentences([(blanks, False)]), lookup], source)],
    )


def _grouped(facts: NightFacts, ids: pa.Array, table: Table, key: str, columns: Sequence[str], order: str) -> Groups:
    """Item -> the first rows of a table about it."""
    names = list(dict.fromkeys([key, order, *columns]))
    rows = facts.dataset(table).to_table(columns=names, filter=pc.field(key).isin(ids)).sort_by(order)
    groups: Groups = defaultdict(list)
    for row in rows.to_pylist():
        if len(groups[row[key]]) < _BESIDE:
            groups[row[key]].append(row)
    return groups


def _reasons(facts: NightFacts, ids: pa.Array) -> Groups:
    """Item -> the recommenders that gave it its places, the most frequent first."""
    rows = facts.dataset(RECOMMENDATIONS).scanner(
        ["item_id", "source"], filter=pc.field("item_id").isin(ids) & ~pc.field("is_spare")
    )
    table = pa.Table.from_batches(rows.to_batches(), rows.projected_schema)
    counted = table.group_by(["item_id", "source"]).aggregate([([], "count_all")])
    groups: Groups = defaultdict(list)
    for row in counted.sort_by([("count_all", "descending"), ("source", "ascending")]).to_pylist():
        groups[row["item_id"]].append(row)
    return groups


def _entry(item: str, places: int, groups: dict[str, Groups], titles: dict[str, Words], picture: str) -> Entry:
    fact = next(iter(groups["facts"].get(item, [])), {})
    price = next(iter(groups["prices"].get(item, [])), {})
    by_source = counts(
        {row["source"]: row["count_all"] for row in groups["why"].get(item, [])},
        {source: name for source, (name, _) in SOURCES.items()},
    )
    about: list[list[Cell]] = [
        [Words("places in lists", "列表中的位置"), number(places)],
        [Words("by", "来自"), by_source],
        [Words("price", "价格"), money(fact.get("price"), fact.get("currency"))],
        [Words("category", "品类"), plain(fact.get("shown_category") or "")],
        [Words("brand", "品牌"), plain(fact.get("shown_brand") or "")],
        [Words("price suggestion", "价格建议"), _suggestion(price)],
    ]
    blocks = [Rows([Words("Fact", "事实"), Words("Value", "值")], about)]
    for name, figure, title, unit in (
        ("similar", "score", Words("Similar item", "相似商品"), Words("Alike, 1 at most", "相似度（最大 1）")),
        (
            "together",
            "confidence",
            Words("Bought together with", "一起购买"),
            Words("Share of its baskets", "占其购物篮的比例"),
        ),
    ):
        if rows := groups[name].get(item):
            lines: list[list[Cell]] = [
                [plain(row["item_id"]), titles.get(row["item_id"], ""), number(row[figure], "{:.2f}")] for row in rows
            ]
            blocks.append(Rows([title, Words("Title", "标题"), unit], lines))
    if rows := groups["copy"].get(item):
        texts: list[list[Cell]] = [
            [plain(row["text"], 400), words_of(row["channel"], CHANNELS), plain(row["language"])] for row in rows
        ]
        blocks.append(Rows([Words("Text", "文案"), Words("Where", "用处"), Words("Language", "语言")], texts))
    tag = Words(f"in {places:,} places", f"{places:,} 个位置")
    return Entry(plain(item), titles.get(item, ""), [tag], blocks, picture)


def _suggestion(row: Row) -> Words | str:
    if not row:
        return ""
    moved = f" {row['suggested_price']:,.2f}" if row["suggested_price"] is not None else ""
    status = STATUSES[row["status"]]
    return Words(f"{status.english}{moved}: {plain(row['reason'])}", f"{status.chinese}{moved}：{plain(row['reason'])}")
