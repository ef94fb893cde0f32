"""Superlatives and absolute terms, as claims: no table of a shop says that a thing is the best."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.facts import Claim

_ZH = re.compile(
    r"最(?!近|后|初|终|起码|先|多不|少也|多可|多能)[\u4e00-\u9fff]{1,2}"
    r"|第一(?!次|时间|眼|印象|感觉|感|步|天|件|层|季|代|期|章|页|人称|反应|视觉|排|批|口|节|学期|步骤|段|款|场)"
    r"|顶级|顶尖|顶配|极致|极品|至尊|至高|唯一|独家|首选|首家|首创|国家级|世界级|国际级|宇宙级|全球首|全网|全国第|王牌|冠军|史上|绝对|永久|永不"
    r"|万能|无敌|百分百|无与伦比|举世|空前|绝无仅有|领先|领导品牌|销冠|之王|巅峰|no\.? ?1(?!\d)|top ?1(?!\d)|史无前例|前所未有|特级|尖端|无人能及"
    r"|无可比拟|登峰造极|独一无二|数一数二|天下无双|无出其右|遥遥领先"
)
_NOT_EST = frozenset(
    [
        "west",
        "rest",
        "test",
        "chest",
        "vest",
        "nest",
        "guest",
        "quest",
        "interest",
        "forest",
        "rainforest",
        "harvest",
        "honest",
        "modest",
        "invest",
        "request",
        "suggest",
        "latest",
        "contest",
        "protest",
        "crest",
        "digest",
        "arrest",
        "ingest",
        "conquest",
        "tempest",
        "manifest",
        "bequest",
        "earnest",
        "jest",
        "pest",
        "zest",
        "everest",
        "northwest",
        "southwest",
        "midwest",
        "priest",
        "attest",
        "detest",
        "divest",
        "infest",
        "lest",
        "headrest",
        "armrest",
        "footrest",
        "backrest",
        "best",
        "budapest",
        "fest",
        "retest",
        "unrest",
        "disinterest",
        "inquest",
        "palimpsest",
        "abreast",
        "breast",
        "least",
        "est",
        "dishonest",
        "immodest",
        "rinest",
    ]
)
_EN = re.compile(
    r"(?<![a-z])(?:"
    r"(?P<best>best(?! before|[- ]friends?| of both| if | worn| when)(?:[ -]?sell(?:er|ing)s?)?)"
    r"|(?P<est>[a-z]{2,}est)"
    r"|(?P<most>(?<!at )(?<!the )(?<!for )most (?!of|people|days|likely|women|men|outfits|occasions|sizes|skin|items|other|modern|types)[a-z]+"
    r"|the most (?!of|part)[a-z]+)"
    r"|number[ -]one|no\.? ?1(?!\d)|top[ -](?:rated|selling|notch|quality|ranked|of the range)|world[ -]?(?:class|leading|beating|famous)"
    r"|the world's|ultimate|unbeatable|unrivall?ed|unmatched|unparalleled|unsurpassed|unequall?ed|incomparable|matchless"
    r"|peerless|second to none|like no other|one of a kind|one and only|the only|(?:industry|market)[ -]leading|market leader"
    r"|award[ -]winning|guaranteed?|guarantees|first[ -]ever|never before|state of the art|miracle|miraculous|supreme"
    r"|flawless|once in a lifetime|unprecedented|the leading|bestsellers?"
    r")(?![a-z])|# ?1(?!\d)"
)


def superlatives(folded: str) -> Iterator[Claim]:
    """Claims of kind superlative, of folded text; value "superlative " and what is written."""
    for found in _ZH.finditer(folded):
        yield Claim("superlative", f"superlative {found[0]}", found.start(), found.end())
    for found in _EN.finditer(folded):
        if found["est"] not in _NOT_EST:
            yield Claim("superlative", f"superlative {found[0]}", found.start(), found.end())
