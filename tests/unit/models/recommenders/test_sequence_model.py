"""The LSTM: the battery with each row's items as a sequence, vocabularies that change, and bad input."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from models.core.sequences import Sequences
from models.recommenders.item_softmax import Attributes
from models.recommenders.lstm import LSTM, LSTMConfig
from tests.unit.models.recommenders.recommender_battery import (
    ITEMS,
    USERS,
    LearnsTaste,
    RecommenderBattery,
    ids,
    shop,
)

SMALL = LSTMConfig(
    dim=16,
    hidden=16,
    batch=16,
    epochs=4,
    dropout=0.1,
    state_dropout=0.0,
    learning_rate=0.02,
    length=20,
    epoch_steps=1,
    threads=1,
)


def sequences(interest):
    """Each row's items in an order that depends only on the items, so that twins stay twins."""
    codes = interest.indices.copy()
    for low, high in zip(interest.indptr[:-1], interest.indptr[1:], strict=True):
        np.random.default_rng(codes[low:high].tolist()).shuffle(codes[low:high])
    return Sequences(interest.indptr.astype(np.int64), codes)


def of(*lists):
    return Sequences(np.cumsum([0, *map(len, lists)]), np.array([code for codes in lists for code in codes], np.int32))


def trained(config=SMALL, data=None, items=ITEMS, **rest):
    return LSTM.fit(config, data or sequences(shop()), ids("i", items), **rest)


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.net.parameters(), second.net.parameters(), strict=True))


class TestLSTM(RecommenderBattery, LearnsTaste):
    takes_weights = False

    def fit(self, interest):
        return LSTM.fit(SMALL, sequences(interest), ids("i", interest.shape[1]))

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model.recommend(sequences(interest), k, seen, allowed)

    def reloaded(self, model, folder):
        model.save(folder)
        return LSTM.load(folder, model.config)


def test_a_saved_model_of_another_config_is_refused(tmp_path):
    trained().save(tmp_path)
    with pytest.raises(ValueError, match=r"dropout 0\.1 \(asked 0\.3\)"):
        LSTM.load(tmp_path, dataclasses.replace(SMALL, dropout=0.3))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"items": 3}))
    with pytest.raises(ValueError, match=r"ids of 40 items and 0 attributes, .* its manifest says 3 items"):
        LSTM.load(tmp_path)


def test_rows_are_carried_by_id_where_the_vocabulary_shrank_and_grew():
    before = trained()
    kept_codes = np.r_[5:ITEMS]
    names = np.append(ids("i", ITEMS)[kept_codes], "j00000")
    still = dataclasses.replace(SMALL, learning_rate=1e-12, warm_epochs=1)
    after = LSTM.fit(still, of([0, 1, 2], [3, 4, 35]), names, previous=before)
    np.testing.assert_allclose(after.item_rows[:-1], before.item_rows[kept_codes], atol=1e-6)
    assert after.recommend(of([35]), len(names))[0].min() >= 0


def test_a_previous_of_another_size_is_refused():
    with pytest.raises(ValueError, match="fit without it"):
        trained(dataclasses.replace(SMALL, dim=8), previous=trained())


def test_users_of_one_event_and_of_none_get_full_lists():
    model = trained()
    states = model.encode(of([], [7]))
    assert not states[0].any()
    assert states[1].any()
    codes, _ = model.recommend(of([], [7]), ITEMS)
    assert codes[0].tolist() == np.argsort(-model.item_rows[:, -1], kind="stable").tolist()
    assert sorted(codes[1]) == list(range(ITEMS))


def test_encoding_again_gives_the_same_states():
    model, data = trained(), sequences(shop())
    some = [3, 8, 31]
    changed = of(*(data.codes[data.indptr[u] : data.indptr[u + 1]] for u in some))
    np.testing.assert_allclose(model.encode(changed), model.encode(data)[some], atol=1e-6)


def test_only_the_last_events_are_looked_at():
    model = trained()
    long = [n % ITEMS for n in range(3, 40)]
    assert np.array_equal(model.encode(of(long)), model.encode(of(long[-SMALL.length :])))


def test_all_but_one_event_each_is_nothing_to_learn_from():
    with pytest.raises(ValueError, match="none of 3 sequences has two events"):
        trained(data=of([1], [2], []))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (Sequences(np.array([0, 2]), np.array([1, ITEMS], np.int32)), "item codes span 1..40"),
        (Sequences(np.array([0, 3]), np.array([1, 2], np.int32)), "must run from 0 to"),
        (Sequences(np.array([0, 2, 1, 3]), np.arange(3, dtype=np.int32)), "falls at user 1"),
        (Sequences(np.array([0, 2]), np.array([0.5, 1.0])), "must be integers"),
    ],
)
def test_bad_sequences_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        trained(data=bad)


def test_attributes_tell_items_nobody_touched_from_others():
    """Items 0 to 19 have no event, but the attribute of the even or of the odd ones."""
    interest = shop(300, 60)
    interest = csr_matrix(interest.multiply(np.arange(60) >= 20))
    attributes = Attributes(csr_matrix(np.eye(2, dtype=np.float32)[np.arange(60) % 2]), np.array(["even", "odd"]))
    model = LSTM.fit(SMALL, sequences(interest), ids("i", 60), attributes)
    taste = model.encode(sequences(interest))[2:] @ model.item_rows[:20, :-1].T
    is_own_taste = (np.arange(2, 300)[:, None] + np.arange(20)) % 2 == 0
    assert taste[is_own_taste].mean() > taste[~is_own_taste].mean() + 0.5


def test_attributes_that_are_nan_or_of_other_items_are_refused():
    broken = csr_matrix(np.full((ITEMS, 1), np.nan, np.float32))
    with pytest.raises(ValueError, match="40 attributes are NaN"):
        trained(attributes=Attributes(broken, np.array(["a"])))
    with pytest.raises(ValueError, match=r"attributes are \(3, 1\)"):
        trained(attributes=Attributes(broken[:3], np.array(["a"])))


def test_a_large_catalogue_is_sampled_and_still_learns_taste():
    interest = shop(300, 60)
    config = dataclasses.replace(SMALL, full_softmax_items=10, negatives=30)
    codes, _ = LSTM.fit(config, sequences(interest), ids("i", 60)).recommend(sequences(interest), 5, interest)
    assert ((codes[2:] + np.arange(2, 300)[:, None]) % 2 == 0).mean() > 0.9


def test_sequences_longer_than_the_window_are_learned_whole():
    long = of(*([n % 7 for n in range(start, start + 95)] for start in range(USERS)))
    config = dataclasses.replace(SMALL, epochs=8)
    codes, _ = LSTM.fit(config, long, ids("i", 8)).recommend(of([3, 4, 5], [1, 2]), 1)
    assert codes.ravel().tolist() == [6, 3]
