"""A user's arm is the same every night, has its share of the users, and is independent of other experiments."""

import numpy as np
import pytest

from models.experiments.analysis import sample_ratio
from models.experiments.assignment import assign

USERS = [f"u{number}" for number in range(20_000)]
HALF = {"control": 0.5, "treatment": 0.5}


def test_arms_stay_and_have_their_shares():
    shares = {"control": 0.1, "a": 0.3, "b": 0.6}
    first = assign(USERS, "banner", "salt", shares)
    assert first == assign(USERS, "banner", "salt", shares)
    counts = {arm: first.count(arm) for arm in shares}
    assert sample_ratio(counts, shares)[1]
    assert assign(["u7"], "banner", "salt", shares) == [first[7]]  # the arm does not depend on other users


def test_experiments_are_independent_of_each_other():
    banner, price = (np.array(assign(USERS, name, "salt", HALF)) == "treatment" for name in ("banner", "price"))
    assert abs(np.corrcoef(banner, price)[0, 1]) < 0.03
    other_salt = np.array(assign(USERS, "banner", "pepper", HALF)) == "treatment"
    assert abs(np.corrcoef(banner, other_salt)[0, 1]) < 0.03


def test_shares_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        assign(["u"], "x", "s", {"a": 0.5})
