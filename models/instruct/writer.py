"""An instruct model that writes drafts: a checkpoint as it is, or with the adapters that LoRA trained.

fit    trains adapters on (message, text); the checkpoint's own weights and tokenizer stay as they are
write  asks the model, through its chat template, and reads the texts in its answers
save   writes the adapters alone (safetensors, some megabytes) and the checkpoint's name
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from models.core.manifest import read_manifest, write_manifest
from models.core.on_step import OnStep
from models.instruct.chat_prompt import ChatPrompt, ChatText
from models.instruct.checkpoint import Checkpoint, Ids, set_threads
from models.instruct.config import InstructConfig

_ADAPTERS = "adapters"


class InstructWriter:
    """A checkpoint on this machine, with or without trained adapters."""

    def __init__(self, checkpoint: Checkpoint, net: Any) -> None:
        self.checkpoint, self.net, self.config = checkpoint, net, checkpoint.config

    @classmethod
    def open(cls, config: InstructConfig, place: str) -> InstructWriter:
        """The checkpoint as it is. Raises ValueError if it cannot be read, is no instruct model or does not fit."""
        set_threads(config)
        checkpoint = Checkpoint(place, config)
        checkpoint.open(training=False)
        return cls(checkpoint, checkpoint.net)

    @classmethod
    def fit(
        cls,
        config: InstructConfig,
        place: str,
        pairs: Sequence[tuple[str, str]],
        folder: str | Path,
        report: Callable[[str], None] | None = None,
        on_step: OnStep | None = None,
    ) -> InstructWriter:
        """The checkpoint, tuned on `pairs` of message and text. `folder` keeps the state of a run that is killed.

        `report` is called with a line for a person to read.

        Raises ValueError for no pairs, and as `open`.
        """
        from models.instruct.tuning import tuned  # peft and the trainer take seconds to import

        if not pairs:
            raise ValueError("no pairs of message and text: there is nothing to tune on")
        set_threads(config)
        checkpoint = Checkpoint(place, config)
        return cls(checkpoint, tuned(checkpoint, pairs, Path(folder), report, on_step))

    def write(
        self,
        prompts: Sequence[ChatPrompt],
        candidates: int,
        seed: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[list[ChatText]]:
        """Up to `candidates` different texts for each prompt, in the order of the answers.

        A prompt that asks for fewer texts than that is answered several times. The same prompts with the same seed give
        the same texts. `on_progress` is called with (prompts done, tokens written).
        """
        set_threads(self.config)
        ids = [self.checkpoint.asked(prompt.message) for prompt in prompts]
        order = sorted(
            range(len(prompts)), key=lambda position: (prompts[position].count, len(ids[position]), position)
        )
        texts: list[list[ChatText]] = [[] for _ in prompts]
        done = tokens = 0
        while done < len(order):
            answers_each = -(-candidates // prompts[order[done]].count)
            rows = max(1, self.config.rows // answers_each)
            chosen = [p for p in order[done : done + rows] if prompts[p].count == prompts[order[done]].count]
            torch.manual_seed(seed * 1_000_003 + done)
            answers = self._answers([ids[position] for position in chosen], answers_each)
            for row, position in enumerate(chosen):
                prompt_answers = answers[row * answers_each : (row + 1) * answers_each]
                texts[position] = prompts[position].texts([self._read(answer) for answer in prompt_answers], candidates)
            done, tokens = done + len(chosen), tokens + sum(map(len, answers))
            if on_progress is not None:
                on_progress(done, tokens)
        return texts

    @torch.inference_mode()
    def _answers(self, prompts: Sequence[Ids], answers_each: int) -> list[Ids]:
        """`answers_each` answers to every prompt, without padding; the answers to a prompt follow each other."""
        config, tokenizer = self.config, self.checkpoint.tokenizer
        width = max(map(len, prompts))
        rows = [[tokenizer.pad_token_id] * (width - len(ids)) + ids for ids in prompts]
        mask = [[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts]
        generation = copy.deepcopy(self.net.generation_config)
        generation.update(
            do_sample=config.temperature > 0,
            temperature=config.temperature or None,
            top_p=config.top_p if config.temperature > 0 else None,
            top_k=None,
            max_new_tokens=config.answer_tokens,
            max_length=None,
            # without a temperature, the answer is always the same
            num_return_sequences=answers_each if config.temperature > 0 else 1,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=self.checkpoint.ends,
        )
        device = self.checkpoint.device
        written = self.net.generate(
            input_ids=torch.tensor(rows, device=device),
            attention_mask=torch.tensor(mask, device=device),
            generation_config=generation,
        )[:, width:].tolist()
        complete = [self._until_end(answer) for answer in written]
        return complete if config.temperature > 0 else [answer for answer in complete for _ in range(answers_each)]

    def _until_end(self, answer: Ids) -> Ids:
        """The answer up to its end, with the token that ends it; without the padding after that."""
        ends = self.checkpoint.ends
        end = next((index for index, token in enumerate(answer) if token in ends), None)
        return answer if end is None else answer[: end + 1]

    def _read(self, answer: Ids) -> tuple[str, bool]:
        """(text, whether it was cut off at its limit of tokens)."""
        is_cut = not answer or answer[-1] not in self.checkpoint.ends
        return self.checkpoint.tokenizer.decode(answer, skip_special_tokens=True), is_cut

    def save(self, folder: str | Path) -> None:
        """Write the adapters and manifest.json with the checkpoint's name."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.net.save_pretrained(folder / _ADAPTERS)
        write_manifest(folder, "instruct", self.config, base_model=self.checkpoint.place)

    @classmethod
    def load(cls, folder: str | Path) -> InstructWriter:
        """The checkpoint with the adapters that `save` wrote. Raises FileNotFoundError, or ValueError as `open`."""
        from peft import PeftModel

        folder = Path(folder)
        config, manifest = read_manifest(folder, InstructConfig)
        writer = cls.open(config, str(manifest.get("base_model")))
        try:
            writer.net = PeftModel.from_pretrained(writer.net, str(folder / _ADAPTERS)).eval()
        except Exception as error:
            reason = (str(error).splitlines() or [""])[0][:200]
            raise ValueError(
                f"{folder / _ADAPTERS} does not fit {manifest.get('base_model')} ({type(error).__name__}: {reason}); "
                "train it again"
            ) from error
        return writer
