"""The battery for models that are item graphs, fitted on interest and the items' ids."""

from typing import Any

import pytest

from tests.unit.models.recommenders.recommender_battery import LearnsTaste, RecommenderBattery, ids, shop


class GraphBattery(RecommenderBattery, LearnsTaste):
    """Subclasses name their `model` class and the `config` to fit it with."""

    model: Any
    config: Any

    def fit(self, interest):
        return self.model.fit(self.config, interest, ids("i", interest.shape[1]))

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model.recommend(interest, k, seen, allowed)

    def reloaded(self, model, folder):
        model.save(folder)
        return self.model.load(folder)

    def test_ids_and_columns_must_agree(self):
        with pytest.raises(ValueError, match="the ids are of 39 items"):
            self.model.fit(self.config, shop(), ids("i", 39))
