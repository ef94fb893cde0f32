"""Fine-tuning learns the shop's labels, leaves the early blocks unchanged, and gives the same result again."""

import numpy as np
import pytest
import torch

from models.images.tuning import TuningConfig, batches, tune, varied
from models.images.vectors import EncoderConfig, PictureEncoder, canvas_of
from tests.unit.models.images.drawn import COLOURS, SHAPES, drawn

CONFIG = TuningConfig(epochs=2, batch=6, first=19)
KINDS = [(shape, colour) for shape in SHAPES for colour in COLOURS]
PICTURES = [drawn(shape, colour, seed, 40, 30) for seed in range(2) for shape, colour in KINDS]
SHAPE = np.array([SHAPES.index(shape) for _ in range(2) for shape, _ in KINDS])
PARTLY = np.where(np.arange(24) % 5, SHAPE, -1)


@pytest.fixture(scope="module")
def encoder() -> PictureEncoder:
    return PictureEncoder.pretrained(EncoderConfig(device="cpu"))


@pytest.fixture(scope="module")
def tuned(encoder) -> PictureEncoder:
    return tune(
        encoder, PICTURES, {"shape": SHAPE, "partly": PARTLY, "nothing": np.full(24, -1)}, np.arange(24) % 12, CONFIG
    )


def test_later_blocks_learn_and_early_ones_stay(encoder, tuned) -> None:
    before, after = encoder.sight.state_dict(), tuned.sight.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("head.") for name in changed)
    assert not {name for name in changed if name.startswith(("stem.", "blocks.18."))}


def test_pictures_of_one_shape_come_nearer(encoder, tuned) -> None:
    def gap(eye) -> float:
        things = eye.encode(PICTURES)[:, eye.parts["things"]]
        things -= things.mean(axis=0)
        things /= np.linalg.norm(things, axis=1, keepdims=True)
        same = SHAPE[:, None] == SHAPE
        return float((things @ things.T)[same].mean() - (things @ things.T)[~same].mean())

    assert gap(tuned) > gap(encoder)


def test_the_same_seed_gives_the_same_network(encoder, tuned) -> None:
    again = tune(
        encoder, PICTURES, {"shape": SHAPE, "partly": PARTLY, "nothing": np.full(24, -1)}, np.arange(24) % 12, CONFIG
    )
    assert torch.equal(again.sight.head.weight, tuned.sight.head.weight)


def test_nothing_to_learn_and_wrong_lengths_are_refused(encoder) -> None:
    with pytest.raises(ValueError, match="no picture has a label"):
        tune(encoder, PICTURES, {"shape": np.full(24, -1)}, config=CONFIG)
    with pytest.raises(ValueError, match="shape has 3 labels for 24 pictures"):
        tune(encoder, PICTURES, {"shape": SHAPE[:3]}, config=CONFIG)


def test_a_batch_has_one_canvas_and_an_epoch_every_picture() -> None:
    pictures = [np.zeros((*size, 3), np.uint8) for size in [(40, 30), (30, 40), (30, 30)] * 5]
    all_batches = batches(pictures, 4, np.random.default_rng(7))
    assert sorted(np.concatenate(all_batches).tolist()) == list(range(15))
    assert all(len({canvas_of(pictures[row]) for row in rows}) == 1 for rows in all_batches)


def test_a_varied_picture_fills_its_canvas_with_its_own_colours() -> None:
    rng = np.random.default_rng(7)
    picture = np.full((40, 30, 3), (200, 30, 40), np.uint8)
    assert (varied(picture, 0.5, rng) == (200, 30, 40)).all()
    assert varied(picture, 0.5, rng).shape == (192, 128, 3)
    assert varied(picture[:1, :1], 0.5, rng).shape == (160, 160, 3)
