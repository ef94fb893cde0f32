"""Items and users, as the shop last described them."""

from schemas.columns import (
    CATEGORY,
    CITY,
    COST,
    COUNTRY,
    CURRENCY,
    GENDER,
    ITEM_ID,
    MEMBER_LEVEL,
    PRICE,
    UPDATED_ON,
    USER_ID,
)
from schemas.table import Column, Table

# Sellers write names. Code that prints a name takes it from these columns: see jobs/common/shown_names.py.
_SHOWN = (
    *(
        Column(f"shown_{name}", "string", f"`{name}` where a page may show it, else null.", nullable=True)
        for name in ("title", "title_zh", "brand", "category")
    ),
    Column("names_refused", "string", "A line for each name that may not be shown: `column: reason: detail`.",
           nullable=True, inner=True),
    Column("names_judged", "string", "Digest of the names and of the rules by which they were judged.", nullable=True,
           inner=True),
)  # fmt: skip

ITEMS = Table(
    name="items",
    grain="one item ever seen in a catalogue or, where the shop sends none, in an event; its latest description",
    key=("item_id",),
    columns=(
        ITEM_ID,
        Column("title", "string", "Title in the shop's first language.", nullable=True),
        Column("title_zh", "string", "Chinese title.", nullable=True),
        Column("description", "string", "Description in the shop's first language.", nullable=True),
        Column("description_zh", "string", "Chinese description.", nullable=True),
        CATEGORY,
        Column("brand", "string", "Brand.", nullable=True),
        Column("picture_url", "string", "URL of its picture, from the shop's catalogue.", nullable=True),
        PRICE.but(doc="Current unit price in `currency`."),
        COST.but(inner=True),
        CURRENCY,
        Column("stock", "float64", "Units on hand; null where the shop does not say: the item then counts as in stock.",
               nullable=True, inner=True),
        Column("is_active", "bool", "False once the shop withdrew it."),
        Column("is_sold_out", "bool", "True when no unit is left; null where the shop does not say.", nullable=True),
        Column("is_replenishable", "bool", "True for an item that people buy again and again; null: decided from its "
               "purchases.", nullable=True, inner=True),
        Column("attributes", "string", "JSON object of attribute -> text, number, true, false, null, or a list or "
               "object of these; null where the shop sends nothing, blanks or JSON's `null`.", nullable=True,
               inner=True),
        *_SHOWN,
        UPDATED_ON,
    ),
    readers="the storefront; build_features, recommend_items",
    product="lists",
    gate="clean",
    version=3,
)  # fmt: skip

USERS = Table(
    name="users",
    grain="one account ever seen in a user file or in an event",
    key=("user_id",),
    columns=(
        USER_ID,
        Column("age", "int32", "Years.", nullable=True, min=0, max=130),
        GENDER,
        CITY,
        COUNTRY,
        MEMBER_LEVEL,
        Column("registered_on", "date", "Registration date.", nullable=True),
        Column("email", "string", "E-mail: HMAC-SHA256 hex, or null.", nullable=True, personal=True),
        Column("phone", "string", "Phone: HMAC-SHA256 hex, or null.", nullable=True, personal=True),
        UPDATED_ON,
    ),
    readers="build_features, recommend_items",
    gate="clean",
)
