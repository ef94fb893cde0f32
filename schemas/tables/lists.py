"""What the storefront reads, and how it was judged the next day."""

from schemas.list_sources import LIST_SOURCES
from schemas.table import Column, Table

ANONYMOUS = "anonymous"  # the user_id of the list for visitors without an account, or with one that is new today

RECOMMENDATIONS = Table(
    name="recommendations",
    grain="one place in one user's list; user_id 'anonymous' is the list for visitors without an account",
    key=("user_id", "rank"),
    columns=(
        Column("user_id", "string", "The shop's account id, or 'anonymous'."),
        Column("item_id", "string", "The shop's item id."),
        Column("rank", "int32", "1 is best; ranks above k are spares for items that sell out during the day.", min=1),
        Column("score", "float32", "Comparable within one user and source only."),
        Column("source", "string", "What proposed it, highest of all that did.", one_of=tuple(LIST_SOURCES)),
        Column("score_parts", "string", "What moved the score most; empty on a fallback level above 0."),
        Column("reason", "string", "Why, for a person."),
        Column("fallback_level", "int32", "0 own history, 1 segment, 2 trending, 3 overall popularity.", min=0, max=3),
        Column("slot", "string", "The storefront placement it is made for."),
        Column("is_spare", "bool", "True above k."),
        Column("arm", "string", "The user's arm, as 'experiment=arm', several joined by ';'; 'all' where none runs."),
        Column("propensity", "float32", "Probability by which chance gave this user this arm and, in an explored "
               "place, this source; 1 where nothing was left to chance.", min=0, max=1),
        Column("valid_until", "timestamp", "Not to be shown after this, UTC."),
    ),
    readers="the storefront; judge_lists and judge_experiments tomorrow",
    product="lists",
    version=3,
)  # fmt: skip

SIMILAR_ITEMS = Table(
    name="similar_items",
    grain="one neighbour of one item",
    key=("target_item_id", "rank"),
    columns=(
        Column("target_item_id", "string", "The item being looked at."),
        Column("item_id", "string", "Its neighbour, in stock and active."),
        Column("rank", "int32", "1 is nearest.", min=1),
        Column("score", "float32", "Cosine of the ALS factors.", min=-1.001, max=1.001),
        Column("valid_until", "timestamp", "Not to be shown after this, UTC."),
    ),
    readers="the storefront",
    product="lists",
    may_be_empty=True,
)

BOUGHT_TOGETHER = Table(
    name="bought_together",
    grain="one item that is bought together with another, in the baskets of the last weeks",
    key=("target_item_id", "rank"),
    columns=(
        Column("target_item_id", "string", "The item being looked at, or in the cart."),
        Column("item_id", "string", "What is bought with it, in stock and active."),
        Column("rank", "int32", "1 gains most from the target: confidence less its share of all baskets.", min=1),
        Column("baskets", "int64", "Baskets with both.", min=1),
        Column("support", "float64", "Share of all baskets that hold both.", min=0, max=1),
        Column("confidence", "float64", "Share of the target's baskets that hold the item too.", min=0, max=1),
        Column("lift", "float64", "How many times likelier than in any basket; above 1.", min=1),
        Column("valid_until", "timestamp", "Not to be shown after this, UTC."),
    ),
    readers="the storefront",
    product="lists",
    may_be_empty=True,
)

AUDIENCE_KINDS = ("item", "segment", "campaign")

AUDIENCES = Table(
    name="audiences",
    grain="one user of those whom one item, segment or campaign is for",
    key=("kind", "target", "rank"),
    columns=(
        Column("kind", "string", "What `target` names.", one_of=AUDIENCE_KINDS),
        Column("target", "string", "An item on sale, known by what people did with it; a segment_id; an offer_id."),
        Column("item_id", "string", "The target where it is an item, as in version 1.", nullable=True),
        Column(
            "rank", "int32", "1 first: would want the item most; is the most active; is worth the offer most.", min=1
        ),
        Column("user_id", "string", "The shop's account id."),
        Column(
            "score",
            "float32",
            "Compares within one target. Item: inner product of the ALS factors; segment: events, halved every "
            "half-life; campaign: the offer's expected value, null where there is not enough data.",
            nullable=True,
        ),
        Column("valid_until", "timestamp", "Not to be used after this, UTC."),
    ),
    readers="campaigns; export_audience",
    product="audiences",
    may_be_empty=True,
    version=2,
)

POPULAR_ITEMS = Table(
    name="popular_items",
    grain="one place in one segment's popularity list",
    key=("segment", "rank"),
    columns=(
        Column("segment", "string", "'all', 'trending', or 'column=value', such as 'country=France'."),
        Column("item_id", "string", "The shop's item id."),
        Column("rank", "int32", "1 is most popular.", min=1),
        Column("score", "float32", "Decayed interest of the segment's users; for 'trending' its growth."),
        Column("valid_until", "timestamp", "Not to be shown after this, UTC."),
    ),
    readers="the storefront; recommend_items",
    product="lists",
)

LIST_QUALITY = Table(
    name="list_quality",
    grain="one figure about one kind of list, judged by what its users did the day after it was published",
    key=("lists", "truth", "cut", "metric"),
    columns=(
        Column("lists", "string", "Whose lists: published, popularity, buy_again, item_item."),
        Column("truth", "string", "What counts as a hit: all purchases of the day, or first-time ones only."),
        Column("cut", "string", "All users, or those of one source or fallback level."),
        Column("metric", "string", "As in models.core.list_metrics, such as 'ndcg@12'."),
        Column("value", "float64", "Mean over users.", min=0, max=1),
        Column("low", "float64", "Lower end of the 95 % bootstrap interval over users.", min=0, max=1),
        Column("high", "float64", "Upper end.", min=0, max=1),
        Column("users", "int64", "The denominator: users with a truth today.", min=1),
    ),
    readers="people; describe_night",
    gate="experiments",
    may_be_empty=True,
)
