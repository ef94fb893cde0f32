"""The copywriter's training: stages of examples, a learning-rate schedule, and checkpoints to resume from."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.copywriting.copywriter_config import CopywriterConfig
from models.copywriting.examples import IGNORED, Example, shuffled_batches, tensors_of
from models.copywriting.likelihood import autocast, losses
from models.core.config import OtherTraining
from models.core.on_step import OnStep

WARM_UP = 0.06  # share of a stage's steps in which the learning rate rises
LOWEST_RATE = 0.02  # of the learning rate, at the end of a stage
CLIP = 1.0  # largest norm of the gradients
WEIGHT_DECAY = 0.1  # AdamW's, of matrices
CHECKPOINT_EVERY, REPORT_EVERY = 200, 50  # steps
# The settings that a training depends on: if one of them differs, a checkpoint is of another run.
LEARNING = (
    "dim",
    "layers",
    "heads",
    "first_weights",
    "dropout",
    "word_dropout",
    "length",
    "batch_tokens",
    "learning_rate",
    "seed",
    "bf16",
)


class Stage(NamedTuple):
    """Examples to be learned for some passes."""

    name: str
    examples: list[Example]
    passes: int


class Trainer:
    """Trains a network on stages, one after the other.

    In each stage the learning rate rises, then falls to nearly nothing along a cosine. Steps are counted through all
    stages.
    """

    def __init__(
        self,
        config: CopywriterConfig,
        net: Any,
        pad: int,
        hidden: int,
        stages: list[Stage],
        checkpoint: Path | None = None,
        on_step: OnStep | None = None,
    ) -> None:
        """checkpoint: a folder from which a killed run continues. on_step: called at every REPORT_EVERY-th step.

        hidden: the token that hides a share `word_dropout` of what was written before, so that a network that learns
        few texts many times does not learn them by heart (Bowman et al. 2016).
        """
        self.config, self.net, self.pad, self.hidden = config, net, pad, hidden
        self.checkpoint, self.on_step = checkpoint, on_step
        self.stages = [stage for stage in stages if stage.examples and stage.passes]
        self.weights = {name: weight for name, weight in net.named_parameters() if weight.requires_grad}
        self.run = _fingerprint(config, self.stages)

    def train(self) -> None:
        """Run every stage; with a checkpoint, continue from it. On a CPU the weights equal those of an unbroken run.

        Raises OtherTraining for a checkpoint of another config or other data.
        """
        done = self._resume() if self.checkpoint is not None else -1
        first = 0  # the stage's first step
        plans = [self._plan(number, stage) for number, stage in enumerate(self.stages)]
        self.steps = sum(map(len, plans))
        for stage, plan in zip(self.stages, plans, strict=True):
            if first + len(plan) > done:
                if done <= first:
                    self._new_optimizer()
                self._run_stage(stage, plan, first, max(done, first))
            first += len(plan)

    def _plan(self, number: int, stage: Stage) -> list[list[int]]:
        """The batch of each step: places in the stage's examples."""
        rngs = [np.random.default_rng((self.config.seed, number, pass_number)) for pass_number in range(stage.passes)]
        return [batch for rng in rngs for batch in shuffled_batches(stage.examples, self.config.batch_tokens, rng)]

    def _new_optimizer(self) -> None:
        groups = [
            {"params": [w for w in self.weights.values() if w.dim() > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [w for w in self.weights.values() if w.dim() < 2], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), fused=True)

    def _run_stage(self, stage: Stage, plan: list[list[int]], first: int, start: int) -> None:
        """Run the steps of `plan`, which begins at step `first`, from step `start` on."""
        self.net.train()
        nats: list[float] = []
        for step in range(start - first, len(plan)):
            torch.manual_seed(self.config.seed * 1_000_003 + first + step)  # the same dropout after a resume
            nats.append(self._learn([stage.examples[place] for place in plan[step]], self._rate(step, len(plan))))
            is_last = step == len(plan) - 1
            if self.on_step is not None and (is_last or step % REPORT_EVERY == REPORT_EVERY - 1):
                mean = sum(nats) / len(nats)
                self.on_step(first + step + 1, self.steps, f"{stage.name}, {mean:.3f} nats a token")
                nats = []
            if self.checkpoint is not None and (is_last or step % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1):
                self._write(self.checkpoint, first + step + 1)

    def _learn(self, examples: list[Example], rate: float) -> float:
        """One step on a batch at learning rate `rate`; returns its mean loss, nats per token."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batch = tensors_of(examples, self.net, self.pad)
        self._hide(batch)
        with autocast(self.net, self.config.bf16):
            loss = losses(self.net, batch)[0].mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self.weights.values()), CLIP)
        self.optimizer.step()
        return float(loss.detach())

    def _hide(self, batch: dict[str, torch.Tensor]) -> None:
        """Hide some tokens of the text from the network; the tokens of the prompt stay."""
        hides = torch.rand(batch["labels"].shape) < self.config.word_dropout
        batch["input_ids"][hides.to(batch["labels"].device) & (batch["labels"] != IGNORED)] = self.hidden

    def _rate(self, step: int, steps: int) -> float:
        warm = max(int(steps * WARM_UP), 1)
        falling = 0.5 * (1 + np.cos(np.pi * max(step - warm, 0) / max(steps - warm, 1)))
        return float(self.config.learning_rate * min((step + 1) / warm, 1.0) * max(falling, LOWEST_RATE))

    def _write(self, folder: Path, done: int) -> None:
        """Write the trained weights, Adam's moments, the run's fingerprint and the steps done; replaced in one move."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"net.{name}": weight.detach() for name, weight in self.weights.items()}
        for name, weight in self.weights.items():
            tensors |= {f"adam.{key}.{name}": value for key, value in self.optimizer.state[weight].items()}
        state = json.dumps({"run": self.run, "done": done})
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "new", {"state": state})
        os.replace(folder / "new", folder / "training.safetensors")

    def _resume(self) -> int:
        """Load the checkpoint, if there is one; returns the steps done, or -1 where there is none."""
        path = self.checkpoint / "training.safetensors" if self.checkpoint is not None else None
        if path is None or not path.is_file():
            return -1
        with safe_open(path, "pt") as file:
            state = json.loads(file.metadata()["state"])
            if state["run"] != self.run:
                raise OtherTraining(
                    f"{path} is of a run with another config or other texts; delete it, or name another"
                )
            self._new_optimizer()
            with torch.no_grad():
                for name, weight in self.weights.items():
                    weight.copy_(file.get_tensor(f"net.{name}"))
                    moments = {key: file.get_tensor(f"adam.{key}.{name}") for key in ("exp_avg", "exp_avg_sq")}
                    adam = {key: moment.to(weight.device) for key, moment in moments.items()}
                    self.optimizer.state[weight] = {"step": file.get_tensor(f"adam.step.{name}"), **adam}
        return int(state["done"])


def _fingerprint(config: CopywriterConfig, stages: list[Stage]) -> str:
    """Equal for two runs that learn the same examples under the same settings."""
    settings = [getattr(config, name) for name in LEARNING]
    return hashlib.sha256(repr((settings, [tuple(stage) for stage in stages])).encode()).hexdigest()
