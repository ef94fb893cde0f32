"""index.html: whether tonight was published, what changed, and earlier nights; each part links to a page with more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.pages.blocks import (
    NONE,
    Cell,
    Command,
    Lines,
    Link,
    Page,
    Rows,
    Section,
    Sentences,
    Series,
    Words,
    number,
    plain,
)
from jobs.pages.changes import RULE, changes
from jobs.pages.code_words import REJECTED, words_of
from jobs.pages.night_facts import NightFacts
from jobs.pages.night_history import NIGHTS
from jobs.pages.product_parts import product_parts
from jobs.pages.running_times import running_times
from jobs.pages.shown_items import Exposure
from jobs.runtime.products import states_in
from schemas.table import PRODUCTS

Nights = Sequence[dict[str, Any]]
_STATES = {
    "fresh": Words("fresh", "今夜新做"),
    "carried": Words("carried over", "沿用"),
    "absent": Words("absent", "缺失"),
}
_PRODUCTS = {
    "lists": Words("lists", "推荐列表"),
    "customers": Words("customers", "顾客"),
    "offers": Words("offers", "优惠"),
    "audiences": Words("audiences", "受众"),
    "copy": Words("texts", "文案"),
    "images": Words("images", "图片"),
    "service": Words("service", "客服"),
}
_PAGES = {
    "lists": "lists",
    "customers": "segments",
    "offers": "offers",
    "copy": "copy",
    "images": "images",
    "service": "service",
}
_ALWAYS = ("lists", "offers")  # pages that every night has
_REJECTED_SHOWN = 10


def home_page(facts: NightFacts, nights: Nights, exposure: Exposure, pages: Sequence[str]) -> Page:
    """pages: names of the pages in the same folder that other jobs draw, such as 'copy'."""
    sections = [
        _published(facts, pages),
        _changes(facts, nights),
        _quality(facts, nights),
        _lines(facts, nights),
        _exposure(facts, nights, exposure),
        *product_parts(facts, pages),
        running_times(facts, nights),
        *_loaded(facts),
    ]
    return Page("index", Words("The night", "夜报"), _lead(facts), sections, {"state": _state(facts)})


def _state(facts: NightFacts) -> str:
    if not facts.published_run:
        return "held"
    return "failed" if facts.errors else "good"


def _lead(facts: NightFacts) -> list[Words]:
    run = facts.published_run
    if run and not facts.errors:
        return [Words(f"Published as {run}; every job succeeded.", f"已发布为 {run}；所有任务成功。")]
    if run:
        jobs = ", ".join(facts.errors)
        return [Words(f"Published as {run}, but not whole: {jobs} failed.", f"已发布为 {run}，但不完整：{jobs} 失败。")]
    manifest = facts.seen_by_readers()
    shown_run = manifest["run"] if manifest else None
    because = plain(facts.held_back_because, 400)
    return [
        Words(f"Held back: {because}.", f"未发布：{because}。")
        if because
        else Words("Not published: a dry run, or publishing has not run.", "未发布：试运行，或发布尚未执行。"),
        Words(f"The storefront keeps {shown_run}.", f"商城仍用 {shown_run}。")
        if shown_run
        else Words("Nothing was ever published.", "此前从未发布。"),
    ]


def _published(facts: NightFacts, pages: Sequence[str]) -> Section:
    report, manifest = facts.report("publish_night"), facts.seen_by_readers()
    states = report.get("products") or (states_in(manifest) if manifest else {})
    states = {product: states[product] for product in sorted(states, key=PRODUCTS.index)}
    head = [
        Words(*both)
        for both in (
            ("Product", "产品"),
            ("State", "状态"),
            ("From", "来自"),
            ("Valid until", "有效期至"),
            ("Why", "原因"),
        )
    ]
    if not any(entry.get("because") for entry in states.values()):
        del head[-1]
    rows: list[list[Cell]] = [
        [
            _way_to(product, pages),
            _STATES.get(entry["state"], entry["state"]),
            entry.get("from", NONE),
            _moment(entry.get("valid_until")),
            plain(entry.get("because", "") or ""),
        ][: len(head)]
        for product, entry in states.items()
    ]
    blocks: list[Any] = [Rows(head, rows)] if rows else []
    if facts.errors:
        blocks.append(
            Rows(
                [Words("Failed job", "失败的任务"), Words("Error message", "错误信息")],
                [[job, plain(error, 600)] for job, error in facts.errors.items()],
            )
        )
    is_held = not facts.published_run
    title = Words("What readers see", "商城所见") if is_held else Words("What is published", "已发布的内容")
    blocks.append(_ask(facts))
    return Section("published", title, blocks, "published/current.json")


def _way_to(product: str, pages: Sequence[str]) -> Cell:
    words = _PRODUCTS.get(product, product)
    page = _PAGES.get(product)
    return Link(words, f"{page}.html") if page and (page in _ALWAYS or page in pages) else words


def _loaded(facts: NightFacts) -> list[Section]:
    """The section that says what a storefront loads: the pointer, the files of each table, and a list's length."""
    manifest = facts.seen_by_readers()
    if not manifest or not manifest.get("tables"):
        return []
    rules = manifest.get("rules", {})
    lines = [
        (
            Words(
                f"Poll published/current.json. It names the run ({manifest['run']}) and the files of each table, with "
                "size and checksum. The files are in published/run=RUN/TABLE/. Load all of them, then switch over.",
                f"轮询 published/current.json：其中写明所用的运行（{manifest['run']}）以及各表的文件、大小与校验和；"
                "文件在 published/run=RUN/TABLE/ 下。全部载入后再切换。",
            ),
            False,
        )
    ]
    if "k" in rules:
        k, spares = rules["k"], rules.get("spares", 0)
        lines.append(
            (
                Words(
                    f"A list has {k} places (k, the setting recommend.k): recommendations with rank 1 to {k}. After "
                    f"them come {spares} spares (is_spare): when an item sells out or is withdrawn during the day, "
                    "leave it out and move the next one up. An item that is sold out at night is in no list.",
                    f"每个列表有 {k} 个位置（k，即设置 recommend.k）：recommendations 中名次 1 至 {k}。"
                    f"其后 {spares} 个为备用（is_spare）：商品白天售罄或下架时跳过它，由下一个补上。"
                    "夜间已售罄的商品不在任何列表中。",
                ),
                False,
            )
        )
        lines.append(
            (
                Words(
                    "Visitors without an account, and accounts without a list yet, get the list of user_id anonymous.",
                    "无账户的访客，以及尚无列表的账户，使用 user_id 为 anonymous 的列表。",
                ),
                False,
            )
        )
    head = [
        Words("Table", "表"),
        Words("Product", "产品"),
        Words("Rows", "行数"),
        Words("Files", "文件"),
        Words("MB", "MB"),
    ]
    rows: list[list[Cell]] = [
        [
            name,
            _PRODUCTS.get(table.get("product", ""), table.get("product", "")),
            number(table["rows"]),
            number(len(table["files"])),
            number(sum(file["bytes"] for file in table["files"]) / 1e6, "{:,.2f}"),
        ]
        for name, table in manifest["tables"].items()
    ]
    title = Words("What the storefront loads", "商城载入什么")
    return [Section("loads", title, [Sentences(lines), Rows(head, rows)], "published/current.json; schemas/README.md")]


