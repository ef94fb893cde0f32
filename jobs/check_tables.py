"""The gate: each table's Great Expectations suite on this run's version; what passes becomes current, all or none.

A failed gate leaves readers where they were and keeps the rejected version; its message names the rule, the values and
the path.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

from jobs.runtime.gate import GateFailed, broken_rules
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from schemas.table import Table
from schemas.tables import (
    CLEAN_EVENTS,
    INTEREST,
    ITEM_FEATURES,
    ITEM_PRICES,
    ITEMS,
    REJECTED_EVENTS,
    REJECTED_ITEMS,
    REJECTED_USERS,
    STORED,
    USER_FEATURES,
    USER_PROFILES,
    USER_PURCHASES,
    USER_TASTES,
    USERS,
)

_CLEAN = (CLEAN_EVENTS, REJECTED_EVENTS, ITEMS, REJECTED_ITEMS, USERS, REJECTED_USERS)
_FEATURES = (INTEREST, USER_FEATURES, ITEM_FEATURES, ITEM_PRICES, USER_PURCHASES, USER_TASTES, USER_PROFILES)
STAGES: dict[str, tuple[Table, ...]] = {
    "clean": _CLEAN,
    "features": _FEATURES,
    "lists": tuple(table for table in STORED if table not in (*_CLEAN, *_FEATURES)),
}
NIGHT_OPTIONS = ("stage",)


@dataclass(frozen=True)
class GateConfig:
    """How tables are checked."""

    max_rows_in_memory: int = field(
        default=1_000_000,
        metadata={"doc": "larger tables are checked by Spark; smaller ones by pandas, 10 times quicker to start"},
    )


def add_night_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage", required=True, choices=STAGES, help="which tables")


def main(night: Night, stage: str) -> None:
    config: GateConfig = night.settings.section("gate")
    passed: list[Version] = []
    failures: list[str] = []
    for table in STAGES[stage]:
        version = night.lake.version(table, night.date, night.run)
        if version is None:
            failures.append(
                f"{table.name} {night.date}: run {night.run} wrote no version; run its job in the same --run"
            )
            continue
        rules, broken = broken_rules(night, table, version, config.max_rows_in_memory)
        if broken:
            failures.append(_message(night, table, version, rules, broken))
        passed.append(version)
    if failures:
        raise GateFailed("\n".join(failures))
    for version in passed:
        night.lake.make_current(version)
    night.report(stage=stage, tables={v.table: v.rows for v in passed})


def _message(night: Night, table: Table, version: Version, rules: int, broken: list[str]) -> str:
    current = night.lake.current(table, night.date) or night.lake.before(table, night.date)
    readers = f"{current.date} run={current.run}" if current else "nothing yet"
    where = night.lake.path(version.folder)
    head = (
        f"{table.name} {night.date}: {len(broken)} of {rules} rules broken; rejected version kept at {where}; "
        f"readers still see {readers}"
    )
    return "\n".join([head, *(f"  {line}" for line in broken)])
