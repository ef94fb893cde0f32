"""Settings of offers."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.offers.config import OffersConfig


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"margin_floor": -0.1},
            "margin_floor must be 0 or more and below 1, not -0.1 .*a negative one sells at a loss",
        ),
        ({"hold_out": 1.0}, "hold_out must be 0 or more and below 1"),
        ({"contacts": 0}, "contacts must be 1 or more"),
        ({"unknown_cost": "guess"}, "unknown_cost must be one of refuse, cap, not 'guess'"),
        ({"outcome_days": 40}, "outcome_days 40 must not be above uplift_days 28"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OffersConfig(**wrong)
