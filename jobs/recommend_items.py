"""Sources, ranker and popular items -> recommendations for every user and for anonymous visitors; similar_items.

Rules, before any list is filled, so that a list is never short because of them:
- only items that are active and in stock;
- not what the user bought, unless people buy it again and again (the shop says so, or its own buyers do);
- not what was shown `max_impressions` times or more without a click.
Ladder: own history (0), the user's segment (1), trending (2), overall popularity (3). Trending fills a few places only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.runtime.memory import available_bytes
from jobs.runtime.night import Night
from jobs.runtime.scoring import Catalogue, Scorer, ladders_from, list_writer, neighbour_writer
from jobs.runtime.shelf import can_be_shown, proven_replenishable
from models.als import ALS
from models.top_k import plan_blocks
from schemas.tables import INTEREST, ITEMS, POPULAR_ITEMS, RECOMMENDATIONS, SIMILAR_ITEMS, USERS
from schemas.tables.lists import ANONYMOUS

_HISTORY = 10  # items of a user's own that a reason may name


@dataclass(frozen=True)
class RecommendConfig:
    """The lists: how long, for which placement, under which rules."""

    k: int = field(default=12, metadata={"doc": "places in a list"})
    spares: int = field(default=6, metadata={"doc": "further places, for items that sell out during the day"})
    slot: str = field(default="home", metadata={"doc": "the storefront placement"})
    segment_by: str = field(default="country", metadata={"doc": "column of users that makes segments"})
    popular_depth: int = field(default=200, metadata={"doc": "length of each popularity list"})
    trending_places: int = field(
        default=3,
        # A whole list of trending items was hit by about .3 of Online Retail's newcomers (January to April 2011), where
        # overall popularity is hit by about .53.
        metadata={"doc": "places of a list that trending items may fill; the rest is overall popularity"},
    )
    new_places: int = field(
        default=1,
        metadata={"doc": "last places of the k for items that nobody touched yet, where they suit; 0: none"},
    )
    similar: int = field(default=20, metadata={"doc": "neighbours of each item"})
    max_impressions: int = field(default=8, metadata={"doc": "shown this often without a click: not again"})
    rebuy_share: float = field(
        default=0.1, metadata={"doc": "an item is replenishable where this share of its buyers came back for it"}
    )
    rebuy_buyers: int = field(default=5, metadata={"doc": "fewer buyers than this prove nothing"})

    def __post_init__(self) -> None:
        for name in ("k", "popular_depth", "similar", "max_impressions"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if not 0 <= self.new_places < self.k:
            raise ValueError(f"new_places must be in 0..{self.k - 1} (below k), not {self.new_places}")
        if self.segment_by not in USERS.names:
            known = ", ".join(USERS.names)
            raise ValueError(f"segment_by must be a column of users ({known}), not '{self.segment_by}'")


def describe_items(night: Night, config: RecommendConfig) -> pa.Table:
    """(item_id, title, category, brand, can_be_shown, is_replenishable) of the whole catalogue, sorted by item_id."""
    items = night.read_arrow(ITEMS).sort_by("item_id")
    pairs = night.each_file(INTEREST, ["item_id", "purchase_orders"])
    proven = proven_replenishable(pairs, config.rebuy_buyers, config.rebuy_share)
    replenishable = pc.coalesce(items["is_replenishable"], pc.is_in(items["item_id"], proven))
    return pa.table({
        "item_id": items["item_id"],
        "title": pc.coalesce(items["title"], items["title_zh"], items["item_id"]),
        "category": items["category"],
        "brand": items["brand"],
        "can_be_shown": can_be_shown(items),
        "is_replenishable": replenishable,
    })  # fmt: skip


def histories(interest: DataFrame, codes: DataFrame, config: RecommendConfig) -> DataFrame:
    """Each user's refused items, items bought before that may return, and latest interests, as arrays of item codes."""
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


def main(night: Night) -> None:
    config: RecommendConfig = night.settings.section("recommend")
    night.size_for(INTEREST, USERS)
    folder = night.lake.model_before("als", night.date, including=True)
    if folder is None:
        raise FileNotFoundError(f"models/als has nothing up to {night.date}; run `python -m jobs train_als` first")
    described = describe_items(night, config)
    with night.lake.local_copy(*folder) as path:
        model = ALS.load(path)
    scorer = _scorer(night)
    ladders = ladders_from(night.read_arrow(POPULAR_ITEMS), config.segment_by, config.trending_places)
    catalogue = Catalogue.of(described, model, ladders, night.settings.section("diversity"))
    _preflight(night, config, catalogue)
    shared = night.spark.sparkContext.broadcast(catalogue)

    codes = night.spark.createDataFrame(catalogue.as_codes())
    users = night.read(USERS).select("user_id", F.col(config.segment_by).cast("string").alias("segment"))
    anonymous = night.spark.createDataFrame([(ANONYMOUS, None)], "user_id string, segment string")
    everyone = users.unionByName(anonymous).join(histories(night.read(INTEREST), codes, config), "user_id", "left")
    write_lists = list_writer(shared, scorer, config, night.valid_until)
    night.write(RECOMMENDATIONS, everyone.mapInArrow(write_lists, RECOMMENDATIONS.ddl))

    partitions = max(night.spark.sparkContext.defaultParallelism, len(model.item_ids) // 5_000)
    slices = night.spark.range(0, len(catalogue.item_ids), 1, partitions)
    write_neighbours = neighbour_writer(shared, config, night.valid_until)
    night.write(SIMILAR_ITEMS, slices.mapInArrow(write_neighbours, SIMILAR_ITEMS.ddl))
    night.report(
        items=len(catalogue.item_ids),
        shown=int(catalogue.shown.sum()),
        models=night.models(),
    )


def _scorer(night: Night) -> Scorer:
    """Tonight's sources and the newest ranker that was promoted; neither in a shop where nobody did anything yet."""
    sources = night.lake.model_before("sources", night.date, including=True)
    if sources is None or sources[2] != f"date={night.date}":
        night.log.info("no sources tonight: every list comes from the ladder of popularity")
        return Scorer(night.lake.root, None, None)
    return Scorer(night.lake.root, sources, night.lake.model_before("ranker", night.date, including=True))


def _preflight(night: Night, config: RecommendConfig, catalogue: Catalogue) -> None:
    """Refuse with the numbers, before any list is made, what cannot be done."""
    shown = int(catalogue.shown.sum())
    if shown < config.k:
        raise ValueError(
            f"recommend.k = {config.k}, but only {shown} of {len(catalogue.item_ids)} items are active and in stock on "
            f"{night.date}; lower it with --set recommend.k=..., or check the catalogue's stock"
        )
    workers = night.spark.sparkContext.defaultParallelism
    held = workers * 2 * catalogue.factors.nbytes  # sources are mapped from their files, once for all workers
    free = available_bytes() - held
    plan_blocks(len(catalogue.item_ids), catalogue.factors.shape[1], free // workers, 1)
    night.report(memory={"available": available_bytes(), "held_by_workers": held, "workers": workers})
