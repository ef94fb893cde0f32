"""Vectors of pictures: their order, forms, colours, and what happens if memory is short."""

import logging

import numpy as np
import pytest
import torch

from models.images.vectors import CANVASES, EncoderConfig, PictureEncoder, canvas_of
from models.images.weights import WrongWeights
from tests.unit.models.images.drawn import drawn


@pytest.fixture(scope="module")
def encoder() -> PictureEncoder:
    return PictureEncoder.pretrained(EncoderConfig(batch=4, device="cpu"))


def likeness(left, right) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def test_vectors_keep_the_order_of_pictures_of_any_shape(encoder) -> None:
    shapes = [(96, 64), (64, 96), (80, 80), (96, 64), (10, 300)]
    pictures = [drawn("disc", "red", seed, *shape) for seed, shape in enumerate(shapes)]
    together = encoder.encode(iter(pictures))
    assert together.shape == (5, encoder.width)
    assert together.dtype == np.float32
    for row, picture in zip(together, pictures, strict=True):
        assert likeness(row, encoder.encode([picture])[0]) > 0.999


def test_no_picture_gives_no_vector(encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.width)


def test_colours_separate_pictures_that_look_alike_to_the_network(encoder) -> None:
    red, red_too, blue = encoder.encode([drawn("disc", c, s) for c, s in (("red", 1), ("red", 2), ("blue", 1))])
    part = encoder.parts["colours"]
    assert likeness(red[part], red_too[part]) > likeness(red[part], blue[part]) + 0.1


def test_another_form_is_refused(encoder) -> None:
    with pytest.raises(ValueError, match=r"uint8 \(height, width, 3\), not float32"):
        encoder.encode([np.zeros((8, 8, 3), np.float32)])


def test_a_canvas_has_the_picture_s_shape() -> None:
    shapes = [(160, 107), (100, 100), (90, 100), (107, 160)]
    chosen = [canvas_of(np.zeros((*shape, 3), np.uint8)) for shape in shapes]
    assert chosen == [CANVASES[0], CANVASES[1], CANVASES[1], CANVASES[2]]


def test_without_memory_batches_shrink_and_the_log_says_so(encoder, monkeypatch, caplog) -> None:
    short = PictureEncoder(EncoderConfig(batch=4, device="cpu"), encoder.sight)
    forward = short._forward
    batch_sizes = []

    def fits_one(pictures):
        batch_sizes.append(len(pictures))
        if len(pictures) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(pictures)

    monkeypatch.setattr(short, "_forward", fits_one)
    with caplog.at_level(logging.WARNING):
        vectors = short.encode([drawn("bar", "red", seed) for seed in range(3)])
    assert len(vectors) == 3
    assert batch_sizes == [3, 2, 1, 1, 1]
    assert "going on with 1 at once" in caplog.text


def test_a_saved_encoder_sees_the_same_and_a_damaged_one_is_refused(encoder, tmp_path) -> None:
    encoder.save(tmp_path)
    pictures = [drawn("frame", "green", 1)]
    assert np.array_equal(PictureEncoder.load(tmp_path).encode(pictures), encoder.encode(pictures))
    with (tmp_path / "network.safetensors").open("ab") as file:
        file.write(b"!")
    with pytest.raises(WrongWeights):
        PictureEncoder.load(tmp_path)
