"""What a Chinese text says to be there although the row says that it is not: 香精 of 无香精, a thing sold apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.negations import ASKED_ZH, SUBSTANCE
from models.fact_lock.vocabulary import UNSPACED
from models.fact_lock.word_index import is_only_denied
from models.text.numerals import fold

_LACKS = re.compile(rf"(?:无|不含|不加|零|未添加|不添加)(?P<thing>{SUBSTANCE})")
_PART = re.compile(r"[^,，、;；/和与及 ]+")
# Attributes that list what is sold apart, and what the item must be kept from.
_APART = re.compile(r"(?<![a-z])(?:optional|options)(?![a-z])|选配|另购|加购")
_SHUNNED = re.compile(r"(?<![a-z])(?:avoid|never|keep away)(?![a-z])|避免|禁用|忌")
_THING = re.compile("[一-龥]{2,6}")
_NO_THING = re.compile("选配|可选|另购|另售|加购|避免|请勿|禁止|禁用|切勿|不可|不能|忌")
_CLAUSE = re.compile("[^,，。;；:：!！?？]+[?？]?")
_MORE = re.compile("不少|不仅|不只|不光|不但|不止|不错|不停|不断|没少|少不了")  # these deny nothing
_DENIES = re.compile("[不没无非别勿免零未忌少低拒避离]|free")
_SELLS_APART = re.compile("[选另]|加购|想要|需要|自己|单独")
# 不含香精,矿物油: a list of what is lacked.
_LIST = re.compile(
    rf"(?:不含|不加|没有|没[加放]|无|零)(?:{SUBSTANCE})(?:[,，、和](?:{SUBSTANCE}))*?[,，、和](?P<more>{SUBSTANCE})(?=[,，、。;；!！]|$)"
)
_MAY_BE_DENIED = ("attribute", "ingredients", "material", "shape", "technical", "use")


def states_lacked(folded: str, facts: ItemFacts) -> Iterator[Claim]:
    """Claims of what the row lacks, sells apart or warns of, in clauses of the text that do not deny it."""
    if not UNSPACED.search(folded):
        return
    things = list(_things(facts))
    lacked = {thing for _, thing in things}
    for listed in _LIST.finditer(folded):
        if listed["more"] not in lacked:
            yield Claim("negation", f"not {listed['more']}", *listed.span("more"))
    for clause in _CLAUSE.finditer(folded) if things else ():
        for kind, thing in things:
            start = folded.find(thing, *clause.span())
            if start < 0 or is_denied(clause[0]) or (kind == "bundle" and _SELLS_APART.search(clause[0])):
                continue
            if not (kind == "ingredients" and ASKED_ZH.match(folded, clause.start())):
                yield Claim(kind, f"{SAID_IN_TEXT}{thing}", start, start + len(thing))


def contradicts(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a Chinese text says something in words that the row has only to deny them: 防水, of 不防水."""
    words = folded[claim.start : claim.end]
    if claim.kind not in _MAY_BE_DENIED or len(words) < 2 or not UNSPACED.search(folded):
        return False
    if any(is_denied(clause[0]) for clause in _CLAUSE.finditer(folded) if clause.start() <= claim.start < clause.end()):
        return False
    return is_only_denied(words, list(map(fold, facts.texts())))


def is_denied(clause: str) -> bool:
    """Whether a clause has a word that denies."""
    return _DENIES.search(_MORE.sub("", clause)) is not None


def _things(facts: ItemFacts) -> Iterator[tuple[str, str]]:
    """(kind of the claim, thing) for each thing that the row lacks, sells apart, or says to keep away from."""
    for name, values in facts.attributes.items():
        folded = fold(name)
        kind = "bundle" if _APART.search(folded) else "use" if _SHUNNED.search(folded) else ""
        for value in map(fold, values):
            for part in _PART.findall(value):
                if lacks := _LACKS.fullmatch(part):
                    yield "ingredients", lacks["thing"]
                for thing in _THING.findall(_NO_THING.sub(" ", part)) if kind else ():
                    yield kind, thing
