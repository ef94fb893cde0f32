"""Items and users, as the shop last described them."""

from schemas.table import Column, Table

ITEMS = Table(
    name="items",
    grain="one item ever seen in a catalogue or, where the shop sends none, in an event; its latest description",
    key=("item_id",),
    columns=(
        Column("item_id", "string", "The shop's item id."),
        Column("title", "string", "Title in the shop's first language.", nullable=True),
        Column("title_zh", "string", "Chinese title.", nullable=True),
        Column("description", "string", "Description in the shop's first language.", nullable=True),
        Column("description_zh", "string", "Chinese description.", nullable=True),
        Column("category", "string", "Category path, levels joined by ' > '.", nullable=True),
        Column("brand", "string", "Brand.", nullable=True),
        Column("picture_url", "string", "Where its picture is, as the shop's catalogue says.", nullable=True),
        Column("price", "float64", "Current unit price in `currency`.", nullable=True, min=0),
        Column("cost", "float64", "Unit cost in `currency`.", nullable=True, min=0, inner=True),
        Column("currency", "string", "ISO 4217 code.", nullable=True),
        Column(
            "stock",
            "float64",
            "Units on hand; null where the shop does not say, which counts as in stock.",
            nullable=True,
            inner=True,
        ),
        Column("is_active", "bool", "False once the shop withdrew it."),
        Column("is_sold_out", "bool", "True where no unit is left; null where the shop does not say.", nullable=True),
        Column(
            "is_replenishable",
            "bool",
            "Bought again and again; null: decided from its own history.",
            nullable=True,
            inner=True,
        ),
        Column(
            "attributes",
            "string",
            "JSON object of attribute -> text, number, true, false, null, or a list or object of these; null where the "
            "shop sends nothing, blanks or JSON's `null`.",
            nullable=True,
            inner=True,
        ),
        Column("updated_on", "date", "The night that last changed this row."),
    ),
    readers="the storefront; build_features, recommend_items",
    product="lists",
    gate="clean",
    version=2,
)

USERS = Table(
    name="users",
    grain="one account ever seen in a user file or in an event",
    key=("user_id",),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        Column("age", "int32", "Years.", nullable=True, min=0, max=130),
        Column("gender", "string", "As the shop writes it.", nullable=True),
        Column("city", "string", "City.", nullable=True),
        Column("country", "string", "Country.", nullable=True),
        Column("member_level", "string", "Level in the shop's member scheme.", nullable=True),
        Column("registered_on", "date", "Registration date.", nullable=True),
        Column("email", "string", "E-mail: HMAC-SHA256 hex, or null.", nullable=True, personal=True),
        Column("phone", "string", "Phone: HMAC-SHA256 hex, or null.", nullable=True, personal=True),
        Column("updated_on", "date", "The night that last changed this row."),
    ),
    readers="build_features, recommend_items",
    gate="clean",
)
