"""A shop's users and items as its sequence model sees them: pairs of rows whose product is the model's logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.core.interactions import Ids
from models.core.sequences import Sequences
from models.core.shop_log import ShopLog
from models.core.top_k import F32

if TYPE_CHECKING:  # those who only read what was encoded need no torch
    from models.recommenders.lstm import LSTM


@dataclass(frozen=True)
class Encoded:
    """states (U, E), rows (I, E) float32; zeros for a user without events, or an item, that the model does not know."""

    states: F32
    rows: F32

    @classmethod
    def by(cls, model: LSTM, sequences: Sequences, item_ids: Ids) -> Encoded:
        """What `model` makes of everybody's `sequences` (codes into `item_ids`, sorted); events of items that it does
        not know are passed over."""
        _, ours, theirs = np.intersect1d(item_ids, model.item_ids, return_indices=True)
        code = np.full(len(item_ids), -1, np.int32)
        code[ours] = theirs
        codes = code[sequences.codes]
        user = np.repeat(np.arange(len(sequences.lengths)), sequences.lengths)[codes >= 0]
        lengths = np.bincount(user, minlength=len(sequences.lengths))
        known = Sequences(np.concatenate([[0], lengths.cumsum()]), codes[codes >= 0])
        states = np.column_stack([model.encode(known), np.ones(len(lengths), np.float32)])
        rows = np.zeros((len(item_ids), model.item_rows.shape[1]), np.float32)
        rows[ours] = model.item_rows[theirs]
        return cls(np.where(lengths[:, None] > 0, states, 0).astype(np.float32), rows)

    @classmethod
    def nothing(cls, users: int, items: int) -> Encoded:
        """For a time when there was no model."""
        return cls(np.zeros((users, 1), np.float32), np.zeros((items, 1), np.float32))


def sequences_of(log: ShopLog) -> Sequences:
    """Every user's items in time order, n = all users of the log; the same item twice in a row is told once."""
    order = np.argsort(log.user, kind="stable")
    user, item = log.user[order], log.item[order]
    kept = np.ones(len(user), bool)
    kept[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    lengths = np.bincount(user[kept], minlength=log.n_users)
    return Sequences(np.concatenate([[0], lengths.cumsum()]), item[kept])
