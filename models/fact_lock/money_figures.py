"""Sums of money in Chinese words that one figure alone does not hold: 十二块九美元, 从599降到459, 三十欧分."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim
from models.fact_lock.figure_patterns import BEFORE, EACH
from models.text.numerals import ZH, chinese_number

_SUM = rf"(?:{ZH}+(?:点{ZH}+)?|\d+(?:\.\d+)?)"
_CURRENCIES = {"美元": "dollar", "欧元": "euro", "英镑": "pound", "美分": "dollar", "欧分": "euro", "便士": "pound"}
_PIECES = "个只杯包袋片次回支条颗粒枚块份碗双件张卷瓶罐本盒"
# 十二块九美元 is 12.9 dollars, 九块九毛五 is 9.95 yuan.
_WITH_TENTHS = re.compile(
    rf"(?P<wholes>{ZH}+|\d+)块(?P<tenths>[一二三四五六七八九]|\d)(?![{ZH[1:-1]}{_PIECES}\d点种色角花边层大小方%]|分之|折)"
    r"(?:毛(?P<cents>[一二三四五六七八九])?)?(?P<money>美元|欧元|英镑)?(?P<over>多|出头)?"
)
# 十二块多: more than the sum, and less than one more.
_OVER = re.compile(rf"(?P<sum>{_SUM})(?:元|块钱?)(?:多|出头)(?![功用种样层])")
_CENTS = re.compile(rf"(?P<sum>{_SUM})(?P<money>美分|欧分|便士)")
_DROP = re.compile(
    rf"(?:从|由|原价)(?P<was>{_SUM})(?:元|块钱?)?(?:直接|一下子?|又)?(?:降|跌|落|掉|减|变|改|换)(?:到|至|成|为)了?"
    rf"(?P<now>{_SUM})(?:元|块钱?)?"
)
# What is paid, less what one gets back: 四十块还找你一毛.
_CHANGE = re.compile(
    rf"(?P<paid>{_SUM})(?:元|块钱?)[还再]?(?:能|要|得)?找(?:回|给)?[你您我]?(?P<back>{_SUM})(?P<unit>元|块|毛|角|分)钱?"
)
# 腰围从九十九减到八十九: the text gives the figures to something else than the price.
_OF_BODY = re.compile("[围重压糖脂酸温龄寸分值长宽高度数量率]$")
# What only comes later is no price of today: 明天再少一百.
_LATER = re.compile(
    "(?:明[天日]|后天|下周|下个?月|过[两几]天|月底|节后|到时候?)[^,，。:;!?]{0,3}再(?:少|减|降|便宜|省|返|跌|退)"
)
# What one gets back or on top: 再返两张百元.
_GIVEN = re.compile("(?:返|送|赠|补|退|领|抵|减|贴)[^,，。]{0,3}$")
_OF_YUAN = {"元": 1, "块": 1, "毛": 10, "角": 10, "分": 100}
# Banknotes, and what is put beside them: 四张十块, 一张百元加八十九.
_NOTES = re.compile(
    rf"(?P<count>[一两二三四五六七八九])张(?P<note>一?百|五十|二十|十)(?:元|块钱?|(?=大?钞|的?票子|加|[,，。]))(?:大?钞|的?票子?)?(?:加上?(?P<more>{_SUM})(?:元|块钱?)?)?"
    "(?![一-龥]{0,3}(?:卡|券|红包))"
)
# A sum that fills the clause, or its end after words of paying: 一百三十九，比原来便宜六十.
_BARE = re.compile(
    r"(?:^|(?<=[,，。;；!！]))(?:(?P<was>原先|原来|原价|先前|以前|从前)|现在|如今|今天|眼下|只要|只需|带走|带回家|拿下|到手价?|标价"
    r"|售价|只?[卖要付花]){0,2}"
    r"(?P<sum>[一二两三四五六七八九]百(?:零[一二三四五六七八九]|[一二三四五六七八九](?:十[一二三四五六七八九]?)?)?"
    r"|[一二三四五六七八九]十[一二三四五六七八九]?)(?=[,，。;；!！?？]|$)"
)
# 八十八一袋, 一百二十九两只: a sum, and how many it buys.
_BUYS_ONE = re.compile(
    rf"(?<!{ZH})(?P<sum>[一二两三四五六七八九]?[十百]{ZH}*?[一二三四五六七八九十])(?P<pieces>[一两])(?P<counter>[{_PIECES}])(?![一二三四五六七八九十])"
)
# 一百三十九，两袋一起扛走: after a sum, how many it buys.
_BUYS_MORE = re.compile(
    rf"[,，](?P<count>[两三四五六七八九]|十[一二三四五六七八九]?)(?P<counter>[{_PIECES}台套辆箱])[^,，。]{{0,4}}(?:走|带|扛|抱|拎|归|拿|回家|到手|收下)"
)
# What one piece costs: 一杯还不到两块钱, 洗一回还不到三十欧分.
_EACH = re.compile(rf"[一每](?P<counter>[{_PIECES}])[^,.;:!?，。；：！？]{{0,3}}$")


def money_in_words(folded: str) -> Iterator[Claim]:
    """Claims of the kind price whose sums are given in two figures, in two units, or in cents."""
    for drop in _DROP.finditer(folded):
        if _OF_BODY.search(folded, 0, drop.start()):
            yield Claim("number", f"{chinese_number(drop['was']):.10g} measured", *drop.span("was"))
            yield Claim("number", f"{chinese_number(drop['now']):.10g} measured", *drop.span("now"))
            continue
        yield Claim("price", f"was {chinese_number(drop['was']):.10g}", *drop.span("was"))
        yield Claim("price", f"now {chinese_number(drop['now']):.10g}", drop.end("was"), drop.end())
    for part in _WITH_TENTHS.finditer(folded):
        tenths, cents = (chinese_number(part[name] or "0") for name in ("tenths", "cents"))
        value = chinese_number(part["wholes"]) + tenths / 10 + cents / 100
        money = _CURRENCIES.get(part["money"] or "", "yuan")
        yield _price(value, money, folded, part.start(), part.end(), "over" if part["over"] else "price")
    for over in _OVER.finditer(folded):
        yield _price(chinese_number(over["sum"]), "yuan", folded, over.start(), over.end(), "over")
    for later in _LATER.finditer(folded):
        yield Claim("price", "later 0", *later.span())
    for change in _CHANGE.finditer(folded):
        value = chinese_number(change["paid"]) - chinese_number(change["back"]) / _OF_YUAN[change["unit"]]
        yield _paid(value, folded, *change.span())
    for notes in _NOTES.finditer(folded):
        value = chinese_number(notes["count"]) * chinese_number(notes["note"]) + chinese_number(notes["more"] or "零")
        if not _GIVEN.search(folded, 0, notes.start()):
            yield _paid(value, folded, *notes.span())
    for one in _BUYS_ONE.finditer(folded):
        each = chinese_number(one["sum"]) / chinese_number(one["pieces"])
        yield Claim("price", f"{EACH}{one['counter']} price {each:.10g}", *one.span())
    for bare in _BARE.finditer(folded):
        value = chinese_number(bare["sum"])
        start, end = bare.span("sum")
        was = Claim("price", f"was {value:.10g}", start, end)
        yield was if bare["was"] else _paid(value, folded, start, end)
    for sum_ in _CENTS.finditer(folded):
        yield _price(chinese_number(sum_["sum"]) / 100, _CURRENCIES[sum_["money"]], folded, *sum_.span())


def _paid(value: float, folded: str, start: int, end: int) -> Claim:
    """A sum that the item costs now; of each piece, where the text says how many it buys."""
    if more := _BUYS_MORE.match(folded, end):
        return Claim("price", f"{EACH}{more['counter']} price {value / chinese_number(more['count']):.10g}", start, end)
    return Claim("price", f"now {value:.10g} yuan", start, end)


def each_before(folded: str, start: int) -> str:
    """EACH with the counter ("each盒 "), if the words right before say that a price is of one piece; else ""."""
    each = _EACH.search(folded, max(0, start - 12), start)
    return f"{EACH}{each['counter']} " if each else ""


def _price(value: float, money: str, folded: str, start: int, end: int, role: str = "price") -> Claim:
    before = BEFORE.search(folded, max(0, start - 12), start)
    if before and before.lastgroup in ("less", "under", "spend"):
        role, start = before.lastgroup, before.start()
    each = each_before(folded, start) if role in ("price", "under", "over") else ""
    return Claim("price", f"{each}{role} {value:.10g} {money}", start, end)
