"""Patterns of what stands around a figure, in Chinese and English: units, money, discounts, stock, sizes and dates.

The name of the group that matches says what the figure is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from models.text.numerals import ZH, number_pattern

# Dimension -> the words for one of its units -> how many base units (m, g, ml, h, day, ...) that unit is.
AGE = "age"  # the unit of a child's years
_UNIT_WORDS: dict[str, dict[str, float]] = {
    "m": {"mm 毫米 millimetres millimeters millimetre millimeter": 0.001,
          "cm 厘米 公分 centimetres centimeters centimetre": 0.01,
          "m 米 metres meters metre": 1, "km 公里 千米 kilometre kilometres kilometer kilometers": 1000,
          'inch inches 英寸 寸 "': 0.0254, "ft feet foot 英尺": 0.3048},
    "g": {"mg 毫克": 0.001, "g 克 gram grams": 1, "kg 公斤 千克 kilo kilos kilogram kilograms": 1000, "斤 jin": 500,
          "lb lbs": 453.6, "oz ounces ounce": 28.35},
    "ml": {"ml 毫升 millilitres millilitre milliliters milliliter": 1, "cl centilitres centilitre": 10,
           "l 升 litres liters litre": 1000},
    "h": {"seconds secs 秒": 1 / 3600, "min mins minutes minute 分钟": 1 / 60, "h hr hrs hour hours 小时 钟头": 1},
    "day": {"day days 天 日": 1, "week weeks 周 星期": 7, "fortnight fortnights": 14,
            "month months 个月 月": 30, "year years 年 周年": 365},
    AGE: {"岁": 1},
    "%": {"% percent": 1, "成": 10},
    "times": {"倍 times": 1},
    "denier": {"denier den": 1},
    "w": {"w 瓦 watts watt": 1},
    "v": {"v volt volts 伏": 1},
    "db": {"db decibel decibels 分贝": 1},
    "hz": {"hz hertz 赫兹": 1},
    "°c": {"°c ℃ degrees 摄氏度": 1},
    "mah": {"mah 毫安": 1},
    "gb": {"gb gigabyte gigabytes": 1, "tb terabyte terabytes": 1000},
    "piece": {"件套 piece pieces pack pcs 片装 只装 件装 支装 瓶装 包装": 1},
    "layer": {"层 ply": 1},
    "pocket": {"pocket pockets": 1},
}  # fmt: skip
# Word for a unit -> (dimension, how many base units it is).
UNITS = {
    word: (dimension, size)
    for dimension, sizes in _UNIT_WORDS.items()
    for words, size in sizes.items()
    for word in words.split(" ")
} | {"per cent": ("%", 1.0)}
UNITS |= {f"{milliamp}{joint}hours": ("mah", 1.0) for milliamp in ("milliamp", "milliampere") for joint in " -"}
_AGES = ("year old", "years old", "year olds", "years olds")
UNITS |= {words.replace(" ", joint): (AGE, 1.0) for words in _AGES for joint in " -"}
# A Chinese numeral counts only before one of these; 一个, 一款, 一种 are articles.
_COUNTERS = "个粒颗枚只支瓶盒袋包片条层色款件档挡格孔口排根张台双口模键齿"
_LATIN_END = r"(?![a-z])"
# What is counted in pieces: 120块榉木积木 costs no 120 yuan.
_PIECES = (
    "(?:的?[一-龥]{0,2}(?:积木|拼图|拼板|木板|木片|地垫|饼干|巧克力|糖|蛋糕|面包|香皂|肥皂|毛巾|抹布|磁力?片|砖)"
    "|的?(?:可?充电|锂|备用|大|小|新|旧|独立){0,2}(?:电池|电芯|硬盘|手表|屏幕|玻璃|镜片|地毯|毯子|海绵|石头|石板"
    "|牛排|豆腐|橡皮|画板|黑板|白板|滑板|瓷砖|桌布|方巾|手帕))"
)
MONEY_WORDS = {
    "yuan": rf"元|块钱|块(?![状头面拼布]|{_PIECES})|圆(?!领|形|润|筒|点)|人民币|rmb|yuan|cny|[¥￥]",
    "dollar": r"usd|dollars?|bucks?|刀|美元|\$",
    "euro": r"eur|euros?|欧元|€",
    "pound": r"gbp|pounds?|quid|英镑|£",
    "rupee": r"inr|rupees?|rs\.?|卢比|₹",
}
_MONEY = "|".join(f"(?P<{name}>{words})" for name, words in MONEY_WORDS.items())
_AFTER = (  # what may stand after a figure
    r"[ -]?(?:"
    r"(?P<zhe>折(?!叠|痕|边|线|射|角))"
    rf"|(?P<off>(?:%|percent|per cent)[ -]?(?:off|discount|reduction|cheaper|less|savings?|优惠|折扣|的?减免|立减))"
    rf"|(?P<money>(?:{_MONEY}){_LATIN_END})"
    r"|(?P<left>(?:件|个|只|双|套|pieces?|pairs?|units?|items?)? ?"
    r"(?:left(?!,? (?:and |one |the )?right| (?:hand|side|ear|foot|over))|remaining|in stock|库存))"
    r"|(?P<size>码|号(?!称|召))"
    rf"|(?:个(?=小时|钟头|星期|周))?(?P<unit>(?:UNIT)(?:(?<![a-z])|{_LATIN_END}))"
    rf"|(?P<count>[{_COUNTERS}]|块(?={_PIECES}))"
    r")"
)


class FigureWords(Protocol):
    """A language's words of figures, such as a `schemas.copywriting.language.Language`.

    numbers: word -> its value. units: dimension (see `_UNIT_WORDS`) -> words of a unit, joined by "|" -> base units.
    """

    @property
    def numbers(self) -> Mapping[str, float]: ...
    @property
    def units(self) -> Mapping[str, Mapping[str, float]]: ...


class Figures:
    """Words of figures: Chinese and English ones, and those of more languages."""

    def __init__(self, languages: Iterable[FigureWords] = ()) -> None:
        self._languages = tuple(languages)
        self.words = {word.lower(): value for language in self._languages for word, value in language.numbers.items()}
        self.units = UNITS | {
            word.lower(): (dimension, size)
            for language in self._languages
            for dimension, sizes in language.units.items()
            for words, size in sizes.items()
            for word in words.split("|")
        }
        self.number = number_pattern(self.words)
        units = "|".join(re.escape(unit) for unit in sorted(self.units, key=len, reverse=True))
        self.after = re.compile(_AFTER.replace("UNIT", units))

    def __reduce__(self) -> tuple[type[Figures], tuple[object, ...]]:
        """Pickles the languages only: another process compiles the patterns itself."""
        return Figures, (self._languages,)


FIGURES = Figures()
BEFORE = re.compile(  # what may stand before a figure
    r"(?:(?P<sign>(?:us|hk|s|au?|ca?)?\$|[€£¥₹]|(?<![a-z])(?:rs\.?|usd|cny|rmb|inr|eur|gbp))"
    r"|(?P<size>(?:sizes?|尺码|尺寸|码数)(?:为|是|[:：])?)"
    r"|(?P<stock>仅剩|只剩|还剩|剩余|剩下|最后|库存(?:仅|只)?(?:剩|有)?|only|just|last)"
    r"|(?P<less>(?:(?:比|较)(?:原价|原来|原先|之前|先前|以前|从前|早先|平时|平日|平常|往常|日常价?|标价|划线价|吊牌价?)[还又也要已]{0,2}(?:少|省|便宜|低)了?"
    r"|save|saves|saving|立省|节省|省[下出]?|立减|直降|直减|优惠|减免?|(?:便宜|降|省|减|少|砍|抹|扣)[了掉去]|让利|降价?|便宜"
    r"|少[花付掏]|(?:take|takes|taking|knock|knocks|knocking) off)(?:整整|足足)?)"
    r"|(?P<under>不到|不足|低于|少于|不超过|under|less than|below|change from)"
    r"|(?P<fell>(?:down|lower|fallen|dropped) by|savings? of)"
    r"|(?P<spend>满|over|above|spend|minimum of)"
    r"|(?P<spf>spf)"
    r"|(?P<tenths>百分之)"
    r"|(?P<weighs>克重[是为有达到约]{0,2})"
    r")[ :：]*$"
)
_OLD = r"(?:before|it (?:was|cost|used to (?:be|cost))|(?:the|its) (?:old|former|previous|original|usual) price)"
OFF = re.compile(
    rf" (?:(?:off|discount|cheaper|less|saved|lower)(?: than {_OLD})?|(?:under|below) {_OLD})(?![a-z])"
    r"|(?:都?省[下出了]来?|的?差价)"
)
LESS = re.compile(rf" (?:cheaper|less|lower) than {_OLD}(?![a-z])")
WAS = re.compile(
    r"(?:原价|市场价|划线价|吊牌价|was|were|originally|original price|rrp|before|(?:down|reduced) from|instead of"
    r"|used to (?:be|cost))[^,.;，。；\d]{0,8}$"
)
FORMER = re.compile(r"(?:(?:down|reduced) from|instead of) $")  # an old price, even without a currency
EACH_AFTER = re.compile(
    r" (?:each|apiece|(?:an?|per) (?!set|box|pack|pair|case|week|month|quarter|year|kilo|litre|liter|pound|gram)[a-z]+)"
    r"(?![a-z])"
)  # after the price of one piece of several
# Before the price of one piece: "which brings each cup to about two yuan".
EACH_BEFORE = re.compile(
    r"(?<![a-z])(?:each|every) (?!set|box|pack|pair|case|week|month|quarter|year|kilo|litre|liter|pound|gram)[a-z]+"
    r" (?:to|at|for|costs?|comes to|(?:works|comes) out at|is)(?: (?:about|around|roughly|just|only|nearly|almost"
    r"|under))* $"
)
CENTS = re.compile(r" (?:cents|pence|fen)(?![a-z])")  # 50 Cent is a name
AND_CENTS = re.compile(r" (?:and )?$")  # between pounds and pence: four pounds fifty
NOW = re.compile(
    r"(?:现价|现在?只?要|仅需|只需|售价|价格|到手价|now|today's price|costs?|priced? at|only)[^,.;，。；]{0,8}$"
)
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = "|".join((*MONTHS, *(f"{m[:3]}\\.?" for m in MONTHS), "sept"))
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = "|".join(WEEKDAYS)
DATE = re.compile(
    r"(?<!\d)(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?(?!\d)"
    rf"|(?P<m2>\d{{1,2}}|{ZH}{{1,2}})月(?:份|(?P<d2>\d{{1,2}}|{ZH}{{1,3}})[日号])"
    r"|(?<![a-z])(?:until|till|to|ends?(?: on| in)?|before|by|from|since) "
    rf"(?:(?P<m5>{_MONTH})|(?P<en>{_DAY}))(?![a-z])(?! \d)"
    r"|[本下这]?(?:周|星期|礼拜)(?P<zh>[一二三四五六日天])"
    rf"|(?<![a-z])(?P<m3>{_MONTH}) (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?![\d%a-z])"
    rf"|(?<!\d)(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m4>{_MONTH})(?![a-z])"
)
DATED = re.compile(r"\d|[月周星拜]|until|till|to |end|before|by |from |since")  # every date has one of these
SHARES = re.compile(  # a share off in words, or a deal
    r"(?P<half>半价|对折|half[ -]?(?:the )?(?:price|off)|half its price)"
    r"|(?<![a-z])(?:(?P<third>(?:a|one)[ -]third)|(?P<two>two[ -]thirds)|(?P<quarter>(?:a|one)[ -]quarter)"
    r"|(?P<three>three[ -]quarters)) (?:off|cheaper|less)"
    rf"|(?P<deal>买(?:\d|{ZH})[送赠免](?:\d|{ZH})"
    r"|(?<![a-z])buy (?:\d|one|two|three|four),? get (?:\d|one|two|the|a)[a-z ]*"
    r"|(?<![a-z])(?:\d|two|three|four) for (?:the price of )?(?:\d|one|two|three)(?![a-z\d]))"
)
# A share of the old price that is paid, or comes off: "two thirds of the old price", "a fifth off".
PRICE_SHARES = re.compile(
    r"(?<![a-z])(?P<top>an?|one|two|three|four|five|seven|nine) (?P<bottom>third|quarter|fifth|sixth|eighth|tenth)s?"
    r"(?:(?P<off> (?:off|cheaper))(?! (?:the (?!price|old|usual|original)|your|my|its|each|every))"
    r"| of (?:(?:the|its) (?:old|former|previous|original|usual) price|what it (?:was|cost|used to cost))(?![a-z]))"
)
_PARTS = (  # of which an item has a number that its row may give
    "(?:wheels|doors|drawers|shelves|tiers|pockets|handles|speakers|batteries|filters|compartments|zips|burners|speeds"
    "|settings|seats|pillowcases|layers|ports|sockets|blades|poles|lenses|modes|levels)"
)
_PART = r"(?P<quarter>(?:a |one )?quarter(?: of an?|-| of a)?|四分之一)|(?P<half>(?:a )?half(?: an?|-)?|半)"
_PART_OF = "斤|公斤|千克|升|天|小时|kilos?|kg|pounds?|litres?|liters?|days?|hours?|metres?|meters?"
_PART_OF_ZH = "升|毫升|斤|公斤|千克|克|米|厘米|小时"
_WHOLE = r"(?:(?<![a-z])(?:an?|one|the)? ?(?:whole|entire|full) |整整?一?个?|一整个?)"
# A part or a whole of a unit in words (半斤, "a quarter of a kilo", "a whole week"), and a day with its night.
PARTS = re.compile(
    rf"(?<![a-z])(?<!and a )(?!(?<=and )a half)(?!(?<=[了老等大好小愣])半天)(?:{_PART})[ -]?(?P<of>{_PART_OF})(?![a-z])"
    r"|(?P<night>一天一夜|一昼夜|(?<![a-z])a day and a night(?![a-z]))"
    rf"|{_WHOLE}(?P<whole>days?|weeks?|months?|years?|天|日|周|星期|个?月|年)(?![a-z])"
    rf"|(?<!{ZH})(?P<jin>[一两二三四五六七八九十]|\d+)斤(?P<liang>[一二两三四五六七八九])(?![十百{_COUNTERS}箱桶篮])(?:两)?"
    r"|(?P<and_half>[一两二三四五六七八九十]|\d+)个半(?P<half_unit>小时|钟头|月|星期)"
    rf"|(?P<few>pair|brace|couple|trio|quartet)(?= of {_PARTS}(?![a-z]))"
    r"|(?P<half_of>(?:a )?half an? (?:dozen|hundred|thousand|gross))(?![a-z])"
    r"|(?P<dozens>[半两二三四五六七八九十]|\d+|(?:正好|刚好|整整)一)打"
    r"(?![底开包字电扮个听扫球磨断算着下起动响量湿回结折理破])"
    rf"|(?P<more>one|two|three|four|five|six|\d+|[一两二三四五六七八九十])"
    rf"(?: and a half (?P<more_of>[a-z]+)(?![a-z])"
    r"|(?P<more_zh>升|斤|公斤|米|小时|天|年)半)"
    r"|(?P<tael>[一二三四五六七八九十半])两(?=重|装|茶|的|多|不到|左右|上下|出头|,|。|\.|，|$)"
    # Two days and two nights, a tenth of a litre, and sheets of paper, which have two pages each.
    r"|(?P<nights>[一两二三四五]|\d)天(?P=nights)夜"
    rf"|(?P<share_of>{ZH}|\d{{1,2}})?(?P<share_unit>{_PART_OF_ZH})的(?P<bottom>{ZH}{{1,2}})分之(?P<top>{ZH})"
    rf"|(?P<sheets>{ZH}{{2,}}|\d{{2,}})张(?:纸|内页)"
)
# A part of a unit in fractions (two fifths of a litre), and 一米八, which is 1.8 m.
FRACTIONS = re.compile(
    r"(?<![a-z])(?P<top>an?|one|two|three|four) (?P<bottom>thirds?|quarters?|fifths?|eighths?|tenths?)"
    r" of an? (?P<of>[a-z]+)"
    r"|(?<![a-z])(?P<tops>two|three|four|five|six|seven|nine) (?P<bottoms>thirds|quarters|fifths|eighths|tenths)"
    r"(?= (?!of (?:the|a|your|my|all) |off|cheaper|less)[a-z])"
    rf"|(?P<metres>{ZH}|\d)米(?P<tenths>[一二三四五六七八九]{{1,2}}|\d{{1,2}}(?![\d.%a-z厘毫公分]))(?![一-龥]?米)"
    "|(?P<halves>各占?一半|(?<=[棉麻毛绒丝绸涤纶腈锦])(?:各半|对半[分开]))"
)
TOPS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "nine": 9}
BOTTOMS = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
FEW = {"pair": 2, "brace": 2, "couple": 2, "trio": 3, "quartet": 4}
HALVES_OF = {"dozen": 6, "hundred": 50, "thousand": 500, "gross": 72}
AND_A_HALF = re.compile(r" and a half(?![a-z])(?! (?:dozen|hundred|thousand))")  # after a figure
METRES_AND = re.compile(r" (?:metres?|meters?) (?:and )?")  # between the two figures of "two metres thirty"
# Between two figures that share one unit: 70 x 140 cm, forty centimetres by twenty, 55 cm or 61.
SHARED = re.compile(
    r"(?:[ -]?(?P<unit>[a-z]+|厘米|毫米|公分|米|英寸))? ?(?:[x×*/-]|(?<= )(?:by|or|to)(?= ))"
    r"(?: (?:just|a little|a touch) (?:under|over)(?= ))? ?"
)
# After a length, what says which of the row's lengths is meant: its width, its depth, or any of its sides.
BY = re.compile(r" by (?:just |a little |a touch )?$")  # before the second side
SIDE = re.compile(r" (?:(?P<wide>wide|across)|(?P<deep>deep|thick)|(?P<side>by))(?![a-z])")
# A time of the day is no figure of the item: ten past three, 早八点.
_HOUR = "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midnight|\\d{1,2})"
TIMES = re.compile(
    rf"(?<![a-z])(?:(?:five|ten|twenty|twenty-five|a quarter|quarter|half) (?:past|to) {_HOUR}(?![a-z])"
    rf"|{_HOUR} (?:o'clock|in the (?:morning|afternoon|evening)|[ap]\.? ?m(?![a-z]))"
    rf"|\d{{1,2}}(?::\d\d)? ?[ap]\.? ?m(?![a-z])"
    r"|(?<=the )\d{1,2}:\d\d(?!\d)|(?<=at )\d{1,2}:\d\d(?!\d))"
    rf"|[早晚夜]上?(?:{ZH}{{1,2}}|\d{{1,2}})点半?|(?:凌晨|清晨|中午|下午|傍晚|半夜)(?:{ZH}{{1,2}}|\d{{1,2}})点半?"
)
# A number that names one of many counts nothing: chapter two, gate 12; but "it can seat 6" does, and "a flat 4 mm".
NUMBERED = re.compile(
    r"(?<![a-z])(?:(?:chapter|page|verse|episode|gate|platform|aisle|terminal|lesson|bus|tram)(?: number| no\.?)?"
    r"|(?:in|at|on|from|outside) (?:seat|room|row|house|flat|apartment|door|lane|track)|(?:house|seat|room|flat|row"
    r"|door|track|lane|line|exit|question|rule|act|scene|floor|hole|channel|flight)(?: number| no\.?)) $"
)
ONE_OF_MANY = re.compile(
    r"[,.;:!?]|$| (?:and|or|of|in|on|at|is|was|to|for|with|when|where|by|until|before|after|while|as|has|had)(?![a-z])"
)  # after such a number: no unit, and no thing that it counts
# Of how few pieces a shop may speak: "the last pair" is a stock, the last piece of a puzzle or a bite is none.
LAST_FOR_SALE = frozenset("件只双套瓶盒袋包条台款支枚个")
EACH = "each"  # before the role of a price of one piece, with its counter: "each price 2 yuan", "each盒 under 2"
# What makes a figure a rough one: nearly two days.
NOT_QUITE = re.compile(r"(?:not quite|just under|almost|nearly|about|around|roughly|some) $")
# What says that the row has a little less than a figure, or a little more: under 400 g, 不到两公斤, 两公斤多.
BOUND = re.compile(
    r"(?:(?P<under>(?:under|less than|below|not even|not quite|short of|shy of) |(?<!得)(?:不到|不足|还没到))|(?:over"
    r"|more than|above) )$"
)
# Sign of a figure that the fact is just under or just over -> the least and the largest share of it that a fact has.
BESIDE_FACT = {"<": (0.75, 1.0), ">": (1.0, 1.25)}
ABOUT = re.compile(r"(?:差不多|将近|接近|大约|大概|约莫|近|约|about |around |nearly |almost |roughly |some )$")
JUST_OVER = re.compile("多(?![一-龥]{0,2}(?:功能|用途|种|样|层))|出头|有余|挂零")
JUST_UNDER = re.compile("[都还也]?(?:不到|不足(?!挂齿|为奇|道)|不满|没到)")  # 半斤不到, 五克都不到
OF_WATER = re.compile("的?水(?![果晶壶杯瓶箱洗彩墨泥]|的?(?:分量|重)|[那这]么重?)")  # a kilo of water is a litre
SHARES_OFF = {"half": "off 0.5", "third": "off 0.3333", "two": "off 0.6667", "quarter": "off 0.25", "three": "off 0.75"}
