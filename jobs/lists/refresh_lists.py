"""Makes new lists during the day for the users who did something since last night; trains nothing.

1. Before this job, `receive_drop` and `clean_events` read the day so far into LAKE/refresh. It is a separate lake, so
   that half a day is never among the nights.
2. The night's sources take in these events: ALS folds in the users' factors, the LSTM encodes the users again.
3. The night's ranker makes the users' lists under the night's rules. They pass the gate that all lists pass.
4. One put of published/fresh.json shows the lists. The file names the published night that it belongs to; readers
   ignore it if another night is published.

New accounts and changes of stock since the night must wait for the next night.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.common.event_log import read_log
from jobs.features.event_weights import weights_of
from jobs.features.interest import advance
from jobs.lists.arms import Arms, arms_of
from jobs.lists.catalogue import Catalogue
from jobs.lists.list_checks import NotPublished, faults, measure
from jobs.lists.list_inputs import catalogue_of, histories, preflight, users_of
from jobs.lists.list_rows import list_writer
from jobs.lists.lstm_as_of import Encoder
from jobs.lists.scorer import Loaded, Scorer
from jobs.runtime import contested_files, lease, published, sealed_files
from jobs.runtime.gate import GateFailed, broken_rules
from jobs.runtime.lake import REFRESH, Version
from jobs.runtime.night import Night
from jobs.runtime.shop_days import OtherDays
from jobs.runtime.table_writer import write_tables
from models.core.shop_log import ShopLog
from models.ranking.intraday import refreshed
from schemas.tables import CLEAN_EVENTS, INTEREST, RECOMMENDATIONS

WRITES_BELOW = REFRESH  # the folder of its lease: a night may run at the same time, another refresh may not


def main(night: Night) -> None:
    shown = published.pointed(night.lake)
    if shown["date"] != str(night.date - dt.timedelta(days=1)):
        night.log.info(
            "the storefront shows %s, but a refresh of %s needs the night before it: nothing done",
            shown["run"],
            night.date,
        )
        night.report(refreshed=0, waits_for=str(night.date - dt.timedelta(days=1)))
        clear(night)
        return
    last_night = Night(dt.date.fromisoformat(shown["date"]), night.lake, shown["run"][11:], night.settings)
    day = day_so_far(night)
    scorer = Scorer(night.lake.root, *(_folder(shown, name) for name in ("sources", "ranker")))
    # Sources of an earlier night number other users and items. The lists of this night were made without them.
    loaded = scorer.load() if scorer.sources and scorer.sources[2] == f"date={shown['date']}" else None
    if loaded is None:
        night.log.info("the night had no sources: its lists come from popularity and stay")
        night.report(refreshed=0)
        clear(night)
        return
    arms = arms_of(last_night)  # those of the night, since a user stays in one arm all day
    catalogue = catalogue_of(last_night, arms)
    sources = loaded.sources
    user_ids = pa.array(loaded.user_ids, pa.string())
    fresh = read_log(day, 1, user_ids, catalogue.item_ids, sources.log.attributes).between(sources.now, np.inf)
    if not len(fresh):
        night.log.info("no known user has done anything since %s", shown["run"])
        night.report(refreshed=0)
        clear(night)
        return
    folder, users = save_refreshed_sources(night, last_night, loaded, catalogue, fresh)
    lists = write_lists(night, last_night, day, Scorer(scorer.root, folder, scorer.ranker), catalogue, users, arms)
    check(night, last_night, lists, len(users))
    show(night, shown, lists, len(users), len(fresh))


def day_so_far(night: Night) -> Night:
    """The night in LAKE/refresh, which has the day so far. Raises OtherDays if it was read in another time zone."""
    day = Night(night.date, night.lake.refresh, night.run, night.settings)
    if day.days != night.days:
        raise OtherDays(
            f"{day.lake.root} was read with days in {day.days.zone}, and the nights of {night.lake.root} are made of "
            f"days in {night.days.zone}; run `python -m jobs refresh` with the mapping of the nights"
        )
    return day


def save_refreshed_sources(
    night: Night, last_night: Night, loaded: Loaded, catalogue: Catalogue, fresh: ShopLog
) -> tuple[tuple[str, ...], pa.Array]:
    """Adds the `fresh` events to the night's sources and stores them. Returns (their folder, the users' ids)."""
    encoder = Encoder(last_night, np.asarray(catalogue.item_ids.to_pylist(), np.str_))
    half_life = night.settings.section("interest").half_life_days
    now = loaded.sources.now  # the night's end: a later LSTM would have been trained on today's events
    sources, users = refreshed(loaded.sources, fresh, half_life, lambda log: encoder(log, now))
    folder = (REFRESH, "sources", f"run={night.run}")
    with tempfile.TemporaryDirectory() as local:
        sources.save(local)
        np.savez(Path(local) / "ids.npz", user_ids=loaded.user_ids, item_ids=encoder.item_ids)
        sealed_files.upload(night.lake, local, *folder)
    return folder, pa.array(loaded.user_ids[users], pa.string())


def show(night: Night, shown: dict[str, Any], lists: Version, users: int, events: int) -> None:
    """Copies the lists beside the published ones, points fresh.json to them, and removes the day's own lake."""
    run = f"{night.date}-{own_run(night)}"
    entry = {
        "over": shown["run"],
        "run": run,
        "events": events,
        "users": users,
        "tables": {RECOMMENDATIONS.name: published.copy(night.lake, RECOMMENDATIONS, lists, run)},
        "valid_until": shown["valid_until"],
    }
    night.lake.put_json(entry, *published.FRESH)
    clear(night)
    night.lake.delete(lists.folder)
    night.report(refreshed=users, events=events, over=shown["run"], published=run)
    night.log.info("%d users' lists over %s, after %d events", users, shown["run"], events)


