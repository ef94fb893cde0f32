"""Ways of speaking that only look like claims, and ways of lying that name no word of the row."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

KETTLE = ItemFacts(
    "k1",
    {
        "kind": ("kettle", "水壶"),
        "colour": ("silver", "银色"),
        "fabric": ("70% wool, 30% polyester", "70%羊毛30%聚酯纤维"),
        "control": ("touch control", "触控"),
        "extras": ("strainer included", "附滤网"),
        "care": ("machine washable cosy", "壶套可机洗"),
        "weight": ("1.2 kg", "1.2公斤"),
        "steps": ("three heat levels", "三档火力"),
    },
    titles=("Alder silver kettle", "桤木 银色水壶"),
    brands=("Alder", "桤木"),
)
LAMP = ItemFacts("k3", {"kind": ("lamp", "灯"), "levels": ("three levels", "三档"), "material": ("wood", "木质")})
OTHERS = [  # whose words are in the vocabulary too
    ItemFacts("k4", {"brightness": ("three brightness levels",), "material": ("cardboard",), "pattern": ("plain",)}),
    ItemFacts("k5", {"brightness": ("four brightness levels",)}),
]
NOT_WASHABLE = ItemFacts("k2", {"kind": ("rug", "地毯"), "care": ("not machine washable", "不可机洗")})
WORDS = Vocabulary.of([KETTLE, LAMP, NOT_WASHABLE, *OTHERS], load_words(), languages=load_claim_words())


def kinds(text: str, facts: ItemFacts = KETTLE) -> set[str]:
    return {claim.kind for claim in unsupported(text, facts, WORDS, "")}


@pytest.mark.parametrize(
    "text",
    [
        "A strainer comes with it.",  # the row includes it
        "The kettle arrives with a strainer in the box.",
        "It comes with its own strainer, so no leaf escapes.",
        "1.2 kilograms in the hand.",
        "Unlike my boss, the kettle knows when to stop.",
        "To the teapot the kettle is a rival, and a friend.",
        "For a long-haul flight of fancy, a kettle.",
        "You won't be at a loss for tea with this kettle.",
        "When headlights cross the wet road, the kettle is on.",
        "The best seat in the garden is beside the kettle.",
        "Keep the setting that suits you best.",
        "The only sound in the flat is the kettle.",
        "The bravest move of the day is to switch the kettle on.",
        "Set the kettle to the lowest level.",
        "Drink up when the church strikes five.",
        'Say "one cup" and mean seven: a kettle.',
        "A kettle and zero meetings.",
        "A kettle for half-hour walks.",
        "Quiet like a goose on a frozen pond, this kettle.",
        "Silver as a street in Lisbon after rain.",
        "Drink it without a saucer.",
        "No buttons on this kettle.",  # a touch control has none
        "It isn't pure wool, it's a blend.",
        "A kettle beside a grey overcoat.",
        "五月的阳台，水壶先响。",
        "搬家后第一个早晨，水壶先醒。",
        "把水壶拧到最低那一档。",
        "看着水汽，挺治愈的。",
        "素颜出门前，水壶先烧好。",
        "用完把水壶一放就收好了。",
        "隔壁的狗也听见水壶响了。",
        "雨衣，一把伞，一个水壶，照常出门。",
        "比一个菠萝重不了多少。",
        "壶套脏了，丢进洗衣机就行。",
        "水壶没有按钮。",
        "不是纯羊毛，里面有聚酯纤维。",
        "水壶旁边是绿色荧光笔。",
        "等水开，发呆半小时。",
        "水壶边，她说我不冷。",
    ],
)
def test_a_way_of_speaking_is_no_claim(text: str) -> None:
    assert not kinds(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("A teapot comes with it.", "bundle"),
        ("The kettle comes with a spare strainer.", "bundle"),
        ("The kettle comes with a kettle.", "bundle"),
        ("You'll find two cups tucked behind the kettle.", "bundle"),
        ("Unlike your old kettle, it pours.", "comparison"),
        ("It makes your old kettle look slow.", "comparison"),
        ("The only kettle you need.", "superlative"),
        ("By breakfast it's hanging on your front door.", "delivery"),
        ("The cosy doubles as a hammock.", "use"),
        ("It will even grow cress.", "use"),
        ("明早它就等在你家门口。", "delivery"),
        ("壶套当雨衣也行。", "use"),
        ("壶套防潮。", "technical"),
        ("The kettle is down to the last crate.", "scarcity"),
        ("Once sold it won't be remade.", "scarcity"),
        ("We'll send you a new kettle.", "warranty"),
        ("The lid displays the temperature.", "technical"),
        ("The kettle came home with silver medals.", "award"),
        ("Ikea's way with steel.", "brand"),
        ("Among the leaves you'll find candied orange.", "ingredients"),
        ("It soothes baby's rash.", "health"),
        ("茶里混了几片薄荷叶。", "ingredients"),
        ("壶套里织入了银离子。", "ingredients"),
        ("盒子里还塞着一把小勺。", "bundle"),
        ("另外配了一个帆布袋。", "bundle"),
        ("水壶卖完就不再开炉。", "scarcity"),
        ("水壶从北海道来。", "origin"),
        ("羊毛是在新疆的草原上吃草长大的。", "origin"),
        ("戴森的手艺，银色水壶。", "brand"),
        ("小店会寄给你一个新的。", "warranty"),
        ("壶盖会显示水温。", "technical"),
        ("让你家里那把旧壶显得笨。", "comparison"),
        ("水壶捧回金奖。", "award"),
    ],
)
def test_a_lie_in_a_way_of_speaking_is_found(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize("text", ["地毯丢进洗衣机就行。", "Put the rug into the washing machine."])
def test_what_a_row_denies_entails_nothing(text: str) -> None:
    assert kinds(text, NOT_WASHABLE)


def test_words_of_other_rows_do_not_make_a_true_text_false() -> None:
    assert not kinds("A lamp with three brightness levels.", LAMP)
    assert not kinds("Not cardboard: this lamp is wood.", LAMP)
    assert not kinds("A lamp for a plain Tuesday.", LAMP)
    assert kinds("A lamp with four brightness levels.", LAMP)
    assert kinds("A plain lamp.", LAMP)
