"""The words that people read for the codes of tables and reports: reasons, verdicts, statuses, sources of a place."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.common.chinese_names import CHANNELS as CHINESE_CHANNELS
from jobs.common.chinese_names import COPY_REASONS, SERVICE_REASONS
from jobs.pages.blocks import Words, plain
from schemas.list_sources import LIST_SOURCES, WITHOUT_TITLE

REJECTED = {
    "malformed_row": Words("a row that cannot be read", "无法读取的行"),
    "undecodable_text": Words("text in another encoding", "编码不符的文字"),
    "field_too_long": Words("a field that is too long", "字段过长"),
    "bad_id": Words("a bad id", "编号有误"),
    "inexact_id": Words("an id that lost digits", "编号丢失位数"),
    "without_lines": Words("an order without lines", "没有明细的订单"),
    "unknown_event_type": Words("an unknown event type", "未知的事件类型"),
    "missing_item": Words("no item", "缺少商品"),
    "missing_user": Words("no account", "缺少账户"),
    "missing_time": Words("no time", "缺少时间"),
    "bad_time": Words("a time that cannot be read", "时间无法读取"),
    "future_event": Words("a time in the future", "时间在未来"),
    "bad_number": Words("a number that cannot be read", "数字无法读取"),
    "bad_value": Words("a value that cannot be read", "值无法读取"),
    "negative_price": Words("a negative price", "价格为负"),
    "absurd_price": Words("an absurd price", "价格过高"),
    "negative_quantity": Words("a negative quantity", "数量为负"),
    "absurd_quantity": Words("an absurd quantity", "数量过大"),
    "bad_currency": Words("a bad currency", "币种有误"),
    "bad_attributes": Words("bad attributes", "属性有误"),
    "duplicate": Words("a duplicate", "重复"),
    "crawler": Words("a crawler", "爬虫"),
    "too_late": Words("too late", "来得太晚"),
    "erased": Words("a person who was forgotten", "已删除的人"),
}
GUARDS = {
    "second_account": Words("a second account of a person", "同一人的另一账户"),
    "currency": Words("another currency", "币种不同"),
    "barred": Words("barred", "不得参与"),
    "unknown_cost": Words("the cost is not known", "成本未知"),
    "margin_floor": Words("too little margin would be left", "毛利过低"),
    "no_gain": Words("no gain is expected", "预期没有增益"),
    "no_data": Words("not enough data", "数据不足"),
    "had_lately": Words("had it lately", "近期已获得"),
    "one_of_a_kind": Words("has another of this kind", "已有同类优惠"),
    "exclusion": Words("has an offer that excludes it", "与已有优惠互斥"),
    "contact_cap": Words("written to often enough", "已达联系上限"),
    "budget": Words("the budget is spent", "预算已用完"),
    "campaign_share": Words("the campaign's share is spent", "活动份额已用完"),
}
VERDICTS = {
    "as others": Words("as others", "与其他组相同"),
    "better": Words("better", "更好"),
    "worse": Words("worse", "更差"),
    "more than others": Words("more than others", "多于其他组"),
    "less than others": Words("less than others", "少于其他组"),
    "not enough data": Words("not enough data", "数据不足"),
}
STATUSES = {
    "not enough data": Words("not enough data", "数据不足"),
    "sample ratio failed": Words("the split is uneven: users were lost", "分组不均：有用户丢失"),
    "collecting": Words("collecting", "收集中"),
    "planned size reached": Words("planned size reached: decide", "已达计划人数：可下结论"),
    "suggest": Words("move", "建议调整"),
    "keep": Words("keep", "保持"),
}
METRICS = {
    "buys": Words("share that buys", "购买比例"),
    "purchases": Words("purchase lines each", "人均购买行数"),
    "listed_purchases": Words("purchase lines each, of the list", "人均购买列表商品行数"),
    "listed_clicks": Words("clicks each, on the list", "人均点击列表次数"),
}
MOVED = {
    "arm_share": Words("share of an arm", "实验组比例"),
    "source_mix": Words("share of a source", "来源比例"),
    "campaign": Words("share of a campaign", "活动份额"),
    "event_weight": Words("weight of an event", "事件权重"),
}
_MESSAGES = {"sms": "text message", "subject": "mail subject", "body": "mail"}  # other channels: their code
CHANNELS = {code: Words(_MESSAGES.get(code, code), name) for code, name in CHINESE_CHANNELS.items()}
_DECISIONS = {"answered": "已回答", "handed_over": "转人工", "refused": "拒绝回答"}
# Source of a place -> its name, and its reason in Chinese; {} stands for the title, the segment or the maker.
SOURCES = {
    "als": (Words("taste", "偏好"), "因为您选过{}"),
    "buy_again": (Words("bought before", "再次购买"), "您曾买过"),
    "own": (Words("looked at lately", "最近看过"), "您最近看过"),
    "covisitation": (Words("goes with it", "搭配"), "与{}搭配"),
    "item_item": (Words("chosen together", "同选"), "选{}的人也选它"),
    "item_item_bm25": (Words("chosen together, weighted", "同选（加权）"), "选{}的人也选它"),
    "content": (Words("alike", "相似"), "与{}相似"),
    "lstm": (Words("looked at next", "下一件"), "看过{}的人接着看它"),
    "user_user": (Words("people alike", "口味相近的人"), "口味相近的人也选它"),
    "new_item": (Words("new", "新品"), "新品{}"),
    "popularity": (Words("popular, ranked", "热门（排序）"), "大家都喜欢"),
    "segment_popular": (Words("popular in the segment", "同群热门"), "在{}受欢迎"),
    "trending": (Words("trending", "上升趋势"), "正在升温"),
    "popular": (Words("popular", "总热门"), "大家都喜欢"),
}


def words_of(code: str, words_by_code: Mapping[str, Words]) -> Words | str:
    """The words of a code. A code without words, such as one of the shop's reasons, is shown without underscores."""
    return words_by_code.get(code) or plain(code.replace("_", " "))


