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

from models.fact_lock import figure_patterns as patterns
from models.fact_lock.facts import Claim
from models.fact_lock.figure_patterns import FIGURES, Figures
from models.fact_lock.money_figures import each_before, money_in_words
from models.text.numerals import chinese_number, fold, value_of

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
    yield from (time.span() for time in patterns.TIMES.finditer(folded))
    for figure in figures.number.finditer(folded):
        numbered = figure["digits"] or figure["words"]
        if (
            numbered
            and patterns.NUMBERED.search(folded, max(0, figure.start() - 2 * REACH), figure.start())
            and patterns.ONE_OF_MANY.match(folded, figure.end())
        ):
            yield figure.span()


def _shares(folded: str) -> Iterator[Claim]:
    """Shares off in words ("half price"), and deals ("buy one get one")."""
    for share in patterns.SHARES.finditer(folded):
        deal = f"deal {share[0]}"
        yield Claim("discount", patterns.SHARES_OFF.get(share.lastgroup or "", deal), *share.span())
    for share in patterns.PRICE_SHARES.finditer(folded):
        part = patterns.TOPS[share["top"]] / patterns.BOTTOMS[share["bottom"]]
        if not patterns.SHARES.match(folded, share.start()):
            yield Claim("discount", f"off {part if share['off'] else 1 - part:.4g}", *share.span())


def _parts(folded: str, figures: Figures) -> Iterator[Claim]:
    """Parts and wholes of a unit in words."""
    for part in patterns.PARTS.finditer(folded):
        value = _value_of_part(part, figures)
        if not value.startswith(("0 ", "nan ")):
            rough, end = _roughly(value, folded, *part.span())
            yield Claim("number", rough, part.start(), end)


def _value_of_part(part: Match, figures: Figures) -> str:
    """The value of a match of PARTS; a day is given in hours, since a day and 24 hours are the same."""
    if part["night"]:
        return "24 h"
    if part["nights"]:
        return f"{24 * chinese_number(part['nights']):.6g} h"
    if part["jin"]:
        return f"{500 * chinese_number(part['jin']) + 50 * chinese_number(part['liang']):.6g} g"
    if part["few"]:
        return f"{patterns.FEW[part['few']]}"
    if part["half_of"]:
        return f"{patterns.HALVES_OF[part['half_of'].rpartition(' ')[2]]}"
    if part["dozens"]:
        return f"{12 * (0.5 if part['dozens'] == '半' else chinese_number(part['dozens'].lstrip('正刚好整'))):g}"
    if part["sheets"]:
        return f"{2 * chinese_number(part['sheets']):.6g} page"
    if part["tael"]:
        return f"{50 * (0.5 if part['tael'] == '半' else chinese_number(part['tael'])):.6g} g"
    if part["and_half"]:
        dimension, size = figures.units[{"月": "个月"}.get(part["half_unit"], part["half_unit"])]
        size *= chinese_number(part["and_half"]) + 0.5
    elif part["share_unit"]:
        dimension, size = figures.units[part["share_unit"]]
        wholes, bottom = chinese_number(part["share_of"] or "一"), chinese_number(part["bottom"])
        size = wholes * size * chinese_number(part["top"]) / (bottom or 1)
    else:
        word = part["more_of"] or part["more_zh"] if part["more"] else part["of"] or part["whole"]
        dimension, size = figures.units.get(word.replace("pound", "lb"), ("", 0.0))
        if part["more"]:
            figure = figures.number.match(part["more"])
            size *= value_of(figure, figures.words) + 0.5 if figure else 0
        elif part["whole"] and dimension == "day":
            dimension, size = "h", size * 24
        else:
            size *= 0.25 if part["quarter"] else 0.5 if part["half"] else 1
    return f"{size:.6g} {dimension}"


def _roughly(value: str, folded: str, start: int, end: int) -> tuple[str, int]:
    """The value, with a sign before it where the text says that it is a rough one (nearly two days: "~"), or that the
    fact is just under it or just over it (不到两天, 半斤多, "over 20 hours": "<" and ">"); and where the words end.

    A length just under or just over a fact may say which side it is: "<0.5 m wide", "<0.5 m deep", or "<0.5 m
    side" for any.
    """
    for sign, bound_after in (("<", patterns.JUST_UNDER), (">", patterns.JUST_OVER)):
        if after := bound_after.match(folded, end):
            return f"{sign}{value}", after.end()
    if bound := patterns.BOUND.search(folded, max(0, start - REACH), start):
        of_side = ""
        if value.endswith(" m"):
            side, is_second = patterns.SIDE.match(folded, end), patterns.BY.search(folded[: bound.start()])
            of_side = f" {side.lastgroup}" if side else " side" if is_second else ""
        return f"{'<' if bound['under'] else '>'}{value}{of_side}", end
    return (f"~{value}" if patterns.ABOUT.search(folded, max(0, start - REACH), start) else value), end


