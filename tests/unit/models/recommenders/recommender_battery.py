"""Tests that every recommender must pass; a subclass says how to fit, list, save and load."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

USERS, ITEMS = 60, 40


def ids(prefix, count):
    return np.array([f"{prefix}{n:05d}" for n in range(count)])


def shop(users=USERS, items=ITEMS, seed=0):
    """Two tastes: even users want even items. User 0 and item 0 have no events, users 2 and 4 are twins."""
    rng = np.random.default_rng(seed)
    same_taste = (np.arange(users)[:, None] + np.arange(items)) % 2 == 0
    dense = (rng.random((users, items)) < np.where(same_taste, 0.4, 0.03)) * rng.integers(1, 4, (users, items))
    dense[0], dense[:, 0] = 0, 0
    if users > 4:
        dense[4] = dense[2]
    return csr_matrix(dense.astype(np.float32))


class RecommenderBattery:
    """Subclasses define `fit(interest)` and `lists(model, interest, k, seen, allowed)` for all rows of interest."""

    takes_weights = True  # False for models of sequences: these see events without weights

    def fit(self, interest):
        raise NotImplementedError

    def lists(self, model, interest, k, seen=None, allowed=None):
        raise NotImplementedError

    def reloaded(self, model, folder):
        """The model after saving and loading; a model that is a pure function has nothing to save."""
        return model

    def fitted_lists(self, interest, k, seen=None, allowed=None):
        return self.lists(self.fit(interest), interest, k, seen, allowed)

    def test_twins_get_twins_items(self):
        codes, scores = self.fitted_lists(shop(), 10)
        np.testing.assert_array_equal(codes[2], codes[4])
        np.testing.assert_array_equal(scores[2], scores[4])

    def test_seen_items_never_return(self):
        seen = shop()
        codes, _ = self.fitted_lists(seen, ITEMS, seen)
        for user in range(USERS):
            assert set(codes[user, codes[user] >= 0]) == set(range(ITEMS)) - set(seen[user].indices)

    def test_items_not_allowed_never_return(self):
        allowed = np.arange(ITEMS) % 3 > 0
        codes, scores = self.fitted_lists(shop(), ITEMS, None, allowed)
        assert set(codes[codes >= 0]) == set(np.flatnonzero(allowed))
        assert np.isneginf(scores[codes < 0]).all()

    def test_best_come_first_and_ties_go_to_the_lower_code(self):
        codes, scores = self.fitted_lists(shop(), 20)
        falls, ties = np.diff(scores, axis=1) < 0, np.diff(scores, axis=1) == 0
        assert (falls | (ties & (np.diff(codes, axis=1) > 0))).all()

    def test_save_and_load_gives_the_same_lists(self, tmp_path):
        interest = shop()
        model = self.fit(interest)
        before, after = self.lists(model, interest, 9), self.lists(self.reloaded(model, tmp_path), interest, 9)
        assert before[0].tobytes() == after[0].tobytes()
        assert before[1].tobytes() == after[1].tobytes()

    def test_the_same_inputs_give_the_same_bits(self):
        first, second = self.fitted_lists(shop(), 9), self.fitted_lists(shop(), 9)
        assert first[1].tobytes() == second[1].tobytes()

    def test_a_cold_user_gets_a_full_list(self):
        codes, scores = self.fitted_lists(shop(), 12)
        assert len(set(codes[0])) == 12
        assert codes[0].min() >= 0
        assert np.isfinite(scores[0]).all()

    def test_an_item_without_events_is_ranked_too(self):
        codes, scores = self.fitted_lists(shop(), ITEMS)
        assert (codes == 0).sum() == USERS
        assert np.isfinite(scores).all()

    def test_one_user_only(self):
        interest = shop()[1]
        codes, _ = self.fitted_lists(interest, 3)
        assert codes.shape == (1, 3)

    def test_a_user_with_one_event_gets_a_full_list(self):
        interest = shop().tolil()
        interest[7] = 0
        interest[7, 3] = 1
        codes, scores = self.fitted_lists(interest.tocsr(), 12)
        assert len(set(codes[7])) == 12
        assert np.isfinite(scores[7]).all()

    @pytest.mark.parametrize("weight", [np.nan, np.inf, -1.0, 0.0])
    def test_a_weight_that_means_nothing_is_refused(self, weight):
        if not self.takes_weights:
            pytest.skip("takes no weights")
        interest = shop()
        interest.data[5] = weight
        with pytest.raises(ValueError, match="not finite and above 0"):
            self.fitted_lists(interest, 3)

    def test_a_duplicate_pair_is_refused(self):
        if not self.takes_weights:
            pytest.skip("takes no weights")
        once = shop()
        twice = csr_matrix(
            (np.tile(once.data, 2), np.hstack([once.indices.reshape(1, -1)] * 2).ravel(), once.indptr * 2), once.shape
        )
        with pytest.raises(ValueError, match="duplicate"):
            self.fitted_lists(twice, 3)

    def test_a_shop_where_nobody_did_anything_is_refused_or_listed(self):
        nothing = csr_matrix((USERS, ITEMS), dtype=np.float32)
        message, codes = "", np.zeros((0, 3), np.int32)
        try:
            codes, _ = self.fitted_lists(nothing, 3)
        except ValueError as refused:
            message = str(refused)
        assert "nothing to learn from" in message or (len(codes) == USERS and np.all(np.diff(np.sort(codes)) > 0))

    @pytest.mark.parametrize("k", [0, ITEMS + 1])
    def test_k_outside_the_catalogue_is_refused(self, k):
        with pytest.raises(ValueError, match=rf"k={k} is not in 1..{ITEMS}"):
            self.fitted_lists(shop(), k)


class LearnsTaste:
    """For recommenders whose lists depend on the user."""

    def test_users_get_items_of_their_own_taste(self):
        interest = shop(300, 60)
        codes, _ = self.fitted_lists(interest, 5, interest)
        users = np.arange(2, 300)
        assert ((codes[users] + users[:, None]) % 2 == 0).mean() > 0.9
