"""Which Chinese clauses stand by themselves, and which contradict an item's values: lists of words, no model.

A clause that was cut out of its sentence may need its neighbours: one that begins with a conjunction or a pronoun leans
on the clause before it, and one such as 不仅舒适 promises a clause after it. English is cut into whole sentences, which
need none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

SIGNS = str.maketrans(",;:!?", "，；：！？")
LEANING = re.compile(
    "而|并|且|但|却|可是|就|则|因此|因而|所以|从而|于是|甚至|或|及|以及|和|与|跟|它|其|他|她|这样|这种|这些|这也|这就|那|"
    "是|的|都|也|还|均|再|又|使|令|让|同时|另外|此外|不过|只|像|如同|仿佛|一样|般|穿上它|再加|加上|加之|配合|搭配上|更"
)
_UNFINISHED = re.compile(
    "(?:不仅|不但|不光|无论|不论|不管|虽然|尽管|因为|由于|如果|只要|即使|哪怕|当|除了|随着|对于|比起|既)"
    "(?!.*(?:还|也|都|更|又|而且|却|但|就))"
)
_OPEN = re.compile(
    "(?:同时|之余|时候|之中|不仅|以及|还有|因为|无论|和|与|让|使|令|是|在|把|被|将|的话|之外|以外|来说|而言|而又|但又|且)$"
)
_FOR_WHOM = re.compile(
    "孩|宝宝|宝贝|童|男|孕|妈|爸|老人|学生|新娘|伴娘|胖|微胖|矮"
)  # who wears it: the item has no such facts
# Speaks of a garment beside the item.
_OTHER = re.compile("(?:任何|什么|内搭|搭配|呼应|与|其他|各种|各类)的?上衣|件上衣都|的上衣尽|羽绒服|外套搭配")
_OWNED = re.compile(r"^(?P<maker>[^这]{1,6}?)(?:家)?的?这[款条件]")
CONTRARY = (
    ("宽松", "阔腿", "廓形", "蝙蝠", "大码"),
    ("修身", "紧身", "贴身", "束身", "合体", "合身", "包臀", "收身", "塑形", "小脚", "铅笔", "紧致"),
)


def stands(clause: str, values: Iterable[str]) -> bool:
    """Whether a clause can be read alone and is about the item.

    False if it promises another clause, says who wears the item, speaks of other garments, or names a maker before
    这款 ("this one") that is none of `values`.
    """
    bare = clause.strip().rstrip("，。！？；：,!?;:～~…”」』）)")
    owned = _OWNED.match(bare)
    if owned is not None and not any(value in owned["maker"] for value in values) and len(owned["maker"]) < 5:
        return False
    return not (_OPEN.search(bare) or _UNFINISHED.match(bare) or _FOR_WHOM.search(bare) or _OTHER.search(bare))


def leans(clauses: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) True for clauses that begin with a word that needs a clause before it."""
    return np.array([bool(LEANING.match(clause)) for clause in clauses], bool)


def contraries(clauses: Sequence[str]) -> NDArray[np.bool_]:
    """(2, n) True for clauses that have a word of the first, or of the second, side of CONTRARY."""
    return np.array([[any(word in clause for word in side) for clause in clauses] for side in CONTRARY], bool)


def against(values: Sequence[str]) -> list[int]:
    """The side of CONTRARY, 0 or 1, that contradicts these values; none if they are on both sides or on neither."""
    is_on = [any(word in value for value in values for word in side) for side in CONTRARY]
    return [side for side in (0, 1) if is_on[1 - side] and not is_on[side]]
