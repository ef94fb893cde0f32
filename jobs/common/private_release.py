"""Counts of people that a night publishes with differential privacy, and the ledger of the privacy budget spent.

    LAKE/privacy/TABLE/date=D/run=R/spent.json       what one release spent; written before any noise is drawn
    LAKE/privacy/TABLE/date=D/run=R/released.parquet the noised counts, from which every night makes its table

A release is drawn every `privacy.every_days` nights. The nights between make their table from the last release and
tonight's catalogue, and spend nothing. A release counts as spent even if its night failed afterwards, and the budget is
for all releases of the lake together. A release that would go over the budget is not drawn, and the last one stays in
use; where there is no last one, the job fails (BudgetSpent).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table, write_table
from models.core.config import check_bounds
from models.privacy.private_counts import I64, noise_for, release
from models.privacy.private_ranking import CANDIDATES, UNIT, WHOLE, Looks, best, looks_for
from schemas.table import Table
from schemas.tables import BOUGHT_TOGETHER, POPULAR_ITEMS, SEGMENT_RULES, SEGMENTS

LEDGER = "privacy"
# The share of a night's epsilon and delta that each table spends.
SHARES = {POPULAR_ITEMS.name: 0.4, BOUGHT_TOGETHER.name: 0.3, SEGMENTS.name: 0.1, SEGMENT_RULES.name: 0.2}
_ROUNDING = 1e-9  # tolerance for sums of shares


class BudgetSpent(RuntimeError):
    """No budget is left for a first release."""


@dataclass(frozen=True)
class PrivacyConfig:
    """Differential privacy of the published counts of people; off while epsilon is 0."""

    epsilon: float = field(
        default=0.0, metadata={"doc": "epsilon that all tables of one night's release spend; 0: off", "least": 0}
    )
    delta: float = field(default=1e-6, metadata={"doc": "the same for delta", "above": 0, "below": 1})
    contributions: int = field(default=16, metadata={"doc": "most counts of a kind that a person adds to", "least": 1})
    least_people: int = field(default=20, metadata={"doc": "no count of fewer people is published", "least": 1})
    every_days: int = field(default=7, metadata={"doc": "nights from one release to the next", "least": 1})
    budget_epsilon: float = field(default=52.0, metadata={"doc": "what all releases may spend together", "above": 0})
    budget_delta: float = field(default=1e-4, metadata={"doc": "the same for delta", "above": 0, "below": 1})

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Part:
    """One kind of count.

    cells: rows (person, keys...), with keys as strings; a row may occur twice. per_person: most cells of a person that
    are counted. share: of the table's epsilon and delta.
    """

    cells: DataFrame
    per_person: int
    share: float


@dataclass(frozen=True)
class Ranking:
    """One kind of count of which only the `places` * CANDIDATES largest are released.

    known: rows of `keys`: all cells that may be released. They come from the catalogue and not from what people did;
    other cells are not counted. All cells of a person count, see models/privacy/private_ranking.py.
    """

    cells: DataFrame
    share: float
    known: pa.Table
    places: int


@dataclass(frozen=True)
class Spent:
    """One entry of the ledger. noise: kind of count -> its standard deviation, threshold, and cells per person."""

    table: str
    date: str
    run: str
    epsilon: float
    delta: float
    noise: dict[str, dict[str, float | None]]


def is_private(night: Night) -> bool:
    return night.settings.section("privacy").epsilon > 0


def released(
    night: Night,
    table: Table,
    keys: tuple[str, ...],
    draw: Callable[[], Mapping[str, Part | Ranking]],
    since: dt.date | None = None,
) -> pa.Table:
    """(kind, keys..., people int64) of tonight's release of `table`, or of the last release where none is due tonight.

    Of a Ranking it also holds cells below `privacy.least_people`; `cells_of` leaves them out. `draw` is called only
    where a release is due tonight. since: the first night whose keys mean the same as tonight's; of an older release no
    cell is returned, since its keys mean something else, and no other is drawn before its time, since that would cost
    budget. Raises BudgetSpent where neither budget is left nor a last release exists.
    """
    config: PrivacyConfig = night.settings.section("privacy")
    night.report(privacy_budget={"epsilon": config.budget_epsilon, "delta": config.budget_delta})
    last = _last(night.lake, table, night.date)
    means_the_same = last is not None and (since is None or since <= _date_of(last))
    if last is not None and (night.date - _date_of(last)).days < config.every_days:
        night.report(release="/".join(last))
        return _read(night.lake, last) if means_the_same else _read(night.lake, last).slice(0, 0)
    epsilon, delta = config.epsilon * SHARES[table.name], config.delta * SHARES[table.name]
    parts = draw()
    draws = {kind: _draw_of(part, epsilon * part.share, delta * part.share, config) for kind, part in parts.items()}
    facts = {kind: drawing.noise for kind, drawing in draws.items()}
    entry = Spent(table.name, str(night.date), night.run, epsilon, delta, facts)
    if why := _claim(night.lake, entry, config):
        if last is None:
            raise BudgetSpent(f"{table.name} {night.date}: {why}; raise privacy.budget_epsilon or budget_delta")
        night.log.warning("%s: %s; the release of %s stays in use", table.name, why, _date_of(last))
        night.report(release="/".join(last), refused=why)
        return _read(night.lake, last) if means_the_same else _read(night.lake, last).slice(0, 0)
    before = _read(night.lake, last) if last and means_the_same else None
    schema = pa.schema([("kind", pa.string()), *((key, pa.string()) for key in keys), ("people", pa.int64())])
    drawn = []
    for kind, drawing in draws.items():
        key_rows, people = drawing.draw(keys, kind, before)
        columns = {"kind": pa.array([kind] * len(people), pa.string()), **{key: key_rows[key] for key in keys}}
        drawn.append(pa.table(columns | {"people": people}, schema=schema))
    rows = pa.concat_tables(drawn)
    folder = _folder(table.name, str(night.date), night.run)
    write_table(night.lake, rows, night.lake.path(*folder, "released.parquet"))
    night.report(release="/".join(folder), spent=asdict(entry))
    return rows


class _Draw(NamedTuple):
    """How one kind of count is drawn: what the ledger says of its noise, and the function that draws.

    draw: (keys, kind, last release) -> (rows of the released keys, their noised counts of people).
    """

    noise: dict[str, float | None]
    draw: Callable[[tuple[str, ...], str, pa.Table | None], tuple[pa.Table, I64]]


def _draw_of(part: Part | Ranking, epsilon: float, delta: float, config: PrivacyConfig) -> _Draw:
    """The draw of one kind of count with noise that costs `epsilon` and `delta`; nothing is drawn yet."""
    if isinstance(part, Ranking):
        looks = looks_for(epsilon, delta)
        facts: dict[str, float | None] = {"scale": looks.second, "first_scale": looks.first, "threshold": None}
        return _Draw(facts | {"each": WHOLE}, lambda keys, kind, before: rank_known(part, keys, looks))
    noise = noise_for(epsilon, delta, part.per_person, config.least_people)

    def draw(keys: tuple[str, ...], kind: str, before: pa.Table | None) -> tuple[pa.Table, I64]:
        counted = count_people(_preferred(part.cells, kind, keys, before), keys, part.per_person)
        places, people = release(counted["people"].to_numpy(), noise)
        return counted.take(pa.array(places)), people

    return _Draw(asdict(noise) | {"each": part.per_person}, draw)


def rank_known(part: Ranking, keys: tuple[str, ...], looks: Looks) -> tuple[pa.Table, I64]:
    """(rows of `keys`, noised counts) of the cells with most people; see models/privacy/private_ranking.py."""
    cells = part.cells.where("person is not null").select("person", *keys).distinct().persist()
    try:
        candidates = part.known.select(keys)
        for full_cells, scale in ((1, looks.first), (WHOLE, looks.second)):
            counted = candidates.join(_sums(cells, candidates, keys, full_cells), list(keys), join_type="left outer")
            sums = pc.fill_null(counted["units"], 0).to_numpy()
            places, noised = best(sums, scale, CANDIDATES * part.places)
            candidates = counted.select(keys).take(pa.array(places))
        return candidates, np.rint(noised / UNIT).astype(np.int64)
    finally:
        cells.unpersist()


def _sums(cells: DataFrame, among: pa.Table, keys: tuple[str, ...], full_cells: int) -> pa.Table:
    """(keys..., units): for each cell of `among`, the sum of what its people add to it.

    A person in n of these cells adds UNIT * sqrt(full_cells / n) to each of them, but UNIT at most.
    """
    frame = cells.sparkSession.createDataFrame(among.combine_chunks())
    counted = cells.join(F.broadcast(frame), list(keys), "left_semi")
    n = F.count("*").over(Window.partitionBy("person"))
    units = F.least(F.lit(UNIT), F.floor(UNIT * F.sqrt(full_cells / n)))
    return counted.withColumn("units", units).groupBy(*keys).agg(F.sum("units").alias("units")).toArrow()


def bounded(cells: DataFrame, keys: tuple[str, ...], per_person: int) -> DataFrame:
    """(person, keys...): at most `per_person` cells of each person. Cells with the highest `before` come first, if the
    column exists.

    Otherwise a hash of person and cell decides, so that which cells of a person count depends on nobody else's rows.
    """
    before = F.max("before") if "before" in cells.columns else F.lit(0)
    distinct = cells.where("person is not null").groupBy("person", *keys).agg(before.alias("before"))
    first = Window.partitionBy("person").orderBy(F.desc("before"), F.xxhash64("person", *keys), *keys)
    ranked = distinct.withColumn("place", F.row_number().over(first))
    return ranked.where(F.col("place") <= per_person).select("person", *keys)


def count_people(cells: DataFrame, keys: tuple[str, ...], per_person: int) -> pa.Table:
    """(keys..., people): the true counts of `bounded` cells. Nothing outside this module's release may use them."""
    return bounded(cells, keys, per_person).groupBy(*keys).agg(F.count("*").alias("people")).toArrow()


