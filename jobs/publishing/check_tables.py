"""The gate: runs each table's Great Expectations suite on this run's version; all tables become current, or none.

If a rule is broken, readers keep the version that they have, and the rejected version stays in the lake. The message
names the rule, the values and the path.
"""

from __future__ import annotations

import argparse

from jobs.runtime.gate import GateConfig, GateFailed, broken_rules
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from schemas.table import GATES, Table
from schemas.tables import STORED

STAGES: dict[str, tuple[Table, ...]] = {
    gate: tuple(table for table in STORED if table.checked_at == gate) for gate in GATES
}
NIGHT_OPTIONS = ("stage",)


def add_night_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stage", required=True, choices=STAGES, help="the product, or the step, whose tables are checked"
    )


def main(night: Night, stage: str) -> None:
    night.begin(f"check_{stage}")  # each gate has its own report, with the name of its task
    config: GateConfig = night.settings.section("gate")
    passed: list[Version] = []
    failures: list[str] = []
    for table in STAGES[stage]:
        version = night.lake.version(table, night.date, night.run)
        if version is None:
            failures.append(
                f"{table.name} {night.date}: run {night.run} has no version; run its job with the same --run first"
            )
            continue
        rules, broken = broken_rules(night, table, version, config.max_rows_in_memory)
        if broken:
            failures.append(_message(night, table, version, rules, broken))
        passed.append(version)
    if failures:
        raise GateFailed("\n".join(failures))
    # CLEAN_EVENTS comes last: by its date the next night knows which files were read. A gate that is killed in between
    # must not tell it that the items and users of tonight were taken in as well.
    for version in reversed(passed):
        night.lake.make_current(version)
    night.report(stage=stage, tables={v.table: v.rows for v in passed})


def _message(night: Night, table: Table, version: Version, rules: int, broken: list[str]) -> str:
    current = night.lake.current(table, night.date) or night.lake.before(table, night.date)
    readers = f"{current.date} run={current.run}" if current else "nothing yet"
    folder = night.lake.path(version.folder)
    head = (
        f"{table.name} {night.date}: {len(broken)} of {rules} rules broken; rejected version kept at {folder}; "
        f"readers still see {readers}"
    )
    return "\n".join([head, *(f"  {line}" for line in broken)])