def _moment(text: str | None) -> str:
    """2026-01-09T12:00:00Z as a person reads it."""
    return text.replace("T", " ").replace(":00Z", " UTC") if text else NONE


def _ask(facts: NightFacts) -> Command:
    return Command(
        Words("The same figures in the terminal:", "在终端查看同样的数字："),
        facts.command("describe_night", "--date", str(facts.day)),
    )


def _changes(facts: NightFacts, nights: Nights) -> Section:
    lines = changes(nights)
    marked = sum(unusual for _, unusual, _ in lines)
    sentence = Words(
        f"{marked} of {len(lines)} figures are unusual. {RULE.english}",
        f"{len(lines)} 项中 {marked} 项异常。{RULE.chinese}",
    )
    return Section(
        "changes",
        Words("What changed since last night", "较昨夜的变化"),
        [
            Sentences([(sentence, False)]),
            Sentences([(words, unusual) for words, unusual, _ in lines], [href for _, _, href in lines]),
        ],
        f"runs/date={facts.day}/run={facts.run}",
    )


def _quality(facts: NightFacts, nights: Nights) -> Section:
    judged = [night["quality"] for night in nights]
    metric = next((night_quality["metric"] for night_quality in reversed(judged) if night_quality), "")
    if not metric:
        none = Words(
            "Lists were not judged yet: none was published the day before, or nobody bought.",
            "尚未评判列表：前一天没有发布，或无人购买。",
        )
        return Section("quality", Words("Quality of the lists", "列表质量"), [Sentences([(none, False)])])
    usable = [night_quality if night_quality.get("metric") == metric else {} for night_quality in judged]

    def part(lists: str, index: int) -> list[float | None]:
        return [night_quality[lists][index] if lists in night_quality else None for night_quality in usable]

    places = metric.removeprefix("hr@")
    caption = Words(
        f"Share of buyers who bought something from the first {places} places of their list, by night of judging; the "
        "band is the 95 % interval over users.",
        f"购买者中买到列表前 {places} 位商品的比例，按评判之夜；色带为对用户的 95 % 区间。",
    )
    series = [
        Series(Words("our lists", "我们的列表"), part("published", 0), part("published", 1), part("published", 2)),
        Series(Words("popularity", "热门榜"), part("popularity", 0)),
    ]
    chart = Lines(caption, [night["date"] for night in nights], series, "{:.1%}")
    return Section(
        "quality",
        Words(f"Quality of the lists, up to {NIGHTS} nights", f"列表质量，至多 {NIGHTS} 夜"),
        [chart],
        f"list_quality; {facts.command('describe_night', '--date', str(facts.day))}",
    )


