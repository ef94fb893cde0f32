"""Things that a row names only to say that the item lacks them: 香精 of 无香精, a battery that is sold apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.attribute_names import denied_by_values
from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.negations import ASKED, ASKED_ZH, SUBSTANCE
from models.fact_lock.word_index import is_only_denied
from models.text.languages import UNSPACED
from models.text.numerals import fold, with_digits

_LACKS = re.compile(rf"(?:无|不含|不加|零|未添加|不添加)(?P<thing>{SUBSTANCE})")
_PART = re.compile(r"[^,，、;；/和与及 ]+")
# What the row says of a thing that does not come along, or that it is only made for: 不含电池, 墨盒另购, 兼容惠普.
_LACKED_ZH = (
    "(?:不含|不带|不附|不配|没有|无|不添加|未添加|可能含|处理|兼容|适用|适配|支持|选配|可选|避免|禁用|忌)[^,.;:，。；：]{0,6}?%s"
    "|%s[^,.;:，。；：]{0,3}?(?:另购|另售|另配|选购|自备|不含|不附|需另)"
)
# Attributes that list what is sold apart, and what the item must be kept from.
_APART = re.compile(r"(?<![a-z])(?:optional|options)(?![a-z])|选配|另购|加购")
_SHUNNED = re.compile(r"(?<![a-z])(?:avoid|never|keep away)(?![a-z])|避免|禁用|忌")
_THING = re.compile("[一-龥]{2,6}")
_NO_THING = re.compile("选配|可选|另购|另售|加购|避免|请勿|禁止|禁用|切勿|不可|不能|忌")
_CLAUSE = re.compile("[^,，。;；:：!！?？]+[?？]?")
# These deny nothing of what the clause names.
_MORE = re.compile(
    "不少|不仅|不只|不光|不但|不止|不错|不停|不断|没少|少不了|没事|没关系|没问题|不怕|不要紧|不碍事|不影响|无所谓|无妨"
)
_DENIES = re.compile("[不没无非别勿免零未忌少低拒避离]|free")
_SELLS_APART = re.compile("[选另]|加购|想要|需要|自己|单独")
# 不含香精,矿物油: a list of what is lacked.
_LIST = re.compile(
    rf"(?:不含|不加|没有|没[加放]|无|零)(?:{SUBSTANCE})(?:[,，、和](?:{SUBSTANCE}))*?[,，、和](?P<more>{SUBSTANCE})(?=[,，、。;；!！]|$)"
)
_ALSO = re.compile(
    rf"(?:^|(?<=[,，。;；!！]))(?P<more>{SUBSTANCE})(?:也|都|更是?|统统|通通)(?:没有|没[加放含]|不[含加放]|无)(?=[,，。;；!！]|$)"
)
# A warning of an allergy, which ends its clause; after another denial (不必避开) it is the opposite.
_ALLERGY = re.compile("(?P<of>[一-龥]{0,4})过敏(?!原)")
_WARNS = re.compile(
    "过敏(?:(?![不没无别勿])[^,，。:;!?！？]){0,8}"
    "(?:(?:请|就)?(?:别|勿|不要|不能|不可以?|不宜)(?:吃|碰|买|尝|用|喝|选|下单|拍|入口)|慎[用食买选重]|(?:请|就)?(?:绕(?:道|行|开)|避开)|不适合|不建议)"
    "(?:它|这[款个罐袋盒]|了|哦|啊|吧|食用|购买|下单)?(?=[,，。;；!！]|$)"
)
_ALLERGENS = re.compile("(?<![a-z])allergens?(?![a-z])|过敏原|致敏")
# 没有延长链, 延长链没有: a clause that only denies a thing.
_IS_MISSING = re.compile(
    "(?:^|(?<=[,，。;；!！]))(?P<what>[一-龥]{2,6}?)(?:也|都|可|倒是?|根本)*没有(?=[,，。;；!！]|$)"
)
_HAS_NOT = re.compile(
    "(?:^|(?<=[,，。;；!！]))(?:也|都|根本|完全|可)?(?:没有|不带|没带|不附|不是)(?P<what>[一-龥]{2,6}?)的?(?=[,，。;；!！]|$)"
)
_MAY_BE_DENIED = ("attribute", "ingredients", "material", "shape", "technical", "use")
# In English, what says that the item has a thing, and what denies it in a clause.
_HAS = (
    r"(?<![a-z])(?:with|has|have|its|their|includes?|there (?:is|are)|there's|contains?|plus|features?)"
    r" (?:(?:an?|the|one|two|three|four|some|its) )*(?:(?!(?:no|not|never|and|or|of|for|to|in|on"
    r"|with|without)(?![a-z]))[a-z-]+ ){0,2}"
)
_CLAUSE_EN = re.compile(r"[^,.;:!?]+")
_DENIES_EN = re.compile(
    r"n't(?![a-z])|(?<![a-z])(?:no|not|never|none|nothing|nobody|without|free|zero|nor|neither|minus|skip|skips|lacks?"
    r"|lacking|instead|rather|cannot|hardly|missing|absent|gone|forget|goodbye|farewell|unlike|others?)(?![a-z])"
)


def is_lacked(thing: str, facts: ItemFacts) -> bool:
    """Whether the row names the thing only to say that the item has it not."""
    lacked = re.compile(_LACKED_ZH % (re.escape(thing), re.escape(thing)))
    return any(map(lacked.search, facts.folded_texts))


def says_lacked(claim: Claim, facts: ItemFacts) -> bool:
    """Whether a thing that comes along, as a claim says, is missing by the row: 七号电池, of 7号电池（不含）."""
    return any(is_lacked(form, facts) for form in (claim.words, with_digits(claim.words)))


def states_denied(folded: str, facts: ItemFacts) -> Iterator[Claim]:
    """Things that an English text says the item has, and that a value denies: "with a drawer", of drawers "none"."""
    things = sorted({thing for thing in denied_by_values(facts) if len(thing) > 3})
    if not things:
        return
    stated = re.compile(rf"{_HAS}(?P<thing>{'|'.join(map(re.escape, things))})(?![a-z-])")
    for clause in _CLAUSE_EN.finditer(folded):
        for thing in stated.finditer(folded, *clause.span()):
            if not _DENIES_EN.search(folded, clause.start(), thing.end()) and not ASKED.match(folded, thing.end()):
                yield Claim("attribute", f"{SAID_IN_TEXT}{thing['thing']}", *thing.span("thing"))


def states_lacked(folded: str, facts: ItemFacts) -> Iterator[Claim]:
    """What a Chinese text says to be there although the row lacks it, and denies although the row has it."""
    if not UNSPACED.search(folded):
        return
    things = list(_things(facts))
    yield from _denies_wrongly(folded, facts, {thing for _, thing in things})
    for clause in _CLAUSE.finditer(folded) if things else ():
        for kind, thing in things:
            start = folded.find(thing, *clause.span())
            if start < 0 or is_denied(clause[0]) or (kind == "bundle" and _SELLS_APART.search(clause[0])):
                continue
            if not (kind == "ingredients" and ASKED_ZH.match(folded, clause.start())):
                yield Claim(kind, f"{SAID_IN_TEXT}{thing}", start, start + len(thing))


def _denies_wrongly(folded: str, facts: ItemFacts, lacked: set[str]) -> Iterator[Claim]:
    """Denials of substances that are none of those `lacked`, and of things that the row has."""
    for listed in (*_LIST.finditer(folded), *_ALSO.finditer(folded)):
        if listed["more"] not in lacked:
            yield Claim("negation", f"not {listed['more']}", *listed.span("more"))
    for denial in (*_HAS_NOT.finditer(folded), *_IS_MISSING.finditer(folded)):
        what = denial["what"]
        if any(kind.endswith(what) for kind in facts.kinds) or what in lacked:
            continue  # 不是大衣,是拥抱
        if facts.says(what) and not is_only_denied(what, facts.folded_texts) and not is_lacked(what, facts):
            yield Claim("negation", f"not {what}", *denial.span())


def states_allergy(folded: str, facts: ItemFacts) -> Iterator[Claim]:
    """What a text says of an allergy to something that the row has, unless it warns."""
    has_allergens = any(_ALLERGENS.search(fold(name)) for name in facts.attributes)
    for allergy in _ALLERGY.finditer(folded):
        named = any(facts.says(allergy["of"][start:]) for start in range(len(allergy["of"]) - 1))
        if (named or has_allergens) and not _WARNS.match(folded, allergy.end() - 2):
            yield Claim("health", f"{SAID_IN_TEXT}{allergy[0]}", *allergy.span())


def contradicts(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a Chinese text says something in words that the row has only to deny them: 防水, of 不防水."""
    words = folded[claim.start : claim.end]
    if claim.kind not in _MAY_BE_DENIED or len(words) < 2 or not UNSPACED.search(folded):
        return False
    if any(is_denied(clause[0]) for clause in _CLAUSE.finditer(folded) if clause.start() <= claim.start < clause.end()):
        return False
    return is_only_denied(words, facts.folded_texts)


def is_denied(clause: str) -> bool:
    """Whether a clause has a word that denies."""
    return _DENIES.search(_MORE.sub("", clause)) is not None


def _things(facts: ItemFacts) -> Iterator[tuple[str, str]]:
    """(kind of the claim, thing) for each thing that the row lacks, sells apart, or says to keep away from."""
    for name, value in facts.folded_values:
        kind = "bundle" if _APART.search(name) else "use" if _SHUNNED.search(name) else ""
        for part in _PART.findall(value):
            if lacks := _LACKS.fullmatch(part):
                yield "ingredients", lacks["thing"]
            for thing in _THING.findall(_NO_THING.sub(" ", part)) if kind else ():
                yield kind, thing
