"""The sample shop's vocabulary in English and Chinese: departments, nouns, attribute values, brands, cities.

In both languages, no attribute value is part of another value, of a noun or of a brand. So a text can be searched for
claims that the attributes do not make. A test checks this.
"""

from __future__ import annotations

from typing import NamedTuple

Pair = tuple[str, str]  # English, Chinese


class Leaf(NamedTuple):
    """The third category level: one kind of thing."""

    noun: Pair
    price: float  # median price, CNY
    attributes: tuple[str, ...]
    cycle: int = 0  # days until a buyer needs it again; 0: bought once
    peak: int = 0  # month of highest demand; 0: none


def _pairs(text: str) -> tuple[Pair, ...]:
    """'red 红色, black 黑色' -> pairs; the Chinese word follows the last space."""
    return tuple((parts[0], parts[1]) for parts in (pair_text.strip().rsplit(" ", 1) for pair_text in text.split(",")))


# attribute -> its values
ATTRIBUTES: dict[str, tuple[Pair, ...]] = {
    "colour": _pairs("red 红色, black 黑色, white 白色, navy 藏青色, green 绿色, beige 米色, grey 灰色, pink 粉色"),
    "fabric": _pairs("cotton 纯棉, linen 亚麻, wool 羊毛, silk 真丝, polyester 涤纶"),
    "size": _pairs("small 小号, medium 中号, large 大号, plus-size 加宽款"),
    "style": _pairs("casual 休闲, formal 商务, sporty 运动, vintage 复古, minimalist 简约, street 街头"),
    "upper": _pairs("leather 牛皮, canvas 帆布, suede 麂皮, mesh 网布"),
    "material": _pairs("oak 橡木, walnut 胡桃木, rattan 藤编, steel 钢制, ceramic 陶瓷, glass 玻璃"),
    "decor": _pairs("Nordic 北欧风, Japanese 日式, modern 现代, industrial 工业风, rustic 田园"),
    "connection": _pairs("Bluetooth 蓝牙, wired 有线, Wi-Fi 无线网"),
    "battery": _pairs("8-hour 八小时, 24-hour 整日, 40-hour 四十小时"),
    "flavour": _pairs("original 原味, chocolate 巧克力味, matcha 抹茶味, strawberry 草莓味, sea-salt 海盐味"),
    "origin": _pairs("Yunnan 云南, Fujian 福建, Brazil 巴西, Italy 意大利, Kenya 肯尼亚"),
    "weight": _pairs("250 g 250克, 500 g 500克, 1 kg 1公斤"),
    "skin": _pairs("dry 干性, oily 油性, sensitive 敏感"),
    "scent": _pairs("rose 玫瑰, lavender 薰衣草, citrus 柑橘, unscented 无香"),
    "volume": _pairs("50 ml 50毫升, 100 ml 100毫升, 400 ml 400毫升"),
    "build": _pairs("nylon 尼龙, foam 泡棉, rubber 橡胶, aluminium 铝合金"),
    "level": _pairs("beginner 入门级, advanced 进阶级, professional 专业级"),
    "stage": _pairs("newborn 初生, toddler 学步, school-age 学龄"),
    "pet": _pairs("kitten 幼猫, adult-cat 成猫, puppy 幼犬, adult-dog 成犬"),
    "ruling": _pairs("dotted 点阵, lined 横线, blank 空白"),
}

_WEAR = ("colour", "fabric", "size", "style")
_FOOT = ("colour", "upper", "size", "style")
_HOME = ("colour", "material", "decor")
_TECH = ("colour", "connection", "battery")
_FOOD = ("flavour", "origin", "weight")
_CARE = ("skin", "scent", "volume")
_SPORT = ("colour", "build", "level")
_BABY = ("colour", "stage", "fabric")

