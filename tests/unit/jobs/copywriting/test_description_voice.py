"""The voice in which a description is learned."""

from __future__ import annotations

import pytest

from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.train_copywriter import voice_of


@pytest.fixture(scope="module")
def rules() -> CopyRules:
    return CopyRules.load(CopyConfig())


@pytest.mark.parametrize(
    ("text", "language", "voice"),
    [
        ("New crush: the Luma mug.", "en", "young"),
        ("Compare first: the Luma mug. Sensible.", "en", "bargain"),
        ("露玛的马克杯，经得起细看。", "zh", "quality"),
        ("A red mug by Luma.", "en", "plain"),
        ("A considered crush.", "en", "plain"),  # two voices fit equally
        ("A fresh mood, and a must-have.", "en", "plain"),  # 'young' would refuse it
    ],
)
def test_a_description_gets_the_voice_with_most_of_its_words(
    rules: CopyRules, text: str, language: str, voice: str
) -> None:
    assert voice_of(text, language, rules) == voice
