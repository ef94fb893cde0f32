"""What changed since last night, in plain sentences, and which changes are unusual.

A figure is unusual if its distance from the median of the last nights is more than `SPREADS` times their usual spread
and more than `LEAST_SHARE` of that median. The usual spread is the median distance from the median, scaled to be
comparable with a standard deviation. With fewer than `LEAST_NIGHTS` nights a figure is unusual if it changed by more
than `FIRST_SHARE` since last night. A figure below `SMALL` tonight and before is never unusual.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from jobs.pages.blocks import Words
from jobs.pages.code_words import REJECTED

SPREADS, LEAST_SHARE = 3.0, 0.2
LEAST_NIGHTS, NIGHTS, FIRST_SHARE = 5, 14, 0.5
SMALL = 20  # a count; shares have no such limit
SLOWER, SLOWER_SECONDS = 1.5, 5.0  # a job has grown if it takes over so many times and so many seconds more than usual
RULE = Words(
    f"A figure is unusual if it is over {SPREADS:g} usual spreads and over {LEAST_SHARE:.0%} away from the median of "
    f"the last {NIGHTS} nights; with fewer than {LEAST_NIGHTS} nights, if it changed by over {FIRST_SHARE:.0%} since "
    "last night.",
    f"标记：偏离最近 {NIGHTS} 夜中位数超过 {SPREADS:g} 倍常见波动且超过 {LEAST_SHARE:.0%}；"
    f"不足 {LEAST_NIGHTS} 夜时，较昨夜变化超过 {FIRST_SHARE:.0%}。",
)
_SHARES = {"list_churn", "segments_moved_share"}
_NAMES = {
    "lines_raw": Words("lines in the drop", "收到的行数"),
    "lines_kept": Words("lines kept", "保留的行数"),
    "users_with_list": Words("users with a list", "有推荐列表的用户"),
    "items_shown": Words("items in lists, spares included", "列表中的商品（含备用）"),
    "list_churn": Words("places of the lists that changed", "列表位置的更换比例"),
    "segments_moved_share": Words("accounts that moved to another segment", "换了分群的账户比例"),
    "copy_published": Words("texts published", "发布的文案"),
    "copy_refused": Words("drafts refused", "拒绝的草稿"),
    "offers": Words("offers that stand", "有效的优惠"),
    "prices_suggested": Words("prices suggested", "建议的价格"),
}
# Figure -> the page that shows it in full; for a reason of rejection, the page with a sample of its rows.
_WAYS = {
    "lines_raw": "#lines",
    "lines_kept": "#lines",
    "users_with_list": "lists.html",
    "items_shown": "items.html",
    "list_churn": "lists.html",
    "segments_moved_share": "#segments",
    "copy_published": "#copy",
    "copy_refused": "#copy",
    "offers": "offers.html",
    "prices_suggested": "prices.html",
}
_MODELS = {
    "train_lstm": Words("model of the next item (LSTM)", "下一件商品的新模型（LSTM）"),
    "train_ranker": Words("ranker of the lists", "列表的新排序模型"),
    "train_copywriter": Words("copywriter", "新的文案模型"),
    "predict_purchases": Words("model of who buys and who lapses", "购买与流失的新模型"),
}


def is_unusual(now: float, before: Sequence[float], is_share: bool = False) -> bool:
    """Whether `now` is unusual compared with the figures of the nights before it, oldest first."""
    last = list(before)[-NIGHTS:]
    if not last or (not is_share and max(now, *last) < SMALL):
        return False
    if len(last) < LEAST_NIGHTS:
        return abs(now - last[-1]) > FIRST_SHARE * abs(last[-1])
    middle = statistics.median(last)
    spread = 1.4826 * statistics.median(abs(value - middle) for value in last)
    return abs(now - middle) > max(SPREADS * spread, LEAST_SHARE * abs(middle))


Change = tuple[Words, bool, str]  # a sentence, whether it is unusual, and the page that explains it


def changes(nights: Sequence[dict[str, Any]]) -> list[Change]:
    """A sentence for each figure of tonight, the last of `nights`; unusual ones first."""
    now, earlier = nights[-1], list(nights[:-1])
    lines = []
    names = list(dict.fromkeys([*(earlier[-1]["figures"] if earlier else ()), *now["figures"]]))
    for name in names:
        is_count_of_rejected = name.startswith("rejected_")
        value = now["figures"].get(name, 0 if is_count_of_rejected else None)
        if value is None:
            continue
        before = [night["figures"].get(name, 0 if is_count_of_rejected else None) for night in earlier]
        figures = [figure for figure in before if figure is not None]
        unusual = is_unusual(value, figures, name in _SHARES)
        lines.append((_sentence(name, value, figures, unusual), unusual, _WAYS.get(name, "data.html#rejected_events")))
    lines += _models(nights)
    return sorted(lines, key=lambda line: not line[1])


def _sentence(name: str, now: float, before: Sequence[float], unusual: bool) -> Words:
    """Compares a figure with last night; an unusual figure also with the median of the last nights."""
    sentence = _beside_last_night(name, now, before)
    last = list(before)[-NIGHTS:]
    if not unusual or len(last) < LEAST_NIGHTS:
        return sentence
    middle = ("{:.1%}" if name in _SHARES else "{:,.0f}").format(statistics.median(last))
    return Words(
        f"{sentence.english} The median of the last {len(last)} nights is {middle}.",
        f"{sentence.chinese}最近 {len(last)} 夜的中位数为 {middle}。",
    )


def _beside_last_night(name: str, now: float, before: Sequence[float]) -> Words:
    words = _NAMES.get(name) or _of_reason(name.removeprefix("rejected_"))
    form = "{:.1%}" if name in _SHARES else "{:,.0f}"
    shown = form.format(now)
    if not before:
        return Words(
            f"{shown} {words.english}; there is no earlier night.", f"{words.chinese} {shown}；此前没有夜晚可比。"
        )
    last = before[-1]
    if now == last:
        return Words(f"{shown} {words.english}, as last night.", f"{words.chinese} {shown}，与昨夜相同。")
    way = ("more", "增") if now > last else ("fewer", "减")
    if name in _SHARES:
        way = ("up", "升") if now > last else ("down", "降")
        return Words(
            f"{shown} of {words.english}, {way[0]} from {form.format(last)}.".replace("of accounts", "of the accounts"),
            f"{words.chinese} {shown}，昨夜为 {form.format(last)}。",
        )
    pct = f" ({change:.0%})" if last and (change := abs(now / last - 1)) >= 0.005 else ""
    return Words(
        f"{shown} {words.english}, {abs(now - last):,.0f} {way[0]} than last night{pct}.",
        f"{words.chinese} {shown}，较昨夜{way[1]} {abs(now - last):,.0f}{pct.replace(' (', '（').replace(')', '）')}。",
    )


def _of_reason(reason: str) -> Words:
    words = REJECTED.get(reason)
    chinese = words.chinese if words else reason
    return Words(f"lines rejected as {reason.replace('_', ' ')}", f"因“{chinese}”拒绝的行")


def _models(nights: Sequence[dict[str, Any]]) -> list[Change]:
    lines = []
    for job, promoted in nights[-1]["models"].items():
        name = _MODELS.get(job, Words(job, job))
        before = [night["models"][job] for night in nights[:-1] if job in night["models"]]
        if promoted:
            words = Words(f"The new {name.english} was promoted.", f"{name.chinese}已启用。")
        else:
            words = Words(
                f"The new {name.english} was held back: it was not better, or there was not enough data.",
                f"{name.chinese}未启用：没有更好，或数据不足。",
            )
        lines.append((words, bool(before) and before[-1] and not promoted, "models.html"))
    return lines


def grown_jobs(nights: Sequence[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """(job, seconds tonight, median of the last nights) of the jobs that have grown, the most grown first."""
    grown = []
    for job, report in nights[-1]["jobs"].items():
        before = [night["jobs"][job]["seconds"] for night in nights[:-1] if "seconds" in night["jobs"].get(job, {})]
        if not before or "seconds" not in report:
            continue
        usual = statistics.median(before[-NIGHTS:])
        if report["seconds"] > SLOWER * usual and report["seconds"] > usual + SLOWER_SECONDS:
            grown.append((job, report["seconds"], usual))
    return sorted(grown, key=lambda grown_job: grown_job[2] - grown_job[1])
