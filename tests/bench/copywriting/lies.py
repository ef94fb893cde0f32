"""Plants one lie in a true text. Its words and sentences are not taken from the checker.

Words and sentences are in two halves: `half` 0 was used while the checker was written, `half` 1 is held out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

KINDS = (
    "colour", "material", "price", "discount", "brand", "size", "season", "negation", "superlative", "feature", "value",
)  # fmt: skip


@dataclass(frozen=True)
class TrueText:
    """A true text: a body, and a closing sentence made of facts. A lie changes the text and leaves the facts."""

    language: str
    body: str
    template: str = ""
    dollars: bool = False
    price: float | None = None
    discount: float | None = None
    brand: str | None = None
    size: str | None = None
    season: str | None = None

    @property
    def text(self) -> str:
        if not self.template:
            return self.body
        price, off = int(self.price or 0), round((self.discount or 0) * 10)
        sentence = self.template.format(
            p=price, fp="".join(chr(ord(c) + 0xFEE0) for c in str(price)), zp=chinese(price),
            ep=english(price).capitalize(), c="$" if self.dollars else "¥", w="dollars" if self.dollars else "yuan",
            z=_CN[(10 - off) % 10], n=10 - off, o=off * 10, b=self.brand, s=self.size, t=self.season,
        )  # fmt: skip
        gap = "" if self.language == "zh" else " " if self.body.endswith((".", "!", "?")) else ". "
        return self.body + gap + sentence


def halves(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words separated by |, put into the two halves by turns."""
    words = tuple(word.strip() for word in text.split("|"))
    return words[0::2], words[1::2]


