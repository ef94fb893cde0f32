"""How alike the items of a list may be: settings, without the libraries that make lists."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds


@dataclass(frozen=True)
class DiversityConfig:
    """How alike the items of a list may be; the defaults change nothing."""

    most_per_category: int = field(
        default=0, metadata={"doc": "items of one category in a list; 0: no cap", "least": 0}
    )
    most_per_brand: int = field(default=0, metadata={"doc": "items of one brand in a list; 0: no cap", "least": 0})
    mmr: float = field(
        default=1.0,
        metadata={
            "doc": "weight of relevance against likeness to the items above; 1: relevance alone",
            "least": 0,
            "most": 1,
        },
    )
    tail_bonus: float = field(
        default=0.0,
        # For ALS's lists on MovieLens 100K (make bench-fairness), .3 shows the tail 27 times as often at no cost in
        # ndcg on the validation part, .6 shows it 215 times as often for .4 %.
        metadata={
            "doc": "added to an item's score, of 0..1 in its list, where it is among the less popular half; 0: none",
            "least": 0,
            "most": 1,
        },
    )

    def __post_init__(self) -> None:
        check_bounds(self)
