"""Claims made of figures: prices, discounts, stock, dates, sizes and measures, in Chinese and English.

A figure is found first; then the words right before and after it say what it claims. A text without figures is scanned
only once.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import replace

from models.fact_lock.facts import Claim
from models.fact_lock.figure_patterns import (
    ABOUT,
    AND_A_HALF,
    AND_CENTS,
    BEFORE,
    BOTTOMS,
    BOUND,
    BY,
    CENTS,
    DATE,
    DATED,
    EACH_AFTER,
    EACH_BEFORE,
    FEW,
    FIGURES,
    FORMER,
    FRACTIONS,
    HALVES_OF,
    JUST_OVER,
    JUST_UNDER,
    LAST_FOR_SALE,
    LESS,
    METRES_AND,
    MONEY_WORDS,
    MONTHS,
    NOT_QUITE,
    NOW,
    NUMBERED,
    OF_WATER,
    OFF,
    ONE_OF_MANY,
    PARTS,
    PRICE_SHARES,
    SHARED,
    SHARES,
    SHARES_OFF,
    SIDE,
    TIMES,
    TOPS,
    WAS,
    WEEKDAYS,
    Figures,
)
from models.fact_lock.money_figures import each_before, money_in_words
from models.fact_lock.price_check import EACH
from models.text.numerals import NUMBER, chinese_number, fold, value_of

Match = re.Match[str]
Unit = tuple[str, float]  # dimension, number of base units
REACH = 12  # the words before a figure begin at most so many characters before it
_SET_APART = re.compile("都?(?:是|归|留给|交给)")  # what the rest of a set is for
_LIMIT = re.compile("最[长粗宽厚深](?:能|可以?)?(?:[放拉调开伸])?[到至有达]?$")
_LASTS = re.compile("(?:充|续航|待机)[^,，。;!?]{0,8}(?:用|撑|戴|亮|续航|待机|顶|管)(?:上|足|满)?$")
_A_FEW = re.compile("一两|两三|三四|三五|四五|五六|六七|七八|八九")
# Groups of `Figures.after`; the first that matched counts.
AFTER_ROLES = ("zhe", "off", "money", "left", "size", "unit", "count")


def figure_claims(text: str, figures: Figures = FIGURES) -> list[Claim]:
    """Claims of the kinds price, discount, stock, date, size, safety and number, in the text's order.

    Values: "price 99", "was 129", "under 100", "off 0.2", "less 20", "spend 200", "left 3", "01-31" (month-day),
    "size 38", "8 h" (figure and base unit), "~8 h" for a rough one, "<8 h" and ">8 h" for one that it is just under or
    just over, or the bare figure. "each price 2", "each under 2" and "each about 2" are of one piece.
    figures: the number and unit words of the languages that are searched for.
    """
    folded = "".join(letter if letter == "，" else plain for letter, plain in zip(text, fold(text), strict=True))
    numbers = list(figures.number.finditer(folded))
    claims = [
        *_dates(folded),
        *_shares(folded),
        *money_in_words(folded),
        *_parts(folded, figures),
        *_fractions(folded, figures),
        *_in_shared_unit(folded, numbers, figures),
        *_metres_and_centimetres(folded, numbers, figures),
        *_sums(folded, numbers, figures),
    ]
    covered = {index for claim in claims for index in range(claim.start, claim.end)}
    covered.update(index for start, end in scene_figures(folded, figures) for index in range(start, end))
    for figure in numbers:
        claim = _claim(folded, figure, figures) if figure.start() not in covered else None
        if claim is not None:
            claims.append(claim)
    return sorted(claims, key=lambda claim: claim.start)


def scene_figures(folded: str, figures: Figures = FIGURES) -> Iterator[tuple[int, int]]:
    """Places of figures that are none of the item: times of the day, and numbers that name one of many (gate 12)."""
    yield from (time.span() for time in TIMES.finditer(folded))
    for figure in figures.number.finditer(folded):
        numbered = figure["digits"] or figure["words"]
        if (
            numbered
            and NUMBERED.search(folded, max(0, figure.start() - 2 * REACH), figure.start())
            and ONE_OF_MANY.match(folded, figure.end())
        ):
            yield figure.span()


def _shares(folded: str) -> Iterator[Claim]:
    """Shares off in words ("half price"), and deals ("buy one get one")."""
    for share in SHARES.finditer(folded):
        yield Claim("discount", SHARES_OFF.get(share.lastgroup or "", f"deal {share[0]}"), share.start(), share.end())
    for share in PRICE_SHARES.finditer(folded):
        part = TOPS[share["top"]] / BOTTOMS[share["bottom"]]
        if not SHARES.match(folded, share.start()):
            yield Claim("discount", f"off {part if share['off'] else 1 - part:.4g}", share.start(), share.end())


def _parts(folded: str, figures: Figures) -> Iterator[Claim]:
    """Parts and wholes of a unit in words; a day is given in hours, since a day and 24 hours are the same."""
    for part in PARTS.finditer(folded):
        if part["night"]:
            value = "24 h"
        elif part["nights"]:
            value = f"{24 * _zh_number(part['nights']):.6g} h"
        elif part["jin"]:
            value = f"{500 * _zh_number(part['jin']) + 50 * _zh_number(part['liang']):.6g} g"
        elif part["and_half"]:
            dimension, size = figures.units[{"月": "个月"}.get(part["half_unit"], part["half_unit"])]
            value = f"{(_zh_number(part['and_half']) + 0.5) * size:.6g} {dimension}"
        elif part["few"]:
            value = f"{FEW[part['few']]}"
        elif part["half_of"]:
            value = f"{HALVES_OF[part['half_of'].rpartition(' ')[2]]}"
        elif part["dozens"]:
            value = f"{12 * (0.5 if part['dozens'] == '半' else _zh_number(part['dozens'].lstrip('正刚好整'))):g}"
        elif part["share_unit"]:
            dimension, size = figures.units[part["share_unit"]]
            bottom, wholes = chinese_number(part["bottom"]), _zh_number(part["share_of"] or "一")
            value = f"{wholes * size * chinese_number(part['top']) / (bottom or 1):.6g} {dimension}"
        elif part["sheets"]:
            value = f"{2 * _zh_number(part['sheets']):.6g} page"
        elif part["tael"]:
            value = f"{50 * ({'半': 0.5}.get(part['tael']) or chinese_number(part['tael'])):.6g} g"
        elif part["more"]:
            dimension, size = figures.units.get((part["more_of"] or part["more_zh"]).replace("pound", "lb"), ("", 0.0))
            figure = figures.number.match(part["more"])
            value = f"{(value_of(figure, figures.words) + 0.5 if figure else 0) * size:.6g} {dimension}"
        else:
            dimension, size = figures.units.get((part["of"] or part["whole"]).replace("pound", "lb"), ("", 0.0))
            size *= 0.25 if part["quarter"] else 0.5 if part["half"] else 1
            if part["whole"] and dimension == "day":
                dimension, size = "h", size * 24
            value = f"{size:.6g} {dimension}"
        if not value.startswith(("0 ", "nan ")):
            rough, end = _roughly(value, folded, part.start(), part.end())
            yield Claim("number", rough, part.start(), end)


def _zh_number(text: str) -> float:
    """The value of digits or of a Chinese numeral."""
    return float(text) if text.isdigit() else chinese_number(text)


def _roughly(value: str, folded: str, start: int, end: int) -> tuple[str, int]:
    """The value, with a sign before it where the text says that it is a rough one (nearly two days: "~"), or that the
    fact is just under it or just over it (不到两天, 半斤多, "over 20 hours": "<" and ">"); and where the words end.

    A length just under or just over a fact may say which side it is: "<0.5 m wide", "<0.5 m deep", or "<0.5 m
    side" for any.
    """
    for sign, bound_after in (("<", JUST_UNDER.match(folded, end)), (">", JUST_OVER.match(folded, end))):
        if bound_after:
            return f"{sign}{value}", bound_after.end()
    if bound := BOUND.search(folded, max(0, start - REACH), start):
        side = SIDE.match(folded, end) if value.endswith(" m") else None
        of_side = (
            side.lastgroup if side else "side" if value.endswith(" m") and BY.search(folded[: bound.start()]) else ""
        )
        return f"{'<' if bound['under'] else '>'}{value}{f' {of_side}' if of_side else ''}", end
    return (f"~{value}" if ABOUT.search(folded, max(0, start - REACH), start) else value), end


def _fractions(folded: str, figures: Figures) -> Iterator[Claim]:
    """Fractions of a unit in words, or of the whole (four fifths cotton), and 一米八."""
    for part in FRACTIONS.finditer(folded):
        if part["metres"]:
            value = _zh_number(part["metres"]) + _zh_number(part["tenths"]) / 10 ** len(part["tenths"])
            yield Claim("number", f"{value:.6g} m", part.start(), part.end())
        elif part["halves"]:
            yield Claim("number", "50 %", part.start(), part.end())
        elif part["of"] in figures.units and not PARTS.match(folded, part.start()):
            top = TOPS[part["top"]]
            dimension, size = figures.units[part["of"]]
            share = top / BOTTOMS[part["bottom"].removesuffix("s")]
            rough, end = _roughly(f"{share * size:.6g} {dimension}", folded, part.start(), part.end())
            yield Claim("number", rough, part.start(), end)
        elif part["tops"]:
            share = 100 * TOPS[part["tops"]] / BOTTOMS[part["bottoms"].removesuffix("s")]
            yield Claim("number", f"{share:.6g} %", part.start(), part.end())


def _in_shared_unit(folded: str, numbers: list[Match], figures: Figures) -> Iterator[Claim]:
    """Figures whose unit stands at a figure beside them: 70 x 140 cm, 9 x 5 x 2 cm, forty centimetres by twenty."""
    shared: dict[int, str] = {}  # start of a figure -> the unit that it has from another: 42 in 42 x 28 x 9 cm
    for first, second in reversed([*itertools.pairwise(numbers)]):
        between = SHARED.fullmatch(folded, first.end(), second.start())
        if between is None:
            continue
        own, following = between["unit"], figures.after.match(folded, second.end())
        unit_after = following["unit"] if following else shared.get(second.start())
        without, unit = (second, own) if own else (first, unit_after)
        if unit in figures.units and not (own and following):
            dimension, size = figures.units[unit]
            shared[without.start()] = unit
            value = f"{value_of(without, figures.words) * size:.6g} {dimension}"
            bound = BOUND.search(folded, max(0, without.start() - REACH), without.start())
            if bound:
                value = f"{'<' if bound['under'] else '>'}{value}{' side' if dimension == 'm' else ''}"
            yield Claim("number", value, without.start(), without.end())


def _metres_and_centimetres(folded: str, numbers: list[Match], figures: Figures) -> Iterator[Claim]:
    """Lengths in metres and centimetres, such as "two metres thirty"."""
    for first, second in itertools.pairwise(numbers):
        metres, centimetres = value_of(first, figures.words), value_of(second, figures.words)
        if (
            METRES_AND.fullmatch(folded, first.end(), second.start())
            and 10 <= centimetres < 100
            and not figures.after.match(folded, second.end())
        ):
            yield Claim("number", f"{metres + centimetres / 100:.6g} m", first.start(), second.end())


def _sums(folded: str, numbers: list[Match], figures: Figures) -> Iterator[Claim]:
    """Sums of money in two figures, such as "four pounds fifty" and "fourteen euros and fifty cents"."""
    for first, second in itertools.pairwise(numbers):
        money = figures.after.match(folded, first.end())
        cents = value_of(second, figures.words)
        if not money or not money["money"] or not AND_CENTS.fullmatch(folded, money.end(), second.start()):
            continue
        named, following = CENTS.match(folded, second.end()), figures.after.match(folded, second.end())
        if 0 < cents < 100 and (named or not following):
            claim = _price(folded, first, None, money, cents / 100)
            yield replace(claim, end=named.end() if named else second.end())


def _claim(text: str, figure: Match, figures: Figures) -> Claim | None:
    """The claim of one figure; None for a numeral that is no figure here, such as 一款 or "one of"."""
    start, end, value = figure.start(), figure.end(), value_of(figure, figures.words)
    if math.isnan(value):
        return None
    if halved := AND_A_HALF.match(text, end):
        end, value = halved.end(), value + 0.5
    before, after = BEFORE.search(text, max(0, start - REACH), start), figures.after.match(text, end)
    role_before = before.lastgroup if before else None
    role_after = next((role for role in AFTER_ROLES if after and after[role]), None)
    wide_start, wide_end = before.start() if before else start, after.end() if after else end
    unit = figures.units.get(after["unit"], ("", 0.0)) if after and role_after == "unit" else None
    discount = _discount(value, role_before, role_after, unit)
    if discount is not None:
        return Claim("discount", discount, start if role_after == "zhe" else wide_start, wide_end)
    if role_before == "tenths":
        return Claim("number", f"{value:g} %", wide_start, wide_end)
    if role_after == "money" or role_before == "sign":
        if figure["zh"] == "一" and after and after[0].strip() == "块":
            return None  # 一块: a piece
        money = after if role_after == "money" else None
        return _price(text, figure, before if role_before == "sign" else None, money, 0.5 if halved else 0.0)
    if role_after is None and (role_before == "fell" or (unit is None and LESS.match(text, end))):
        worded = LESS.match(text, end)
        return Claim("price", f"less {value:g}", start, worded.end() if worded else end)
    if role_after is None and CENTS.match(text, end):
        return _price(text, figure, None, CENTS.match(text, end), 0.5 if halved else 0.0)
    if role_after is None and figure["digits"] and FORMER.search(text, 0, start):
        return Claim("price", f"was {value:.10g}", start, end)
    if role_before in ("less", "spend") and role_after is None and (figure["digits"] or (figure["zh"] and value >= 10)):
        return Claim("price", f"{role_before} {value:g}", wide_start, end)
    if text[start - 1 : start] == "第" and role_after in (None, "count"):
        return None  # an ordinal counts nothing: 第四个是猫
    if role_before == "stock" and _SET_APART.match(text, wide_end):
        return None  # 剩下两个是枕套
    if role_before == "stock" and after and (after["count"] or "个") not in LAST_FOR_SALE:
        return None  # the last piece of a puzzle, a last bite
    if role_after == "left" or (role_before == "stock" and role_after == "count"):
        return Claim("stock", f"left {value:g}", wide_start, wide_end)
    if "size" in (role_after, role_before):
        return Claim("size", f"size {value:g}", wide_start, wide_end if role_after == "size" else end)
    if role_before == "weighs" and role_after is None:
        return Claim("number", f"{value:g} g", wide_start, end)  # 克重三百六
    if role_before == "spf":
        return Claim("safety", f"{value:g} spf", wide_start, end)
    if after and unit:
        if figure["zh"] and _A_FEW.fullmatch(figure["zh"]):  # 六七毫米
            low, high = map(chinese_number, figure["zh"])
            return Claim("number", f"~{(low + high) / 2 * unit[1]:.6g} {unit[0]}", start, after.end())
        water = OF_WATER.match(text, after.end()) if unit[0] == "g" else None
        measure = _measure(text, figure, value, after, ("ml", unit[1]) if water else unit)
        if measure is None:
            return None
        rough, end = _roughly(measure.value, text, start, measure.end)
        return replace(measure, value=rough, end=max(end, water.end() if water else 0))
    if halved:
        return Claim("number", f"{value:g}", start, end)
    if figure["zh"] and _A_FEW.fullmatch(figure["zh"]):
        return None  # 两三条小路
    is_article = figure["words"] in ("one", "hundred", "thousand", "million", "dozen")
    if figure["zh"] and role_after is None and value >= 10 and _LIMIT.search(text, 0, start):
        return Claim("number", f"{value / 100:.6g} m", start, end)  # 最长四十五, in centimetres
    few = 2 if after and after["count"] == "块" else 3  # 两块电池 is a figure, 两个 may be none
    if is_article or (figure["zh"] and (role_after != "count" or value < few)):
        return None
    return Claim("number", f"{value:g}", start, end)


def _discount(value: float, role_before: str | None, role_after: str | None, unit: Unit | None) -> str | None:
    """The value "off 0.2" of 8折, 20% off or "save 20%"; None where the figure is no discount."""
    if role_after == "zhe":  # 8折 and 85折 are the share that is paid
        return f"off {1 - (value / 10 if value <= 10 else value / 100):.4g}"
    is_percent = unit is not None and unit[0] == "%"
    if role_after == "off" or (role_before == "less" and is_percent):
        return f"off {value / 100:.4g}"
    return None


def _measure(text: str, figure: Match, value: float, after: Match, unit: Unit) -> Claim | None:
    """A figure with a unit, such as "8 h"; None for an article, such as "one day"."""
    dimension, size = unit
    is_article = figure["words"] == "one" or figure["zh"] == "一"
    if _LASTS.search(text, max(0, figure.start() - REACH), figure.start()):
        is_article = False  # 充一次用一个月
    if is_article and dimension in ("day", "layer", "piece", "pocket"):
        return None
    return Claim("number", f"{value * size:.6g} {dimension}", figure.start(), after.end())


def _price(text: str, figure: Match, sign: Match | None, word: Match | None, cents: float = 0.0) -> Claim:
    """A sum of money: a price, an old price, an amount off, or the least to spend. The words around it decide which.

    sign, word: the match that names the currency, before or after the figure. cents: a part of a unit given after it.
    """
    start, end = (sign or figure).start(), (word or figure).end()
    value = value_of(figure) + cents
    if word and "money" not in word.re.groupindex:  # a sum of cents
        value /= 100
    off = OFF.match(text, end)
    context = text[max(0, start - 16) : start]
    before = BEFORE.search(context)
    role = before.lastgroup if before and before.lastgroup in ("less", "fell", "spend", "under") else "price"
    role = "less" if role == "fell" else role
    if before and role != "price":
        start -= len(context) - before.start()  # 便宜了 is of the sum, and compares with nothing else
    if off:
        role, end = "less", off.end()
    elif EACH_AFTER.match(text, end) or EACH_BEFORE.search(text[max(0, start - 4 * REACH) : start]):
        role = f"{EACH} about" if NOT_QUITE.search(context) else f"{EACH} price"
    elif role == "price":
        role = "was" if WAS.search(context) else "now" if NOW.search(context) else role
    if role in ("under", "price"):
        role = f"{each_before(text, start)}{role}"
    named = word.re.groupindex if word else ()
    money = next((name for name in MONEY_WORDS if word and name in named and word[name]), None)
    money = money or _money_of(sign["sign"] if sign else "")
    return Claim("price", f"{role} {value:.10g}" + (f" {money}" if money else ""), start, end)


def _money_of(sign: str) -> str:
    """The key in MONEY_WORDS of a currency sign before a figure: "us$" -> "dollar"."""
    sign = sign[-1:] if sign.endswith("$") else sign
    return next((name for name, words in MONEY_WORDS.items() if sign and re.fullmatch(words, sign)), "")


def _dates(text: str) -> Iterator[Claim]:
    """Claims of the kind date: "weekday 0" (Monday), "2026-01-31", "01-31", or "01" for a month alone."""
    if not DATED.search(text):
        return
    for match in DATE.finditer(text):
        yield Claim("date", _weekday(match) or _day(match), match.start(), match.end())


def _weekday(match: Match) -> str:
    """ "weekday 0" for Monday; "" where the date names no weekday."""
    if match["en"]:
        return f"weekday {WEEKDAYS.index(match['en'])}"
    return f"weekday {'一二三四五六日'.find(match['zh'].replace('天', '日'))}" if match["zh"] else ""


def _day(match: Match) -> str:
    month = match["m5"] or match["m"] or match["m2"] or match["m3"] or match["m4"]
    day = match["d"] or match["d2"] or match["d3"] or match["d4"]
    year = f"{match['y']}-" if match["y"] else ""
    return f"{year}{_month(month):02d}" + (f"-{_number(day):02d}" if day else "")


def _month(text: str) -> int:
    named = [number for number, month in enumerate(MONTHS, 1) if text[:3] == month[:3]]
    return named[0] if named else _number(text)


def _number(text: str) -> int:
    figure = NUMBER.match(text)
    return int(value_of(figure)) if figure else 0