def copy_reason(reason: str) -> Words:
    return Words(plain(reason), COPY_REASONS.get(reason, plain(reason)))


def service_reason(code: str) -> Words:
    """A decision of customer service, or a reason for it."""
    english = plain(code.replace("_", " "))
    return Words(english, _DECISIONS.get(code) or SERVICE_REASONS.get(code, english))


def counts(numbers: Mapping[str, int], words_by_code: Mapping[str, Words]) -> Words:
    """'had it lately 12, the budget is spent 3', in both languages."""
    worded = [(words if isinstance(words := words_of(code, words_by_code), Words) else Words(words, words), count)
              for code, count in numbers.items()]  # fmt: skip
    return Words(
        ", ".join(f"{words.english} {count:,}" for words, count in worded),
        "，".join(f"{words.chinese} {count:,}" for words, count in worded),
    )


def list_reason(source: str, reason: str, chinese_titles: Mapping[str, str]) -> Words | str:
    """A place's reason in both languages. chinese_titles: English title -> Chinese; the reason may end with a title."""
    words = LIST_SOURCES[source].words if source in LIST_SOURCES else None
    if reason == WITHOUT_TITLE:
        return Words(plain(reason), "为您推荐")
    if words is None or not reason.startswith(words):
        return plain(reason)
    ending = reason.removeprefix(words)
    for english, chinese in ((" from ", "：品牌 "), (" in ", "：品类 ")):
        if source == "new_item" and ending.startswith(english):
            ending = chinese + ending.removeprefix(english)
    ending = chinese_titles.get(ending, ending)
    if ending and source != "new_item":
        ending = f" {ending} "
    return Words(plain(reason), plain(SOURCES[source][1].format(ending).strip()))
