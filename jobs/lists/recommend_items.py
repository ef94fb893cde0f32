"""Sources, ranker and popular items -> recommendations for every user and for anonymous visitors; similar_items.

The job applies these rules before it fills a list, so that no list becomes short because of them:
- only items that are active and in stock;
- no item that the user bought, unless people buy it repeatedly (the shop says so, or its buyers show it);
- no item that the user saw `max_impressions` times or more without a click.
Where a user's lists of popular items run out, items that the last two rules exclude may complete the list.
Fallback levels: own history (0), the user's segment (1), trending (2), overall popularity (3). Trending items fill only
a few places. If experiments run, each user's list follows the rules of the user's arm; its rows name the arm.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from jobs.lists.arms import arms_of
from jobs.lists.list_inputs import catalogue_of, histories, preflight, scorer_of, users_of
from jobs.lists.list_rows import list_writer
from jobs.lists.similar_rows import neighbour_writer
from jobs.runtime.model_store import newest_models
from jobs.runtime.night import Night
from models.core.config import check_bounds
from schemas.tables import INTEREST, RECOMMENDATIONS, SIMILAR_ITEMS, USERS
from schemas.tables.lists import ANONYMOUS


@dataclass(frozen=True)
class RecommendConfig:
    """How long the lists are, for which placement, and under which rules."""

    k: int = field(default=12, metadata={"doc": "places in a list", "least": 1})
    spares: int = field(
        default=6, metadata={"doc": "further places, for items that sell out during the day", "least": 0}
    )
    slot: str = field(default="home", metadata={"doc": "the storefront placement"})
    segment_by: str = field(default="country", metadata={"doc": "column of users whose values are the segments"})
    popular_depth: int = field(default=200, metadata={"doc": "length of each popularity list", "least": 1})
    trending_places: int = field(
        default=3,
        # Online Retail's newcomers (January to April 2011): about .3 bought an item of a list of trending items only,
        # and about .53 an item of a list by overall popularity.
        metadata={"doc": "places of a list that trending items may fill; the rest is overall popularity", "least": 0},
    )
    new_places: int = field(
        default=1,
        metadata={
            "doc": "last places of the k for items that nobody touched yet, where one suits; 0: none",
            "least": 0,
        },
    )
    similar: int = field(default=20, metadata={"doc": "neighbours of each item", "least": 1})
    max_impressions: int = field(
        default=8, metadata={"doc": "an item shown so often without a click is not shown again", "least": 1}
    )
    rebuy_share: float = field(
        default=0.1, metadata={"doc": "an item is replenishable where this share of its buyers came back for it"}
    )
    rebuy_buyers: int = field(default=5, metadata={"doc": "buyers that an item needs for that"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.new_places >= self.k:
            raise ValueError(f"new_places must be in 0..{self.k - 1} (below k), not {self.new_places}")
        if self.segment_by not in USERS.names:
            columns = ", ".join(USERS.names)
            raise ValueError(f"segment_by must be a column of users ({columns}), not '{self.segment_by}'")


def main(night: Night) -> None:
    config: RecommendConfig = night.settings.section("recommend")
    night.size_for(INTEREST, USERS, slow_rows=True)
    arms = arms_of(night)
    catalogue = catalogue_of(night, arms)
    scorer = scorer_of(night)
    preflight(night, catalogue)
    shared = night.spark.sparkContext.broadcast(catalogue)

    codes = night.spark.createDataFrame(catalogue.as_codes())
    users = users_of(night, config.segment_by)
    anonymous = night.spark.createDataFrame([(ANONYMOUS, None)], users.schema)
    everyone = users.unionByName(anonymous).join(histories(night.read(INTEREST), codes, config), "user_id", "left")
    write_lists = list_writer(shared, scorer, config, night.valid_until("lists"), arms)
    night.write(RECOMMENDATIONS, everyone.mapInArrow(write_lists, RECOMMENDATIONS.ddl))

    partitions = max(night.spark.sparkContext.defaultParallelism, int(catalogue.known.sum()) // 5_000)
    slices = night.spark.range(0, len(catalogue.item_ids), 1, partitions)
    write_neighbours = neighbour_writer(shared, config, night.valid_until("lists"))
    night.write(SIMILAR_ITEMS, slices.mapInArrow(write_neighbours, SIMILAR_ITEMS.ddl))
    night.report(
        items=len(catalogue.item_ids),
        shown=int(catalogue.shown.sum()),
        models=newest_models(night),
    )