WORDS: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "zh": {
        "colour": halves("黑色|白色|红色|蓝色|粉色|灰色|绿色|黄色|紫色|卡其色|酒红色|军绿色|米白色|藏青色|姜黄色"
                         "|墨绿色|驼色|杏色|焦糖色|"
                         "天蓝色|浅蓝色|深蓝色|橙色|棕色|咖啡色|银色|金色|香槟色|雾霾蓝|薄荷绿|玫红色|豆沙色|橘色"
                         "|湖蓝色|象牙白|孔雀蓝|奶茶色|柠檬黄"),
        "material": halves("纯棉|真丝|羊毛|亚麻|雪纺|涤纶|丝绒|牛皮|羊绒|帆布|蕾丝|尼龙|针织|天丝|牛仔|网纱|灯芯绒"
                           "|缎面|桑蚕丝|腈纶|"
                           "麂皮|羽绒|莫代尔|棉麻|聚酯纤维|氨纶|马海毛|呢料|欧根纱|法兰绒|竹纤维|醋酸|羊羔毛"
                           "|铜氨丝|不锈钢|陶瓷|实木|人造革"),
        "season": halves("春季|夏季|秋季|冬季|春天|夏天|秋天|冬天|夏日|冬日|春日|秋日|春夏|秋冬|盛夏|寒冬|初春"
                         "|深秋|早春|严冬"),
        "feature": halves("高腰|低腰|圆领|v领|翻领|立领|长袖|短袖|无袖|七分袖|喇叭袖|泡泡袖|灯笼袖|条纹|格子|碎花"
                          "|波点|刺绣|印花|"
                          "宽松|修身|阔腿|直筒|流苏|荷叶边|收腰|拼接|系带|拉链|口袋|连帽|单排扣|双排扣|百褶|开叉"
                          "|露肩|镂空|方领|一字领|五分袖|插肩袖|豹纹"),
    },
    "en": {
        "colour": halves("black|white|red|blue|pink|grey|green|yellow|purple|beige|navy|brown|orange|gold|silver"
                         "|burgundy|turquoise|olive|"
                         "cream|khaki|maroon|teal|mustard|coral|charcoal|lilac|ivory|tan|mint|peach|crimson|ochre"
                         "|violet|magenta|scarlet|taupe|fuchsia|indigo"),
        "material": halves("cotton|silk|wool|linen|leather|polyester|denim|suede|cashmere|nylon|satin|velvet"
                           "|viscose|chiffon|lace|corduroy|"
                           "modal|fleece|mesh|tulle|canvas|bamboo|jersey|acrylic|mohair|tweed|merino|steel|rubber"
                           "|plastic|glass|ceramic|oak|elastane|"
                           "alpaca|hemp|spandex|lyocell|flannel|rayon"),
        "season": halves("spring|summer|autumn|winter|Christmas|Valentine's Day|fall season|summertime"),
        "feature": halves("long sleeves|short sleeves|three-quarter sleeves|v-neck|round neck|polo neck|high waist"
                          "|low waist|striped|checked|floral|"
                          "polka-dot|embroidered|waterproof|hooded|lined|padded|sleeveless|slim fit|loose fit|zip"
                          "|buttons|pockets|ribbed|"
                          "pleated|cropped|knee-length|ankle-length|calf-length|patterned|printed|quilted"
                          "|double-breasted|single-breasted|wide legs|straight legs|"
                          "cap sleeves|puff sleeves|square neck|boat neck"),
    },
}  # fmt: skip
SAID: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "zh": {
        "price": (("现价{p}元。", "只要￥{p}就能带走。", "售价：{p}元", "到手价¥{p}。", "{zp}元的价格很实在。"),
                  ("仅需{p}块。", "价格只有{p}元，值得入手。", "一件{p}元。", "今日标价为 {p} 元",
                   "花{zp}块钱就可以拥有。", "ＲＭＢ{fp}")),
        "discount": (("现在{z}折。", "全场{z}折优惠。", "立享{n}折。"),
                     ("下单即打{z}折！", "会员专享{n}折价。", "降价{o}%。", "比原价低{o}%。")),
        "brand": (("{b}出品。", "来自{b}。", "{b}的新作。"), ("{b}品牌，用心制作。", "由{b}制造。",
                                                              "{b}设计师操刀。")),
        "size": (("尺码：{s}。", "这件是{s}码。"), ("尺码为{s}。", "本款为{s}码。", "目前只有{s}号。")),
        "season": (("适合{t}穿着。", "{t}必备。"), ("{t}的衣橱里少不了它。", "为{t}而生。", "{t}上身正好。")),
    },
    "en": {
        "price": (("Now {c}{p}.", "Yours for {c}{p}.", "Price: {p} {w}.", "Only {p} {w}."),
                  ("It costs {c}{p}.", "{ep} {w}, and it is yours.", "At {p} {w} it is good value.",
                   "Get it for just {c}{p}!")),
        "discount": (("{o}% off.", "Save {o}%.", "Now with {o} percent off."),
                     ("Enjoy a {o}% discount.", "{o}% cheaper than before.", "Reduced by {o}%.",
                      "Take {o}% off today's order.")),
        "brand": (("By {b}.", "Designed by {b}.", "From {b}."), ("A piece from the {b} range.", "{b} made this one.",
                                                                 "Brand: {b}.")),
        "size": (("Size: {s}.", "This one is size {s}."), ("Comes in size {s}.", "We have it in a size {s}.")),
        "season": (("Made for {t}.", "A {t} essential."), ("Just right for {t}.", "Wear it all {t}.")),
    },
}  # fmt: skip
BRANDS = {"zh": ("露玛", "凯翠", "雅博", "尚禾", "文拓", "米莱", "欧睿", "棠卡", "朱诺", "赛琳", "凯途", "碧莎"),
          "en": ("Luma", "Kestrel", "Arbor", "Sunhe", "Vento", "Mirai", "Oryx", "Tanka", "Selin",
                 "Halden")}  # fmt: skip
