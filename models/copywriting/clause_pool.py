"""Which clauses may be said of an item, and the pool of the best of them that `clause_search` puts in order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.copywriting.clause_index import ClauseIndex
from models.copywriting.clause_search import Pool
from models.copywriting.clause_sense import against
from models.copywriting.composer_config import ComposerConfig
from models.copywriting.originality import RUN
from models.copywriting.prompts import Prompt

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Allowed(NamedTuple):
    """The clauses (n,) that may be said of an item with v known values."""

    codes: I64  # (n,) ascending
    names: F64  # (n, v) 1 where a clause names a value of the item
    values: I64  # (v,) codes of the item's values


def allowed_clauses(index: ClauseIndex, prompt: Prompt) -> Allowed:
    """The clauses that name no value the item lacks, contradict none that it has, and state no other item's facts."""
    own_values, parts = index.codes_of_values(prompt)
    count = len(index.clauses)
    naming = [index.value_clauses[code] for code in (*own_values, *parts)]
    named = np.bincount(np.concatenate([np.zeros(0, np.int64), *naming]), minlength=count)
    names_own = np.zeros(count, bool)
    for code in own_values:
        names_own[index.value_clauses[code]] = True
    true_values = (named == index.values_named) | (not index.values_are_claims)
    for side in against(prompt.values):
        true_values = true_values & ~index.sides[side]
    codes = np.flatnonzero(true_values & (index.familiar | (names_own & (not index.values_are_claims))))
    rows = np.full(count, len(codes))  # the last row collects the clauses that are not allowed
    rows[codes] = np.arange(len(codes))
    names = np.zeros((len(codes) + 1, len(own_values)))
    for column, code in enumerate(own_values):
        names[rows[index.value_clauses[code]], column] = 1.0
    return Allowed(codes, names[:-1], own_values)


def ngram_points(index: ClauseIndex, codes: I64, worth: F64) -> F64:
    """(n,) points of each clause for its n-grams. worth (G,) is the item's forecast."""
    points = np.zeros(len(index.clauses))
    points[index.is_plain] = index.plain_says @ worth
    others = codes[~index.is_plain[codes]]
    points[others] = index.says[others] @ worth
    return points[codes]


def best_clauses(config: ComposerConfig, rates: F64, names: F64) -> Bools:
    """(searches, n) the clauses of each search: those with the highest rates, and the best that name each value.

    rates (searches, n): what a clause brings per unit in a search; names (n, v): 1 where a clause names a value.
    """
    naming = [np.flatnonzero(column) for column in names.T]
    chosen = np.zeros(rates.shape, bool)
    for row, rate in zip(chosen, rates, strict=True):
        row[_highest(rate, config.pool_clauses)] = True
        for clauses in naming:
            row[clauses[_highest(rate[clauses], config.pool_clauses_per_value)]] = True
    return chosen


def pool_of(
    config: ComposerConfig, index: ClauseIndex, allowed: Allowed, worth: F64, wear: F64, factors: F64, chosen: Bools
) -> Pool:
    """The allowed clauses that at least one search has `chosen` (searches, n), with only the n-grams they have.

    worth (G,): the item's forecast; wear (n,): points that each allowed clause costs; factors (searches, n).
    """
    rows = np.flatnonzero(chosen.any(0))
    codes = allowed.codes[rows]
    says, grams = _own_grams(index, codes)
    worth = worth[grams]
    first_time = np.maximum(worth, 0)
    repeat_cost = config.ngram_repeat_share * (index.grams.orders[grams] > 0) * first_time
    sizes, lean_costs = index.sizes[codes], config.lean_cost * index.leans[codes]
    tails, heads = index.tails[codes], index.heads[codes]
    joint_gains = config.joint_gain_per_nat * index.joints.table[tails[:, None], heads] - lean_costs
    before, after = _attested(index, codes)
    joint_gains[before, after] += (config.follow_gain_per_unit * sizes + lean_costs)[after]
    joint_gains[before, after] -= config.copied_run_cost * (RUN - 1)  # all runs across the joint are copied from a text
    opening_gains = config.place_cost_per_unit * index.opening_shares[codes] * sizes
    return Pool(
        says=says,
        worth=worth,
        repeat_worth=worth - first_time - repeat_cost - config.pair_repeat_cost * index.pair_rarity[grams],
        names=allowed.names[rows],
        value_repeat_costs=np.where(index.is_kind[allowed.values], 0.0, config.value_repeat_cost).astype(np.float64),
        sizes=sizes,
        factors=factors[:, rows],
        costs=np.where(chosen[:, rows], wear[rows], np.inf),
        mean_places=index.mean_places[codes],
        opening_gains=opening_gains + config.joint_gain_per_nat * index.joints.starts(heads) - lean_costs,
        ending_gains=config.joint_gain_per_nat * index.joints.ends(tails),
        joint_gains=joint_gains,
    )


def pool_codes(allowed: Allowed, chosen: Bools) -> I64:
    """Codes of the pool's clauses, in its order."""
    return allowed.codes[chosen.any(0)]


def _own_grams(index: ClauseIndex, codes: I64) -> tuple[sparse.csr_matrix, I64]:
    """(n, g) n-grams of clauses, with only the g columns that some clause has; and the codes of these n-grams (g,)."""
    says = index.says[codes]
    is_used = np.zeros(len(index.grams), bool)
    is_used[says.indices] = True
    grams = np.flatnonzero(is_used)
    columns = np.zeros(len(index.grams), np.int32)
    columns[grams] = np.arange(len(grams))
    compact = sparse.csr_matrix((says.data, columns[says.indices], says.indptr), shape=(len(codes), len(grams)))
    return compact, grams


def _attested(index: ClauseIndex, codes: I64) -> tuple[I64, I64]:
    """Pairs of positions in `codes`: some text has the second clause right after the first."""
    position = np.full(len(index.clauses), -1)
    position[codes] = np.arange(len(codes))
    followers = index.followers[codes]
    before = np.repeat(np.arange(len(codes)), np.diff(followers.indptr))
    after = position[followers.indices]
    return before[after >= 0], after[after >= 0]


def _highest(rate: F64, most: int) -> I64:
    """Positions of the `most` highest rates, ascending; of equal rates the first ones."""
    if len(rate) <= most:
        return np.arange(len(rate))
    edge = np.partition(rate, len(rate) - most)[len(rate) - most]
    above = np.flatnonzero(rate > edge)
    return np.sort(np.r_[above, np.flatnonzero(rate == edge)[: most - len(above)]])
