"""How a pretrained instruct model writes on this machine, and how LoRA tunes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds

DTYPES = ("auto", "bfloat16", "float32")


@dataclass(frozen=True)
class InstructConfig:
    """A pretrained instruct model on this machine: how it writes, and how LoRA tunes it."""

    lora_rank: int = field(default=16, metadata={"doc": "rank of what LoRA adds to each linear layer", "least": 1})
    learning_rate: float = field(default=2e-4, metadata={"above": 0})
    passes: int = field(default=3, metadata={"doc": "times that each example is learned from", "least": 1})
    most_examples: int = field(
        default=10_000, metadata={"doc": "examples to learn from, at most; the last ones given", "least": 1}
    )
    length: int = field(
        default=1024, metadata={"doc": "tokens of a message with its text; longer examples are left out", "least": 8}
    )
    rows: int = field(default=4, metadata={"doc": "examples learned from, or answers written, at once", "least": 1})
    batch: int = field(
        default=16, metadata={"doc": "examples of one step; `rows` of them are learned at once", "least": 1}
    )
    answer_tokens: int = field(default=600, metadata={"doc": "tokens of an answer, at most", "least": 1})
    temperature: float = field(default=0.8, metadata={"doc": "0: always the likeliest word", "least": 0})
    top_p: float = field(
        default=0.95,
        metadata={"doc": "draw from the likeliest words with this total probability", "above": 0, "most": 1},
    )
    thinking: bool = field(
        default=False, metadata={"doc": "let a model that can reason do so first; needs answer_tokens"}
    )
    seed: int = 7
    threads: int = field(default=0, metadata={"doc": "0: as many as the process has cores", "least": 0})
    device: str = field(default="auto", metadata={"doc": "auto: cuda if there is one"})
    dtype: str = field(default="auto", metadata={"doc": "bfloat16 or float32; auto: bfloat16 on a GPU that has it"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, not {self.dtype!r}")
