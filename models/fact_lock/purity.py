"""Whether an item is all of one material: a text may say so of no blend, and may deny it of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.vocabulary import kind_of
from models.text.numerals import fold

# Right before a material: "pure wool", "nothing but soft wool", 全羊毛. 纯色羊毛 is wool of one colour.
_WHOLE = re.compile(
    r"(?:(?<![a-z0-9])(?:all[ -]|(?:pure|100 ?%|nothing but)[ -](?:[a-z]+ )?)|(?:纯|全|百分百|百分之百|100 ?%)的?)$"
)
# 整只壶身不锈钢: of the item's body, whose material its row gives, and of no lid or strainer.
_ALL_OVER = re.compile("(?:整[只个把件台条张]|通体|全身|浑身|从里到外|里里外外)[一-龥]{0,3}(?:都|全|皆)?是?$")
_IN_WORD = ("纯", "全棉", "全毛", "全羊毛", "全亚麻", "pure ")  # with which a word for a material may begin
_NEAR = 24  # characters before a material in which the words above have room
_NOT_PURE = re.compile(
    r"(?:(?:is|are)n't|not|never) (?P<whole>(?:pure|all|100%) [a-z]+)"
    "|(?:不是|并非|不算|谈不上)(?P<whole_zh>(?:纯|全|百分百|100%)[\u3400-\u9fff]{1,2})"
)
# What a row says of a thing that is no solid piece of its material.
_NOT_SOLID = re.compile(
    r"(?<![a-z])(?:veneer(?:ed)?|plat(?:ed|ing)|ply(?:wood)?|mdf|hdf|chipboard|particle(?: ?board)?|laminated?"
    r"|engineered|composite|clad|coated|filled|vermeil|hollow|effect|look|faux|foil(?:ed)?|lacquer(?:ed)?|painted)(?![a-z])|贴皮|镀"
    r"|包金|胶合|密度板|刨花|颗粒板|复合|仿|空心"
)
_SOLID = re.compile(r"(?<![a-z])solid(?: [a-z]+)? $")
# What a row says of a blend: a word for it, or a share of less than the whole.
_BLEND = re.compile(r"(?<![a-z])(?:blend|blended|mix|mixed)(?![a-z])|混纺|混纤|混织|(?<![\d.])\d{1,2}(?:\.\d+)? ?%")
_WHOLLY = re.compile(r"100 ?% (?:[a-z]+ )?(?!shell|outer|upper|lining|cover|case)[a-z]+")
# Fibres and fillings: what a cloth of one fibre, or a thing of one filling, has nothing of. It may have other parts.
_FILLINGS = frozenset(
    ("down", "feather", "feathers", "foam", "fibre", "fibres", "fibrefill", "polyfill", "synthetic", "synthetics")
)
_FIBRES = frozenset(
    (*_FILLINGS, "cotton", "linen", "wool", "silk", "cashmere", "mohair", "alpaca", "hemp", "jute", "viscose",
     "rayon", "modal", "lyocell", "polyester", "nylon", "polyamide", "acrylic", "elastane", "spandex", "lycra",
     "fleece", "microfibre", "polypropylene")
)  # fmt: skip
_ADDITIVE = re.compile(
    r"syrups?|sweeteners?|flavou?rings?|colou?rings?|colou?rants?|dyes?|additives?|preservatives?|fillers?|thickeners?"
    r"|stabilisers?|emulsifiers?"
)
# What a food may hold itself, such as a honey sugar: "no added sugar".
_ADDED = re.compile(r"(?:no|without|zero) (?:any )?added (?:sugars?|salt|water|oil|starch|flavou?rs?|colou?rs?)")
# Another part of the item: "no polyester in the lining" follows from no cloth.
_OF_PART = re.compile(
    r" (?:in|on|at|under|round|around|inside|for) (?:the|its|their|each|every|these|those|any) (?!cloth|fabric|weave"
    r"|yarn|knit|mix|blend|thread|fibre|filling|recipe)[a-z]"
)
_CLOTH = frozenset(("fabric", "cloth", "fibre", "yarn", "composition"))
_INGREDIENTS = ("ingredients", "ingredient")
_NO = re.compile(r"(?:no|without|zero) ")
_NO_BEFORE = re.compile(r"(?<![a-z])(?:no|without|zero)(?: any)? $")
_SMALL = frozenset(("no", "not", "and", "or", "any", "added", "artificial", "a", "an", "without", "zero", "nor"))


def claims_purity(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text says that the item is all of this material, although its row says that it is a blend."""
    if claim.kind != "material" or _denial_at(claim, folded):
        return False
    if _ALL_OVER.search(folded, max(0, claim.start - _NEAR), claim.start):
        body = [value for name, value in facts.folded_values if kind_of(name) == "material"]
        return bool(body) and not any(folded[claim.start : claim.end] in text for text in body)
    if _SOLID.search(folded, max(0, claim.start - _NEAR), claim.start) or folded.startswith("solid ", claim.start):
        return any(map(_NOT_SOLID.search, _titles_and_values(facts))) or _is_blend(facts)
    before, word = folded[max(0, claim.start - _NEAR) : claim.start], folded[claim.start : claim.end]
    if not _WHOLE.search(before) and not word.startswith(_IN_WORD):
        return False
    return _is_blend(facts)


