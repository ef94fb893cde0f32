"""models.html: a card for each model that tonight's products are made with: when trained and how judged."""

from __future__ import annotations

from typing import Any

from jobs.pages.blocks import Cell, Page, Rows, Section, Words, number, plain
from jobs.pages.night_facts import NightFacts

_MADE_BY = {"sources": "train_ranker", "segments": "segment_users", "propensity": "predict_purchases"}
_SETTINGS = 40  # lines of a card's settings
_HEAD = [Words("Fact", "事实"), Words("Value", "值")]
Row = list[Cell]


def models_page(facts: NightFacts) -> Page:
    lake = facts.lake
    newest = {name: lake.model_before(name, facts.day, including=True) for name in lake.list_dir("models")}
    cards = [_card(facts, name, folder) for name, folder in newest.items() if folder]
    bound = Words(
        f"{len(cards)} models, one card each: the version that tonight uses, of each at most {_SETTINGS} settings.",
        f"{len(cards)} 个模型各一张卡片：今夜所用的版本，每张至多 {_SETTINGS} 项设置。",
    )
    return Page("models", Words("Models", "模型"), [bound], cards)


def _card(facts: NightFacts, name: str, folder: tuple[str, ...]) -> Section:
    job = _MADE_BY.get(name, f"train_{name}")
    manifest = facts.lake.get_json(*folder, "manifest.json") if facts.lake.exists(*folder, "manifest.json") else {}
    judged = facts.report(job)
    judged = judged.get("ranker", judged) if job == "train_ranker" else judged
    made_on = folder[2].removeprefix("date=")
    rows: list[Row] = [
        [Words("made on the night of", "训练之夜"), made_on],
        [Words("by the job", "任务"), job],
        *_verdict(judged),
        *([plain(key).replace("_", " "), _value(value)] for key, value in _scalars(manifest)),
    ]
    settings: list[Row] = [[key, _value(value)] for key, value in list(manifest.get("config", {}).items())[:_SETTINGS]]
    blocks = [Rows(_HEAD, rows)]
    if settings:
        blocks.append(Rows([Words("Setting", "设置"), Words("Value", "值")], settings))
    return Section(f"model-{plain(name)}", Words(name.replace("_", " "), name), blocks, "/".join(folder), wide=False)


def _verdict(judged: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    if isinstance(judged.get("promoted"), bool):
        told = Words("promoted", "已启用") if judged["promoted"] else Words("held back", "未启用")
        rows.append([Words("tonight's training", "今夜的训练"), told])
    for key, figures in judged.items():
        if isinstance(figures, dict) and {"new", "running", "low", "high"} <= figures.keys():
            form = "{:.4f}"
            rows += [
                [Words(f"{key}, new model", f"{key}，新模型"), number(figures["new"], form)],
                [Words(f"{key}, what ran before", f"{key}，此前所用"), number(figures["running"], form)],
                [
                    Words("difference, 95 % interval", "差异 95 % 区间"),
                    f"{figures['low']:+.4f} – {figures['high']:+.4f}",
                ],
            ]
    if "start" in judged:
        rows.append([Words("started from", "起点"), plain(judged["start"])])
    return rows


def _scalars(manifest: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, v) for key, v in manifest.items() if isinstance(v, int | float | str) and key != "model"]


def _value(value: Any) -> Cell:
    return number(value, "{:,g}") if isinstance(value, int | float) and not isinstance(value, bool) else plain(value)
