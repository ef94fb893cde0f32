"""Masked texts of customers have no personal data, however these are written, and keep what the customer asks."""

from __future__ import annotations

import time

import pytest

from models.service.masking import is_card, is_resident_id, mask

REGIONS = ("CN", "US", "GB")
CARD, NO_CARD = "5500005555555559", "5500005555555558"
RESIDENT = "44030119900307123"  # the digits that a check character follows
SEPARATORS = (" ", "-", ".", "/", ",", "_", "~", "*", ":", "·", "、", "\\", "=", "|", "\u00a0", "\u2011", "\u2014",
              "\u200b", "\u2060", "\u00ad", "  ", " - ", " / ", "\n", "🌸", "()")  # fmt: skip


def resident_id(first_17: str = RESIDENT) -> str:
    """The 17 digits with their check character, computed here from the standard: ISO 7064, MOD 11-2."""
    total = 0
    for digit in first_17:
        total = (total + int(digit)) * 2 % 11
    check = (12 - total) % 11
    return first_17 + ("X" if check == 10 else str(check))


@pytest.mark.parametrize(
    "text",
    [
        "jo.smith+shop@mail.co.uk", "jo@vip.163.com", "jo@3.mail.com", "jo @ mail . com", "jo at mail dot com",
        "jo[at]mail[dot]com", "jo(@)mail(.)com", "jo＠mail．com", "j\u200bo@ma\u00adil.com", "j\u034fo@mail.com",
        "josé.m@correo.es", "zhang@例子.公司", "张三@qq.com", "иван@почта.рф", f"{'a' * 90}@mail.com",
        "'jo'@mail.com",
    ],
)  # fmt: skip
def test_an_email_address_is_masked_completely(text: str) -> None:
    masked = mask(f"send it to {text} please", REGIONS)
    assert masked.text.replace("'jo'", "").endswith("[email] please")
    assert masked.counts == {"email": 1}


def test_words_beside_an_email_stay() -> None:
    assert mask("发票发到zhang@qq.com怎么退货").text == "发票发到[email]怎么退货"
    assert mask("I am jo@mail.com. How do I return it?").text == "I am [email]. How do I return it?"


@pytest.mark.parametrize(
    "text",
    ["13912345678", "+8613912345678", "0086 139 1234 5678", "(212) 555-2368", "+1 212 555 2368", "020 7946 0958",
     "+44 (0)20 7946 0958", "+49 30 901820", "+33 1 42 68 53 00", "+81 3-1234-5678", "+91 98765 43210",
     "１３９１２３４５６７８", "一三九一二三四五六七八", "幺三九 幺二三四 五六七八", "壹叁玖壹贰叁肆伍陆柒捌",
     "١٣٩١٢٣٤٥٦٧٨", "①③⑨①②③④⑤⑥⑦⑧", "1\ufe0f\u20e33️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "1\u03363\u03369\u033612345678"],
)  # fmt: skip
def test_a_telephone_number_is_masked_completely(text: str) -> None:
    masked = mask(f"打{text}。", REGIONS)
    assert masked.text == "打[phone]。"
    assert masked.counts == {"phone": 1}


@pytest.mark.parametrize("between", SEPARATORS)
def test_no_separator_hides_a_number(between: str) -> None:
    phone, card, wrong = ("139", "1234", "5678"), ("5500", "0055", "5555", "5559"), ("5500", "0055", "5555", "5558")
    assert mask(f"call {between.join(phone)} now", REGIONS).text == "call [phone] now"
    assert mask(f"pay {between.join(card)} now", REGIONS).counts.keys() <= {"card", "phone", "number"}
    for some in (phone, card, wrong):
        assert not any(part in mask(f"it is {between.join(some)} now", REGIONS).text for part in some)


def test_a_card_is_told_by_its_check_digit() -> None:
    assert all(map(is_card, (CARD, "4222222222222", "6304000000000000000")))
    assert not any(map(is_card, (NO_CARD, "0" * 16, "5500 0055", CARD + "0000", "")))
    assert mask(f"card {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}").counts == {"card": 1}
    assert mask(f"card {NO_CARD}").text == "card [number]"  # a mistyped card is no card, and is masked too


def test_a_resident_id_is_told_by_its_check_character() -> None:
    right = resident_id()
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    assert is_resident_id(right)
    assert not is_resident_id(wrong)
    assert is_resident_id(resident_id("11010519491231002").lower())
    assert not is_resident_id(resident_id("44030119901307123"))  # born in a 13th month
    for text in (right, f"{right[:6]} {right[6:14]} {right[14:]}", f"{right[:6]}·{right[6:14]}·{right[14:]}"):
        assert mask(f"身份证{text}。").text == "身份证[id]。"
    assert wrong not in mask(f"身份证{wrong}。").text


@pytest.mark.parametrize(
    "text",
    ["12 Baker Street", "221B baker street", "1600 Amphitheatre Parkway", "7 Old Mill Lane, apt 4", "12 oak way",
     "上海市浦东新区世纪大道100号", "建国路八十八号", "广州市天河区体育西路１０１号", "朝阳区建国路88号院3号楼"],
)  # fmt: skip
def test_an_address_is_masked_completely(text: str) -> None:
    assert mask(f"寄到 {text}").text == "寄到 [address]"


@pytest.mark.parametrize(
    "text",
    ["It has been 3 days on the way", "Do you have sizes 36, 37, 38, 39?", "Is 85/90/95/100 the waist in cm?",
     "Open 10:00-21:00 today?", "It came on 2026-01-31 12:30:00", "Was it 1,299.00 and is it 999.00 now?",
     "Can I pay online please?", "Is WeChat payment accepted?", "The deadline passed", "我有一个两三百块的订单",
     "一二三四五六", "", "😀🎁💔", "no number at all"],
)  # fmt: skip
def test_the_question_itself_stays(text: str) -> None:
    assert mask(text, REGIONS) == (text, {})


@pytest.mark.parametrize(
    "text",
    ["wechat: jo_smith", "微信号是abc12345", "QQ 123456789", "WhatsApp is johnsmith", "telegram jo_12", "VX：jo123"],
)
def test_an_account_of_a_messenger_is_masked(text: str) -> None:
    masked = mask(text, REGIONS)
    assert masked.text.endswith("[account]")
    assert masked.counts == {"account": 1}


def test_each_number_of_a_text_is_counted() -> None:
    masked = mask(f"13912345678 or jo@mail.com, card {CARD}; id {resident_id()} at 12 Oak Road", REGIONS)
    assert masked.counts == {"phone": 1, "email": 1, "card": 1, "id": 1, "address": 1}
    assert not any(c.isdigit() for c in masked.text)


def test_digits_in_english_words_are_masked() -> None:
    assert mask("call two one two five five five two three now").text == "call [number] now"


def test_masked_text_stays_unchanged() -> None:
    once = mask(f"13912345678 jo@mail.com {CARD} wechat: jo_smith 12 Oak Road", REGIONS)
    assert mask(once.text, REGIONS) == (once.text, {})


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "1" * 20_000,
        "1," * 10_000,
        "中" * 19_990 + "路1号",
        "a.b@" * 5_000,
        "1 Aa " * 4_000,
        "微信" * 10_000,
    ],
)
def test_a_long_text_takes_no_time(text: str) -> None:
    began = time.process_time()
    mask(text, REGIONS)
    assert time.process_time() - began < 10