def _fractions(folded: str, figures: Figures) -> Iterator[Claim]:
    """Fractions of a unit in words, or of the whole (four fifths cotton), and 一米八."""
    for part in patterns.FRACTIONS.finditer(folded):
        if part["metres"]:
            value = chinese_number(part["metres"]) + chinese_number(part["tenths"]) / 10 ** len(part["tenths"])
            yield Claim("number", f"{value:.6g} m", *part.span())
        elif part["halves"]:
            yield Claim("number", "50 %", *part.span())
        elif part["of"] in figures.units and not patterns.PARTS.match(folded, part.start()):
            top = patterns.TOPS[part["top"]]
            dimension, size = figures.units[part["of"]]
            share = top / patterns.BOTTOMS[part["bottom"].removesuffix("s")]
            rough, end = _roughly(f"{share * size:.6g} {dimension}", folded, *part.span())
            yield Claim("number", rough, part.start(), end)
        elif part["tops"]:
            share = 100 * patterns.TOPS[part["tops"]] / patterns.BOTTOMS[part["bottoms"].removesuffix("s")]
            yield Claim("number", f"{share:.6g} %", *part.span())


def _in_shared_unit(folded: str, numbers: list[Match], figures: Figures) -> Iterator[Claim]:
    """Figures whose unit stands at a figure beside them: 70 x 140 cm, 9 x 5 x 2 cm, forty centimetres by twenty."""
    shared: dict[int, str] = {}  # start of a figure -> the unit that it has from another: 42 in 42 x 28 x 9 cm
    for first, second in reversed([*itertools.pairwise(numbers)]):
        between = patterns.SHARED.fullmatch(folded, first.end(), second.start())
        if between is None:
            continue
        own, following = between["unit"], figures.after.match(folded, second.end())
        unit_after = following["unit"] if following else shared.get(second.start())
        without, unit = (second, own) if own else (first, unit_after)
        if unit in figures.units and not (own and following):
            dimension, size = figures.units[unit]
            shared[without.start()] = unit
            value = f"{value_of(without, figures.words) * size:.6g} {dimension}"
            bound = patterns.BOUND.search(folded, max(0, without.start() - REACH), without.start())
            if bound:
                value = f"{'<' if bound['under'] else '>'}{value}{' side' if dimension == 'm' else ''}"
            yield Claim("number", value, *without.span())


def _metres_and_centimetres(folded: str, numbers: list[Match], figures: Figures) -> Iterator[Claim]:
    """Lengths in metres and centimetres, such as "two metres thirty"."""
    for first, second in itertools.pairwise(numbers):
        metres, centimetres = value_of(first, figures.words), value_of(second, figures.words)
        if (
            patterns.METRES_AND.fullmatch(folded, first.end(), second.start())
            and 10 <= centimetres < 100
            and not figures.after.match(folded, second.end())
        ):
            yield Claim("number", f"{metres + centimetres / 100:.6g} m", first.start(), second.end())


def _sums(folded: str, numbers: list[Match], figures: Figures) -> Iterator[Claim]:
    """Sums of money in two figures, such as "four pounds fifty" and "fourteen euros and fifty cents"."""
    for first, second in itertools.pairwise(numbers):
        money = figures.after.match(folded, first.end())
        cents = value_of(second, figures.words)
        if not money or not money["money"] or not patterns.AND_CENTS.fullmatch(folded, money.end(), second.start()):
            continue
        named, following = patterns.CENTS.match(folded, second.end()), figures.after.match(folded, second.end())
        if 0 < cents < 100 and (named or not following):
            claim = _price(folded, first, None, money, cents / 100)
            yield replace(claim, end=named.end() if named else second.end())


def _claim(text: str, figure: Match, figures: Figures) -> Claim | None:
    """The claim of one figure; None for a numeral that is no figure here, such as 一款 or "one of"."""
    start, end, value = figure.start(), figure.end(), value_of(figure, figures.words)
    if math.isnan(value):
        return None
    if halved := patterns.AND_A_HALF.match(text, end):
        end, value = halved.end(), value + 0.5
    before, after = patterns.BEFORE.search(text, max(0, start - REACH), start), figures.after.match(text, end)
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
    if role_after is None and (role_before == "fell" or (unit is None and patterns.LESS.match(text, end))):
        worded = patterns.LESS.match(text, end)
        return Claim("price", f"less {value:g}", start, worded.end() if worded else end)
    if role_after is None and patterns.CENTS.match(text, end):
        return _price(text, figure, None, patterns.CENTS.match(text, end), 0.5 if halved else 0.0)
    if role_after is None and figure["digits"] and patterns.FORMER.search(text, 0, start):
        return Claim("price", f"was {value:.10g}", start, end)
    if role_before in ("less", "spend") and role_after is None and (figure["digits"] or (figure["zh"] and value >= 10)):
        return Claim("price", f"{role_before} {value:g}", wide_start, end)
    if text[start - 1 : start] == "第" and role_after in (None, "count"):
        return None  # an ordinal counts nothing: 第四个是猫
    if role_before == "stock" and _SET_APART.match(text, wide_end):
        return None  # 剩下两个是枕套
    if role_before == "stock" and after and (after["count"] or "个") not in patterns.LAST_FOR_SALE:
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
        return _measure(text, figure, value, after, unit)
    if halved:
        return Claim("number", f"{value:g}", start, end)
    return _bare_number(text, figure, value, after)


