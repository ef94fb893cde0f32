"""Interest -> ALS factors of users and items in models/als, warm-started from last night's. Needs no Spark."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from jobs.runtime.model_store import load_model, save_model
from jobs.runtime.night import Night
from models.core.interactions import interest_matrix
from models.recommenders.als import ALS, ALSConfig
from schemas.tables import CLEAN_EVENTS, INTEREST

MODEL = "als"


@dataclass(frozen=True)
class TrainConfig:
    """When models are trained again."""

    retrain: str = field(
        default="auto", metadata={"doc": "auto: when the night brought events; always; never: carry last night's over"}
    )

    def __post_init__(self) -> None:
        if self.retrain not in ("auto", "always", "never"):
            raise ValueError(f"retrain must be auto, always or never, not '{self.retrain}'")


def main(night: Night) -> None:
    config: ALSConfig = night.settings.section("als")
    retrain = night.settings.section("training").retrain
    pairs = night.versions(INTEREST).tonight().arrow(["user_id", "item_id", "interest"])
    matrix, user_ids, item_ids = interest_matrix(pairs, night.settings.section("interest").purchase)
    previous = _previous(night, config)
    carried = previous is not None and (
        retrain == "never" or (retrain == "auto" and night.version(CLEAN_EVENTS).rows == 0)
    )
    if matrix.nnz == 0:
        night.log.info("nobody has shown interest in anything yet: no factors tonight, lists come from popularity")
        model = ALS(config, *(np.zeros((0, config.factors), np.float32),) * 2, user_ids, item_ids)
    elif previous is not None and carried:
        model = previous
    else:
        model = ALS.fit(config, matrix, user_ids, item_ids, previous)
    save_model(night, MODEL, model.save)
    start = "carried over" if carried else "warm" if previous else "cold"
    night.report(
        model=MODEL,
        start=start,
        users=len(model.user_ids),
        items=len(model.item_ids),
        pairs=int(matrix.nnz),
        config=dataclasses.asdict(config),
        seed=config.seed,
    )


def _previous(night: Night, config: ALSConfig) -> ALS | None:
    """The newest model of an earlier night; None if there is none, or if it has another number of factors."""
    folder = night.lake.model_before(MODEL, night.date)
    if folder is None:
        return None
    model = load_model(night.lake, folder, ALS)
    if model.config.factors != config.factors or not len(model.user_ids):
        night.log.info(
            "last night's model has %d factors for %d users: starting from random ones",
            model.config.factors,
            len(model.user_ids),
        )
        return None
    return model
