"""What a model's card adds to its manifest: its training tables, its purpose, and what it must not be used for."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.pages.blocks import Words
from schemas.table import Table
from schemas.tables import (
    CLEAN_EVENTS,
    IMAGES,
    INTEREST,
    ITEM_WEEKS,
    ITEMS,
    KNOWLEDGE,
    USER_FEATURES,
    USER_PROFILES,
    USER_TASTES,
    USERS,
)


@dataclass(frozen=True)
class Card:
    """tables: the model is fitted on them. of_lists: list_quality and group_quality judge the lists that it makes."""

    tables: tuple[Table, ...]
    purpose: Words
    never: Words
    of_lists: bool = False


_RANKS = Words(
    "It must not be used for prices, credit, insurance, employment or who may buy, nor to infer gender, age, health, "
    "faith or origin. Its score compares items of one person, never people.",
    "不得用于定价、信贷、保险、雇佣或限制购买；不得推断性别、年龄、健康、信仰或出身。分数只在同一人的商品之间可比。",
)
_TEXTS = Words(
    "It must not be used to publish a text that the checks of claims have not passed, nor for advice on health, law or "
    "money.",
    "未通过事实检查的文案不得发布；不得用于健康、法律或财务建议。",
)
_PICTURES = Words(
    "It must not be used on pictures of people: not to recognise, compare or judge anybody.",
    "不得用于人像：不得识别、比较或评判任何人。",
)
_PEOPLE = Words(
    "It must not be used for prices, credit, insurance or employment, nor to refuse anybody a sale, an answer or a "
    "right. It says something of many people, little of one.",
    "不得用于定价、信贷、保险或雇佣；不得据此拒绝交易、答复或权利。适用于人群，对个人说明甚少。",
)
_OWN_PRICE = Words(
    "It must not be used for a person's own price: an item has one price for everybody; nor without approval by hand.",
    "不得为个人单独定价：同一商品对所有人一个价格。须经人工批准。",
)
_ANSWERS = Words(
    "It must not be used to invent answers: below its threshold a person answers. Nor may it advise on law or health.",
    "不得编造答复：低于阈值时转人工。不得用于法律或健康。",
)
_DRAFTS = Words("drafts of marketing texts", "营销文案草稿")
_TASTES = (USER_PROFILES, USER_FEATURES, USER_TASTES)
CARDS: dict[str, Card] = {
    "als": Card((INTEREST,), Words("tastes of people and items", "顾客与商品的偏好"), _RANKS, True),
    "lstm": Card((CLEAN_EVENTS,), Words("the next item that a person looks at", "下一件浏览的商品"), _RANKS, True),
    "sources": Card((CLEAN_EVENTS, ITEMS), Words("candidates for each list", "列表的候选"), _RANKS, True),
    "ranker": Card((CLEAN_EVENTS, ITEMS), Words("the order of a list", "列表的排序"), _RANKS, True),
    "segments": Card(_TASTES, Words("groups of people for campaigns", "用于活动的人群划分"), _PEOPLE),
    "propensity": Card((CLEAN_EVENTS, USERS, ITEMS), Words("who buys, who lapses", "购买或流失的概率"), _PEOPLE),
    "elasticity": Card((ITEM_WEEKS,), Words("how sales follow the price", "销量随价格的变化"), _OWN_PRICE),
    "copywriter": Card((ITEMS,), _DRAFTS, _TEXTS),
    "tuned_copywriter": Card((ITEMS,), _DRAFTS, _TEXTS),
    "answerer": Card((KNOWLEDGE,), Words("which known answer a question asks for", "问题对应的答复"), _ANSWERS),
    "recognisers": Card((IMAGES, ITEMS), Words("attributes that a picture shows", "图片中的商品属性"), _PICTURES),
    "picture_encoder": Card((IMAGES,), Words("vectors of pictures", "图片向量"), _PICTURES),
    "picture_whitening": Card((IMAGES,), Words("which pictures look alike", "相似图片"), _PICTURES),
    "image_editor": Card((IMAGES,), Words("drafts of repaired pictures", "图片修补草稿"), _PICTURES),
}
