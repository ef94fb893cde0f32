"""manifest.json of a saved model: its kind, its settings, and facts that its files must agree with."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from models.core.config import build, refuse_another

T = TypeVar("T")


def write_manifest(folder: Path, model: str, config: Any, **facts: Any) -> None:
    """Writes the manifest into `folder`, which exists: `model`, `config`, then the `facts` in their order."""
    manifest = {"model": model, "config": dataclasses.asdict(config), **facts}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def read_manifest(
    folder: Path,
    cls: type[T],
    requested: T | None = None,
    renamed: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> tuple[T, dict[str, Any]]:
    """(settings, the whole manifest) of the model saved in `folder`, whose settings are a `cls`.

    `renamed` returns settings of an earlier version under today's names.
    Raises FileNotFoundError if there is no manifest; ValueError for a file that is not one, for settings that `cls`
    does not have, or for settings that differ from `requested`.
    """
    manifest = _manifest(folder)
    settings = renamed(manifest["config"]) if renamed is not None else manifest["config"]
    saved = build(cls, settings, str(folder / "manifest.json"))
    refuse_another(saved, requested, folder)
    return saved, manifest


def kind_of(folder: Path) -> str:
    """The kind of the model saved in `folder`. Raises as `read_manifest` does for a file that is no manifest."""
    return str(_manifest(folder).get("model"))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}; train the model again") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("config"), dict):
        raise ValueError(f"{path} has no settings under 'config': {str(manifest)[:80]}; train the model again")
    return manifest