def _bare_number(text: str, figure: Match, value: float, after: Match | None) -> Claim | None:
    """A figure without a unit; after: what follows it, such as a counter. None for an article and for 两三条小路."""
    start, end = figure.span()
    if figure["zh"] and _A_FEW.fullmatch(figure["zh"]):
        return None
    if figure["zh"] and after is None and value >= 10 and _LIMIT.search(text, 0, start):
        return Claim("number", f"{value / 100:.6g} m", start, end)  # 最长四十五, in centimetres
    few = 2 if after and after["count"] == "块" else 3  # 两块电池 is a figure, 两个 may be none
    is_article = figure["words"] in ("one", "hundred", "thousand", "million", "dozen")
    if is_article or (figure["zh"] and (after is None or value < few)):
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
    (dimension, size), start = unit, figure.start()
    if figure["zh"] and _A_FEW.fullmatch(figure["zh"]):  # 六七毫米
        low, high = map(chinese_number, figure["zh"])
        return Claim("number", f"~{(low + high) / 2 * size:.6g} {dimension}", start, after.end())
    may_be_article = dimension in ("day", "layer", "piece", "pocket")
    may_be_article = may_be_article and not _LASTS.search(text, max(0, start - REACH), start)  # 充一次用一个月
    if may_be_article and (figure["words"] == "one" or figure["zh"] == "一"):
        return None
    water = patterns.OF_WATER.match(text, after.end()) if dimension == "g" else None
    value_of_unit = f"{value * size:.6g} {'ml' if water else dimension}"
    rough, end = _roughly(value_of_unit, text, start, after.end())
    return Claim("number", rough, start, max(end, water.end() if water else 0))


def _price(text: str, figure: Match, sign: Match | None, word: Match | None, cents: float = 0.0) -> Claim:
    """A sum of money: a price, an old price, an amount off, or the least to spend. The words around it decide which.

    sign, word: the match that names the currency, before or after the figure. cents: a part of a unit given after it.
    """
    start, end = (sign or figure).start(), (word or figure).end()
    value = value_of(figure) + cents
    if word and "money" not in word.re.groupindex:  # a sum of cents
        value /= 100
    off = patterns.OFF.match(text, end)
    context = text[max(0, start - 16) : start]
    before = patterns.BEFORE.search(context)
    role = before.lastgroup if before and before.lastgroup in ("less", "fell", "spend", "under") else "price"
    role = "less" if role == "fell" else role
    if before and role != "price":
        start -= len(context) - before.start()  # 便宜了 is of the sum, and compares with nothing else
    if off:
        role, end = "less", off.end()
    elif patterns.EACH_AFTER.match(text, end) or patterns.EACH_BEFORE.search(text[max(0, start - 4 * REACH) : start]):
        role = f"{patterns.EACH} about" if patterns.NOT_QUITE.search(context) else f"{patterns.EACH} price"
    elif role == "price":
        role = "was" if patterns.WAS.search(context) else "now" if patterns.NOW.search(context) else role
    if role in ("under", "price"):
        role = f"{each_before(text, start)}{role}"
    named = word.re.groupindex if word else ()
    money = next((name for name in patterns.MONEY_WORDS if word and name in named and word[name]), None)
    money = money or _money_of(sign["sign"] if sign else "")
    return Claim("price", f"{role} {value:.10g}" + (f" {money}" if money else ""), start, end)


def _money_of(sign: str) -> str:
    """The key in MONEY_WORDS of a currency sign before a figure: "us$" -> "dollar"."""
    sign = sign[-1:] if sign.endswith("$") else sign
    return next((name for name, words in patterns.MONEY_WORDS.items() if sign and re.fullmatch(words, sign)), "")


def _dates(text: str) -> Iterator[Claim]:
    """Claims of the kind date: "weekday 0" (Monday), "2026-01-31", "01-31", or "01" for a month alone."""
    if not patterns.DATED.search(text):
        return
    for match in patterns.DATE.finditer(text):
        yield Claim("date", _weekday(match) or _day(match), *match.span())


def _weekday(match: Match) -> str:
    """ "weekday 0" for Monday; "" where the date names no weekday."""
    if match["en"]:
        return f"weekday {patterns.WEEKDAYS.index(match['en'])}"
    return f"weekday {'一二三四五六日'.find(match['zh'].replace('天', '日'))}" if match["zh"] else ""


def _day(match: Match) -> str:
    month = match["m5"] or match["m"] or match["m2"] or match["m3"] or match["m4"]
    day = match["d"] or match["d2"] or match["d3"] or match["d4"]
    year = f"{match['y']}-" if match["y"] else ""
    return f"{year}{_month(month):02d}" + (f"-{int(chinese_number(day)):02d}" if day else "")


def _month(text: str) -> int:
    named = [number for number, month in enumerate(patterns.MONTHS, 1) if text[:3] == month[:3]]
    return named[0] if named else int(chinese_number(text))
