"""Changes the master key of an encrypted lake: wraps its keys again; no other file is touched.

NIGHTMARKET_OLD_MASTER_KEY (or NIGHTMARKET_OLD_MASTER_KEY_FILE) is the key that the lake has now, NIGHTMARKET_MASTER_KEY
is its new key. The job runs between nights and refreshes, and holds the lake. If it is interrupted, no night starts
until the same command has finished it. Afterwards the old key opens nothing and may be destroyed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time

from jobs.privacy.lake_files import lake_at
from jobs.runtime import lease
from jobs.runtime.arguments import add_settings_arguments
from jobs.runtime.lake_keys import CHECK, master_key, rotate
from jobs.runtime.settings import load_settings
from schemas.tables import CLEAN_EVENTS

OLD_KEY_VARIABLE = "NIGHTMARKET_OLD_MASTER_KEY"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    add_settings_arguments(parser)


def main(args: argparse.Namespace) -> int:
    lake, config = lake_at(args.lake), load_settings(args.config, args.set).section("lease")
    if not lake.exists(*CHECK):
        raise ValueError(f"{lake.root} is not encrypted, so it has no keys; --set encryption.on=true gives it some")
    old, new = master_key(OLD_KEY_VARIABLE), master_key()
    last_night = max(lake.dates(CLEAN_EVENTS), default=dt.date.min)
    # A refresh that began before would wrap the key of a new day by the old master key, after the others were wrapped.
    with lease.held_with_refresh(lake, "rotate_keys", last_night, config):
        began = time.monotonic()
        count = rotate(lake, old, new)
        spent = 1000 * (time.monotonic() - began)
    print(f"{count} keys wrapped by the new master key in {spent:.0f} ms; the old one opens nothing of {lake.root}")
    return 0
