"""Whether a Chinese text denies rightly what was found in it: 不用充电 of a saw, 不是牛奶巧克力 of a dark one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts

# A denial up to the thing denied.
_NEGATES = re.compile(
    "^(?:并?不(?:是|用|必|需要?|占|靠|含|带)?|没有?|无需?|无须|并?非|免|少了?)(?:什么|任何|一个|一点)?"
)
# What stands before the thing; 不只充电 denies nothing, and 没电也能充电 not the second thing.
_BEFORE = re.compile(
    "(?:不(?:用|必|需要?|须|是|靠|带|含|占|会|能|再)(?:(?![也就都还才能的])[\u3400-\u9fff]){0,4}"
    "|(?:没有?|无需|无须|免|少了?)(?:(?![也就都还才能])[\u3400-\u9fff]){0,4})$"
)
# A warning that follows and ends its clause: 大狗别吃, but not 大狗别吃别的.
_WARNED = re.compile(
    "(?:(?:就|请)?(?:别|不要|勿)(?:吃|用|买|喝|碰|穿|戴|选|下单|拍)|请?绕道)(?:它|这[个款袋罐瓶双件]|了|哦|啊|吧)?(?=[,，。;；!！]|$)"
)
# A text that asks back says the opposite: 谁说大狗别吃.
_ASKS_BACK = re.compile("(?:谁说|哪有|哪里?会|难道|怎[么会能])[^,，。;；!！?？]*$")
# What cannot be done with the item: 没法拆下来, 不能丢进洗衣机.
_CANNOT = re.compile(
    "(?:不能|没法|没办法|无法|不可以?|不得)(?:直接|再|单独|整[张条件个只])?(?:[丢扔塞放进拿泡]{1,2})?(?P<what>[一-龥]{2,6})"
)
_REACH = 8  # characters before the thing in which the denial stands


def denies_in_chinese(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether the text denies what it names, and the row's words rule it out. known: the values they support."""
    if claim.kind == "negation":  # the claim may hold only the last word denied, 巧克力
        return f"not {_NEGATES.sub('', folded[claim.start : claim.end])}" in known
    words = claim.words
    if f"not {words}" not in known:
        return False
    if _WARNED.match(folded, claim.end):
        return not _ASKS_BACK.search(folded, 0, claim.start)
    before = _BEFORE.search(folded, max(0, claim.start - _REACH), claim.start)
    return before is not None and claim.is_said


def asks_back(claim: Claim, folded: str) -> bool:
    """Whether a denial is of a question that means the opposite: 谁说不防水."""
    denies = claim.kind == "negation" or folded[claim.start] in "不没"
    return denies and _ASKS_BACK.search(folded, 0, claim.start) is not None


def warns_off(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a text turns away those whom the row names: 小型犬请绕道, of food for 小型犬."""
    return (
        _WARNED.match(folded, claim.end) is not None
        and claim.kind == "attribute"
        and facts.says(folded[claim.start : claim.end])
        and not _ASKS_BACK.search(folded, 0, claim.start)
    )


def denies_known(folded: str, known: frozenset[str]) -> Iterator[Claim]:
    """Denials of what follows from the row: 滤网没法拆下来, of a strainer that comes off."""
    for denial in _CANNOT.finditer(folded):
        words = (denial["what"][:end] for end in range(2, len(denial["what"]) + 1))
        if any(f"{SAID_IN_TEXT}{word}" in known for word in words) and not _ASKS_BACK.search(folded, 0, denial.start()):
            yield Claim("negation", f"not {denial['what']}", *denial.span())
