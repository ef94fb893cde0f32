"""The models that rank a user's items: the night's candidate sources and the ranker, from their folders in the lake."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import load_model
from models.ranking.candidate_sources import Sources
from models.ranking.ranker import Ranker


class Loaded(NamedTuple):
    """user_ids: sorted ids of the users whom `sources` know; a user's index in them is the user's code in `sources`.

    ranker: None, so that ALS orders the lists, where there is none, or where it needs a feature that `sources` lack:
    an attribute that the catalogue does not have any more, for example.
    """

    sources: Sources
    ranker: Ranker | None
    user_ids: pa.Array


@dataclass(frozen=True)
class Scorer:
    """The folders of the night's sources and ranker in the lake. Without sources, lists come from the ladder alone."""

    root: str
    sources: tuple[str, ...] | None
    ranker: tuple[str, ...] | None

    def load(self) -> Loaded | None:
        """Loads both, with arrays mapped from the files; None without sources."""
        if self.sources is None:
            return None
        lake = Lake(self.root)
        with sealed_files.local_copy(lake, *self.sources) as path:  # what is mapped stays readable without its file
            sources = Sources.load(path)
            with np.load(Path(path) / "ids.npz", allow_pickle=False) as ids:
                user_ids = pa.array(ids["user_ids"], pa.string())
        ranker = load_model(lake, self.ranker, Ranker) if self.ranker else None
        is_usable = ranker is not None and set(ranker.names) <= set(sources.features)
        return Loaded(sources, ranker if is_usable else None, user_ids)


@functools.lru_cache(maxsize=1)
def loaded_once(scorer: Scorer) -> Loaded | None:
    """`scorer.load()`, read once by each worker process."""
    return scorer.load()
