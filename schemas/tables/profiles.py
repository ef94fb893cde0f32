"""The portrait of each account: its tastes, its purchases so far, and what marketing reads of it."""

from schemas.columns import (
    CITY,
    COUNTRY,
    CURRENCY,
    GENDER,
    ITEM_ID,
    LAST_EVENT_ON,
    MEMBER_LEVEL,
    PRICE,
    SESSIONS,
    USER_ID,
)
from schemas.table import Column, Table

TASTE_KINDS = ("category", "brand", "attribute", "price_band", "hour", "channel")
STAGES = ("new", "active", "at_risk", "lapsed", "back", "no_purchase")

USER_TASTES = Table(
    name="user_tastes",
    grain="one thing that one account likes: a category, a brand, an hour of the day, ...",
    key=("user_id", "kind", "value"),
    columns=(
        USER_ID,
        Column("kind", "string", "What it is a taste for.", one_of=TASTE_KINDS),
        Column("value", "string", "Such as 'Home > Lamps', 'colour=red', 'low', 'evening'."),
        Column("strength", "float64", "Sum of event weights, halved every half-life."),
        Column("share", "float64", "Strength divided by the sum over all values of the kind; 0 where that is 0.",
               min=0, max=1),
        Column("evidence", "int64", "Events that it is made of, not decayed.", min=1),
        LAST_EVENT_ON,
    ),
    readers="update_profiles tomorrow, segment_users, explain_user, write_copy",
    gate="features",
    may_be_empty=True,
)  # fmt: skip

ITEM_PRICES = Table(
    name="item_prices",
    grain="one price that one item was seen at, in one currency",
    key=("item_id", "currency", "price"),
    columns=(
        ITEM_ID,
        CURRENCY.but(nullable=False, doc="ISO 4217 code; empty where the shop does not say."),
        PRICE.but(nullable=False, doc="Unit price, above 0."),
        Column("seen", "float64", "Events with this price, halved every half-life.", min=0),
        Column("bought", "float64", "Purchase lines of them, halved every half-life.", min=0),
        LAST_EVENT_ON,
    ),
    readers="update_profiles",
    gate="features",
    may_be_empty=True,
)

USER_PURCHASES = Table(
    name="user_purchases",
    grain="one account's purchase history in a few figures, updated from night to night",
    key=("user_id",),
    columns=(
        USER_ID,
        Column("first_purchase_on", "date", "Day of the first purchase."),
        Column("recent_days", "int64", "Bit n, 0 to 62: a purchase n - 1 days before this night (bit 0: the day "
               "after).", min=0),
        Column("settled_days", "int64", "Days with a purchase before those of `recent_days`.", min=0),
        Column("settled_last_on", "date", "The latest of these settled days.", nullable=True),
        Column("lapsed_on", "date", "Among the settled days: the last purchase before the latest lapse.",
               nullable=True),
        Column("back_on", "date", "Among the settled days: the first purchase after that lapse.", nullable=True),
        Column("priced_purchases", "int64", "Purchase lines of items with a usual price to compare with.", min=0),
        Column("discounted_purchases", "int64", "Those of them below the usual price.", min=0),
        Column("price_gap", "float64", "Sum over these lines of log(price / what buyers of the category pay)."),
        CURRENCY.but(doc="Currency of its purchases, where the shop says; 'mixed': several."),
    ),
    readers="update_profiles",
    gate="features",
    may_be_empty=True,
)  # fmt: skip

USER_PROFILES = Table(
    name="user_profiles",
    grain="the portrait of one account",
    key=("user_id",),
    columns=(
        USER_ID,
        Column("age_band", "string", "Such as '25-34'; null where the shop does not know.", nullable=True),
        GENDER,
        COUNTRY,
        CITY,
        MEMBER_LEVEL,
        Column("tenure_days", "int32", "Days since registration, or since the first event; null without either.",
               nullable=True, min=0),
        Column("recency_days", "int32", "Days since the latest purchase; null without one.", nullable=True, min=0),
        Column("frequency", "int64", "Days with a purchase, not decayed.", min=0),
        Column("monetary", "float64", "Money spent less returns, in the currency that most buyers pay in; null for an "
               "account that paid in another one.", nullable=True),
        SESSIONS,
        Column("last_seen_days", "int32", "Days since the latest event of any type.", nullable=True, min=0),
        Column("stage", "string", "Stage of the customer's life.", one_of=STAGES),
        Column("discount_appetite", "float64", "Share of purchase lines bought below the item's usual price; null with "
               "too few.", nullable=True, min=0, max=1),
        Column("priced_purchases", "int64", "Purchase lines that the appetite and the sensitivity are made of.", min=0),
        Column("price_sensitivity", "string", "low, medium or high against others who buy in the same categories; null "
               "with too few purchases.", nullable=True, one_of=("low", "medium", "high")),
        Column("top_category", "string", "Strongest taste of the kind.", nullable=True),
        Column("top_brand", "string", "Strongest taste of the kind.", nullable=True),
        Column("usual_hour", "string", "Part of the shop's day with most events.", nullable=True),
    ),
    readers="campaigns; segment_users, choose_offers, write_copy",
    product="customers",
    gate="features",
    version=2,
)  # fmt: skip
