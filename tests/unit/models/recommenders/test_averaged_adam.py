"""Adam that touches only the rows of a step, beside Adam over whole tables; and the mean of the weights."""

import copy

import pytest
import torch

from models.recommenders.averaged_adam import AVERAGED, AveragedAdam
from models.recommenders.item_softmax import Drawn, train_step
from models.recommenders.lstm import LSTMNet
from tests.unit.models.recommenders.recommender_battery import ITEMS
from tests.unit.models.recommenders.test_sequence_model import SMALL


def steps(by_rows, rows_of_step, number=12):
    """(the optimizer after its steps, the weights of the item table after each)."""
    torch.manual_seed(0)
    net = LSTMNet(SMALL, ITEMS, 0, 0).eval()  # no dropout: both see the same net
    optimizer, tables = AveragedAdam(net, 0.02, by_rows), []
    for step in range(number):
        items = rows_of_step(step)
        codes = items[torch.randint(0, len(items), (16, 6))]
        train_step(net, net, optimizer, codes, Drawn(items, torch.zeros(ITEMS)))
        tables.append(copy.deepcopy(net.items.weight.detach()))
    optimizer.settle()
    return optimizer, tables


def some(step):
    return torch.arange(step % 5, ITEMS, 5)


def test_where_every_row_is_touched_rows_and_tables_learn_the_same():
    by_rows, _ = steps(True, lambda step: torch.arange(ITEMS))
    whole, _ = steps(False, lambda step: torch.arange(ITEMS))
    for row_weights, weights in zip(by_rows.averaged.parameters(), whole.averaged.parameters(), strict=True):
        torch.testing.assert_close(row_weights, weights, rtol=1e-3, atol=1e-4)


def test_a_row_that_no_step_touches_stays():
    optimizer, tables = steps(True, lambda step: torch.arange(10))
    assert torch.equal(tables[0][10:], tables[-1][10:])
    torch.testing.assert_close(optimizer.averaged.items.weight[10:], tables[-1][10:])
    assert not torch.equal(tables[0][:10], tables[-1][:10])


@pytest.mark.parametrize("by_rows", [True, False])
def test_the_mean_of_each_row_is_that_of_all_steps(by_rows):
    """Although by rows it is written only where a row is touched, and at the end."""
    optimizer, tables = steps(by_rows, some)
    torch.manual_seed(0)
    mean = LSTMNet(SMALL, ITEMS, 0, 0).items.weight.detach()
    for step, table in enumerate(tables, 1):
        mean = torch.lerp(mean, table, 1 - min(AVERAGED, step / (step + 10)))
    torch.testing.assert_close(optimizer.averaged.items.weight.detach(), mean, rtol=1e-5, atol=1e-6)
