"""The parts of index.html about what the night made: experiments, budgets, segments, texts, pictures, answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.pages.blocks import Cell, Link, Rows, Section, Words, number, plain
from jobs.pages.code_words import STATUSES, copy_reason, service_reason, words_of
from jobs.pages.night_facts import NightFacts
from jobs.pages.offers_page import budget_rows, currency_of
from schemas.tables import IMAGES, SEGMENTS

_REASONS = 10  # reasons of refusals that are listed
_WRITERS = {"model": Words("copywriter", "写作模型"), "template": Words("templates", "模板")}


def product_parts(facts: NightFacts, pages: Sequence[str]) -> list[Section]:
    """A section for each product that the night has; pages: names of the pages beside index.html."""
    sections = [
        _experiments(facts),
        _budgets(facts),
        _segments(facts, pages),
        _texts(facts, pages),
        _images(facts, pages),
        _service(facts, pages),
    ]
    return [section for section in sections if section]


def _experiments(facts: NightFacts) -> Section | None:
    status = {row["experiment"]: row["status"] for row in facts.report("judge_experiments").get("results", [])}
    if not status:
        return None
    head = [Words("Experiment", "实验"), Words("Where it stands", "状态")]
    rows = Rows(head, [[plain(name), words_of(code, STATUSES)] for name, code in status.items()])
    more = Link(Words("Arms and figures", "各组与数字"), "experiments.html")
    return Section("experiments", Words("Experiments", "实验"), [rows], "experiment_results", more, wide=False)


def _budgets(facts: NightFacts) -> Section | None:
    budgets = facts.report("choose_offers").get("budgets", {})
    if not budgets:
        return None
    more = Link(Words("Campaigns, what they cost, and who got none", "活动、成本与未发放的原因"), "offers.html")
    return Section(
        "budgets",
        Words("Budgets of offers", "优惠预算"),
        [budget_rows(budgets, currency_of(facts), "offers.html#budgets")],
        "choose_offers",
        more,
        wide=False,
    )


def _segments(facts: NightFacts, pages: Sequence[str]) -> Section | None:
    segments = facts.rows(SEGMENTS, ["name_en", "name_zh", "users", "share", "mean_money"])
    if not segments:
        return None
    head = [
        Words("Segment", "分群"),
        Words("Accounts", "账户"),
        Words("Share", "占比"),
        Words("Spent each, less returns", "人均消费（扣除退货）"),
    ]
    rows: list[list[Cell]] = [
        [
            Words(plain(segment["name_en"]), plain(segment["name_zh"])),
            number(segment["users"], href=_href("segments", pages)),
            number(segment["share"], "{:.0%}"),
            number(segment["mean_money"], "{:,.2f}"),
        ]
        for segment in sorted(segments, key=lambda segment: -segment["users"])
        if segment["users"]
    ]
    more = _way("segments", Words("Picture of the segments", "分群图"), pages)
    return Section("segments", Words("Segments", "顾客分群"), [Rows(head, rows)], "segments", more, wide=False)


def _texts(facts: NightFacts, pages: Sequence[str]) -> Section | None:
    copy = facts.report("write_copy")
    if not copy:
        return None
    href = _href("copy", pages)
    writers: list[list[Cell]] = [
        [_WRITERS.get(name, plain(name)), number(count, href=href)]
        for name, count in sorted(copy.get("by_source", {}).items())
    ]
    refused = sorted(copy.get("rejected", {}).items(), key=lambda entry: (-entry[1], entry[0]))[:_REASONS]
    blocks: list[Any] = [
        Rows(
            [Words("Written by", "作者"), Words("Texts", "条数")],
            [*writers, [Words("all", "合计"), number(copy.get("texts"), href=href)]],
        ),
        Rows(
            [Words("Draft refused because", "草稿被拒原因"), Words("Drafts", "草稿")],
            [[copy_reason(reason), number(count, href=href)] for reason, count in refused],
        ),
    ]
    more = _way("copy", Words("Read, approve and block the texts", "阅读、批准与屏蔽文案"), pages)
    return Section("copy", Words("Texts", "文案"), blocks, "copy, rejected_copy", more, wide=False)


def _images(facts: NightFacts, pages: Sequence[str]) -> Section | None:
    received = facts.report("receive_images")
    if not received.get("received"):
        return None
    href = _href("images", pages)
    rows: list[list[Cell]] = [
        [Words("files received", "收到的文件"), number(received["received"], href=href)],
        [Words("files refused", "拒绝的文件"), number(sum(received.get("refused", {}).values()), href=href)],
        [Words("pictures of items", "商品图片"), number(facts.count(IMAGES), href=href)],
    ]
    head = [Words("Pictures", "图片"), Words("Number", "数量")]
    more = _way("images", Words("What the pictures show", "图片内容"), pages)
    return Section("images", Words("Pictures", "图片"), [Rows(head, rows)], "images, refused_images", more, wide=False)


def _service(facts: NightFacts, pages: Sequence[str]) -> Section | None:
    answered = facts.report("answer_questions")
    if not answered.get("questions"):
        return None
    href = _href("service", pages)

    def counted(code_counts: dict[str, int]) -> list[list[Cell]]:
        return [[service_reason(name), number(count, href=href)] for name, count in code_counts.items()]

    total_row: list[Cell] = [Words("all", "合计"), number(answered["questions"], href=href)]
    blocks = [
        Rows(
            [Words("Questions of customers", "顾客的问题"), Words("Number", "数量")],
            [*counted(answered["decisions"]), total_row],
        ),
        Rows([Words("For a person because", "转人工的原因"), Words("Questions", "问题")], counted(answered["reasons"])),
    ]
    more = _way("service", Words("Answers, and what is missing", "答复与缺失的知识"), pages)
    title = Words("Customer service", "客服")
    return Section("service", title, blocks, "suggested_answers", more, wide=False)


def _href(page: str, pages: Sequence[str]) -> str:
    return f"{page}.html" if page in pages else ""


def _way(page: str, words: Words, pages: Sequence[str]) -> Link | None:
    return Link(words, f"{page}.html") if page in pages else None
