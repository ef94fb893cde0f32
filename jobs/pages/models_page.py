"""models.html: a card for each model that tonight's products use: its data, figures, settings and limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow.compute as pc

from jobs.pages.blocks import Cell, Link, Page, Rows, Section, Sentences, Words, number, plain
from jobs.pages.fairness_page import people_rows
from jobs.pages.model_cards import CARDS
from jobs.pages.night_facts import NightFacts
from jobs.runtime.model_store import PROMOTION
from schemas.tables import LIST_QUALITY

_MADE_BY = {
    "sources": "train_ranker",
    "segments": "segment_users",
    "propensity": "predict_purchases",
    "elasticity": "suggest_prices",
    "picture_whitening": "embed_images",
    "recognisers": "recognise_attributes",
}
_SETTINGS = 40  # lines of a card's settings
_GROUPS = 12  # groups of people on a card
_FEATURES = 100  # names of features on a card
_HEAD = [Words("Fact", "事实"), Words("Value", "值")]
Row = list[Cell]


def models_page(facts: NightFacts) -> Page:
    lake = facts.lake
    newest = {name: lake.model_before(name, facts.day, including=True) for name in lake.list_dir("models")}
    cards = [_card(facts, name, folder) for name, folder in newest.items() if folder]
    bound = Words(
        f"{len(cards)} models, one card each: the version that tonight uses, of each at most {_SETTINGS} settings and "
        f"{_GROUPS} groups of people.",
        f"{len(cards)} 个模型各一张卡片：今夜所用的版本，每张至多 {_SETTINGS} 项设置、{_GROUPS} 组顾客。",
    )
    return Page("models", Words("Models", "模型"), [bound], cards)


def _card(facts: NightFacts, name: str, folder: tuple[str, ...]) -> Section:
    job = _MADE_BY.get(name, f"train_{name}")
    manifest = _read(facts, folder, "manifest.json")
    made_on = folder[2].removeprefix("date=")
    card = CARDS.get(name)
    rows: list[Row] = [
        *_purpose(name),
        [Words("made on the night of", "训练之夜"), made_on],
        [Words("by the job", "任务"), job],
        *_data(facts, name, folder),
        *_verdict(_read(facts, folder, PROMOTION)),
        *_tonight(facts, name, job),
        *([plain(key).replace("_", " "), _value(value)] for key, value in _scalars(manifest)),
    ]
    blocks: list[Any] = [Rows(_HEAD, rows), *_limits(name), *_figures(facts, name)]
    if features := manifest.get("features"):
        blocks.append(_uses(list(features)))
    settings: list[Row] = [[key, _value(value)] for key, value in _settings(manifest)[:_SETTINGS]]
    if settings:
        blocks.append(Rows([Words("Setting", "设置"), Words("Value", "值")], settings))
    by_group = Link(Words("Every group of people", "全部顾客分组"), "exposure.html") if card and card.of_lists else None
    shown_name = plain(name).replace("_", " ")
    words = Words(shown_name, shown_name)
    if card:
        words = Words(f"{shown_name}: {card.purpose.english}", f"{shown_name}：{card.purpose.chinese}")
    wide = card is not None and card.of_lists  # its table of groups needs the width
    return Section(f"model-{plain(name)}", words, blocks, "/".join(folder), by_group, wide)


def _read(facts: NightFacts, folder: tuple[str, ...], name: str) -> dict[str, Any]:
    return facts.lake.get_json(*folder, name) if facts.lake.exists(*folder, name) else {}


def _purpose(name: str) -> list[Row]:
    return [[Words("for", "用途"), CARDS[name].purpose]] if name in CARDS else []


def _data(facts: NightFacts, name: str, folder: tuple[str, ...]) -> list[Row]:
    """The tables that the model was fitted on, with the rows that they had on its night."""
    night, run = dt.date.fromisoformat(folder[2].removeprefix("date=")), folder[3].removeprefix("run=")
    described = []
    for table in CARDS[name].tables if name in CARDS else ():
        version = facts.lake.version(table, night, run) or facts.lake.current(table, night)
        described.append(f"{table.name} ({version.rows:,})" if version else table.name)
    return (
        [[Words("learned from (rows of its night)", "训练数据（当夜行数）"), ", ".join(described)]] if described else []
    )


def _verdict(judged: dict[str, Any]) -> list[Row]:
    """How this version of the model was judged before it was used."""
    rows: list[Row] = []
    for key, figures in judged.items():
        if isinstance(figures, dict) and {"new", "running", "low", "high"} <= figures.keys():
            form = "{:.4f}"
            rows += [
                [Words(f"{key}, new model", f"{key}，新模型"), number(figures["new"], form)],
                [Words(f"{key}, what ran before", f"{key}，此前所用"), number(figures["running"], form)],
                [
                    Words("difference, 95 % interval", "差异 95 % 区间"),
                    f"{figures['low']:+.4f} … {figures['high']:+.4f}",
                ],
            ]
            if "users" in figures:
                rows.append([Words("judged by users", "评判用户数"), number(figures["users"])])
    if "start" in judged:
        rows.append([Words("trained because", "训练原因"), plain(judged["start"])])
    return rows


def _tonight(facts: NightFacts, name: str, job: str) -> list[Row]:
    """The result of tonight's training; no rows where the job trained another model, or none."""
    report = facts.report(job)
    if job == "train_ranker":
        report = report.get(name, {}) if name == "ranker" else {}
    if not isinstance(report, dict):
        return []
    rows: list[Row] = []
    if isinstance(report.get("promoted"), bool):
        words = Words("promoted", "已启用") if report["promoted"] else Words("held back", "未启用")
        rows.append([Words("tonight's training", "今夜的训练"), words])
    if "start" in report:
        rows.append([Words("tonight", "今夜"), plain(report["start"])])
    return rows


