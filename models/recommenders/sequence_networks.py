"""The networks that can be a shop's sequence model, by the name in their manifests."""

from __future__ import annotations

from pathlib import Path

from models.core.manifest import kind_of
from models.recommenders.lstm import LSTM
from models.recommenders.sequence_model import SequenceModel
from models.recommenders.transformer import Transformer

NETWORKS: dict[str, type[SequenceModel]] = {network.kind: network for network in (LSTM, Transformer)}


class SavedNetwork:
    """A saved sequence model, whichever network it has."""

    @staticmethod
    def load(folder: str | Path) -> SequenceModel:
        """Raises FileNotFoundError if nothing is there; ValueError for another kind of model or files that disagree."""
        kind = kind_of(Path(folder))
        if kind not in NETWORKS:
            raise ValueError(f"{folder} holds a {kind!r}; a sequence model is one of {', '.join(NETWORKS)}")
        return NETWORKS[kind].load(folder)
