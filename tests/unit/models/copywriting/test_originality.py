"""How much of a text is copied, without punctuation: in characters of Chinese, in words of English."""

from __future__ import annotations

import pytest

from models.copywriting.originality import Copied, LearnedRuns

LEARNED = "这款连衣裙采用柔软的棉质面料，穿着舒适透气。"


def test_a_learned_text_is_a_copy_of_itself() -> None:
    assert LearnedRuns([LEARNED], "zh").copied(LEARNED) == Copied(1.0, 20)


def test_punctuation_and_capitals_do_not_hide_a_copy() -> None:
    learned = LearnedRuns(["A soft knit with long sleeves and a round neckline."], "en")
    assert learned.copied("A soft, knit: with LONG sleeves and a round neckline") == Copied(1.0, 10)


@pytest.mark.parametrize("text", ["", "采用柔软的", "宽松的卫衣带来随性自然的街头气息。"])
def test_a_text_of_its_own_has_no_copied_run(text: str) -> None:
    assert LearnedRuns([LEARNED], "zh").copied(text) == Copied(0.0, 0)


def test_a_run_of_eight_within_a_new_text_is_counted_once() -> None:
    copied = LearnedRuns([LEARNED], "zh").copied("我爱柔软的棉质面料穿呀，早起就走")
    assert copied.longest == 8
    assert copied.share == pytest.approx(1 / 8)


def test_nothing_learned_means_nothing_copied() -> None:
    assert LearnedRuns([], "en").copied("one two three four five six seven eight nine") == Copied(0.0, 0)