# department -> shelf -> leaves
TREE: dict[Pair, dict[Pair, tuple[Leaf, ...]]] = {
    ("Clothing", "服饰"): {
        ("Tops", "上装"): (
            Leaf(("T-shirt", "T恤"), 89, _WEAR, peak=6),
            Leaf(("shirt", "衬衫"), 159, _WEAR),
            Leaf(("sweater", "毛衣"), 219, _WEAR, peak=12),
        ),
        ("Bottoms", "下装"): (
            Leaf(("jeans", "牛仔裤"), 229, _WEAR),
            Leaf(("skirt", "半身裙"), 179, _WEAR, peak=6),
            Leaf(("shorts", "短裤"), 99, _WEAR, peak=7),
        ),
        ("Outerwear", "外套"): (
            Leaf(("jacket", "夹克"), 359, _WEAR, peak=10),
            Leaf(("overcoat", "大衣"), 699, _WEAR, peak=12),
        ),
    },
    ("Shoes and bags", "鞋包"): {
        ("Shoes", "鞋"): (
            Leaf(("sneakers", "板鞋"), 329, _FOOT),
            Leaf(("boots", "靴子"), 459, _FOOT, peak=11),
            Leaf(("sandals", "凉鞋"), 169, _FOOT, peak=7),
        ),
        ("Bags", "包"): (
            Leaf(("backpack", "双肩包"), 239, _FOOT, peak=9),
            Leaf(("handbag", "手提包"), 399, _FOOT),
            Leaf(("wallet", "钱包"), 149, _FOOT),
        ),
    },
    ("Home", "家居"): {
        ("Furniture", "家具"): (
            Leaf(("armchair", "扶手椅"), 899, _HOME),
            Leaf(("coffee table", "茶几"), 749, _HOME),
            Leaf(("bookshelf", "书架"), 499, _HOME),
        ),
        ("Kitchen", "厨房"): (
            Leaf(("mug", "马克杯"), 49, _HOME),
            Leaf(("serving bowl", "大汤碗"), 79, _HOME),
            Leaf(("teapot", "茶壶"), 139, _HOME),
        ),
        ("Decoration", "装饰"): (
            Leaf(("table lamp", "台灯"), 189, _HOME),
            Leaf(("vase", "花瓶"), 99, _HOME, peak=2),
        ),
    },
    ("Electronics", "数码"): {
        ("Audio", "影音"): (
            Leaf(("headphones", "头戴耳机"), 499, _TECH, peak=11),
            Leaf(("speaker", "音箱"), 369, _TECH, peak=11),
        ),
        ("Office", "办公"): (
            Leaf(("keyboard", "键盘"), 299, _TECH),
            Leaf(("computer mouse", "鼠标"), 129, _TECH),
            Leaf(("webcam", "摄像头"), 219, _TECH),
        ),
        ("Wearables", "穿戴"): (
            Leaf(("smartwatch", "智能手表"), 999, _TECH, peak=11),
            Leaf(("fitness band", "手环"), 199, _TECH, peak=1),
        ),
    },
    ("Food", "食品"): {
        ("Snacks", "零食"): (
            Leaf(("biscuits", "饼干"), 25, _FOOD, cycle=8),
            Leaf(("nut mix", "坚果"), 45, _FOOD, cycle=11, peak=1),
            Leaf(("granola", "麦片"), 39, _FOOD, cycle=9),
        ),
        ("Drinks", "饮品"): (
            Leaf(("coffee beans", "咖啡豆"), 69, _FOOD, cycle=10),
            Leaf(("oolong tea", "乌龙茶"), 89, _FOOD, cycle=14),
            Leaf(("oat milk", "燕麦奶"), 29, _FOOD, cycle=5),
        ),
    },
    ("Beauty", "美妆"): {
        ("Skin care", "护肤"): (
            Leaf(("face cream", "面霜"), 189, _CARE, cycle=30, peak=12),
            Leaf(("cleanser", "洁面乳"), 79, _CARE, cycle=21),
            Leaf(("sunscreen", "防晒霜"), 119, _CARE, cycle=25, peak=7),
        ),
        ("Bath", "洗护"): (
            Leaf(("shampoo", "洗发水"), 59, _CARE, cycle=20),
            Leaf(("body wash", "沐浴露"), 49, _CARE, cycle=18),
            Leaf(("hand soap", "洗手液"), 25, _CARE, cycle=12),
        ),
    },
    ("Sports", "户外"): {
        ("Fitness", "健身"): (
            Leaf(("yoga mat", "瑜伽垫"), 139, _SPORT, peak=1),
            Leaf(("dumbbell set", "哑铃"), 199, _SPORT, peak=1),
            Leaf(("skipping rope", "跳绳"), 39, _SPORT),
        ),
        ("Camping", "露营"): (
            Leaf(("tent", "帐篷"), 599, _SPORT, peak=5),
            Leaf(("sleeping bag", "睡袋"), 259, _SPORT, peak=5),
            Leaf(("trekking poles", "登山杖"), 169, _SPORT, peak=10),
        ),
    },
    ("Family", "亲子"): {
        ("Baby", "母婴"): (
            Leaf(("nappies", "纸尿裤"), 129, ("stage", "size"), cycle=9),
            Leaf(("baby blanket", "婴儿毯"), 119, _BABY, peak=12),
            Leaf(("bib", "围兜"), 35, _BABY),
        ),
        ("Pets", "宠物"): (
            Leaf(("pet food", "宠物主粮"), 99, ("pet", "weight"), cycle=13),
            Leaf(("pet treats", "宠物点心"), 35, ("pet", "weight"), cycle=7),
        ),
        ("Stationery", "文具"): (
            Leaf(("notebook", "笔记本"), 29, ("colour", "ruling"), peak=9),
            Leaf(("sketchbook", "素描册"), 45, ("colour", "ruling"), peak=9),
        ),
    },
}

BRANDS: tuple[Pair, ...] = _pairs(
    "Luma 露玛, Kestrel 凯翠, Arbor 雅博, Sunhe 尚禾, Vento 文拓, Mirai 米莱, Oryx 欧睿, Tanka 棠卡, Juno 朱诺,"
    "Pavo 帕沃, Selin 赛琳, Kaito 凯途, Brisa 碧莎, Nolan 诺岚, Yuzu 柚子家, Ostra 奥斯特, Dovre 多芙, Halden 海登,"
    "Miso 米索, Taro 塔洛, Fenna 芬娜, Gala 嘉拉, Ivo 伊沃, Quill 羽笔, Rowan 若望, Suri 苏里, Tilda 蒂妲,"
    "Umbra 安博, Wren 鹪鹩, Xena 希娜"
)

# city, country, relative weight
CITIES: tuple[tuple[str, str, int], ...] = (
    ("上海", "CN", 14), ("北京", "CN", 13), ("广州", "CN", 10), ("深圳", "CN", 10), ("成都", "CN", 9),
    ("杭州", "CN", 8), ("武汉", "CN", 6), ("西安", "CN", 5), ("南京", "CN", 5), ("重庆", "CN", 5),
    ("Singapore", "SG", 4), ("Kuala Lumpur", "MY", 3), ("London", "GB", 3), ("Sydney", "AU", 2), ("São Paulo", "BR", 1),
)  # fmt: skip
