"""Takes people who were forgotten out of tonight's raw files, where the shop delivered them again.

clean_events and update_catalogue have rejected these people's rows with the reason `erased`. But the lake's copies of
the shop's files still have the rows, and a broken line, which no job could read, may name such a person too. This job
removes both before a gate makes tonight's tables current. It does the same for the nights since the last one whose
events passed their gate: such a night may have stopped before this job.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence

from jobs.common.erased_people import ErasedPeople, erased_people, lake_hash
from jobs.privacy.edit import values_at
from jobs.privacy.erasure import HASH_KEY_VARIABLE
from jobs.privacy.lake_files import (
    STAGED,
    all_paths,
    fields_of,
    hit_in,
    lake_fields,
    own_words,
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

_DAY = re.compile(r"/date=(?P<day>\d{4}-\d{2}-\d{2})/")
_REPORT = re.compile(r"runs/date=(?P<day>[^/]+)/run=(?P<run>[^/]+)/(?P<job>receive_drop|drop_erased_rows)\.json")


def main(night: Night) -> None:
    erased = erased_people(night.lake)
    if not erased:
        return
    sources = sources_of(night.lake, night.source_name)
    logs = raw_logs(night.lake, sources)
    tonight = inputs_of(night, all_paths(night.lake))
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


def inputs_of(night: Night, paths: Sequence[str]) -> list[str]:
    """Those of `paths` that are raw files of tonight or tables of this run; and both of nights that stopped earlier."""
    last_passed, tonight = str(night.previous_date or ""), str(night.date)
    in_between = [path for path in paths if last_passed < _day_of(path) < tonight]
    done = _days_done(night, in_between)
    return [path for path in paths if _day_of(path) == tonight and _is_input(path, night.run)] + [
        path for path in in_between if _is_input(path) and _day_of(path) not in done
    ]


def _day_of(path: str) -> str:
    match = _DAY.search(path)
    return match["day"] if match else ""


def _is_input(path: str, run: str = "") -> bool:
    """Whether the path is a raw file or a table's file, of the run `run` if that is given."""
    return path.startswith("raw/") or (path.startswith("tables/") and (not run or f"/run={run}/" in path))


def _days_done(night: Night, paths: Sequence[str]) -> set[str]:
    """The days on which this job followed every run that received files. `load_history` does many days in one run."""
    received: dict[str, set[str]] = defaultdict(set)
    done: dict[str, set[str]] = defaultdict(set)
    for match in filter(None, map(_REPORT.fullmatch, paths)):
        if match["job"] == "receive_drop":
            received[match["day"]].add(match["run"])
        elif match["run"] == night.run or "error" not in night.lake.get_json(match[0]):
            done[match["day"]].add(match["run"])
    return {day for day, runs in done.items() if received[day] <= runs}


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
    bound = frozenset(f"{VISITOR_ID}:{id_text}" for id_text in visitors)
    return People(people.accounts, bound, key, own_words(lake))


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
