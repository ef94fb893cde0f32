"""Names for kinds of shoppers, in English and Chinese, made from what sets each apart from the shop as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_SDS = 0.35  # a mean nearer to the shop's than this many deviations sets nobody apart
_TYPICAL = ("Typical shoppers", "普通顾客")

# feature -> (what it is about, words for much of it, words for little); a name has one word about each thing.
_WORDS: dict[str, tuple[str, tuple[str, str], tuple[str, str]]] = {
    "money": ("value", ("big spenders", "高消费"), ("small spenders", "低消费")),
    "frequency": ("value", ("frequent buyers", "常购买"), ("rare buyers", "少购买")),
    "recency": ("when", ("longer without a purchase", "较久未购"), ("bought lately", "近期购买")),
    "last_seen": ("when", ("away for longer", "较久未访"), ("seen lately", "近期来访")),
    "sessions": ("visits", ("frequent visitors", "常来访"), ("rare visitors", "少来访")),
    "views": ("visits", ("keen browsers", "爱浏览"), ("light browsers", "少浏览")),
    "discount": ("price", ("bargain hunters", "爱折扣"), ("full-price buyers", "买正价")),
    "price_band=low": ("price", ("cheaper items", "偏低价"), ("", "")),
    "price_band=middle": ("price", ("mid-priced items", "偏中价"), ("", "")),
    "price_band=high": ("price", ("dearer items", "偏高价"), ("", "")),
    "hour=night": ("hour", ("at night", "夜间活跃"), ("", "")),
    "hour=morning": ("hour", ("in the morning", "上午活跃"), ("", "")),
    "hour=afternoon": ("hour", ("in the afternoon", "下午活跃"), ("", "")),
    "hour=evening": ("hour", ("in the evening", "晚间活跃"), ("", "")),
}
_NO_BUYERS = ("not buyers yet", "尚未购买")
_ORDER = ("value", "when", "visits", "price", "category", "hour")  # of the words in a name
Part = tuple[str, str, str]  # what it is about, English, Chinese


def name_segments(
    features: tuple[str, ...], means: NDArray[np.float64], buyers: NDArray[np.float64]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """((English, Chinese) for each of k segments, all distinct; and what each was made from).

    means (k, F): mean of each standardised feature over the segment; buyers (k,): share of it that ever bought. A name
    takes the two things that set its segment apart most, and more of them where two segments would be called the same.
    """
    parts = [_parts(features, row, share) for row, share in zip(means, buyers, strict=True)]
    taken = [min(2, len(own)) for own in parts]
    while True:
        names = [_joined(own[:n]) for own, n in zip(parts, taken, strict=True)]
        again = [at for at, name in enumerate(names) if names.count(name) > 1 and taken[at] < len(parts[at])]
        if not again:
            break
        for at in again:
            taken[at] += 1
    seen: dict[tuple[str, str], int] = {}
    for at, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[at] = (f"{name[0]} ({seen[name]})", f"{name[1]}（{seen[name]}）")
    return tuple(names), tuple(_traits(features, row) for row in means)


def _parts(features: tuple[str, ...], means: NDArray[np.float64], buyers: float) -> list[Part]:
    """What may be said of a segment, the strongest first, one part about each thing."""
    found: list[Part] = []
    if buyers < 0.1:
        found.append(("value", *_NO_BUYERS))
    for at in np.argsort(-np.abs(means), kind="stable"):
        name, amount = features[at], float(means[at])
        if abs(amount) < LEAST_SDS:
            break
        about, english, chinese = _word(name, amount > 0)
        nothing_bought = buyers < 0.1 and name in ("recency", "discount")
        if english and about not in {part[0] for part in found} and not nothing_bought:
            found.append((about, english, chinese))
    return found


def _word(feature: str, much: bool) -> Part:
    if feature in _WORDS:
        about, high, low = _WORDS[feature]
        return (about, *(high if much else low))
    value = feature.partition("=")[2]
    return ("category", f"fond of {value}", f"爱{value}") if much else ("category", "", "")


def _joined(parts: list[Part]) -> tuple[str, str]:
    if not parts:
        return _TYPICAL
    parts = sorted(parts, key=lambda part: _ORDER.index(part[0]))
    english = ", ".join(part[1] for part in parts)
    return english[0].upper() + english[1:], "·".join(part[2] for part in parts)


def _traits(features: tuple[str, ...], means: NDArray[np.float64]) -> str:
    """The features that differ most from the shop's mean, in standard deviations."""
    order = [at for at in np.argsort(-np.abs(means), kind="stable")[:5] if abs(means[at]) >= LEAST_SDS]
    told = ", ".join(f"{features[at]} {means[at]:+.1f}" for at in order)
    return f"{told} (standard deviations from the shop's mean)" if told else "like the shop as a whole"
