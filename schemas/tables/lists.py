"""Lists of items for the storefront, audiences for campaigns, and how good the lists turned out the next day."""

from schemas.columns import (
    ARM,
    ITEM_ID,
    METRIC,
    RANK,
    REASON,
    TARGET_ITEM_ID,
    USER_ID,
    USER_ID_OR_ANONYMOUS,
    USERS,
    VALID_UNTIL,
)
from schemas.list_sources import LIST_SOURCES
from schemas.table import Column, Table

ANONYMOUS = "anonymous"  # the user_id of the list for visitors without an account, or with a new account

RECOMMENDATIONS = Table(
    name="recommendations",
    grain="one place in one user's list; user_id 'anonymous' is the list for visitors without an account",
    key=("user_id", "rank"),
    columns=(
        USER_ID_OR_ANONYMOUS,
        ITEM_ID,
        RANK.but(doc="1 is best; ranks above k are spares for items that sell out during the day."),
        Column("score", "float32", "Only scores of one user and one source compare."),
        Column("source", "string", "The recommender that proposed it; of several, the one that ranked it highest.",
               one_of=tuple(LIST_SOURCES)),
        Column("score_parts", "string", "The features that moved the score most; empty on a fallback level above 0."),
        REASON,
        Column("fallback_level", "int32", "0 own history, 1 segment, 2 trending, 3 overall popularity.", min=0, max=3),
        Column("slot", "string", "The storefront placement it is made for."),
        Column("is_spare", "bool", "True for ranks above k."),
        ARM.but(doc="The user's arm, as 'experiment=arm', several joined by ';'; 'all' where none runs."),
        Column("propensity", "float32", "Probability with which this user got this arm and, in an explored place, this "
               "source; 1 where nothing was drawn at random.", min=0, max=1),
        VALID_UNTIL,
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
        TARGET_ITEM_ID,
        ITEM_ID.but(doc="Its neighbour, in stock and active."),
        RANK.but(doc="1 is nearest."),
        Column("score", "float32", "Cosine of the ALS factors.", min=-1.001, max=1.001),
        VALID_UNTIL,
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
        TARGET_ITEM_ID.but(doc="The item that the visitor looks at, or has in the cart."),
        ITEM_ID.but(doc="The item bought with it, in stock and active."),
        RANK.but(doc="1 has the largest confidence less its share of all baskets."),
        Column("baskets", "int64", "Baskets with both.", min=1),
        Column("support", "float64", "Share of all baskets that hold both.", min=0, max=1),
        Column("confidence", "float64", "Share of the target's baskets that hold the item too.", min=0, max=1),
        Column("lift", "float64", "How many times likelier than in an average basket; above 1.", min=1),
        VALID_UNTIL,
    ),
    readers="the storefront",
    product="lists",
    may_be_empty=True,
)

AUDIENCE_KINDS = ("item", "segment", "campaign")

AUDIENCES = Table(
    name="audiences",
    grain="one user in the audience of one item, segment or campaign",
    key=("kind", "target", "rank"),
    columns=(
        Column("kind", "string", "What `target` names.", one_of=AUDIENCE_KINDS),
        Column("target", "string", "An item on sale, known by what people did with it; a segment_id; an offer_id."),
        ITEM_ID.but(nullable=True, doc="The target where it is an item; as in version 1."),
        RANK.but(doc="1 is the user who wants the item most, is most active, or is worth the offer most."),
        USER_ID,
        Column("score", "float32", "Only scores of one target compare. Item: inner product of the ALS factors; "
               "segment: events, halved every half-life; campaign: the offer's expected value, null where there is not "
               "enough data.", nullable=True),
        VALID_UNTIL,
    ),
    readers="campaigns; export_audience",
    product="audiences",
    may_be_empty=True,
    version=2,
)  # fmt: skip

POPULAR_ITEMS = Table(
    name="popular_items",
    grain="one place in one segment's popularity list",
    key=("segment", "rank"),
    columns=(
        Column("segment", "string", "'all', 'trending', or 'column=value', such as 'country=France'."),
        ITEM_ID,
        RANK.but(doc="1 is most popular."),
        Column("score", "float32", "Decayed interest of the segment's users; for 'trending', the growth of interest."),
        VALID_UNTIL,
    ),
    readers="the storefront; recommend_items",
    product="lists",
)

LIST_QUALITY = Table(
    name="list_quality",
    grain="one metric of one kind of list, measured by what its users did the day after it was published",
    key=("lists", "truth", "cut", "metric"),
    columns=(
        Column("lists", "string", "Which lists: published, popularity, buy_again, item_item."),
        Column("truth", "string", "What counts as a hit: all purchases of the day, or first-time ones only."),
        Column("cut", "string", "All users, or those with lists of one source or fallback level."),
        METRIC,
        Column("value", "float64", "Mean over users.", min=0, max=1),
        Column("low", "float64", "Lower end of the 95 % bootstrap interval over users.", min=0, max=1),
        Column("high", "float64", "Upper end.", min=0, max=1),
        USERS.but(min=1, doc="The denominator: users with a hit to find today."),
    ),
    readers="people; describe_night",
    gate="experiments",
    may_be_empty=True,
)
