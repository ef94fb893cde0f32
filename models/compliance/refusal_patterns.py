"""Patterns of what no text may hold. The name of the group that matches is the refusal's reason."""

from __future__ import annotations

import re

LONGEST_DESCRIPTION = 4_000  # characters; the longest in the data we know has 2,500

_EMOJI = (
    r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u2190-\u21ff\u25a0-\u25ff\u3030\u303d\u3297\u3299\u203c"
    r"\u2049\u20e3\ufe0f]"
)
EMOJI = re.compile(f"(?P<emoji>{_EMOJI}+)")
# Controls, soft hyphen, zero-width, direction marks, invisible operators, fillers, tags, private use, noncharacters.
# A joiner between two emoji is allowed. A letter with three accents, or one that is struck through, is refused.
MARKS = re.compile(
    r"(?P<control_character>[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2800"
    r"\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
    rf"|(?<!{_EMOJI})\u200d|\u200d(?!{_EMOJI})|[\u0334-\u0338]|[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20e2\ufe20-\ufe2f]{{3,}})"
)
_WORD = r"(?<![a-z0-9_])(?=[a-z])"  # the start of a word; one check for a whole list of words is faster
_STREET = r"(?:street|road|avenue|lane|drive|boulevard|court|square|terrace|st|rd|ave|blvd)"
_HTML = (
    r"</?[a-z!?][^<>]{0,400}>|<(?:script|iframe|img|svg|style|object|embed|form|link|meta|a|body)(?![a-z])|<!--|<%"
    r"|%>|</|/>"
    r"|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});|&(?:[lg]t|quot|colon)|[{}]|%3c|\\u003c|\\x3c|\]\(|';--"
    r"|\.\./|(?<![a-z])url\(|@import"
    rf"|{_WORD}(?:javascript ?:|vbscript ?:|data ?: ?[a-z]+/|expression\(|(?:document|window)\.(?=[a-z])|alert\(|eval\("
    rf"|union (?:all )?select"
    r"|drop table|delete from|insert into|truncate table"
    r"|on(?:error|load|click|mouse[a-z]+|focus|blur|toggle|begin|start|submit|animation[a-z]*) ?=)"
)
_DIGIT = "0-9零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖⓪①-⑨⑴-⑼❶-❾"
_PERSONAL = (
    r"(?<![a-z0-9_.+-])[a-z0-9_.+-]+ ?(?:@|\(at\)|\[at\]) ?[\w-]+ ?\.[\w.-]*[a-z]"  # e-mail
    r"|(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)|(?<![\d-])0\d{2,3}[ -]\d{7,8}(?!\d)"  # telephones
    rf"|(?![0-9]+(?![{_DIGIT}]))[{_DIGIT}]{{9,}}|(?<!\d)1(?:[ ._*-]\d){{10}}(?!\d)"  # telephones in words, or spelt out
    r"|(?<!\d)[48]00[ -]\d{3}[ -]?\d{4}(?!\d)|\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}"
    r"|\(\d{3}\) ?\d{3}[ -]\d{4}|(?<!\d)\d{3}[.-]\d{3}[.-]\d{4}(?!\d)|(?<!\d)0\d{3,4} ?\d{3} ?\d{3,4}(?!\d)"
    r"|(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d\d{3}[\dx](?!\d)"  # Chinese identity card
    r"|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)"
    r"|(?<!\d)\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)"  # US social security, cards
    r"|(?<![a-z0-9])[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){3,7}(?![a-z0-9])"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"  # IBAN, IP
    rf"|(?<![\w])\d{{1,5}}[a-z]? (?:[a-z]+ ){{1,3}}{_STREET}(?![a-z])|(?<![a-z])p\.?o\.? box \d+"  # addresses
    r"|(?<![a-z0-9])[a-z]{1,2}\d[a-z\d]? \d[a-z]{2}(?![a-z0-9])|[\u4e00-\u9fff]{2}(?:路|街|巷|弄|大道"
    r"|胡同)\d{1,5}[号弄]"
    r"|\d{1,4}(?:号楼|单元|栋)\d{0,4}室?|(?:tel|电话|手机|致电|拨打)(?:号|号码)?[ .:：]{0,2}\+?\d[\d -]{4,}"
    r"|(?:订单号|会员号|user ?id|order ?(?:no|number|id)|account (?:no|number))[^a-z0-9]{0,3}[a-z]*\d{3,}"
)
_ADDRESSED = (
    r"(?:微信|qq|vx|v信|加微|薇信|whatsapp|telegram)(?:号|号码)?[ :：]{0,2}[a-z0-9_-]{5,}"
    r"|(?:[威维徽微][信x]|(?<![a-z])(?:q(?=[群号])|qq|wx|we ?chat|weixin)|扣扣|抖音"
    r"|[+加] ?(?:v|vx|wx|薇|微|q|qq)(?![a-z]{2}))"
    r"(?:号|号码|群|id)?(?:是|为)?[ :：]{0,2}(?=[a-z_-]*\d)[a-z0-9_-]{5,}"
    r"|(?:尊敬|亲爱)的[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐)|(?<![a-z])dear (?:mr|mrs|ms|miss|dr)\.? [a-z]+"
)
_LEAK = (
    r"<\|[^|>]{0,40}\|?>?|\|>|\[/?inst\]|<</?sys>>|</?s>|<(?:unk|pad|bos|eos|mask|sep|cls|extra_id_\d+)>"
    r"|\[(?:pad|unk|cls|sep|mask|bos|eos)\]|#{3}|```|\ufffd|\u951f\u65a4\u62f7|\?{3}"
    rf"|{_WORD}(?:(?:human|assistant|system|user|instruction|response|prompt|input|output) ?:"
    r"|as an? (?:ai|artificial|language|assistant)|language model|i(?:'m| am) (?:sorry|an ai|unable)"
    r"|i can(?:no|')t (?:help|assist|write|provide)"
    r"|(?:here(?:'s| is| are)|sure,|certainly[,!]|of course[,!])[^.]{0,30}(?:copy|text|headline|version|description)"
    r"|(?:strategy|style|channel|language|variant|audience|lang|attributes?) ?="
    r"|(?:null|nan|undefined)(?![a-z])|lorem ipsum|todo(?![a-z])|xxx+(?![a-z]))"
    r"|作为(?:一个|一名)?(?:ai|人工智能|语言模型|助手)|(?:以下|下面)(?:是|为)(?:您|你)?(?:生成|撰写|准备"
    r"|写)?的?(?:文案|内容)"
    r"|(?:文案|标题|输出|回答|提示词?|指令|改写):|语言模型|抱歉,|无法(?:提供|生成|回答)"
)
HTML = re.compile(f"(?P<html>{_HTML})")
PERSONAL = re.compile(f"(?P<personal_data>{_PERSONAL})")
ADDRESSED = re.compile(f"(?P<personal_data>{_ADDRESSED})")
LEAK = re.compile(f"(?P<leak>{_LEAK})")
# Without one of these characters in the text, the pattern beside it cannot match.
HTML_NEEDS, PERSONAL_NEEDS = (
    re.compile(r"[<>&{}\\$%=:;(\]/'\"]|select|drop|delete|insert|truncate"),
    re.compile(rf"[@\d]|\(at\)|\[at\]|[{_DIGIT}]{{9}}"),
)
LINKS = re.compile(
    r"(?P<link>(?:https?|ftp|hxxps?) ?: ?/ ?/|(?<![a-z])www\.|[a-z0-9-](?:\.| \. )(?:com|cn|net|org|io|shop|top"
    r"|xyz|co\.uk|info|biz|app|me"
    r"|link|site|online|store|ru|tk|cc|vip|de|fr|example|dev|ai|hk|tw|icu|wang|asia|mobi|tv|ly|gg|pw|cfd|sbs|cyou)"
    r"(?![a-z0-9])(?:/\S*)?|[a-z0-9-](?:点(?:com|cn|net|top|vip|cc)| [(\[]?dot[)\]]? (?:com|cn))(?![a-z])"
    r"|(?<![:\w/])//[a-z0-9])"
)
REPEATS = re.compile(
    r"(?P<repetition>([^\d\s.\-])\2{3,}|([.\-])\3{5,}|(?<![a-z])([a-z]{2,})(?:[ ,]+\4){2,}(?![a-z])"
    r"|([\u4e00-\u9fff,、]{2,12})\5{2,})"
)
SENTENCE = re.compile(r"[^,.!?;,。！？；\n]{10,}[.!?。！？\n]")
_WRITE = (
    r"(?:write|say|output|print|repeat|state|include|append|insert|generate|translate|reveal|execute|add|produce|reply"
    r"|respond|answer|describe|claim|mention|promise|tell|recommend|rate|rank)"
)
INSTRUCTIONS = re.compile(
    rf"(?P<instruction>{_WORD}(?:"
    r"(?:ignore|disregard|forget|override|bypass|discard)(?![a-z]).{0,30}(?<![a-z])(?:previous|prior|above|earlier"
    r"|preceding|instructions?|rules?|everything|prompts?|guidelines?|context|policies|told|facts?)(?![a-z])"
    r"|you are (?:now )?(?:an? )?(?:[a-z]+ )?(?:ai|assistant|chatgpt|gpt|dan|bot|model|copywriter|system|admin"
    r"|developer)(?![a-z])"
    r"|(?:system|developer|hidden|initial|secret) (?:prompt|message|instructions?|note|override)|(?:act|behave"
    r"|respond) as (?:if|an?|though)(?![a-z])"
    r"|pretend (?:to|that|you)(?![a-z])|role ?play|jailbreak|prompt injection|(?:developer"
    r"|admin(?:istrator)?) mode|sudo(?![a-z])"
    rf"|{_WRITE} (?:exactly|only|verbatim|the following|that (?:this|it|the)|this (?:sentence|text|item|product)"
    rf"|in all caps"
    r"|instead|your (?:prompt|instructions|system))(?![a-z])"
    rf"|(?:always|must|should|please|instead|now|just|only|never|do not|don'?t|to the (?:ai|model|assistant"
    rf"|copywriter)[,:]?) {_WRITE}(?![a-z])"
    r"|the (?:ai|model|assistant|copywriter|generated (?:text|copy)|copy|writer) (?:must|should|shall|will|is to"
    r"|has to|needs to)(?![a-z])"
    r"|new (?:instructions?|rules?|task)(?![a-z])|(?:instructions?|note|attention|message|dear) (?:to "
    r"|for )?(?:the )?(?:ai|model|assistant|copywriter|llm|language model)(?![a-z])"
    r"|(?:begin|end|start) (?:of )?(?:system|prompt|instructions?|text|user|admin)(?![a-z])|from now on(?![a-z])"
    r"|(?:ai|llm|chatgpt|gpt-?\d|claude|gemini)[ ,:]"
    r"|language model|(?:this|it) (?:is|overrides)(?![a-z]).{0,20}instruction|when (?:writing|generating|you write"
    r"|summari[sz]ing|asked)(?![a-z])|copy ?writer(?![a-z])"
    r"|tell (?:the )?(?:users?|customers?|shoppers?|readers?|everyone|people)(?![a-z])|as your (?:developer"
    r"|creator|owner|boss)"
    r"|(?:ignora|ignore[zr]?|ignoriere|oublie[zr]?|olvida|vergiss|dimentica) (?:las|los|les|toutes|alle|todas?"
    r"|tout|alles|le|tutte)(?![a-z])"
    r"|[a-z0-9+/]{60,}={0,2}|base ?64(?!\d)|rot13)"
    r"|(?:hu ?l[uv]e|wu ?shi|wang ?ji)(?![a-z]).{0,30}"
    r"(?<![a-z])(?:zhi ?ling|gui ?ze|ti ?shi|yao ?qiu|yi ?shang|zhi ?qian)"
    r"|[a-z0-9+/]{10,}={1,2}(?![a-z0-9=])"
    r"|(?:以上|上述|之前)的?(?:内容|要求|规则|指令|提示)(?:均|都|全部)?(?:作废|无效|失效)"
    r"|(?:忽略|无视|忘记|忘掉|跳过|抛弃|不要理会|不用管|覆盖)[^。]{0,8}(?:以上|之前|前面|上述|先前|所有|一切|规则"
    r"|指令|要求|提示|设定|内容)"
    r"|你(?:现在|将|的角色)?是(?:一个|一名|一位)?(?:ai|人工智能|助手|机器人|客服|模型|管理员|写手|文案)"
    r"|系统(?:提示|指令|消息|管理员)|提示词|(?:开发者|管理员)模式"
    r"|越狱|扮演|从现在(?:起|开始)|新(?:的)?(?:指令|任务|规则)|(?:提示|指令|代码)注入|执行(?:以下|下列)"
    r"|(?:请|务必|必须|一定要|应当|直接|只需|只要|只能)(?:你)?(?:直接|只|在文案中|在标题中|原样)?(?:输出|回复|回答"
    r"|写出?|写上|写成|告诉|重复|翻译|生成|声称|注明|宣称|推荐|强调|包含|加上|说)"
    r"|(?:不要|不得|禁止|切勿)(?:提及|遵守|告诉|输出|检查|说|写)|(?:输出|复述|重复|泄露|打印|翻译)(?:以下|下面"
    r"|上面|你的|系统|全部|所有|这句)"
    r"|按(?:照)?(?:以下|下面)(?:的)?(?:要求|指令|内容)|(?:文案|模型|ai|大模型|语言模型|助手|写手)(?:必须|应该|应当"
    r"|请|务必|要写|需要|听好|注意)|致(?:ai|模型|写手|助手)"
    r"|\\u[0-9a-f]{4}|\\x[0-9a-f]{2})"
)
SPELT = re.compile(  # letters or characters that are set apart to get past lists of words
    r"(?<![a-z])[a-z](?:[ ._*/|-]{1,2}[a-z](?![a-z])){3,}|(?<![\u4e00-\u9fff])[\u4e00-\u9fff]"
    r"(?:[ ._*/|-]{1,2}[\u4e00-\u9fff](?![\u4e00-\u9fff])){2,}"
)
LEET = str.maketrans("013457", "oieast")
LEET_WORDS = re.compile(r"(?<![a-z0-9])(?=[a-z0-9]*[a-z][a-z0-9]*[a-z])(?=[a-z]*\d)[a-z0-9]{4,}")  # 1gn0re, not 41 cm
