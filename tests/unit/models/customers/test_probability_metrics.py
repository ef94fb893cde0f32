"""Metrics of probabilities, and calibration."""

import numpy as np
import pytest

from models.customers.probability_metrics import (
    auc,
    average_precision,
    calibrated,
    calibration_error,
    log_loss,
    reliability,
)


def test_ties_are_worth_half_and_one_step():
    truth = np.array([True, False, True, False])
    assert auc(np.array([3.0, 2.0, 1.0, 0.0]), truth) == 0.75
    assert auc(np.zeros(4), truth) == 0.5
    assert np.isnan(auc(np.zeros(2), np.array([True, True])))
    assert average_precision(np.array([3.0, 2.0, 1.0, 0.0]), truth) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.zeros(4), truth) == 0.5


def test_calibration_makes_scores_the_shares_seen():
    rng = np.random.default_rng(1)
    true = rng.random(20_000) ** 2
    scores, truth = np.sqrt(true) * 7 - 3, rng.random(20_000) < true
    chance = calibrated(scores, truth)(scores)
    assert calibration_error(chance, truth) < 0.01
    assert (np.diff(chance[np.argsort(scores)]) >= 0).all()
    assert auc(chance, truth) == pytest.approx(auc(scores, truth), abs=2e-3)
    assert [n for n, _, _ in reliability(chance, truth)] == [2000] * 10
    assert log_loss(chance, truth) < log_loss(np.full(20_000, truth.mean()), truth)