def ledger(lake: Lake) -> list[Spent]:
    """All entries of the lake, sorted by date, table and run."""
    entries = [Spent(**lake.get_json(*folder, "spent.json")) for folder in _folders(lake)]
    return sorted(entries, key=lambda entry: (entry.date, entry.table, entry.run))


def _claim(lake: Lake, entry: Spent, config: PrivacyConfig) -> str:
    """Puts the entry into the ledger and returns ''. Over the budget, takes it back and returns the reason.

    Several branches of a night may claim at the same moment. Each first writes and then adds up, so none is overlooked.
    """
    folder = _folder(entry.table, entry.date, entry.run)
    lake.put_json(asdict(entry), *folder, "spent.json")
    spent = ledger(lake)
    epsilon, delta = sum(e.epsilon for e in spent), sum(e.delta for e in spent)
    over = []
    if epsilon > config.budget_epsilon + _ROUNDING:
        over.append(f"epsilon {epsilon:.4g} of {config.budget_epsilon:g}")
    if delta > config.budget_delta * (1 + _ROUNDING):
        over.append(f"delta {delta:.4g} of {config.budget_delta:g}")
    if not over:
        return ""
    lake.delete(*folder)
    return f"with a release of tonight the lake would have spent {' and '.join(over)}"


def _preferred(cells: DataFrame, kind: str, keys: tuple[str, ...], before: pa.Table | None) -> DataFrame:
    """The cells with `before`, the people of each cell in the last release: a person's most common cells count first.

    The last release is already paid for, so choosing by it costs nothing. Then the bound seldom drops cells that are
    likely to be published.
    """
    if before is None or before.num_rows == 0:
        return cells
    last_release = before.filter(pc.equal(before["kind"], kind)).drop_columns(["kind"])
    last_release = last_release.rename_columns([*keys, "before"])
    frame = cells.sparkSession.createDataFrame(last_release)
    return cells.join(F.broadcast(frame), list(keys), "left").fillna(0, ["before"])


