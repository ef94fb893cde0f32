"""What `make bench-cf` may train on: no test pair, and no pair of its validation set while weights are chosen."""

import numpy as np
import pytest
from scipy import sparse

from models.core.list_metrics import refuse_overlap
from tests.bench.recommend import collaborative


def test_a_test_pair_planted_in_training_stops_the_bench(tmp_path, monkeypatch):
    (tmp_path / "train.txt").write_text("0 1 2\n1 2 3\n2 0 3\n")
    (tmp_path / "test.txt").write_text("0 3\n1 2\n")
    monkeypatch.setattr("sys.argv", ["bench", "--data", str(tmp_path)])
    with pytest.raises(ValueError, match=r"1 of 2 truth pairs, of 1 users.*user code 1, item code 2"):
        collaborative.main()


def test_weights_are_chosen_by_models_that_have_not_seen_the_validation_slice():
    train = sparse.random(200, 50, 0.2, "csr", np.float32, np.random.default_rng(0))
    rest, validation = collaborative.hold_out(train)
    refuse_overlap(rest, validation)
    assert rest.nnz + validation.nnz == train.nnz
    assert 0.15 < validation.nnz / train.nnz < 0.25
