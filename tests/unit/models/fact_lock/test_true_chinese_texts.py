"""Kinds of true Chinese texts that may be shown, and lies that stand close to each of them."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

NAPKINS = ItemFacts(
    "t1",
    {
        "kind": ("napkins", "餐巾"),
        "colour": ("teal and white", "青色与白色"),
        "count": ("30 pieces", "30片"),
        "included": ("tray", "木托盘"),
        "finish": ("matte", "哑光"),
        "pocket": ("two side pockets", "两个侧袋"),
    },
    titles=("Orla napkins", "奥拉 餐巾"),
    price=60.0,
    old_price=90.5,
    currency="CNY",
)
SCOOTER = ItemFacts(
    "t2",
    {
        "kind": ("scooter", "滑板车"),
        "colour": ("black", "黑色"),
        "age": ("4-9 years", "4-9岁"),
        "load": ("up to 50 kg", "最大承重50公斤"),
        "property": ("waterproof", "防水"),
        "care": ("removable cover", "护套可拆"),
        "wheels": ("three rubber wheels", "三个橡胶轮"),
        "weight": ("2.4 kg", "2.4公斤"),
        "made of": ("bamboo and cork", "竹子、软木"),
    },
    titles=("Finn scooter", "芬恩 滑板车"),
    price=12.9,
    currency="EUR",
)
DRILL = ItemFacts(
    "t3",
    {
        "kind": ("screwdriver", "手动螺丝刀"),
        "colour": ("red", "红色"),
        "closure": ("front zip", "全开拉链"),
    },
    titles=("Rowan screwdriver", "罗恩 红色螺丝刀"),
)
PENCILS = ItemFacts("t4", {"kind": ("pencil", "铅笔"), "colour": ("blue", "蓝色")}, price=8.0, currency="CNY")
WORDS = Vocabulary.of([NAPKINS, SCOOTER, DRILL, PENCILS], load_words(), languages=load_claim_words())


def wrong(text: str, facts: ItemFacts) -> list[str]:
    return [f"{claim.kind}: {text[claim.start : claim.end]}" for claim in unsupported(text, facts, WORDS, "zh")]


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (NAPKINS, "比原价少三十块五。", "比原价少四十块五。"),
        (NAPKINS, "从90.5降到60。", "从120降到60。"),
        (NAPKINS, "算下来一片不到三块钱。", "算下来一片不到两块钱。"),
        (NAPKINS, "一片两块，三十片正好六十块钱。", "一片一块九，三十片正好六十块钱。"),
        (SCOOTER, "十二块九欧元的滑板车。", "十二块五欧元的滑板车。"),
        (SCOOTER, "十二块九欧元的滑板车。", "十二块九美元的滑板车。"),
    ],
)
def test_sums_of_money_in_words_follow_from_the_price(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (NAPKINS, "两种颜色的餐巾。", "三种颜色的餐巾。"),
        (SCOOTER, "六岁的小朋友踩上就走。", "两岁的小朋友踩上就走。"),
        (SCOOTER, "最大承重五十公斤。", "最大承重八十公斤。"),
        (SCOOTER, "不超过50公斤都可以骑。", "不超过60公斤都可以骑。"),
        (SCOOTER, "三个轮，稳稳地转弯。", "四个轮，稳稳地转弯。"),
        (SCOOTER, "不到三公斤，拎着上楼。", "不到两公斤，拎着上楼。"),
        (SCOOTER, "两公斤多，孩子自己拎得动。", "三公斤多，孩子自己拎得动。"),
        (SCOOTER, "第四个是跟在后面的狗。", "四个轮子跟在后面。"),
        (SCOOTER, "三个人的周末，轮流踩一圈。", "坐三个人也不晃。"),
        (SCOOTER, "一天骑半个小时，风就认得他了。", "充一次电骑半个小时。"),
        (PENCILS, "十根手指里，总有一根沾着铅笔灰。", "十根铅笔，一盒装好。"),
        (PENCILS, "画两三条小路，铅笔就短了。", "铅笔写了二十三年也不短。"),
        (PENCILS, "给满二十岁的女儿。", "给二岁的女儿写字。"),
    ],
)
def test_figures_of_the_scene_and_figures_within_the_row(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("第一株薄荷发芽那天，铅笔记下了日期。", "行业第一株铅笔。"),
        ("第一个哈欠之前，画完了。", "国内第一个把木头磨圆的铅笔。"),
        ("最暗的那一块云，用铅笔慢慢涂。", "最暗的铅笔。"),
        ("最好的时光，是削铅笔的时候。", "最好的铅笔，是这一支。"),
    ],
)
def test_superlatives_of_the_scene_are_none_of_the_item(true: str, lie: str) -> None:
    assert wrong(true, PENCILS) == []
    assert wrong(lie, PENCILS)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (PENCILS, "写给衣柜里全是黑色的你。", "黑色的铅笔，写给你。"),
        (PENCILS, "嫌红色太闹的你，试试这支铅笔。", "红色不闹，试试这支铅笔。"),
        (PENCILS, "看腻了白色，换支蓝色铅笔。", "换支白色铅笔。"),
        (NAPKINS, "青色挨着墨绿很好看，餐巾就这样铺。", "墨绿的餐巾很好看。"),
        (PENCILS, "台灯调暗一点，铅笔沙沙响。", "这支铅笔的亮度能调暗一点。"),
        (PENCILS, "雨顺着玻璃流，铅笔停在半空。", "玻璃做的铅笔停在半空。"),
    ],
)
def test_colours_and_things_of_the_scene_are_none_of_the_item(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (DRILL, "不用充电，拧就是了。", "一次充电，拧满一天。"),
        (NAPKINS, "没有亮面的反光。", "一层反光的面。"),
        (NAPKINS, "没有亮面的反光。", "没有遮光。"),
        (SCOOTER, "护套也不怕水。", "护套也不怕火。"),
        (SCOOTER, "刹住了，也不怕错过路口。", "也不怕火，骑着就是。"),
        (SCOOTER, "到了也不用找钥匙。", "自带钥匙扣，到了就锁。"),
        (DRILL, "全开拉链，不是套头的。", "不是全开拉链的。"),
        (PENCILS, "不能不带的一支笔。", "不带橡皮的一支笔，不含松木。"),
    ],
)
def test_what_the_row_rules_out_may_be_denied(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("自带木托盘，摆上就开饭。", "自带木托盘架，摆上就开饭。"),
        ("附了一个木托盘，餐桌清爽。", "附了一个铜铃，餐桌清爽。"),
        ("奥拉餐巾附一句话：慢慢吃。", "奥拉餐巾附一只杯子。"),
        ("别放进洗衣机。", "放进洗衣机也没事。"),
    ],
)
def test_what_comes_along_is_in_the_row(true: str, lie: str) -> None:
    assert wrong(true, NAPKINS) == []
    assert wrong(lie, NAPKINS)
