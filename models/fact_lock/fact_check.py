"""Whether an item's facts support a claim."""

from __future__ import annotations

import re

from models.fact_lock.ages import fits_newborn
from models.fact_lock.counted import counts_colours, counts_things
from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.figure_check import HALF_PERCENT, has_figure
from models.fact_lock.figure_patterns import UNITS
from models.fact_lock.missing_things import is_lacked, says_lacked
from models.fact_lock.negations import SUBSTANCE
from models.fact_lock.prices import is_price
from models.fact_lock.sizes import fits_size
from models.fact_lock.vocabulary import kind_of
from models.text.languages import UNSPACED
from models.text.numerals import NUMBER, fold

_VERB_ZH = re.compile("^(?:没有?|不|未|无)?(?:上|加|放|有|带|含|添加|用|涂|装|给|留)?(?:一?[点个层滴]|任何|半点)?")
_DENIED_AFTER = re.compile(
    "(?P<what>[一-龥]{2,5}?)(?:倒是?|也|都|可|压根|根本|完全|统统|全|一[点滴丝])*(?:没有?|不)(?:再|添加|[放加含用掺])?"
)
_SUBSTANCE = re.compile(SUBSTANCE)
_JOINS = re.compile("[,、和与及跟]")  # before a second thing that is denied
# After what is denied, how the text goes on: 不含bpa,放心. A list (不含bpa,双酚s) would deny more than the row does.
_AT_EASE = re.compile("(?:放心|安心|踏实|尽管|可以|给[一-龥]|宝宝|孩子|家人|老人|大人|喝|吃|抹|用|泡).*")
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
# "twenty bags in a tin": true where the row has twenty bags.
_PACKED = re.compile("(?:一|每|1)[盒箱袋罐套包组桶筒卷](?:里|装|共|有|是|内|就是)*(?P<count>[^一-龥]*[一-龥]{1,6})")
# Attributes of which an item has one value: where a row gives it, the item has no other.
ONE_VALUE = frozenset(
    ("closure", "fastening", "collar", "neck", "neckline", "heel", "sleeve", "闭合方式", "领型", "跟型", "袖长")
)
_SOURCES = re.compile("[和与及、]")
FEW = 10  # units: "only a few left" is true of a stock of at most so many


def supports(claim: Claim, facts: ItemFacts, known: frozenset[str]) -> bool:
    """True if the tables say what the claim says. known: the values that the item's words support."""
    if claim.kind != "negation" and (fits := fits_newborn(claim.name, facts)) is not None:
        return fits
    if claim.kind == "bundle" and says_lacked(claim, facts):
        return False
    if claim.value in known:
        return True
    if claim.is_said:
        return _facts_say(claim.words, facts, known)
    if claim.kind == "negation":
        return _denied_rightly(claim, facts, known)
    if claim.doubtful:
        attributes = {name for name, values in facts.attributes.items() if values}
        same_kind = claim.kind != "attribute" and claim.kind in map(kind_of, attributes)
        return not (same_kind or attributes.intersection(claim.attributes))
    match claim.kind:
        case "price":
            return is_price(claim.value, facts, known) or f"{_figure(claim)[1]:g} piece" in known  # 六十块积木
        case "discount":
            return _discount(claim, facts)
        case "stock":
            return _stock(claim, facts)
        case "date":
            return _date(claim, facts)
        case "number":
            return has_figure(claim, facts, known)
        case "size":
            return has_figure(claim, facts, known) or fits_size(claim.value, facts)
        case "attribute":
            return _says_without_name(claim, facts) or counts_things(claim.name, facts)
        case "brand":
            return _brand(claim, facts)
    return False


def _facts_say(words: str, facts: ItemFacts, known: frozenset[str]) -> bool:
    """True if the item's row or the shop's terms have all these words, or entail them."""
    if (packed := _PACKED.fullmatch(words)) and facts.says(packed["count"]):
        return True
    denied = _DENIED_AFTER.fullmatch(words)
    if denied and any(map(facts.says, _lacking(denied["what"]))):
        return True  # 香精倒是没放
    if counts_colours(words, facts) or counts_things(words, facts):
        return True
    # The words of units are read with their figures.
    found = [word for word in _WORD.findall(words) if (len(word) > 3 and word not in UNITS) or UNSPACED.search(word)]
    parts = found or [words]

    def has(part: str) -> bool:
        return facts.says(part) or f"{SAID_IN_TEXT}{part}" in known

    def has_all(parts: list[str]) -> bool:  # 鸡肉和牛肉
        return len(parts) > 1 and all(len(part) > 1 and has(part) for part in parts)

    return facts.says(words) or all(has(part) or has_all(_SOURCES.split(part)) for part in parts)


