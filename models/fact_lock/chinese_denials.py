"""Whether a Chinese text denies rightly what was found in it: 不用充电 of a saw, 不是牛奶巧克力 of a dark one."""

from __future__ import annotations

import re

from models.fact_lock.facts import SAID_IN_TEXT, Claim

# A denial up to the thing denied.
_NEGATES = re.compile(
    "^(?:并?不(?:是|用|必|需要?|占|靠|含|带)?|没有?|无需?|无须|并?非|免|少了?)(?:什么|任何|一个|一点)?"
)
# What stands before the thing; 不只充电 denies nothing, and 没电也能充电 not the second thing.
_BEFORE = re.compile(
    "(?:不(?:用|必|需要?|须|是|靠|带|含|占|会|能|再)(?:(?![也就都还才能的])[\u3400-\u9fff]){0,4}"
    "|(?:没有?|无需|无须|免|少了?)(?:(?![也就都还才能])[\u3400-\u9fff]){0,4})$"
)
# A warning that follows: 大狗别吃.
_WARNED = re.compile("(?:就|请)?(?:别|不要|勿)(?:吃|用|买|喝|碰|穿|戴|选|下单|拍)|请?绕道")
_REACH = 8  # characters before the thing in which the denial stands


def denies_in_chinese(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether the text denies what it names, and the row's words rule it out. known: the values they support."""
    if claim.kind == "negation":  # the claim may hold only the last word denied, 巧克力
        return f"not {_NEGATES.sub('', folded[claim.start : claim.end])}" in known
    words = claim.value.removeprefix(SAID_IN_TEXT)
    if f"not {words}" not in known:
        return False
    if _WARNED.match(folded, claim.end):
        return True
    before = _BEFORE.search(folded, max(0, claim.start - _REACH), claim.start)
    return before is not None and words != claim.value
