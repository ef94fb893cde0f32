"""Users and items encoded by a sequence model: the product of a user's and an item's row is the model's logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.core.interactions import Ids
from models.core.sequences import Sequences
from models.core.shop_log import ShopLog
from models.core.top_k import F32

if TYPE_CHECKING:  # code that only reads encoded rows needs no torch
    from models.recommenders.sequence_model import SequenceModel


@dataclass(frozen=True)
class Encoded:
    """states (U, E), rows (I, E) float32; zeros for an unknown item, and for a user without known items."""

    states: F32
    rows: F32

    @classmethod
    def by(cls, model: SequenceModel, sequences: Sequences, item_ids: Ids) -> Encoded:
        """All users' `sequences` (codes into `item_ids`, sorted) encoded by `model`; items that it does not know are
        skipped."""
        _, in_catalogue, in_model = np.intersect1d(item_ids, model.item_ids, return_indices=True)
        code = np.full(len(item_ids), -1, np.int32)
        code[in_catalogue] = in_model
        codes = code[sequences.codes]
        user = np.repeat(np.arange(len(sequences.lengths)), sequences.lengths)[codes >= 0]
        lengths = np.bincount(user, minlength=len(sequences.lengths))
        known_sequences = Sequences(np.concatenate([[0], lengths.cumsum()]), codes[codes >= 0])
        states = np.column_stack([model.encode(known_sequences), np.ones(len(lengths), np.float32)])
        rows = np.zeros((len(item_ids), model.item_rows.shape[1]), np.float32)
        rows[in_catalogue] = model.item_rows[in_model]
        return cls(np.where(lengths[:, None] > 0, states, 0).astype(np.float32), rows)

    @classmethod
    def nothing(cls, users: int, items: int) -> Encoded:
        """Zeros, for a moment at which there was no model."""
        return cls(np.zeros((users, 1), np.float32), np.zeros((items, 1), np.float32))


def sequences_of(log: ShopLog) -> Sequences:
    """The items of all users of the log in order of time; an item that repeats in a row counts once."""
    order = np.argsort(log.user, kind="stable")
    user, item = log.user[order], log.item[order]
    is_change = np.ones(len(user), bool)
    is_change[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    lengths = np.bincount(user[is_change], minlength=log.n_users)
    return Sequences(np.concatenate([[0], lengths.cumsum()]), item[is_change])
