"""What of a question is stored: masked, cut without halving a number, and order numbers only as whose they are."""

from __future__ import annotations

import pytest

from jobs.service.config import ServiceConfig
from jobs.service.private_text import beginning, order_numbers, without_orders

CONFIG = ServiceConfig()
OWNERS = {"NM-20260101-001": "ann", "20260102002": "bob"}


@pytest.mark.parametrize("before", ["", "\u200b" * 150, "jo.smith.and.a.long.name@mail.example.com " * 4])
@pytest.mark.parametrize("shown", range(90, 330, 7))
def test_a_number_is_never_cut_before_it_is_masked(before: str, shown: int) -> None:
    """Wherever the text is cut, and however much shorter masking makes what stands before it."""
    text = before + "x " * (shown // 2) + "zhangsan@qq.com 13912345678 " + "y " * 300
    beginning_kept = beginning(text, 100, CONFIG).text
    assert len(beginning_kept) <= 100
    assert not any(part in beginning_kept for part in ("zhang", "139", "qq"))


def test_a_text_that_is_short_enough_stays_whole() -> None:
    assert beginning("y" * 100, 100, CONFIG).text == "y" * 100
    assert beginning("", 100, CONFIG) == ("", {})
    assert beginning("call 13912345678", 100, CONFIG) == ("call [phone]", {"phone": 1})


@pytest.mark.parametrize(
    "text",
    ["NM-20260101-001", "nm-20260101-001", "ＮＭ－２０２６０１０１－００１", "NM-2026\u200b0101-001",
     "订单NM-20260101-001呢", "#NM-20260101-001!"],
)  # fmt: skip
def test_an_order_is_recognised_however_it_is_typed(text: str) -> None:
    assert OWNERS.keys() & set(order_numbers(text))
    masked, owner = without_orders(f"where is {text}", OWNERS, "bob")
    assert owner == "other"
    assert "[order]" in masked
    assert "001" not in masked
    assert without_orders(text, OWNERS, "ann")[1] == "own"
    assert without_orders(text, OWNERS, None)[1] == "other"  # nobody is logged in


def test_one_order_of_another_person_makes_the_text_anothers() -> None:
    text = "NM-20260101-001 and 20260102002"
    assert without_orders(text, OWNERS, "ann") == ("[order] and [order]", "other")


@pytest.mark.parametrize(
    "text", ["", "NM-20260101-0019", "xNM-20260101-001", "999999", "size 38", "a" * 20_000, "a1" * 20_000]
)
def test_a_number_that_the_log_does_not_have_is_no_order(text: str) -> None:
    assert without_orders(text, OWNERS, "ann") == (text, None)
