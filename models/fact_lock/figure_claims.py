"""Claims made of figures: prices, discounts, stock, dates, sizes and measures, in Chinese and English.

A figure is found first, then judged by what stands right before and after it, so that a text without figures costs
one scan.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim
from models.text.numerals import NUMBER, ZH, fold, value_of

# Unit -> (dimension, how many of the dimension's base unit).
# Dimension -> the words for its units -> how many of the base unit (m, g, ml, h, day, ...) one is.
_UNIT_WORDS: dict[str, dict[str, float]] = {
    "m": {"mm 毫米 millimetres millimeters": 0.001, "cm 厘米 公分 centimetres centimeters centimetre": 0.01,
          "m 米 metres meters metre": 1, "km 公里 千米": 1000, 'inch inches 英寸 寸 "': 0.0254,
          "ft feet foot 英尺": 0.3048},
    "g": {"mg 毫克": 0.001, "g 克 gram grams": 1, "kg 公斤 千克 kilo kilos": 1000, "斤": 500, "lb lbs": 453.6,
          "oz ounces": 28.35},
    "ml": {"ml 毫升 millilitres": 1, "l 升 litres liters litre": 1000},
    "h": {"seconds secs 秒": 1 / 3600, "min mins minutes minute 分钟": 1 / 60, "h hr hrs hour hours 小时 钟头": 1},
    "day": {"day days 天 日": 1, "week weeks 周 星期": 7, "month months 个月 月": 30, "year years 年 周年": 365},
    "age": {"岁": 1},
    "%": {"% percent": 1, "成": 10},
    "times": {"倍 times": 1},
    "denier": {"denier den": 1},
    "w": {"w 瓦 watts": 1},
    "mah": {"mah 毫安": 1},
    "piece": {"件套 piece pieces pack pcs 片装 只装 件装 支装 瓶装 包装": 1},
    "layer": {"层 ply": 1},
    "pocket": {"pocket pockets": 1},
}  # fmt: skip
UNITS = {word: (dimension, size) for dimension, group in _UNIT_WORDS.items()
         for words, size in group.items() for word in words.split(" ")} | {"per cent": ("%", 1.0)}  # fmt: skip
# A numeral of Chinese script counts only before these; 一个, 一款, 一种 are articles.
_COUNTERS = "个粒颗枚只支瓶盒袋包片条层色款件档挡格孔口排根张台双口"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_LATIN_END = r"(?![a-z])"
MONEY_WORDS = {
    "yuan": r"元|块钱|块(?![状头面拼布])|圆(?!领|形|润|筒|点)|人民币|rmb|yuan|cny|[¥￥]",
    "dollar": r"usd|dollars?|bucks?|刀|美元|\$",
    "euro": r"eur|euros?|欧元|€",
    "pound": r"gbp|pounds?|quid|英镑|£",
    "rupee": r"inr|rupees?|rs\.?|卢比|₹",
}
_MONEY = "|".join(f"(?P<{name}>{words})" for name, words in MONEY_WORDS.items())
AFTER = re.compile(
    r"[ -]?(?:"
    r"(?P<zhe>折(?!叠|痕|边|线|射|角))"
    rf"|(?P<off>(?:%|percent|per cent)[ -]?(?:off|discount|reduction|cheaper|less|savings?|优惠|折扣|的?减免|立减))"
    rf"|(?P<money>(?:{_MONEY}){_LATIN_END})"
    r"|(?P<left>(?:件|个|只|双|套|pieces?|pairs?|units?|items?)? ?(?:left|remaining|in stock|库存))"
    r"|(?P<size>码|号(?!称|召))"
    rf"|(?P<unit>(?:{_UNIT})(?:(?<![a-z])|{_LATIN_END}))"
    rf"|(?P<count>[{_COUNTERS}])"
    r")"
)
BEFORE = re.compile(
    r"(?:(?P<sign>(?:us|hk|s|au?|ca?)?\$|[€£¥₹]|(?<![a-z])(?:rs\.?|usd|cny|rmb|inr|eur|gbp))"
    r"|(?P<size>(?:sizes?|尺码|尺寸|码数)(?:为|是|[:：])?)"
    r"|(?P<stock>仅剩|只剩|还剩|剩余|剩下|最后|库存(?:仅|只)?(?:剩|有)?|only|just|last)"
    r"|(?P<less>save|saves|saving|立省|节省|省下?|立减|直降|直减|优惠|减免?|降价?|便宜|off)"
    r"|(?P<spend>满|over|above|spend|minimum of)"
    r"|(?P<spf>spf)"
    r"|(?P<tenths>百分之)"
    r")[ :：]*$"
)
_OFF = re.compile(r" (?:off|discount|cheaper|less)(?![a-z])")
_WAS = re.compile(
    r"(?:原价|市场价|划线价|吊牌价|was|were|originally|original price|rrp|before|down from)[^,.;，。；]{0,8}$"
)
_NOW = re.compile(
    r"(?:现价|现在?只?要|仅需|只需|售价|价格|到手价|now|today's price|costs?|priced? at|only)[^,.;，。；]{0,8}$"
)
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_MONTH = "|".join((*_MONTHS, *(f"{m[:3]}\\.?" for m in _MONTHS), "sept"))
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = "|".join(_DAYS)
DATE = re.compile(
    r"(?<!\d)(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?(?!\d)"
    rf"|(?P<m2>\d{{1,2}}|{ZH}{{1,2}})月(?:份|(?P<d2>\d{{1,2}}|{ZH}{{1,3}})[日号])"
    r"|(?<![a-z])(?:until|till|to|ends?(?: on| in)?|before|by|from|since) "
    rf"(?:(?P<m5>{_MONTH})|(?P<en>{_DAY}))(?![a-z])(?! \d)"
    r"|[本下这]?(?:周|星期|礼拜)(?P<zh>[一二三四五六日天])"
    rf"|(?<![a-z])(?P<m3>{_MONTH}) (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?![\d%a-z])"
    rf"|(?<!\d)(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m4>{_MONTH})(?![a-z])"
)
_DATED = re.compile(r"\d|[月周星拜]|until|till|to |end|before|by |from |since")  # no date is without one of these
SHARES = re.compile(
    r"(?P<half>半价|对折|half[ -]?(?:the )?(?:price|off)|half its price)"
    r"|(?<![a-z])(?:(?P<third>(?:a|one)[ -]third)|(?P<two>two[ -]thirds)|(?P<quarter>(?:a|one)[ -]quarter)"
    r"|(?P<three>three[ -]quarters)) (?:off|cheaper|less)"
    rf"|(?P<deal>买(?:\d|{ZH})[送赠免](?:\d|{ZH})"
    r"|(?<![a-z])buy (?:\d|one|two|three|four),? get (?:\d|one|two|the|a)[a-z ]*"
    r"|(?<![a-z])(?:\d|two|three|four) for (?:the price of )?(?:\d|one|two|three)(?![a-z\d]))"
)
_SHARE = {"half": "off 0.5", "third": "off 0.3333", "two": "off 0.6667", "quarter": "off 0.25", "three": "off 0.75"}


def amounts(text: str) -> list[Claim]:
    """Claims of the kinds price, discount, stock, date, size and number that contain a figure, in the text's order.

    Values: "price 99", "was 129", "off 0.2", "less 20", "spend 200", "left 3", "01-31" (month-day), "size 38",
    "8 h" (figure and base unit), or the bare figure.
    """
    folded = fold(text)
    found = list(_dates(folded))
    taken = {place for claim in found for place in range(claim.start, claim.end)}
    shares = [Claim("discount", _SHARE.get(m.lastgroup or "", f"deal {m[0]}"), m.start(), m.end())
              for m in SHARES.finditer(folded)]  # fmt: skip
    taken.update(place for claim in shares for place in range(claim.start, claim.end))
    found += shares
    for match in NUMBER.finditer(folded):
        if match.start() in taken:
            continue
        claim = _judge(folded, match)
        if claim is not None:
            found.append(claim)
    return sorted(found, key=lambda claim: claim.start)


def _judge(text: str, match: re.Match[str]) -> Claim | None:
    """What one figure claims; None for a numeral that is no figure here, such as 一款 or "one of"."""
    start, end, value = match.start(), match.end(), value_of(match)
    if math.isnan(value):
        return None
    before = BEFORE.search(text, max(0, start - 12), start)
    after = AFTER.match(text, end)
    first, last = before.lastgroup if before else None, _group(after)
    left = before.start() if before else start
    right = after.end() if after else end
    if last == "zhe":
        share = 1 - (value / 10 if value <= 10 else value / 100)
        return Claim("discount", f"off {share:.4g}", start, right)
    if last == "off" or (first == "less" and after and last == "unit" and UNITS.get(after["unit"], "")[0] == "%"):
        return Claim("discount", f"off {value / 100:.4g}", left, right)
    if first == "tenths":
        return Claim("number", f"{value:g} %", left, right)
    if last == "money" or first == "sign":
        if match["zh"] == "一" and after and after[0].strip() == "块":
            return None  # 一块: a piece
        return _price(text, match, before if first == "sign" else None, after if last == "money" else None, value)
    if first in ("less", "spend") and (match["digits"] or (match["zh"] and value >= 10)) and last is None:
        return Claim("price", f"{'less' if first == 'less' else 'spend'} {value:g}", left, end)
    if last == "left" or (first == "stock" and last == "count"):
        return Claim("stock", f"left {value:g}", left, right)
    if last == "size" or first == "size":
        return Claim("size", f"size {value:g}", left, right if last == "size" else end)
    if first == "spf":
        return Claim("safety", f"{value:g} spf", left, end)
    if after and last == "unit":
        dimension, size = UNITS[after["unit"]]
        article = match["words"] == "one" or match["zh"] == "一"
        return None if article and dimension in ("day", "layer", "piece", "pocket") else Claim(
            "number", f"{value * size:.6g} {dimension}", start, right)  # fmt: skip
    if match["zh"] and (last != "count" or value < 3):
        return None
    if match["words"] in ("one", "hundred", "thousand", "million", "dozen"):
        return None
    return Claim("number", f"{value:g}", start, end)


def _group(after: re.Match[str] | None) -> str | None:
    names = ("zhe", "off", "money", "left", "size", "unit", "count")
    return next((name for name in names if after and after[name]), None)


def _price(
    text: str, figure: re.Match[str], sign: re.Match[str] | None, word: re.Match[str] | None, value: float
) -> Claim:
    """A sum of money: the price, the price before, an amount off, or the least to spend, by the words around it."""
    start, end = (sign or figure).start(), (word or figure).end()
    off = _OFF.match(text, end)
    context = text[max(0, start - 16) : start]
    words = BEFORE.search(context)
    role = words.lastgroup if words and words.lastgroup in ("less", "spend") else "price"
    if off:
        role, end = "less", off.end()
    elif role == "price":
        role = "was" if _WAS.search(context) else "now" if _NOW.search(context) else role
    money = next((name for name in MONEY_WORDS if word and word[name]), None) or _family(sign["sign"] if sign else "")
    return Claim("price", f"{role} {value:.10g}" + (f" {money}" if money else ""), start, end)


def _family(sign: str) -> str:
    """What the money before a figure is called: "us$" -> "dollar"."""
    sign = sign[-1:] if sign.endswith("$") else sign
    return next((name for name, words in MONEY_WORDS.items() if sign and re.fullmatch(words, sign)), "")


def _dates(text: str) -> Iterator[Claim]:
    if not _DATED.search(text):
        return
    for match in DATE.finditer(text):
        if match["en"] or match["zh"]:
            weekday = (
                _DAYS.index(match["en"]) if match["en"] else "一二三四五六日".find(match["zh"].replace("天", "日"))
            )
            yield Claim("date", f"weekday {weekday}", match.start(), match.end())
            continue
        month = match["m5"] or match["m"] or match["m2"] or match["m3"] or match["m4"]
        day = match["d"] or match["d2"] or match["d3"] or match["d4"]
        number = _month(month)
        value = f"{number:02d}" + (f"-{_number(day):02d}" if day else "")
        yield Claim("date", (f"{match['y']}-" if match["y"] else "") + value, match.start(), match.end())


def _month(text: str) -> int:
    named = [n for n, month in enumerate(_MONTHS, 1) if text[:3] == month[:3]]
    return named[0] if named else _number(text)


def _number(text: str) -> int:
    found = NUMBER.match(text)
    return int(value_of(found)) if found else 0
