"""More kinds of true Chinese texts, of sums, sizes, readers and what lies in the box, with the lies closest to them."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

BOOTS = ItemFacts(
    "m1",
    {
        "kind": ("hiking boots", "登山靴"),
        "sizes": ("36-44", "36-44码"),
        "weight": ("470 g", "470克"),
        "in the box": ("boots, spare laces, felt insoles", "登山靴、备用鞋带一副、2双毛毡鞋垫"),
    },
    titles=("Fjell hiking boots", "弗约 登山靴"),
    price=389.0,
    old_price=469.0,
    currency="CNY",
)
VEST = ItemFacts("m2", {"kind": ("vest", "背心"), "sizes": ("XS-XL",)}, titles=("Tove vest", "托芙 背心"))
HAMMOCK = ItemFacts(
    "m3",
    {
        "kind": ("hammock", "吊床"),
        "size": ("260 x 140 x 5 cm", "260×140×5厘米"),
        "fabric weight": ("210 g/m²", "210克/平方米"),
        "warranty": ("18 months", "保修18个月"),
    },
    titles=("Loma hammock", "洛玛 吊床"),
)
TORCH = ItemFacts(
    "m4",
    {
        "kind": ("torch", "手电筒"),
        "battery": ("2 batteries, not included", "2节5号电池（不含）"),
        "spare": ("3 lithium batteries", "3块锂电池"),
        "waterproof rating": ("IPX7", "IPX7"),
        "age": ("8+ years", "8岁以上"),
        "cord": ("30 cm + 6 cm extension", "30厘米+6厘米延长绳"),
    },
    titles=("Hella torch", "海拉 手电筒"),
)
KETTLE = ItemFacts(
    "m5",
    {
        "kind": ("kettle", "水壶"),
        "volume": ("1 l", "1升"),
        "temperature": ("40-95 °C", "40-95℃"),
        "free of": ("BPA-free", "不含BPA"),
        "fits": ("up to 14 in tray", "最大14英寸托盘"),
        "colour": ("glass blue", "玻璃蓝"),
        "material": ("steel", "不锈钢"),
    },
    titles=("Sisu kettle", "西苏 水壶"),
)
WOOL = ItemFacts(
    "m7",
    {
        "kind": ("blanket", "盖毯"),
        "material": ("60% wool, 40% cotton", "60%羊毛，40%棉"),
        "weight": ("1 kg each", "每条1公斤"),
        "count": ("3 pieces", "3条装"),
        "free of": ("lead-free dye", "无铅染料"),
        "trim": ("leather label", "皮革标签"),
        "roast": ("medium", "中烘"),
        "battery life": ("9 h", "续航9小时"),
        "spare": ("spare needle 1", "备用针1根"),
        "thickness": ("6-7 mm", "6-7毫米"),
    },
    titles=("Ull blanket", "乌尔 盖毯"),
)
PASTE = ItemFacts(
    "m6",
    {"kind": ("nut paste", "坚果酱"), "contains": ("hazelnut, sesame", "榛子、芝麻"), "count": ("6 jars", "6瓶")},
    titles=("Nella nut paste", "内拉 坚果酱"),
    price=75.0,
    currency="CNY",
)
WORDS = Vocabulary.of([BOOTS, VEST, HAMMOCK, TORCH, KETTLE, PASTE, WOOL], load_words(), languages=load_claim_words())


def wrong(text: str, facts: ItemFacts) -> list[str]:
    return [f"{claim.kind}: {text[claim.start : claim.end]}" for claim in unsupported(text, facts, WORDS, "zh")]


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (BOOTS, "原来469，今天389，八十块拿去买双袜子。", "原来469，今天389，九十块拿去买双袜子。"),
        (BOOTS, "原来469，今天389，八十块拿去买双袜子。", "原来469，今天389，八十块带走。"),
        (BOOTS, "立减80，469的鞋现在389。", "立减90，469的鞋现在389。"),
        (BOOTS, "比先前便宜八十，登山靴还是那双。", "比先前便宜一百，登山靴还是那双。"),
        (BOOTS, "八十块省下来，再买双袜子。", "九十块省下来，再买双袜子。"),
        (BOOTS, "让利八十，剩下的路自己走。", "让利九十，剩下的路自己走。"),
        (BOOTS, "三百八十九，穿着上山。", "三百五十九，穿着上山。"),
        (BOOTS, "四百块还找你十一块。", "四百块还找你三十块。"),
        (BOOTS, "三张一百加八十九，登山靴归你。", "两张一百加八十九，登山靴归你。"),
        (PASTE, "算下来一瓶十二块五，抹面包。", "算下来一瓶十块五，抹面包。"),
        (PASTE, "每瓶十二块多，抹面包。", "每瓶十一块多，抹面包。"),
        (PASTE, "七十五一份，慢慢吃。", "六十五一份，慢慢吃。"),
    ],
)
def test_sums_that_are_saved_changed_or_written_without_a_unit(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (BOOTS, "一只九两多，走起来不累脚。", "一只七两多，走起来不累脚。"),
        (BOOTS, "掂一掂，一斤不到。", "掂一掂，半斤不到。"),
        (BOOTS, "两双鞋垫换着穿，一只连五百克都不到。", "两双鞋垫换着穿，一只连三百克都不到。"),
        (HAMMOCK, "长两米六，宽一米四。", "长两米八，宽一米四。"),
        (HAMMOCK, "克重二百一，躺着晃。", "克重二百六，躺着晃。"),
        (HAMMOCK, "保修一年半。", "保修两年半。"),
        (KETTLE, "一壶正好装两斤水。", "一壶正好装三斤水。"),
        (KETTLE, "从四十度到九十五度，慢慢调。", "从四十度到九十九度，慢慢调。"),
        (KETTLE, "十八寸的托盘就别放了。", "十三寸的托盘就别放了。"),
        (WOOL, "三条一共三公斤。", "三条一共四公斤。"),
        (KETTLE, "十三寸的托盘放得下。", "十八寸的托盘放得下。"),
        (TORCH, "三块锂电池轮着用。", "四块锂电池轮着用。"),
        (TORCH, "绳子最长三十六。", "绳子最长五十六。"),
        (TORCH, "有IPX7打底，雨里也拿得稳。", "一盒两打，雨里也拿得稳。"),
        (WOOL, "六七毫米厚。", "九十毫米厚。"),
        (TORCH, "防水做到IPX7。", "完全防水，掉进水里捞起来接着用。"),
    ],
)
def test_figures_beside_a_unit_a_limit_or_a_name(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (BOOTS, "四十码的脚刚好。", "四十六码的脚刚好。"),
        (BOOTS, "46码的大个子抱歉了，最大只到44。", "46码的大个子有福了，最大正好46码。"),
        (VEST, "从XS一路排到XL。", "从XS一路排到XXL。"),
        (TORCH, "六岁的弟弟还得再等等。", "六岁的弟弟也能玩。"),
        (TORCH, "六岁的弟弟还得再等等。", "九岁的哥哥还太小，等长大吧，六岁就能玩。"),
        (HAMMOCK, "一米八的你躺进去，脚还在里面。", "两米八的你躺进去，脚还在里面。"),
    ],
)
def test_readers_whom_the_item_fits_or_not(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (BOOTS, "备用鞋带、毛毡鞋垫都在盒子里。", "备用鞋带、鞋油都在盒子里。"),
        (BOOTS, "备用鞋带给了一副。", "鞋刷给了一副。"),
        (TORCH, "电池自备哈，五号的。", "五号电池两节已经备好。"),
        (TORCH, "打开灯，一束光滚了出来。", "打开收纳袋，一只小夹子滚了出来。"),
        (TORCH, "海拉手电筒，夜里走路用。", "海拉手电筒之外，再搭一条挂绳。"),
        (TORCH, "海拉手电筒，夜里走路用。", "两节电池中间，卧着一枚哨子。"),
        (TORCH, "海拉手电筒，夜里走路用。", "夹子跟手电筒一起到。"),
        (TORCH, "海拉手电筒，夜里走路用。", "夹子也在，不另收钱。"),
    ],
)
def test_what_the_row_lists_lies_in_the_box_and_nothing_else(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (WOOL, "不含铅的染料。", "不含胶的染料。"),
        (WOOL, "不是纯羊毛，混了棉。", "纯羊毛的盖毯。"),
        (WOOL, "整条盖毯都是羊毛？不全是，六成。", "整条盖毯都是皮革。"),
        (WOOL, "整条盖毯都是羊毛？不全是，六成。", "整条盖毯都是leather。"),
        (WOOL, "充一次电用九个小时。", "充一次电用一个月。"),
        (WOOL, "充一次电用九个小时。", "充一次电用十九个小时。"),
        (KETTLE, "充了电的是手机，水壶不用电池。", "充满电烧三壶。"),
        (WOOL, "别整条扔进洗衣机。", "直接扔进洗衣机。"),
        (PASTE, "榛子打底，芝麻收尾。", "牛肉打底，芝麻收尾。"),
        (KETTLE, "BPA？没有。", "PVC？没有。"),
        (KETTLE, "BPA？这里找不到。", "塑化剂？这里找不到。"),
        (KETTLE, "玻璃蓝的水壶。", "玻璃的水壶。"),
        (PASTE, "对芝麻过敏的朋友别买。", "对芝麻过敏的朋友也能吃，花生也有。"),
        (PASTE, "榛子也有，芝麻也有。", "腰果也有，芝麻也有。"),
        (PASTE, "累得沾枕头就睡的晚上，来一勺。", "来一勺，沾枕头就睡。"),
        (PASTE, "囤一箱，早饭不愁。", "邻居都囤了，早饭不愁。"),
        (TORCH, "换上新电池的那个晚上。", "今晚上新。"),
        (KETTLE, "搬上楼记得叫个人。", "我们负责搬上楼。"),
    ],
)
def test_denials_warnings_and_advice(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)
