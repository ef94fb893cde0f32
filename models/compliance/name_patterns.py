"""What a name of the catalogue may not hold, although a description may: names are shown unchanged.

The name of the group that matches is the refusal's reason. The texts that are searched are folded: lower-case, with
plain digits, spaces and dashes (`models.text.numerals.fold`).
"""

from __future__ import annotations

import re

_W = r"(?<![a-z0-9])"  # the start of a word
_E = r"(?![a-z])"  # its end

# A spreadsheet program that opens our files would run these as formulas. A name that is only a figure with a sign
# (-20 °c) is no formula.
FORMULA = re.compile(
    r"(?P<formula>^[ \ufeff]*(?:[=@\t]|[+-] ?(?!\d+(?:[.,]\d+)?[ /-]{0,2}(?:%|°?[a-z]{0,3}|\d+)$)"
    r"(?:[\d.(=+-]|[a-z]+ ?[(|!]|[a-z]{1,3}\d)))"
)
# Markup. Offers: only tables may state them. Requests to reply: no shop reads replies.
SHOUTS = re.compile(
    r"(?P<html>\\|\*\*|__|~~|^#{1,6} |!\[|'\)?;|' or '?\d)"
    r"|(?P<offer_in_a_name>免费|白送|倒贴|打骨折|跳楼价|清仓|甩卖|(?<![\d%])-\d{1,3} ?%"
    r"|(?<![a-z])(?:cents|pence|for free|free (?:of charge|gift|(?:for|to) (?:all|every[a-z]*|you|members?)))(?![a-z]))"
    r"|(?P<call_to_act>(?<![a-z])(?:reply (?:with|to|yes|no|stop|[a-z]|\d+)|click (?:here|the|below|on)"
    r"|text [a-z0-9]+ to \d|scan (?:the |this )?(?:qr|code)|(?:win|claim) (?:a |your )?(?:prize|reward|bonus|cash)"
    r"|your (?:pin|password|otp|card number|bank))(?![a-z])"
    r"|回复 ?[a-z0-9]|扫码|扫一扫|扫描二维码|点击(?:链接|领取|这里|下方)|退订|验证码|银行卡|中奖|领奖|[领抢]红包"
    r"|搜(?:索)?店铺|(?:某宝|淘宝|天猫|京东|拼多多|闲鱼|微店)(?:上)?(?:搜|找))"
)

