"""Whether what a text says to come with the item is in its row: "a tuner comes with it", of a row with a tuner."""

from __future__ import annotations

import re

from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.missing_things import is_lacked

# The words of a claim that only says that something comes along; the thing stands beside it.
_ONLY_COMES = re.compile(
    r"(?:(?:come|comes|came|coming|arrive|arrives|arrived|packed|sold|sent|supplied|ship|ships|shipped|include|includes"
    r"|included|complete|together|along|with|in|inside|the|it|them|its|a|an|box|parcel|package|part|of|deal|bargain|brings?|brought|carries|own"
    r"|thrown)[ -]?)+"
)
_LEADS_ON = re.compile(r"(?<![a-z])(?:its|own|a|an|with|includes?)$")  # the thing follows
# The thing before the claim, from the nearest of these words on: "with the screws | in the box".
_BEFORE = re.compile(
    r"(?:.*(?:[,.;:!?]|(?<![a-z])(?:an?|the|its|some|with|and|of|both|your|find)(?![a-z])))? ?"
    r"(?P<thing>[a-z0-9-]+(?: [a-z0-9-]+){0,2}?),?(?: (?:that|which))?(?: (?:is|are|already|all))* $"
)
_AFTER = re.compile(
    r" ?(?:(?:an?|the|its|own|some) )*(?P<thing>[a-z0-9-]+(?: [a-z0-9-]+){0,2}?)"
    r"(?= (?:and|that|which|for|to|in|on|so|when|if|while|as|you|with|at|or)(?![a-z])|[,.;:!?]|$)"
)

# In Chinese the thing follows (自带托盘, 附了一支笔), up to the end of its clause.
_ONLY_COMES_ZH = re.compile("(?:附|自带|附带|随附|配)(?:了|有|着)?(?:一)?")
_AFTER_ZH = re.compile("(?:了|有|着)?[一两二三四五六\\d]*[条只个支把根本份套张枚块盒袋]?(?P<thing>[\u3400-\u9fff]{2,})")


def is_included(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a claim only says of a thing that it comes along, and the row has the thing.

    All words that describe the thing must be in the row: a row with a strap has no second strap. The item itself comes
    once: "a second one".
    """
    words = folded[claim.start : claim.end]
    if _ONLY_COMES_ZH.fullmatch(words):
        follows = _AFTER_ZH.match(folded, claim.end)
        thing_zh = follows["thing"] if follows else ""
        comes = thing_zh and facts.says(thing_zh) and not is_lacked(thing_zh, facts)
        return bool(comes) and thing_zh not in facts.kinds
    if claim.kind != "bundle" or not _ONLY_COMES.fullmatch(words):
        return False
    thing = _AFTER.match(folded, claim.end) if _LEADS_ON.search(words) else _BEFORE.match(folded[: claim.start])
    if thing is None:
        return False
    named = re.findall(r"[a-z0-9]+", thing["thing"])
    return named[-1] not in facts.kinds and all(map(facts.says, named))
