"""Interest, user_features and item_features of many nights in one pass for each table, equal to the nightly result.

Spark computes what each event adds, with the same expressions as a single night, and sums it by key and night. Then
each partition computes one night after another, on arrays of all its keys (jobs.common.nightly_sums).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.decay import UNIT, exact
from jobs.common.nightly_sums import NEVER, Fading, Rows, as_dates, as_float, fade
from jobs.features import interest
from jobs.features.event_weights import weights_of
from jobs.features.feature_sums import EXACT, FADING, merged, one_event
from jobs.features.interest import InterestConfig
from jobs.runtime.history import BEFORE, NIGHT, History
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import INTEREST, ITEM_FEATURES, USER_FEATURES

_LATE = np.iinfo(np.int32).max  # start value of an earliest date, before any event


@dataclass(frozen=True)
class SumRules:
    """How the columns of a table change from night to night; columns in no group are counts.

    exact: stored as floats, summed as integers of this unit. fading: the exact columns that fade. forget_after_days: a
    row without `purchases` is removed after so many idle days, as in `jobs.features.interest.advance`; None: never.
    """

    table: Table
    exact: Mapping[str, float]
    fading: tuple[str, ...]
    forget_after_days: int | None = None

    @property
    def dates(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.table.columns if c.type == "date")

    @property
    def sums(self) -> tuple[str, ...]:
        return tuple(n for n in self.table.names if n not in self.dates and n not in self.table.key)


def write_interest(history: History, events: DataFrame) -> None:
    """Writes INTEREST of the last night."""
    config = weights_of(history.first)
    rules = SumRules(INTEREST, {"interest": UNIT, "purchases": UNIT}, ("interest",), config.forget_after_days)
    added = interest.contributions(events, config, F.col(NIGHT), NIGHT)
    sums = [F.sum(name).alias(name) for name in interest.SUMS]
    days = [F.max(name).alias(name) for name in ("last_event_on", "last_purchase_on")]
    _write(history, rules, config, added, [*sums, *days])


def write_features(history: History, events: DataFrame) -> None:
    """Writes USER_FEATURES and ITEM_FEATURES of the last night."""
    config: InterestConfig = history.settings.section("interest")
    for table in (USER_FEATURES, ITEM_FEATURES):
        (key,) = table.key
        added = events.where(F.col(key).isNotNull()).select(
            key, NIGHT, *one_event(table, config.half_life_days, F.col(NIGHT))
        )
        _write(
            history,
            SumRules(table, EXACT, FADING),
            config,
            added,
            [merged(name) for name in table.names if name != key],
        )


def _write(history: History, rules: SumRules, config: InterestConfig, added: DataFrame, sums: list[Column]) -> None:
    """Sums what is `added` by key and night, adds it to the table in the lake, and writes the last night's table."""
    table = rules.table
    before = history.first.versions(table).previous().spark()
    before = before.select(
        F.lit(None).cast("date").alias(NIGHT),
        *[exact(name, rules.exact[name]).alias(name) if name in rules.exact else F.col(name) for name in table.names],
    )
    by_night = before.unionByName(added).repartition(table.key[0]).groupBy(*table.key, NIGHT).agg(*sums)
    fading = Fading.of(history, config.half_life_days)
    last_rows = by_night.mapInArrow(functools.partial(_fold, rules=rules, fading=fading), table.ddl)
    history.last.write(table, last_rows)


def _fold(batches: Iterator[pa.RecordBatch], rules: SumRules, fading: Fading) -> Iterator[pa.RecordBatch]:
    """The table's rows of one partition after the last night."""
    first = next(batches, None)
    if first is None:
        return
    rows = Rows(itertools.chain([first], batches), rules.table.key)
    added = {name: rows.ints(name) for name in rules.sums}
    dates_added = {name: rows.days(name, _LATE if name.startswith("first_") else NEVER) for name in rules.dates}
    sums = {name: np.zeros(len(rows), np.int64) for name in rules.sums}
    dates = {name: np.full(len(rows), _LATE if name.startswith("first_") else NEVER, np.int32) for name in rules.dates}
    before = rows.of(BEFORE)
    _add(rows, before, added, dates_added, sums, dates)
    keys_so_far = rows.known(before)
    for night, factor in zip(fading.nights, fading.factors, strict=True):
        for name in rules.fading:
            fade(sums[name][:keys_so_far], factor)
        tonight = rows.of(night)
        _add(rows, tonight, added, dates_added, sums, dates)
        keys_so_far = rows.known(tonight)
        if rules.forget_after_days is not None:
            _forget(keys_so_far, night - rules.forget_after_days, sums, dates)
    alive = np.flatnonzero(dates["last_event_on"] != NEVER)
    columns = rows.keys(rules.table.key, alive)
    columns |= {name: values[alive] for name, values in sums.items()}
    columns |= {name: as_float(sums[name][alive], unit) for name, unit in rules.exact.items()}
    columns |= {name: as_dates(values[alive]) for name, values in dates.items()}
    schema = arrow_schema(rules.table)
    yield from pa.table({name: columns[name] for name in rules.table.names}).cast(schema).to_batches()


def _add(
    rows: Rows,
    tonight: slice,
    added: dict[str, np.ndarray],
    dates_added: dict[str, np.ndarray],
    sums: dict[str, np.ndarray],
    dates: dict[str, np.ndarray],
) -> None:
    """Adds a night's rows; each key has one row at most."""
    keys = rows.code[tonight]
    for name, values in added.items():
        sums[name][keys] += values[tonight]
    for name, days in dates_added.items():
        best = np.minimum if name.startswith("first_") else np.maximum
        dates[name][keys] = best(dates[name][keys], days[tonight])


def _forget(keys_so_far: int, oldest: int, sums: dict[str, np.ndarray], dates: dict[str, np.ndarray]) -> None:
    """Sets rows to zero that have no purchase and whose last event was before `oldest`."""
    last = dates["last_event_on"][:keys_so_far]
    idle = np.flatnonzero((last < oldest) & (last != NEVER) & (sums["purchases"][:keys_so_far] <= 0))
    for values in sums.values():
        values[idle] = 0
    for days in dates.values():
        days[idle] = NEVER
