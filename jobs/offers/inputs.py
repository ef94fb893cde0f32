"""Reads what a night of offers needs, after checks that it exists: eligible accounts, earlier and standing offers."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.on_sale import CAN_BE_SHOWN
from jobs.offers.account_facts import BIRTH_MONTH, pair_facts, user_facts
from jobs.offers.config import OffersConfig
from jobs.offers.eligible import BYTES_A_ROW, ELIGIBLE_COLUMNS, eligible_accounts, with_earlier_offers
from jobs.offers.people import HELD_OUT, People
from jobs.offers.shelf_prices import ShelfPrices
from jobs.runtime.night import Night
from models.core.memory import available_bytes
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import Campaign, Campaigns
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, INTEREST, ITEMS, OFFERS, RECOMMENDATIONS, USERS, WITHHELD_OFFERS
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.propensities import PROPENSITIES

# The tables that every campaign needs, and the job that makes each.
INPUTS: tuple[tuple[Table, str], ...] = (
    (CLEAN_EVENTS, "clean_events"),
    (ITEMS, "update_catalogue"),
    (USERS, "update_catalogue"),
    (INTEREST, "update_interest"),
    (USER_PROFILES, "update_profiles"),
)


def check_inputs(night: Night, running: Sequence[Campaign]) -> None:
    """Raises FileNotFoundError, which names a missing table and the job that makes it."""
    lists = [(RECOMMENDATIONS, "recommend_items")] if any(campaign.on == "recommended" for campaign in running) else []
    for table, job in [*INPUTS, *lists]:
        if night.versions(table).tonight_or_none() is None:
            raise FileNotFoundError(
                f"offers are chosen from {table.name}, which has no partition {night.date}; run "
                f"`python -m jobs {job} --date {night.date}` first"
            )


def check_memory(night: Night, campaigns: Campaigns, config: OffersConfig) -> None:
    """Raises ValueError if a rule needs the offers of more nights than the lake keeps."""
    nights_kept = night.settings.section("publish").keep_nights
    nights_needed = {
        "a campaign's again_after_days or a budget's days": campaigns.memory_days,
        "offers.contact_days": config.contact_days,
        "offers.uplift_days": config.uplift_days,
    }
    for name, days in nights_needed.items():
        if days > nights_kept:
            raise ValueError(
                f"{name} looks back {days} nights, but the lake keeps tables of {nights_kept} (publish.keep_nights): "
                f"older offers would be forgotten and budgets exceeded; raise publish.keep_nights, or look back less"
            )


def reasons_to_skip(night: Night, campaigns: Sequence[Campaign]) -> dict[str, str]:
    """Campaign -> why it does not run tonight."""
    reasons = {}
    for campaign in campaigns:
        if not campaign.runs_on(night.date):
            reasons[campaign.id] = f"it runs from {campaign.starts_on} to {campaign.ends_on}"
        elif campaign.kind == "birthday" and BIRTH_MONTH not in USERS.names:
            reasons[campaign.id] = f"the shop knows no birthdays: users have no column {BIRTH_MONTH}"
    return reasons


def collect_eligible(
    night: Night, running: tuple[Campaign, ...], earlier: DataFrame | None, config: OffersConfig
) -> pa.Table:
    """Every account that meets a campaign's conditions tonight (ELIGIBLE_COLUMNS), by account and campaign.

    Raises MemoryError, with the numbers, if there are more rows than the driver can hold.
    """
    births = night.read(USERS).select("user_id", BIRTH_MONTH) if BIRTH_MONTH in USERS.names else None
    propensities = night.versions(PROPENSITIES).passed()
    facts = user_facts(
        night.read(USER_PROFILES), propensities.spark() if propensities else None, births, night.date.month
    )
    is_on_recommended = any(campaign.on == "recommended" for campaign in running)
    listed = _recommended_items(night, night.settings.section("recommend").k) if is_on_recommended else None
    eligible = eligible_accounts(facts, _pairs(night, running), listed, running)
    eligible = with_earlier_offers(eligible, earlier, running, night.date, config.contact_days)
    return _to_driver(night, eligible.select(*ELIGIBLE_COLUMNS))


def _pairs(night: Night, running: tuple[Campaign, ...]) -> DataFrame | None:
    """Facts of accounts and items, if a campaign is on items."""
    if not any(running_campaign.is_of_items for running_campaign in running):
        return None
    # A replenishment reads the last purchase from INTEREST, so it needs no events.
    days = [campaign.within_days for campaign in running if campaign.is_of_items and campaign.kind != "replenishment"]
    events = night.versions(CLEAN_EVENTS).after(night.date - dt.timedelta(days=max(days, default=0) + 1)).spark()
    return pair_facts(events, night.read(INTEREST), night.read(ITEMS), running, night.date)


def _recommended_items(night: Night, places: int) -> DataFrame:
    """(user_id, item_id, category, rank) of the first `places` of tonight's lists, for items that may be shown."""
    lists = night.read(RECOMMENDATIONS).where(F.col("rank") <= places).select("user_id", "item_id", "rank")
    items = night.read(ITEMS).where(CAN_BE_SHOWN).select("item_id", "category")
    return lists.join(F.broadcast(items), "item_id", "inner")


