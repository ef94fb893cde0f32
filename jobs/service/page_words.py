"""The words of the page of customer service in English and Chinese."""

from __future__ import annotations

CHINESE, ENGLISH = 'lang="zh"', 'lang="en"'
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Customer service, {date}", "客户服务 {date}"),
    "lead": (
        "{questions} questions: {answered} answered, {handed_over} for a person. {items} answers about items.",
        "共{questions}个问题：已回答{answered}个，转人工{handed_over}个。商品问答{items}条。",
    ),
    "bound": ("Each part of this page has at most {most} rows.", "本页每部分至多 {most} 行。"),
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
