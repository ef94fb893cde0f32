"""The models that rank a user's items: the night's candidate sources and the ranker, from their folders in the lake."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import load_model
from models.ranking.candidate_sources import Sources
from models.ranking.ranker import Ranker


class Loaded(NamedTuple):
    """user_ids (U,): sorted ids of the users whom `sources` know; a user's place in them is the user's code there.

    ranker: None, so that ALS orders the lists, where there is none, or where it needs a feature that `sources` lack:
    an attribute that the catalogue does not have any more, for example.
    """

    sources: Sources
    ranker: Ranker | None
    user_ids: NDArray[np.str_]

    def codes_of(self, ids: pa.Array) -> NDArray[np.int64]:
        """The code (n,) of each user, -1 for one whom the sources do not know.

        A search in sorted ids: Arrow's `index_in` would hash all ids for each block of users.
        """
        if not len(self.user_ids):
            return np.full(len(ids), -1, np.int64)
        wanted = np.asarray(ids.to_pylist(), np.str_)
        # Cut to the known ids' length: for longer ones numpy would copy all of them. What was cut is not equal then.
        place = np.searchsorted(self.user_ids, wanted.astype(self.user_ids.dtype))
        place = np.minimum(place, len(self.user_ids) - 1)
        return np.where(self.user_ids[place] == wanted, place, -1)


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
                user_ids = ids["user_ids"]
        ranker = load_model(lake, self.ranker, Ranker) if self.ranker else None
        is_usable = ranker is not None and set(ranker.names) <= set(sources.features)
        return Loaded(sources, ranker if is_usable else None, user_ids)


@functools.lru_cache(maxsize=1)
def loaded_once(scorer: Scorer) -> Loaded | None:
    """`scorer.load()`, read once by each worker process."""
    return scorer.load()
