"""The audit of a choice finds every broken guard."""

from __future__ import annotations

import numpy as np
import pytest

from models.offers.allocation import GUARDS, Choice
from models.offers.audit import violations
from tests.unit.models.offers.offer_problems import offer_problem


@pytest.mark.parametrize("guard", ["held_out", *GUARDS])
def test_the_audit_finds_what_breaks_each_guard(guard):
    broken = 0
    for seed in range(40):
        candidates, rules, state = offer_problem(seed, 12, 5, 2, 60)
        all_of_them = np.ones(len(candidates), bool)
        choice = Choice(all_of_them, ~all_of_them, all_of_them.astype(np.int8))
        broken += violations(candidates, rules, state, choice)[guard]
    assert broken > 0
