"""Settings of customer service: section [service]."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds


@dataclass(frozen=True)
class ServiceConfig:
    """Whose numbers are masked, how much of a question is read, and what a page shows."""

    regions: tuple[str, ...] = field(
        default=("CN", "US", "GB"), metadata={"doc": "countries whose telephone numbers need no +code"}
    )
    max_characters: int = field(
        default=2_000, metadata={"doc": "characters of a question; a longer one goes to a person", "least": 20}
    )
    max_policy_characters: int = field(default=20_000, metadata={"doc": "characters of a policy", "least": 100})
    order_days: int = field(
        default=30, metadata={"doc": "days of the log in which orders named in questions are looked up", "least": 1}
    )
    suggestions: int = field(default=3, metadata={"doc": "answers an agent is offered for each question", "least": 1})
    reply_nights: int = field(
        default=30, metadata={"doc": "nights of replies that knowledge is built from", "least": 1}
    )
    retrain_days: int = field(
        default=7, metadata={"doc": "days after which the answerer is trained anew if nothing changed", "least": 1}
    )
    alike: float = field(
        default=0.35,
        metadata={"doc": "cosine from which two unanswered questions are one topic", "above": 0, "most": 1},
    )
    topic_nights: int = field(
        default=90, metadata={"doc": "nights after which the number of an unanswered topic is forgotten", "least": 1}
    )
    examples: int = field(default=5, metadata={"doc": "questions shown of an unanswered topic", "least": 1})
    page_rows: int = field(default=40, metadata={"doc": "rows in each part of the page for people", "least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)
