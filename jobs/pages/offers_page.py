"""offers.html: campaigns, who qualifies and gets an offer, what it costs, what the guards refused, groups compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.pages.blocks import Cell, Command, Page, Rows, Section, Sentences, Words, number, plain
from jobs.pages.night_facts import NightFacts
from schemas.tables import CAMPAIGN_OUTCOMES, OFFER_PARITY

_MOST = 500  # campaigns, and groups, on the page
_NONE = Words("No campaign is declared, or choose_offers failed.", "没有声明活动，或 choose_offers 失败。")


def offers_page(facts: NightFacts) -> Page:
    report = facts.report("choose_offers")
    campaigns: dict[str, Any] = report.get("campaigns", {})
    bound = Words(
        f"{min(len(campaigns), _MOST)} of {len(campaigns)} campaigns are on this page; no account is named.",
        f"本页列出 {len(campaigns)} 个活动中的 {min(len(campaigns), _MOST)} 个；不列出任何账户。",
    )
    sections = [
        Section(
            "campaigns", Words("Campaigns tonight", "今夜的活动"), _campaigns(campaigns), "offers, withheld_offers"
        ),
        Section("budgets", Words("Budgets", "预算"), [budget_rows(report.get("budgets", {}))], "choose_offers"),
        Section("outcomes", Words("What campaigns achieved", "活动效果"), [_outcomes(facts)], "campaign_outcomes"),
        Section("parity", Words("Groups of accounts compared", "各组账户比较"), [_parity(facts)], "offer_parity"),
    ]
    ask = Command(
        Words("Before a campaign runs, see whom it would reach:", "活动开始前预览将触达的人："),
        facts.command("preview_campaigns", "--date", str(facts.day)),
    )
    sections[0] = Section("campaigns", sections[0].title, [*sections[0].blocks, ask], sections[0].source)
    return Page("offers", Words("Offers and campaigns", "优惠与活动"), [bound], sections)


def _campaigns(campaigns: Mapping[str, Any]) -> list[Any]:
    if not campaigns:
        return [Sentences([(_NONE, False)])]
    head = [
        Words("Campaign", "活动"),
        Words("Qualify", "符合条件"),
        Words("New offers", "新优惠"),
        Words("Still valid", "仍有效"),
        Words("Held out", "对照"),
        Words("Expected cost", "预期成本"),
        Words("Refused by the guards", "护栏拒绝"),
    ]
    rows: list[list[Cell]] = [
        [
            plain(name),
            number(one["candidates"]),
            number(one["offered"]),
            number(one["standing"]),
            number(one["withheld"]),
            number(one["expected_cost"], "{:,.2f}"),
            ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in one["refused"].items()),
        ]
        for name, one in list(campaigns.items())[:_MOST]
    ]
    return [Rows(head, rows)]


def budget_rows(budgets: Mapping[str, Any]) -> Rows:
    """Each budget line counts offers twice: by what they are expected to cost, and by their cost if all are used."""
    head = [
        Words("Budget line", "预算"),
        Words("Amount", "总额"),
        Words("left, by expected cost", "按预期成本剩余"),
        Words("Limit if all are used", "全部使用时的上限"),
        Words("left of the limit", "上限剩余"),
    ]
    rows: list[list[Cell]] = [
        [plain(name), *(number(b[key]) for key in ("amount", "expected_left", "at_most", "worst_left"))]
        for name, b in budgets.items()
    ]
    return Rows(head, rows)


def _outcomes(facts: NightFacts) -> Rows:
    head = [
        Words("Campaign", "活动"),
        Words("Offered", "获得者"),
        Words("of these bought", "其中购买"),
        Words("Held out", "对照"),
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
        for row in facts.first_rows(CAMPAIGN_OUTCOMES, _MOST).to_pylist()
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
            row["attribute"].replace("_", " "),
            plain(row["group"]),
            number(row["users"]),
            number(row["share"], "{:.1%}"),
            "" if row["share_low"] is None else f"{row['share_low']:.1%} – {row['share_high']:.1%}",
            row["verdict"],
        ]
        for row in facts.first_rows(OFFER_PARITY, _MOST).to_pylist()
    ]
    return Rows(head, rows)