_APPS = (
    r"(?:telegram|tele ?gram|whats ?app|discord|we ?chat|weixin|skype|viber|snap ?chat|kik|insta(?:gram)?|facebook"
    r"|messenger|tiktok|signal|kakao(?: ?talk)?|line id|threema|icq|onlyfans|twitter|reddit|etsy|ebay|vinted)"
)
_TLD = r"(?:com|cn|de|org|net|ru|uk|io|eu|fr|co|biz|info|xyz|cc|top|vip|me|app|gg|shop|store|ly|to|jp|hk|tw)"
_CONTACT_EN = (
    rf"{_W}(?:dm|pm|msg|inbox|e-?mail|contact|whats ?app) (?:me|us|seller|the seller|owner){_E}"
    rf"|{_W}(?:dm|pm)s? (?:for|to|open|only|welcome|4){_E}"
    rf"|{_W}(?:call|text|ring|phone|message|find|follow|join|add|reach|write|ask|chat|talk|order|buy|hit|see|visit|get)"
    rf" (?:to |with )?(?:me|us|him|her|seller|the seller|the owner|direct(?:ly)?|up)"
    rf" (?:on|at|via|by|through|under|over|@|in (?:the )?(?:bio|profile)){_E}"
    rf"|{_W}(?:on|via|by|through|my|our|at) (?:the )?{_APPS}{_E}"
    rf"|{_W}{_APPS} ?(?:[:@#=]|(?:id|handle|user(?:name)?|group|channel|number|server|me|us|only|contact){_E})"
    rf"|{_W}{_APPS} (?=[a-z_.]*[\d_])[\w.]{{4,}}|{_W}(?:tg|ig|fb|wa|wx|vx|tt|sc) ?[:@] ?[\w.]{{3,}}"
    r"|(?<![\w.])[a-z][\w.]{2,} ?# ?\d{4}(?!\d)(?= |$)"  # a handle of Discord
    r"|(?:^| )@(?=[a-z_.]*[\d_.])[\w.]{4,}"
    rf"|{_W}(?:link|details?|contact|number|price) in (?:my |our |the )?(?:bio|profile|description){_E}"
    rf"|{_W}(?:my|our|seller'?s) (?:phone|cell|mobile|number|handle|profile|bio|channel|insta|site|website){_E}"
    rf"|{_W}(?:ask|mail|e-?mail|write|contact|call) [a-z]+ at (?!home|school|work|night){_E}"
    rf"|{_W}(?:google|search|look up) (?:us|me|our (?:shop|store|name|site)|for our){_E}"
    rf"|{_W}(?:outside|off|away from) (?:the |this )?(?:app|site|platform|marketplace){_E}|{_W}off-platform"
    r"|[\[({<] ?(?:at|dot|@|\.|punkt|d0t) ?[\])}>]"
    rf"|{_W}at (?:[a-z0-9-]+ ){{1,4}}(?:dot|punkt|d0t) [a-z]{{2,6}}{_E}"
    rf"|{_W}(?:dash|underscore|slash|hyphen) [a-z0-9]+ (?:dot|punkt) {_E}"
    rf"|[a-z0-9] (?:dot|d0t|punkt) (?:com|cn|de|org|ru|uk|io|eu|biz|xyz|cc|gg|ly){_E}"
    rf"|{_W}at (?:gmail|hotmail|outlook|yahoo|proton|yandex|qq|163){_E}"
    rf"|(?:gmail|hotmail|yahoo|proton ?mail|foxmail|yandex) ?(?:dot|\.|点|com{_E})"
    rf"|{_W}(?:t|wa|m|fb|ig) ?\. ?me{_E}|discord ?\.? ?gg{_E}|{_W}bit ?\.? ?ly{_E}|linktr ?\.? ?ee"
    rf"|[a-z0-9]+ ?[.。·] ?{_TLD}/"
)
_SITES = r"(?:小红书|抖音|快手|微博|公众号|微信|b站|某音|某书|某宝|闲鱼|咸鱼|淘宝|拼多多|知乎|贴吧|视频号|朋友圈|电报)"
_CONTACT_ZH = (
    r"加(?:我(?!们)|群|好友|扣|企鹅|[薇徽嶶溦葳威][ 信芯心:]?(?![a-z]+领)|微(?:信|芯|号|$|[ :❤♥a-z\d])"
    r"|(?:vx?|wx|q{1,2})(?:号|信|群|:| |$|(?=[a-z]*\d)))"
    r"|[薇徽嶶溦葳][ .*❤♥\ufe0f]{0,3}[信芯心❤♥]|微[ .*·❤♥\ufe0f-]{1,3}[信芯]|[威维][芯❤♥]|(?<![a-z])v[ .*❤♥]{0,2}信"
    rf"|(?<![a-z0-9])(?:vx|wx|v信|薇信) ?(?:[:号]|同)|{_W}wei ?xin{_E}"
    r"|企鹅 ?(?:群|号|扣|q|联系|:)|企鹅[ :]{0,2}(?=[\d零〇一二三四五六七八九幺两]{5})|(?:(?<![a-z])q|扣|抠|叩)[ .]?群"
    r"|(?:扣扣|抠抠|叩叩|球球) ?(?:号|群|:|联系|(?=[\d零一二三四五六七八九]{5}))|(?<![a-z])qq ?(?:号|群|联系|同)"
    rf"|同名?{_SITES}|{_SITES}[ :上]{{0,2}}(?:同名|同号|搜|找我|看我|关注|私|号 ?[:是]|id|主页|联系|聊|@)"
    r"|找我(?!的)|联系(?:我|方式|卖家|店主|电话|本人|号|客服)|(?:详情|要货|拿货|批发|下单|价格|咨询|报价|低价)[^ ]{0,3}"
    r"(?:私|联系|滴滴|dd|找我|戳)"
    r"|私(?:聊|我|戳|信(?:我|聊|下单|咨询|领))|戳我|滴滴我|(?<![a-z])dd我|[进入拉]群|交流群|(?:主页|简介|头像|签名|评论区"
    r"|首页|个签)(?:有|看|见|里|找|置顶)|[看见](?:我)?(?:主页|简介|头像|签名|个签)|电(?:联|询|话(?:联系|咨询|同|:))"
    r"|手机(?:同|号[:是])|线下(?:交易|付款|结算)|站外|绕[过开]平台|平台外|直接(?:转账|打款)"
    r"|call ?我|来电(?:咨询|详谈|订)"
    r"|艾特[ :]?[a-z0-9]|[a-z0-9] ?(?:艾特|圈a|小老鼠) ?[a-z0-9]"
    r"|(?:邮箱|邮件|伊妹儿) ?(?:[:至到]|发(?:我|给|至)|联系|[a-z0-9])"
    r"|(?:网址|官网)(?:搜|是|为|:|[ a-z])|(?:百度|谷歌|度娘|浏览器)(?:一下|搜|找|打开|输入)|三[wｗ]点|www ?点"
    r"|[a-z0-9] ?点 ?(?:com|cn|net|top|vip|cc|me|shop|org)"
)
CONTACT = re.compile(f"(?P<personal_data>{_CONTACT_EN}|{_CONTACT_ZH})")

