"""Training: a resumed run equals an unbroken one, checkpoints of other runs are refused, steps shared with L1 alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.image_editing.network import EditorConfig, Generator, grown
from models.image_editing.training import Trainer, hole_error, l1_only, rate_at

GAN = EditorConfig(size=32, width=8, widest=16, steps=6, alone=0.34, batch=4, every=1)


def shop(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)


def run(trainer, until=None):
    return list(trainer.steps(until))


def weights(trainer):
    return {**trainer.generator.state_dict(), **{f"judge {k}": v for k, v in trainer.judge.state_dict().items()}}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("stop", [1, 3, 5], ids=["in L1", "soon after it", "late"])
def test_a_resumed_training_equals_an_unbroken_one_bit_for_bit(tmp_path, stop):
    unbroken = Trainer(GAN, shop())
    losses = run(unbroken)
    first = Trainer(GAN, shop())
    first.resume(tmp_path)
    run(first, stop)
    second = Trainer(GAN, shop())
    second.resume(tmp_path)
    assert second.step == stop
    assert run(second) == losses[stop:]
    assert_same(weights(second), weights(unbroken))


def test_the_losses_beside_l1_start_after_their_share_of_the_steps():
    losses_by_step = [sorted(losses) for _, losses in run(Trainer(GAN, shop()))]
    assert losses_by_step == 2 * [["l1"]] + 4 * [["features", "fooled", "judge", "l1"]]


def test_a_copy_that_continues_with_l1_alone_equals_a_training_with_l1_alone():
    trunk = Trainer(GAN, shop())
    run(trunk, GAN.by_l1)
    branch = trunk.by_l1_alone()
    run(branch)
    alone = Trainer(l1_only(GAN), shop())
    run(alone)
    assert_same(weights(branch), weights(alone))
    run(trunk)
    with pytest.raises(ValueError, match="has already learned by other losses"):
        trunk.by_l1_alone()


def test_a_checkpoint_of_another_config_or_other_pictures_is_refused(tmp_path):
    first = Trainer(GAN, shop())
    first.resume(tmp_path)
    run(first, 1)
    with pytest.raises(ValueError, match=r"batch 4 \(asked 5\)"):
        Trainer(replace(GAN, batch=5), shop()).resume(tmp_path)
    with pytest.raises(ValueError, match="over other pictures"):
        Trainer(GAN, shop(1)).resume(tmp_path)


def test_a_larger_generator_starts_as_the_small_one_on_the_halved_picture():
    small, config = Generator(EditorConfig(width=8, widest=16)), EditorConfig(size=128, width=8, widest=16)
    torch.manual_seed(0)
    for weight in small.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    picture, mask = torch.rand(2, 3, 64, 64), (torch.rand(2, 1, 64, 64) > 0.5).float()
    twice = [tensor.repeat_interleave(2, 2).repeat_interleave(2, 3) for tensor in (picture, mask, small(picture, mask))]
    torch.testing.assert_close(grown(small, config)(*twice[:2]), twice[2])
    with pytest.raises(ValueError, match="start from one of 64 px with the same channels"):
        grown(small, replace(config, width=16))
    with pytest.raises(ValueError, match="start from one of 64 px"):
        grown(small, replace(config, size=64))


def test_the_rate_rises_then_falls():
    rates = [rate_at(step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert 95 < int(np.argmax(rates)) < 105
    assert rates[-1] == pytest.approx(0.02, abs=1e-3)


def test_a_thin_hole_counts_as_a_large_one():
    generated, real, mask = torch.ones(2, 3, 8, 8), torch.zeros(2, 3, 8, 8), torch.zeros(2, 1, 8, 8)
    mask[0, 0, 0, 0] = 1
    mask[1] = 1
    alone = [float(hole_error(generated[[row]], real[[row]], mask[[row]])) for row in (0, 1)]
    assert alone[0] == pytest.approx(alone[1])
