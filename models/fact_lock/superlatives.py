"""Superlatives and absolute terms, which no fact supports: no table of a shop says that a thing is the best."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim
from models.text.languages import CJK
from models.text.numerals import ZH

_MEASURE = (
    "(?:个?(?:小时|钟头|月|星期)|厘米|毫米|公分|公里|米|英?寸|瓦|毫安|克|公斤|千克|斤|升|毫升|页|人|倍|分钟|秒|天|周|年|岁|度|码|层"
    "|转|分贝)"
)
_ZH = re.compile(
    "(?:行业|全国|国内|世界|全球|全网|同类|业界|市场)(?:内|上|中|里)?的?第一"
    # 最大100瓦, 最粗剪二十毫米: a limit, whose figure is checked.
    rf"|(?:(?<=市面)|(?<=市面上)|(?<=行业)|(?<=全国)|(?<=世界)|(?<=世界上)|(?<=全球)|(?<=同类)|(?<=国内))最[\u4e00-\u9fff]{{1,2}}"
    rf"|最(?!(?:大|高|长|粗|宽|厚|重|深|低|小|多|远)[\u4e00-\u9fff]{{0,4}}?(?:\d|{ZH}+{_MEASURE})|[长粗宽厚深][\u4e00-\u9fff]{{0,4}}?{ZH}{{2,}}(?=[,，。;；!！?？]|$))"
    r"(?!近|后|初|终|起码|先|多不|少也|多可|多能)[\u4e00-\u9fff]{1,2}"
    r"|第一(?!次|年|周|支|份|杯|句|缕|道|抹|片|朵|首|站|班|趟|回|声|夜|晚|课|时间|眼|印象|感觉|感|步|天|件|层|季|代|期|章|页|人称|反应|视觉|排|批|口|节|学期|步骤|段|款|场|泡|顿|阵|碗|盏|束|锅|壶|通|封|笔|篇|滴|幕|堂|任|茬)"
    r"|顶级|顶尖|顶配|极致|极品|至尊|至高|唯一|独家|首选|首家|首创|国家级|世界级|国际级|宇宙级|全球首|全网|全国第"
    r"|王牌|冠军|史上|绝对|永久|永不"
    r"|万能|无敌|百分百|无与伦比|举世|空前|绝无仅有|领先|领导品牌|销冠|之王|巅峰|no\.? ?1(?!\d)|top ?1(?!\d)"
    r"|史无前例|前所未有|特级|尖端|无人能及"
    r"|无可比拟|登峰造极|独一无二|数一数二|天下无双|无出其右|遥遥领先"
)
_EN = re.compile(
    r"(?<![a-z])(?:best(?:[ -]?sell(?:er|ing)s?)?|[a-z]{2,}est|most [a-z]+"
    r"|number[ -]one|no\.? ?1(?!\d)|top[ -](?:rated|selling|notch|quality|ranked|of the range)"
    r"|world[ -]?(?:class|leading|beating|famous)|the world's|ultimate|unbeatable|unrivall?ed|unmatched|unparalleled"
    r"|unsurpassed|unequall?ed|incomparable|matchless|peerless|second to none|like no other|one of a kind|one and only"
    r"|the only|(?:industry|market)[ -]leading|market leader|award[ -]winning|guaranteed?|guarantees|first[ -]ever"
    r"|never before|state of the art|miracle|miraculous|supreme|flawless|once in a lifetime|unprecedented|the leading"
    r"|bestsellers?)(?![a-z])|# ?1(?!\d)"
)


def superlatives(folded: str) -> Iterator[Claim]:
    """Claims of the kind superlative in folded text; their value is "superlative " and the words."""
    for match in _ZH.finditer(folded) if CJK.search(folded) or "1" in folded else ():
        yield Claim("superlative", f"superlative {match[0]}", *match.span())
    for match in _EN.finditer(folded):
        yield Claim("superlative", f"superlative {match[0]}", *match.span())
