"""The gate: which texts it refuses, which it lets through, and how channels count characters."""

from __future__ import annotations

import pytest

from models.compliance.checks import (
    CHANNELS,
    Channel,
    hostile,
    hostile_name,
    refusals,
    sms_segments,
)
from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.language import load_languages
from schemas.copywriting.lexicon import load_lexicons, load_words
from tests.hostile_rows import BENIGN, NAMES, PLAIN_NAMES, RISKY_NAMES, hostile_rows

LANGUAGES = load_languages()
LEXICONS = load_lexicons()
BLURB = CHANNELS["blurb"]


def reasons(text: str, language: str, channel: Channel = BLURB, category: str | None = None) -> set[str]:
    return {refusal.reason for refusal in refusals(text, LANGUAGES[language], channel, LEXICONS, category)}


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("这是最佳的选择", "zh", "absolute term"),
        ("销量第一的针织衫", "zh", "absolute term"),
        ("国家级工艺", "zh", "absolute term"),
        ("可以治疗失眠", "zh", "health claim"),
        ("稳赚不赔的投资", "zh", "financial claim"),
        ("因为您怀孕了，我们推荐这款", "zh", "sensitive inference"),
        ("再不买就没了", "zh", "pressure"),
        ("傻逼才不买", "zh", "profanity"),
        ("The best jumper in town", "en", "absolute term"),
        ("Our #1 jumper for you", "en", "absolute term"),
        ("It cures headaches and more", "en", "health claim"),
        ("Guaranteed to please you", "en", "absolute term"),
        ("Since you are pregnant, you will like it", "en", "sensitive inference"),
        ("Act now, it is yours", "en", "pressure"),
        ("Soft shirt, <b>really</b>", "en", "html"),
        ("Soft shirt &#60;x&#62; for you", "en", "html"),
        ("A shirt at {price} for you", "en", "html"),
        ("柔软\u202e的衬衫", "zh", "control character"),
        ("柔软\u200b的衬衫", "zh", "control character"),
        ("联系我：13812345678", "zh", "personal data"),
        ("联系我：１３８１２３４５６７８", "zh", "personal data"),
        ("Write to wang@example.com", "en", "personal data"),
        ("Come to 221 Baker Street", "en", "personal data"),
        ("身份证11010519491231002X", "zh", "personal data"),
        ("Read more at www.example.com", "en", "link"),
        ("A soft shirt 😀", "en", "emoji"),
        ("Sure, here is the headline you want", "en", "leak"),
        ("style=young A soft shirt", "en", "leak"),
        ("柔软的衬衫<|endoftext|>", "zh", "leak"),
        ("作为一个AI，我觉得这件衬衫不错", "zh", "leak"),
        ("A soft cotton shirt", "zh", "wrong language"),
        ("柔软的纯棉衬衫", "en", "wrong language"),
        ("Une chemise pour vous et pour les amis", "en", "wrong language"),
        ("Мягкая рубашка", "en", "wrong language"),
        ("Soft sоft shirt", "en", "wrong language"),  # its о is Cyrillic
        ("柔软柔软柔软柔软的衬衫", "zh", "repetition"),
        ("very very very very soft", "en", "repetition"),
        ("", "en", "empty"),
        ("红" * 3 + "，" + "宽松的针织衫" * 1 + "x" * 400, "zh", "too long"),
    ],
)
def test_refused(text: str, language: str, reason: str) -> None:
    assert reason in reasons(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("第一次穿上它，第一时间想分享给朋友。", "zh"),
        ("最近很喜欢这件针织衫，从最初到最后都合身。", "zh"),
        ("治愈系的小熊图案，配V领和oversize版型。", "zh"),
        ("Best before is printed on the bag.", "en"),
        ("A shirt for your best friend.", "en"),
        ("Relaxed fit – a straight fit with good room for movement.", "en"),
        ("Jersey top with narrow shoulder straps. Length 68 cm.", "en"),
        ("Flame retardant cover for the sofa", "en"),
    ],
)
def test_let_through(text: str, language: str) -> None:
    assert not refusals(text, LANGUAGES[language], BLURB, LEXICONS)


def test_a_rule_for_children_holds_in_their_category_only() -> None:
    text = "开发大脑的积木"
    assert "children" in reasons(text, "zh", category="Family > Baby > Toys")
    assert "children" not in reasons(text, "zh", category="Home > Furniture")


def test_a_refusal_says_where() -> None:
    (refusal,) = refusals("柔软，最佳的衬衫", LANGUAGES["zh"], BLURB, LEXICONS)
    assert (refusal.start, refusal.end, refusal.detail, refusal.severity) == (3, 5, "最佳", "block")


