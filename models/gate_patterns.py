"""Patterns of what no text may hold. The name of the group that matches is the reason of the refusal."""

from __future__ import annotations

import re

LONGEST_DESCRIPTION = 4_000  # characters; the longest in the data we know has 2,500

_EMOJI = (
    r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u2190-\u21ff\u25a0-\u25ff\u3030\u303d\u3297\u3299\u00a9\u00ae\u203c\u2049\u20e3\ufe0f]"
)
EMOJI = re.compile(f"(?P<emoji>{_EMOJI}+)")
# Controls, soft hyphen, zero-width, direction marks, invisible operators, fillers, tags, private use, noncharacters.
# A joiner between two emoji is part of them.
MARKS = re.compile(
    r"(?P<control_character>[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
    rf"|(?<!{_EMOJI})\u200d|\u200d(?!{_EMOJI}))"
)
_STREET = r"(?:street|road|avenue|lane|drive|boulevard|court|square|terrace|st|rd|ave|blvd)"
# Over text folded but not lower-cased.
TEXT = re.compile(
    r"(?P<html></?[a-z!?][^<>]{0,400}>|<(?:script|iframe|img|svg|style|object|embed|form|link|meta|a|body)\b|<!--|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});"
    r"|javascript\s*:|vbscript\s*:|data\s*:\s*[a-z]+/|\bon(?:error|load|click|mouse\w+|focus|blur|toggle|begin|start|submit|animation\w*)\s*=|expression\(|\{\{|\}\}|\$\{|<%|%>|\{[a-z_]+\}"
    r"|\bdocument\.|\bwindow\.|\balert\(|\beval\(|%3c|\\u003c|\\x3c|</|/>|\]\(|union select|drop table|';--|\.\./)"
    r"|(?P<personal_data>[\w.+-]+ ?(?:@|\(at\)|\[at\]) ?[\w-]+ ?\.[\w.-]*[a-z]"  # e-mail
    r"|(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)|(?<![\d-])0\d{2,3}[ -]\d{7,8}(?!\d)|(?<!\d)[48]00[ -]\d{3}[ -]?\d{4}(?!\d)"
    r"|\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}|\(\d{3}\) ?\d{3}[ -]\d{4}|(?<!\d)\d{3}[.-]\d{3}[.-]\d{4}(?!\d)|(?<!\d)0\d{3,4} ?\d{3} ?\d{3,4}(?!\d)"
    r"|(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d\d{3}[\dx](?!\d)|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)|(?<!\d)\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)"
    r"|\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){3,7}\b|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"
    rf"|\b\d{{1,5}}[a-z]? (?:[a-z]+ ){{1,3}}{_STREET}\b|\bp\.?o\.? box \d+|\b[a-z]{{1,2}}\d[a-z\d]? \d[a-z]{{2}}\b"
    r"|[\u4e00-\u9fff]{2,}(?:路|街|巷|弄|大道|胡同)\d{1,5}[号弄]|\d{1,4}(?:号楼|单元|栋)\d{0,4}室?|(?:微信|qq|vx|v信|加微|薇信|tel|电话|手机|whatsapp|telegram)(?:号|号码)?[ :：]{0,2}[a-z0-9_-]{5,}"
    r"|尊敬的[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐)|亲爱的[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐)|\bdear (?:mr|mrs|ms|miss|dr)\.? [a-z]+|(?:订单号|会员号|user ?id|order ?(?:no|number|id)|account (?:no|number))\W{0,3}\w*\d{3,})"
    r"|(?P<leak><\|[^|>]{0,40}\|?>?|\|>|\[/?inst\]|<</?sys>>|</?s>|<(?:unk|pad|bos|eos|mask|sep|cls|extra_id_\d+)>|\[(?:pad|unk|cls|sep|mask|bos|eos)\]|#{3,}|```|\b(?:human|assistant|system|user|instruction|response|prompt|input|output) ?[:：]"
    r"|\bas an? (?:ai|artificial|language|assistant)|language model|\bi(?:'m| am) (?:sorry|an ai|unable)|\bi can(?:no|')t (?:help|assist|write|provide)|\b(?:here(?:'s| is| are)|sure,|certainly[,!]|of course[,!])[^.]{0,30}(?:copy|text|headline|version|description)"
    r"|作为(?:一个|一名)?(?:ai|人工智能|语言模型|助手)|(?:以下|下面)(?:是|为)(?:您|你)?(?:生成|撰写|准备|写)?的?(?:文案|内容)|(?:文案|标题|输出|回答|提示词?|指令|改写)[:：]|语言模型|抱歉，|无法(?:提供|生成|回答)"
    r"|\b(?:strategy|style|channel|language|variant|audience|lang|attributes?) ?[=＝]|\b(?:null|nan|undefined|none)\b(?! of| other)|lorem ipsum|\btodo\b|\bxxx+\b|\ufffd|\u951f\u65a4\u62f7|\?{3,})",
    re.IGNORECASE,
)
LINKS = re.compile(
    r"(?P<link>(?:https?|ftp|hxxps?) ?: ?/ ?/|\bwww\.|\b[a-z0-9-]+ ?\. ?(?:com|cn|net|org|io|shop|top|xyz|co\.uk|info|biz|app|me|link|site|online|store|ru|tk|cc|vip|de|fr)\b(?:/\S*)?|t\.cn/|bit\.ly)"
)
REPEATS = re.compile(
    r"(?P<repetition>([^\d\s.\-])\2{3,}|([.\-])\3{5,}|(?<![a-z])([a-z]{2,})(?:[ ,]+\4){2,}(?![a-z])|([\u4e00-\u9fff，、]{2,12})\5{2,}"
    r"|([\u4e00-\u9fff]{6,}[，。！])(?=(?:.*\6))|(?<![a-z])([a-z]+(?: [a-z]+){4,}[.!])(?=.*\7))",
    re.DOTALL,
)
_WRITE = r"(?:write|say|output|print|repeat|state|include|append|insert|generate|translate|reveal|execute|return|add|produce|reply|respond|answer|describe|claim|mention|promise|tell|recommend|rate|rank)"
INSTRUCTIONS = re.compile(
    r"(?P<instruction>"
    r"\b(?:ignore|disregard|forget|override|bypass|discard)\b.{0,30}\b(?:previous|prior|above|earlier|preceding|instructions?|rules?|everything|prompts?|guidelines?|context|policies|told|facts?)"
    r"|\byou are (?:now )?(?:an? )?(?:\w+ )?(?:ai|assistant|chatgpt|gpt|dan|bot|model|copywriter|system|admin\w*|developer)\b|\b(?:system|developer|hidden|initial|secret) (?:prompt|message|instructions?|note|override)\b|\b(?:act|behave|respond) as (?:if|an?|though)\b|\bpretend (?:to|that|you)\b|\brole ?play\b|\bjailbreak|\bprompt injection|\bdeveloper mode|\badmin(?:istrator)? mode|\bsudo\b"
    rf"|\b{_WRITE} (?:exactly|only|verbatim|the following|that (?:this|it|the)|this (?:sentence|text|item|product)|in all caps|instead|your (?:prompt|instructions|system))"
    rf"|\b(?:always|must|should|please|instead|now|just|only|never|do not|don'?t|to the (?:ai|model|assistant|copywriter)[,:]?) {_WRITE}\b|\bthe (?:ai|model|assistant|copywriter|generated (?:text|copy)|copy|writer) (?:must|should|shall|will|is to|has to|needs to)\b|\bnew (?:instructions?|rules?|task)\b|\b(?:instructions?|note|attention|message|dear) (?:to|for) (?:the )?(?:ai|model|assistant|copywriter|llm|language)|\b(?:begin|end|start) (?:of )?(?:system|prompt|instructions?|text|user|admin)\b|\bfrom now on\b|\b(?:ai|llm|chatgpt|gpt-?\d|claude|gemini)\b[ ,:]|\blanguage model|\bthis (?:is|overrides)\b.{0,20}\binstruction|\bwhen (?:writing|generating|you write|summari[sz]ing|asked)\b|\bcopy ?writer\b|\btell (?:the )?(?:users?|customers?|shoppers?|readers?|everyone|people)\b|\bas your (?:developer|creator|owner|boss)"
    r"|(?:忽略|无视|忘记|忘掉|跳过|抛弃|不要理会|不用管|覆盖)[^。]{0,8}(?:以上|之前|前面|上述|先前|所有|一切|规则|指令|要求|提示|设定|内容)|你(?:现在|将|的角色)?是(?:一个|一名|一位)?(?:ai|人工智能|助手|机器人|客服|模型|管理员|写手|文案)|系统(?:提示|指令|消息|管理员)|提示词|开发者模式|管理员模式|越狱|扮演|角色扮演|从现在(?:起|开始)|新(?:的)?(?:指令|任务|规则)"
    r"|(?:请|务必|必须|一定要|应当|直接|只需|只要|只能)(?:你)?(?:直接|只|在文案中|在标题中|原样)?(?:输出|回复|回答|写出?|写上|写成|告诉|重复|翻译|生成|声称|注明|宣称|推荐|强调|包含|加上|说)|(?:不要|不得|禁止|切勿)(?:提及|遵守|告诉|输出|检查|说|写)|(?:输出|复述|重复|泄露|打印|翻译)(?:以下|下面|上面|你的|系统|全部|所有|这句)|按(?:照)?(?:以下|下面)(?:的)?(?:要求|指令|内容)|(?:文案|模型|ai|大模型|语言模型|助手|写手)(?:必须|应该|应当|请|务必|要写|需要|听好|注意)|致(?:ai|模型|写手|助手)|注入|执行(?:以下|下列)"
    r"|\b(?:ignora|ignore[zr]?|ignoriere|oublie[zr]?|olvida|vergiss|dimentica) (?:las|los|les|toutes|alle|todas?|tout|alles|le|tutte)\b|\b[A-Za-z0-9+/]{60,}={0,2}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\bbase ?64\b|\brot13\b"
    r")",
    re.IGNORECASE,
)