def _limits(name: str) -> list[Any]:
    if name not in CARDS:
        return []
    return [Sentences([(CARDS[name].never, False)])]


def _figures(facts: NightFacts, name: str) -> list[Any]:
    """The quality of the model's lists, in all and by groups of people; a sentence where that is not measured."""
    if name not in CARDS or not CARDS[name].of_lists:
        sentence = Words("No figure by groups of people is measured for it.", "未按顾客分组度量。")
        return [Sentences([(sentence, False)])]
    condition = (pc.field("cut") == "all") & (pc.field("truth") == "all purchases")
    rows = facts.rows(LIST_QUALITY, ["lists", "metric", "value", "low", "high", "users"], condition)
    shown = [row for row in rows if row["lists"] in _LISTS and row["metric"].startswith(("hr@", "ndcg@"))]
    head = [Words("Lists of last night", "昨夜列表"), Words("Value", "值"), Words("95 % interval", "95 % 区间")]
    table: list[Row] = [
        [
            _of_lists(row["lists"], row["metric"]),
            number(row["value"], "{:.4f}"),
            f"{row['low']:.4f} – {row['high']:.4f}",
        ]
        for row in sorted(shown, key=lambda row: (row["metric"], row["lists"] != "published"))
    ]
    if not table:
        return [Sentences([(Words("Its lists are not judged yet.", "其列表尚未评判。"), False)])]
    return [Rows(head, table), *([people] if (people := people_rows(facts, _GROUPS, matched=False)) else [])]


_LISTS = {"published": Words("all models together", "全部模型合成"), "popularity": Words("popularity", "热门")}


def _of_lists(lists: str, metric: str) -> Words:
    return Words(f"{_LISTS[lists].english}, {metric}", f"{_LISTS[lists].chinese}，{metric}")


def _uses(features: list[str]) -> Sentences:
    """The names of the model's features, grouped by their part before the dot."""
    groups: dict[str, list[str]] = {}
    for name in features[:_FEATURES]:
        group, _, feature = plain(name).partition(".")
        groups.setdefault(group, []).append(feature)
    listed = "; ".join(
        f"{group}: {', '.join(filter(None, names))}".removesuffix(": ") for group, names in groups.items()
    )
    more = len(features) - _FEATURES
    and_more = (f", and {more} more", f"，另有 {more} 项") if more > 0 else ("", "")
    return Sentences([(Words(f"It reads {listed}{and_more[0]}.", f"所用特征：{listed}{and_more[1]}。"), False)])


def _settings(manifest: dict[str, Any]) -> list[tuple[str, Any]]:
    """(name, value) of each setting; `part.name` for the settings of a part of the model."""
    return list(_flat(manifest.get("config", {}).items()))


def _flat(settings: Iterable[tuple[str, Any]], before: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in settings:
        if isinstance(value, dict):
            yield from _flat(value.items(), f"{before}{key}.")
        else:
            yield before + key, value


def _scalars(manifest: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in manifest.items() if isinstance(value, int | float | str) and key != "model"]


def _value(value: Any) -> Cell:
    return number(value, "{:,g}") if isinstance(value, int | float) and not isinstance(value, bool) else plain(value)
