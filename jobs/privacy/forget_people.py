"""Forgets people: takes them out of raw files, tables, models, published nights, reports and facts; signs a receipt.

It runs between nights and holds the lake. Afterwards it decodes every file again, and must find nothing. Rows that the
shop delivers again are rejected with the reason `erased`. Models that learned from people are removed, and the next
night fits them afresh. If it is killed at any moment, the same command, or the next night, finishes it. Readers always
see the old published night or the new one, never a mixture.

The list of ids has one id a line, with or without the header `user_id`. Two keys are needed in the environment, each
from `openssl rand -hex 32`: NIGHTMARKET_ERASURE_KEY for the list of the forgotten, NIGHTMARKET_RECEIPT_KEY to sign.
"""

from __future__ import annotations

import argparse
import datetime as dt

from jobs.privacy.erasure import Outcome, forget
from jobs.privacy.id_list import given_ids, ids_of_file
from jobs.privacy.lake_files import lake_at
from jobs.runtime import lease
from jobs.runtime.arguments import add_settings_arguments
from jobs.runtime.lake import Lake
from jobs.runtime.settings import load_settings
from schemas.tables import CLEAN_EVENTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", action="append", help="account id; repeat it for a person with several accounts")
    who.add_argument("--file", help="a file with one id a line")
    parser.add_argument("--source", default="", help="mapping of the raw files, where it is not a shipped one")
    add_settings_arguments(parser)


def main(args: argparse.Namespace) -> int:
    lake, config = lake_at(args.lake), load_settings(args.config, args.set).section("lease")
    ids = ids_of_file(args.file) if args.file is not None else given_ids(args.user)
    last_night = max(lake.dates(CLEAN_EVENTS), default=dt.date.min)
    with lease.held_with_refresh(lake, "forget_people", last_night, config):
        outcomes = forget(lake, ids, args.source, again=True)
    for outcome in outcomes:
        print(page(lake, outcome))
    if not outcomes:
        print(f"all {len(ids)} were forgotten before, and no file names them; nothing was changed")
    return 0


def page(lake: Lake, outcome: Outcome) -> str:
    """What was done, for the person who asked for it."""
    facts = outcome.receipt
    lines = [
        f"erasure {facts['erasure']}: {len(facts['people'])} people forgotten",
        f"  {facts['rows_removed']:,} rows removed; {len(facts['files']):,} files rewritten or removed",
        f"  models retired, to be fitted afresh by the next night: {', '.join(facts['models_retired']) or 'none'}",
        f"  published again: {', '.join(facts['runs_rewritten'].values()) or 'none'}",
    ]
    if facts["runs_withdrawn"]:
        lines.append(f"  withdrawn, so no rollback can show them: {', '.join(facts['runs_withdrawn'])}")
    if outcome.unknown:
        lines.append(f"  no trace of {len(outcome.unknown)} of the ids, such as {', '.join(outcome.unknown[:3])}")
    lines += [f"  out of reach: {what}" for what in facts["out_of_reach"]]
    lines.append(f"  check: {facts['check']}")
    return "\n".join([*lines, f"  receipt: {lake.path(outcome.place)}, public key {facts['public_key']}"])
