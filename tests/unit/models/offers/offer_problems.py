"""Random problems of choosing offers, for tests."""

from __future__ import annotations

import dataclasses

import numpy as np

from models.offers.allocation import OfferCandidates, OfferRules, UserState


def offer_problem(
    seed: int, users: int, campaigns: int, lines: int, budget: float, cap: int = 2, odd: bool = True
) -> tuple[OfferCandidates, OfferRules, UserState]:
    """A random shop. odd: with unknown values and costs, losses, standing offers, empty lines and shares."""
    rng = np.random.default_rng(seed)
    pairs = [(u, c) for u in range(users) for c in range(campaigns) if rng.random() < 0.7]
    user, campaign = np.array(pairs, np.int64).reshape(-1, 2).T
    n = len(user)
    worst = np.where(rng.random(n) < 0.2, 0.0, rng.uniform(1, 20, n))
    value = rng.normal(5, 6, n) if odd else rng.uniform(0.1, 10, n)
    margin_kept = rng.normal(0.3, 0.2, n) if odd else np.full(n, 0.5)
    candidates = OfferCandidates(
        user=user,
        campaign=campaign,
        value=np.where(odd & (rng.random(n) < 0.2), np.nan, value),
        expected_cost=worst * rng.random(n),
        worst_cost=worst,
        margin_kept=np.where(odd & (rng.random(n) < 0.2), np.nan, margin_kept),
        had_lately=odd & (rng.random(n) < 0.1),
        is_capped=odd & (rng.random(n) < 0.5),
        is_barred=odd & (rng.random(n) < 0.1),
    )
    excludes = np.triu(rng.random((campaigns, campaigns)) < 0.15, 1)
    rules = OfferRules(
        kind=rng.integers(0, max(1, campaigns - 1), campaigns),
        line=rng.integers(0, lines, campaigns),
        margin_floor=np.full(campaigns, 0.1),
        without_data=rng.random(campaigns) < 0.5,
        excludes=excludes | excludes.T,
        expected_left=rng.uniform(0, budget, lines) * (rng.random(lines) < 0.9),
        worst_left=rng.uniform(0, 2 * budget, lines),
        contacts=cap,
    )
    if odd:
        share = np.where(rng.random(campaigns) < 0.6, budget / 2, np.inf)
        rules = dataclasses.replace(rules, expected_share_left=share * rng.random(campaigns), worst_share_left=share)
    standing = rng.integers(0, users, 3) if odd else np.zeros(0, np.int64)
    kinds = rng.integers(0, campaigns, len(standing))
    state = UserState(
        contacts=rng.integers(0, 2, users) if odd else np.zeros(users, np.int64),
        held_out=rng.random(users) < (0.2 if odd else 0.0),
        standing_user=standing,
        standing_kind=kinds,
        standing_campaign=rng.integers(-1, campaigns, len(standing)),
    )
    return candidates, rules, state
