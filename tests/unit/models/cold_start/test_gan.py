"""The GAN, for items and for users: what it learns, that a seed gives the same result, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.cold_start.gan import GAN, GANConfig
from models.core.unit import unit

SMALL = GANConfig(noise=4, hidden=32, steps=200, batch=64, rate=1e-2, alignment=10.0)
QUICK = replace(SMALL, steps=5)


def planted(rows=300, seed=0):
    """Conditions (n, 6) and the embeddings (n, 5) that follow from them by a matrix, with a little noise."""
    rng = np.random.default_rng(seed)
    turn = np.random.default_rng(1).standard_normal((6, 5))
    conditions = rng.standard_normal((rows, 6)).astype(np.float32)
    return conditions, (conditions @ turn + 0.1 * rng.standard_normal((rows, 5))).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return GAN.fit(SMALL, *planted())


def test_new_rows_get_nearly_their_own_embedding(model):
    conditions, embeddings = planted(seed=5)
    cosine = (unit(model.generate(conditions)) * unit(embeddings)).sum(axis=1)
    assert np.median(cosine) > 0.95
    nearest = (unit(model.generate(conditions)) @ unit(embeddings).T).argmax(axis=1)
    assert (nearest == np.arange(300)).mean() > 0.3  # by chance 1 / 300


def test_embeddings_come_in_the_unit_they_were_given(model):
    conditions, embeddings = planted()
    unit_of_a_thousandth = np.float32(2.0**-10)  # a power of two rounds nothing
    small = GAN.fit(SMALL, conditions, embeddings * unit_of_a_thousandth).generate(conditions)
    np.testing.assert_allclose(small, model.generate(conditions) * unit_of_a_thousandth, rtol=1e-4, atol=1e-7)


def test_without_alignment_nothing_holds_them_near(model):
    conditions, embeddings = planted()
    free = GAN.fit(replace(SMALL, alignment=0.0), conditions, embeddings).generate(conditions)
    assert np.linalg.norm(free - embeddings) > 2 * np.linalg.norm(model.generate(conditions) - embeddings)


def test_the_discriminator_tells_real_from_generated():
    conditions, embeddings = planted()
    embeddings *= np.where(np.arange(300) % 2, 1, -1)[:, None].astype(np.float32)  # the condition does not tell which
    model = GAN.fit(replace(SMALL, alignment=1000.0), conditions, embeddings)
    generated = model.generate(conditions)
    assert np.linalg.norm(generated) < np.linalg.norm(embeddings) / 2
    assert model.judge(conditions, embeddings).mean() > model.judge(conditions, generated).mean() + 0.3


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    first, second = (GAN.fit(QUICK, *planted()).generate(planted()[0]) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert GAN.fit(replace(QUICK, seed=8), *planted()).generate(planted()[0]).tobytes() != first.tobytes()


def test_the_random_state_and_threads_of_the_caller_stay():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    GAN.fit(QUICK, *planted())
    assert torch.rand(1) == expected
    assert torch.get_num_threads() == threads


def test_save_and_load_gives_the_same_bits(tmp_path, model):
    model.save(tmp_path)
    loaded = GAN.load(tmp_path, SMALL)
    assert loaded.generate(planted()[0]).tobytes() == model.generate(planted()[0]).tobytes()
    assert {path.name for path in tmp_path.iterdir()} == {"gan.safetensors", "manifest.json"}


def test_loading_under_another_config_is_refused_by_name(tmp_path, model):
    model.save(tmp_path)
    with pytest.raises(ValueError, match=r"fitted with alignment 10.0 \(asked 1.0\)"):
        GAN.load(tmp_path, replace(SMALL, alignment=1.0))


def test_one_row_and_rows_of_zeros():
    gan = GAN.fit(QUICK, np.zeros((1, 3), np.float32), np.zeros((1, 2), np.float32))
    assert np.isfinite(gan.generate(np.zeros((2, 3), np.float32))).all()
    assert gan.generate(np.zeros((0, 3), np.float32)).shape == (0, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(bad):
    conditions, embeddings = planted(10)
    conditions[3, 2] = bad
    with pytest.raises(ValueError, match="conditions must be finite"):
        GAN.fit(QUICK, conditions, embeddings)


def test_rows_that_do_not_match_are_refused(model):
    with pytest.raises(ValueError, match=r"conditions \(10, 6\) and embeddings \(9, 5\)"):
        GAN.fit(QUICK, planted(10)[0], planted(9)[1])
    with pytest.raises(ValueError, match=r"fitted on \(n, 6\)"):
        model.generate(np.zeros((2, 5), np.float32))


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="draws must be 1 or more"):
        GANConfig(draws=0)
    with pytest.raises(ValueError, match="alignment must be 0 or more"):
        GANConfig(alignment=-1.0)
