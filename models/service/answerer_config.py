"""Settings of the answerer."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds
from models.service.networks import NetworkConfig


@dataclass(frozen=True)
class AnswererConfig:
    """Settings of one fit."""

    precision: float = field(
        default=0.95, metadata={"doc": "least precision of the answers given", "above": 0, "below": 1}
    )
    confidence: float = field(
        default=0.95, metadata={"doc": "confidence that the precision is reached", "above": 0.5, "below": 1}
    )
    outside_share: float = field(
        default=0.2, metadata={"doc": "share of a day's questions that no answer fits", "least": 0, "below": 1}
    )
    held_out: float = field(default=0.15, metadata={"doc": "share of the wordings held out", "above": 0, "below": 1})
    few: int = field(
        default=2_000,
        metadata={"doc": "with fewer wordings, folds are held out and no networks are tried", "least": 0},
    )
    least_held_out: int = field(
        default=400, metadata={"doc": "with fewer held-out wordings, the cautious prior decides", "least": 20}
    )
    ridge: float = field(default=1e-5, metadata={"above": 0})
    iterations: int = field(default=30, metadata={"doc": "iterations of L-BFGS", "least": 1})
    encoders: int = field(
        default=2, metadata={"doc": "recurrent encoders, whose cosines are averaged; 0: none is tried", "least": 0}
    )
    sentence_encoder: str = field(
        default="",
        metadata={"doc": "folder of a transformers checkpoint that reads in place of the recurrent encoders"},
    )
    compared: int = field(
        default=4, metadata={"doc": "likeliest answers that a matcher reranks; 0: none is tried", "least": 0}
    )
    matcher_pairs: int = field(
        default=10_000, metadata={"doc": "pairs of wordings that the matcher learns from", "least": 1}
    )
    matcher_epochs: int = field(default=2, metadata={"least": 1})
    network: NetworkConfig = field(default_factory=lambda: NetworkConfig(epochs=12, batch=128, dropout=0.35))
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)
