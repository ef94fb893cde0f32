"""What `make bench-next-item` may train on: only the refitted protocol can use the planted leak."""

import numpy as np

from models.core.sequences import Sequences
from tests.bench.recommend import next_item
from tests.bench.recommend.next_item import PROTOCOLS, Shop, measure_protocols, question

PAIRS, OTHERS = 40, 10


def planted_shop():
    """Half of the users end with x, y, z and half with x, y: y after x is always a validation or a test item."""
    draw = np.random.default_rng(0)
    x, y = OTHERS + np.arange(PAIRS), OTHERS + PAIRS + np.arange(PAIRS)
    first = [[*draw.integers(0, OTHERS, 3), x[pair], y[pair], draw.integers(0, OTHERS)] for pair in range(PAIRS)]
    then = [[*draw.integers(0, OTHERS, 3), x[pair], y[pair]] for pair in range(PAIRS)]
    lists = first + then
    indptr = np.cumsum([0, *map(len, lists)])
    items = np.array([f"{number:03d}" for number in range(OTHERS + 2 * PAIRS)])
    return Shop(Sequences(indptr, np.concatenate(lists).astype(np.int32)), items, None)


def test_only_the_refitted_protocol_finds_pairs_that_are_only_in_validation_items(monkeypatch):
    monkeypatch.setattr(next_item, "networks_of", lambda shop: [])  # neighbours show the leak, and are fast
    measured, _ = measure_protocols(planted_shop(), threads=1)
    hits = {name: figures["neighbours"].values["hr@10"][PAIRS:].mean() for name, figures in measured.items()}
    assert hits["refitted"] == 1
    assert hits["strict"] < 0.3


def test_the_strict_protocol_learns_neither_validation_nor_test_items_and_reads_the_first():
    shop = planted_shop()
    lesson, test = (question(shop.sequences, step) for step in PROTOCOLS["strict"])
    lengths = shop.sequences.lengths
    assert (test.learned.lengths == lengths - 2).all()
    assert (test.known.lengths == lengths - 1).all()
    assert (lesson.learned.lengths == lengths - 3).all()
    assert (lesson.known.lengths == lengths - 3).all()
    assert (lesson.truth == shop.sequences.codes[shop.sequences.indptr[1:] - 3]).all()
