"""offers.html: campaigns, who qualifies and gets an offer, what it costs, what the guards refused, groups compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.pages.blocks import Cell, Command, Page, Rows, Section, Sentences, Words, money, number, plain
from jobs.pages.code_words import GUARDS, VERDICTS, counts, words_of
from jobs.pages.fairness_page import ATTRIBUTES, group_name
from jobs.pages.night_facts import NightFacts
from schemas.tables import CAMPAIGN_OUTCOMES, OFFER_PARITY, OFFERS

_MOST = 500  # campaigns, and groups, on the page
_HOW_BUDGETS = Words(
    "The amount pays for offers at their expected cost: a discount that one in ten people use costs a tenth. The limit "
    "holds even if everybody uses their offer. A budget line with nothing left gives no more offers until earlier ones "
    "are older than the days that it counts.",
    "总额按预期成本计算：十人中一人使用的折扣只算十分之一。上限则保证全部使用也不超出。"
    "剩余为零的预算暂停发放，待较早的优惠移出计算期后恢复。",
)
_HOW_OUTCOMES = Words(
    "The hold-out are people who would have got the offer but did not: what they buy, people buy without an offer too. "
    "With few people a difference may be chance.",
    "对照者本应获得优惠而未获得：他们买的，没有优惠也会买。人数少时差异可能只是偶然。",
)
_NONE = Words("No campaign is declared, or choose_offers failed.", "没有声明活动，或 choose_offers 失败。")


def offers_page(facts: NightFacts) -> Page:
    report = facts.report("choose_offers")
    campaigns: dict[str, Any] = report.get("campaigns", {})
    currency = currency_of(facts)
    bound = Words(
        f"{min(len(campaigns), _MOST)} of {len(campaigns)} campaigns are on this page; no account is named.",
        f"本页列出 {len(campaigns)} 个活动中的 {min(len(campaigns), _MOST)} 个；不列出任何账户。",
    )
    sections = [
        Section(
            "campaigns",
            Words("Campaigns tonight", "今夜的活动"),
            _campaigns(campaigns, currency),
            "offers, withheld_offers",
        ),
        Section(
            "budgets",
            Words("Budgets", "预算"),
            [Sentences([(_HOW_BUDGETS, False)]), budget_rows(report.get("budgets", {}), currency)],
            "choose_offers",
        ),
        Section(
            "outcomes",
            Words("What campaigns achieved", "活动效果"),
            [Sentences([(_HOW_OUTCOMES, False)]), _outcomes(facts)],
            "campaign_outcomes",
        ),
        Section("parity", Words("Groups of accounts compared", "各组账户比较"), [_parity(facts)], "offer_parity"),
    ]
    ask = Command(
        Words(
            "Before a campaign runs, see whom it would reach; this is tonight's file, or give a TOML file of your own:",
            "活动开始前预览将触达的人；此为今夜所用的文件，也可换成自己的 TOML 文件：",
        ),
        facts.command("preview_campaigns", "--campaigns", report.get("file") or "FILE", "--date", str(facts.day)),
    )
    sections[0] = Section("campaigns", sections[0].title, [*sections[0].blocks, ask], sections[0].source)
    return Page("offers", Words("Offers and campaigns", "优惠与活动"), [bound], sections)


def currency_of(facts: NightFacts) -> str:
    """The currency of the night's offers, which is the same for all of them; empty without offers."""
    return next(iter(facts.first_rows(OFFERS, 1, ["currency"])["currency"].to_pylist()), "") or ""


def _campaigns(campaigns: Mapping[str, Any], currency: str) -> list[Any]:
    if not campaigns:
        return [Sentences([(_NONE, False)])]
    head = [
        Words("Campaign", "活动"),
        Words("Qualify", "符合条件"),
        Words("New offers", "新优惠"),
        Words("Still valid", "仍有效"),
        Words("Held out to compare", "留作对照"),
        Words("Expected cost", "预期成本"),
        Words("Refused, and why", "未发放的原因"),
    ]
    if has_doc := any(figures.get("doc") for figures in campaigns.values()):
        head.append(Words("What it is, in the words of its file", "说明（活动文件原文）"))
    rows: list[list[Cell]] = [
        [
            plain(name),
            number(figures["candidates"]),
            number(figures["offered"]),
            number(figures["standing"]),
            number(figures["withheld"]),
            money(figures["expected_cost"], currency),
            counts(figures["refused"], GUARDS),
            *([plain(figures.get("doc") or "")] if has_doc else []),
        ]
        for name, figures in list(campaigns.items())[:_MOST]
    ]
    return [Rows(head, rows)]


def budget_rows(budgets: Mapping[str, Any], currency: str = "", href: str = "") -> Rows:
    """Each budget line counts offers twice: by their expected cost, and by their cost if all are used.

    href: the page that the figures link to, for tables on another page.
    """
    in_currency = f", {plain(currency)}" if currency else ""
    head = [
        Words("Budget line", "预算"),
        Words(f"Amount{in_currency}", f"总额{in_currency}"),
        Words("left of it", "剩余"),
        Words("Limit if all are used", "全部使用时的上限"),
        Words("left of the limit", "上限剩余"),
    ]
    rows: list[list[Cell]] = [
        [plain(name), *(number(line[key], href=href) for key in ("amount", "expected_left", "at_most", "worst_left"))]
        for name, line in budgets.items()
    ]
    return Rows(head, rows)


def _outcomes(facts: NightFacts) -> Rows:
    head = [
        Words("Campaign", "活动"),
        Words("Got the offer", "获得优惠的人数"),
        Words("of these bought", "其中购买"),
        Words("Held out to compare", "留作对照"),
        Words("of these bought", "其中购买"),
    ]
    rows: list[list[Cell]] = [
        [
            plain(row["campaign"]),
            number(row["users_offered"]),
            _share(row, "offered"),
            number(row["users_withheld"]),
            _share(row, "withheld"),
        ]
        for row in facts.first_rows(CAMPAIGN_OUTCOMES, _MOST).sort_by("campaign").to_pylist()
    ]
    return Rows(head, rows)


def _share(row: Mapping[str, Any], group: str) -> Cell:
    users, buyers = row[f"users_{group}"], row[f"buyers_{group}"]
    return number(buyers / users if users else None, "{:.1%}")


def _parity(facts: NightFacts) -> Rows:
    head = [
        Words("Attribute", "属性"),
        Words("Group", "组"),
        Words("Accounts", "账户"),
        Words("With an offer", "有优惠"),
        Words("95 % interval", "95 % 区间"),
        Words("Verdict", "结论"),
    ]
    rows: list[list[Cell]] = [
        [
            words_of(row["attribute"], ATTRIBUTES),
            group_name(row["attribute"], row["group"]),
            number(row["users"]),
            number(row["share"], "{:.1%}"),
            "" if row["share_low"] is None else f"{row['share_low']:.1%} – {row['share_high']:.1%}",
            VERDICTS[row["verdict"]],
        ]
        for row in facts.first_rows(OFFER_PARITY, _MOST).to_pylist()
    ]
    return Rows(head, rows)
