"""Whether an item's facts support a claim."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from models.fact_lock.ages import fits_age, fits_newborn
from models.fact_lock.counted import counts_colours, counts_things
from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.figure_patterns import AGE, BESIDE_FACT, UNITS
from models.fact_lock.included import is_lacked, says_lacked
from models.fact_lock.measures import sides_meant
from models.fact_lock.negations import SUBSTANCE
from models.fact_lock.price_check import equals_one, is_price
from models.fact_lock.sizes import fits_size
from models.fact_lock.vocabulary import kind_of
from models.text.languages import UNSPACED
from models.text.numerals import NUMBER, ZH, chinese_number, fold

_VERB_ZH = re.compile("^(?:没有?|不|未|无)?(?:上|加|放|有|带|含|添加|用|涂|装|给|留)?(?:一?[点个层滴]|任何|半点)?")
_DENIED_AFTER = re.compile(
    "(?P<what>[一-龥]{2,5}?)(?:倒是?|也|都|可|压根|根本|完全|统统|全|一[点滴丝])*(?:没有?|不)(?:再|添加|[放加含用掺])?"
)
_SUBSTANCE = re.compile(SUBSTANCE)
_JOINS = re.compile("[,、和与及跟]")  # before a second thing that is denied
# After what is denied, how the text goes on: 不含bpa,放心. A list (不含bpa,双酚s) would deny more than the row does.
_AT_EASE = re.compile("(?:放心|安心|踏实|尽管|可以|给[一-龥]|宝宝|孩子|家人|老人|大人|喝|吃|抹|用|泡).*")
_MEASURE = re.compile(r"\d+(?:\.\d+)? \S+")
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
# "twenty bags in a tin": true where the row has twenty bags.
_PACKED = re.compile("(?:一|每|1)[盒箱袋罐套包组桶筒卷](?:里|装|共|有|是|内|就是)*(?P<count>[^一-龥]*[一-龥]{1,6})")
_DEGREES = re.compile(rf"(\d+|{ZH}+)(?:摄氏)?度")
_CLAUSE = re.compile("[^,，。;；!！?？]+")
_TURNS = re.compile("[转翻旋弯倾仰折掀抬摆拧]|角|开合")
_HEATS = re.compile("[热温烫烧煮沸烤炸敷泡冲凉冷冻水茶奶洗]|摄氏|[高低][到至]|最[高低]|从[^,，。]*[到至]|度[到至]")
_CELSIUS = re.compile(r"(?<![\d.])(?:\d+ ?(?:℃|°c)? ?[-~至到] ?)?\d+ ?(?:℃|°c|摄氏度|度)")
_ADDED = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ?(cm|mm|m|厘米|毫米|米) ?\+ ?(\d+(?:\.\d+)?) ?\2")
_EXTENDED = re.compile(
    "[放拉接伸展]开?[到至了长]|最长|全长|总长|加上|连[同上着]|一共|总共|算上|延长|extend|extension|longest"
)
_NO_EXTENSION = re.compile("(?:没有?|不带|不含|无)[^,，。]{0,3}(?:延长|尾链)|(?:延长|尾链)[^,，。]{0,3}[另没]")
HALF_PERCENT = 0.005  # shares that differ by less are equal
# Attributes of which an item has one value: where a row gives it, the item has no other.
ONE_VALUE = frozenset(
    ("closure", "fastening", "collar", "neck", "neckline", "heel", "sleeve", "闭合方式", "领型", "跟型", "袖长")
)
YEAR, MONTH = 365, 30  # days
ROUGHLY = 0.1  # share by which a rough figure may differ from a fact: nearly two days are 45 hours
_SOURCES = re.compile("[和与及、]")
COMPARABLE = 5  # times: facts of one unit that differ more are of different things
NEARLY = 0.02  # share by which a length may differ from a fact: six feet are 1.83 m
FEW = 10  # units: "only a few left" is true of a stock of at most so many


def supports(claim: Claim, facts: ItemFacts, known: frozenset[str]) -> bool:
    """True if the tables say what the claim says. known: the values that the item's words support."""
    if claim.kind != "negation" and (fits := fits_newborn(claim.word, facts)) is not None:
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
            return _number(claim, facts, known)
        case "size":
            return _number(claim, facts, known) or fits_size(claim.value, facts)
        case "attribute":
            return _says_without_name(claim, facts) or counts_things(claim.word, facts)
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


