"""Carries over last night's texts whose item and rules have not changed, and lists the briefs to write again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.briefs import APPROVED, GROUP, Brief, in_turns, keys_of
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.writer import content_hash


class Carried(NamedTuple):
    """Carried rows of COPY; carried rows of REJECTED_COPY, for briefs without a text; and the briefs to write."""

    copy: pa.Table
    rejected: pa.Table
    todo: list[Brief]


def carried_over(
    before: pa.Table,
    rejected: pa.Table,
    briefs: Sequence[Brief],
    items: Mapping[str, ItemWords],
    rules: CopyRules,
    shares: Mapping[tuple[str, str, str, str, str], float],
) -> Carried:
    """Splits tonight's briefs into those for which last night's rows are still right, and those to write.

    before, rejected: last night's COPY and REJECTED_COPY.

    A brief is carried over with all its texts or not at all. It is written again where one of its texts was blocked
    or retired, or where another text was approved. It is also written again where a text has a word that became an
    item's attribute or brand tonight, since no check has treated that word as a claim.
    """
    brief_keys = pa.array([brief.key for brief in briefs], pa.string())
    digests = {group: rules.digest(*group) for group in {brief[1:] for brief in briefs}}
    hashes = pa.array([content_hash(items[brief[0]], brief, digests[brief[1:]]) for brief in briefs], pa.string())
    key, refused_key = keys_of(before), keys_of(rejected)
    unchanged, as_before = _same(before, key, brief_keys, hashes), _same(rejected, refused_key, brief_keys, hashes)

    is_kept = pc.and_(unchanged, pc.invert(_spoiled(before, rules, shares)))
    is_kept = pc.and_(is_kept, pc.invert(_overruled(before, key, rules)))
    unchanged_items = {
        *pc.unique(before["item_id"].filter(unchanged)).to_pylist(),
        *pc.unique(rejected["item_id"].filter(as_before)).to_pylist(),
    }
    if words := _new_claims(items, {brief.item_id for brief in briefs} - unchanged_items):
        has_word = pc.match_substring_regex(before["text"], "|".join(map(re.escape, words)), ignore_case=True)
        is_kept = pc.and_(is_kept, pc.invert(has_word))
    settled = pc.invert(pc.is_in(key, pc.unique(key.filter(pc.invert(is_kept)))))

    approved = pa.array(list(_approved(rules)), pa.string())
    no_text = pc.and_(as_before, pc.invert(pc.is_in(refused_key, pa.concat_arrays([pc.unique(key), approved]))))
    finished = pa.concat_arrays([pc.unique(key.filter(settled)), pc.unique(refused_key.filter(no_text))])
    is_open = pc.invert(pc.is_in(brief_keys, finished)).to_numpy(zero_copy_only=False)
    return Carried(
        before.filter(settled), rejected.filter(no_text), [briefs[int(row)] for row in np.flatnonzero(is_open)]
    )


def with_redrafts(
    carried: Carried, briefs: Sequence[Brief], model: str, writes: Callable[[Brief], bool], most: int
) -> Carried:
    """Moves some carried briefs to `todo`, since the copywriter `model` has not drafted them yet.

    A night drafts at most `most` briefs, so a new copywriter takes over within a few nights. First come briefs that no
    copywriter drafted, then briefs that an older one drafted; both in turns of voice and language. writes: whether the
    copywriter drafts a brief.
    """
    room = most - sum(map(writes, carried.todo))
    if not model or room <= 0:
        return carried
    key = keys_of(carried.copy)
    waiting = set(key.filter(pc.not_equal(carried.copy["model"], model)).to_pylist())
    unasked = set(key.filter(pc.equal(carried.copy["model"], "")).to_pylist())
    queue = [brief for brief in briefs if writes(brief) and brief.key in waiting]
    chosen = sorted(in_turns(queue), key=lambda brief: brief.key not in unasked)[:room]
    again = pa.array([brief.key for brief in chosen], pa.string())
    return carried._replace(copy=carried.copy.filter(pc.invert(pc.is_in(key, again))), todo=[*carried.todo, *chosen])


def _same(table: pa.Table, key: pa.ChunkedArray, brief_keys: pa.Array, hashes: pa.Array) -> pa.ChunkedArray:
    """Marks rows whose brief is needed tonight and has the same content hash."""
    place = pc.index_in(key, brief_keys).combine_chunks()
    return pc.fill_null(pc.equal(table["content_hash"], hashes.take(place)), False)


def _new_claims(items: Mapping[str, ItemWords], changed: Set[str]) -> list[str]:
    """Words that only changed items have, so that last night no text was checked for them."""
    words = {word for item_id in changed for word in items[item_id].claimable}
    for item_id, item in items.items():
        if not words:
            break
        if item_id not in changed:
            words.difference_update(item.claimable)
    return sorted(words)


def _approved(rules: CopyRules) -> dict[str, tuple[str, ...]]:
    return {Brief(*brief).key: texts for brief, texts in rules.review.approved.items()}


def _overruled(before: pa.Table, key: pa.ChunkedArray, rules: CopyRules) -> pa.ChunkedArray:
    """Marks rows whose approval was withdrawn, and rows of briefs whose approved text is not in COPY yet."""
    approvals = [(brief, text) for brief, texts in _approved(rules).items() for text in texts]
    with_text = pc.binary_join_element_wise(key, before["text"], "\0")
    is_approved = pc.is_in(with_text, pa.array(["\0".join(pair) for pair in approvals], pa.string()))
    withdrawn = pc.and_(pc.equal(before["wording"], APPROVED), pc.invert(is_approved))
    has_approval = pc.is_in(key, pa.array(list(_approved(rules)), pa.string()))
    awaited = pc.and_(has_approval, pc.invert(pc.is_in(key, pc.unique(key.filter(is_approved)))))
    return pc.or_(withdrawn, awaited)


def _spoiled(before: pa.Table, rules: CopyRules, shares: Mapping[tuple[str, str, str, str, str], float]) -> pa.Array:
    """Marks rows that a person blocked, and rows whose wording was retired."""
    retired = pa.array(["\0".join(arm) for arm, share in shares.items() if share <= 0], pa.string())
    arms = keys_of(before, [*GROUP, "wording"])
    spoiled = pc.is_in(arms, retired)
    for column in ("copy_id", "wording", "item_id", "text"):
        values = pa.array([value for kind, value in rules.review.blocked if kind == column], pa.string())
        spoiled = pc.or_(spoiled, pc.is_in(before[column], values))
    return spoiled