_WRITERS = (
    r"(?:copy ?writers?|ad ?writers?|writers?|editors?|marketing team|content team|marketers?|ai|llm|bots?|models?"
    r"|assistants?|generators?|algorithms?|machines?|chat ?gpt|gpt|system|robots?|interns?)"
)
_TO_THE_WRITER = (
    rf"{_W}(?:who(?:m?so)?ever|anyone|anybody|someone|the (?:person|people|one|team|colleague|machine|robot|program))"
    rf" (?:who |that |which )?(?:is |are )?(?:now )?(?:writ|draft|read|mak|generat|creat|compos|prepar|process|summar"
    rf"|translat|do|type)[a-z]* (?:the|this|these|that|our|up|copy|ads?|it)?{_E}"
    rf"|{_W}p\.? ?s\.? ?(?:for|to) (?:the|who|all|any|our|your|ai)"
    rf"|{_W}(?:note|memo|message|hint|reminder|for|to|dear|hey|hi|hello|attention|attn|listen|psst)[,:]? (?:to |for )?"
    rf"(?:the |all |any |our |your |dear )*{_WRITERS} ?[:,;!-]"
    rf"|{_W}{_WRITERS},? (?:should|must|shall|please|has to|have to|will kindly|add|write|say|obey|listen){_E}"
    rf"|[:;,.(!] ?(?:please |just |kindly |now )?(?:call|label|describe|advertise|market|promote|pitch|tag|bill|frame"
    rf"|present|praise|hype|sell) (?:it|this|these|them|us|me|the [a-z]+) (?:as )?[a-z]+"
    rf"|{_W}(?:new|final|updated|real|actual|corrected) (?:copy|instructions?|orders?|rules?|prompt|task|text|title) ?:"
    rf"|(?:above|before|previous(?:ly)?|so far|earlier) (?:was|is|were) (?:all )?(?:a )?(?:joke|wrong|fake|test|false"
    rf"|void|nonsense|mistake)|[:,;] ?obey{_E}|{_W}(?:obey|follow) (?:me|my|these|the following){_E}"
    rf"|{_W}(?:output|echo|repeat|say|write|print|append|mention|respond|answer) ?[:\"“]"
    r"|(?:写|做|编|改|拟|出|弄|生成|撰写|负责)(?:这个|这条|这段|本|下面)?(?:广告|文案|稿子?|标题|推广|介绍|描述|宣传语?|推送)的"
    r"|(?:小编|编辑|写手|文案|运营|机器人|大?模型|助手|助理|算法|系统|(?<![a-z])ai|智能体)(?:同学|老师|大人|你好|们|注意|请"
    r"|[:,]|听|帮|得|必|记得|麻烦|务)"
    r"|(?:写|说|标|吹|描述|形容|宣传|标注)(?:成|作)|[加写补附](?:上)?一(?:句|段|行|笔)|文案(?:里|中|要|写|加|得|顺)"
    r"|(?:遵守|服从|听从|遵从)(?:我|本|以下|下面|指令|命令)|[照按]我(?:说|写|的)|(?:上面|以上|之前|前面|刚才)(?:的|都|全)*"
    r"(?:是|算)?(?:玩笑|假的|不算|错的|废话|测试)|新(?:文案|规则|指令|要求|任务|标题)(?:是|为|[:,])"
)
TO_THE_WRITER = re.compile(f"(?P<instruction>{_TO_THE_WRITER})")
