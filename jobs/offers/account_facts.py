"""What is known of accounts, and of the items that they looked at, for the conditions of campaigns; in Spark."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.on_sale import CAN_BE_SHOWN
from jobs.runtime.night import Night
from schemas.campaigns.campaign import USER_FACTS, Campaign
from schemas.table import SPARK_TYPES, Table
from schemas.tables import (
    CLEAN_EVENTS,
    INTEREST,
    ITEMS,
    OFFERS,
    PROPENSITIES,
    RECOMMENDATIONS,
    USER_PROFILES,
    USERS,
    WITHHELD_OFFERS,
)

# What must be there for any campaign, and who makes it.
INPUTS: tuple[tuple[Table, str], ...] = (
    (CLEAN_EVENTS, "clean_events"),
    (ITEMS, "update_catalogue"),
    (USERS, "update_catalogue"),
    (INTEREST, "update_interest"),
    (USER_PROFILES, "update_profiles"),
)
BIRTH_MONTH = "birth_month"  # a column of USERS where a shop maps one
_MARKS = ("email", "phone")

# One row for each (account, campaign): what terms, guards and reasons are made from.
FOUND = (
    *("user_id", "campaign", "item_id", "category", "buys_7d", "item_share", "order_value", "contacts", "had"),
    *("recency_days", "member_level", "view_days", "views", "cart_days", "wish_days", "bought_days", "price_drop"),
)
BYTES_A_ROW = 600  # of FOUND in the driver, with what is made of it


def check_inputs(night: Night, campaigns: Sequence[Campaign]) -> None:
    """FileNotFoundError names the table that is missing and the job to run first."""
    lists = [(RECOMMENDATIONS, "recommend_items")] if any(c.on == "recommended" for c in campaigns) else []
    for table, job in [*INPUTS, *lists]:
        if night.versions(table).tonight_or_none() is None:
            raise FileNotFoundError(
                f"offers are chosen from {table.name}, which has no partition {night.date}; run "
                f"`python -m jobs {job} --date {night.date}` first"
            )


def skipped(night: Night, campaigns: Sequence[Campaign]) -> dict[str, str]:
    """Campaign -> why it cannot run tonight."""
    found = {}
    for campaign in campaigns:
        if not campaign.runs_on(night.date):
            found[campaign.id] = f"it runs from {campaign.starts_on} to {campaign.ends_on}"
        elif campaign.kind == "birthday" and BIRTH_MONTH not in USERS.names:
            found[campaign.id] = f"the shop knows no birthdays: users have no column {BIRTH_MONTH}"
    return found


def user_facts(profiles: DataFrame, propensities: DataFrame | None, births: DataFrame | None, month: int) -> DataFrame:
    """(user_id, every fact of an account, order_value): order_value is the mean spend of a day with a purchase.

    propensities: None where tonight has none: nothing is expected of anybody, and `method` says not enough data.
    births: (user_id, birth_month) or None. Columns of protected attributes are not even selected.
    """
    asked = [name for name in USER_PROFILES.names if name in USER_FACTS]
    order = F.when((F.col("frequency") > 0) & (F.col("monetary") > 0), F.col("monetary") / F.col("frequency"))
    mine = profiles.select("user_id", *asked, order.alias("order_value"))
    expected = [column for column in PROPENSITIES.columns if column.name in USER_FACTS]
    if propensities is None:
        facts = mine.withColumns({c.name: F.lit(None).cast(SPARK_TYPES[c.type]) for c in expected})
    else:
        facts = mine.join(propensities.select("user_id", *[c.name for c in expected]), "user_id", "left")
    if births is None:
        return facts.withColumn("is_birth_month", F.lit(None).cast("boolean"))
    born = births.select("user_id", (F.col(BIRTH_MONTH) == month).alias("is_birth_month"))
    return facts.join(born, "user_id", "left")


def pair_facts(
    events: DataFrame, interest: DataFrame, items: DataFrame, campaigns: Sequence[Campaign], today: dt.date
) -> DataFrame:
    """(user_id, item_id, category, item_share, every fact of the pair) of items that may be shown.

    A cart or wish counts until the item is bought. item_share: the item's part of the account's interest, 0..1. Views
    count within the longest `within_days` of the retargeting campaigns.
    """
    spans = {kind: max((c.within_days for c in campaigns if c.kind == kind), default=-1)
             for kind in ("retargeting", "abandoned_cart", "price_drop")}  # fmt: skip
    age = F.datediff(F.lit(today), F.col("event_date"))
    shown = events.where("user_id is not null and item_id is not null")
    is_view = (F.col("event_type") == "view") & (age <= spans["retargeting"])
    is_cart = (F.col("event_type") == "cart") & (age <= max(spans["abandoned_cart"], spans["retargeting"]))
    is_wish = (F.col("event_type") == "wishlist") & (age <= spans["price_drop"])
    is_bought = F.col("event_type") == "purchase"
    when = F.struct("event_time", "event_date")
    kept = shown.where(is_view | is_cart | is_wish | is_bought)
    done = kept.groupBy("user_id", "item_id").agg(
        F.max(F.when(is_view, F.col("event_date"))).alias("viewed_on"),
        F.count(F.when(is_view, 1)).alias("views"),
        F.max(F.when(is_cart, when)).alias("carted"),
        F.max(F.when(is_wish, when)).alias("wished"),
        F.max(F.when(is_bought, F.col("event_time"))).alias("bought_at"),
        F.max_by(F.when(is_wish, F.col("price")), F.when(is_wish, F.col("event_time"))).alias("wish_price"),
    )
    liked = F.greatest("interest", F.lit(0.0))
    everything = F.sum(liked).over(Window.partitionBy("user_id"))
    pairs = interest.select("user_id", "item_id", "purchases", "purchase_orders", "last_purchase_on",
                            F.when(everything > 0, liked / everything).alias("item_share"))  # fmt: skip
    catalogue = items.where(CAN_BE_SHOWN).select("item_id", "category", "is_replenishable",
                                                 F.col("price").alias("price_now"))  # fmt: skip
    both = pairs.join(done, ["user_id", "item_id"], "full").join(F.broadcast(catalogue), "item_id", "inner")
    fell = F.when(F.col("wish_price") > 0, 1 - F.col("price_now") / F.col("wish_price"))
    again = (F.col("purchases") > 0) & (F.coalesce("is_replenishable", F.lit(False)) | (F.col("purchase_orders") > 1))
    return both.select(
        *("user_id", "item_id", "category", "item_share"),
        F.datediff(F.lit(today), "viewed_on").alias("view_days"),
        F.coalesce("views", F.lit(0)).alias("views"),
        _days_open("carted", today).alias("cart_days"),
        _days_open("wished", today).alias("wish_days"),
        F.datediff(F.lit(today), "last_purchase_on").alias("bought_days"),
        fell.alias("price_drop"),
        F.coalesce(again, F.lit(False)).alias("is_replenishable"),
    )


def _days_open(since: str, today: dt.date) -> Column:
    """Days since then, null where the item was bought later."""
    is_open = F.col("bought_at").isNull() | (F.col("bought_at") < F.col(f"{since}.event_time"))
    return F.when(is_open, F.datediff(F.lit(today), F.col(f"{since}.event_date")))


def meeting(
    facts: DataFrame, pairs: DataFrame | None, listed: DataFrame | None, campaigns: Sequence[Campaign]
) -> DataFrame:
    """(user_id, campaign, item_id, category, facts): each account once for each campaign whose conditions it meets.

    `campaign` is the place in `campaigns`. Of several items the one of most interest, then the lower id, is offered.
    listed: (user_id, item_id, category, rank), recommended items that may be shown, where a campaign is on these.
    """
    of_users = [(n, c) for n, c in enumerate(campaigns) if not c.is_of_items]
    of_items = [(n, c) for n, c in enumerate(campaigns) if c.is_of_items]
    missing = [name for name in FOUND if name in ("view_days", "views", "cart_days", "wish_days", "bought_days")]
    users = _exploded(facts, of_users).withColumns(
        {name: F.lit(None).cast("bigint") for name in missing}
        | {"price_drop": F.lit(None).cast("double"), "item_share": F.lit(None).cast("double")}
    )
    parts = [_of_users(users, listed, of_users)]
    if pairs is not None and of_items:
        both = pairs.join(facts, "user_id", "inner")
        best = Window.partitionBy("user_id", "campaign").orderBy(F.desc_nulls_last("item_share"), "item_id")
        ranked = _exploded(both, of_items).withColumn("place", F.row_number().over(best))
        parts.append(ranked.where("place = 1").drop("place"))
    return functools.reduce(functools.partial(DataFrame.unionByName, allowMissingColumns=True), parts)


def _exploded(facts: DataFrame, campaigns: Sequence[tuple[int, Campaign]]) -> DataFrame:
    """`facts` once for each campaign whose conditions they meet, with its number."""
    met = []
    for number, campaign in campaigns:
        condition = F.expr(campaign.sql)
        if campaign.is_of_items:
            condition = condition & _in_scope(campaign)
        met.append(F.when(condition, F.lit(number)))
    numbers = F.array_compact(F.array(*met)) if met else F.array().cast("array<int>")
    return facts.withColumn("campaign", F.explode(numbers))


def _of_users(users: DataFrame, listed: DataFrame | None, campaigns: Sequence[tuple[int, Campaign]]) -> DataFrame:
    """What each offer to an account is on: everything, its top category, or the first recommended item in scope."""
    on = {kind: [n for n, c in campaigns if c.on == kind] for kind in ("everything", "top_category", "recommended")}
    null = F.lit(None).cast("string")
    everything = users.where(F.col("campaign").isin(on["everything"])).withColumns({"item_id": null, "category": null})
    favourites = users.where(F.col("campaign").isin(on["top_category"])).withColumns(
        {"item_id": null, "category": F.col("top_category")}
    )
    parts = [everything, _scoped(favourites, campaigns)]
    if on["recommended"] and listed is not None:
        wanted = users.where(F.col("campaign").isin(on["recommended"])).join(listed, "user_id", "inner")
        first = Window.partitionBy("user_id", "campaign").orderBy("rank")
        ranked = _scoped(wanted, campaigns).withColumn("place", F.row_number().over(first))
        parts.append(ranked.where("place = 1").drop("place", "rank"))
    return functools.reduce(DataFrame.unionByName, parts)


def _scoped(rows: DataFrame, campaigns: Sequence[tuple[int, Campaign]]) -> DataFrame:
    """Rows whose category their campaign may be on."""
    allowed = [F.when(F.col("campaign") == n, _in_scope(c)) for n, c in campaigns]
    return rows.where(F.col("category").isNotNull() & F.coalesce(*allowed))


def _in_scope(campaign: Campaign) -> Column:
    """The same as Campaign.in_scope, of the column `category`."""

    def below(categories: Sequence[str]) -> Column:
        either = [(F.col("category") == c) | F.col("category").startswith(f"{c} > ") for c in categories]
        return F.coalesce(functools.reduce(Column.__or__, either), F.lit(False))

    inside = below(campaign.only_categories) if campaign.only_categories else F.lit(True)
    return inside & ~below(campaign.not_categories) if campaign.not_categories else inside


def offered_before(night: Night, days: int) -> DataFrame | None:
    """Offers of the `days` nights before this one, withheld ones among them, each once; None on the first night."""
    since = night.date - dt.timedelta(days=days)
    if not any(night.lake.before(table, night.date) for table in (OFFERS, WITHHELD_OFFERS)):
        return None
    found = [night.versions(table).window(days).spark() for table in (OFFERS, WITHHELD_OFFERS)]
    recent = functools.reduce(DataFrame.unionByName, found).where(F.col("offered_on") >= F.lit(since))
    return recent.dropDuplicates(["user_id", "offer_id", "offered_on"])


def with_history(
    found: DataFrame, before: DataFrame | None, campaigns: Sequence[Campaign], today: dt.date, contact_days: int
) -> DataFrame:
    """`found` with contacts (offers of the account's last `contact_days` days, tonight's among these days) and had
    (it had this campaign's offer within its `again_after_days`)."""
    if before is None:
        return found.withColumns({"contacts": F.lit(0).cast("bigint"), "had": F.lit(False)})
    age = F.datediff(F.lit(today), "offered_on")
    mine = before.groupBy("user_id").agg(
        F.count(F.when(age < contact_days, 1)).alias("contacts"),
        F.collect_list(F.struct("offer_id", age.alias("days_ago"))).alias("earlier"),
    )
    had = [
        F.when(
            F.col("campaign") == number,
            F.expr(f"exists(earlier, one -> one.offer_id = '{c.id}' and one.days_ago < {c.again_after_days})"),
        )
        for number, c in enumerate(campaigns)
    ]
    return found.join(mine, "user_id", "left").withColumns(
        {"contacts": F.coalesce("contacts", F.lit(0)), "had": F.coalesce(*had, F.lit(False))}
    )


def same_people(users: DataFrame, profiles: DataFrame) -> DataFrame:
    """(first, user_id, frequency): accounts with an e-mail or phone hash of another, under the lowest of them."""
    marks = [F.when(F.col(m).isNotNull(), F.concat(F.lit(f"{m}="), m)) for m in _MARKS]
    marked = users.select("user_id", F.explode(F.array_compact(F.array(*marks))).alias("mark"))
    shared = marked.groupBy("mark").agg(F.sort_array(F.collect_set("user_id")).alias("accounts"))
    joined = shared.where(F.size("accounts") > 1)
    pairs = joined.select(F.element_at("accounts", 1).alias("first"), F.explode("accounts").alias("user_id"))
    return pairs.distinct().join(profiles.select("user_id", "frequency"), "user_id", "left")


def recommended(night: Night, places: int) -> DataFrame:
    """(user_id, item_id, category, rank) of the first `places` of tonight's lists."""
    lists = night.read(RECOMMENDATIONS).where(F.col("rank") <= places).select("user_id", "item_id", "rank")
    items = night.read(ITEMS).where(CAN_BE_SHOWN).select("item_id", "category")
    return lists.join(F.broadcast(items), "item_id", "inner")
