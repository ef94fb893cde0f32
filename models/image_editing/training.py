"""Training of the picture editor: first by L1 alone, then with a discriminator and a feature loss; with checkpoints.

The random draws of a step depend on the seed and the step's number alone, so a resumed training continues bit for bit.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import relu

from models.core.config import OtherTraining, build, refuse_another
from models.core.item_tiles import multiplies_bf16
from models.core.torch_threads import torch_threads
from models.image_editing.features import Features, feature_loss
from models.image_editing.masks import draw_mask
from models.image_editing.network import Discriminator, EditorConfig, Generator, grown

U8 = NDArray[np.uint8]
Net = TypeVar("Net", bound=nn.Module)
WARM_UP = 100  # steps in which the rate rises to its highest
LEAST_RATE = 0.02  # share of the highest rate at the last step
VISIBLE = 0.05  # weight of the L1 over the whole picture, beside that in the hole
BETAS = (0.5, 0.9)  # Adam's, for the discriminator


class Trainer:
    """Trains a generator on pictures (n, S, S, 3) uint8 of `config.size`; `steps` yields as it goes.

    start: a generator of 64 pixels from which a larger one starts.
    """

    def __init__(self, config: EditorConfig, pictures: U8, device: str = "cpu", start: Generator | None = None) -> None:
        if pictures.ndim != 4 or pictures.shape[1:] != (config.size, config.size, 3) or not len(pictures):
            raise ValueError(
                f"training needs pictures (n, {config.size}, {config.size}, 3), n at least 1, not {pictures.shape}"
            )
        if pictures.dtype != np.uint8:
            raise ValueError(f"training needs pictures of uint8, not {pictures.dtype}")
        self.config, self.pictures, self.device = config, pictures, torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            generator, judge = Generator(config) if start is None else grown(start, config), Discriminator()
        self.generator, self.judge = placed(generator, self.device), placed(judge, self.device)
        self.generating = torch.optim.Adam(self.generator.parameters(), config.rate, fused=True)
        self.judging = torch.optim.Adam(self.judge.parameters(), config.judge_rate, betas=BETAS, fused=True)
        self.features = placed(Features(), self.device) if config.features else None
        self.step, self.seconds = 0, 0.0  # seconds of the processor
        self.checkpoint: Path | None = None

    def steps(self, until: int | None = None) -> Iterator[tuple[int, dict[str, float]]]:
        """Trains up to step `until` (all of them by default); yields (steps done, mean losses) every `config.every`.

        A checkpoint is written as often, if `resume` named a folder for it.
        """
        last = self.config.steps if until is None else min(until, self.config.steps)
        sums: dict[str, float] = {}
        count = 0
        while self.step < last:
            started = time.process_time()
            with torch_threads(self.config.threads):
                losses = self._train_step()
            self.step, count, self.seconds = self.step + 1, count + 1, self.seconds + time.process_time() - started
            for name, loss in losses.items():
                sums[name] = sums.get(name, 0.0) + loss
            if self.step % self.config.every == 0 or self.step == last:
                if self.checkpoint is not None:
                    self._write(self.checkpoint)
                yield self.step, {name: total / count for name, total in sums.items()}
                sums, count = {}, 0

    def by_l1_alone(self) -> Trainer:
        """A copy of this trainer at its present step, which learns by L1 alone to the end."""
        if self.step > self.config.by_l1:
            raise ValueError(f"step {self.step} has already learned by other losses than L1")
        shared = (self.pictures, self.features)
        copied = copy.deepcopy(self, {id(part): part for part in shared})
        copied.config, copied.features, copied.checkpoint = l1_only(self.config), None, None
        return copied

    def _train_step(self) -> dict[str, float]:
        config = self.config
        real, mask = self._batch()
        for group in self.generating.param_groups:
            group["lr"] = config.rate * rate_at(self.step, config.steps)
        with self._multiplying():
            generated = self.generator(real, mask).float()
        filled = torch.where(mask > 0, generated, real)
        loss = l1 = hole_error(generated, real, mask)
        losses = {"l1": float(l1.detach())}
        if self.step >= config.by_l1:
            if config.adversarial:
                losses["judge"] = self._judge_step(filled.detach(), real, mask)
                with self._multiplying():
                    adversarial = -self.judge(filled, mask).float().mean()
                loss = loss + config.adversarial * adversarial
                losses["fooled"] = float(adversarial.detach())
            if self.features is not None:
                with self._multiplying():
                    feature_error = feature_loss(self.features, filled, real)
                loss = loss + config.features * feature_error
                losses["features"] = float(feature_error.detach())
        self.generating.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.generating.step()
        return losses

    def _judge_step(self, filled: Tensor, real: Tensor, mask: Tensor) -> float:
        """One step of the discriminator by the hinge loss."""
        with self._multiplying():
            verdicts = self.judge(torch.cat([real, filled]), torch.cat([mask, mask])).float()
        real_verdicts, filled_verdicts = verdicts.chunk(2)
        loss = relu(1 - real_verdicts).mean() + relu(1 + filled_verdicts).mean()
        self.judging.zero_grad()
        loss.backward()
        self.judging.step()
        return float(loss.detach())

    def _batch(self) -> tuple[Tensor, Tensor]:
        """(pictures in -1..1, masks of 0 and 1) of this step: each picture once an epoch, half of them mirrored."""
        config, count = self.config, len(self.pictures)
        rng = np.random.default_rng((config.seed, self.step))
        draws = np.arange(self.step * config.batch, (self.step + 1) * config.batch)
        orders = {epoch: self._order(int(epoch)) for epoch in {*draws // count}}
        chosen = self.pictures[
            [orders[epoch][place] for epoch, place in zip(draws // count, draws % count, strict=True)]
        ]
        mirrored = rng.random(len(chosen)) < 0.5
        chosen[mirrored] = chosen[mirrored, :, ::-1]
        weights = np.array(list(config.shares.values()))
        kinds = rng.choice(list(config.shares), size=len(chosen), p=weights / weights.sum())
        masks = np.stack([draw_mask(kind, config.size, config.size, rng) for kind in kinds])
        return as_tensor(chosen, self.device), torch.from_numpy(masks)[:, None].to(self.device, torch.float32)

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((self.config.seed, epoch, 1)).permutation(len(self.pictures))

    def _multiplying(self) -> torch.autocast:
        return autocast(self.config, self.device)

    def resume(self, folder: Path) -> None:
        """Writes checkpoints into `folder` from now on; continues from one if it is there.

        Raises ValueError for a checkpoint of another config, OtherTraining for one of other pictures.
        """
        self.checkpoint = folder
        path = folder / "checkpoint.safetensors"
        if not path.exists():
            return
        with safe_open(path, "pt", str(self.device)) as file:
            state = json.loads(file.metadata()["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        saved = build(EditorConfig, state["config"], str(path))
        refuse_another(saved, self.config, path, "ask for that config, or train again elsewhere")
        if state["pictures"] != self._digest():
            raise OtherTraining(f"{path} was written by a run over other pictures; delete it, or name another folder")
        self.step, self.seconds = state["step"], state["seconds"]
        for prefix, part in self._parts().items():
            load_part(part, {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})

    def _write(self, folder: Path) -> None:
        """Replaces the checkpoint: both nets and both optimisers' moments, with config, pictures' hash and step."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        for prefix, part in self._parts().items():
            tensors |= {prefix + name: tensor.detach().contiguous() for name, tensor in part_state(part).items()}
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "config": dataclasses.asdict(self.config),
            "pictures": self._digest(),
        }
        save_file(tensors, folder / "new", {"state": json.dumps(state)})
        os.replace(folder / "new", folder / "checkpoint.safetensors")

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "generator.": self.generator,
            "judge.": self.judge,
            "generating.": self.generating,
            "judging.": self.judging,
        }

    def _digest(self) -> str:
        return hashlib.sha256(self.pictures.tobytes()).hexdigest()


