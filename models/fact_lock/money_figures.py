"""Sums of money in Chinese words that one figure alone does not hold: 十二块九美元, 从599降到459, 三十欧分."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim
from models.fact_lock.figure_patterns import BEFORE
from models.fact_lock.price_check import EACH
from models.text.numerals import ZH, chinese_number

_SUM = rf"(?:{ZH}+(?:点{ZH}+)?|\d+(?:\.\d+)?)"
_CURRENCIES = {"美元": "dollar", "欧元": "euro", "英镑": "pound", "美分": "dollar", "欧分": "euro", "便士": "pound"}
_PIECES = "个只杯包袋片次回支条颗粒枚块份碗双件张卷瓶罐本盒"
# 十二块九美元 is 12.9 dollars, 九块九毛五 is 9.95 yuan.
_WITH_TENTHS = re.compile(
    rf"(?P<wholes>{ZH}+|\d+)块(?P<tenths>[一二三四五六七八九]|\d)(?![{ZH[1:-1]}{_PIECES}\d点种色角花边层大小方%]|分之|折)"
    r"(?:毛(?P<cents>[一二三四五六七八九])?)?(?P<money>美元|欧元|英镑)?"
)
_CENTS = re.compile(rf"(?P<sum>{_SUM})(?P<money>美分|欧分|便士)")
_DROP = re.compile(
    rf"(?:从|由|原价)(?P<was>{_SUM})(?:元|块钱?)?(?:直接|一下子?|又)?(?:降|跌)(?:到|至|成|为)了?(?P<now>{_SUM})(?:元|块钱?)?"
)
# What one piece costs: 一杯还不到两块钱, 洗一回还不到三十欧分.
_EACH = re.compile(rf"[一每](?P<counter>[{_PIECES}])[^,.;:!?，。；：！？]{{0,3}}$")


def money_in_words(folded: str) -> Iterator[Claim]:
    """Claims of the kind price whose sums are given in two figures, in two units, or in cents."""
    for drop in _DROP.finditer(folded):
        yield Claim("price", f"was {_value(drop['was']):.10g}", *drop.span("was"))
        yield Claim("price", f"now {_value(drop['now']):.10g}", drop.end("was"), drop.end())
    for part in _WITH_TENTHS.finditer(folded):
        value = _value(part["wholes"]) + _value(part["tenths"]) / 10 + _value(part["cents"] or "0") / 100
        yield _price(value, _CURRENCIES.get(part["money"] or "", "yuan"), folded, part.start(), part.end())
    for cents in _CENTS.finditer(folded):
        yield _price(_value(cents["sum"]) / 100, _CURRENCIES[cents["money"]], folded, cents.start(), cents.end())


def each_before(folded: str, start: int) -> str:
    """EACH with the counter ("each盒 "), if the words right before say that a price is of one piece; else ""."""
    each = _EACH.search(folded, max(0, start - 12), start)
    return f"{EACH}{each['counter']} " if each else ""


def _price(value: float, money: str, folded: str, start: int, end: int) -> Claim:
    before = BEFORE.search(folded, max(0, start - 12), start)
    role = before.lastgroup if before and before.lastgroup in ("less", "under", "spend") else "price"
    if before and role != "price":
        start = before.start()
    each = each_before(folded, start) if role in ("price", "under") else ""
    return Claim("price", f"{each}{role} {value:.10g} {money}", start, end)


def _value(text: str) -> float:
    return float(text) if text[0].isdigit() else chinese_number(text)
