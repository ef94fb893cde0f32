"""A conditional GAN (Mirza, Osindero 2014) that makes embeddings: an item's from its content, a user's from features.

generator      (condition, noise) -> embedding         linear + one hidden layer
discriminator  (embedding, condition) -> logit of real  one hidden layer
losses         discriminator -log D(y) - log(1 - D(y')), generator -log D(y') + alignment * |y' - y|^2 / dims
The second term of the generator's loss is an alignment as in GAR (Chen et al. 2022), in another form. Without it the
embedding would suit *some* item of this content, but would not lie near the right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.torch_threads import torch_threads

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class GANConfig:
    """Settings of one fit."""

    noise: int = field(default=16, metadata={"doc": "dimensions of the noise", "least": 1})
    hidden: int = field(default=256, metadata={"least": 1})
    steps: int = field(
        default=1000,
        metadata={
            "doc": "training steps of each net, for any number of rows",
            "least": 1,
        },
    )
    batch: int = field(default=256, metadata={"least": 1})
    rate: float = field(default=1e-3, metadata={"doc": "learning rate of both nets", "least": 0})
    decay: float = field(default=1e-2, metadata={"doc": "weight decay of AdamW, for both nets", "least": 0})
    alignment: float = field(default=100.0, metadata={"doc": "weight of the alignment; 0: a plain GAN", "least": 0})
    draws: int = field(default=8, metadata={"doc": "noise vectors over which an embedding is averaged", "least": 1})
    seed: int = 7
    threads: int = field(default=1, metadata={"least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)


class Generator(nn.Module):
    """condition (B, C), noise (B, N) -> embedding (B, D) in units of the embeddings' root mean square."""

    def __init__(self, conditions: int, noise: int, hidden: int, dims: int) -> None:
        super().__init__()
        self.line = nn.Linear(conditions, dims)
        self.bend = nn.Sequential(nn.Linear(conditions + noise, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, dims))

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        return self.line(condition) + self.bend(torch.cat([condition, noise], dim=1))


class Discriminator(nn.Module):
    """embedding (B, D), condition (B, C) -> logit (B,) that the embedding is real."""

    def __init__(self, conditions: int, hidden: int, dims: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dims + conditions, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))

    def forward(self, embedding: Tensor, condition: Tensor) -> Tensor:
        return self.net(torch.cat([embedding, condition], dim=1))[:, 0]


