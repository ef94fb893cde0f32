"""Whether the tables support a sum of money that a text names, also one that follows from them: a price per piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from models.fact_lock.facts import Claim, ItemFacts
from models.text.languages import CJK
from models.text.numerals import NUMBER, fold, value_of

HALF_CENT = 0.005  # sums of money that differ by less are equal
# What texts call a currency, see `models.fact_lock.figure_patterns.MONEY_WORDS`.
MONEY = {
    "CNY": ("yuan",),
    "JPY": ("yuan",),
    "USD": ("dollar",),
    "HKD": ("dollar", "yuan"),
    "TWD": ("dollar", "yuan"),
    "SGD": ("dollar",),
    "AUD": ("dollar",),
    "CAD": ("dollar",),
    "EUR": ("euro",),
    "GBP": ("pound",),
    "INR": ("rupee",),
}
EACH = "each"  # before the role of a price of one piece, with its counter: "each price 2 yuan", "each盒 under 2"
ABOUT = 0.05  # share by which "about" may miss a price of one piece
# How many pieces of what one buys: 20包, 40次洗涤.
_COUNTED = re.compile(
    r"(?<![\d.])(?<!每[本包袋盒瓶只个片支条张])(\d{1,4}) ?"
    r"(?:([包袋片只个次粒颗支条枚块份张卷件双本盒罐瓶])(?!月|小时|星期|钟头)|bags|washes|pieces|sheets|pairs)"
)
_PLAIN_PRICE = re.compile(r"(?:price|now) (?P<sum>[\d.]+)(?: yuan)?")
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
_EACH = re.compile(rf"{EACH}(?P<counter>\S*) ")
_PACKS = "盒袋包套瓶罐本卷"  # one of these holds several pieces
_PIECES = re.compile(r"(?P<count>[2-9]|[1-9]\d{1,2})(?P<pieces> piece)?")


def is_price(words: str, facts: ItemFacts, known: frozenset[str]) -> bool:
    """True if the tables have the sum: words are such as "now 99 yuan", "under 100", "each under 2 yuan".

    known: the values that the item's words support, such as "4 piece".
    """
    each = _EACH.match(words)
    role, _, figure = words[each.end() if each else 0 :].partition(" ")
    amount, *money = figure.split(" ")
    if not is_own_money(money, facts):
        return False
    try:
        value = float(amount)
    except ValueError:
        return False
    if each:
        prices = prices_of_one(facts, known, each["counter"])
        leeway = ABOUT * value if role == "about" else 2 * HALF_CENT
        if role == "over":
            return any(_is_just_over(price, value) for price in prices)
        return any(price < value if role == "under" else abs(price - value) < leeway for price in prices)
    if role == "less":
        return equals_one(value, facts.amounts_off)
    if role == "spend":
        return equals_one(value, (facts.minimum_spend,))
    if role == "under":
        return facts.price is not None and facts.price < value
    if role == "over":
        return facts.price is not None and _is_just_over(facts.price, value)
    if role == "was":
        return equals_one(value, (facts.old_price,))
    return equals_one(value, (facts.price,) if role == "now" else (facts.price, facts.old_price))


def is_own_money(money: list[str], facts: ItemFacts) -> bool:
    """Whether the named currency, if any, is that of the prices."""
    return not money or not facts.currency or money[0] in MONEY.get(facts.currency, facts.currency)


def prices_of_one(facts: ItemFacts, known: frozenset[str], counter: str = "") -> list[float]:
    """The prices of one piece that follow from the price and the row's counts. counter: that of a Chinese text."""
    return [facts.price / count for count in _counts(facts, known, counter)] if facts.price else []


def _is_just_over(price: float, value: float) -> bool:
    """Whether a price is what 三块六毛多 or 三块多 says: less than one more of its last unit."""
    return value <= price < value + (1 if value == int(value) else 0.1)


def is_saving(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a sum is the difference of the two prices, and the text names both: 原来299，今天239，六十块拿去吃面.

    The text must say that it is left over: a sum paid in advance, paid back or the worth of a gift may be the same.
    A sum for which the text sells the item is none: 六十块带走.
    """
    if not CJK.search(folded):
        return False  # English ones: models.fact_lock.derived_figures
    value = _PLAIN_PRICE.fullmatch(claim.value) if claim.kind == "price" else None
    if value is None or not equals_one(float(value["sum"]), facts.amounts_off):
        return False
    named = [value_of(number) for number in NUMBER.finditer(folded)]
    has_both = equals_one(facts.price or 0.0, named) and equals_one(facts.old_price or 0.0, named)
    says_so = _LEFT_OVER.search(folded, 0, claim.start) or _SPENT.match(folded, claim.end)
    sells = _SELLS.match(folded, claim.end) or _SOLD_FOR.search(folded, 0, claim.start)
    return has_both and says_so is not None and sells is None


def is_of_other_cost(claim: Claim, folded: str) -> bool:
    """Whether a sum is said to be saved on something else than the item: 省下六十块暖气费."""
    return claim.kind == "price" and _OTHER_COST.match(folded, claim.end) is not None


def equals_one(value: float, amounts: Iterable[float | None]) -> bool:
    """Whether the value is one of these sums of money."""
    return any(amount is not None and abs(value - amount) < HALF_CENT for amount in amounts)


def piece_counts(known: frozenset[str]) -> list[tuple[int, bool]]:
    """(count, whether it says of pieces) of each number above one that stands without another unit in `known`."""
    counted = filter(None, map(_PIECES.fullmatch, known))
    return [(int(count["count"]), count["pieces"] is not None) for count in counted]


def _counts(facts: ItemFacts, known: frozenset[str], counter: str) -> Iterator[int]:
    """How many pieces the item has, by its row: one, unless it is sold as a set, and any number that the row counts."""
    texts = [fold(text) for text in facts.texts()]
    rows = [found for text in texts for found in _COUNTED.findall(text) if int(found[0]) > 1]
    if any(own == counter for _, own in rows if counter):
        yield from (int(count) for count, own in rows if own == counter)
        return
    if counter and counter in _PACKS:
        yield 1
        return
    counted = piece_counts(known)
    if not any(is_of_pieces for _, is_of_pieces in counted):
        yield 1
    yield from (count for count, _ in counted)
    yield from (int(count) for count, _ in rows)