def _to_driver(night: Night, eligible: DataFrame) -> pa.Table:
    most_rows = night.version(USER_PROFILES).rows * 8
    may_be_too_large = most_rows * BYTES_A_ROW > available_bytes() // 2
    if may_be_too_large:  # else it fits in any case, and counting it is needless
        eligible = eligible.persist()
        rows, available = eligible.count(), available_bytes() // 2
        if rows * BYTES_A_ROW > available:
            raise MemoryError(
                f"choosing among {rows:,} offers takes {rows * BYTES_A_ROW / 2**30:.1f} GiB, half of what is free is "
                f"{available / 2**30:.1f} GiB; narrow the campaigns' conditions, or run on a larger machine"
            )
    table = eligible.toArrow().sort_by([("user_id", "ascending"), ("campaign", "ascending")])
    if may_be_too_large:
        eligible.unpersist()
    return table


def earlier_offers(night: Night, days: int) -> DataFrame | None:
    """Offers of the `days` nights before this one, both arms, each once; None on the first night."""
    if not _has_offers(night):
        return None
    since = night.date - dt.timedelta(days=days)
    tables = [night.versions(table).window(days).spark() for table in (OFFERS, WITHHELD_OFFERS)]
    recent = functools.reduce(DataFrame.unionByName, tables).where(F.col("offered_on") >= F.lit(since))
    return recent.dropDuplicates(["user_id", "offer_id", "offered_on"])


def standing_offers(night: Night, shelf: ShelfPrices, people: People) -> pa.Table:
    """Last night's offers, both arms, that are still valid after tonight (as OFFERS).

    An offer on an item ends when the account buys the item, or when the item is no longer on sale. An offer stays valid
    when its campaign ends in the file. It ends if the account has moved into or out of the hold-out.
    """
    empty = arrow_schema(OFFERS).empty_table()
    if not _has_offers(night):
        return empty
    last_offers = (
        night.versions(OFFERS).previous().spark().unionByName(night.versions(WITHHELD_OFFERS).previous().spark())
    )
    valid = last_offers.where(F.col("valid_until") > F.lit(night.days.end(night.date)))
    purchases = night.read(INTEREST).select("user_id", "item_id", F.col("last_purchase_on").alias("bought_on"))
    is_bought_since = [
        valid["user_id"] == purchases["user_id"],
        valid["item_id"] == purchases["item_id"],
        purchases["bought_on"] > valid["offered_on"],
    ]
    offers = valid.join(purchases, is_bought_since, "left_anti").select(*OFFERS.names).toArrow().cast(empty.schema)
    offers = offers.filter(pc.or_(pc.is_null(offers["item_id"]), pc.is_in(offers["item_id"], shelf.ids)))
    was_held_out = np.asarray(offers["arm"].to_pylist(), object) == HELD_OUT
    is_held_out = people.held_out(offers["user_id"].to_pylist())
    return offers.filter(pa.array(was_held_out == is_held_out, pa.bool_()))


def _has_offers(night: Night) -> bool:
    """Whether an earlier night made offers, or withheld some."""
    return any(night.lake.before(table, night.date) for table in (OFFERS, WITHHELD_OFFERS))
