"""experiments.html: each arm compared with its control, and the shares that the nights changed."""

from __future__ import annotations

from typing import Any

from jobs.pages.blocks import Cell, Command, Page, Rows, Section, Sentences, Words, number, plain
from jobs.pages.code_words import METRICS, MOVED, STATUSES, words_of
from jobs.pages.night_facts import NightFacts
from schemas.tables import BANDIT_MOVES, EXPERIMENT_RESULTS

_MOST = 500  # arms, and moves, on the page
_ARMS = [
    Words("Experiment", "实验"),
    Words("Arm", "组"),
    Words("Status", "状态"),
    Words("Users", "用户"),
    Words("planned", "计划人数"),
    Words("Metric", "指标"),
    Words("Mean", "均值"),
    Words("Difference", "差异"),
    Words("95 % interval", "95 % 区间"),
    Words("Chance of such a difference if there is none (p)", "若无差异，出现此差异的概率（p）"),
]
_MOVES = [
    Words("What moved", "调整对象"),
    Words("Of", "属于"),
    Words("Tonight", "今夜"),
    Words("Tomorrow", "明日"),
    Words("In the settings", "设定值"),
    Words("Why", "原因"),
]


def experiments_page(facts: NightFacts) -> Page:
    arms = facts.first_rows(EXPERIMENT_RESULTS, _MOST).to_pylist()
    moves = facts.first_rows(BANDIT_MOVES, _MOST).to_pylist()
    bound = Words(
        f"{len(arms)} of {facts.count(EXPERIMENT_RESULTS)} arms and {len(moves)} of {facts.count(BANDIT_MOVES)} moves "
        "are on this page.",
        f"本页列出 {facts.count(EXPERIMENT_RESULTS)} 个组中的 {len(arms)} 个，"
        f"{facts.count(BANDIT_MOVES)} 项调整中的 {len(moves)} 项。",
    )
    none = Words(
        "No experiment runs. Declare one in the settings, section experiments.",
        "没有实验。可在设置的 experiments 中声明。",
    )
    how = Words(
        "An arm is better or worse only if the planned number of users is reached and its interval does not contain 0. "
        "A decision before that often sees differences that do not exist.",
        "达到计划人数且区间不含 0，才能说某组更好或更差。提前下结论会看到并不存在的差异。",
    )
    blocks: list[Any] = (
        [Rows(_ARMS, [_arm(row) for row in arms]), Sentences([(how, False)])] if arms else [Sentences([(none, False)])]
    )
    plan = Command(
        Words("How many users an experiment needs:", "实验需要多少用户："), "python -m jobs plan_experiment --help"
    )
    moved = Rows(_MOVES, [_move(row) for row in moves])
    return Page(
        "experiments",
        Words("Experiments", "实验"),
        [bound],
        [
            Section("arms", Words("Arms", "各组"), [*blocks, plan], "experiment_results"),
            Section(
                "moves",
                Words("Shares that learn", "自动调整的比例"),
                [moved],
                "bandit_moves",
            ),
        ],
    )


def _arm(row: dict[str, Any]) -> list[Cell]:
    interval = "" if row["low"] is None else f"{row['low']:+.4f} … {row['high']:+.4f}"
    return [
        plain(row["experiment"]),
        plain(row["arm"]),
        words_of(row["status"], STATUSES),
        number(row["users"]),
        number(row["planned_users"]),
        words_of(row["metric"], METRICS),
        number(row["mean"], "{:.4f}"),
        number(row["difference"], "{:+.4f}"),
        interval,
        number(row["p"], "{:.3f}"),
    ]


def _move(row: dict[str, Any]) -> list[Cell]:
    return [
        plain(row["what"]),
        Words(
            f"{MOVED[row['kind']].english}, {plain(row['name'])}", f"{MOVED[row['kind']].chinese}，{plain(row['name'])}"
        ),
        number(row["before"], "{:.3f}"),
        number(row["after"], "{:.3f}"),
        number(row["declared"], "{:.3f}"),
        plain(row["reason"]),
    ]
