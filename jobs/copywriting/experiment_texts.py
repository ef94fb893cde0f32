"""Copy in the arms of experiments: what is written for them beside the usual texts, and what their users are dealt.

An arm may say who alone may have written what its users are told: 'model', 'template', or templates by name; each is
called a kind here. The usual texts of a brief are the first `copy.variants`. Where none of them is of a kind that
tonight's experiments ask for, one more is written, which only the arms that ask for it deal: everybody else is told
what he is told without an experiment. An arm deals what it allows of a brief's texts; where that is none, the usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.rules import CopyConfig
from jobs.copywriting.slots import BRIEF, MODEL, Brief, keys_of
from jobs.copywriting.wording_shares import Arm, variants_of
from jobs.copywriting.write_many import rejected_table, write_all
from jobs.copywriting.writer import Refused, Writer
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY, REJECTED_COPY

EVERYBODY = ""  # the deal of users whose arms say nothing about copy
NONE_OF_KIND = "none of its kind"
_TRIED = [*BRIEF, "content_hash"]


class Lacking(NamedTuple):
    """Of the texts that stand: for each kind the briefs, most needed first, that could have one of it and have none."""

    briefs: dict[str, list[Brief]]
    tried: pa.Table  # rows of REJECTED_COPY: for these it was tried before, and nothing behind them has changed


def kinds_of(arms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The kinds that arms (label -> who may write) ask for."""
    return tuple(sorted({kind for kinds in arms.values() for kind in kinds}))


def without_the_ended(copy: pa.Table, kinds: Iterable[str], config: CopyConfig) -> pa.Table:
    """COPY less what was written for experiments that run no more."""
    return copy.filter(pc.or_(pc.less(copy["variant"], config.variants), _of(copy, kinds)))


def lacking(writer: Writer, copy: pa.Table, rejected: pa.Table, briefs: Sequence[Brief]) -> Lacking:
    """copy: rows that stand; rejected: REJECTED_COPY of last night; briefs: tonight's, most needed first.

    Of what the copywriter has not been asked for nothing is lacking: it comes to every brief by and by
    (`carry_over.with_redrafts`).
    """
    found: dict[str, list[Brief]] = {}
    parts = [arrow_schema(REJECTED_COPY).empty_table()]
    key, by_content = keys_of(copy), keys_of(copy, _TRIED)
    groups = {brief[1:]: brief for brief in briefs}
    for kind in writer.kinds:
        if kind == MODEL:
            continue
        before = rejected.filter(
            pc.and_(pc.equal(rejected["reason"], NONE_OF_KIND), pc.equal(rejected["detail"], kind))
        )
        has = pc.unique(key.filter(_of(copy, [kind])))
        tried = before.filter(pc.is_in(keys_of(before, _TRIED), pc.unique(by_content)))
        tried = tried.filter(pc.invert(pc.is_in(keys_of(tried), has)))
        done = {*has.to_pylist(), *keys_of(tried).to_pylist()}
        left = set(pc.unique(key).to_pylist()) - done
        can = {group for group, brief in groups.items() if _can_have(kind, brief, writer)}
        found[kind] = [brief for brief in briefs if brief[1:] in can and brief.key in left]
        parts.append(tried)
    return Lacking(found, pa.concat_tables(parts))


def write_lacking(
    writer: Writer, lacks: Lacking, copy: pa.Table, tell: Callable[[str], None] = lambda line: None
) -> tuple[pa.Table, pa.Table]:
    """(rows of COPY beside those of `copy`, which stand, REJECTED_COPY with what need not be tried again)."""
    briefs = list(dict.fromkeys(brief for those in lacks.briefs.values() for brief in those))
    if not briefs:
        return arrow_schema(COPY).empty_table(), lacks.tried
    tell(f"for experiments {len(briefs)} briefs get a text beside the usual ones")
    writer.keep(copy, briefs)
    written, refused = write_all(writer, briefs, {}, copy, tell)
    in_vain = [
        (brief, Refused(None, "template", NONE_OF_KIND, kind))
        for kind, those in lacks.briefs.items()
        for has in [set(keys_of(written.filter(_of(written, [kind]))).to_pylist())]
        for brief in those
        if brief.key not in has
    ]
    return written, pa.concat_tables([lacks.tried, refused, rejected_table(writer, in_vain)])


def deals(
    copy: pa.Table, shares: Mapping[Arm, float], arms: Mapping[str, Sequence[str]], config: CopyConfig
) -> pa.Table:
    """`variants_of` with a column `deal`: for EVERYBODY, and for each arm (label -> who may write)."""
    usual = pc.less(copy["variant"], config.variants)
    parts = [_dealt(copy.filter(usual), shares, EVERYBODY)]
    key = keys_of(copy)
    for label, kinds in arms.items():
        allowed = _of(copy, kinds)
        has_none = pc.invert(pc.is_in(key, pc.unique(key.filter(allowed))))
        parts.append(_dealt(copy.filter(pc.or_(allowed, pc.and_(has_none, usual))), shares, label))
    return pa.concat_tables(parts)


def _dealt(copy: pa.Table, shares: Mapping[Arm, float], label: str) -> pa.Table:
    return variants_of(copy, shares).append_column("deal", pa.repeat(label, copy.num_rows))


def _of(copy: pa.Table, kinds: Iterable[str]) -> pa.ChunkedArray:
    """Rows of COPY that are of one of the kinds."""
    wanted = pa.array(list(kinds), pa.string())
    return pc.or_(pc.is_in(copy["source"], wanted), pc.is_in(copy["wording"], wanted))


def _can_have(kind: str, brief: Brief, writer: Writer) -> bool:
    """Whether there are templates of the kind for briefs like this one, whatever the item."""
    group = writer.rules.templates.of(brief.strategy, brief.channel, brief.language, brief.style)
    names = [template.name for template in group if kind in ("template", template.name)]
    return any(writer.share(brief, name) > 0 for name in names)
