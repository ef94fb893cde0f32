"""Prices: the weekly sales that elasticities are fitted on, and price suggestions for a person to approve."""

from schemas.columns import COST, CURRENCY, ITEM_ID, PRICE, REASON
from schemas.table import Column, Table

MIXED = "mixed"  # the currency of sums over several currencies

ITEM_WEEKS = Table(
    name="item_weeks",
    grain="one item in one week in which it was sold or listed; the last weeks only (prices.weeks)",
    key=("item_id", "week"),
    columns=(
        ITEM_ID,
        Column("week", "date", "The week's Monday."),
        Column("units", "float64", "Units bought at a price above 0; returns are not subtracted.", min=0),
        Column("purchases", "int64", "Purchase lines with these units.", min=0),
        Column("revenue", "float64", "Price x quantity of these lines; divide by `units` for the mean price paid.",
               min=0),
        Column("days_on_sale", "int64", "Nights of the week on which it was on sale; an item without a stock figure "
               "counts as in stock.", min=0),
        Column("days_sold_out", "int64", "Nights on which it was listed without stock.", min=0),
        Column("days_priced", "int64", "Nights on sale with a price in the catalogue.", min=0),
        Column("list_price_sum", "float64", "Sum of the catalogue's prices on those nights; divide by `days_priced` "
               "for the mean.", min=0),
        CURRENCY.but(doc="ISO 4217 code of these prices; 'mixed' where there are several."),
    ),
    readers="suggest_prices tonight and tomorrow",
    gate="prices",
    may_be_empty=True,
)  # fmt: skip

PRICE_SUGGESTIONS = Table(
    name="price_suggestions",
    grain="one item on sale: a price for a person to approve, or why there is none",
    key=("item_id",),
    columns=(
        ITEM_ID,
        Column("status", "string", "Whether to move the price.", one_of=("suggest", "keep", "not enough data")),
        PRICE.but(doc="Today's price, in `currency`."),
        Column("suggested_price", "float64", "Null unless `status` is 'suggest'.", nullable=True, min=0),
        Column("change", "float64", "Relative change of the price, such as -0.1.", nullable=True),
        CURRENCY,
        COST,
        Column("elasticity", "float64", "% more units sold for 1 % more price; null: not enough data.", nullable=True),
        Column("elasticity_low", "float64", "Lower end of its 90 % interval.", nullable=True),
        Column("elasticity_high", "float64", "Upper end.", nullable=True),
        Column("is_inelastic", "bool", "True above -1: a higher price always looks better, so only the bounds set it. "
               "Check it with care.", nullable=True),
        Column("gain", "float64", "Margin gained a week at the mean elasticity, in `currency`.", nullable=True),
        Column("gain_low", "float64", "The same at the worse end of the elasticity's interval.", nullable=True),
        Column("gain_high", "float64", "The same at the better end.", nullable=True),
        Column("units_a_week", "float64", "Units sold a week in the last weeks, at today's price.", nullable=True,
               min=0),
        Column("weeks_of_cover", "float64", "Weeks that the stock lasts at that rate; null: not known.", nullable=True),
        Column("weeks_seen", "int64", "Weeks on sale at a known price that the elasticity is fitted on.", min=0),
        Column("fitted_on", "date", "The night on which the elasticity was fitted; null: it was not.", nullable=True),
        REASON,
    ),
    readers="people, who approve; export_prices",
    gate="prices",
    may_be_empty=True,
)  # fmt: skip
