"""Settings of drafts: section [image_drafts]; when an editor is trained: section [image_editor_training]."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.core.config import check_bounds


@dataclass(frozen=True)
class DraftsConfig:
    """Which drafts of pictures are requested, and which a person approved."""

    requests: str = field(default="", metadata={"doc": "TOML of requests; empty: no drafts, and no editor is trained"})
    review: str = field(default="", metadata={"doc": "TOML of approved and blocked drafts, as the page exports it"})
    most: int = field(default=500, metadata={"doc": "drafts that are made in one night; the rest wait", "least": 1})
    page_rows: int = field(default=200, metadata={"doc": "drafts on the page of drafts", "least": 1})
    least_chance: float = field(
        default=0.5,
        metadata={"doc": "least chance, by the recogniser, that a draft has its colour", "least": 0, "most": 1},
    )
    palette: int = field(default=40, metadata={"doc": "pictures from which the look of a colour is read", "least": 5})

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class TrainEditorConfig:
    """When the picture editor is trained, and on what."""

    every_days: int = field(
        default=28, metadata={"doc": "days until a new editor is trained, where training.retrain is auto", "least": 1}
    )
    least_pictures: int = field(
        default=300, metadata={"doc": "pictures; with fewer, no editor is trained and nothing repaired", "least": 2}
    )
    most_pictures: int = field(default=20_000, metadata={"doc": "most pictures that it learns from", "least": 2})

    def __post_init__(self) -> None:
        check_bounds(self)
