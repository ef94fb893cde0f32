"""The forecast of the n-grams that a person would write for an item."""

from __future__ import annotations

import numpy as np

from models.copywriting.composer import Composer
from models.copywriting.composer_config import ComposerConfig
from tests.unit.models.copywriting.test_composer import shop


def test_forecasts_of_many_prompts_are_those_of_each() -> None:
    prompts, texts = shop()
    forecast = Composer.fit(ComposerConfig(), "zh", prompts, texts).forecast
    for prompt, worth in zip(prompts[:4], forecast.worth(prompts[:4]), strict=True):
        np.testing.assert_allclose(worth, forecast.worth([prompt])[0], atol=1e-12)
