"""Each user's list and best offer -> the briefs of the texts that the user gets, joined in Spark.

A brief is (item, strategy, style, channel, language). A text is written once for each distinct brief, and users get the
id of the text. So the cost of writing grows with the catalogue and not with the number of users.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.copywriting.briefs import BLURB, BRIEF, Brief
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.user_terms import TERMS
from jobs.runtime.night import Night
from schemas.table import SPARK_TYPES
from schemas.tables import INTEREST, RECOMMENDATIONS, SIMILAR_ITEMS, USERS
from schemas.tables.copywriting import READER_VOICES
from schemas.tables.lists import ANONYMOUS
from schemas.tables.offers import OFFER_KINDS, OFFERS

MESSAGES = ("push", "sms", "subject", "body")  # a user gets one of each; a card is shown at every place of the list
_OWN_WORDS = {
    "win_back": "coupon_win_back",
    "first_purchase": "coupon_first_purchase",
    "member_exclusive": "member_exclusive",
}
# Texts never say why a user gets another kind of offer (a cart, a birthday): it would reveal what we know of them.
OF_OFFERS = {kind: _OWN_WORDS.get(kind, "coupon") for kind in OFFER_KINDS}
_NEIGHBOURS = 10  # neighbours of a bought item that a text may call similar to it


def read_places(night: Night, rules: CopyRules, items: Mapping[str, ItemWords], languages: Sequence[str]) -> DataFrame:
    """`places_with_strategy`, with language and style of the user.

    A text may name an event only in a language whose calendar has it; in other languages, the item's strategy is
    recommendation.
    """
    places = places_with_strategy(night, rules.config, items)
    places = places.join(readers(night, rules, languages), "user_id", "inner")
    unnamed = (F.col("strategy") == "seasonal_event") & ~F.array_contains("season_languages", F.col("language"))
    strategy = F.when(unnamed, F.lit("recommendation")).otherwise(F.col("strategy"))
    return places.withColumn("strategy", strategy).drop("season_languages")


def briefs_of_users(night: Night, rules: CopyRules, places: DataFrame, languages: Sequence[str]) -> DataFrame:
    """One row for each text that a user gets: user_id, arm, channel, Brief's columns, offer_id, TERMS, valid_until.

    places: from `read_places`. They are read several times, so the caller must persist them.
    """
    config = rules.config
    cards = places.select("user_id", F.lit("card").alias("channel"), *_brief_columns(), *_empty_offer_columns(night))
    messages = messages_of(night, config, places)
    texts = cards.unionByName(messages).where(F.col("channel").isin(list(config.channels)))
    groups = itertools.product(config.strategies, config.channels, languages, rules.voices)
    pairs = [(s, c, lang, style, rules.spoken(s, c, lang, style)) for s, c, lang, style in groups]
    ddl = "strategy string, channel string, language string, style string, as string"
    spoken = night.spark.createDataFrame(pairs, ddl)
    texts = texts.join(F.broadcast(spoken), ["strategy", "channel", "language", "style"])
    return texts.drop("style").withColumnRenamed("as", "style")


def readers(night: Night, rules: CopyRules, languages: Sequence[str]) -> DataFrame:
    """(user_id, language, style) of each account and of anonymous visitors; READER_VOICES must be written before."""
    of_country = {country: lang for country, lang in rules.language_of.items() if lang in languages}
    spoken_in = F.create_map(*[F.lit(x) for pair in of_country.items() for x in pair]) if of_country else F.create_map()
    language = F.coalesce(spoken_in[F.col("country")] if of_country else F.lit(None), F.lit(languages[0]))
    users = night.read(USERS).select("user_id", language.alias("language"))
    users = users.join(night.read(READER_VOICES).select("user_id", "style"), "user_id", "inner")
    anonymous = night.spark.createDataFrame([(ANONYMOUS, languages[0], rules.default_style)], users.schema)
    return users.unionByName(anonymous)


def places_with_strategy(night: Night, config: CopyConfig, items: Mapping[str, ItemWords]) -> DataFrame:
    """Each shown place of a list, with the strategy of its text: user_id, arm, item_id, rank, strategy, category, and
    season_style and season_languages of the item's event.
    """
    seasons = [item.season for item in items.values()]
    news = pa.table(
        {
            "item_id": pa.array(list(items), pa.string()),
            "category": pa.array([item.category for item in items.values()], pa.string()),
            "dropped": pa.array([item.old_price is not None for item in items.values()], pa.bool_()),
            "arrived": pa.array([item.is_new_since is not None for item in items.values()], pa.bool_()),
            "in_season": pa.array([season is not None for season in seasons], pa.bool_()),
            "season_languages": pa.array(
                [list(season.names) if season else [] for season in seasons], pa.list_(pa.string())
            ),
            "season_style": pa.array([season.style or None if season else None for season in seasons], pa.string()),
        }
    )
    shown = night.read(RECOMMENDATIONS).where("not is_spare").select("user_id", "item_id", "rank", "source", "arm")
    bought = night.read(INTEREST).where("purchases > 0").select("user_id", F.col("item_id").alias("target_item_id"))
    near = night.read(SIMILAR_ITEMS).where(F.col("rank") <= _NEIGHBOURS).select("target_item_id", "item_id")
    similar = bought.join(near, "target_item_id").select("user_id", "item_id").distinct()
    shown = shown.join(night.spark.createDataFrame(news), "item_id", "inner")
    shown = shown.join(similar.withColumn("is_similar", F.lit(True)), ["user_id", "item_id"], "left")
    holds = {
        "price_drop": F.col("dropped"),
        "new_arrival": F.col("arrived"),
        "replenishment": F.col("source") == "buy_again",
        "similar_to_bought": F.col("is_similar").isNotNull(),
        "seasonal_event": F.col("in_season"),
    }
    strategy: Column = F.lit("recommendation")
    for name in reversed([s for s in holds if s in config.strategies]):  # the first strategy that holds wins
        strategy = F.when(holds[name], F.lit(name)).otherwise(strategy)
    event_columns = ("category", "season_style", "season_languages")
    return shown.select("user_id", "arm", "item_id", "rank", strategy.alias("strategy"), *event_columns)


def messages_of(night: Night, config: CopyConfig, places: DataFrame) -> DataFrame:
    """For each account a row in every message channel: about its best offer, or else the first place of its list."""
    channels = F.explode(F.array(*[F.lit(c) for c in MESSAGES])).alias("channel")
    first = places.where(f"rank = 1 and user_id <> '{ANONYMOUS}'")
    kinds = {kind: strategy for kind, strategy in OF_OFFERS.items() if strategy in config.strategies}
    offers = night.versions(OFFERS).passed()
    if offers is None or not kinds:
        return first.select("user_id", channels, *_brief_columns(), *_empty_offer_columns(night))
    best = Window.partitionBy("user_id").orderBy(F.col("expected_value").desc_nulls_last(), "offer_id")
    mapped = F.create_map(*[F.lit(x) for pair in kinds.items() for x in pair])
    has_terms = F.col("discount_share").isNotNull() | F.col("discount_amount").isNotNull()
    about = offers.spark().where(F.col("kind").isin(list(kinds)) & has_terms)
    about = (
        about.withColumn("place", F.row_number().over(best))
        .where("place = 1")
        .select(
            "user_id",
            "offer_id",
            mapped[F.col("kind")].alias("of_offer"),
            F.col("item_id").alias("of_item"),
            F.col("category").alias("of_category"),
            *TERMS,
            "valid_until",
        )
    )
    is_in_category = F.expr(
        "of_item is null and (of_category is null or category = of_category"
        " or startswith(category, concat(of_category, ' > ')))"
    )
    pairs = about.join(places, "user_id").withColumn("at", F.when(is_in_category, F.col("rank")))
    keys = ["user_id", "arm", "offer_id", "of_offer", "of_item", *TERMS, "valid_until", "language", "style"]
    with_offer = pairs.groupBy(*keys).agg(F.min_by("item_id", "at").alias("at_item"), F.min("at").alias("at"))
    with_offer = with_offer.withColumn(
        "item_id", F.coalesce("of_item", F.when(F.col("at").isNotNull(), F.col("at_item")))
    )
    with_offer = with_offer.where("item_id is not null").select(
        "user_id",
        "arm",
        channels,
        "item_id",
        F.col("of_offer").alias("strategy"),
        "style",
        "language",
        "offer_id",
        *TERMS,
        F.least("valid_until", F.lit(night.valid_until("copy"))).alias("valid_until"),
        F.col("valid_until").alias("offer_until"),
    )
    without_offer = first.join(with_offer.select("user_id").distinct(), "user_id", "left_anti")
    return with_offer.unionByName(
        without_offer.select("user_id", channels, *_brief_columns(), *_empty_offer_columns(night))
    )


def _brief_columns() -> list[Column]:
    season = F.when(F.col("strategy") == "seasonal_event", F.col("season_style"))
    return [
        F.col("arm"),
        F.col("item_id"),
        F.col("strategy"),
        F.coalesce(season, "style").alias("style"),
        F.col("language"),
    ]


def _empty_offer_columns(night: Night) -> list[Column]:
    empty = {c.name: SPARK_TYPES[c.type] for c in OFFERS.columns if c.name in ("offer_id", *TERMS)}
    return [
        *[F.lit(None).cast(kind).alias(name) for name, kind in empty.items()],
        F.lit(night.valid_until("copy")).alias("valid_until"),
        F.lit(None).cast("timestamp").alias("offer_until"),
    ]


def briefs_of(
    demand: DataFrame, items: Mapping[str, ItemWords], rules: CopyRules, languages: Iterable[str]
) -> tuple[list[Brief], int]:
    """(briefs, how many were left out beyond `most_briefs`). Briefs that most users need come first.

    After them comes a blurb of each item on sale, for everybody who opens its page.
    """
    counted = demand.groupBy(*BRIEF).count().toArrow().to_pylist()
    counted.sort(key=lambda row: (-row["count"], *(row[name] for name in BRIEF)))
    briefs = [Brief.of(row) for row in counted]
    if BLURB in rules.config.channels:
        for item_id, item in sorted(items.items()):
            about = "price_drop" if item.old_price else "new_arrival" if item.is_new_since else "recommendation"
            strategy = about if about in rules.config.strategies else "recommendation"
            briefs += [Brief(item_id, strategy, rules.default_style, BLURB, language) for language in languages]
    writable = [brief for brief in briefs if brief.item_id in items and brief.strategy in rules.config.strategies]
    return writable[: rules.config.most_briefs], max(0, len(writable) - rules.config.most_briefs)
