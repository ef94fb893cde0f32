"""Chinese names of our codes on the review page. Names that a shop gave (voices, rules of a lexicon) stay."""

from __future__ import annotations

from jobs.common.chinese_names import CHANNELS, CLAIM_KINDS, COPY_REASONS

STRATEGIES = {
    "recommendation": "推荐",
    "similar_to_bought": "与已购相似",
    "new_arrival": "新品上架",
    "price_drop": "降价",
    "coupon_win_back": "召回优惠券",
    "coupon_first_purchase": "首单优惠券",
    "member_exclusive": "会员专享",
    "coupon": "优惠券",
    "replenishment": "补货提醒",
    "seasonal_event": "节庆活动",
}
LANGUAGES = {"de": "德语", "en": "英语", "ja": "日语", "zh": "中文"}
STYLES = {"bargain": "省钱", "gifts": "送礼", "plain": "平实", "quality": "品质", "young": "年轻"}
DETAILS = {
    "another item's text says nearly the same": "另一商品的文案几乎相同",
    "the catalogue has none that can be shown": "商品资料中没有可展示的标题",
    "no attribute, kind or brand": "未提及属性、品类或品牌",
    "nothing to read": "没有可读内容",
}
BASES = {
    "an event that is on": "正在进行的活动",
    "in the user's list": "在该用户的推荐列表中",
    "a neighbour of what the user bought": "与该用户所购商品相近",
    "buy_again": "会再次购买",
    "win_back": "召回优惠",
    "first_purchase": "首单优惠",
    "member_exclusive": "会员专享",
    "an offer of the user's own": "该用户自己的优惠",
}
FACTS = {
    "title": "标题",
    "benefit": "好处",
    "reason": "理由",
    "used_up": "用完的说法",
    "brand": "品牌",
    "kind": "品类",
    "detail": "细节",
    "details": "细节",
    "shop": "店名",
    "basis": "缘由",
    "event": "活动",
    "price": "现价",
    "old_price": "原价",
    "saving": "节省",
    "terms": "优惠条件",
    "until": "截止日",
    "claim": "说法",
    **{kind: words for kind, words in CLAIM_KINDS.items() if kind not in ("kind", "brand", "price")},
}
CHINESE = {
    "strategy": STRATEGIES, "channel": CHANNELS, "language": LANGUAGES, "style": STYLES, "reason": COPY_REASONS,
    "slot": FACTS, "detail": DETAILS, "value": BASES,
}  # fmt: skip
