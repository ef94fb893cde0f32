"""The network equals the published one, and can be run in two halves."""

import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from models.images.network import CENTRE, LAST, SCALE, STAGE_WIDTH, Sight, folded
from models.images.weights import pretrained


@pytest.fixture(scope="module")
def sight() -> Sight:
    return Sight(folded(pretrained())).eval()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, 96, 64), generator=torch.Generator().manual_seed(7)).float()


def test_folding_changes_nothing(sight, pictures) -> None:
    published = EfficientNet.from_name("efficientnet-lite2", image_size=[96, 64]).eval()
    published.load_state_dict(pretrained(), strict=False)
    with torch.inference_mode():
        features = published.extract_features((pictures - CENTRE) / SCALE).mean((2, 3))
        things, stages = sight(pictures)
    assert torch.allclose(things, features, atol=1e-4)
    assert things.shape == (2, LAST)
    assert stages.shape == (2, STAGE_WIDTH)


def test_two_halves_make_the_whole(sight, pictures) -> None:
    with torch.inference_mode():
        whole, halves = sight(pictures), sight.later(*sight.early(pictures, 11), 11)
    assert torch.equal(whole[0], halves[0])
    assert torch.equal(whole[1], halves[1])


def test_weights_that_lack_a_tensor_are_refused() -> None:
    state = folded(pretrained())
    del state["head.bias"]
    with pytest.raises(RuntimeError, match=r"head\.bias"):
        Sight(state)
