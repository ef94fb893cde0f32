"""The private LSTM: Opacus sees each person's own gradient, the budget is kept, and what comes out is an LSTM."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from opacus.grad_sample import GradSampleModule

from models.core.sequences import Sequences
from models.recommenders.lstm import LSTM
from models.reference.private_lstm import PrivateLSTMConfig, _loss, _Net, _samples, fit, noise_for, spent

ITEMS = np.array([f"{n:02d}" for n in range(20)])
CONFIG = PrivateLSTMConfig(dim=6, hidden=5, length=8, epochs=4, parts=3, batch=7, threads=1)


def around_the_clock(people: int, length: int) -> Sequences:
    """Each person goes through the items in order, and each begins with another item."""
    codes = (np.arange(people)[:, None] + np.arange(length)) % len(ITEMS)
    return Sequences(np.arange(people + 1) * length, codes.ravel().astype(np.int32))


def test_each_persons_gradient_is_that_of_the_person_alone() -> None:
    lengths = np.array([5, 1, 9, 2])  # one with nothing to learn from, one longer than the window
    codes = np.random.default_rng(0).integers(0, len(ITEMS), lengths.sum()).astype(np.int32)
    (rows,) = _samples(CONFIG, Sequences(np.concatenate([[0], lengths.cumsum()]), codes)).tensors
    torch.manual_seed(0)
    net = _Net(CONFIG, len(ITEMS))
    gradients = []
    for row in rows:
        net.zero_grad()
        _loss(net, row[None]).backward()
        gradients.append({name: weight.grad.clone() for name, weight in net.named_parameters()})
    net.zero_grad()
    _loss(GradSampleModule(net, loss_reduction="sum"), rows).backward()
    for name, weight in net.named_parameters():
        assert weight.grad_sample.shape == (4, *weight.shape)
        for person in range(4):
            torch.testing.assert_close(weight.grad_sample[person], gradients[person][name], msg=f"{name} of {person}")
    assert not any(gradient.any() for gradient in gradients[1].values())


def test_a_training_spends_the_given_budget() -> None:
    epochs: list[tuple[int, float]] = []
    fit(CONFIG, around_the_clock(31, 8), ITEMS, 3.0, 1e-5, lambda *epoch: epochs.append(epoch))
    assert [epoch for epoch, _ in epochs] == [1, 2, 3, 4]
    assert [spent for _, spent in epochs] == sorted(spent for _, spent in epochs)
    assert 2.95 <= epochs[-1][1] <= 3.0  # Opacus' own account of the steps that were made


def test_less_epsilon_and_more_epochs_take_more_noise() -> None:
    least = noise_for(CONFIG, 8.0, 1e-5)
    assert spent(CONFIG, least, 1e-5) <= 8.0
    assert noise_for(CONFIG, 2.0, 1e-5) > least
    assert noise_for(PrivateLSTMConfig(parts=3, epochs=40), 8.0, 1e-5) > least


def test_noise_is_not_drawn_from_the_seed() -> None:
    first, second = (fit(CONFIG, around_the_clock(30, 8), ITEMS, 3.0, 1e-5) for _ in range(2))
    assert not np.allclose(first.item_rows, second.item_rows)


def test_without_noise_it_learns_the_next_item_and_is_saved_as_an_lstm(tmp_path) -> None:
    config = PrivateLSTMConfig(dim=16, hidden=16, epochs=80, learning_rate=0.03, threads=1)
    people = around_the_clock(60, 8)
    model = fit(config, people, ITEMS, math.inf, 1e-5)
    best, _ = model.recommend(people, 1)
    assert np.mean(best[:, 0] == (people.codes[7::8] + 1) % len(ITEMS)) > 0.9
    model.save(tmp_path)
    assert np.array_equal(LSTM.load(tmp_path).encode(people), model.encode(people))


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-5), (-1.0, 1e-5), (1.0, 0.0), (1.0, 1.0), (math.nan, 1e-5)])
def test_a_budget_out_of_bounds_is_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        fit(CONFIG, around_the_clock(30, 8), ITEMS, epsilon, delta)


def test_fewer_people_than_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="2 people are fewer than parts 3"):
        fit(CONFIG, around_the_clock(2, 8), ITEMS, 3.0, 1e-5)