def states_degrees(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the words give a temperature (八十度) that the row gives as a figure, also as an end of a range.

    Not every degree is one: 壶嘴能转九十度.
    """
    degrees = _DEGREES.fullmatch(claim.words)
    if degrees is None:
        return False
    clause = _clause(folded, claim)
    if _TURNS.search(clause) or not _HEATS.search(clause):
        return False
    value = float(degrees[1]) if degrees[1].isdigit() else chinese_number(degrees[1])
    return any(
        value in map(float, re.findall(r"\d+", range_[0]))
        for text in facts.folded_texts
        for range_ in _CELSIUS.finditer(text)
    )


def _says_without_name(claim: Claim, facts: ItemFacts) -> bool:
    """Whether the row has a value of figures, which the text says with its attribute: three (brightness) levels."""
    words = claim.word.split(" ")
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


def _is_near(value: float, unit: str, known: frozenset[str]) -> bool:
    """Whether a length is nearly that of a fact: six feet where the fact is 1.8 m."""
    return unit == "m" and _is_within(NEARLY, value, {unit: 1.0}, unit, known)


def _is_rough(value: float, unit: str, known: frozenset[str]) -> bool:
    """Whether a figure that the text calls a rough one is nearly that of a fact: nearly two days, of 45 hours."""
    sizes = {"h": 1.0, "day": 24.0} if unit in ("h", "day") else {unit: 1.0}
    return _is_within(ROUGHLY, value, sizes, unit, (fact.removeprefix("~") for fact in known))


def _is_beside(sign: str, value: float, unit: str, facts: ItemFacts, known: Iterable[str]) -> bool:
    """Whether a fact is just under or just over a figure: 不到一公斤 of 0.9 kg, "over 20 hours" of 24.

    unit: may be "m wide" or "m deep" for that side, or "m side" for any side.
    """
    unit, _, side = unit.partition(" ")
    low, high = BESIDE_FACT[sign]
    stated = [float(fact.split(" ")[0]) for fact in known if _MEASURE.fullmatch(fact) and fact.endswith(f" {unit}")]
    # All that the text may mean: a row has several sides, weights and shares. A load of 50 kg is no weight near 3 kg.
    meant = [fact for fact in stated if value / COMPARABLE < fact < value * COMPARABLE]
    if side in ("wide", "deep") and len(meant) > 1:
        meant = sides_meant(side, facts)
    holds = [low * value <= fact <= high * value and fact != value for fact in meant]
    return bool(meant) and (any(holds) if side == "side" else all(holds))


def _is_within(share: float, value: float, sizes: Mapping[str, float], unit: str, known: Iterable[str]) -> bool:
    """Whether a fact's figure differs from the value by at most this share. sizes: of the units that it may have."""
    for fact in known:
        figure, _, fact_unit = fact.partition(" ")
        if fact_unit in sizes and figure.replace(".", "", 1).isdigit():
            stated = float(figure) * sizes[fact_unit]
            if abs(value * sizes[unit] - stated) <= share * stated:
                return True
    return False


def _has_figure(figure: str, facts: ItemFacts) -> bool:
    """Whether the row has this very figure: 4 is none of 2.4 kg."""
    return any(re.search(rf"(?<![\d.,]){re.escape(figure)}(?![.,]?\d)", text) for text in facts.folded_texts)


def _number(claim: Claim, facts: ItemFacts, known: frozenset[str]) -> bool:
    """A figure is supported in its unit, or if either the fact or the text leaves the unit out."""
    figure, _, unit = claim.value.lstrip("~<>").removeprefix("size ").partition(" ")
    try:
        value = float(figure)
    except ValueError:
        return False
    if f"~{figure} {unit}" in known or f"{figure} {unit}" in known:
        return True
    if claim.value[:1] in BESIDE_FACT and unit:
        return _is_beside(claim.value[0], value, unit, facts, known)
    if claim.value.startswith("~") and _is_rough(value, unit, known):
        return True
    if unit == AGE:
        return fits_age(value, facts)
    if unit in ("day", "h"):
        months = f"{value / YEAR * 12 * MONTH:.6g} day" if unit == "day" else ""  # a year and a half is 18 months
        years = f"{value / MONTH / 12 * YEAR:.6g} day" if unit == "day" else ""
        return not known.isdisjoint((f"{value * 24:g} h", f"{value / 24:g} day", months, years))
    if unit:
        return (
            figure in known
            or _is_near(value, unit, known)
            or (unit == "%" and any(abs(value / 100 - share) < HALF_PERCENT for share in facts.shares_off))
        )
    return (
        any(fact.split(" ")[0] == figure for fact in known)
        or _has_figure(figure, facts)
        or equals_one(value, (facts.price, facts.old_price))
    )


def is_extended(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a length is that of the item with its extension, and the text says so: 最长四十五, of 40厘米+5厘米."""
    if claim.kind != "number" or _NO_EXTENSION.search(folded):
        return False
    length = _MEASURE.fullmatch(claim.value)
    if length is None or not _EXTENDED.search(_clause(folded, claim)):
        return False
    sums = (
        f"{(float(first) + float(second)) * UNITS[word][1]:.6g} {UNITS[word][0]}"
        for text in facts.folded_texts
        for first, word, second in _ADDED.findall(text)
    )
    return claim.value in sums


def _clause(folded: str, claim: Claim) -> str:
    """The clauses in which the claim stands."""
    return "".join(
        clause[0] for clause in _CLAUSE.finditer(folded) if clause.start() < claim.end and claim.start < clause.end()
    )