def _folder(table: str, date: str, run: str) -> tuple[str, ...]:
    return (LEDGER, table, f"date={date}", f"run={run}")


def _folders(lake: Lake, *tables: str) -> Iterator[tuple[str, ...]]:
    """Folders of releases, oldest date first in each table."""
    for table in tables or lake.list_dir(LEDGER):
        for date in lake.list_dir(LEDGER, table):
            for run in lake.list_dir(LEDGER, table, date):
                if lake.exists(LEDGER, table, date, run, "spent.json"):
                    yield LEDGER, table, date, run


def _date_of(folder: tuple[str, ...]) -> dt.date:
    return dt.date.fromisoformat(folder[2].removeprefix("date="))


def _last(lake: Lake, table: Table, night: dt.date) -> tuple[str, ...] | None:
    """The folder of the newest complete release up to `night`; of several on one night, the last run."""
    complete = [f for f in _folders(lake, table.name) if _date_of(f) <= night and lake.exists(*f, "released.parquet")]
    return complete[-1] if complete else None


def _read(lake: Lake, folder: tuple[str, ...]) -> pa.Table:
    return read_table(lake, lake.path(*folder, "released.parquet"))


def cells_of(rows: pa.Table, kind: str, least_people: int = 1) -> list[dict[str, Any]]:
    """The released cells of one kind with at least so many people, each as {key: value, "people": n}."""
    rows = rows.filter(pc.and_(pc.equal(rows["kind"], kind), pc.greater_equal(rows["people"], least_people)))
    return rows.drop_columns(["kind"]).to_pylist()
