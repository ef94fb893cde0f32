"""Loads the history of a shop in one pass, and publishes its last night: for a shop that comes with years of logs.

It receives and accounts for every drop from --from to --to. The lake gets partitions day by day, as if the nights had
been replayed one by one. The tables that each night adds to (interest, features, portraits, weeks of items) are made
once, for the last day, with the same values. The last day is then a whole night: it makes and publishes lists, offers
and texts. Models learn only from the days before the last ones (--judge-days); these last days then tell how good the
models' lists are.

A replay would have judged the lists, offers and experiments of each night. A history had none of these, so such
results begin with the last day.

Days without a file are gaps, as in a replay; the page names them. If the lake already has nights, the days after them
are added. To continue an interrupted load, start the same command again.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
from collections.abc import Iterator

from jobs.common.catalogue_by_night import CatalogueByNight
from jobs.common.erased_people import erased_people
from jobs.features.history_profiles import write_profiles
from jobs.features.history_sums import write_features, write_interest
from jobs.intake import history_catalogue, history_events
from jobs.intake.drop_files import Facts, check_nights, leave_out, receive_nights
from jobs.nights import nightly
from jobs.nights.replay_nights import nights_with_a_drop, no_drop
from jobs.nights.tasks import JobsFailed, run, run_tasks
from jobs.prices.history_weeks import write_weeks
from jobs.reports.attempts import LOADED
from jobs.reports.history_page import history_page
from jobs.runtime import lease
from jobs.runtime.arguments import a_date, add_settings_arguments
from jobs.runtime.branches import BRANCHES
from jobs.runtime.gate import GateConfig, GateFailed, broken_in_nights
from jobs.runtime.history import History
from jobs.runtime.lake import Lake, Version
from jobs.runtime.log import get_logger
from jobs.runtime.night import Night, new_run
from jobs.runtime.progress import progress
from jobs.runtime.settings import Settings, load_settings
from jobs.runtime.shop_days import settle_days
from schemas.table import Table
from schemas.tables import (
    CLEAN_EVENTS,
    ITEM_WEEKS,
    ITEMS,
    RECOMMENDATIONS,
    REJECTED_EVENTS,
    REJECTED_ITEMS,
    REJECTED_USERS,
    STORED,
    USERS,
)

log = get_logger(LOADED)
BY_DAY = (REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS, CLEAN_EVENTS)  # versions of every night
STATE = tuple(table for table in STORED if table.checked_at == "features")  # a complete night has all of these


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", required=True, help="a name in schemas/sources or a TOML file")
    parser.add_argument("--raw", required=True, help="folder or URL of the shop's raw files")
    parser.add_argument("--from", dest="first", type=a_date, required=True, help="first day")
    parser.add_argument(
        "--to", dest="last", type=a_date, required=True, help="last day, inclusive; its night is published"
    )
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument(
        "--without", type=_days, default=[], metavar="DATE[,DATE]", help="days whose files are left out"
    )
    parser.add_argument(
        "--judge-days",
        type=int,
        default=6,  # less than a week, after which models are trained anew
        help="last days that models do not learn from and lists are judged by; 0: none (default: %(default)s)",
    )
    parser.add_argument("--past-only", action="store_true", help="leave the night of the last day to `nightly`")
    parser.add_argument("--run", help="name of the run of all its nights; default: the next number")
    add_settings_arguments(parser)


def _days(text: str) -> list[dt.date]:
    return [a_date(day.strip()) for day in text.split(",") if day.strip()]


def main(args: argparse.Namespace) -> int:
    lake, settings = Lake(args.lake), load_settings(args.config, args.set)
    if args.first > args.last:
        raise ValueError(f"--from {args.first} is after --to {args.last}; give the first day, then the last")
    days = [day for day in nights_with_a_drop(args.source, args.raw, args.first, args.last) if day not in args.without]
    if not days:
        raise FileNotFoundError(no_drop(args.raw, args.source, args.first, args.last))
    with lease.held(lake, lease.new_hold(LOADED, args.last, args.run or ""), settings.section("lease")):
        stored_until = last_made(lake)
        todo = days_to_make(lake, days, stored_until)
        seconds: dict[str, float] = {}
        if todo:
            _load(args, lake, settings, todo, stored_until, seconds)
        print(history_page(lake, days, (args.first, args.last), seconds))
    return 0


def last_made(lake: Lake) -> dt.date | None:
    """The last night whose tables are complete, so that the next night can build on them; None in a new lake."""
    days = reversed(lake.dates(CLEAN_EVENTS))
    return next(
        (day for day in days if all(lake.current(table, day) for table in (CLEAN_EVENTS, ITEMS, USERS, *STATE))), None
    )


def days_to_make(lake: Lake, days: list[dt.date], stored_until: dt.date | None) -> list[dt.date]:
    """The days after the lake's last night. Raises ValueError where the lake lacks an earlier one of `days`."""
    missing = [
        day
        for day in days
        if stored_until is not None and day < stored_until and lake.current(CLEAN_EVENTS, day) is None
    ]
    if missing:
        raise ValueError(
            f"{lake.root} has nights up to {stored_until}, but not {', '.join(map(str, missing[:5]))}"
            f"{f' and {len(missing) - 5} more' if len(missing) > 5 else ''}: each night builds on the one before, so "
            f"earlier days cannot be added; load all days into a new lake, or begin after {stored_until}"
        )
    return [day for day in days if stored_until is None or day > stored_until]


