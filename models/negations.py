"""Negations: "not lined", "without pockets", 不含酒精; what a text denies it no longer claims.

The value is "not " and the value denied, so that "unlined", "not lined" and a fact that says so are one; where what is
denied is no word of the vocabulary, it is the word itself. Idioms (不仅, "not only") deny nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from models.facts import Claim
from models.vocabulary import Vocabulary

_IDIOMS_ZH = ["不仅", "不但", "不只", "不光", "不止", "不单是", "不失", "不乏", "不论", "无论", "不管", "不同", "不一样", "不一的", "不一而足", "无比", "无限", "非常", "非凡", "非但", "毫不", "不得不", "无不", "不凡", "不羁", "不错", "不俗", "不妨", "不禁", "不由", "不经意", "不知", "没想到", "未来", "不可或缺", "不可缺", "必不可少", "不可少", "不能少", "少不了", "不能错过", "不容错过", "不可错过", "不要错过", "别错过", "不释手", "不落俗", "不拘一格", "不拘", "不衰", "不言而喻", "不谋而合", "不在话下", "不二之选", "不二选择", "不动声色", "不费吹灰", "不费力", "不用担心", "无需担心", "不必担心", "不用过多", "不要太", "不挑", "不过时", "不紧不慢", "不胜收", "不食人间", "不期而遇", "无疑", "无形", "无穷", "无尽", "无拘无束", "无意", "无可挑剔", "无处不", "无论如何", "无一不", "无所", "无瑕", "无邪", "没问题", "没什么", "没话说", "没得说", "未必", "未免", "是否", "与否", "能否", "不断", "不停", "不愧", "不亚于", "不输", "不逊", "不少", "不久", "不已", "不怕", "不如", "不过", "不然", "不再", "不平凡", "不简单", "不普通", "不一般", "不单调", "不会单调", "不显单调", "不枯燥", "不呆板", "不死板", "不沉闷", "不张扬", "不夸张", "不浮夸", "不花哨", "不做作", "不突兀", "不尴尬", "不拖沓", "不臃肿", "不显臃肿", "不落伍", "不俗气", "不老气", "不会过时", "不易过时", "不会出错", "不会觉得", "不二", "不请自", "不期", "不求", "不甘", "不屈", "不朽", "不懈", "不息", "不绝", "不尽", "不言", "不语", "不合时宜", "不知道", "不知不觉", "不自觉", "不起眼", "不小心", "不嫌多", "不嫌", "不多见", "不缺", "不到", "不了", "不住", "不得", "不想", "不喜欢", "不需要", "无需", "不用", "不必", "不觉", "不限", "不影响", "不跳脱", "无与伦比", "独一无二", "不完美", "不够完美", "无违和", "无压力", "无负担", "无束缚", "没有束缚", "无拘束", "不受拘束", "不约束", "不束缚", "没有过多", "没有多余", "没有繁", "没有复杂", "没有之一", "没有任何束缚", "没有太多", "没有一丝", "没有丝毫", "没有哪", "无人能", "无法抗拒", "无法抵挡", "无处安放", "未被", "不规则", "不对称", "不锈钢", "不禁让", "不至于", "不愿", "不容易混淆", "不错过", "不失为", "没准", "非你莫属", "除非", "无非", "无数", "无声", "无双", "无线", "无袖", "无领", "无缝", "无糖", "无毒", "无香", "免烫", "非遗", "免洗", "无敌"]  # fmt: skip
_IDIOMS_EN = (
    r"not only|not just|not to mention|not to be missed|no matter|no wonder|no doubt|no question|no need|no fuss|no time"
    r"|no exception|no less|no longer|no more|no one|nothing but|nothing beats|can't go wrong|cannot go wrong|can't wait"
    r"|don't miss|don't forget|don't wait|never fails?|never goes? out of|never out of|never miss|never a dull|why not"
    r"|without doubt|without a doubt|without compromising|no compromise|no stranger|no\.? ?\d|not forgetting|or not"
    r"|whether or not|if not|carefree|care free|hassle free|hands free|worry free|stress free|fuss free|feel free|duty free"
)
_ZH = re.compile(
    f"(?P<idiom>{'|'.join(sorted(map(re.escape, _IDIOMS_ZH), key=len, reverse=True))}|不时(?!尚|髦))"
    r"|(?P<no>并?不(?:是|含|带|具有|具备?|会|能|可以?|易|适合|支持|包含|包括|提供|够|太|怎么|那么|很)?|没有?|毫无|无|并?非|未|缺乏|缺少|免(?=[洗拆充])|零(?=添加|甲醛|刺激))"
    r"(?:任何|采用|使用|添加|一点|半点)?"
)
_EN = re.compile(
    rf"(?P<idiom>(?<![a-z])(?:{_IDIOMS_EN})(?![a-z]))"
    r"|(?P<un>(?<![a-z])(?:un(?=[a-z]{3,}(?:ed|able)(?![a-z]))|non[ -]?(?=[a-z]{4})))"
    r"|(?P<free>[ -]free(?![a-z])(?! (?:shipping|delivery|gift|returns|size|of|from|time)))"
    r"|(?P<no>(?<![a-z])(?:not|no|without|never|cannot|lacks?|lacking|free (?:of|from)|minus|neither|nor|hardly|far from"
    r"|(?:is|are|do|does|wo|was|were|ca|has|have)n't)(?![a-z]))"
)
_NO_NEGATION = re.compile(
    r"un(?:limited|matched|paralleled|forgettable|ited|derstated|expected|believable|doubted|precedented|stoppable"
    r"|deniable|rivalled|rivaled|beatable|disputed|surpassed|mistakable|der[a-z]*|iquely|til|it[a-z]*|i[a-z]*)"
    r"|non(?:e|chalant|sense)"
)
_CLAUSE = re.compile(r"[.,;:!?()，。；：！？（）、\n]")
_WORD_ZH, _WORD_EN = (
    re.compile(r"[\u4e00-\u9fff]{1,2}"),
    re.compile(r"[ -]*(?:(?:a|an|any|the|made|of|in|with|be|come|have) )*([a-z]+)"),
)
NOTHING = -2  # no claim is in reach: the sign names what it denies
REACH_ZH, REACH_EN = 3, 24  # characters between the negation and what it denies


def negations(folded: str, found: list[Claim], vocabulary: Vocabulary) -> list[Claim]:
    """The claims `found`, those that the text denies turned into claims of kind negation, and what else it denies."""
    found = sorted(found, key=lambda claim: (claim.start, -claim.end))
    starts = [claim.start for claim in found]
    covered = bytearray(len(folded))
    for claim in found:
        covered[claim.start : claim.end] = b"\1" * (claim.end - claim.start)
    denied: dict[int, Claim] = {}
    more: list[Claim] = []
    for start, end, reach, word in _signs(folded, vocabulary):
        if all(covered[start:end]):
            continue  # part of a word of its own, such as 不规则 or "non-slip"
        at: int | None
        if reach == NOTHING:
            more.append(Claim("negation", f"not {word}", start, end))
            continue
        if reach < 0:  # "leather-free": what is denied stands before
            at = next((n for n, claim in enumerate(found) if claim.end == start), None)
        else:
            at = bisect_left(starts, end)
            far = at < len(found) and (found[at].start - end > reach or _CLAUSE.search(folded, end, found[at].start))
            at = None if far or at == len(found) else at
        if at is not None:
            claim = found[at]
            for n, same in enumerate(found):
                if (same.start, same.end) == (claim.start, claim.end):
                    denied[n] = replace(same, kind="negation", value=f"not {same.value}", start=min(start, same.start),
                                        end=max(end, same.end), doubtful=False)  # fmt: skip
        elif word:
            more.append(Claim("negation", f"not {word}", start, min(len(folded), end + len(word))))
    return [denied.get(n, claim) for n, claim in enumerate(found)] + more


def _signs(folded: str, vocabulary: Vocabulary) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, reach, word denied where no claim is in reach) of each sign of negation."""
    if "不" in folded or "无" in folded or "没" in folded or "非" in folded or "未" in folded or "缺" in folded \
            or "免" in folded or "零" in folded:  # fmt: skip
        for sign in _ZH.finditer(folded):
            if sign["idiom"]:
                continue
            word = _WORD_ZH.match(folded, sign.end())
            yield sign.start(), sign.end(), REACH_ZH, word[0] if word else ""
    for sign in _EN.finditer(folded):
        if sign["idiom"] or (sign["un"] and _NO_NEGATION.match(folded, sign.start())):
            continue
        word = _WORD_EN.match(folded, sign.end())
        if sign["un"]:
            stem = word[1] if word else ""
            meanings = vocabulary.meanings(stem)
            if not meanings or vocabulary.meanings(f"un{stem}"):
                yield sign.start(), sign.end(), 0, stem
                continue
            yield sign.start(), sign.end() + len(stem), NOTHING, meanings[0].value
        elif sign["free"]:
            before = re.search(r"[a-z]+$", folded[: sign.start()])
            yield sign.start(), sign.end(), -1, before[0] if before else ""
        else:
            yield sign.start(), sign.end(), REACH_EN, word[1] if word else ""