def _says_without_name(claim: Claim, facts: ItemFacts) -> bool:
    """Whether the row has a value of figures, which the text says with its attribute: three (brightness) levels."""
    words = claim.name.split(" ")
    others = [word for word in words if word not in claim.attributes]
    return 1 < len(others) < len(words) and NUMBER.match(others[0]) is not None and facts.says(" ".join(others))


def _denied_rightly(claim: Claim, facts: ItemFacts, known: frozenset[str]) -> bool:
    """True if the text denies rightly: the facts rule the value out, or give only other values of its kind."""
    value = claim.value.removeprefix("not ").removeprefix(SAID_IN_TEXT)
    kind, colon, _ = value.partition(":")
    has_kind = colon and any(fact.startswith(f"{kind}:") for fact in known)
    if has_kind and (kind in ("colour", "season") or (claim.of_being and kind == "material")):
        return value not in known
    if fits_newborn(value.rpartition(":")[2], facts) is False:
        return True  # not for newborns, where the row says from three months
    if claim.of_being and value not in known and any(facts.attributes.get(name) for name in claim.attributes):
        return True  # "not a dark roast", where the roast is medium
    if value not in known and any(facts.attributes.get(name) for name in ONE_VALUE.intersection(claim.attributes)):
        return True  # no zip, where the closure is buttons
    if any(f"not {word}" in known for word in value.split(" ")):
        return True
    first, _, rest = value.partition(",")
    if ":" not in value and _AT_EASE.fullmatch(rest) and facts.says(first):
        return True  # 不含bpa,放心
    if ":" not in value and any(map(facts.says, _lacking(value))):
        return True  # 没上釉, where the row says 无釉
    if UNSPACED.search(value) and ":" not in value:  # 没有线的: the facts rule out a beginning of the words denied
        ruled_out = (fact.removeprefix("not ") for fact in known if fact.startswith("not "))
        begins = any(f"not {value[:end]}" in known and not _JOINS.match(value, end) for end in range(1, len(value)))
        ends = value.endswith(tuple(filter(UNSPACED.search, ruled_out)))  # 少了一根线; 硅油 is not any oil
        return begins or (ends and not _SUBSTANCE.fullmatch(value))
    return False


def _lacking(value: str) -> list[str]:
    """How a row says that the item lacks what the text denies: 没上釉 and 没有釉 are 无釉."""
    denied = _VERB_ZH.sub("", value).removesuffix("的")
    return [f"{sign}{denied}" for sign in ("无", "不含", "未", "免", "零", "不带", "未上", "无添加")] if denied else []


def _figure(claim: Claim) -> tuple[str, float]:
    """("now", 99.0) of the value "now 99 yuan"; NaN if there is no figure."""
    word, _, figure = claim.value.partition(" ")
    try:
        return word, float(figure.split(" ")[0])
    except ValueError:
        return claim.value, float("nan")


def _discount(claim: Claim, facts: ItemFacts) -> bool:
    if claim.value in ("discount:sale", "discount:coupon"):
        return bool(facts.shares_off or facts.amounts_off)
    _, share = _figure(claim)
    return any(abs(share - fact) < HALF_PERCENT for fact in facts.shares_off)


def _stock(claim: Claim, facts: ItemFacts) -> bool:
    if facts.stock is None:
        return False
    word, value = _figure(claim)
    if word == "left":
        return value == facts.stock
    holds = {
        "stock:in stock": facts.stock > 0,
        "stock:sold out": facts.stock <= 0,
        "stock:few": 0 < facts.stock <= FEW,
    }
    return holds.get(claim.value, False)


def _date(claim: Claim, facts: ItemFacts) -> bool:
    if claim.value == "date:limited_time":
        return bool(facts.dates)
    if claim.value.startswith("weekday "):
        return any(day.weekday() == int(claim.value[8:]) for day in facts.dates)
    claim_parts = claim.value.split("-")
    for day in facts.dates:
        day_parts = [f"{day.year}", f"{day.month:02d}", f"{day.day:02d}"]
        if claim_parts in (day_parts, day_parts[1:], day_parts[1:2]):
            return True
    return False


def _brand(claim: Claim, facts: ItemFacts) -> bool:
    """A brand that the vocabulary does not know is supported if the item's brands or titles have the name."""
    name = claim.value.removeprefix("brand:")
    if any(name in words for words in map(fold, (*facts.brands, *facts.titles))):
        return True
    # 甜来自蜂蜜和葡萄干
    return all(len(part) > 1 and facts.says(part) and not is_lacked(part, facts) for part in _SOURCES.split(name))