def clear(night: Night) -> None:
    """Removes the day's own lake: each refresh reads the day so far again."""
    for name in night.lake.list_dir(REFRESH):
        if name not in (lease.FILE, contested_files.LOCK):  # this refresh holds the lease until its process ends
            night.lake.delete(REFRESH, name)


def _folder(shown: dict[str, Any], name: str) -> tuple[str, ...] | None:
    return tuple(shown["models"][name].split("/")) if name in shown["models"] else None


def write_lists(
    night: Night, last_night: Night, day: Night, scorer: Scorer, catalogue: Catalogue, users: pa.Array, arms: Arms
) -> Version:
    """Writes RECOMMENDATIONS of `users` as the night does, from its tables and the day's events."""
    config = night.settings.section("recommend")
    preflight(last_night, catalogue)
    spark = night.spark
    shared = spark.sparkContext.broadcast(catalogue)
    codes = spark.createDataFrame(catalogue.as_codes())
    refreshed_users = spark.createDataFrame(pa.table({"user_id": users}))
    pairs = advance(
        last_night.read(INTEREST).join(refreshed_users, "user_id", "left_semi"),
        day.read(CLEAN_EVENTS).join(refreshed_users, "user_id", "left_semi"),
        weights_of(last_night),  # the weights that the night's sources were fitted with
        night.date,
        last_night.date,
    )
    accounts = users_of(last_night, config.segment_by).join(refreshed_users, "user_id", "left_semi")
    everyone = accounts.join(histories(pairs, codes, config), "user_id", "left")
    write = list_writer(shared, scorer, config, last_night.valid_until("lists"), arms)
    rows = everyone.mapInArrow(write, RECOMMENDATIONS.ddl)
    lists = write_tables(rows, [RECOMMENDATIONS], night.lake, str(night.date), own_run(night))[RECOMMENDATIONS.name]
    night.report(rows_recommendations=lists.rows)
    return lists


def own_run(night: Night) -> str:
    """The run of the refreshed lists. No night has it: a night of this date may start meanwhile under the same number,
    and its lists must not be replaced or deleted.
    """
    return f"{night.run}r"


def check(night: Night, last_night: Night, lists: Version, users: int) -> None:
    """Checks the lists by the gate and `list_checks`. Raises GateFailed or NotPublished; then fresh.json stays."""
    rules, broken = broken_rules(night, RECOMMENDATIONS, lists, night.settings.section("gate").max_rows_in_memory)
    place = night.lake.path(lists.folder)
    if broken:
        head = f"{lists.table} {night.date}: {len(broken)} of {rules} rules broken; rejected version kept at {place}"
        raise GateFailed("\n  ".join([head, *broken]))
    facts = measure(last_night, lists, night.settings.section("recommend").k)
    night.report(checks=facts)
    if problems := faults(facts, users):
        head = f"the refresh of {night.date} is not shown, the night's lists still are; refused version kept at {place}"
        raise NotPublished("\n  ".join([head, *problems]))