def placed(net: Net, device: torch.device) -> Net:
    """The network on a device, channels last in memory, the fastest layout for convolutions."""
    return net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def part_state(part: nn.Module | torch.optim.Optimizer) -> dict[str, Tensor]:
    """Name -> tensor; an optimiser's are called NUMBER.MOMENT."""
    if isinstance(part, nn.Module):
        return dict(part.state_dict())
    state = part.state_dict()["state"]
    return {f"{number}.{name}": tensor for number, moments in state.items() for name, tensor in moments.items()}


def load_part(part: nn.Module | torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Restores what `part_state` returned."""
    if isinstance(part, nn.Module):
        part.load_state_dict(tensors)
        return
    weights = [weight for group in part.param_groups for weight in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, moment = name.partition(".")
        placed_tensor = torch.empty_like(weights[int(number)]).copy_(tensor) if tensor.ndim else tensor
        moments.setdefault(int(number), {})[moment] = placed_tensor  # the fused Adam needs the weight's memory layout
    part.load_state_dict(part.state_dict() | {"state": moments})


def l1_only(config: EditorConfig) -> EditorConfig:
    """The same settings without the adversarial and the feature loss."""
    return dataclasses.replace(config, adversarial=0.0, features=0.0)


def rate_at(step: int, steps: int) -> float:
    """The learning rate as a share of its highest: it rises over WARM_UP steps, then falls along half a cosine."""
    falling = LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * step / steps))
    return min((step + 1) / WARM_UP, 1.0) * falling


def hole_error(generated: Tensor, real: Tensor, mask: Tensor) -> Tensor:
    """Mean over pictures: L1 in the hole, plus a little of that over all. A scratch counts as much as a square."""
    error = (generated - real).abs().mean(dim=1, keepdim=True)
    inside = (error * mask).sum(dim=(1, 2, 3)) / mask.sum(dim=(1, 2, 3))
    return (inside + VISIBLE * error.mean(dim=(1, 2, 3))).mean()


def as_tensor(pictures: U8, device: torch.device) -> Tensor:
    """uint8 (n, h, w, 3) -> float32 (n, 3, h, w) in -1..1, channels last in memory."""
    pixels = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2)
    return pixels.to(device, torch.float32, memory_format=torch.channels_last).div(127.5).sub(1)


def autocast(config: EditorConfig, device: torch.device) -> torch.autocast:
    """Multiplies in bfloat16 where `config.bf16` says so and the machine can; else in the type of the weights."""
    has_bf16 = torch.cuda.is_bf16_supported() if device.type == "cuda" else multiplies_bf16()
    return torch.autocast(device.type, torch.bfloat16, enabled=config.bf16 and has_bf16)