OTHERS = {"zh": ("耐克", "优衣库", "诺德森", "华伦天奴"), "en": ("Nike", "Uniqlo", "Marlowe", "Valentino")}
SUPERLATIVES = {
    "zh": (("最好的", "顶级的", "全网第一的", "极致的", "国家级的", "独一无二的"),
           ("最优秀的", "销量第一的", "史上最强的", "世界级的", "唯一的", "无与伦比的", "最舒服的", "绝对完美的",
            "行业领先的")),
    "en": (("the best ", "the softest ", "our most popular ", "world-class ", "#1 ", "unbeatable "),
           ("the finest ", "the world's favourite ", "number one ", "guaranteed ", "the lightest ",
            "the most durable ", "unrivalled ",
            "the ultimate ", "top-rated ")),
}  # fmt: skip
_DENIED = (
    "柔软|舒适|透气|百搭|修身|显瘦|宽松|轻盈|时尚|保暖|耐穿|亲肤|大方|简约|优雅|适合|采用|拥有|可以|能够|带有|具有"
    "|复古|性感|休闲|清新|甜美|流行|经典|独特|贴身|精致|实用|好看|帅气|个性"
)
DENIALS_ZH = _DENIED.split("|")
DENIALS_EN: tuple[dict[str, str], dict[str, str]] = (
    {r"\bwith\b": "without", r"\bLined\b": "Unlined", r"\bhas a\b": "has no", r"\bsoft\b": "not soft",
     r"\bin (?=\w+)": "not in "},
    {
        r"\bUnlined\b": "Lined", r"\bhas\b": "does not have", r"\bMade (?:from|of|in)\b": "Not made of",
        r"\badjustable\b": "non-adjustable", r"\bwith\b": "without any", r"\blined\b": "not lined", r"\bis\b": "isn't",
        r"\bwithout\b": "with", r"\bpadded\b": "unpadded", r"\band\b(?= \w+ed\b)": "and never",
    },
)  # fmt: skip
_TEENS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES, _TIES = _TEENS.split(" "), _TENS.split(" ")
_CN = "零一二三四五六七八九"


def seasons(word: str) -> set[str]:
    """Initials of the seasons that a word names; autumn and fall are one season."""
    lowered = word.lower().replace("fall", "autumn")
    return {name for name in (*"春夏秋冬", "spring", "summer", "autumn", "winter") if name in lowered}


def chinese(n: int) -> str:
    """1..9999 in Chinese numerals."""
    parts, zero = "", False
    for unit, size in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = n // size % 10
        if digit:
            parts += ("零" if zero and parts else "") + _CN[digit] + unit
        zero = not digit
    return parts.removeprefix("一") if 10 <= n < 20 else parts


