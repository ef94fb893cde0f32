"""Settings of price suggestions: section [prices]. How far a price may move is section [pricing]."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds
from schemas.protected_attributes import refuse_protected


@dataclass(frozen=True)
class SuggestPricesConfig:
    """The sales that elasticities are fitted to, how often, and how many sales an item needs for a suggestion."""

    weeks: int = field(default=52, metadata={"doc": "weeks of sales that are kept", "least": 3})
    every_days: int = field(
        default=7, metadata={"doc": "days between fits, where training.retrain is auto", "least": 1}
    )
    least_weeks: int = field(
        default=8, metadata={"doc": "whole weeks on sale at a known price that an item needs", "least": 2}
    )
    least_units: float = field(default=10.0, metadata={"doc": "units sold in them that an item needs"})
    least_days: int = field(
        default=4, metadata={"doc": "days in stock that a week needs; a week with fewer is left out", "least": 1}
    )
    recent_weeks: int = field(
        default=8, metadata={"doc": "last weeks that the rate of sales at today's price is measured on", "least": 1}
    )
    pool_by: str = field(
        default="category",
        metadata={"doc": "category, brand or an attribute: items with few sales lean on those with the same one"},
    )
    competitor: str = field(default="", metadata={"doc": "attribute that holds a competitor's price; empty: not known"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.weeks < self.least_weeks:
            raise ValueError(f"weeks {self.weeks} must be least_weeks {self.least_weeks} or more")
        refuse_protected((self.pool_by,), "pool_by")
        refuse_protected((self.competitor,), "competitor")
