"""What each account is expected to do: purchases, lapse, spend, and the categories it will buy in."""

from schemas.columns import CATEGORY, RANK, USER_ID
from schemas.table import Column, Table

PROPENSITIES = Table(
    name="propensities",
    grain="what one account is expected to do",
    key=("user_id",),
    columns=(
        USER_ID,
        Column("buys_7d", "float64", "Probability of a purchase within 7 days; null: not enough data.", nullable=True,
               min=0, max=1),
        Column("lapses", "float64", "Probability of no purchase within the lapse window; null: not enough data.",
               nullable=True, min=0, max=1),
        Column("expected_purchases", "float64", "Expected purchase days in the next 28 days; null: not enough data.",
               nullable=True, min=0),
        Column("expected_value", "float64", "Expected spend in the next 28 days, in the shop's currency; null: not "
               "enough data.", nullable=True, min=0),
        Column("method", "string", "Which model said so, or 'not enough data'."),
    ),
    readers="campaigns; choose_offers",
    product="customers",
)  # fmt: skip

CATEGORY_PROPENSITIES = Table(
    name="category_propensities",
    grain="one of the categories in which an account is likeliest to buy; an account without rows: not enough data",
    key=("user_id", "rank"),
    columns=(
        USER_ID,
        RANK.but(doc="1 is the likeliest."),
        CATEGORY.but(nullable=False, doc="Category path, cut at the level that is predicted."),
        Column("chance", "float64", "Probability of a purchase in it within 28 days.", min=0, max=1),
    ),
    readers="campaigns; choose_offers",
    product="customers",
    may_be_empty=True,
)
