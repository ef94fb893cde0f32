"""Settings of the copywriter: its network, its training and its writing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.copywriting import composer_config
from models.copywriting.composer_config import ComposerConfig
from models.copywriting.guide_config import GuideConfig
from models.core.config import check_bounds


@dataclass(frozen=True)
class CopywriterConfig:
    """Budgets are counts, never minutes: every machine makes the same model of the same inputs."""

    vocabulary: int = field(default=5000, metadata={"doc": "tokens of a new tokenizer", "least": 1})
    dim: int = field(default=192, metadata={"least": 1})
    layers: int = field(default=3, metadata={"least": 1})
    heads: int = field(default=3, metadata={"least": 1})
    first_weights: float = field(
        default=0.02,
        metadata={
            "doc": "standard deviation of the weights before training; more lets a small network learn in fewer steps",
            "above": 0,
        },
    )
    dropout: float = field(default=0.1, metadata={"doc": "of attention, while learning", "least": 0, "below": 1})
    word_dropout: float = field(
        default=0.1,
        metadata={
            "doc": "share of a text's tokens that are hidden while the network learns to go on from them",
            "least": 0,
            "below": 1,
        },
    )
    value_slots: bool = field(
        default=False,
        metadata={
            "doc": "write a slot for each of the item's values and fill it in afterwards; for a shop with few texts, "
            "which teach a network how to speak, but hardly to say each value; the composer is not used then",
        },
    )
    length: int = field(
        default=320,
        metadata={"doc": "tokens of a prompt with its text; longer pairs are left out of training", "least": 1},
    )
    plain_characters: int = field(
        default=300_000, metadata={"doc": "characters of plain text to learn from, at most; 0: none"}
    )
    pair_tokens: int = field(
        default=3_500_000,
        metadata={
            "doc": "tokens of pairs to learn in all passes; if one pass has more, a part of the pairs",
            "least": 1,
        },
    )
    most_passes: int = field(default=8, metadata={"least": 1})
    most_pairs: int = field(
        default=200_000, metadata={"doc": "pairs to learn from, at most; the last ones given", "least": 1}
    )
    remembered: int = field(
        default=20_000, metadata={"doc": "pairs whose clauses the composer uses, at most; the last ones", "least": 1}
    )
    batch_tokens: int = field(default=3072, metadata={"least": 1})
    learning_rate: float = field(default=3e-3, metadata={"above": 0})
    longest: int = field(default=160, metadata={"doc": "tokens of a written text, at most", "least": 1})
    temperature: float = 0.8
    top_k: int = field(default=40, metadata={"least": 1})
    rows: int = field(default=128, metadata={"doc": "texts written at once", "least": 1})
    prompts_at_once: int = field(
        default=12,
        metadata={"doc": "prompts whose texts are searched for together; another number gives other texts", "least": 1},
    )
    composer: ComposerConfig = field(default_factory=ComposerConfig)
    guide: GuideConfig = field(default_factory=GuideConfig)
    seed: int = 7
    threads: int = field(default=2, metadata={"least": 1})
    device: str = field(default="auto", metadata={"doc": "auto: cuda if there is one"})
    bf16: bool = field(default=True, metadata={"doc": "compute in bfloat16 on a GPU, and on a CPU with AMX"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.dim % (2 * self.heads):
            raise ValueError(f"dim must be an even multiple of heads ({self.heads}), not {self.dim}")


# Settings that were removed. A copywriter that was saved with a checkpoint as its `base_model` is still refused by
# name.
_GONE = ("lora_above", "lora_rank", "sampled", "natural")


def with_new_names(saved: dict[str, Any]) -> dict[str, Any]:
    """The settings of a saved copywriter under today's names: some were removed, its composer's were renamed."""
    settings = {
        name: value for name, value in saved.items() if name not in _GONE and (name, value) != ("base_model", "")
    }
    if "composer" not in settings:
        return settings
    return settings | {"composer": composer_config.with_new_names(settings["composer"])}