def _load(
    args: argparse.Namespace,
    lake: Lake,
    settings: Settings,
    days: list[dt.date],
    stored_until: dt.date | None,
    seconds: dict[str, float],
) -> None:
    run = args.run or max(new_run(lake, day) for day in days)
    *past, last = [Night(day, lake, run, settings, args.source, args.raw) for day in days]
    after = max(args.first, stored_until or args.first)
    leave_out(last.source, args.raw, [day for day in args.without if after <= day <= args.last], lake)
    with _timed(seconds, "files checked"):  # all of them, before the first slow pass begins
        late_days = settings.section("clean").late_days
        facts = check_nights(last.source, args.raw, days, stored_until, lake, late_days)
    learned = [night for night in past if (last.date - night.date).days >= args.judge_days]
    if learned and args.judge_days and stored_until is None:
        make(History(tuple(learned), stored_until), seconds, facts)
        _make_lists(learned[-1], seconds)
        past, stored_until = past[len(learned) :], learned[-1].date
    elif args.judge_days and stored_until is not None and lake.before(RECOMMENDATIONS, last.date) is None:
        # A load was cut off between the tables of its first days and the lists that they are judged by.
        made = lake.current(CLEAN_EVENTS, stored_until)
        assert made is not None  # stored_until is a day of this table
        _make_lists(Night(stored_until, lake, made.run, settings, args.source, args.raw), seconds)
    if past:
        make(History(tuple(past), stored_until), seconds, facts)
    if args.past_only:
        return
    with _timed(seconds, "the last night"):
        nightly.main(last)


def _make_lists(night: Night, seconds: dict[str, float]) -> None:
    """Makes lists that are not published: the last night judges them by what users did since."""
    with _timed(seconds, "lists to be judged"):
        try:
            run_tasks(night, BRANCHES["lists"])
        except JobsFailed as problem:
            log.warning("no lists of %s can be judged: %s", night.date, problem)


@contextlib.contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    with progress(step) as doing:
        yield
    seconds[step] = seconds.get(step, 0.0) + doing.seconds


def make(history: History, seconds: dict[str, float], facts: Facts | None = None) -> None:
    """Makes all nights of the history. No table becomes current before all tables are there.

    `seconds` gets the time of each step. facts: from `check_nights`, for files that need not be read again.
    """
    settle_days(history.lake, history.first.source, history.first.date)
    with _timed(seconds, "files received"):
        received = _receive(history, facts)
    with _timed(seconds, "events cleaned"):
        history_events.clean(history, received)
    with _timed(seconds, "catalogue merged"):
        catalogue = _merge_catalogue(history, received)
    events = history.events().persist()
    try:
        with _timed(seconds, "interest and features"):
            write_interest(history, events)
            write_features(history, events)
        with _timed(seconds, "portraits"):
            write_profiles(history, events, catalogue)
        with _timed(seconds, "weeks of items"):
            write_weeks(history, events, catalogue)
    finally:
        events.unpersist()
    if erased_people(history.lake):
        for night in history.nights:
            run(night, "drop_erased_rows")
    with _timed(seconds, "tables checked"):
        _make_all_current(history)


def _merge_catalogue(history: History, received: history_events.Received) -> CatalogueByNight:
    for night in history.nights:
        night.begin("update_catalogue")
    keep = history.settings.section("publish").keep_nights
    catalogue = CatalogueByNight(history_catalogue.merge(history, received, keep))
    for night in history.nights:
        night.end()
    return catalogue


def _receive(history: History, facts: Facts | None) -> history_events.Received:
    first, late_days = history.first, history.settings.section("clean").late_days
    previous_date = history.previous_date
    received = receive_nights(first.source, first.raw, history.dates, previous_date, history.lake, late_days, facts)
    for night in history.nights:
        night.begin("receive_drop")
        for note in received[night.date]["notes"]:
            night.log.info("%s: %s", night.date, note)
        night.report(received=received[night.date])
        night.end()
    return received


def _make_all_current(history: History) -> None:
    """The gates of all nights: all tables become current, or none. The tables that `last_made` needs come last."""
    lake, config = history.lake, history.settings.section("gate")
    state = (ITEM_WEEKS, *STATE)
    versions = {table: _versions(history, table) for table in (*state, ITEMS, USERS, *BY_DAY)}
    failures = [line for table, of_table in versions.items() for line in _broken(history, config, table, of_table)]
    if failures:
        raise GateFailed("\n".join(failures))
    for table in (*BY_DAY, ITEMS, USERS, *state):
        for version in versions[table]:
            lake.make_current(version)
    for night in history.nights:
        night.begin(LOADED)
        night.report(nights=len(history.nights), first=str(history.first.date), last=str(history.last.date))
        night.end()


def _versions(history: History, table: Table) -> list[Version]:
    versions = [history.lake.version(table, day, history.first.run) for day in history.dates]
    return [version for version in versions if version]


def _broken(history: History, config: GateConfig, table: Table, versions: list[Version]) -> list[str]:
    rules, broken = broken_in_nights(history.last, table, versions, config.max_rows_in_memory)
    if not broken:
        return []
    head = f"{table.name} of {len(versions)} nights up to {history.last.date}: {len(broken)} of {rules} rules broken; "
    place = history.lake.path("tables", table.name)
    return [
        "\n".join([f"{head}the versions of run {history.first.run} stay in {place}", *(f"  {rule}" for rule in broken)])
    ]
