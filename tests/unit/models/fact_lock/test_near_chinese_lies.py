"""Chinese lies that stand close to what the rules of sums, readers, denials and lists allow, each with a true text."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

SKATES = ItemFacts(
    "n1",
    {
        "kind": ("roller skates", "轮滑鞋"),
        "sizes": ("33-38", "33-38码"),
        "age": ("6-12 years", "6-12岁"),
        "brake height": ("7 mm", "刹车高7毫米"),
        "wheel depth": ("9 mm", "轮宽9毫米"),
        "waterproof rating": ("none", "不防水"),
        "levels": ("2 levels", "2档硬度"),
        "years": ("4 years", "保修4年"),
    },
    titles=("Runa roller skates", "露娜 轮滑鞋"),
    price=179.0,
    old_price=249.0,
    currency="CNY",
)
PAD = ItemFacts(
    "n2",
    {
        "kind": ("heating pad", "加热垫"),
        "length": ("1.6 m", "长1.6米"),
        "cord": ("2.2 m", "电源线2.2米"),
        "heat": ("35-55 °C", "热敷35-55℃"),
        "power source": ("mains powered, not rechargeable", "插电使用，不可充电"),
        "cover": ("removable cover, machine washable", "外罩可拆卸，可机洗"),
        "persons": ("single", "单人"),
        "avoid": ("bleach, ironing", "漂白粉、熨斗"),
        "optional accessories": ("neck roll (sold as an option)", "选配颈枕"),
    },
    titles=("Soma heating pad", "索玛 加热垫"),
    price=99.0,
    old_price=119.0,
    currency="CNY",
)
BAG = ItemFacts(
    "n3",
    {
        "kind": ("briefcase", "公文包"),
        "laptop": ("up to 14 inch", "电脑最大14英寸"),
        "load": ("max 9 kg", "最大承重9公斤"),
        "strap": ("90 cm + 15 cm extension", "90厘米+15厘米延长带"),
        "shell": ("100% wool", "面料100%羊毛"),
        "lining": ("70% cotton, 30% linen", "里料70%棉，30%亚麻"),
    },
    titles=("Otto briefcase", "奥托 公文包"),
    price=259.0,
    currency="CNY",
)
BALM = ItemFacts(
    "n4",
    {
        "kind": ("balm", "护手膏"),
        "free from": ("fragrance free, paraben free", "无香精、无防腐剂"),
        "allergens": ("almonds", "杏仁"),
        "shelf life": ("24 months", "保质期24个月"),
        "after opening": ("9 months", "开封后9个月"),
        "base": ("chicken fat", "鸡肉、南瓜"),
    },
    titles=("Vita balm", "维塔 护手膏"),
)
CAMERA = ItemFacts(
    "n5",
    {
        "kind": ("camera", "相机"),
        "battery": ("3000 mAh", "3000毫安时"),
        "battery life": ("12 h", "续航12小时"),
        "hot swap": ("not hot-swappable", "不支持热插拔"),
        "net": ("60 pieces", "60块"),
    },
    titles=("Iris camera", "艾瑞 相机"),
    price=60.0,
    currency="CNY",
)
PUPPY = ItemFacts(
    "n6", {"kind": ("dog food", "狗粮"), "breed size": ("small breeds", "小型犬")}, titles=("Rex dog food",)
)
WORDS = Vocabulary.of([SKATES, PAD, BAG, BALM, CAMERA, PUPPY], load_words(), languages=load_claim_words())


def wrong(text: str, facts: ItemFacts, *, judged: bool = False) -> list[str]:
    claims = unsupported(text, facts, WORDS, "zh", judged=judged)
    return [f"{claim.kind}: {text[claim.start : claim.end]}" for claim in claims]


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (SKATES, "原来249，今天179，七十块够吃两顿面。", "原来249，今天179，定金七十块，鞋先拿走。"),
        (SKATES, "原来249，今天179，七十块够吃两顿面。", "原来249，今天179，七十块的护膝也归你。"),
        (SKATES, "原来249，今天179，省下来七十块。", "原来249，今天179，七十块月底打回账上。"),
        (SKATES, "一百七十九，滑着去上学。", "眼下两百四十九，滑着去上学。"),
        (SKATES, "两百块还找你二十一块。", "两百五十块还找你一块。"),
        (SKATES, "一张一百加七十九，滑着去上学。", "一百七十九，三双一起拎走。"),
        (SKATES, "从249变成179。", "从249变成179，下周再便宜三十。"),
        (SKATES, "从249变成179。", "从249变成179，节后还再减七十块。"),
        (SKATES, "从249减到179。", "体重从249减到179。"),
        (SKATES, "今年便宜七十块。", "一年便宜七十块网费。"),
        (SKATES, "原来249，今天179，省下来七十块。", "原来249，今天179，省下来七十块税。"),
        (CAMERA, "六十，按下快门。", "六十，两台一起带走。"),
        (CAMERA, "六十，按下快门。", "再送六张十元购物券。"),
    ],
)
def test_sums_are_of_the_price_of_today(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts, judged=True)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (SKATES, "40码的大哥抱歉了。", "40码的大哥没有穿不上的。"),
        (SKATES, "40码的大哥抱歉了。", "40码的大哥会穿不上吗。"),
        (SKATES, "40码的大哥抱歉了。", "40码的大哥穿不上是不可能的。"),
        (SKATES, "40码的大哥抱歉了。", "35码的同学抱歉了。"),
        (SKATES, "三岁的妹妹还得再等等。", "三岁的妹妹谁说玩不了。"),
        (SKATES, "三岁的妹妹还得再等等。", "三岁的妹妹绝不嫌小。"),
        (SKATES, "三岁的妹妹还得再等等。", "八岁的姐姐还得再等等。"),
        (PAD, "一米五的姑娘躺平也不用蜷腿。", "一米五的姑娘躺下得缩着脚。"),
        (PAD, "一米五的姑娘躺平也不用蜷腿。", "两米的大个子躺得下。"),
        (PAD, "一个人躺着刚好。", "两三个人挤在上面睡。"),
    ],
)
def test_readers_are_turned_away_or_fitted_by_their_own_figure(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (SKATES, "轮宽九毫米。", "刹车高九毫米。"),
        (SKATES, "两档硬度。", "四档硬度。"),
        (PAD, "热到五十五度。", "靠背翻到五十五度。"),
        (BAG, "十三寸的本放得进去。", "八公斤的小猫放得进去。"),
        (BAG, "十三寸的本放得进去。", "十三寸的蛋糕放得进去。"),
        (BAG, "带子放到最长一百零五厘米。", "带子一百零五厘米，没有延长带。"),
        (BAG, "带子放到最长一百零五厘米。", "短的那截就有一百零五厘米。"),
        (BAG, "带子最长一百零五。", "最重能装一百零五。"),
        (BALM, "没开封能放两年。", "开了盖能用两年。"),
        (BALM, "开封以后九个月用完。", "启封之后还能用两年。"),
        (BAG, "里料七成棉。", "里料棉和亚麻各占一半。"),
        (BAG, "里料七成棉。", "里料棉麻对半分。"),
        (BAG, "里料不是纯亚麻。", "面料不是纯羊毛。"),
        (CAMERA, "充一次电，拍十二个小时。", "充满电，用到下个季节。"),
    ],
)
def test_a_figure_is_that_of_the_thing_which_the_text_names(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts, judged=True)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (BALM, "香精？这里没有。", "香精？没有是骗人的。"),
        (BALM, "香精？这里没有。", "香精？没有不行。"),
        (BALM, "香精？这里没有。", "香精管够。"),
        (BALM, "防腐剂？没放。", "防腐剂？没放光靠酒精。"),
        (BALM, "不含防腐剂，放心抹。", "不含防腐剂，矿物油，放心抹。"),
        (BALM, "对杏仁过敏的朋友请绕开。", "对杏仁过敏的朋友无需绕开。"),
        (BALM, "对杏仁过敏的朋友请绕开。", "杏仁过敏的宝宝别担心。"),
        (BALM, "对杏仁过敏的朋友请绕开。", "杏仁过敏的人照样能用。"),
        (BALM, "对杏仁过敏的朋友请绕开。", "对杏仁过敏的朋友请绕开才怪。"),
        (BALM, "对杏仁过敏的朋友请绕开。", "杏仁过敏？小事。"),
        (BALM, "不含防腐剂，放心抹。", "香精没有，甲醛也没有。"),
        (BAG, "里料不是丝的。", "不是羊毛的，是化纤的。"),
        (BAG, "带子有延长带。", "延长带没有，将就着背。"),
        (SKATES, "鞋面不防水。", "谁说不防水。"),
        (PUPPY, "大型犬请绕道。", "小型犬请绕道。"),
        (BALM, "香精？这里没有。", "矿物油？这里没有。"),
        (BAG, "带子有延长带。", "没有延长带，就这么长。"),
        (CAMERA, "充一次电，拍十二个小时。", "充满电一路拍过整个雨季。"),
        (BALM, "鸡肉和南瓜打底。", "鸡肉和土豆打底。"),
        (PAD, "外罩拆得下来。", "外罩没法拆下来。"),
        (PAD, "外罩拆得下来。", "电线也拆得下来。"),
        (PAD, "外罩丢进洗衣机就好。", "外罩无法放进洗衣机。"),
        (PAD, "插电使用的垫子。", "rechargeable的一张垫子。"),
        (PAD, "别碰漂白粉。", "漂白粉随便撒。"),
        (PAD, "别碰漂白粉。", "漂白粉也不要紧。"),
        (PAD, "颈枕是选配的。", "颈枕跟着垫子一道寄。"),
        (SKATES, "鞋面不防水。", "防水的鞋面。"),
        (CAMERA, "不支持热插拔。", "支持热插拔。"),
        (CAMERA, "水倒进玻璃杯，拍下来。", "水倒进玻璃杯身。"),
    ],
)
def test_what_the_row_denies_sells_apart_or_warns_of(facts: ItemFacts, true: str, lie: str) -> None:
    assert wrong(true, facts) == []
    assert wrong(lie, facts, judged=True)
