"""How the lists treat groups: exposure of items by brand, seller and so on, and quality by groups of users."""

from schemas.columns import METRIC, SHARE_OF_ALL, USERS
from schemas.table import Column, Table

EXPOSURE_KINDS = ("popularity", "brand", "seller", "category", "price_band", "item_age")
GROUP_ROLES = ("group", "unknown", "others")
USER_ATTRIBUTES = ("gender", "age_band", "country", "activity")
VERDICTS = ("as others", "better", "worse", "not enough data")

EXPOSURE = Table(
    name="exposure",
    grain="one group of items: its share of what tonight's lists show, of the catalogue and of sales",
    key=("kind", "role", "group"),
    columns=(
        Column("kind", "string", "What groups the items.", one_of=EXPOSURE_KINDS),
        Column("role", "string", "'group': a value; 'unknown': items without one; 'others': all groups beyond the "
               "largest `exposure.groups`.", one_of=GROUP_ROLES),
        Column("group", "string", "The value as the shop wrote it: brand, seller, first level of the category; third "
               "of the category's prices; days since the first event; more or less popular half."),
        Column("members", "int64", "Values in this row: more than 1 for 'others'.", min=1),
        Column("items", "int64", "Items that may be shown.", min=0),
        Column("items_shown", "int64", "Items in somebody's list.", min=0),
        Column("places", "int64", "Places in the lists, spares left out.", min=0),
        SHARE_OF_ALL.but(name="exposure_share", doc="Share of exposure: a place weighs 1 / log2(rank + 1)."),
        SHARE_OF_ALL.but(name="catalogue_share", doc="Share of the items that may be shown."),
        SHARE_OF_ALL.but(name="sales_share", nullable=True, doc="Share of purchase lines, halved every half-life; null "
                         "where nobody bought yet."),
    ),
    readers="people; show_night",
    gate="experiments",
    may_be_empty=True,
)  # fmt: skip

EXPOSURE_FIGURES = Table(
    name="exposure_figures",
    grain="one figure of how tonight's lists spread exposure over all items that may be shown",
    key=("figure",),
    columns=(
        Column("figure", "string", "gini: 0 all items alike, near 1 where one has everything; coverage: share of items "
               "in somebody's list; popularity_lift: 0 where what is shown is as popular as what is bought, 1 where "
               "twice; tail_exposure: share of the less popular half of the items.",
               one_of=("gini", "coverage", "popularity_lift", "tail_exposure")),
        Column("value", "float64", "Its value; null where nobody bought yet.", nullable=True),
    ),
    readers="people; show_night",
    gate="experiments",
    may_be_empty=True,
)  # fmt: skip

_MATCHED = "of the mean as if the group's users had been as active as all users"

GROUP_QUALITY = Table(
    name="group_quality",
    grain="one metric of the last published lists for one group of the users who bought something since",
    key=("truth", "metric", "attribute", "group"),
    columns=(
        Column("truth", "string", "What counts as a hit, as in list_quality."),
        METRIC,
        Column("attribute", "string", "What groups the users; read for this report alone.", one_of=USER_ATTRIBUTES),
        Column("group", "string", "The attribute's value, 'unknown' where the shop does not know; activity: low, "
               "middle or high third by events before."),
        USERS.but(min=1, doc="Users of the group who bought: the denominator."),
        Column("value", "float64", "Mean over these users; null: not enough data.", nullable=True, min=0, max=1),
        Column("low", "float64", "Lower end of its 95 % interval.", nullable=True),
        Column("high", "float64", "Upper end of it.", nullable=True),
        Column("verdict", "string", "The group's interval compared with that of all others.", one_of=VERDICTS),
        Column("matched", "float64", f"{_MATCHED.removeprefix('of the ').capitalize()}; null: not enough data.",
               nullable=True, min=0, max=1),
        Column("matched_low", "float64", f"Lower end of the 95 % interval {_MATCHED}.", nullable=True),
        Column("matched_high", "float64", f"Upper end of the 95 % interval {_MATCHED}.", nullable=True),
        Column("matched_verdict", "string", "The matched interval compared with that of all others, matched alike.",
               one_of=VERDICTS),
    ),
    readers="people; show_night",
    gate="experiments",
    may_be_empty=True,
)  # fmt: skip
