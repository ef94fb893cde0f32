"""Whether the row's figures support a figure of a text: its measures, prices, ages, and what these come to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.fact_lock.ages import fits_age
from models.fact_lock.clauses import clauses_of
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_patterns import AGE, BESIDE_FACT, UNITS
from models.fact_lock.prices import equals_one
from models.fact_lock.row_measures import sides_meant
from models.text.numerals import ZH, chinese_number

_MEASURE = re.compile(r"\d+(?:\.\d+)? \S+")
_DEGREES = re.compile(rf"(\d+|{ZH}+)(?:摄氏)?度")
_TURNS = re.compile("[转翻旋弯倾仰折掀抬摆拧]|角|开合")
_HEATS = re.compile("[热温烫烧煮沸烤炸敷泡冲凉冷冻水茶奶洗]|摄氏|[高低][到至]|最[高低]|从[^,，。]*[到至]|度[到至]")
_CELSIUS = re.compile(r"(?<![\d.])(?:\d+ ?(?:℃|°c)? ?[-~至到] ?)?\d+ ?(?:℃|°c|摄氏度|度)")
_ADDED = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ?(cm|mm|m|厘米|毫米|米) ?\+ ?(\d+(?:\.\d+)?) ?\2")
_EXTENDED = re.compile(
    "[放拉接伸展]开?[到至了长]|最长|全长|总长|加上|连[同上着]|一共|总共|算上|延长|extend|extension|longest"
)
_NO_EXTENSION = re.compile("(?:没有?|不带|不含|无)[^,，。]{0,3}(?:延长|尾链)|(?:延长|尾链)[^,，。]{0,3}[另没]")
HALF_PERCENT = 0.005  # shares that differ by less are equal
YEAR, MONTH = 365, 30  # days
HOURS = {"h": 1.0, "day": 24.0}  # of a unit of time
ROUGHLY = 0.1  # share by which a rough figure may differ from a fact: nearly two days are 45 hours
COMPARABLE = 5  # times: facts of one unit that differ more are of different things
NEARLY = 0.02  # share by which a length may differ from a fact: six feet are 1.83 m


def has_figure(claim: Claim, facts: ItemFacts, known: frozenset[str]) -> bool:
    """Whether the row has the figure in its unit; the row or the text may leave the unit out."""
    figure, _, unit = claim.value.lstrip("~<>").removeprefix("size ").partition(" ")
    try:
        value = float(figure)
    except ValueError:
        return False
    if f"~{figure} {unit}" in known or f"{figure} {unit}" in known:
        return True
    if claim.value[:1] in BESIDE_FACT and unit:
        return _is_beside(claim.value[0], value, unit, facts, known)
    if claim.value.startswith("~") and _is_within(ROUGHLY, value, unit, (fact.removeprefix("~") for fact in known)):
        return True
    if unit == AGE:
        return fits_age(value, facts)
    if unit in ("day", "h"):
        months = f"{value / YEAR * 12 * MONTH:.6g} day" if unit == "day" else ""  # a year and a half is 18 months
        years = f"{value / MONTH / 12 * YEAR:.6g} day" if unit == "day" else ""
        return not known.isdisjoint((f"{value * 24:g} h", f"{value / 24:g} day", months, years))
    if unit:
        return (
            figure in known
            or (unit == "m" and _is_within(NEARLY, value, unit, known))
            or (unit == "%" and any(abs(value / 100 - share) < HALF_PERCENT for share in facts.shares_off))
        )
    return (
        any(fact.split(" ")[0] == figure for fact in known)
        or _is_written(figure, facts)
        or equals_one(value, (facts.price, facts.old_price))
    )


def _is_beside(sign: str, value: float, unit: str, facts: ItemFacts, known: Iterable[str]) -> bool:
    """Whether a fact is just under or just over a figure: 不到一公斤 of 0.9 kg, "over 20 hours" of 24.

    unit: may be "m wide" or "m deep" for that side, or "m side" for any side.
    """
    unit, _, side = unit.partition(" ")
    low, high = BESIDE_FACT[sign]
    stated = [float(fact.split(" ")[0]) for fact in known if _MEASURE.fullmatch(fact) and fact.endswith(f" {unit}")]
    # All that the text may mean: a row has several sides, weights and shares. A load of 50 kg is no weight near 3 kg.
    meant = [fact for fact in stated if value / COMPARABLE < fact < value * COMPARABLE]
    if side in ("wide", "deep") and len(meant) > 1:
        meant = sides_meant(side, facts)
    holds = [low * value <= fact <= high * value and fact != value for fact in meant]
    return bool(meant) and (any(holds) if side == "side" else all(holds))


def _is_within(share: float, value: float, unit: str, known: Iterable[str]) -> bool:
    """Whether a fact's figure differs from the value by at most this share; hours may be given as days."""
    sizes = HOURS if unit in HOURS else {unit: 1.0}
    for fact in known:
        figure, _, fact_unit = fact.partition(" ")
        if fact_unit in sizes and figure.replace(".", "", 1).isdigit():
            stated = float(figure) * sizes[fact_unit]
            if abs(value * sizes[unit] - stated) <= share * stated:
                return True
    return False


def _is_written(figure: str, facts: ItemFacts) -> bool:
    """Whether the row has this very figure: 4 is none of 2.4 kg."""
    return any(re.search(rf"(?<![\d.,]){re.escape(figure)}(?![.,]?\d)", text) for text in facts.folded_texts)


def states_degrees(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the words give a temperature (八十度) that the row gives as a figure, also as an end of a range.

    Not every degree is one: 壶嘴能转九十度.
    """
    degrees = _DEGREES.fullmatch(claim.words)
    if degrees is None:
        return False
    clause = clauses_of(claim, folded)
    if _TURNS.search(clause) or not _HEATS.search(clause):
        return False
    value = chinese_number(degrees[1])
    return any(
        value in map(float, re.findall(r"\d+", range_[0]))
        for text in facts.folded_texts
        for range_ in _CELSIUS.finditer(text)
    )


def is_extended(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a length is that of the item with its extension, and the text says so: 最长四十五, of 40厘米+5厘米."""
    if claim.kind != "number" or _NO_EXTENSION.search(folded):
        return False
    length = _MEASURE.fullmatch(claim.value)
    if length is None or not _EXTENDED.search(clauses_of(claim, folded)):
        return False
    sums = (
        f"{(float(first) + float(second)) * UNITS[word][1]:.6g} {UNITS[word][0]}"
        for text in facts.folded_texts
        for first, word, second in _ADDED.findall(text)
    )
    return claim.value in sums
