"""Settings of offers: section [offers]."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds

UNKNOWN_COST = ("refuse", "cap")


@dataclass(frozen=True)
class OffersConfig:
    """Which campaigns run, and the guards for all of them."""

    campaigns: str = field(
        default="",
        metadata={"doc": "TOML file, or a shipped name; empty: those named like the source, if any; 'none': no offers"},
    )
    hold_out: float = field(
        default=0.1, metadata={"doc": "share of people who never get an offer, to compare with", "least": 0, "below": 1}
    )
    salt: str = field(default="offers", metadata={"doc": "salt of the hold-out; another one draws other people"})
    contacts: int = field(default=2, metadata={"doc": "offers to one account in any `contact_days` days", "least": 1})
    contact_days: int = field(default=7, metadata={"doc": "days that the contact cap is for", "least": 1})
    margin_floor: float = field(
        default=0.1,
        metadata={
            "doc": "least share of what is paid that stays after cost; a negative one sells at a loss",
            "least": 0,
            "below": 1,
        },
    )
    unknown_cost: str = field(
        default="refuse",
        metadata={"doc": "a discount on what has an unknown cost: refuse, or cap it at unknown_cost_cap"},
    )
    unknown_cost_cap: float = field(
        default=0.05, metadata={"doc": "share of the price, where unknown_cost = 'cap'", "least": 0, "below": 1}
    )
    poor_basket: float = field(
        default=0.05,
        metadata={
            "doc": "a coupon on an order is checked at this quantile of the margins of its items",
            "least": 0,
            "below": 1,
        },
    )
    outcome_days: int = field(
        default=7, metadata={"doc": "days after an offer in which a purchase counts as its outcome", "least": 1}
    )
    uplift_days: int = field(
        default=28, metadata={"doc": "nights of earlier offers that uplift is measured on", "least": 1}
    )
    least_users: int = field(
        default=100, metadata={"doc": "users that each arm of a campaign needs to measure its uplift", "least": 1}
    )
    prior_users: float = field(
        default=100.0,
        metadata={"doc": "weight, in users, of both arms' joint rate when each rate is shrunk towards it"},
    )
    parity_users: int = field(
        default=30, metadata={"doc": "users that a group needs to be judged in the parity table", "least": 1}
    )
    seed: int = field(default=7, metadata={"doc": "seed of the order in which offers of unknown value are made"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.unknown_cost not in UNKNOWN_COST:
            raise ValueError(f"unknown_cost must be one of {', '.join(UNKNOWN_COST)}, not {self.unknown_cost!r}")
        if self.outcome_days > self.uplift_days:
            raise ValueError(f"outcome_days {self.outcome_days} must not be above uplift_days {self.uplift_days}")
