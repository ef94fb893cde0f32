"""Who gets which offer: the most expected margin that hard guards allow, an audit of it, and what it is estimated from.

Choosing is a knapsack with several budgets and rules about each user, so it is done greedily, in three orders, and the
best of them is kept; `tests/unit/models/offers/test_allocation.py` measures it against exact optima. Held-out users are
chosen for as all others are, and are then left without: whoever is compared with whoever was offered something was
picked by one rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

# Why a candidate is refused, in the order in which it is asked; a candidate is counted under the first.
GUARDS = ("unknown_cost", "margin_floor", "no_gain", "no_data", "had_lately", "one_of_a_kind", "exclusion",
          "contact_cap", "budget", "campaign_share")  # fmt: skip
_GUARD = {name: number for number, name in enumerate(GUARDS)}
CHOSEN = -1


@dataclass(frozen=True)
class Candidates:
    """One row for each (user, campaign) that meets the campaign's conditions; arrays (n,), money in one currency.

    value: expected margin gained, NaN where not known. expected, worst: its cost as expected, and if used to the full.
    kept: share of what is paid that stays after cost, NaN where a cost is unknown; asked only where worst is above 0.
    had: the user had this offer not long enough ago. capped: the discount is small enough for an unknown cost.
    """

    user: I64
    campaign: I64
    value: F64
    expected: F64
    worst: F64
    kept: F64
    had: Bool
    capped: Bool

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class Rules:
    """What holds for C campaigns on L budget lines.

    kind, line (C,) codes; floor (C,) least `kept`; blind (C,): may be offered where the value is not known;
    excludes (C, C) symmetric; expected_left, worst_left (L,): what the lines still have; contacts: offers that a user
    may get within the cap's days, those of `State.contacts` among them. expected_share, worst_share (C,): what each
    campaign may still take of its line, infinite where it has no share of its own; empty: no campaign has one.
    """

    kind: I64
    line: I64
    floor: F64
    blind: Bool
    excludes: Bool
    expected_left: F64
    worst_left: F64
    contacts: int
    expected_share: F64 = field(default_factory=lambda: np.zeros(0))
    worst_share: F64 = field(default_factory=lambda: np.zeros(0))

    def shares(self) -> tuple[F64, F64]:
        """(C,) each; infinite where a campaign has none."""
        free = np.full(len(self.kind), np.inf)
        return (self.expected_share, self.worst_share) if len(self.expected_share) else (free, free)


@dataclass(frozen=True)
class State:
    """What U users have: offers within the cap's days (U,), whether held out (U,), and offers that stand, (s,) each.

    A standing offer's campaign is -1 where the file no longer has it; its kind still counts.
    """

    contacts: I64
    held_out: Bool
    standing_user: I64
    standing_kind: I64
    standing_campaign: I64


@dataclass(frozen=True)
class Choice:
    """Each candidate is offered, withheld (chosen for a held-out user), or refused by the guard numbered; (n,) each."""

    offered: Bool
    withheld: Bool
    refused: NDArray[np.int8]  # of GUARDS, CHOSEN where none


def choose(candidates: Candidates, rules: Rules, state: State, seed: int) -> Choice:
    """The best of three greedy passes under all guards; what is worth an unknown sum comes last, in a drawn order.

    Withheld offers use up budget as if they were made, so the lines are left with their share. Deterministic in the
    order of the candidates and the seed. Raises ValueError if a cost is negative or not a number.
    """
    for name in ("expected", "worst"):
        cost = getattr(candidates, name)
        if not (np.isfinite(cost).all() and (cost >= 0).all()):
            raise ValueError(f"{name} costs must be finite and 0 or more; row {int(np.argmin(cost))} has {cost.min()}")
    refused = _refused_alone(candidates, rules)
    open_rows = np.flatnonzero(refused == CHOSEN)
    draw = np.random.default_rng(seed).random(len(candidates))
    lines = rules.expected_left[rules.line], rules.worst_left[rules.line]  # (C,) what a campaign's line has left
    left = [np.minimum(*pair)[candidates.campaign] for pair in zip(lines, rules.shares(), strict=True)]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.fmax(candidates.expected / left[0], candidates.worst / left[1])
    share = np.clip(np.nan_to_num(share, nan=0.0, posinf=1e9), 1e-9, 1e9)
    best, most = refused, -np.inf
    for power in (1.0, 0.5, 0.0):
        weight = np.nan_to_num(candidates.value / share**power, nan=-1.0)  # whoever is open and known is above 0
        order = open_rows[np.lexsort((draw[open_rows], -weight[open_rows]))]
        tried = refused.copy()
        _pass(order, candidates, rules, state, tried)
        worth = float(np.nansum(candidates.value[tried == CHOSEN]))
        if worth > most:
            best, most = tried, worth
    chosen, held = best == CHOSEN, state.held_out[candidates.user]
    return Choice(chosen & ~held, chosen & held, best)


def _refused_alone(c: Candidates, rules: Rules) -> NDArray[np.int8]:
    """The first guard that a candidate fails by itself, whatever others are chosen."""
    refused = np.full(len(c), CHOSEN, np.int8)
    costs = c.worst > 0
    failing = {
        "unknown_cost": costs & np.isnan(c.kept) & ~c.capped,
        "margin_floor": costs & (c.kept < rules.floor[c.campaign]),
        "no_gain": c.value <= 0,
        "no_data": np.isnan(c.value) & ~rules.blind[c.campaign],
        "had_lately": c.had,
    }
    for guard, fails in failing.items():
        refused[(refused == CHOSEN) & fails] = _GUARD[guard]
    return refused


def _pass(order: I64, c: Candidates, rules: Rules, state: State, refused: NDArray[np.int8]) -> None:
    """One greedy pass; writes into `refused` the guard of each candidate in `order` that does not fit any more."""
    users, campaigns = c.user.tolist(), c.campaign.tolist()
    expected, worst = c.expected.tolist(), c.worst.tolist()
    kinds, lines = rules.kind.tolist(), rules.line.tolist()
    rivals = [np.flatnonzero(row).tolist() for row in rules.excludes]
    left, worst_left = rules.expected_left.tolist(), rules.worst_left.tolist()
    own, worst_own = (part.tolist() for part in rules.shares())
    contacts = state.contacts.tolist()
    standing = (state.standing_user.tolist(), state.standing_kind.tolist(), state.standing_campaign.tolist())
    has_kind = set(zip(standing[0], standing[1], strict=True))
    has = set(zip(standing[0], standing[2], strict=True))
    for at in order.tolist():
        user, campaign = users[at], campaigns[at]
        line = lines[campaign]
        if (user, kinds[campaign]) in has_kind:
            refused[at] = _GUARD["one_of_a_kind"]
        elif any((user, rival) in has for rival in rivals[campaign]):
            refused[at] = _GUARD["exclusion"]
        elif contacts[user] >= rules.contacts:
            refused[at] = _GUARD["contact_cap"]
        elif expected[at] > left[line] or worst[at] > worst_left[line]:
            refused[at] = _GUARD["budget"]
        elif expected[at] > own[campaign] or worst[at] > worst_own[campaign]:
            refused[at] = _GUARD["campaign_share"]
        else:
            own[campaign] -= expected[at]
            worst_own[campaign] -= worst[at]
            left[line] -= expected[at]
            worst_left[line] -= worst[at]
            contacts[user] += 1
            has_kind.add((user, kinds[campaign]))
            has.add((user, campaign))


def violations(c: Candidates, rules: Rules, state: State, choice: Choice) -> dict[str, int]:
    """How often a choice breaks each guard: users, lines or offers that do; all 0 for one that may be made.

    Counted anew from what was chosen, by other means than it was chosen by. Held-out users must be without offers.
    """
    chosen = choice.offered | choice.withheld
    user, campaign = c.user[chosen], c.campaign[chosen]
    kind, line, costs = rules.kind[campaign], rules.line[campaign], c.worst[chosen] > 0
    kept, value = c.kept[chosen], c.value[chosen]
    spent = (c.expected[chosen], c.worst[chosen])
    over = _overspent(line, spent, (rules.expected_left, rules.worst_left))
    over_share = _overspent(campaign, spent, rules.shares())
    held = state.held_out[c.user]
    counts = np.bincount(user, minlength=len(state.contacts))
    of_kind = Counter(zip(np.concatenate([user, state.standing_user]).tolist(),
                          np.concatenate([kind, state.standing_kind]).tolist(), strict=True))  # fmt: skip
    new_of_kind = set(zip(user.tolist(), kind.tolist(), strict=True))
    return {
        "held_out": int((choice.offered & held).sum() + (choice.withheld & ~held).sum()),
        "unknown_cost": int((costs & np.isnan(kept) & ~c.capped[chosen]).sum()),
        "margin_floor": int((costs & (kept < rules.floor[campaign])).sum()),
        "no_gain": int((value <= 0).sum()),
        "no_data": int((np.isnan(value) & ~rules.blind[campaign]).sum()),
        "had_lately": int(c.had[chosen].sum()),
        "one_of_a_kind": sum(of_kind[pair] > 1 for pair in new_of_kind),
        "exclusion": _both_of_excluded(user, campaign, rules, state),
        "contact_cap": int(((counts > 0) & (counts + state.contacts > rules.contacts)).sum()),
        "budget": over,
        "campaign_share": over_share,
    }


def _overspent(payer: I64, spent: tuple[F64, F64], left: tuple[F64, F64]) -> int:
    """Payers, by code, whose chosen offers cost more than they have left, as expected or at worst."""
    over = np.zeros(len(left[0]), bool)
    for cost, there in zip(spent, left, strict=True):
        over |= np.bincount(payer, cost, len(there)) > np.maximum(there, 0) + 1e-9 * (1 + np.abs(there))
    return int(over.sum())


def _both_of_excluded(user: I64, campaign: I64, rules: Rules, state: State) -> int:
    """Pairs of a new offer and another of the same user that exclude each other."""
    has = np.zeros((len(state.contacts), len(rules.kind)), bool)
    known = state.standing_campaign >= 0
    has[state.standing_user[known], state.standing_campaign[known]] = True
    has[user, campaign] = True
    return int((has[user] & rules.excludes[campaign]).sum())


# what an offer is worth ---------------------------------------------------------------------------------------------


def expected_margin(bought_with: F64, bought_without: F64, margin: F64, discount: F64) -> tuple[F64, F64]:
    """(margin gained, cost) by an offer, as expected: who buys with it pays less, who would have bought anyway too.

    bought_with, bought_without (n,): chances 0..1; margin, discount (n,): money of one purchase without the offer, and
    what it takes off. NaN where any of them is.
    """
    return bought_with * (margin - discount) - bought_without * margin, bought_with * discount


def two_rates(
    offered: tuple[int, int], withheld: tuple[int, int], least: int, prior: float
) -> tuple[float, float] | None:
    """(chance to buy with the offer, without it) from (users, of these buyers) of both arms; None with too few users.

    Each rate is drawn to that of both together by `prior` users' worth of it, so that few users claim little.
    Raises ValueError if more bought than there were.
    """
    for users, bought in (offered, withheld):
        if not 0 <= bought <= users:
            raise ValueError(f"{bought} buyers of {users} users")
    if min(offered[0], withheld[0]) < least:
        return None
    middle = (offered[1] + withheld[1]) / (offered[0] + withheld[0])
    with_offer, without = ((bought + prior * middle) / (users + prior) for users, bought in (offered, withheld))
    return with_offer, without


# who is one person, and how groups compare --------------------------------------------------------------------------


def persons(left: I64, right: I64, users: int) -> I64:
    """(users,): the lowest number among the accounts that a chain of pairs (left[i], right[i]) joins with each."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(users, users))
    _, label = connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    return np.asarray(first[label], np.int64)


def wilson(hits: F64, users: F64, level: float = 0.05) -> tuple[F64, F64]:
    """The interval of each share hits / users; holds its level where shares are near 0 or 1 too."""
    z = ndtri(1 - level / 2)
    share = hits / users
    middle = (share + z**2 / (2 * users)) / (1 + z**2 / users)
    reach = z / (1 + z**2 / users) * np.sqrt(share * (1 - share) / users + z**2 / (4 * users**2))
    return np.maximum(middle - reach, 0.0), np.minimum(middle + reach, 1.0)


def mean_interval(count: F64, total: F64, squares: F64, level: float = 0.05) -> tuple[F64, F64, F64]:
    """(mean, low, high) of groups of `count` figures from their sums and sums of squares; NaN ends below two."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        variance = np.maximum(squares - count * mean**2, 0.0) / (count - 1)
        reach = ndtri(1 - level / 2) * np.sqrt(variance / count)
    reach = np.where(count > 1, reach, np.nan)
    return mean, mean - reach, mean + reach
