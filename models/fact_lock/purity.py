"""Whether an item is all of one material: a text may say so of no blend, and may deny it of one."""

from __future__ import annotations

import re

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
# What a row says of a blend: a word for it, or a share of less than the whole.
_BLEND = re.compile(r"(?<![a-z])(?:blend|blended|mix|mixed)(?![a-z])|混纺|混纤|混织|(?<![\d.])\d{1,2}(?:\.\d+)? ?%")


_WHOLLY = re.compile(r"100 ?% (?:pure |organic |raw |natural )?[a-z]+")
_FILLINGS = frozenset(("down", "feather", "feathers", "foam", "fibre", "fibres", "fibrefill", "polyfill", "synthetics"))
_ADDITIVE = re.compile(
    r"syrups?|sugars?|sweeteners?|flavou?rings?|flavou?rs?|colou?rings?|colou?rants?|dyes?|additives?|preservatives?|fillers?"
    r"|thickeners?|stabilisers?|emulsifiers?|starch|water|salt|oil|milk|palm|wheat|gluten|soy|nuts?|alcohol|acid"
)
_NO = re.compile(r"(?:no|without|zero) ")
_NO_BEFORE = re.compile(r"(?<![a-z])(?:no|without|zero)(?: any)? $")
_SMALL = frozenset(("no", "not", "and", "or", "any", "added", "artificial", "a", "an", "without", "zero", "nor"))


def claims_purity(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text says that the item is all of this material, although its row says that it is a blend."""
    if claim.kind != "material" or _denial_at(claim, folded):
        return False
    if _ALL_OVER.search(folded, max(0, claim.start - _NEAR), claim.start):
        body = [
            fold(text) for name, values in facts.attributes.items() if kind_of(name) == "material" for text in values
        ]
        return bool(body) and not any(folded[claim.start : claim.end] in text for text in body)
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
        for values in facts.attributes.values()
        for text in values
        for share in re.findall(rf"(\d+(?:\.\d+)?) ?% ?{re.escape(material)}", fold(text))
    ]
    return bool(shares) and max(shares) < 100


def _is_blend(facts: ItemFacts) -> bool:
    values = (value for values in facts.attributes.values() for value in values)
    return any(_BLEND.search(fold(text)) for text in (*values, *facts.titles))


def denies_others(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether the text only denies materials or additives that a row of one thing rules out: "no polyester" of 100%
    cotton, "no syrup" of a honey whose ingredients are 100% honey."""
    words = re.sub(r"^(?:not|said:)?[ :]*(?:material:)?", "", claim.value)
    if claim.kind == "ingredients" and not (_NO.match(words) or _NO_BEFORE.search(folded[: claim.start])):
        return False
    if claim.kind not in ("negation", "ingredients"):
        return False
    denied = [word for word in re.findall(r"[a-z]+", words) if word not in _SMALL]
    of_cloth = any(_WHOLLY.search(fold(text)) for values in facts.attributes.values() for text in values)
    of_food = any(
        _WHOLLY.fullmatch(fold(text))
        for name in ("ingredients", "ingredient")
        for text in facts.attributes.get(name, ())
    )
    is_cloth = claim.value.startswith("not material:") or all(word in _FILLINGS for word in denied)
    return (
        bool(denied)
        and ((of_cloth and is_cloth) or (of_food and all(map(_ADDITIVE.fullmatch, denied))))
        and not any(facts.says(form) for word in denied for form in (word, word.removesuffix("s")))
    )


def _denial_at(claim: Claim, folded: str) -> re.Match[str] | None:
    denied = _NOT_PURE.search(folded, max(0, claim.start - 16), claim.end)
    return denied if denied is not None and denied.end() == claim.end else None
