"""Features: sums over clean events, updated from night to night. Money and units are net of returns."""

from schemas.columns import ITEM_ID, LAST_EVENT_ON, LAST_PURCHASE_ON, SESSIONS, USER_ID
from schemas.table import Column, Table

INTEREST = Table(
    name="interest",
    grain="one (user, item) pair with at least one event that is still counted",
    key=("user_id", "item_id"),
    columns=(
        USER_ID,
        ITEM_ID,
        Column("interest", "float64", "Sum of event weights, halved every half-life; below 0 after a return."),
        Column("purchases", "float64", "Units bought less units returned, not decayed."),
        Column("purchase_orders", "int64", "Purchase lines, not decayed; 2 or more marks a repeat.", min=0),
        Column("impressions", "int64", "Times shown, not decayed.", min=0),
        Column("clicks", "int64", "Clicks on what was shown, not decayed.", min=0),
        LAST_EVENT_ON.but(doc="Day of the pair's latest event."),
        LAST_PURCHASE_ON,
    ),
    readers="train_als, recommend_items, judge_lists",
    gate="features",
)

_COUNTS = (
    Column("events", "int64", "Events, all types.", min=0),
    Column("views", "int64", "Views.", min=0),
    Column("carts", "int64", "Carts.", min=0),
    Column("wishlists", "int64", "Wish-list additions.", min=0),
    Column("purchases", "int64", "Purchase lines, before returns.", min=0),
    Column("returns", "int64", "Return lines.", min=0),
    Column("revenue", "float64", "Price x quantity of purchases less returns, in the shop's currency."),
    Column("units", "float64", "Units bought less units returned."),
    Column("ratings", "int64", "Ratings given.", min=0),
    Column("rating_sum", "float64", "Sum of stars; divide by `ratings` for the mean.", min=0),
    Column("impressions", "int64", "Impressions.", min=0),
    Column("clicks", "int64", "Clicks.", min=0),
    Column("recent_events", "float64", "Events halved every half-life."),
    Column("recent_purchases", "float64", "Purchase lines halved every half-life."),
    Column("first_event_on", "date", "Day of the first event."),
    LAST_EVENT_ON,
    LAST_PURCHASE_ON,
)

USER_FEATURES = Table(
    name="user_features",
    grain="one account with at least one event",
    key=("user_id",),
    columns=(
        USER_ID,
        *_COUNTS,
        SESSIONS,
        Column("searches", "int64", "Searches.", min=0),
    ),
    readers="recommend_items, judge_experiments, write_copy",
    gate="features",
)

ITEM_FEATURES = Table(
    name="item_features",
    grain="one item with at least one event, anonymous visits included",
    key=("item_id",),
    columns=(ITEM_ID, *_COUNTS),
    readers="recommend_items",
    gate="features",
)
