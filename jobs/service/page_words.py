"""The words of the page of customer service in English and Chinese."""

from __future__ import annotations

CHINESE, ENGLISH = 'lang="zh"', 'lang="en"'
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Customer service, {date}", "客户服务 {date}"),
    "lead": (
        "{questions} questions: {answered} answered, {handed_over} for a person. {items} answers about items.",
        "共{questions}个问题：已回答{answered}个，转人工{handed_over}个。商品问答{items}条。",
    ),
    "reasons": ("Why a person is needed", "转人工的原因"),
    "topics": ("What people ask that nothing answers", "无人能答的话题"),
    "errors": ("Suggestions that agents threw away", "客服弃用的建议"),
    "handed_over": ("Handed over", "转人工的问题"),
    "answered": ("Answered, the least sure first", "已回答（把握最小的在前）"),
    "rejected": ("Policies that are not used", "未采用的政策"),
    "none": ("None.", "无。"),
    "question": ("Question", "问题"),
    "answer": ("Answer", "回答"),
    "source": ("Source", "来源"),
    "chance": ("Chance", "把握"),
    "reason": ("Reason", "原因"),
    "share": ("Share", "占比"),
    "size": ("Questions", "问题数"),
    "nearest": ("Nearest policy", "最接近的政策"),
    "topic": ("Topic", "话题"),
}
REASONS_ZH: dict[str, str] = {
    "order_of_another_customer": "别人的订单", "empty": "空白", "too_long": "太长", "instruction": "含有指令",
    "no_words": "没有文字", "other_language": "其他语言", "several_questions": "多个问题", "not_sure": "把握不足",
    "nothing_known": "没有相关知识", "no_item": "不知道是哪件商品", "unknown_item": "商品不存在",
    "item_withdrawn": "商品已下架", "not_in_the_catalogue": "目录中没有", "policy_gone": "政策已失效",
    "contradictory_policies": "政策互相矛盾", "no_such_variant": "没有这种款式", "not_logged_in": "未登录",
    "nothing_in_the_account": "账户中没有", "wants_a_person": "要求人工", "threat": "威胁", "legal": "法律问题",
    "payment_dispute": "付款争议", "health": "健康问题", "child": "未成年人", "complaint": "投诉",
    "another_shop": "关于别的店", "contested_id": "编号重复", "duplicate": "重复", "malformed_row": "无法读取",
    "bad_date": "日期有误", "unknown_language": "未知语言", "no_text": "没有内容",
}  # fmt: skip
