"""Reads the inputs of lists: the catalogue as arrays, each user's history, the folders of sources and ranker."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.on_sale import can_be_shown, proven_replenishable
from jobs.lists.arms import Arms
from jobs.lists.catalogue import Catalogue, ladders_from
from jobs.lists.scorer import Scorer
from jobs.runtime.model_store import load_newest
from jobs.runtime.night import Night
from models.core.memory import available_bytes
from models.core.top_k import plan_blocks
from models.recommenders.als import ALS
from schemas.tables import INTEREST, ITEM_FEATURES, ITEMS, POPULAR_ITEMS, USERS
from schemas.tables.lists import ANONYMOUS

_HISTORY = 10  # items of a user's history that a reason may name


def catalogue_of(night: Night, arms: Arms) -> Catalogue:
    """The night's items as arrays, for all arms. Raises FileNotFoundError if there is no ALS model yet."""
    config = night.settings.section("recommend")
    model = load_newest(night, "als", ALS, made_by="train_als")
    ladders = ladders_from(
        night.versions(POPULAR_ITEMS).tonight().arrow(), config.segment_by, arms.most_trending(config.trending_places)
    )
    described = describe_items(night, config)
    return Catalogue.of(described, model, ladders, night.settings.section("diversity"))


def describe_items(night: Night, config: Any) -> pa.Table:
    """(item_id, title, category, brand, maker, can_be_shown, is_replenishable, popularity) of all items, by item_id.

    Title and maker appear in reasons, so they are names that may be shown; category and brand only distinguish items.
    popularity: purchase lines, halved every half-life; 0 for an item without events.
    """
    items = night.versions(ITEMS).tonight().arrow().sort_by("item_id")
    pairs = night.versions(INTEREST).tonight().each(["item_id", "purchase_orders"])
    proven = proven_replenishable(pairs, config.rebuy_buyers, config.rebuy_share)
    replenishable = pc.coalesce(items["is_replenishable"], pc.is_in(items["item_id"], proven))
    return pa.table(
        {
            "item_id": items["item_id"],
            "title": pc.coalesce(items["shown_title"], items["shown_title_zh"], items["item_id"]),
            "category": items["category"],
            "brand": items["brand"],
            "maker": makers(items),
            "can_be_shown": can_be_shown(items),
            "is_replenishable": replenishable,
            "popularity": popularity_of(night, items["item_id"]),
        }
    )


def popularity_of(night: Night, item_ids: pa.ChunkedArray) -> pa.ChunkedArray:
    features = night.versions(ITEM_FEATURES).tonight().arrow(["item_id", "recent_purchases"])
    purchases = features["recent_purchases"].take(pc.index_in(item_ids, features["item_id"]))
    return pc.max_element_wise(purchases.fill_null(0.0), 0.0)


def makers(items: pa.Table) -> pa.Array:
    """(I,) the words that follow "new": ' from BRAND', else ' in ' and the last level of its category, else ''."""
    names = zip(items["shown_brand"].to_pylist(), items["shown_category"].to_pylist(), strict=True)
    words = [
        f" from {brand}" if brand else f" in {category.rpartition(' > ')[2]}" if category else ""
        for brand, category in names
    ]
    return pa.array(words, pa.string())


def histories(interest: DataFrame, codes: DataFrame, config: Any) -> DataFrame:
    """(user_id, refused, bought, history); the last three are arrays of item codes.

    refused: may not be shown. bought: bought before, and may be shown again. history: most liked, strongest first.
    """
    bought = F.col("purchases") > 0
    refused = (bought & ~F.col("is_replenishable")) | (
        (F.col("impressions") >= config.max_impressions) & (F.col("clicks") == 0)
    )
    liked = F.when(F.col("interest") > 0, F.struct(-F.col("interest"), F.col("code").alias("code")))
    pairs = interest.join(F.broadcast(codes), "item_id", "inner")
    return pairs.groupBy("user_id").agg(
        F.sort_array(_codes_where(refused)).alias("refused"),
        F.sort_array(_codes_where(bought & ~refused)).alias("bought"),
        F.transform(F.slice(F.sort_array(F.collect_list(liked)), 1, _HISTORY), lambda x: x["code"]).alias("history"),
    )


def _codes_where(condition: Column) -> Column:
    return F.collect_list(F.when(condition, F.col("code")))


def users_of(night: Night, segment_by: str) -> DataFrame:
    """(user_id, segment) of every account."""
    return night.read(USERS).select("user_id", F.col(segment_by).cast("string").alias("segment"))


def scorer_of(night: Night) -> Scorer:
    """The folders of tonight's sources and of the newest promoted ranker; no folders if nobody did anything yet."""
    sources = night.lake.model_before("sources", night.date, including=True)
    if sources is None or sources[2] != f"date={night.date}":
        night.log.info("no sources tonight: every list comes from the ladder of popularity")
        return Scorer(night.lake.root, None, None)
    scorer = Scorer(night.lake.root, sources, night.lake.model_before("ranker", night.date, including=True))
    loaded = scorer.load()
    if scorer.ranker is not None and loaded is not None and loaded.ranker is None:
        night.log.warning(
            "%s needs features that tonight's sources lack: ALS orders the lists until a new ranker is promoted",
            "/".join(scorer.ranker),
        )
    return scorer


def refuse_reserved_account(night: Night) -> None:
    """Raises ValueError if an account has the id that names the list for visitors without an account."""
    for part in night.versions(USERS).tonight().each(["user_id"]):
        if pc.any(pc.equal(part["user_id"], ANONYMOUS)).as_py():
            raise ValueError(
                f"users of {night.date} has an account '{ANONYMOUS}', and the list for visitors without an account has "
                f"this name: its places would be there twice; add '{ANONYMOUS}' to null_tokens in the mapping, so that "
                "such an event has no account, and run the night again; if an earlier night has the account too, load "
                "the files into a new lake"
            )


def preflight(night: Night, catalogue: Catalogue) -> None:
    """Raises ValueError for too few items or an account with a reserved id, DoesNotFit for too little memory, before
    any list is made."""
    refuse_reserved_account(night)
    config = night.settings.section("recommend")
    shown = int(catalogue.shown.sum())
    if shown < config.k:
        raise ValueError(
            f"recommend.k = {config.k}, but only {shown} of {len(catalogue.item_ids)} items are active and in stock on "
            f"{night.date}; lower it with --set recommend.k=..., or check the catalogue's stock"
        )
    workers = night.spark.sparkContext.defaultParallelism
    # Each worker holds the catalogue's factors, and those of two sources in the layout of `top_k`. Files are mapped
    # into memory once for all workers.
    held = workers * 3 * catalogue.factors.nbytes
    free = available_bytes() - held
    plan_blocks(len(catalogue.item_ids), catalogue.factors.shape[1], free // workers, 1)
    night.report(memory={"available": available_bytes(), "held_by_workers": held, "workers": workers})
