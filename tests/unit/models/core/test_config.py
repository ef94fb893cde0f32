"""Settings: which keys and values a mapping may have, and the bounds that a field declares."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from jobs.runtime.settings import SECTIONS, config_class
from models.core.config import build, check_bounds


@dataclass(frozen=True)
class Bounded:
    factors: int = field(default=64, metadata={"doc": "length of a vector", "least": 1})
    alpha: float = field(default=1.0, metadata={"above": 0})
    share: float = field(default=0.5, metadata={"above": 0, "most": 1})
    power: float = field(default=1.0, metadata={"least": 0, "most": 2})
    dropout: float = field(default=0.0, metadata={"least": 0, "below": 1})
    cap: int | None = field(default=None, metadata={"least": 0})

    def __post_init__(self) -> None:
        check_bounds(self)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"factors": 0}, r"als: factors must be 1 or more, not 0 \(length of a vector\)"),
        ({"alpha": 0.0}, "als: alpha must be above 0 and finite, not 0.0"),
        ({"alpha": float("inf")}, "als: alpha must be above 0 and finite, not inf"),
        ({"alpha": float("nan")}, "als: alpha must be above 0 and finite, not nan"),
        ({"share": 1.5}, "als: share must be above 0 and at most 1, not 1.5"),
        ({"power": -1}, r"als: power must be in 0\.\.2, not -1.0"),
        ({"dropout": 1}, "als: dropout must be 0 or more and below 1, not 1.0"),
        ({"cap": -1}, "als: cap must be 0 or more, not -1"),
    ],
)
def test_a_value_outside_its_bounds_is_refused_with_section_field_bounds_and_value(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build(Bounded, changed, "als")


def test_a_value_on_an_allowed_bound_is_taken() -> None:
    assert Bounded(factors=1, share=1.0, power=2.0, dropout=0.0, cap=0).cap == 0


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_checks_the_bounds_that_it_declares(section: str) -> None:
    for setting in dataclasses.fields(config_class(section)):
        for bound, value in setting.metadata.items():
            if bound in ("least", "above", "most", "below"):
                outside = value + {"least": -1, "above": 0, "most": 1, "below": 0}[bound]
                wrong = outside if setting.type == "int" else float(outside)
                with pytest.raises(ValueError, match=f"{section}: {setting.name} must be "):
                    build(config_class(section), {setting.name: wrong}, section)
