"""What last night wrote stays where nothing behind it has changed; the briefs that are written again, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.item_words import Goods
from jobs.copywriting.rules import Rules
from jobs.copywriting.slots import APPROVED, GROUP, Brief, keys_of
from jobs.copywriting.writer import content_hash


class Carried(NamedTuple):
    """What stands: rows of COPY, and of REJECTED_COPY for briefs that got no text; and the briefs to be written."""

    copy: pa.Table
    rejected: pa.Table
    todo: list[Brief]


def carried_over(
    before: pa.Table,
    rejected: pa.Table,
    briefs: Sequence[Brief],
    goods: Mapping[str, Goods],
    rules: Rules,
    shares: Mapping[tuple[str, str, str, str, str], float],
) -> Carried:
    """Last night's COPY and REJECTED_COPY (`before`, `rejected`) -> what stands as it is.

    A brief stands as a whole or not at all: where one of its texts was blocked or retired, or another was approved,
    it is written again; so is one whose text has a word that is an item's attribute or brand only since tonight: last
    night it claimed nothing.
    """
    wanted = pa.array([brief.key for brief in briefs], pa.string())
    digests = {group: rules.digest(*group) for group in {brief[1:] for brief in briefs}}
    hashes = pa.array([content_hash(goods[brief[0]], brief, digests[brief[1:]]) for brief in briefs], pa.string())
    key, refused_key = keys_of(before), keys_of(rejected)
    unchanged, as_before = _same(before, key, wanted, hashes), _same(rejected, refused_key, wanted, hashes)

    stands = pc.and_(unchanged, pc.invert(_spoiled(before, rules, shares)))
    stands = pc.and_(stands, pc.invert(_overruled(before, key, rules)))
    known = {*pc.unique(before["item_id"].filter(unchanged)).to_pylist(),
             *pc.unique(rejected["item_id"].filter(as_before)).to_pylist()}  # fmt: skip
    if words := _claimed_since(goods, {brief.item_id for brief in briefs} - known):
        has_one = pc.match_substring_regex(before["text"], "|".join(map(re.escape, words)), ignore_case=True)
        stands = pc.and_(stands, pc.invert(has_one))
    settled = pc.invert(pc.is_in(key, pc.unique(key.filter(pc.invert(stands)))))

    approved = pa.array(list(_approved(rules)), pa.string())
    no_text = pc.and_(as_before, pc.invert(pc.is_in(refused_key, pa.concat_arrays([pc.unique(key), approved]))))
    done = pa.concat_arrays([pc.unique(key.filter(settled)), pc.unique(refused_key.filter(no_text))])
    left = pc.invert(pc.is_in(wanted, done)).to_numpy(zero_copy_only=False)
    return Carried(before.filter(settled), rejected.filter(no_text), [briefs[int(at)] for at in np.flatnonzero(left)])


def with_redrafts(
    carried: Carried, briefs: Sequence[Brief], model: str, writes: Callable[[Brief], bool], most: int
) -> Carried:
    """Some of what stands is written again, since the copywriter `model` has not been asked for it yet.

    A night drafts `most` briefs, so a new copywriter takes over by and by: first where none was ever asked, then where
    an older one was, in the order of `briefs`. writes: whether it writes such briefs.
    """
    room = most - sum(map(writes, carried.todo))
    if not model or room <= 0:
        return carried
    key = keys_of(carried.copy)
    waiting = set(key.filter(pc.not_equal(carried.copy["model"], model)).to_pylist())
    unasked = set(key.filter(pc.equal(carried.copy["model"], "")).to_pylist())
    queue = [brief for brief in briefs if writes(brief) and brief.key in waiting]
    chosen = sorted(queue, key=lambda brief: brief.key not in unasked)[:room]
    again = pa.array([brief.key for brief in chosen], pa.string())
    return carried._replace(copy=carried.copy.filter(pc.invert(pc.is_in(key, again))), todo=[*carried.todo, *chosen])


def _same(table: pa.Table, key: pa.ChunkedArray, wanted: pa.Array, hashes: pa.Array) -> pa.ChunkedArray:
    """Rows of which the brief is wanted tonight, and nothing behind it has changed."""
    at = pc.index_in(key, wanted).combine_chunks()
    return pc.fill_null(pc.equal(table["content_hash"], hashes.take(at)), False)


def _claimed_since(goods: Mapping[str, Goods], changed: Set[str]) -> list[str]:
    """Words of the items that changed, and of no other: as far as these tell, nothing was called so last night."""
    words = {word for item in changed for word in goods[item].claimable}
    for item, one in goods.items():
        if not words:
            break
        if item not in changed:
            words.difference_update(one.claimable)
    return sorted(words)


def _approved(rules: Rules) -> dict[str, tuple[str, ...]]:
    return {Brief(*brief).key: texts for brief, texts in rules.review.approved.items()}


def _overruled(before: pa.Table, key: pa.ChunkedArray, rules: Rules) -> pa.ChunkedArray:
    """Rows that were approved and are no more, and rows of briefs whose approved text is not there yet."""
    approvals = [(brief, text) for brief, texts in _approved(rules).items() for text in texts]
    with_text = pc.binary_join_element_wise(key, before["text"], "\0")
    is_approved = pc.is_in(with_text, pa.array(["\0".join(pair) for pair in approvals], pa.string()))
    withdrawn = pc.and_(pc.equal(before["wording"], APPROVED), pc.invert(is_approved))
    has_approval = pc.is_in(key, pa.array(list(_approved(rules)), pa.string()))
    awaited = pc.and_(has_approval, pc.invert(pc.is_in(key, pc.unique(key.filter(is_approved)))))
    return pc.or_(withdrawn, awaited)


def _spoiled(before: pa.Table, rules: Rules, shares: Mapping[tuple[str, str, str, str, str], float]) -> pa.Array:
    """Rows that a person blocked, or whose wording retired."""
    retired = pa.array(["\0".join(arm) for arm, share in shares.items() if share <= 0], pa.string())
    arms = keys_of(before, [*GROUP, "wording"])
    spoiled = pc.is_in(arms, retired)
    for what in ("copy_id", "wording", "item_id", "text"):
        values = pa.array([value for by, value in rules.review.blocked if by == what], pa.string())
        spoiled = pc.or_(spoiled, pc.is_in(before[what], values))
    return spoiled
