"""A saved sequence model is loaded by what its manifest says it is."""

import json

import pytest

from models.recommenders.lstm import LSTM
from models.recommenders.sequence_networks import NETWORKS, SavedNetwork
from models.recommenders.transformer import Transformer
from tests.unit.models.recommenders import test_sequence_model, test_transformer
from tests.unit.models.recommenders.recommender_battery import ITEMS, ids, shop
from tests.unit.models.recommenders.test_sequence_model import sequences

SMALL = {LSTM: test_sequence_model.SMALL, Transformer: test_transformer.SMALL}


@pytest.mark.parametrize("network", NETWORKS.values())
def test_each_network_comes_back_as_itself(network, tmp_path):
    model = network.fit(SMALL[network], sequences(shop()), ids("i", ITEMS))
    model.save(tmp_path)
    loaded = SavedNetwork.load(tmp_path)
    assert type(loaded) is network
    assert (loaded.item_rows == model.item_rows).all()


def test_another_kind_of_model_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"model": "als", "config": {}}))
    with pytest.raises(ValueError, match="holds a 'als'; a sequence model is one of lstm, transformer"):
        SavedNetwork.load(tmp_path)
