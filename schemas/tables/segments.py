"""Segments of shoppers: who is in which, what sets each apart, and which categories go together in it."""

from schemas.columns import SEGMENT_ID, USER_ID, USERS
from schemas.table import Column, Table

USER_SEGMENTS = Table(
    name="user_segments",
    grain="one account's place among the segments",
    key=("user_id",),
    columns=(
        USER_ID,
        SEGMENT_ID.but(doc="Row of `segments`; the same number means the same kind of people every night."),
        Column("rfm_class", "string", "Recency, frequency and money in fifths, 5 best, such as '543'; '000' without a "
               "purchase, money 0 where it is not known."),
        Column("moved", "bool", "True where last night's segment was another one."),
    ),
    readers="campaigns; choose_offers, find_audiences, write_copy",
    product="customers",
)  # fmt: skip

SEGMENTS = Table(
    name="segments",
    grain="one kind of shopper",
    key=("segment_id",),
    columns=(
        SEGMENT_ID.but(doc="A number that is never given to another kind of people."),
        Column("name_en", "string", "What sets it apart, in English. 'Not buyers yet' holds for all in it; any other "
               "word held for four in five on the night that named it: 'big spenders' spent more than the median "
               "buyer."),
        Column("name_zh", "string", "The same in Chinese."),
        USERS.but(doc="Accounts in it."),
        Column("share", "float64", "Share of all accounts.", min=0, max=1),
        Column("buyers", "int64", "Accounts in it that bought.", min=0),
        Column("mean_money", "float64", "Money spent less returns, mean over the accounts for which it is known; null "
               "where it is known for none.", nullable=True),
        Column("mean_frequency", "float64", "Days with a purchase, mean over its accounts.", min=0),
        Column("mean_recency_days", "float64", "Days since the latest purchase, mean over its buyers; null without "
               "buyers.", nullable=True, min=0),
        Column("discount_appetite", "float64", "Mean over the accounts for which it is known.", nullable=True, min=0,
               max=1),
        Column("top_category", "string", "The most common top category of its accounts.", nullable=True),
        Column("usual_hour", "string", "The most common part of the shop's day.", nullable=True),
        Column("traits", "string", "What its name was made from, in English: its means beside the median account or "
               "buyer; or why there was too little data."),
        Column("traits_zh", "string", "The same in Chinese."),
    ),
    readers="campaigns; find_audiences, explain_user, write_copy",
    product="customers",
    version=3,
)  # fmt: skip

SEGMENT_RULES = Table(
    name="segment_rules",
    grain="one rule 'who likes this category likes that one', within one segment",
    key=("segment_id", "if_category", "then_category"),
    columns=(
        SEGMENT_ID,
        Column("if_category", "string", "A category that they like."),
        Column("then_category", "string", "Another one."),
        USERS.but(min=1, doc="Accounts of the segment that like both."),
        Column("support", "float64", "Their share of the segment's accounts that like any category.", min=0, max=1),
        Column("confidence", "float64", "Share of those who like the first that like the other too.", min=0, max=1),
        Column("lift", "float64", "How many times likelier than for the segment's average account; above 1.", min=1),
    ),
    readers="campaigns",
    product="customers",
    may_be_empty=True,
)
