"""The Transformer: the battery, what an event may look at, and its settings."""

import pytest
import torch

from models.recommenders.transformer import Transformer, TransformerConfig, TransformerNet
from tests.unit.models.recommenders.recommender_battery import ITEMS, LearnsTaste, RecommenderBattery, ids
from tests.unit.models.recommenders.test_sequence_model import of, sequences

SMALL = TransformerConfig(
    dim=16,
    batch=16,
    epochs=6,
    dropout=0.1,
    state_dropout=0.0,
    block_dropout=0.0,
    learning_rate=0.02,
    length=20,
    epoch_steps=1,
    threads=1,
)


class TestTransformer(RecommenderBattery, LearnsTaste):
    takes_weights = False

    def fit(self, interest):
        return Transformer.fit(SMALL, sequences(interest), ids("i", interest.shape[1]))

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model.recommend(sequences(interest), k, seen, allowed)

    def reloaded(self, model, folder):
        model.save(folder)
        return Transformer.load(folder, model.config)


def test_no_event_sees_a_later_one():
    torch.manual_seed(0)
    net = TransformerNet(SMALL, ITEMS, 0, 0).eval()
    codes = torch.randint(0, ITEMS, (5, 9))
    changed = codes.clone()
    changed[:, 6:] = (codes[:, 6:] + 1) % ITEMS
    with torch.no_grad():
        before, after = net(codes), net(changed)
    torch.testing.assert_close(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])


def test_states_are_read_as_they_are_trained():
    torch.manual_seed(0)
    net = TransformerNet(SMALL, ITEMS, 0, 0).eval()
    codes, last = torch.randint(0, ITEMS, (5, 9)), torch.tensor([0, 3, 8, 8, 2])
    with torch.no_grad():
        torch.testing.assert_close(net.reader(bf16=False)(codes, last), net(codes)[torch.arange(5), last])


def test_a_validation_is_not_learned_but_chooses_the_epoch():
    """The validation's last event follows in no training sequence, so it must stay as unlikely as other items."""
    learned = of(*([[number % 5, number % 5 + 5] for number in range(40)]))
    validation = of(*([[number % 5, 12] for number in range(40)]))
    model = Transformer.fit(SMALL, learned, ids("i", ITEMS), validation=validation)
    codes, _ = model.recommend(of([0], [3]), 1)
    assert codes.ravel().tolist() == [5, 8]
    assert 1 <= model.epochs <= SMALL.epochs


def test_heads_must_divide_the_dim():
    with pytest.raises(ValueError, match="dim is 10: it must be a multiple of heads, which is 4"):
        TransformerConfig(dim=10, heads=4)
