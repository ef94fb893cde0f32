"""Features: recurrences over clean events. Money and units are net of returns."""

from schemas.table import Column, Table

INTEREST = Table(
    name="interest",
    grain="one (user, item) pair with at least one event in memory",
    key=("user_id", "item_id"),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        Column("item_id", "string", "The shop's item id."),
        Column("interest", "float64", "Sum of event weights, halved every half-life; below 0 after a return."),
        Column("purchases", "float64", "Units bought less units returned, not decayed."),
        Column("purchase_orders", "int64", "Purchase lines, not decayed; 2 or more marks a repeat.", min=0),
        Column("impressions", "int64", "Times shown, not decayed.", min=0),
        Column("clicks", "int64", "Clicks on what was shown, not decayed.", min=0),
        Column("last_event_on", "date", "Day of the pair's latest event."),
        Column("last_purchase_on", "date", "Day of the latest purchase.", nullable=True),
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
    Column("last_event_on", "date", "Day of the latest event."),
    Column("last_purchase_on", "date", "Day of the latest purchase.", nullable=True),
)

USER_FEATURES = Table(
    name="user_features",
    grain="one account with at least one event",
    key=("user_id",),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        *_COUNTS,
        Column("sessions", "int64", "Sessions begun.", min=0),
        Column("searches", "int64", "Searches.", min=0),
    ),
    readers="recommend_items, judge_experiments",
    gate="features",
)

ITEM_FEATURES = Table(
    name="item_features",
    grain="one item with at least one event, anonymous visits included",
    key=("item_id",),
    columns=(Column("item_id", "string", "The shop's item id."), *_COUNTS),
    readers="recommend_items",
    gate="features",
)
