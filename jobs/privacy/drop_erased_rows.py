"""Takes people who were forgotten out of tonight's raw files, where the shop delivered them again.

clean_events and update_catalogue have rejected their rows with the reason `erased`. The copies of the shop's files
still have these rows, and so has a broken line that nobody could read. Both go before a gate makes tonight's tables
current.
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
    found_in,
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
    found = [one for path in tonight if (one := found_in(night.lake, path, people, logs, lake_fields(sources)))]
    carry_out(night.lake, Planner(night.lake, number, retires_models=False).make(found))
    night.lake.delete(STAGED.rstrip("/"), number)
    night.report(files=len(found), rows=sum(len(one.edit.removed) for one in found))


def is_input(path: str, run: str) -> bool:
    """Whether the path is a raw file, or a table of this run."""
    return path.startswith("raw/") or (path.startswith("tables/") and f"/run={run}/" in path)


def delivered_again(lake: Lake, erased: ErasedPeople, logs: dict[str, tuple[Input, str]]) -> People:
    """Those on the list whose ids tonight's files have."""
    accounts: set[str] = set()
    visitors: set[str] = set()
    key = os.environ.get(HASH_KEY_VARIABLE, "")
    for path, (spec, encoding) in logs.items():
        ids, devices = _ids_in(sealed_files.read(lake, path), spec, encoding)
        accounts |= {one for one in ids if erased.has_account(one) or (key and erased.has_account(lake_hash(one, key)))}
        visitors |= {one for one in devices if erased.has_visitor(one)}
    named = People.named(accounts, key)
    return People(named.accounts, frozenset(f"{VISITOR_ID}:{one}" for one in visitors), key)


def _ids_in(data: bytes, spec: Input, encoding: str) -> tuple[set[str], set[str]]:
    """(all account ids in a shop's file, all visitor ids); of a broken line, every word."""
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
                ids.update(plain_id(one) for row in distinct for one in values_at(row, name) if one is not None)
        return accounts, visitors
    for record, row in records(data.decode(encoding, "surrogateescape"), spec):
        if row is None:
            words = set(WORD.findall(record)) | set(re.split(r"[^\w@.\-]+", record))
            accounts |= words
            visitors |= words
        else:
            accounts.update(plain_id(one) for name in fields.accounts for one in values_at(row, name) if one)
            visitors.update(plain_id(one) for name in fields.bound for one in values_at(row, name) if one)
    return accounts, visitors
