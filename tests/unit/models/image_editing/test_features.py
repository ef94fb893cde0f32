"""Features of the pretrained network: distance 0 for equal pictures, more for bigger differences; colours as bytes."""

import numpy as np
import pytest
import torch

from models.image_editing.features import Features, feature_distance, feature_loss, pooled_features
from models.image_editing.training import as_tensor


@pytest.fixture(scope="module")
def net():
    return Features()


def distance(net, generated, real):
    return feature_distance(pooled_features(net, generated), pooled_features(net, real))


def pictures(side=64):
    """Pictures with stripes and dots, as of two shops."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (3, side // 8, side // 8, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)


@pytest.mark.parametrize("side", [40, 128, 136])
def test_the_distance_grows_with_the_damage_from_0(net, side):
    real = pictures(side)
    spot, half = real.copy(), real.copy()
    spot[:, : side // 8, : side // 8] = 0
    half[:, : side // 2] = 0
    same, little, much = (distance(net, generated, real) for generated in (real, spot, half))
    np.testing.assert_allclose(same, 0, atol=1e-5)
    assert (little > 1e-4).all()
    assert (much > little).all()


def test_pixels_reach_the_network_as_it_was_trained(net):
    inputs = []
    hook = net.net.stem.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0]))
    net(as_tensor(np.full((1, 32, 32, 3), 200, np.uint8), torch.device("cpu")))
    hook.remove()
    assert float(inputs[0].mean()) == pytest.approx((200 - 127) / 128, abs=1e-5)


def test_the_loss_is_0_for_the_same_and_has_a_gradient(net):
    real = as_tensor(pictures(), torch.device("cpu"))
    assert float(feature_loss(net, real, real)) == pytest.approx(0, abs=1e-5)
    generated = (real * 0.5).requires_grad_()
    loss = feature_loss(net, generated, real)
    loss.backward()
    assert float(loss.detach()) > 0.05
    assert float(generated.grad.abs().sum()) > 0


def test_no_picture_has_no_distance(net):
    none = np.zeros((0, 64, 64, 3), np.uint8)
    assert distance(net, none, none).shape == (0,)
