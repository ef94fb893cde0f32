"""Claims too short for a vocabulary: a colour of one Chinese character, a size of one letter; and brands after "by"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim
from models.fact_lock.sizes import plain_size

_COLOURS = {
    "红": "red", "黑": "black", "白": "white", "蓝": "blue", "绿": "green", "灰": "grey", "粉": "pink", "紫": "purple",
    "黄": "yellow", "橙": "orange", "棕": "brown", "金": "gold", "银": "silver",
}  # fmt: skip
_ANY = "".join(_COLOURS)
_COLOURED = re.compile(f"[{_ANY}]")
_BARE = re.compile(
    rf"(?<![网走爆当大明洁雪吸])(?!粉底|白大|白领|黄金)[{_ANY}]{{1,3}}"
    r"(?=色?(?:相间|相配|搭配|条纹|条|格|拼接|拼色|拼|撞|配色|两色|双色|三色)|的?(?:连衣)?裙|裤|衣|衫|衬|鞋"
    r"|包(?![容含裹臀围])|帽|西装|外套|毛衣|卫衣|t恤"
    r"|牛仔|款|底|大衣|夹克|靴|袜|围巾|线衣|丝带)"
    rf"|(?<![{_ANY}])[{_ANY}]{{2,3}}(?=色)"
)
_SIZE = re.compile(
    r"(?<![A-Za-z0-9'&./-])(?:(?P<sure>X{1,3}S|X{1,3}L|[2-6]XL)(?:码|号)?"
    r"|(?<=[Ss]ize )(?P<after>[SML])|(?<=[Ss]ize: )(?P<colon>[SML])|(?<=尺码)[为是:]?(?P<zh>[SMLsml])"
    r"|(?P<before>[SMLsml])[码号])(?![A-Za-z0-9'&])"
)
_NOT = (
    "时尚 知名 原创 本 该 这个 大 国际 小众 轻奢 高端 设计师 同 各 名 国内 国外 潮流 服装 女装 "
    "男装 自有 快 老 新 日本 意大利 法国 大自然 自然 内心 自我 街头 灵感 不同 优质 品质 她 他 我们 店 全球 "
    "欧美 韩国 专业 精心 这 手工 匠心 大师 一 设计 We It She He You This They"
)
_NO_BRAND = tuple(_NOT.split(" "))  # first words of phrases that only look like a brand: 时尚品牌
_BY = re.compile(
    r"(?<![A-Za-z])(?:[Bb]y|[Bb]rand:?|[Ff]rom(?: the)?(?= [A-Z][\w&' -]*(?:[.,!;]|$| range| collection| line)))"
    r" (?P<en>(?!H&M)[A-Z][\w&'-]*(?: (?:[A-Z&][\w&'-]*))*)"
    r"|(?:^|[.!?] +)(?P<made>[A-Z][\w&'-]+)(?= (?:made|makes|designed|presents|brings|created))"
    r"|(?:^|[\u3000-\u303f\uff00-\uffef ,.!?:;])(?:由|来自于?|出自)?(?P<zh>[\u4e00-\u9fffA-Za-z]{2,6}?)"
    r"(?:出品|制造|旗舰店|品牌|的新作|新作|旗下|设计师|官方)"
    r"|(?:来自|出自|品牌[:为是])(?P<name>(?:(?!的)[\u4e00-\u9fffA-Za-z]){2,6})(?=[\u3000-\u303f\uff00-\uffef,.!?;]|$)"
)


def short_claims(cased: str, folded: str) -> Iterator[Claim]:
    """Claims of the kinds colour, size and brand. cased, folded: the text folded with and without its case."""
    for match in _BARE.finditer(folded) if _COLOURED.search(folded) else ():
        for letter in match[0]:
            yield Claim("colour", f"colour:{_COLOURS[letter]}", *match.span())
    for match in _SIZE.finditer(cased):
        letters = next(group for group in match.groups() if group)
        yield Claim("size", f"size:{plain_size(letters.lower())}", *match.span())
    for match in _BY.finditer(cased):
        group = next(name for name in ("en", "made", "zh", "name") if match[name])
        if not match[group].startswith(_NO_BRAND):
            yield Claim("brand", f"brand:{match[group].lower()}", match.start(group), match.end(group))
