"""Whether a choice of offers breaks a guard, counted in another way than the offers were chosen."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from models.offers.allocation import Choice, OfferCandidates, OfferRules, UserState

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def violations(candidates: OfferCandidates, rules: OfferRules, state: UserState, choice: Choice) -> dict[str, int]:
    """Guard -> how many users, lines, campaigns or offers of a choice break it; all 0 for a valid choice.

    "held_out" counts offers made to users of the hold-out, and offers withheld from others.
    """
    chosen = choice.offered | choice.withheld
    user, campaign = candidates.user[chosen], candidates.campaign[chosen]
    value, margin_kept = candidates.value[chosen], candidates.margin_kept[chosen]
    has_cost, held_out = candidates.worst_cost[chosen] > 0, state.held_out[candidates.user]
    costs = candidates.expected_cost[chosen], candidates.worst_cost[chosen]
    contacts = np.bincount(user, minlength=len(state.contacts))
    return {
        "held_out": int((choice.offered & held_out).sum() + (choice.withheld & ~held_out).sum()),
        "barred": int(candidates.is_barred[chosen].sum()),
        "unknown_cost": int((has_cost & np.isnan(margin_kept) & ~candidates.is_capped[chosen]).sum()),
        "margin_floor": int((has_cost & (margin_kept < rules.margin_floor[campaign])).sum()),
        "no_gain": int((value <= 0).sum()),
        "no_data": int((np.isnan(value) & ~rules.without_data[campaign]).sum()),
        "had_lately": int(candidates.had_lately[chosen].sum()),
        "one_of_a_kind": _several_of_a_kind(user, rules.kind[campaign], state),
        "exclusion": _excluded_pairs(user, campaign, rules, state),
        "contact_cap": int(((contacts > 0) & (contacts + state.contacts > rules.contacts)).sum()),
        "budget": _overspent(rules.line[campaign], costs, (rules.expected_left, rules.worst_left)),
        "campaign_share": _overspent(campaign, costs, rules.shares_left()),
    }


def _several_of_a_kind(user: I64, kind: I64, state: UserState) -> int:
    """(user, kind) pairs that have a new offer and another offer, standing or new."""
    new = list(zip(user.tolist(), kind.tolist(), strict=True))
    standing = zip(state.standing_user.tolist(), state.standing_kind.tolist(), strict=True)
    offers = Counter([*new, *standing])
    return sum(offers[pair] > 1 for pair in set(new))


def _excluded_pairs(user: I64, campaign: I64, rules: OfferRules, state: UserState) -> int:
    """Pairs of a new offer and another offer of the same user that exclude each other."""
    has = np.zeros((len(state.contacts), len(rules.kind)), bool)
    is_in_file = state.standing_campaign >= 0
    has[state.standing_user[is_in_file], state.standing_campaign[is_in_file]] = True
    has[user, campaign] = True
    return int((has[user] & rules.excludes[campaign]).sum())


def _overspent(payer: I64, costs: tuple[F64, F64], left: tuple[F64, F64]) -> int:
    """Lines or campaigns, by code, whose chosen offers cost more than they have left, as expected or at worst."""
    over = np.zeros(len(left[0]), bool)
    for cost, limit in zip(costs, left, strict=True):
        over |= np.bincount(payer, cost, len(limit)) > np.maximum(limit, 0) + 1e-9 * (1 + np.abs(limit))
    return int(over.sum())