def denies_purity(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether the text only denies that the item is all of one material, rightly: "not pure wool" of a blend."""
    denied = _denial_at(claim, folded)
    if denied is None:
        return False
    return f"not {denied['whole'] or denied['whole_zh']}" in known or (
        denied["whole_zh"] is not None and _is_share(denied["whole_zh"], facts)  # 不是纯羊绒, of 70%羊毛，30%羊绒
    )


def _is_share(words: str, facts: ItemFacts) -> bool:
    """Whether the row gives the material (of 纯棉, 百分百棉) a share of less than the whole, and nowhere the whole."""
    material = re.sub("^(?:纯|全|百分百|100%)", "", words)
    shares = [
        float(share)
        for _, value in facts.folded_values
        for share in re.findall(rf"(\d+(?:\.\d+)?) ?% ?{re.escape(material)}", value)
    ]
    return bool(shares) and max(shares) < 100


def _is_blend(facts: ItemFacts) -> bool:
    return any(map(_BLEND.search, _titles_and_values(facts)))


def _titles_and_values(facts: ItemFacts) -> Iterator[str]:
    yield from map(fold, facts.titles)
    yield from (value for _, value in facts.folded_values)


def denies_others(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text only denies materials or additives that a row of one thing rules out: "no polyester" of 100%
    cotton, "no syrup" of a honey whose ingredients are 100% honey."""
    words = re.sub(r"^(?:not|said:)?[ :]*(?:material:)?", "", claim.value)
    if claim.kind == "safety":
        words = folded[claim.start : claim.end]
    if claim.kind in ("ingredients", "safety"):
        if not (_NO.match(words) or _NO_BEFORE.search(folded[: claim.start])):
            return False
    elif claim.kind != "negation":
        return False
    if _OF_PART.match(folded, claim.end):
        return False
    denied = [word for word in re.findall(r"[a-z]+", words) if word not in _SMALL]
    if not denied or any(facts.says(form) for word in denied for form in (word, word.removesuffix("s"))):
        return False
    if _FIBRES.issuperset(denied):
        of_filling = _FILLINGS.issuperset(denied)
        return any(
            kind_of(name) == "material" or name in _CLOTH or (of_filling and name in ("filling", "fill"))
            for name, value in facts.folded_values
            if _WHOLLY.fullmatch(value)
        )
    of_food = any(_WHOLLY.fullmatch(value) for name, value in facts.folded_values if name in _INGREDIENTS)
    added = _ADDED.search(folded, max(0, claim.start - 12), claim.end)
    is_added = added is not None and added.start() <= claim.start
    return of_food and (is_added or all(map(_ADDITIVE.fullmatch, denied)))


def _denial_at(claim: Claim, folded: str) -> re.Match[str] | None:
    denied = _NOT_PURE.search(folded, max(0, claim.start - 16), claim.end)
    return denied if denied is not None and denied.end() == claim.end else None
