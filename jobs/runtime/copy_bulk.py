"""Briefs in bulk: what last night wrote stays where nothing behind it has changed, and the rest is written."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.copy_goods import Goods
from jobs.runtime.copy_rules import Rules
from jobs.runtime.copy_slots import APPROVED, MODEL, Brief, Draft
from jobs.runtime.copy_writing import Refused, Writer, content_hash
from models.compliance import near_duplicates
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY, REJECTED_COPY

_BRIEF = list(Brief._fields)
_TOLD = 2_000  # briefs from one line of progress to the next


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
    model: str,
) -> Carried:
    """Last night's COPY and REJECTED_COPY (`before`, `rejected`) -> what stands as it is.

    A brief stands as a whole or not at all: where one of its texts was blocked or retired, or another was approved,
    it is written again; so is one whose text has a word that is an item's attribute or brand only since tonight: last
    night it claimed nothing.
    """
    wanted = pa.array(["\0".join(brief) for brief in briefs], pa.string())
    digests = {group: rules.digest(*group, model) for group in {brief[1:] for brief in briefs}}
    hashes = pa.array([content_hash(goods[brief[0]], brief, digests[brief[1:]]) for brief in briefs], pa.string())

    def same(table: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """(key of each row, whether its brief is wanted and nothing behind it changed)."""
        key = pc.binary_join_element_wise(*[table[name] for name in _BRIEF], "\0")
        at = pc.index_in(key, wanted)
        return key, pc.fill_null(pc.equal(table["content_hash"], hashes.take(at.combine_chunks())), False)

    key, unchanged = same(before)
    rejected_key, as_before = same(rejected)
    stands = pc.and_(unchanged, pc.invert(_spoiled(before, rules, shares)))
    approvals = [(key, text) for key, texts in _approved(rules).items() for text in texts]
    text_of = pc.binary_join_element_wise(key, before["text"], "\0")
    is_approved = pc.is_in(text_of, pa.array(["\0".join(pair) for pair in approvals], pa.string()))
    stands = pc.and_(stands, pc.or_(pc.not_equal(before["wording"], APPROVED), is_approved))
    approved = pa.array(list(_approved(rules)), pa.string())
    awaited = pc.and_(pc.is_in(key, approved), pc.invert(pc.is_in(key, pc.unique(key.filter(is_approved)))))
    stands = pc.and_(stands, pc.invert(awaited))
    written = pc.unique(key)
    no_text = pc.and_(as_before, pc.invert(pc.is_in(rejected_key, pa.concat_arrays([written, approved]))))
    speechless = pc.unique(rejected_key.filter(no_text))

    def split() -> tuple[pa.ChunkedArray, list[Brief]]:
        """(rows of the briefs that stand, the briefs that do not)."""
        settled = pc.invert(pc.is_in(key, pc.unique(key.filter(pc.invert(stands)))))
        done = pa.concat_arrays([pc.unique(key.filter(settled)), speechless])
        left = pc.invert(pc.is_in(wanted, done)).to_numpy(zero_copy_only=False)
        return settled, [briefs[int(at)] for at in np.flatnonzero(left)]

    settled, todo = split()
    known = pa.concat_arrays(
        [pc.unique(t["item_id"].filter(s)) for t, s in ((before, unchanged), (rejected, as_before))]
    )
    if words := _claimed_since(goods, {brief.item_id for brief in todo} - set(known.to_pylist())):
        has_one = pc.match_substring_regex(before["text"], "|".join(map(re.escape, words)), ignore_case=True)
        stands = pc.and_(stands, pc.invert(has_one))
        settled, todo = split()
    return Carried(before.filter(settled), rejected.filter(no_text), todo)


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
    return {"\0".join(brief): texts for brief, texts in rules.review.approved.items()}


def _spoiled(before: pa.Table, rules: Rules, shares: Mapping[tuple[str, str, str, str, str], float]) -> pa.Array:
    """Rows that a person blocked, or whose wording retired."""
    retired = pa.array(["\0".join(arm) for arm, share in shares.items() if share <= 0], pa.string())
    arms = pc.binary_join_element_wise(*[before[name] for name in [*_BRIEF[1:], "wording"]], "\0")
    spoiled = pc.is_in(arms, retired)
    for what in ("copy_id", "wording", "item_id", "text"):
        values = pa.array([value for by, value in rules.review.blocked if by == what], pa.string())
        spoiled = pc.or_(spoiled, pc.is_in(before[what], values))
    return spoiled


def write_all(
    writer: Writer,
    briefs: Sequence[Brief],
    drafts: Mapping[Brief, Sequence[Draft]],
    kept: pa.Table,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[pa.Table, pa.Table]:
    """(COPY rows of `briefs`, REJECTED_COPY rows); `drafts`: the copywriter's, of those that it drafted; `kept` is what
    stands already, which nothing new may repeat."""
    writer.remember(kept)
    rows: list[dict[str, Any]] = []
    refused: list[tuple[Brief, Refused]] = []
    began = time.monotonic()
    for at, brief in enumerate(briefs, 1):
        made, wrong = writer.write(brief, drafts.get(brief, ()))
        rows += made
        refused += [(brief, one) for one in wrong]
        if at % _TOLD == 0 or at == len(briefs):
            rate = len(rows) / max(time.monotonic() - began, 1e-9)
            tell(f"{at} of {len(briefs)} briefs, {len(rows)} texts, {rate:.0f} a second")
    rows, again = _without_duplicates(writer, rows, drafts, kept)
    refused += again
    return copy_table(rows), rejected_table(writer, refused)


def _without_duplicates(
    writer: Writer, rows: list[dict[str, Any]], drafts: Mapping[Brief, Sequence[Draft]], kept: pa.Table
) -> tuple[list[dict[str, Any]], list[tuple[Brief, Refused]]]:
    """Briefs whose copywriter's text says nearly what another item's does are written again, without it.

    Templates are approved wordings: that two items have the same frame is meant.
    """
    new = [row for row in rows if row["source"] == MODEL]
    if not new:
        return rows, []
    old = kept.filter(pc.equal(kept["source"], MODEL)).select(["item_id", "text"]).to_pylist()
    both = [*old, *new]
    pairs = near_duplicates([row["text"] for row in both])
    late = {int(b) for a, b in pairs if both[int(a)]["item_id"] != both[int(b)]["item_id"] and int(b) >= len(old)}
    avoid: dict[Brief, set[str]] = {}
    for at in sorted(late):
        avoid.setdefault(_brief_of(both[at]), set()).add(both[at]["text"])
    kept_rows = [row for row in rows if _brief_of(row) not in avoid]
    refused = []
    for brief, texts in avoid.items():
        made, wrong = writer.write(brief, drafts.get(brief, ()), frozenset(texts))
        kept_rows += made
        refused += [(brief, one) for one in wrong]
    return kept_rows, refused


def _brief_of(row: Mapping[str, Any]) -> Brief:
    return Brief(*(row[name] for name in _BRIEF))


def copy_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), arrow_schema(COPY))


def rejected_table(writer: Writer, refused: Sequence[tuple[Brief, Refused]]) -> pa.Table:
    rows = [{**brief._asdict(), **one._asdict(), "content_hash": writer.content_hash(brief)} for brief, one in refused]
    return pa.Table.from_pylist(rows, arrow_schema(REJECTED_COPY))