@pytest.mark.parametrize(
    ("text", "segments", "encoding"),
    [
        ("a" * 160, 1, "GSM-7"),
        ("a" * 161, 2, "GSM-7"),
        ("a" * 306, 2, "GSM-7"),
        ("a" * 307, 3, "GSM-7"),
        ("€" * 80, 1, "GSM-7"),  # each two septets
        ("€" * 81, 2, "GSM-7"),
        ("a" * 152 + "€" + "a" * 10, 2, "GSM-7"),  # the euro is not cut in two
        ("红" * 70, 1, "UCS-2"),
        ("红" * 71, 2, "UCS-2"),
        ("红" * 134, 2, "UCS-2"),
        ("红" * 135, 3, "UCS-2"),
        ("a" * 69 + "😀", 2, "UCS-2"),
        ("’" * 70, 1, "UCS-2"),  # a curly quote is not in the alphabet
    ],
)
def test_sms_segments(text: str, segments: int, encoding: str) -> None:
    assert sms_segments(text) == (segments, encoding)


def test_a_family_of_emoji_is_one_character() -> None:
    channel = Channel("one", characters=2, emoji=True)
    assert not refusals("👩‍👩‍👧👍🏽", LANGUAGES["en"], channel, LEXICONS)


def test_bytes_are_counted_as_utf8() -> None:
    channel = Channel("few", bytes=8)
    assert not refusals("红色", LANGUAGES["zh"], channel, LEXICONS)
    assert refusals("红色衬衫", LANGUAGES["zh"], channel, LEXICONS)


def test_no_hostile_row_survives() -> None:
    facts = ItemFacts("hostile", {})
    vocabulary = Vocabulary.of([facts], load_words(), languages=load_claim_words())
    for row in hostile_rows(500):
        assert hostile(row.description), f"{row.kind}: {row.payload[:80]!r} would be read"
        parroted = row.payload[:300] if row.kind != "length" else row.payload
        stopped = any(
            refusals(parroted, LANGUAGES[language], BLURB, LEXICONS) for language in ("zh", "en")
        ) or unsupported(parroted, facts, vocabulary, "en")
        assert stopped, f"{row.kind}: {row.payload[:80]!r} would be published"


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_no_name(name: str) -> None:
    assert hostile_name(name)


@pytest.mark.parametrize(("name", "is_mixed"), [("Bоsch drill", True), ("Αdidas cap", True), ("5 kΩ resistor", False),
                                                 ("Привет mug", False), ("β-carotene", False)])  # fmt: skip
def test_a_word_of_two_alphabets_is_told_from_an_honest_foreign_one(name: str, is_mixed: bool) -> None:
    assert ("letters of two alphabets" in {refusal.reason for refusal in hostile_name(name)}) == is_mixed


def test_plain_names_are_not_hostile() -> None:
    refusals_by_name = {name: hostile_name(name, (), LEXICONS) for name in PLAIN_NAMES}
    assert refusals_by_name == {name: [] for name in PLAIN_NAMES}


@pytest.mark.parametrize("name", RISKY_NAMES)
def test_goods_that_may_not_be_advertised_are_named_by_a_lexicon(name: str) -> None:
    assert hostile_name(name, (), LEXICONS)


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("全 网 最 低 的橡木台灯，看看", "zh", "absolute term"),
        ("An oak f.u.c.k lamp for you", "en", "profanity"),
        ("橡木台灯，治失眠的好伙伴", "zh", "health claim"),
        ("中央领导人专用的橡木台灯", "zh", "state organs"),
        ("政府指定的橡木台灯", "zh", "state organs"),
        ("这台灯完胜同类台灯", "zh", "comparison"),
        ("A lamp better than yours", "en", "comparison"),
        ("A lamp approved by the government", "en", "comparison"),
    ],
)
def test_texts_with_spelt_out_contacts_comparisons_or_the_state_are_refused(
    text: str, language: str, reason: str
) -> None:
    assert reason in reasons(text, language)


def test_a_text_message_has_one_sender() -> None:
    assert "second sender" not in reasons("【夜市】橡木台灯，来看看", "zh", CHANNELS["sms"])
    for text in ("【夜市】【银行】橡木台灯，来看看", "夜市：【银行】橡木台灯，来看看"):
        assert "second sender" in reasons(text, "zh", CHANNELS["sms"])
        assert "second sender" not in reasons(text, "zh")


def test_plain_descriptions_are_not_hostile() -> None:
    for text in BENIGN:
        assert not hostile(text)
