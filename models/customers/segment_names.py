"""Names of segments in English and Chinese, made from the features that differ most; true of the members.

A word is used for a segment whose mean is `LEAST_SDS` or more from the median of its peers, with `LEAST_TRUE` of its
members on that side. Peers are all accounts; for features that only buyers have (money, purchases), all buyers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_SDS = 0.35  # a mean closer to the median than this many standard deviations gives no word
LEAST_TRUE = 0.8  # a word must be true of this share of the members
_FAR, _CLEARLY = 1.5, 0.75  # standard deviations from the median from which a mean is far, and clearly, apart
_MOST_SDS = 3.0  # deviations are cut here, or one extreme account would decide for its segment
_TYPICAL = {True: ("Typical buyers", "普通买家"), False: ("Typical shoppers", "普通顾客")}
_NO_BUYERS = ("not buyers yet", "尚未购买")
_BUYERS = ("buyers", "买家")  # where no other word says how much they buy
_OF_BUYERS = ("money", "frequency", "recency", "discount")
F64 = NDArray[np.float64]
Pair = tuple[str, str]  # English, Chinese
Part = tuple[str, str, str]  # what it is about, English, Chinese

# feature -> (what it is about, words for much of it, words for little, what it measures); a name has one word about
# each thing.
_WORDS: dict[str, tuple[str, Pair, Pair, Pair]] = {
    "money": ("value", ("big spenders", "高消费"), ("small spenders", "低消费"), ("money spent", "消费金额")),
    "frequency": ("value", ("frequent buyers", "常购买"), ("rare buyers", "少购买"),
                  ("days with a purchase", "购买天数")),
    "recency": ("when", ("longer without a purchase", "较久未购"), ("bought lately", "近期购买"),
                ("days since the last purchase", "距上次购买的天数")),
    "last_seen": ("when", ("away for longer", "较久未访"), ("seen lately", "近期来访"),
                  ("days since the last visit", "距上次来访的天数")),
    "sessions": ("visits", ("frequent visitors", "常来访"), ("rare visitors", "少来访"), ("visits", "来访次数")),
    "views": ("visits", ("keen browsers", "爱浏览"), ("light browsers", "少浏览"), ("items looked at", "浏览商品数")),
    "discount": ("price", ("bargain hunters", "爱折扣"), ("full-price buyers", "买正价"),
                 ("share bought at a discount", "折扣购买占比")),
    "price_band=low": ("price", ("cheaper items", "偏低价"), ("", ""),
                       ("liking for cheaper items", "对低价商品的偏好")),
    "price_band=middle": ("price", ("mid-priced items", "偏中价"), ("", ""),
                          ("liking for mid-priced items", "对中价商品的偏好")),
    "price_band=high": ("price", ("dearer items", "偏高价"), ("", ""), ("liking for dearer items", "对高价商品的偏好")),
    "hour=night": ("hour", ("at night", "夜间活跃"), ("", ""), ("activity at night", "夜间活跃度")),
    "hour=morning": ("hour", ("in the morning", "上午活跃"), ("", ""), ("activity in the morning", "上午活跃度")),
    "hour=afternoon": ("hour", ("in the afternoon", "下午活跃"), ("", ""), ("activity in the afternoon", "下午活跃度")),
    "hour=evening": ("hour", ("in the evening", "晚间活跃"), ("", ""), ("activity in the evening", "晚间活跃度")),
}  # fmt: skip
_ORDER = ("value", "when", "visits", "price", "category", "hour")  # of the words in a name
_DEGREES = {
    (True, 2): ("far above the middle", "远高于中位"), (True, 1): ("above the middle", "高于中位"),
    (True, 0): ("a little above the middle", "略高于中位"), (False, 2): ("far below the middle", "远低于中位"),
    (False, 1): ("below the middle", "低于中位"), (False, 0): ("a little below the middle", "略低于中位"),
}  # fmt: skip


def from_the_middle(features: tuple[str, ...], rows: F64, is_buyer: NDArray[np.bool_], scale: F64) -> F64:
    """(n, F) deviations of features (n, F) from the middle (median) of the peers; NaN where nothing can be said.

    scale (F,): of each feature, 0 where it did not vary.
    """
    only_buyers = np.array([name in _OF_BUYERS for name in features])
    rows = np.where(only_buyers & ~is_buyer[:, None], np.nan, rows)
    middles = [np.median(known) if len(known := column[np.isfinite(column)]) else np.nan for column in rows.T]
    deviations = (rows - np.array(middles)) / np.where(scale > 0, scale, np.nan)
    return np.clip(deviations, -_MOST_SDS, _MOST_SDS)


def name_segments(
    features: tuple[str, ...], members: Sequence[F64], of_buyers: NDArray[np.bool_]
) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """(the names, the traits that they were made from): (English, Chinese) for each of k segments; names are distinct.

    members: the rows (n, F) of `from_the_middle` of each segment; of_buyers (k,): whether all its members have bought,
    or none. A name has the two things that differ most in its segment, and more where two names would be the same.
    """
    means = [_means(rows) for rows in members]
    are_buyers = of_buyers.tolist()
    parts = [_parts(features, rows, mean, is_of) for rows, mean, is_of in zip(members, means, are_buyers, strict=True)]
    part_counts = [min(2, len(segment_parts)) for segment_parts in parts]
    while True:
        names = [
            _joined(segment_parts[:n], is_of)
            for segment_parts, n, is_of in zip(parts, part_counts, are_buyers, strict=True)
        ]
        repeated = [
            segment
            for segment, name in enumerate(names)
            if names.count(name) > 1 and part_counts[segment] < len(parts[segment])
        ]
        if not repeated:
            break
        for segment in repeated:
            part_counts[segment] += 1
    seen: dict[Pair, int] = {}
    for segment, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[segment] = (f"{name[0]} ({seen[name]})", f"{name[1]}（{seen[name]}）")
    return tuple(names), tuple(_traits(features, row) for row in means)


def _means(rows: F64) -> F64:
    """(F,) means over the members for whom a feature is known; 0 where it is known for none."""
    known = np.isfinite(rows)
    return np.asarray(np.where(known, rows, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _parts(features: tuple[str, ...], rows: F64, means: F64, is_of_buyers: bool) -> list[Part]:
    """What a name may say of a segment, the strongest first, at most one part about each thing."""
    parts: list[Part] = [] if is_of_buyers else [("value", *_NO_BUYERS)]
    for feature in np.argsort(-np.abs(means), kind="stable"):
        amount = float(means[feature])
        if abs(amount) < LEAST_SDS:
            break
        with np.errstate(invalid="ignore"):
            true_of = (np.sign(amount) * rows[:, feature] > 0).mean()
        about, english, chinese = _word(features[feature], amount > 0)
        if english and about not in {part[0] for part in parts} and true_of >= LEAST_TRUE:
            parts.append((about, english, chinese))
    return parts


def _word(feature: str, much: bool) -> Part:
    if feature in _WORDS:
        about, high, low, _ = _WORDS[feature]
        return (about, *(high if much else low))
    value = feature.partition("=")[2]
    return ("category", f"fond of {value}", f"爱{value}") if much else ("category", "", "")


def _joined(parts: list[Part], is_of_buyers: bool) -> Pair:
    if not parts:
        return _TYPICAL[is_of_buyers]
    if is_of_buyers and "value" not in {part[0] for part in parts}:
        parts = [("value", *_BUYERS), *parts]
    parts = sorted(parts, key=lambda part: _ORDER.index(part[0]))
    english = ", ".join(part[1] for part in parts)
    return english[0].upper() + english[1:], "·".join(part[2] for part in parts)


def _traits(features: tuple[str, ...], means: F64) -> Pair:
    """The features that differ most from the middle of the peers, in words."""
    order = [feature for feature in np.argsort(-np.abs(means), kind="stable")[:5] if abs(means[feature]) >= LEAST_SDS]
    if not order:
        return "like the shop as a whole", "与全店相近"
    phrases = [_phrase(features[feature], float(means[feature])) for feature in order]
    return "; ".join(english for english, _ in phrases), "；".join(chinese for _, chinese in phrases)


def _phrase(feature: str, mean: float) -> Pair:
    """Such as 'money spent far above the middle'."""
    value = feature.partition("=")[2]
    what = _WORDS[feature][3] if feature in _WORDS else (f"liking for {value}", f"对{value}的偏好")
    degree = _DEGREES[mean > 0, (abs(mean) >= _FAR) + (abs(mean) >= _CLEARLY)]
    return f"{what[0]} {degree[0]}", f"{what[1]}{degree[1]}"
