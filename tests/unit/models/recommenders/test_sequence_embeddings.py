"""A sequence model's embeddings of users and items under tonight's ids, and the model as a source of lists."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from models.ranking.backtest import sources_at
from models.ranking.candidate_sources import Sources
from models.recommenders.lstm import LSTM, LSTMConfig
from models.recommenders.sequence_embeddings import Encoded, sequences_of
from tests.unit.models.ranking.test_ranker import SOURCES, shop_log

IDS = np.array([f"i{code:03d}" for code in range(40)])
CONFIG = LSTMConfig(dim=8, hidden=8, epochs=3, epoch_steps=20, batch=32, threads=1, device="cpu")


@lru_cache
def history():
    return shop_log().between(-np.inf, 49).without_returned()


@lru_cache
def model():
    return LSTM.fit(CONFIG, sequences_of(history()), IDS)


def test_sequences_are_each_users_items_in_time_without_what_comes_twice_in_a_row():
    log = history()
    sequences = sequences_of(log)
    for user in (0, 31, 59):
        user_items = log.item[log.user == user]
        without_repeats = user_items[np.flatnonzero(np.append(True, np.diff(user_items) != 0))]
        assert sequences.codes[sequences.indptr[user] : sequences.indptr[user + 1]].tolist() == without_repeats.tolist()


def test_the_product_is_the_models_logit():
    sequences = sequences_of(history())
    encoded = Encoded.by(model(), sequences, IDS)
    codes, scores = model().recommend(sequences, 3)
    np.testing.assert_allclose((encoded.states @ encoded.rows.T)[np.arange(60)[:, None], codes], scores, rtol=1e-4)


def test_items_that_the_model_does_not_know_are_skipped():
    ids = np.array([*IDS[:39], "new", "newer"])  # i039 has gone, two have come
    log = replace(history(), n_items=41, attributes={})
    gone = log.item == 39
    log = replace(log, item=np.where(gone, 40, log.item).astype(np.int32))
    encoded = Encoded.by(model(), sequences_of(log), ids)
    assert not encoded.rows[39:].any()
    assert encoded.rows[:39].any(axis=1).all()
    assert encoded.states.any(axis=1).all()


def test_a_user_without_events_has_zeros():
    encoded = Encoded.by(model(), sequences_of(replace(history(), n_users=61)), IDS)
    assert not encoded.states[60].any()


def test_it_is_a_source_of_lists_and_survives_the_disk(tmp_path):
    def encode(log, now):
        assert log.time.max() < now
        return Encoded.by(model(), sequences_of(log), IDS)

    sources = sources_at(SOURCES, shop_log(), 49.0, 7.0, encode)
    (codes, _), _ = sources.lists(np.arange(60))["lstm"]
    own_taste = codes % 2 == (np.arange(60) % 2)[:, None]
    assert own_taste[:, :5].mean() > 0.8
    sources.save(tmp_path)
    np.testing.assert_array_equal(Sources.load(tmp_path).lists(np.arange(60))["lstm"][0][0], codes)


def test_before_the_first_model_the_source_is_there_and_empty():
    sources = sources_at(SOURCES, shop_log(), 49.0, 7.0, lambda log, _: Encoded.nothing(log.n_users, log.n_items))
    assert (sources.lists(np.arange(60))["lstm"][0][0] == -1).all()
    assert "lstm" not in sources_at(SOURCES, shop_log(), 49.0, 7.0).lists(np.arange(60))