def _lines(facts: NightFacts, nights: Nights) -> Section:
    kept = [night["figures"].get("lines_kept") for night in nights]
    raw = [night["figures"].get("lines_raw") for night in nights]
    rejected = [None if a is None or b is None else a - b for a, b in zip(raw, kept, strict=True)]
    dates = [night["date"] for night in nights]
    blocks: list[Any] = [
        Lines(
            Words(f"Lines kept, up to {NIGHTS} nights", f"保留的行，至多 {NIGHTS} 夜"),
            dates,
            [Series(Words("kept", "保留"), kept)],
        ),
        Lines(
            Words(f"Lines rejected, up to {NIGHTS} nights", f"拒绝的行，至多 {NIGHTS} 夜"),
            dates,
            [Series(Words("rejected", "拒绝"), rejected)],
        ),
    ]
    reasons = sorted(facts.report("clean_events").get("rejected", {}).items(), key=lambda entry: (-entry[1], entry[0]))
    if reasons:
        blocks.append(
            Rows(
                [Words("Rejected because", "拒绝原因"), Words("Lines", "行数")],
                [
                    [words_of(reason, REJECTED), number(count, href="data.html#rejected_events")]
                    for reason, count in reasons[:_REJECTED_SHOWN]
                ],
            )
        )
    more = Link(Words("Rules and samples of rejected rows", "规则与拒绝行样本"), "data.html")
    return Section(
        "lines", Words("Lines of the drop", "收到的数据"), blocks, "clean_events, rejected_events", more, wide=False
    )


def _exposure(facts: NightFacts, nights: Nights, exposure: Exposure) -> Section:
    shown = [night["figures"].get("items_shown") for night in nights]
    blocks: list[Any] = []
    if exposure.places:
        sentence = Words(
            f"{exposure.items:,} of {exposure.on_sale:,} items on sale are in somebody's list "
            f"({exposure.items / max(1, exposure.on_sale):.0%}); the {exposure.top:,} most shown take "
            f"{exposure.top_share:.0%} of all places.",
            f"在售的 {exposure.on_sale:,} 件商品中有 {exposure.items:,} 件进入列表"
            f"（{exposure.items / max(1, exposure.on_sale):.0%}）；"
            f"展示最多的 {exposure.top:,} 件占全部位置的 {exposure.top_share:.0%}。",
        )
        blocks.append(Sentences([(sentence, False)]))
    dates = [night["date"] for night in nights]
    blocks.append(
        Lines(
            Words("Items in lists, spares included", "列表中的商品（含备用）"),
            dates,
            [Series(Words("items", "商品"), shown)],
        )
    )
    more = Link(Words("Items, most shown first", "商品，展示最多者在前"), "items.html")
    return Section("exposure", Words("Catalogue shown", "商品覆盖"), blocks, "recommendations", more, wide=False)
