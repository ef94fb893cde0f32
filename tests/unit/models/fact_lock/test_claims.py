"""The fact lock: what a text claims, what the facts support, and slots."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import date

import pytest

from models.fact_lock.claims import (
    Claim,
    ItemFacts,
    Source,
    Vocabulary,
    banned_words,
    claims,
    unsupported,
)
from models.fact_lock.fact_check import supports
from models.fact_lock.facts import KINDS
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

SHIRT = ItemFacts(
    "g1",
    {
        "colour": ("navy",),
        "fabric": ("cotton",),
        "size": ("medium",),
        "style": ("vintage",),
        "领型": ("圆领",),
        "flavour": (),
    },
    titles=("Luma navy cotton shirt", "露玛 藏青色纯棉衬衫"),
    brands=("Luma",),
    price=99.0,
    old_price=129.0,
    currency="CNY",
    stock=3,
    dates=(date(2026, 1, 31),),
    member_terms=("Members earn double points",),
    sources={"price": Source("prices", "g1|2026-01-06"), "dates": Source("offers", "u1|winter")},
)
SKIRT = ItemFacts(
    "g2",
    {"colour": ("red",), "flavour": ("original",)},
    titles=("Kestrel red skirt", "凯翠 红色裙"),
    brands=("Kestrel",),
)
OTHER = ItemFacts("g3", {}, titles=("Luma x", "露玛 白裙"), brands=("Luma",))
WORDS = Vocabulary.of([SHIRT, SKIRT, OTHER], load_words(), languages=load_claim_words())


def wrong(text: str, facts: ItemFacts = SHIRT) -> list[str]:
    return [text[claim.start : claim.end] for claim in unsupported(text, facts, WORDS, "")]


@pytest.mark.parametrize(
    "text",
    [
        "Luma's navy shirt in cotton, a blue classic with a vintage look.",
        "藏青色的纯棉衬衫，圆领，复古风。露玛出品。",
        "Now ¥99, was ¥129. Size M.",
        "现价９９元，原价一百二十九元，立减30元。",
        "只剩三件，1月31日截止。",
        "Only 3 left until January 31.",
        "走红的网红衬衫，皮肤显得白皙。",  # no colour in any of it
        "Not only soft but also vintage.",
        "第一眼就心动，不仅舒适，而且百搭。",
        "An original gift.",  # an everyday word: the shirt has no flavour
        "沉静的蓝色",
    ],
)
def test_true_texts_stand(text: str) -> None:
    assert wrong(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A red shirt in cotton", "red"),
        ("A burgundy shirt", "burgundy"),
        ("红色的衬衫", "红色"),
        ("这件黑裤很百搭", "黑"),
        ("A silk shirt", "silk"),
        ("真丝衬衫", "真丝"),
        ("红木纽扣的衬衫", "红木"),
        ("V-neck shirt in cotton", "V-neck"),
        ("v领衬衫", "v领"),
        ("A waterproof shirt", "waterproof"),
        ("Not navy at all", "Not navy"),
        ("不是纯棉的衬衫", "不是纯棉"),
        ("An unlined shirt", "unlined"),
        ("Shirt without pockets", "without pockets"),
        ("不含羊毛", "不含羊毛"),
        ("面料不柔软", "不柔软"),
        ("Now ¥89", "¥89"),
        ("Now $99", "$99"),  # dollars are not yuan
        ("Was ¥199", "¥199"),
        ("现价八十九元", "八十九元"),
        ("五折", "五折"),
        ("Half price", "Half price"),
        ("半价", "半价"),
        ("50% off", "50% off"),
        ("只剩两件", "只剩两件"),
        ("Only 2 left", "Only 2 left"),
        ("Sold out", "Sold out"),
        ("截止2月1日", "2月1日"),
        ("A Kestrel shirt", "Kestrel"),
        ("凯翠衬衫", "凯翠"),
        ("A shirt by Nike", "Nike"),
        ("Brand: Marlowe", "Marlowe"),
        ("Size: L", "L"),
        ("XL码", "XL码"),
        ("For summer days", "summer"),
        ("夏日衬衫", "夏日"),
        ("The softest shirt", "softest"),
        ("最柔软的衬衫", "最柔软"),
        ("Our number one shirt", "number one"),
        ("Cures back pain", "Cures"),
        ("可以治疗失眠", "治疗"),
        ("Hypoallergenic shirt", "Hypoallergenic"),
        ("防过敏面料", "防过敏"),
        ("三个口袋", "三"),
        ("100% cotton", "100%"),
        ("Buy one get one free", "Buy one get one free"),
    ],
)
def test_lies_are_seen(text: str, said: str) -> None:
    assert said in wrong(text)


BIBS = ItemFacts(
    "g4",
    {"fabric": ("cotton", "棉"), "pack": ("3 bibs", "3条装"), "closure": ("press studs", "按扣")},
    titles=("Pipkin cotton bibs", "小皮普 棉质围兜"),
    price=79.0,
    old_price=99.0,
    currency="CNY",
)


@pytest.mark.parametrize(
    ("text", "claim"),  # "": no claim is refused
    [
        ("棉质围兜，三条装。", ""),
        ("棉质围兜，四条装。", "四条装"),
        ("这款围兜比从前少花二十元。", ""),
        ("这款围兜比从前少花三十元。", "少花三十元"),
        ("Twenty yuan saved on the bibs.", ""),
        ("Thirty yuan saved on the bibs.", "Thirty yuan saved"),
        ("Cotton, not polyester: the bibs.", ""),  # set against a fact
        ("围兜不是涤纶，而是棉。", ""),
        ("Not scratchy but cotton through and through: the bibs.", ""),
        ("Not merely a snack, but a mess made smaller.", ""),
        ("Cotton bibs that are not lined.", "not lined"),  # the fact beside it is no contrast
        ("The bibs are not polyester but silk.", "silk"),
    ],
)
def test_what_is_denied_may_be_set_against_a_fact_and_numbers_be_written_in_words(text: str, claim: str) -> None:
    vocabulary = Vocabulary.of([BIBS, SHIRT], load_words(), languages=load_claim_words())
    refused = [text[each.start : each.end] for each in unsupported(text, BIBS, vocabulary, "")]
    assert refused == [] if not claim else claim in refused


def test_a_title_is_no_claim_where_a_text_shows_it_without_its_spaces() -> None:
    names = {
        "headphones": "朱诺 头戴耳机",
        "shorts": "米莱 短裤",
        "jeans": "文拓 牛仔裤",
        "pet treats": "羽笔 宠物点心",
    }
    items = [ItemFacts(kind, {"kind": (kind,)}, titles=(f"Juno {kind}", title)) for kind, title in names.items()]
    vocabulary = Vocabulary.of(items, load_words(), languages=load_claim_words())
    for item, title in zip(items, names.values(), strict=True):
        shown = title.replace(" ", "")
        for text in (f"新到，请心动：{shown}", f"和什么颜色都合得来：{shown}", f"Heart eyes: {item.titles[0]}"):
            assert unsupported(text, item, vocabulary, "zh") == []


def test_a_claim_has_its_place_in_the_text() -> None:
    text = "Ａ　ｒｅｄ shirt, ４９％ off"  # full width
    assert [(text[c.start : c.end], c.kind) for c in claims(text, "en", WORDS)] == [
        ("ｒｅｄ", "colour"),
        ("４９％ off", "discount"),
    ]


def test_a_shade_entails_its_colour_and_not_the_other_way() -> None:
    assert wrong("A blue shirt") == []
    assert wrong("A navy skirt", ItemFacts("g", {"colour": ("blue",)})) == ["navy"]


def test_languages_share_their_facts() -> None:
    assert wrong("红色裙子", ItemFacts("g", {"colour": ("red",)})) == []
    assert wrong("A red skirt", ItemFacts("g", {"颜色": ("红色",)})) == []


def test_a_shop_adds_its_own_words() -> None:
    facts = ItemFacts("g", {"pattern": ("zigzag-weave",)})
    words = Vocabulary.of(
        [facts, ItemFacts("h", {"pattern": ("moonbeam",)})], load_words(), languages=load_claim_words()
    )
    assert unsupported("A zigzag weave rug", facts, words, "en") == []
    assert [c.value for c in unsupported("A Moonbeam rug", facts, words, "en")] == ["attribute:moonbeam"]


def test_a_vocabulary_travels_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(WORDS))
    assert unsupported("A red shirt", SHIRT, copy, "en") == unsupported("A red shirt", SHIRT, WORDS, "en")


def test_nothing_supports_anything_without_facts() -> None:
    bare = ItemFacts("g")
    assert wrong("A nice thing for you", bare) == []
    assert wrong("Red, ¥5, in stock", bare) == ["Red", "¥5", "in stock"]


LIES = (
    "Priced at a hundred and fifty yuan|It's yours for 88 RMB|CNY 79 only|a third off|buy two, get one free|"
    "3 for 2|Free delivery|ten in stock|just one left|Ends on Friday|until 5 February|Offer ends 02/05|"
    "valid till March|A crimson piece|in jet-black|ivory shirt|pure-silk feel|100 % linen|cashmere-blend|"
    "made with merino|Made in Italy|with a hood|hooded shirt|sleeveless|long-sleeved|machine washable|"
    "water-resistant finish|fits sizes XS to XXL|in size 44|one size fits all|petite|from Zara|"
    "an Armani classic|by Gucci|never shrinks|does not crease|isn't cotton|no cotton at all|cotton-free|"
    "non-iron|the warmest we have|top quality|no other shirt compares|unrivaled softness|ideal for winter|"
    "a Christmas gift|suitable for eczema|relieves pain|kills 99% of bacteria|safe for newborns|flame-retardant|"
    "organic cotton|vegan|BPA free|5-year warranty|with two pockets|30 cm long|weighs 200 g|made for kids|"
    "for men over 50|40-hour battery|wireless"
    "|"
    "只卖八十八块|￥79起|立省50|满三百减五十|第二件半价|买二送一|打三折|七五折|包邮|最后两件|仅余5件|周日截止|"
    "活动到2月5日|有效期至三月|枣红色的|乌黑的衬衫|墨绿|白衬衫|黑白撞色|真丝般|桑蚕丝面料|纯羊毛|羊绒混纺|"
    "意大利制造|连帽设计|无袖款|长袖|可机洗|防泼水|均码|加大码|170码|一百七十五码|优衣库同款|阿玛尼|来自古驰|"
    "不缩水|不会起皱|不含棉|并非纯棉|无棉|免烫|全网最低|质量第一|销量冠军|顶级面料|冬季必备|圣诞礼物|缓解湿疹|"
    "抗菌|母婴可用|阻燃|有机棉|五年质保|两个口袋|三个口袋|长30厘米|重二百克|儿童款|男士专属|续航四十小时|无线"
)


@pytest.mark.parametrize("text", LIES.split("|"))
def test_other_ways_to_lie(text: str) -> None:
    assert wrong(text)


@pytest.mark.parametrize(
    "text",
    [
        "Easy to wear, easy to love: a shirt that goes with everything you own.",
        "It's not just a shirt, it's a small daily pleasure.",
        "Small touches make the difference.",
        "Time to restock? Come back and take a look.",
        "For slow mornings and long weekends.",
        "简约大方，日常穿搭好伙伴，怎么穿都好看。",
        "换季衣橱添一件，上身自在，出门省心。",
        "早晚温差大，随手一披，不挑人。",
        "送给重要的人，心意刚刚好。",
    ],
)
def test_everyday_copy_claims_nothing(text: str) -> None:
    assert wrong(text) == []


@pytest.mark.parametrize("facts", [SHIRT, SKIRT, OTHER], ids=lambda facts: facts.item_id)
def test_banned_words_are_those_of_which_a_claim_is_not_supported(facts: ItemFacts) -> None:
    """A word that only an item's own words could support is looked up, and not checked like other words."""
    known = WORDS.supported(facts, claims)
    of_words = [(word, meaning) for word in WORDS.spelled for meaning in WORDS.meanings(word)]
    claimed = [
        (word, Claim(meaning.kind, meaning.value, 0, 0, meaning.attributes, meaning.doubtful))
        for word, meaning in of_words
    ]
    assert {claim.kind for _, claim in claimed} <= {*KINDS}
    assert banned_words(facts, WORDS) == {word for word, claim in claimed if not supports(claim, facts, known)}
    assert banned_words(facts, WORDS)


def test_an_item_with_an_offer_supports_the_same_words_and_other_figures() -> None:
    offer = dataclasses.replace(SHIRT, discount_share=0.15)
    assert WORDS.supported(offer, claims) is WORDS.supported(SHIRT, claims)
    assert wrong("15% off", offer) == []
    assert wrong("15% off") == ["15% off"]


def test_cached_claims_cannot_be_changed_by_the_caller() -> None:
    text = "a navy cotton shirt"
    first = claims(text, "en", WORDS)
    first.clear()
    assert claims(text, "en", WORDS)
