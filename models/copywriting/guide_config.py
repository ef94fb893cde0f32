"""Settings of guided writing: how the network's texts are searched for, and how much of them may be copied."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds


@dataclass(frozen=True)
class GuideConfig:
    """Gains and costs are in points, as the composer's are. The defaults were chosen on held-out training pairs."""

    most_copied: float = field(
        default=0.07,
        metadata={
            "doc": "share of a text's runs of 8 characters (Chinese) or words (English) that may stand in a text it "
            "learned from; a draft with more is refused",
            "least": 0,
            "most": 1,
        },
    )
    longest_copy_zh: int = field(default=16, metadata={"doc": "characters of the longest copied passage", "least": 1})
    longest_copy_en: int = field(default=14, metadata={"doc": "words of the longest copied passage", "least": 1})
    most_copied_en: float = field(default=0.25, metadata={"doc": "the share in English", "least": 0, "most": 1})
    searches: int = field(default=2, metadata={"doc": "searches for a prompt, each with its own noise", "least": 1})
    beam: int = field(default=4, metadata={"doc": "beginnings that a search keeps", "least": 1})
    tokens: int = field(default=16, metadata={"doc": "next tokens that are looked at for each beginning", "least": 2})
    network: float = field(default=2.0, metadata={"doc": "points for a nat of the network's log-probability"})
    noise: float = field(default=0.15, metadata={"doc": "of an n-gram's worth, so that searches differ", "least": 0})
    novel_pair_cost: float = field(default=2.0, metadata={"doc": "for two units that no two texts have", "least": 0})
    novel_triple_cost: float = field(default=0.5, metadata={"doc": "for three", "least": 0})
    repeat_cost: float = field(default=20.0, metadata={"doc": "for writing four units a second time", "least": 0})
    repeat_triple_cost: float = field(default=6.0, metadata={"doc": "for writing three a second time", "least": 0})
    value_gain: float = field(default=20.0, metadata={"doc": "for naming a value for the first time"})
    value_repeat_cost: float = field(default=8.0, metadata={"doc": "for naming it again", "least": 0})
    cut_cost: float = field(
        default=15.0, metadata={"doc": "for a text that ends with a clause, not a sentence", "least": 0}
    )
    wear: float = field(
        default=2.0,
        metadata={"doc": "times log(1 + uses), for four units that earlier texts of the call have", "least": 0},
    )

    def __post_init__(self) -> None:
        check_bounds(self)

    def copy_limits(self, language: str) -> tuple[float, int]:
        """(largest share of a text's runs that may be copied, units of the longest copied passage)."""
        if language == "zh":
            return self.most_copied, self.longest_copy_zh
        return self.most_copied_en, self.longest_copy_en
