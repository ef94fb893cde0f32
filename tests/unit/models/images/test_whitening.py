"""Whitened vectors: no part dominates another, and a stored whitening loads unchanged."""

import numpy as np
import pytest

from models.images.whitening import Whitening, WhiteningConfig

PARTS = {"things": slice(0, 40), "stages": slice(40, 70), "colours": slice(70, 75)}
CONFIG = WhiteningConfig(things=8, stages=8, colours=8)


@pytest.fixture
def raw():
    rng = np.random.default_rng(7)
    mixed = rng.normal(size=(500, 75)) @ rng.normal(size=(75, 75))
    return (mixed * np.where(np.arange(75) < 40, 100, 1) + 5).astype(np.float32)


def test_each_part_counts_the_same_and_axes_are_uncorrelated(raw) -> None:
    whitening = Whitening.fit(CONFIG, raw, PARTS)
    white = whitening.apply(raw).astype(np.float32)
    assert whitening.apply(raw).dtype == np.float16
    assert white.shape == (500, 8 + 8 + 5)
    lengths = [np.square(white[:, part]).sum(axis=1).mean() for part in whitening.parts.values()]
    assert np.allclose(lengths, 1, atol=0.02)
    things = np.corrcoef(white[:, whitening.parts["things"]].T)
    assert np.abs(things - np.eye(8)).max() < 0.02


def test_a_constant_column_gives_finite_vectors(raw) -> None:
    raw[:, 3] = 1.0
    assert np.isfinite(Whitening.fit(CONFIG, raw, PARTS).apply(raw)).all()


def test_one_picture_or_nan_is_refused(raw) -> None:
    with pytest.raises(ValueError, match="at least 2 vectors"):
        Whitening.fit(CONFIG, raw[:1], PARTS)
    raw[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        Whitening.fit(CONFIG, raw, PARTS)


def test_what_is_saved_comes_back(raw, tmp_path) -> None:
    whitening = Whitening.fit(CONFIG, raw, PARTS)
    whitening.save(tmp_path)
    assert np.array_equal(Whitening.load(tmp_path, CONFIG).apply(raw), whitening.apply(raw))
    with pytest.raises(ValueError, match=r"things 8 \(asked 320\)"):
        Whitening.load(tmp_path, WhiteningConfig(stages=8, colours=8))
