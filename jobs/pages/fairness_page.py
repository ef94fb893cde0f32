"""exposure.html: how much lists show groups of items, how good they are for groups of users; offers, privacy spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow.compute as pc

from jobs.common.private_release import ledger
from jobs.pages.blocks import Cell, Lines, Page, Rows, Section, Sentences, Series, Share, Words, number, plain
from jobs.pages.code_words import VERDICTS
from jobs.pages.night_facts import NightFacts
from schemas.tables import EXPOSURE, GROUP_QUALITY, OFFER_PARITY
from schemas.tables.fairness import EXPOSURE_KINDS

_MOST = 60  # groups of one kind on the page
_MOST_ROWS = 300  # groups of users, and of accounts, on the page
_FLAGGED = 20  # groups named that are below four fifths
_RELEASES = 60  # of the privacy ledger, the newest
Nights = Sequence[dict[str, Any]]
Row = dict[str, Any]
KINDS = {
    "popularity": Words("More and less popular items", "热门与冷门商品"),
    "brand": Words("Brands", "品牌"),
    "seller": Words("Sellers", "卖家"),
    "category": Words("Categories", "品类"),
    "price_band": Words("Prices within the category", "品类内价位"),
    "item_age": Words("Days since an item's first event", "商品首次出现至今的天数"),
}
_VALUES = {
    "less popular half": Words("less popular half", "较冷门的一半"),
    "more popular half": Words("more popular half", "较热门的一半"),
    "low": Words("low", "低"),
    "middle": Words("middle", "中"),
    "high": Words("high", "高"),
    "0-6 days": Words("0–6 days", "0–6 天"),
    "7-29 days": Words("7–29 days", "7–29 天"),
    "30-89 days": Words("30–89 days", "30–89 天"),
    "90 days or more": Words("90 days or more", "90 天及以上"),
    "unknown": Words("unknown", "未知"),
}
_WITHOUT = {
    "popularity": Words("not on sale", "不在售"),
    "item_age": Words("nobody touched it yet", "尚无人接触"),
}
_OWN_WORDS = ("popularity", "price_band", "item_age")  # kinds whose values are ours, not the shop's
ATTRIBUTES = {
    "gender": Words("gender", "性别"),
    "age_band": Words("age", "年龄"),
    "country": Words("country", "国家"),
    "activity": Words("activity", "活跃度"),
}
_GROUPS = {
    "gender": {"f": Words("women", "女"), "m": Words("men", "男")},
    "age_band": {"under 18": Words("under 18", "18 岁以下"), "65 and over": Words("65 and over", "65 岁及以上")},
    "activity": {"low": Words("low", "低"), "middle": Words("middle", "中"), "high": Words("high", "高")},
}


def fairness_page(facts: NightFacts, nights: Nights) -> Page:
    lead = Words(
        "How lists divide attention among items, and whom they serve. Exposure: a place weighs 1 / log2(rank + 1). "
        f"Tables have at most {_MOST} groups of items, {_MOST_ROWS} groups of people. No account is named.",
        "列表如何分配关注、服务了谁。曝光：每个位置的权重为 1 / log2(名次 + 1)。"
        f"每表至多 {_MOST} 组商品、{_MOST_ROWS} 组顾客，不列出任何账户。",
    )
    sections = [section for part in PARTS for section in part(facts, nights)]
    return Page("exposure", Words("Exposure and fairness", "曝光与公平"), [lead], sections)


def _spread(facts: NightFacts, nights: Nights) -> list[Section]:
    figures = facts.report("measure_exposure").get("figures", {})
    lines = [
        (sentence, False)
        for name, make_sentence in _SENTENCES.items()
        if figures.get(name) is not None
        for sentence in [make_sentence(figures[name])]
    ]
    none = Words(
        "Nothing was measured: there were no lists, or measure_exposure failed.",
        "没有度量：没有列表，或 measure_exposure 失败。",
    )
    series = [
        Series(words, [night.get("exposure", {}).get(name) for night in nights])
        for name, words in (("gini", Words("Gini", "基尼系数")), ("coverage", Words("coverage", "覆盖率")))
    ]
    caption = Words("Gini (0: all items alike) and coverage", "基尼系数（0 为完全均等）与覆盖率")
    blocks: list[Any] = [Sentences(lines or [(none, False)])]
    if figures:
        blocks.append(Lines(caption, [night["date"] for night in nights], series, "{:.2f}"))
    return [Section("spread", Words("All items", "全部商品"), blocks, "exposure_figures")]


def _lift(value: float) -> Words:
    than = ("more", "高") if value >= 0 else ("less", "低")
    return Words(
        f"A place shows an item that is {abs(value):.0%} {than[0]} popular than the item of a purchase.",
        f"列表位置上商品的热度比成交商品平均{than[1]} {abs(value):.0%}。",
    )


_SENTENCES: dict[str, Callable[[float], Words]] = {
    "coverage": lambda v: Words(
        f"{v:.0%} of the items on sale are in somebody's list.", f"{v:.0%} 的在售商品进入列表。"
    ),
    "gini": lambda v: Words(
        f"The Gini coefficient of their exposure is {v:.3f}: 0 if all were shown alike, near 1 if one had everything.",
        f"曝光的基尼系数为 {v:.3f}：0 为完全均等，接近 1 为集中于一件。",
    ),
    "tail_exposure": lambda v: Words(
        f"The less popular half of the items has {v:.1%} of the exposure; the setting diversity.tail_bonus lifts it.",
        f"较冷门的一半商品获得 {v:.1%} 的曝光；设置 diversity.tail_bonus 可提高它。",
    ),
    "popularity_lift": _lift,
}


def _items(facts: NightFacts, nights: Nights) -> list[Section]:
    """A section for each kind of group that the catalogue knows, and a sentence that names the other kinds."""
    rows = facts.rows(EXPOSURE)
    of_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in EXPOSURE_KINDS}
    sections = [
        Section(f"by-{kind}".replace("_", "-"), KINDS[kind], [_table(kind, kind_rows)], "exposure")
        for kind, kind_rows in of_kind.items()
        if kind_rows
    ]
    missing = [KINDS[kind] for kind, kind_rows in of_kind.items() if rows and not kind_rows]
    if missing:
        sentence = Words(
            f"The catalogue and the log say nothing of: {', '.join(words.english.lower() for words in missing)}.",
            f"目录与日志没有这些信息：{'、'.join(words.chinese for words in missing)}。",
        )
        sections.append(Section("not-known", Words("Not known", "未知"), [Sentences([(sentence, False)])], "exposure"))
    return sections


def _table(kind: str, rows: list[Row]) -> Rows:
    head = [
        Words("Group", "组"),
        Words("Items", "商品"),
        Words("Catalogue", "目录占比"),
        Words("Sales", "销量占比"),
        Words("Exposure", "曝光占比"),
        Words("Exposure / catalogue", "曝光 / 目录"),
        Words("Exposure / sales", "曝光 / 销量"),
        Words("Exposure, of the largest", "曝光（相对最大者）"),
    ]
    largest = max(row["exposure_share"] for row in rows) or 1.0
    bound = Words(
        f"{min(len(rows), _MOST)} of {len(rows)} rows, the largest groups first.",
        f"共 {len(rows)} 行，列出 {min(len(rows), _MOST)} 行，较大的组在前。",
    )
    return Rows(head, [_group(kind, row, largest) for row in rows[:_MOST]], bound)


def _group(kind: str, row: Row, largest: float) -> list[Cell]:
    exposure = row["exposure_share"]
    return [
        _name(kind, row),
        number(row["items"]),
        number(row["catalogue_share"], "{:.1%}"),
        number(row["sales_share"], "{:.1%}"),
        number(exposure, "{:.1%}"),
        number(exposure / row["catalogue_share"] if row["catalogue_share"] else None, "{:.2f}"),
        number(exposure / row["sales_share"] if row["sales_share"] else None, "{:.2f}"),
        Share(exposure / largest, ""),
    ]


def _name(kind: str, row: Row) -> Cell:
    if row["role"] == "others":
        return Words(f"{row['members']:,} others", f"其余 {row['members']:,} 个")
    if row["role"] == "unknown":
        return _WITHOUT.get(kind, Words("without one", "无"))
    return _VALUES.get(row["group"], plain(row["group"])) if kind in _OWN_WORDS else plain(row["group"])


def _users(facts: NightFacts, nights: Nights) -> list[Section]:
    table = people_rows(facts, _MOST_ROWS)
    sentence = Words(
        "Last night's lists, judged by what these people bought since. A group is compared with all others; where the "
        "two intervals overlap it counts as alike.",
        "以昨夜列表之后的购买来评判。每组与其余所有人比较；区间重叠视为相同。",
    )
    nobody = Words(
        "Nothing was judged: no list was made before, or nobody bought since.",
        "没有评判：此前没有列表，或之后无人购买。",
    )
    blocks: list[Any] = [Sentences([(sentence if table else nobody, False)]), *([table] if table else [])]
    return [Section("users", Words("Lists by groups of people", "各组顾客的列表质量"), blocks, "group_quality")]


def people_rows(facts: NightFacts, most: int, matched: bool = True) -> Rows | None:
    """ndcg of last night's lists for the `most` largest groups of people; None where nothing was judged.

    matched: also the figures as if all people were equally active.
    """
    condition = (pc.field("truth") == "all purchases") & pc.starts_with(pc.field("metric"), "ndcg@")
    rows = facts.dataset(GROUP_QUALITY).to_table(filter=condition).to_pylist()
    if not rows:
        return None
    shown_ids = {id(row) for row in sorted(rows, key=lambda row: -row["users"])[:most]}
    metric = rows[0]["metric"]
    judged = [Words("95 % interval", "95 % 区间"), Words("Verdict", "结论")]
    head = [Words("Attribute", "属性"), Words("Group", "组"), Words("Buyers", "购买者"), Words(metric, metric), *judged]
    if matched:
        head += [Words("As if equally active", "活跃度相同时"), *judged]
    bound = Words(
        f"{len(shown_ids)} of {len(rows)} groups, the largest.", f"共 {len(rows)} 组，列出最大的 {len(shown_ids)} 组。"
    )
    return Rows(head, [_people(row)[: len(head)] for row in rows if id(row) in shown_ids], bound)


def _people(row: Row) -> list[Cell]:
    return [
        ATTRIBUTES[row["attribute"]],
        group_name(row["attribute"], row["group"]),
        number(row["users"]),
        number(row["value"], "{:.4f}"),
        _interval(row["low"], row["high"]),
        _verdict(row["verdict"], row["value"]),
        number(row["matched"], "{:.4f}"),
        _interval(row["matched_low"], row["matched_high"]),
        _verdict(row["matched_verdict"], row["matched"]) if row["attribute"] != "activity" else "",
    ]


def _verdict(verdict: str, value: float | None) -> Words:
    """A group with a figure but without a verdict has nearly everybody in it: too few others are left to compare."""
    if verdict == "not enough data" and value is not None:
        return Words("too few others to compare", "其余人数不足，无法比较")
    return VERDICTS[verdict]


def group_name(attribute: str, group: str) -> Words | str:
    """The name of a group of people by one attribute; countries and age bands are shown as they are."""
    if group == "unknown":
        return Words("unknown", "未知")
    return _GROUPS.get(attribute, {}).get(group) or plain(group)


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4f} – {high:.4f}"


def _offers(facts: NightFacts, nights: Nights) -> list[Section]:
    rows = facts.first_rows(OFFER_PARITY, _MOST_ROWS).to_pylist()
    head = [
        Words("Attribute", "属性"),
        Words("Group", "组"),
        Words("Accounts", "账户"),
        Words("With a discount", "获得折扣"),
        Words("Selection ratio", "入选比"),
        Words("Verdict", "结论"),
    ]
    flagged = [row for row in rows if row.get("is_below_four_fifths")]
    lines = [
        (
            Words(
                f"{ATTRIBUTES[row['attribute']].english}, {plain(row['group'])}: {row['selection_ratio']:.2f} of the "
                "share of the group with most offers, below 0.8.",
                f"{ATTRIBUTES[row['attribute']].chinese}，{plain(row['group'])}：仅为最高组的 "
                f"{row['selection_ratio']:.2f}，低于 0.8。",
            ),
            True,
        )
        for row in flagged[:_FLAGGED]
    ]
    fine = Words("No group has less than 0.8 of the share of another.", "没有任何一组低于最高组的 0.8。")
    nobody = Words("There are no offers tonight.", "今夜没有优惠。")
    bound = Words(
        f"{len(rows)} of {facts.count(OFFER_PARITY)} groups of accounts.",
        f"共 {facts.count(OFFER_PARITY)} 组账户，列出 {len(rows)} 组。",
    )
    blocks: list[Any] = [Sentences(lines or [(fine if rows else nobody, False)])]
    if rows:
        blocks.append(Rows(head, [_accounts(row) for row in rows], bound))
    return [Section("offers", Words("Offers by groups of accounts", "各组账户的优惠"), blocks, "offer_parity")]


def _accounts(row: Row) -> list[Cell]:
    return [
        ATTRIBUTES[row["attribute"]],
        group_name(row["attribute"], row["group"]),
        number(row["users"]),
        number(row["share"], "{:.1%}"),
        number(row.get("selection_ratio"), "{:.2f}"),
        VERDICTS[row["verdict"]],
    ]


def _privacy(facts: NightFacts, nights: Nights) -> list[Section]:
    """What all releases of the lake have spent, compared with the budget of tonight's settings where there is one."""
    entries = [entry for entry in ledger(facts.lake) if entry.date <= str(facts.day)]
    off = Words(
        "Published counts of people are exact: differential privacy is off (setting privacy.epsilon).",
        "公布的人数计数为精确值：差分隐私未开启（设置 privacy.epsilon）。",
    )
    budgets = (facts.report(job).get("privacy_budget") for job in facts.reports)
    budget = next(filter(None, budgets), None)
    blocks: list[Any] = [Sentences([(off, False)])] if budget is None else []
    if entries:
        spent = {name: sum(getattr(entry, name) for entry in entries) for name in ("epsilon", "delta")}
        cap = {name: f" / {budget[name]:g}" if budget else "" for name in spent}
        sentence = Words(
            f"All {len(entries)} releases together have spent epsilon {spent['epsilon']:.4g}{cap['epsilon']} and delta "
            f"{spent['delta']:.3g}{cap['delta']}. What is spent never comes back.",
            f"全部 {len(entries)} 次发布共花费 epsilon {spent['epsilon']:.4g}{cap['epsilon']}、"
            f"delta {spent['delta']:.3g}{cap['delta']}，花费不可收回。",
        )
        last = sum(entry.epsilon for entry in entries if entry.date == entries[-1].date)
        is_short = budget is not None and spent["epsilon"] + last > budget["epsilon"]  # for one more such night
        head = [Words("Night", "日期"), Words("Table", "表"), Words("epsilon", "epsilon"), Words("delta", "delta")]
        rows: list[list[Cell]] = [
            [entry.date, entry.table, number(entry.epsilon, "{:.3g}"), number(entry.delta, "{:.2g}")]
            for entry in entries[::-1][:_RELEASES]
        ]
        bound = Words(
            f"{len(rows)} of {len(entries)} releases, the newest.",
            f"共 {len(entries)} 次发布，列出最新的 {len(rows)} 次。",
        )
        blocks += [Sentences([(sentence, is_short)]), Rows(head, rows, bound)]
    return [Section("privacy", Words("Privacy budget", "隐私预算"), blocks, "LAKE/privacy")]


# The parts of the page, in order: each makes sections from the facts of the night and the figures of the last nights.
PARTS: tuple[Callable[[NightFacts, Nights], list[Section]], ...] = (_spread, _items, _users, _offers, _privacy)
