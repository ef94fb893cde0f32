"""Encodes users as of a moment with the LSTM that existed at this moment, so that nothing leaks from later events."""

from __future__ import annotations

import numpy as np

from jobs.runtime.model_store import PROMOTION, load_model
from jobs.runtime.night import Night
from models.core.shop_log import ShopLog
from models.recommenders.sequence_embeddings import Encoded, sequences_of


class Encoder:
    """Called with (log before a moment, the moment), it encodes all users by the newest LSTM that saw no later event.

    It returns None if there is no LSTM at all, zeros for a moment before the first LSTM. folders: moment -> LSTM used.
    """

    def __init__(self, night: Night, item_ids: np.ndarray) -> None:
        self.night, self.item_ids = night, item_ids
        self.folders: dict[float, str] = {}
        self.until: list[tuple[float, tuple[str, ...]]] = []
        for name in night.lake.list_dir("models", "lstm"):
            dated = ("models", "lstm", name)
            if name.removeprefix("date=") <= str(night.date) and night.lake.exists(*dated, "_current.json"):
                folder = (*dated, f"run={night.lake.get_json(*dated, '_current.json')['run']}")
                self.until.append((night.lake.get_json(*folder, PROMOTION)["learned_until"], folder))

    def __call__(self, log: ShopLog, moment: float) -> Encoded | None:
        if not self.until:
            return None
        earlier = [folder for until, folder in self.until if until <= moment]
        if not earlier:
            return Encoded.nothing(log.n_users, log.n_items)
        from models.recommenders.sequence_networks import SavedNetwork  # a shop without one need not load torch

        self.folders[moment] = "/".join(earlier[-1])
        return Encoded.by(load_model(self.night.lake, earlier[-1], SavedNetwork), sequences_of(log), self.item_ids)
