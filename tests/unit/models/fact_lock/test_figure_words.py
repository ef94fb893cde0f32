"""Number and unit words of a language count as figures."""

from __future__ import annotations

import pickle

import pytest

from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.figure_patterns import Figures
from models.fact_lock.slots import digits_of_its_own
from schemas.copywriting.language import load_languages

FIGURES = Figures(load_languages().values())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Akku für vierzig Stunden", "40 h"),
        ("40 Stunden Musik", "40 h"),
        ("mit 500 Gramm", "500 g"),
        ("zwei Wochen lang", "14 day"),
        ("バッテリーは40時間", "40 h"),
        ("四十時間もちます", "40 h"),
        ("500グラム入り", "500 g"),
    ],
)
def test_a_measure_in_words_is_a_figure(text: str, value: str) -> None:
    assert [claim.value for claim in figure_claims(text, FIGURES)] == [value]
    assert [claim.value for claim in figure_claims(text, pickle.loads(pickle.dumps(FIGURES)))] == [value]
    assert digits_of_its_own(text, FIGURES)


@pytest.mark.parametrize(
    "text", ["Ein Sessel für den Abend", "Achtung und Zweifel", "Dreimal darfst du raten", "時間のある日に"]
)
def test_a_word_that_holds_a_number_is_none(text: str) -> None:
    assert figure_claims(text, FIGURES) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("正好是一升的十分之一", "100 ml"),
        ("能点三天三夜", "72 h"),
        ("差不多两天两夜", "~48 h"),
        ("大约三十小时", "~30 h"),
        ("about 200 g", "~200 g"),
        ("一共八十张纸", "160 page"),
        ("一斤六两", "800 g"),
        ("两个半小时", "2.5 h"),
        ("正好一打", "12"),
        ("一只才四两多", ">200 g"),
    ],
)
def test_shares_nights_sheets_and_rough_figures_are_figures(text: str, value: str) -> None:
    assert [claim.value for claim in figure_claims(text, FIGURES)] == [value]


@pytest.mark.parametrize("text", ["一打开就香", "拼图最后一片落下", "盘里只剩两颗", "薄得像一张纸"])
def test_a_last_piece_or_bite_is_no_stock(text: str) -> None:
    assert figure_claims(text, FIGURES) == []


def test_a_last_one_for_sale_is_a_stock() -> None:
    assert [claim.kind for claim in figure_claims("最后一件", FIGURES)] == ["stock"]