class GAN:
    """A fitted generator and discriminator: `generate` makes embeddings, `judge` says how real one looks."""

    def __init__(self, config: GANConfig, generator: Generator, discriminator: Discriminator, scale: float) -> None:
        self.config, self.generator, self.discriminator, self.scale = config, generator, discriminator, scale

    @classmethod
    def fit(cls, config: GANConfig, conditions: F32, embeddings: F32) -> GAN:
        """From warm rows: conditions (n, C), 0 where unknown, and real embeddings (n, D), any unit.

        The same inputs and number of threads give the same bits on a CPU.
        Raises ValueError if there is no row, the numbers of rows differ, or a value is NaN or infinite.
        """
        check(conditions, embeddings)
        scale = float(np.sqrt(np.mean(np.square(embeddings, dtype=np.float64)))) or 1.0
        with _torch(config):
            width = conditions.shape[1], embeddings.shape[1]
            generator = Generator(width[0], config.noise, config.hidden, width[1])
            discriminator = Discriminator(width[0], config.hidden, width[1])
            model = cls(config, generator, discriminator, scale)
            model._train(torch.from_numpy(conditions), torch.from_numpy(embeddings / np.float32(scale)))
        return model

    def _train(self, conditions: Tensor, real: Tensor) -> None:
        """Alternates steps of both nets on shuffled batches; the learning rate falls to 0 along half a cosine."""
        config, pair = self.config, (self.generator, self.discriminator)
        optimizers = [torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.decay) for net in pair]
        rates = [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps) for optimizer in optimizers]
        epochs = iter(lambda: torch.randperm(len(real)).split(config.batch), None)
        for rows in islice(chain.from_iterable(epochs), config.steps):
            self._step(conditions[rows], real[rows], *optimizers)
            for rate in rates:
                rate.step()

    def _step(
        self,
        condition: Tensor,
        real: Tensor,
        generator_optimizer: torch.optim.Optimizer,
        discriminator_optimizer: torch.optim.Optimizer,
    ) -> None:
        generated = self.generator(condition, torch.randn(len(real), self.config.noise))
        logits = self.discriminator(torch.cat([real, generated.detach()]), condition.repeat(2, 1))
        labels = torch.cat([torch.ones(len(real)), torch.zeros(len(real))])
        discriminator_optimizer.zero_grad()
        (2 * binary_cross_entropy_with_logits(logits, labels)).backward()
        discriminator_optimizer.step()

        adversarial = binary_cross_entropy_with_logits(self.discriminator(generated, condition), torch.ones(len(real)))
        generator_optimizer.zero_grad()
        (adversarial + self.config.alignment * (generated - real).square().mean()).backward()
        generator_optimizer.step()

    def generate(self, conditions: F32) -> F32:
        """Embeddings (n, D) in the unit of the training embeddings, each the mean over the same `draws` noise vectors.

        A row depends on its own condition alone. Raises ValueError if the conditions have another width.
        """
        width = self.generator.line.in_features
        if conditions.ndim != 2 or conditions.shape[1] != width:
            raise ValueError(f"conditions are {conditions.shape}, the GAN was fitted on (n, {width})")
        with _torch(self.config), torch.no_grad():
            condition, total = (
                torch.from_numpy(conditions),
                torch.zeros(len(conditions), self.generator.line.out_features),
            )
            for noise in torch.randn(self.config.draws, 1, self.config.noise):
                total += self.generator(condition, noise.expand(len(condition), -1))
            return (total * (self.scale / self.config.draws)).numpy()

    def judge(self, conditions: F32, embeddings: F32) -> F32:
        """The discriminator's probability (n,) that each embedding (n, D) is real, given its condition (n, C)."""
        with torch.no_grad():
            scaled = torch.from_numpy(embeddings / np.float32(self.scale))
            return torch.sigmoid(self.discriminator(scaled, torch.from_numpy(conditions))).numpy()

    def save(self, folder: str | Path) -> None:
        """Write gan.safetensors and manifest.json (config with its seed, sizes) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {f"generator.{name}": value for name, value in self.generator.state_dict().items()}
        weights |= {f"discriminator.{name}": value for name, value in self.discriminator.state_dict().items()}
        save_file(weights, str(folder / "gan.safetensors"))
        line = self.generator.line
        sizes = {"conditions": line.in_features, "dims": line.out_features}
        write_manifest(folder, "gan", self.config, **sizes, scale=self.scale)

    @classmethod
    def load(cls, folder: str | Path, config: GANConfig | None = None) -> GAN:
        """The model that `save` wrote. With `config`, a model fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, GANConfig, config)
        generator = Generator(manifest["conditions"], saved.noise, saved.hidden, manifest["dims"])
        discriminator = Discriminator(manifest["conditions"], saved.hidden, manifest["dims"])
        weights = load_file(str(folder / "gan.safetensors"))
        for prefix, net in (("generator.", generator), ("discriminator.", discriminator)):
            net.load_state_dict({n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)})
        return cls(saved, generator, discriminator, manifest["scale"])


def check(conditions: F32, embeddings: F32) -> None:
    """Raises ValueError unless both are finite float32 (n, .) with the same n >= 1."""
    if conditions.ndim != 2 or embeddings.ndim != 2 or len(conditions) != len(embeddings) or not len(embeddings):
        raise ValueError(
            f"conditions {conditions.shape} and embeddings {embeddings.shape} must be (n, .), n at least 1"
        )
    for name, values in (("conditions", conditions), ("embeddings", embeddings)):
        if values.dtype != np.float32 or not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite float32, not {values.dtype} with NaN or infinity")


@contextmanager
def _torch(config: GANConfig) -> Iterator[None]:
    """The config's seed and threads inside; the caller's random state and threads afterwards."""
    with torch.random.fork_rng(devices=[]), torch_threads(config.threads):
        torch.manual_seed(config.seed)
        yield
