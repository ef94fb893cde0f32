"""Training of the LSTM: an interrupted run, and checkpoints of another run."""

import dataclasses

import numpy as np
import pytest

from models.recommenders import sequence_training
from models.recommenders.sequence_training import learned_and_held
from tests.unit.models.recommenders.recommender_battery import shop
from tests.unit.models.recommenders.test_sequence_model import SMALL, of, same, sequences, trained


class Stopped(Exception):
    pass


def stop_after(last):
    def report(epoch, *_):
        if epoch == last:
            raise Stopped

    return report


@pytest.mark.parametrize("full_softmax_items", [4096, 1], ids=["whole tables", "by rows"])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tmp_path, monkeypatch, full_softmax_items):
    monkeypatch.setattr(sequence_training, "BY_ROWS", 1)
    config = dataclasses.replace(SMALL, full_softmax_items=full_softmax_items)
    unbroken = trained(config)
    with pytest.raises(Stopped):
        trained(config, checkpoint=tmp_path, report=stop_after(2))
    epochs = []
    resumed = trained(config, checkpoint=tmp_path, report=lambda epoch, *_: epochs.append(epoch))
    assert epochs[0] == 3
    assert same(unbroken, resumed)
    assert unbroken.epochs == resumed.epochs


def test_a_checkpoint_of_another_config_or_other_data_is_refused(tmp_path):
    with pytest.raises(Stopped):
        trained(checkpoint=tmp_path, report=stop_after(1))
    with pytest.raises(ValueError, match=r"learning_rate 0\.02 \(asked 0\.01\)"):
        trained(dataclasses.replace(SMALL, learning_rate=0.01), checkpoint=tmp_path)
    with pytest.raises(ValueError, match="other sequences or items"):
        trained(data=sequences(shop(seed=1)), checkpoint=tmp_path)


def test_validation_sequences_choose_the_epoch_and_are_not_trained_on():
    last = 1000 + np.arange(100)
    learned, held = learned_and_held(of(*([1, 2, 3, item] for item in last)), None, seed=3)
    validation_items = held.codes[held.indptr[1:] - 1]
    assert len(validation_items) == 50
    assert not np.isin(validation_items, learned.codes).any()
    assert np.isin(last, np.concatenate([validation_items, learned.codes])).all()


def test_a_training_ends_after_so_many_events():
    data = sequences(shop())
    targets = int((data.lengths - 1).clip(0).sum())
    epochs = []
    trained(
        dataclasses.replace(SMALL, patience=9, most_events=2 * targets + 5),
        data=data,
        report=lambda epoch, most, *_: epochs.append((epoch, most)),
    )
    assert epochs == [(1, 2), (2, 2)]


def test_a_random_part_of_a_larger_log_is_trained_on():
    data, epochs = sequences(shop()), []
    few = trained(dataclasses.replace(SMALL, most_events=30), data=data, report=lambda epoch, *_: epochs.append(epoch))
    assert epochs == [1]
    assert not same(few, trained(dataclasses.replace(SMALL, epochs=1), data=data))
    assert same(few, trained(dataclasses.replace(SMALL, most_events=30), data=data))
