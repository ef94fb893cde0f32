"""The two writers that a shop trains on its own texts: the network from scratch, and LoRA on an instruct checkpoint.

Each defines its training pairs, how it is trained, and how a saved one is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from jobs.copywriting.briefs import NETWORK, TUNED
from jobs.copywriting.chat_prompts import ChatPrompts, Lesson
from jobs.copywriting.checkpoint_writer import ONE, TUNED_MODEL
from jobs.copywriting.drafts import COPYWRITER, truthful
from jobs.copywriting.writer import CopyInputs
from jobs.runtime.model_store import load_model
from jobs.runtime.night import Night
from jobs.runtime.progress import progress
from models.copywriting.prompts import PLACEHOLDER, clauses_of, has_digit


class TrainedWriter(Protocol):
    """folder: where its models are in the lake."""

    folder: str

    def changed(self, running: tuple[str, ...] | None) -> str:
        """Why the running one must be trained again whatever its age; empty where it need not be."""

    def fit(self, inputs: CopyInputs, texts: Sequence[str], lessons: Sequence[Lesson], checkpoint: Path) -> Any:
        """A writer that learned plain texts and lessons; `checkpoint` holds the state, in case the run is killed."""

    def load(self, folder: tuple[str, ...]) -> Any: ...

    def prompts(self, inputs: CopyInputs, lessons: Sequence[Lesson]) -> list[Any]:
        """The prompt for the brief of each lesson."""


def trained_writer(night: Night, writer: str) -> TrainedWriter | None:
    """The writer that `copy.writer` names; None where that one needs no training."""
    if writer == NETWORK:
        return Network(night)
    return Tuned(night) if writer == TUNED else None


class Network:
    """Learns plain text first, then the lessons."""

    folder = COPYWRITER

    def __init__(self, night: Night) -> None:
        self.night = night

    def changed(self, running: tuple[str, ...] | None) -> str:
        return ""

    def fit(self, inputs: CopyInputs, texts: Sequence[str], lessons: Sequence[Lesson], checkpoint: Path) -> Any:
        from models.copywriting.copywriter import Copywriter

        pairs = [(prompt, text) for _, prompt, text in lessons]
        config, report = self.night.settings.section("copywriter"), self.night.log.info
        with progress("training the copywriter", unit="steps") as doing:
            return Copywriter.fit(config, texts, pairs, checkpoint, report, doing.at_step)

    def load(self, folder: tuple[str, ...]) -> Any:
        from models.copywriting.copywriter import Copywriter

        return load_model(self.night.lake, folder, Copywriter)

    def prompts(self, inputs: CopyInputs, lessons: Sequence[Lesson]) -> list[Any]:
        return [truthful(prompt, brief, inputs) for brief, prompt, _ in lessons]


class Tuned:
    """Learns only the lessons, since the checkpoint already knows the language."""

    folder = TUNED_MODEL

    def __init__(self, night: Night) -> None:
        self.night, self.place = night, night.settings.section("copy").base_model

    def changed(self, running: tuple[str, ...] | None) -> str:
        before = self.night.lake.get_json(*running, "manifest.json")["base_model"] if running else self.place
        return "" if before == self.place else f"copy.base_model was {before}"

    def fit(self, inputs: CopyInputs, texts: Sequence[str], lessons: Sequence[Lesson], checkpoint: Path) -> Any:
        from models.instruct.writer import InstructWriter

        prompts = self.prompts(inputs, lessons)
        texts_with_slots = [
            slotted(text, brief.language, inputs.items[brief.item_id].titles) for brief, _, text in lessons
        ]
        pairs = [(prompt.message, text) for prompt, text in zip(prompts, texts_with_slots, strict=True) if text]
        config = self.night.settings.section("instruct")
        with progress("tuning the checkpoint", unit="steps") as doing:
            return InstructWriter.fit(config, self.place, pairs, checkpoint, self.night.log.info, doing.at_step)

    def load(self, folder: tuple[str, ...]) -> Any:
        from models.instruct.writer import InstructWriter

        return load_model(self.night.lake, folder, InstructWriter)

    def prompts(self, inputs: CopyInputs, lessons: Sequence[Lesson]) -> list[Any]:
        chat_prompts = ChatPrompts(inputs)
        return [chat_prompts.prompt(brief, ONE, 0) for brief, _, _ in lessons]


def slotted(text: str, language: str, titles: Sequence[str]) -> str:
    """The text in the form to learn: {title} in place of the item's titles, and without clauses that have a figure or a
    placeholder, since no draft may have one."""
    for title in sorted(titles, key=len, reverse=True):
        text = text.replace(title, "{title}")
    clauses = [
        clause
        for clause in clauses_of(" ".join(text.split()), language)
        if not has_digit(clause) and not PLACEHOLDER.search(clause)
    ]
    return "".join(clauses).strip()
