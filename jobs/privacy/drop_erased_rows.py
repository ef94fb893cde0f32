"""Takes people who were forgotten out of tonight's raw files, where the shop delivered them again.

clean_events and update_catalogue have rejected these people's rows with the reason `erased`. But the lake's copies of
the shop's files still have the rows, and a broken line, which no job could read, may name such a person too. This job
removes both before a gate makes tonight's tables current.
"""

from __future__ import annotations

import os
import re

from jobs.common.erased_people import ErasedPeople, erased_people, lake_hash
from jobs.privacy.edit import values_at
from jobs.privacy.erasure import HASH_KEY_VARIABLE
from jobs.privacy.lake_files import (
    STAGED,
    all_paths,
    fields_of,
    hit_in,
    lake_fields,
    raw_logs,
    sources_of,
)
from jobs.privacy.log_edit import records, unpacked
from jobs.privacy.parquet_edit import read_whole
from jobs.privacy.people import WORD, People, plain_id
from jobs.privacy.plan import Planner, carry_out
from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from schemas.columns import VISITOR_ID
from schemas.sources.mapping import Input


def main(night: Night) -> None:
    erased = erased_people(night.lake)
    if not erased:
        return
    sources = sources_of(night.lake, night.source_name)
    logs = raw_logs(night.lake, sources)
    tonight = [path for path in all_paths(night.lake) if f"/date={night.date}/" in path and is_input(path, night.run)]
    people = delivered_again(night.lake, erased, {path: logs[path] for path in tonight if path in logs})
    if not people.accounts and not people.visitors:
        night.report(files=0)
        return
    number = f"again-{night.date}-{night.run}"
    night.lake.delete(STAGED.rstrip("/"), number)
    hits = [hit for path in tonight if (hit := hit_in(night.lake, path, people, logs, lake_fields(sources)))]
    carry_out(night.lake, Planner(night.lake, number, retires_models=False).make(hits))
    night.lake.delete(STAGED.rstrip("/"), number)
    night.report(files=len(hits), rows=sum(len(hit.edit.removed) for hit in hits))


def is_input(path: str, run: str) -> bool:
    """Whether the path is a raw file, or a table of this run."""
    return path.startswith("raw/") or (path.startswith("tables/") and f"/run={run}/" in path)


def delivered_again(lake: Lake, erased: ErasedPeople, logs: dict[str, tuple[Input, str]]) -> People:
    """The people on the list of the forgotten whose ids are in tonight's files."""
    accounts: set[str] = set()
    visitors: set[str] = set()
    key = os.environ.get(HASH_KEY_VARIABLE, "")
    for path, (spec, encoding) in logs.items():
        account_ids, visitor_ids = _ids_in(sealed_files.read(lake, path), spec, encoding)
        accounts |= {
            id_text
            for id_text in account_ids
            if erased.has_account(id_text) or (key and erased.has_account(lake_hash(id_text, key)))
        }
        visitors |= {id_text for id_text in visitor_ids if erased.has_visitor(id_text)}
    people = People.named(accounts, key)
    return People(people.accounts, frozenset(f"{VISITOR_ID}:{id_text}" for id_text in visitors), key)


def _ids_in(data: bytes, spec: Input, encoding: str) -> tuple[set[str], set[str]]:
    """(all account ids in a shop's file, all visitor ids); every word of a broken line counts as both."""
    fields, data = fields_of(spec), unpacked(data)
    accounts: set[str] = set()
    visitors: set[str] = set()
    if data.startswith(b"PAR1"):
        rows, dictionaries = read_whole(data)
        for names, ids in ((fields.accounts, accounts), (fields.bound, visitors)):
            for name in names:
                ids.update(dictionaries.get(name, ()))
                heads = [head for head in (name, name.partition(".")[0]) if head in rows.column_names]
                distinct = {str(row): row for row in rows.select(heads).to_pylist()}.values()
                ids.update(plain_id(value) for row in distinct for value in values_at(row, name) if value is not None)
        return accounts, visitors
    for record, row in records(data.decode(encoding, "surrogateescape"), spec):
        if row is None:
            words = set(WORD.findall(record)) | set(re.split(r"[^\w@.\-]+", record))
            accounts |= words
            visitors |= words
        else:
            accounts.update(plain_id(value) for name in fields.accounts for value in values_at(row, name) if value)
            visitors.update(plain_id(value) for name in fields.bound for value in values_at(row, name) if value)
    return accounts, visitors
