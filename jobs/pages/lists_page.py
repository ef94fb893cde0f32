"""lists.html: the lists of a sample of users, with titles, prices, reasons and parts of the score, and the ladder."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pages.blocks import (
    Cell,
    Command,
    Entries,
    Entry,
    Link,
    Page,
    Rows,
    Section,
    Sentences,
    Words,
    number,
    plain,
)
from jobs.pages.code_words import list_reason
from jobs.pages.night_facts import NightFacts
from jobs.pages.shown_items import titles_of
from schemas.tables import ITEMS, RECOMMENDATIONS
from schemas.tables.lists import ANONYMOUS

_OF_A_LEVEL = 60  # users of each fallback level
_LOOKED_AT = 50_000  # the first rows of the table, from which they are chosen
_LEVELS = (
    Words("own history", "自己的行为"),
    Words("segment", "同群热门"),
    Words("trending", "上升趋势"),
    Words("overall popularity", "总热门"),
)
_HEAD = [
    Words("Place", "位"),
    Words("Item", "商品"),
    Words("Title", "标题"),
    Words("Price", "价格"),
    Words("Why", "理由"),
    Words("Score", "分数"),
    Words("Parts of the score", "分数的组成"),
]
Row = dict[str, Any]


def lists_page(facts: NightFacts) -> Page:
    lists = _lists(facts)
    items = {row["item_id"] for rows in lists.values() for row in rows}
    titles, prices = titles_of(facts, items), _prices(facts, items)
    chinese = {words.english: words.chinese for words in titles.values()}
    entries = [_entry(user, rows, titles, prices, chinese) for user, rows in lists.items()]
    users = facts.report("publish_night").get("checks", {}).get("users")
    of_all = (f" of {users:,}", f"（共 {users:,} 个）") if users else ("", "")
    bound = Words(
        f"{len(entries):,} lists{of_all[0]} are on this page: up to {_OF_A_LEVEL} users of each step of the ladder, "
        "and the list for visitors without an account.",
        f"本页有 {len(entries):,} 个列表{of_all[1]}：每级至多 {_OF_A_LEVEL} 个用户，以及无账户访客的列表。",
    )
    everybody = Words("Everybody else's list, with portrait:", "其他用户的列表与画像：")
    why = Words("Why an item is in a list, or why not:", "某商品为何在或不在列表中：")
    sentence = Words(
        "The column reason says in English why an item is in the list; the column source names the kind of reason, for "
        "a shop that uses its own words. Scores can be compared only within one person and one source. The parts "
        "changed the score most: they name recommenders, and facts about the item and the person.",
        "每个位置写明理由：reason 列为英文；source 列为其种类，商城可据此用自己的话表达。"
        "分数只在同一人、同一来源内可比。组成为影响分数最大的几项：推荐器以及商品与顾客的特征。",
    )
    blocks: list[Any] = [
        Sentences([(sentence, False)]),
        Command(everybody, facts.command("explain_user", "--user", "USER")),
        Command(why, facts.command("explain_user", "--user", "USER", "--item", "ITEM")),
        Entries(Words("User, item or title", "用户、商品或标题"), entries, bound),
    ]
    ladder: list[list[Cell]] = [[number(level), name] for level, name in enumerate(_LEVELS)]
    steps = Words(
        "Places that a person's own history does not fill come from the next step; the column fallback_level says "
        "from which step a place comes.",
        "自己的行为填不满的位置由下一级补上；fallback_level 列写明每个位置的级。",
    )
    loads = Link(
        Words("What the storefront loads: files, number of places, spares", "商城载入什么：文件、位置数与备用"),
        "index.html#loads",
    )
    how = Section(
        "ladder",
        Words("The ladder", "兜底阶梯"),
        [Sentences([(steps, False)]), Rows([Words("Step", "级"), Words("A place comes from", "位置来自")], ladder)],
        "recommendations.fallback_level",
    )
    section = Section("lists", Words("Lists", "推荐列表"), blocks, "recommendations", loads)
    return Page("lists", Words("Lists", "推荐列表"), [], [section, how])


def _lists(facts: NightFacts) -> dict[str, list[Row]]:
    """User -> places by rank: first visitors without an account, then some users of each fallback level."""
    first = pc.field("rank") == 1
    places = facts.dataset(RECOMMENDATIONS).scanner(["user_id", "fallback_level"], filter=first).head(_LOOKED_AT)
    of_level: dict[int, list[str]] = defaultdict(list)
    for user, level in zip(places["user_id"].to_pylist(), places["fallback_level"].to_pylist(), strict=True):
        if len(of_level[level]) < _OF_A_LEVEL and user != ANONYMOUS:
            of_level[level].append(user)
    chosen = [ANONYMOUS, *(user for level in sorted(of_level) for user in sorted(of_level[level]))]
    condition = pc.field("user_id").isin(pa.array(chosen, pa.string())) & ~pc.field("is_spare")
    columns = ["user_id", "item_id", "rank", "score", "score_parts", "reason", "fallback_level", "source"]
    rows = facts.dataset(RECOMMENDATIONS).to_table(columns=columns, filter=condition).sort_by("rank").to_pylist()
    lists: dict[str, list[Row]] = {user: [] for user in chosen}
    for row in rows:
        lists[row["user_id"]].append(row)
    return {user: rows for user, rows in lists.items() if rows}


def _prices(facts: NightFacts, items: set[str]) -> dict[str, str]:
    condition = pc.field("item_id").isin(pa.array(sorted(items), pa.string()))
    rows = facts.rows(ITEMS, ["item_id", "price", "currency"], condition)
    priced_rows = [row for row in rows if row["price"] is not None]
    return {row["item_id"]: f"{row['price']:,.2f} {plain(row['currency'] or '')}".rstrip() for row in priced_rows}


def _entry(
    user: str, rows: list[Row], titles: dict[str, Words], prices: dict[str, str], chinese: dict[str, str]
) -> Entry:
    """chinese: English title -> Chinese title, for reasons that end with one."""
    lines: list[list[Cell]] = [
        [
            number(row["rank"]),
            plain(row["item_id"]),
            titles.get(row["item_id"], ""),
            prices.get(row["item_id"], ""),
            list_reason(row["source"], row["reason"], chinese),
            number(row["score"], "{:.3f}"),
            plain(row["score_parts"]),
        ]
        for row in rows
    ]
    level = _LEVELS[rows[0]["fallback_level"]]
    title = Words("visitors without an account", "无账户的访客") if user == ANONYMOUS else ""
    return Entry(
        plain(user), title, [Words(f"first place: {level.english}", f"第一位：{level.chinese}")], [Rows(_HEAD, lines)]
    )
