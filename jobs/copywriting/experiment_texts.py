"""Texts for the arms of experiments: which are missing, how they are written, and which texts each arm shows.

An arm may say that its users see only texts by 'model', by 'template', or by a template of a given name. Each of these
is called a kind. The usual texts of a brief are the first `copy.variants`, for cards `copy.card_variants`. Where none
of them is of a kind that tonight's experiments ask for, one more text of this kind is written. Only users of an arm
that allows this kind see it; all other users get the usual texts. Where a brief has no text that an arm allows, the arm
shows the usual texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.briefs import BRIEF, MODEL, Brief, Refused, is_usual, keys_of
from jobs.copywriting.rules import CopyConfig
from jobs.copywriting.wording_shares import Arm, variants_of
from jobs.copywriting.write_many import rejected_table, tables_of
from jobs.copywriting.writer import CopyInputs, SaidTexts, missing_texts
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY, REJECTED_COPY

EVERYBODY = ""  # in column `deal`: users whose arms say nothing about copy
NONE_OF_KIND = "none of its kind"
_TRIED = [*BRIEF, "content_hash"]
_STANDING = [*BRIEF, "variant", "source", "wording", "text", "model"]  # columns that are read of texts that stay


class Missing(NamedTuple):
    """Briefs that have texts, but none of a kind that experiments ask for.

    briefs: kind -> the briefs that need a text of it, most needed first. in_vain: rows of REJECTED_COPY for briefs
    where no such text could be written before, and whose item and rules have not changed since.
    """

    briefs: dict[str, list[Brief]]
    in_vain: pa.Table


def kinds_of(arms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The kinds that the arms ask for; arms: label -> kinds."""
    return tuple(sorted({kind for kinds in arms.values() for kind in kinds}))


def without_the_ended(copy: pa.Table, kinds: Iterable[str], config: CopyConfig) -> pa.Table:
    """COPY without texts written for experiments that have ended."""
    return copy.filter(pc.or_(is_usual(copy, config.texts_of), _of_kinds(copy, kinds)))


def find_missing(inputs: CopyInputs, copy: pa.Table, rejected: pa.Table, briefs: Sequence[Brief]) -> Missing:
    """copy: rows that stay; rejected: REJECTED_COPY of last night; briefs: tonight's, most needed first.

    Texts of the copywriter never count as missing, since it drafts all briefs within a few nights
    (`carry_over.with_redrafts`).
    """
    missing: dict[str, list[Brief]] = {}
    in_vain = [arrow_schema(REJECTED_COPY).empty_table()]
    key, content = keys_of(copy), pc.unique(keys_of(copy, _TRIED))
    brief_of_group = {brief[1:]: brief for brief in briefs}
    for kind in inputs.kinds:
        if kind == MODEL:
            continue
        with_kind = pc.unique(key.filter(_of_kinds(copy, [kind])))
        is_of_kind = pc.and_(pc.equal(rejected["reason"], NONE_OF_KIND), pc.equal(rejected["detail"], kind))
        tried = rejected.filter(is_of_kind)
        tried = tried.filter(pc.is_in(keys_of(tried, _TRIED), content))
        tried = tried.filter(pc.invert(pc.is_in(keys_of(tried), with_kind)))
        waiting = set(pc.unique(key).to_pylist()) - {*with_kind.to_pylist(), *keys_of(tried).to_pylist()}
        groups = {group for group, brief in brief_of_group.items() if _has_templates(kind, brief, inputs)}
        missing[kind] = [brief for brief in briefs if brief[1:] in groups and brief.key in waiting]
        in_vain.append(tried)
    return Missing(missing, pa.concat_tables(in_vain))


def write_missing(
    inputs: CopyInputs,
    said_texts: SaidTexts,
    missing: Missing,
    copy: pa.Table,
) -> tuple[pa.Table, pa.Table]:
    """(new rows of COPY, rows of REJECTED_COPY with the briefs that need not be tried again); copy: rows that stay."""
    briefs = list(dict.fromkeys(brief for of_kind in missing.briefs.values() for brief in of_kind))
    if not briefs:
        return arrow_schema(COPY).empty_table(), missing.in_vain
    said_texts.remember(copy)
    standing = _rows_by_brief(copy, briefs)
    texts = (missing_texts(inputs, said_texts, brief, standing[brief]) for brief in briefs)
    written, rejected = tables_of(inputs, briefs, texts)
    failed = []
    for kind, of_kind in missing.briefs.items():
        with_kind = set(keys_of(written.filter(_of_kinds(written, [kind]))).to_pylist())
        none = Refused(None, "template", NONE_OF_KIND, kind)
        failed += [(brief, none) for brief in of_kind if brief.key not in with_kind]
    return written, pa.concat_tables([missing.in_vain, rejected, rejected_table(inputs, failed)])


def _rows_by_brief(copy: pa.Table, briefs: Iterable[Brief]) -> dict[Brief, list[dict[str, Any]]]:
    standing: dict[Brief, list[dict[str, Any]]] = {brief: [] for brief in briefs}
    brief_keys = pa.array([brief.key for brief in standing], pa.string())
    for row in copy.select(_STANDING).filter(pc.is_in(keys_of(copy), brief_keys)).to_pylist():
        standing[Brief.of(row)].append(row)
    return standing


def texts_by_arm(
    copy: pa.Table, shares: Mapping[Arm, float], arms: Mapping[str, Sequence[str]], config: CopyConfig
) -> pa.Table:
    """`variants_of` with a column `deal`: rows for EVERYBODY, and for each arm its own; arms: label -> kinds."""
    usual = is_usual(copy, config.texts_of)
    parts = [_for_arm(copy.filter(usual), shares, EVERYBODY)]
    key = keys_of(copy)
    for label, kinds in arms.items():
        allowed = _of_kinds(copy, kinds)
        has_none = pc.invert(pc.is_in(key, pc.unique(key.filter(allowed))))
        parts.append(_for_arm(copy.filter(pc.or_(allowed, pc.and_(has_none, usual))), shares, label))
    return pa.concat_tables(parts)


def _for_arm(copy: pa.Table, shares: Mapping[Arm, float], label: str) -> pa.Table:
    return variants_of(copy, shares).append_column("deal", pa.repeat(label, copy.num_rows))


def _of_kinds(copy: pa.Table, kinds: Iterable[str]) -> pa.ChunkedArray:
    """Marks the rows of COPY whose text is of one of the kinds."""
    names = pa.array(list(kinds), pa.string())
    return pc.or_(pc.is_in(copy["source"], names), pc.is_in(copy["wording"], names))


def _has_templates(kind: str, brief: Brief, inputs: CopyInputs) -> bool:
    """Whether the brief's group has templates of the kind, whatever the item."""
    group = inputs.rules.templates.of(brief.strategy, brief.channel, brief.language, brief.style)
    names = [template.name for template in group if kind in ("template", template.name)]
    return any(inputs.share(brief, name) > 0 for name in names)