def english(n: int) -> str:
    """1..999 in English words."""
    if not n:
        return ""
    if n >= 100:
        return f"{_ONES[n // 100 - 1]} hundred" + (f" and {english(n % 100)}" if n % 100 else "")
    if n >= 20:
        return _TIES[n // 10 - 2] + (f"-{_ONES[n % 10 - 1]}" if n % 10 else "")
    return _ONES[n - 1]


class Planter:
    """Makes true closing sentences and changes one fact; the result depends only on its random number generator."""

    def __init__(self, language: str, half: int, rng: np.random.Generator, brands: tuple[str, ...] = ()) -> None:
        self.language, self.half, self.rng = language, half, rng
        self.brands = brands or BRANDS[language]

    def one(self, choices: tuple[str, ...] | list[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def true_text(self, body: str, kind: str, brand: str | None = None) -> TrueText:
        """The text, with a closing sentence that states a true fact of the kind if the kind needs one."""
        fact: dict[str, float | str] = {}
        if kind == "price":
            fact = {kind: float(self.rng.integers(19, 900))}
        elif kind == "discount":
            fact = {kind: float(self.rng.integers(1, 9)) / 10}
        elif kind == "brand":
            fact = {kind: brand or self.one(self.brands)}
        elif kind == "size":
            fact = {kind: self.one(("S", "M", "L", "XL", "38", "42"))}
        elif kind == "season" and not self.find(body, kind):
            fact = {kind: self.one(WORDS[self.language][kind][self.half])}
        template = self.one(SAID[self.language][kind][self.half]) if fact else ""
        return TrueText(self.language, body, template, self.language == "en" and bool(self.rng.integers(2)), **fact)  # type: ignore[arg-type]

    def find(self, text: str, kind: str) -> list[str]:
        """This half's words of the kind that are in the text and not part of a longer word of the kind."""
        words = [word for half in WORDS[self.language][kind] for word in half]
        if self.language == "zh":
            pattern = "|".join(sorted(words, key=len, reverse=True))
        else:
            pattern = rf"(?<![\w-])(?:{'|'.join(sorted(words, key=len, reverse=True))})(?![\w-])"
        matches = re.findall(pattern, text, re.IGNORECASE)
        return [
            word
            for word in dict.fromkeys(matches)
            if word.lower() in map(str.lower, WORDS[self.language][kind][self.half])
        ]

    def lie(self, true: TrueText, kind: str) -> str | None:
        """The text with one fact of the kind changed; None if it states none that this half knows."""
        if true.template:
            lied = replace(true, **{kind: self._other(true, kind)}).text  # type: ignore[arg-type]
        elif kind == "superlative":
            lied = self._superlative(true.body)
        elif kind == "negation":
            lied = self._negation(true.body)
        else:
            lied = self._swap(true.body, kind)
        return lied if lied and lied != true.text else None

    def _other(self, true: TrueText, kind: str) -> float | str:
        """Another value for the closing sentence."""
        if kind == "price":
            return max(1.0, (true.price or 0) + float(self.one(("-10", "-1", "7", "30", "100"))))
        if kind == "discount":
            return float(self.one([str(n / 10) for n in range(1, 9) if n != round((true.discount or 0) * 10)]))
        if kind == "brand":
            return self.one([*(b for b in self.brands if b != true.brand), *OTHERS[self.language][self.half :: 2] * 4])
        if kind == "size":
            return self.one([s for s in ("XS", "S", "M", "L", "XL", "XXL", "36", "40") if s != true.size])
        return self.one(
            [w for w in WORDS[self.language]["season"][self.half] if not seasons(w) & seasons(true.season or "")]
        )

    def _swap(self, body: str, kind: str) -> str | None:
        words = self.find(body, kind)
        if not words:
            return None
        word = self.one(words)
        other = self.one([w for w in WORDS[self.language][kind][self.half] if self._differs(w, word, body)])
        other = other.capitalize() if word[0].isupper() else other
        return re.sub(rf"(?<![A-Za-z-]){re.escape(word)}(?![A-Za-z-])", other, body)

    def another_value(
        self, body: str, row_values: Mapping[str, tuple[str, ...]], others: Mapping[str, list[str]]
    ) -> str | None:
        """The body with a value of the row's attributes changed to another value that the catalogue has for it."""
        stated = [(name, value) for name, values in row_values.items() for value in values if self._stands(value, body)]
        if not stated:
            return None
        name, value = stated[int(self.rng.integers(len(stated)))]
        fresh = [value_of_other for value_of_other in others[name] if self._differs(value_of_other, value, body)]
        if not fresh:
            return None
        pattern = re.escape(value) if self.language == "zh" else rf"(?<![\w-]){re.escape(value)}(?![\w-])"
        return re.sub(pattern, self.one(fresh), body, flags=re.IGNORECASE)

    def _stands(self, value: str, body: str) -> bool:
        if self.language == "zh":
            return len(value) > 1 and value in body
        return bool(re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", body, re.IGNORECASE))

    def _differs(self, other: str, word: str, body: str) -> bool:
        """Whether the body becomes a lie if `other` replaces `word`, as far as the words show."""
        new, old = other.lower(), word.lower()
        if new in body.lower() or new.endswith(old) or old.endswith(new) or seasons(new) & seasons(old):
            return False
        return self.language == "en" or new[0] != old[0]

    def _superlative(self, body: str) -> str:
        word = self.one(SUPERLATIVES[self.language][self.half])
        if self.language == "zh":
            places = [m.start() for m in re.finditer(r"设计|面料|款式|版型|剪裁|单品|裙|选择|体验|质感|舒适", body)]
            position = places[int(self.rng.integers(len(places)))] if places else 0
            return body[:position] + word + body[position:]
        first = body[:1].lower() + body[1:]
        return word[:1].upper() + word[1:] + first

    def _negation(self, body: str) -> str | None:
        if self.language == "zh":
            words = [word for word in DENIALS_ZH[self.half :: 2] if word in body]
            if not words:
                return None
            word = self.one(words)
            return body.replace(
                word, self.one((("不", "不够", "并不"), ("不", "不太", "一点也不"))[self.half]) + word, 1
            )
        fitting = [pair for pair in DENIALS_EN[self.half].items() if re.search(pair[0], body)]
        if not fitting:
            return None
        pattern, instead = fitting[int(self.rng.integers(len(fitting)))]
        return re.sub(pattern, instead, body, count=1)
