"""The network's loss, full and sampled, and its settings."""

import numpy as np
import pytest
import torch

from models.recommenders.item_softmax import STATES_AT_ONCE, Drawn, loss_of
from models.recommenders.lstm import LSTMConfig, LSTMNet
from tests.unit.models.recommenders.recommender_battery import ITEMS
from tests.unit.models.recommenders.test_sequence_model import SMALL


def test_every_item_drawn_once_is_the_full_softmax():
    torch.manual_seed(0)
    net = LSTMNet(SMALL, ITEMS, 0, 0).eval()
    codes = torch.randint(0, ITEMS, (30, 8))
    assert codes[:, 1:].numel() > STATES_AT_ONCE, "a part of the states is left for the end"
    losses, gradients = [], []
    for drawn in (None, Drawn(torch.randperm(ITEMS), torch.zeros(ITEMS))):
        net.zero_grad()
        losses.append(loss_of(net, net, codes, drawn))
        (3 * losses[-1]).backward()
        gradients.append({name: part.grad for name, part in net.named_parameters() if part.grad is not None})
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(*gradients)


def test_an_item_drawn_twice_as_often_is_pushed_down_no_more():
    """An item that is drawn and expected twice has the same weight as one that is drawn and expected once."""
    torch.manual_seed(0)
    net = LSTMNet(SMALL, ITEMS, 0, 0).eval()
    codes = torch.randint(1, ITEMS, (30, 8))
    expected = torch.zeros(ITEMS)
    expected[0] = np.log(2)
    with torch.no_grad():
        once = loss_of(net, net, codes, Drawn(torch.arange(ITEMS), torch.zeros(ITEMS)))
        twice = loss_of(net, net, codes, Drawn(torch.cat([torch.arange(ITEMS), torch.zeros(1).long()]), expected))
    torch.testing.assert_close(once, twice)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"dropout must be 0 or more and below 1"):
        LSTMConfig(dropout=1)
    with pytest.raises(ValueError, match="epochs must be 1 or more"):
        LSTMConfig(epochs=0)
