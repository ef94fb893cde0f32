"""Who gets which offer: the choice with the most expected margin that the guards allow.

This is a knapsack problem with several budgets and rules about each user. It is solved greedily in three orders, of
which the best result is kept; `tests/unit/models/offers/test_allocation.py` measures it against exact optima. Offers
are chosen for users of the hold-out as for all others, and then withheld, so that one rule picked all users who are
compared later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I8 = NDArray[np.int8]
Bool = NDArray[np.bool_]

# Why a candidate is refused. Guards are asked in this order; a candidate counts under the first that refuses it.
GUARDS = (
    "barred",
    "unknown_cost",
    "margin_floor",
    "no_gain",
    "no_data",
    "had_lately",
    "one_of_a_kind",
    "exclusion",
    "contact_cap",
    "budget",
    "campaign_share",
)
_GUARD = {name: number for number, name in enumerate(GUARDS)}
BARRED, CHOSEN = 0, -1
# Candidates are tried by value / share of the budget ** power: 1 for value per money, 0 for value alone.
_POWERS = (1.0, 0.5, 0.0)


@dataclass(frozen=True)
class OfferCandidates:
    """One row for each (user, campaign) that meets the campaign's conditions; arrays (n,), money in one currency.

    value: expected margin gained, NaN where not known. expected_cost, worst_cost: as expected, and if the offer is used
    in full. margin_kept: share of what is paid that stays after cost, NaN where a cost is unknown; needed only where
    worst_cost is above 0. had_lately: the same offer came to the user too recently. is_capped: the discount is small
    enough for an unknown cost. is_barred: refused by the caller, for a reason of its own.
    """

    user: I64
    campaign: I64
    value: F64
    expected_cost: F64
    worst_cost: F64
    margin_kept: F64
    had_lately: Bool
    is_capped: Bool
    is_barred: Bool

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class OfferRules:
    """The rules of C campaigns on L budget lines.

    kind, line (C,): codes. margin_floor (C,): least margin_kept. without_data (C,): may be offered where its value is
    not known. excludes (C, C): symmetric. expected_left, worst_left (L,): what the lines can still pay. contacts: how
    many offers a user may get within the cap's days, those of `UserState.contacts` included. expected_share_left,
    worst_share_left (C,): what each campaign may still take of its line, infinite for a campaign without a share;
    empty if no campaign has one.
    """

    kind: I64
    line: I64
    margin_floor: F64
    without_data: Bool
    excludes: Bool
    expected_left: F64
    worst_left: F64
    contacts: int
    expected_share_left: F64 = field(default_factory=lambda: np.zeros(0))
    worst_share_left: F64 = field(default_factory=lambda: np.zeros(0))

    def shares_left(self) -> tuple[F64, F64]:
        """(expected, worst), (C,) each; infinite for a campaign without a share."""
        if len(self.expected_share_left):
            return self.expected_share_left, self.worst_share_left
        unlimited = np.full(len(self.kind), np.inf)
        return unlimited, unlimited


@dataclass(frozen=True)
class UserState:
    """What U users have: offers within the cap's days (U,), whether they are held out (U,), and s standing offers.

    A standing offer's campaign is -1 where the campaign file no longer has it; its kind still counts.
    """

    contacts: I64
    held_out: Bool
    standing_user: I64
    standing_kind: I64
    standing_campaign: I64


@dataclass(frozen=True)
class Choice:
    """Each candidate (n,) is offered, withheld (chosen for a held-out user), or refused by one guard."""

    offered: Bool
    withheld: Bool
    refused: I8  # number of the guard in GUARDS, or CHOSEN


def choose(candidates: OfferCandidates, rules: OfferRules, state: UserState, seed: int) -> Choice:
    """The best of three greedy passes under all guards; candidates of unknown value come last, in a drawn order.

    Withheld offers use up budget as if they were made, so the lines keep the hold-out's part of the money.
    The same candidates in the same order, with the same seed, give the same choice. Raises ValueError if a cost is
    negative or not a number.
    """
    _check_costs(candidates)
    refused_alone = _refused_alone(candidates, rules)
    open_rows = np.flatnonzero(refused_alone == CHOSEN)
    draw = np.random.default_rng(seed).random(len(candidates))
    budget_share = _budget_share(candidates, rules)
    best_refused, best_value = refused_alone, -np.inf
    for power in _POWERS:
        weight = np.nan_to_num(candidates.value / budget_share**power, nan=-1.0)  # a known open value is above 0
        order = open_rows[np.lexsort((draw[open_rows], -weight[open_rows]))]
        refused = _take_in_order(order, candidates, rules, state, refused_alone)
        value = float(np.nansum(candidates.value[refused == CHOSEN]))
        if value > best_value:
            best_refused, best_value = refused, value
    chosen, held_out = best_refused == CHOSEN, state.held_out[candidates.user]
    return Choice(chosen & ~held_out, chosen & held_out, best_refused)


def _check_costs(candidates: OfferCandidates) -> None:
    for name, cost in (("expected", candidates.expected_cost), ("worst", candidates.worst_cost)):
        if not (np.isfinite(cost).all() and (cost >= 0).all()):
            raise ValueError(f"{name} costs must be finite and 0 or more; row {int(np.argmin(cost))} has {cost.min()}")


def _refused_alone(candidates: OfferCandidates, rules: OfferRules) -> I8:
    """(n,) the first guard that refuses a candidate whatever else is chosen; CHOSEN where none does."""
    refused = np.full(len(candidates), CHOSEN, np.int8)
    has_cost = candidates.worst_cost > 0
    fails = {
        "barred": candidates.is_barred,
        "unknown_cost": has_cost & np.isnan(candidates.margin_kept) & ~candidates.is_capped,
        "margin_floor": has_cost & (candidates.margin_kept < rules.margin_floor[candidates.campaign]),
        "no_gain": candidates.value <= 0,
        "no_data": np.isnan(candidates.value) & ~rules.without_data[candidates.campaign],
        "had_lately": candidates.had_lately,
    }
    for guard, failing in fails.items():
        refused[(refused == CHOSEN) & failing] = _GUARD[guard]
    return refused


def _budget_share(candidates: OfferCandidates, rules: OfferRules) -> F64:
    """(n,) the larger of the two shares that an offer takes of what its line and campaign have left, 1e-9..1e9."""
    of_lines = rules.expected_left[rules.line], rules.worst_left[rules.line]  # (C,) each
    expected_left, worst_left = (
        np.minimum(of_line, of_campaign)[candidates.campaign]
        for of_line, of_campaign in zip(of_lines, rules.shares_left(), strict=True)
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.fmax(candidates.expected_cost / expected_left, candidates.worst_cost / worst_left)
    return np.clip(np.nan_to_num(share, nan=0.0, posinf=1e9), 1e-9, 1e9)


def _take_in_order(
    order: I64, candidates: OfferCandidates, rules: OfferRules, state: UserState, refused_alone: I8
) -> I8:
    """One greedy pass: (n,) the guard that refuses each candidate, CHOSEN for those that were taken.

    Takes the candidates of `order` one after another and refuses those that no longer fit. Works on lists, since
    millions of single array accesses are slow.
    """
    refused = refused_alone.copy()
    users, campaigns = candidates.user.tolist(), candidates.campaign.tolist()
    expected_costs, worst_costs = candidates.expected_cost.tolist(), candidates.worst_cost.tolist()
    kinds, lines = rules.kind.tolist(), rules.line.tolist()
    excluded_by = [np.flatnonzero(row).tolist() for row in rules.excludes]
    expected_left, worst_left = rules.expected_left.tolist(), rules.worst_left.tolist()
    expected_share_left, worst_share_left = (left.tolist() for left in rules.shares_left())
    contacts = state.contacts.tolist()
    users_standing = state.standing_user.tolist()
    has_kind = set(zip(users_standing, state.standing_kind.tolist(), strict=True))
    has_campaign = set(zip(users_standing, state.standing_campaign.tolist(), strict=True))
    for row in order.tolist():
        user, campaign, expected, worst = users[row], campaigns[row], expected_costs[row], worst_costs[row]
        kind, line = kinds[campaign], lines[campaign]
        if (user, kind) in has_kind:
            refused[row] = _GUARD["one_of_a_kind"]
        elif any((user, other) in has_campaign for other in excluded_by[campaign]):
            refused[row] = _GUARD["exclusion"]
        elif contacts[user] >= rules.contacts:
            refused[row] = _GUARD["contact_cap"]
        elif expected > expected_left[line] or worst > worst_left[line]:
            refused[row] = _GUARD["budget"]
        elif expected > expected_share_left[campaign] or worst > worst_share_left[campaign]:
            refused[row] = _GUARD["campaign_share"]
        else:
            has_kind.add((user, kind))
            has_campaign.add((user, campaign))
            contacts[user] += 1
            expected_left[line] -= expected
            worst_left[line] -= worst
            expected_share_left[campaign] -= expected
            worst_share_left[campaign] -= worst
    return refused
