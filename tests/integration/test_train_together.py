"""Two processes that train one LSTM by TorchDistributor take the same steps as one process."""

from __future__ import annotations

import dataclasses

import numpy as np

from jobs.lists.train_lstm import fit_together
from models.core.sequences import Sequences
from models.recommenders.lstm import LSTM, LSTMConfig
from tests.sample import Sample

ALONE = LSTMConfig(dim=8, hidden=8, dropout=0.0, state_dropout=0.0, epochs=2, epoch_steps=5, batch=16, threads=1)


def test_two_processes_learn_what_one_process_learns(sample: Sample) -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 12, 200)
    sequences = Sequences(np.concatenate([[0], lengths.cumsum()]), rng.integers(0, 30, lengths.sum()).astype(np.int32))
    ids = np.array([f"i{code:02d}" for code in range(30)])
    alone = LSTM.fit(ALONE, sequences, ids)
    together = fit_together(sample.night(lstm_training={"processes": 2}), LSTM, ALONE, sequences, ids, None, None, None)
    assert together.epochs == alone.epochs
    np.testing.assert_allclose(together.item_rows, alone.item_rows, atol=1e-4)
    after_one_epoch = LSTM.fit(dataclasses.replace(ALONE, epochs=1), sequences, ids)
    assert np.abs(alone.item_rows - after_one_epoch.item_rows).max() > 1e-2  # the second epoch changed something
