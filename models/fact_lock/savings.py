"""Whether a sum of money is what the two prices differ by, and the text says that the buyer saves it."""

from __future__ import annotations

import re

from models.fact_lock.clauses import clause_around
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.prices import equals_one, is_in_own_money
from models.text.languages import UNSPACED
from models.text.numerals import NUMBER, value_of

_SUM = re.compile(r"(?:(?:price|less) )?(?P<value>[\d.]+)(?: yuan| dollar| euro| pound| rupee)?")
# Right before or right after a sum that the buyer saves; after one of `_PAYS` it is what the buyer pays.
_SAVES = re.compile(
    r"(?<![a-z])(?:(?P<sure>sav(?:e[sd]?|ings?)(?: you| of)?|discount of)|(?:cut|drop|difference|reduction) of"
    r"|(?:down|cut|lower|reduced|fell|fallen|dropped|cheaper) by|down|less|off|knocked|shaved|trimmed|keeps?"
    r"|kept|pocket)"
    r"(?: (?:about|just|only|around|roughly|exactly|a full|a cool))? $"
)
_SAVED = re.compile(
    r" (?:(?P<sure>off|cheaper|saved)|less|lower|fewer|knocked off|shaved off|to spare|left over|in your pocket"
    r"|stays?(?= (?:in|with))|down from)(?![a-z])"
)
_PAYS = re.compile(
    r"(?<![a-z])(?:pay|pays|costs?|priced?(?: at| is| of)?|for|at|now|yours for|is now|from|to|was|were|cost"
    r"|reduced to|it's|all of)"
    r"(?: (?:about|just|only|around|roughly))? $"
)
# A saving beside that of the two prices, or one that asks for something.
_FURTHER = re.compile(
    r"(?<![a-z])(?:further|another|extra|additional|second|next|order|code|coupon|voucher|members?|bill|owe)(?![a-z])"
)
# What may follow a sum that is saved: after a bare number no thing that it counts.
_NO_THING = re.compile(
    r"[,.;:!?]|$| (?:off|back|less|lower|cheaper|from|left over|will buy|buys|pays for|towards|stays?|saved"
    r"|for(?! (?:the|each|every)(?![a-z])))(?![a-z])"
)
_GOES_ON = re.compile(
    r" (?:for|on|today|and|is|buys|will buy|or|in your|to spare|while|when|compared|fewer|knocked|shaved|down)(?![a-z])"
)
_SUM_ZH = re.compile(r"(?:price|now) (?P<value>[\d.]+)(?: yuan)?")
# What becomes of a sum that is saved: it is left over (省下, 多出来的, 落袋) or buys the reader something else.
_LEFT_OVER = re.compile("(?:差出?|省[下出]?来?|多出来?|剩下?|便宜|少[付花]?|抹[掉去]?)(?:了|的|来的)?$")
_SPENT = re.compile(
    "(?:钱)?(?:正好|刚好|可以|能|就|够|你|都|全|自己|留着|给[一-龥]{1,3}?){0,3}"
    "(?:落袋|拿去(?![^,，。]{0,4}(?:付|抵|交|押))|(?:吃|喝|看|请|买(?!单)|加(?=[份顿杯碗]))|存起|攒|揣|的?差价)"
)
# What such a sum pays for: 省下六十块暖气费 is no saving on the item.
_OTHER_COST = re.compile("的?(?:[一-龥]{0,4}?费(?![力劲心事])|税|押金|定金|尾款)")
# What the item is sold for, and no sum that is saved.
_SELLS = re.compile(
    "(?:钱)?(?:就|便|即)?(?:能|可以?)?(?:带|抱|拿(?!去)|买(?![菜酒肉花糖杯])|入手|到手|搬|收(?!进)|拥有|得到|换|归你|归我|是你的"
    "|一[件个只条双台套盒袋箱]|[一-龥]{1,2}(?:走|回家|到家)|下单)"
)
_SOLD_FOR = re.compile("(?:只要|仅|才|只需|售价?|卖|到手价?|现价|[付花掏])[^,，。;；]{0,2}$")


def is_saving(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a sum is what the two prices differ by, and the text says so.

    An English text says it beside the sum, or names both prices. A Chinese text must do both: a sum paid in advance,
    paid back or the worth of a gift may be the same.
    """
    in_english = not UNSPACED.search(folded)
    kinds, form = (("number", "price"), _SUM) if in_english else (("price",), _SUM_ZH)
    value = form.fullmatch(claim.value) if claim.kind in kinds else None
    if value is None or not equals_one(float(value["value"]), facts.amounts_off):
        return False
    return _is_saved(claim, facts, folded) if in_english else _is_saved_in_chinese(claim, facts, folded)


def _is_saved(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether an English text says that the sum is saved, or names both prices: "was 299, now 239: 60 buys lunch"."""
    if not is_in_own_money(claim, facts) or _PAYS.search(folded, max(0, claim.start - 24), claim.start):
        return False
    is_bare, no_thing = claim.kind == "number", _NO_THING.match(folded, claim.end) is not None
    if not no_thing and (is_bare or not _GOES_ON.match(folded, claim.end)):
        return False
    if _FURTHER.search(clause_around(claim, folded)):
        return False
    if {facts.price, facts.old_price} <= set(_numbers(folded)):
        return True
    is_saved = _SAVES.search(folded, max(0, claim.start - 32), claim.start) or _SAVED.match(folded, claim.end)
    return is_saved is not None and (not is_bare or is_saved["sure"] is not None)


def _is_saved_in_chinese(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a Chinese text names both prices and says that the sum is left over: 原来299，今天239，六十块拿去吃面.

    A sum for which the text sells the item is no saving: 六十块带走.
    """
    named = _numbers(folded)
    has_both = equals_one(facts.price or 0.0, named) and equals_one(facts.old_price or 0.0, named)
    says_so = _LEFT_OVER.search(folded, 0, claim.start) or _SPENT.match(folded, claim.end)
    sells = _SELLS.match(folded, claim.end) or _SOLD_FOR.search(folded, 0, claim.start)
    return has_both and says_so is not None and sells is None


def _numbers(folded: str) -> list[float]:
    return [value_of(number) for number in NUMBER.finditer(folded)]


def is_of_other_cost(claim: Claim, folded: str) -> bool:
    """Whether a sum is said to be saved on something else than the item: 省下六十块暖气费."""
    return claim.kind == "price" and _OTHER_COST.match(folded, claim.end) is not None
