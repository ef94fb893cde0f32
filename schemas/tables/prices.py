"""Prices: the weeks that elasticities are learned from, and what a person may approve. Never published."""

from schemas.table import Column, Table

MIXED = "mixed"  # the currency of sums over several

ITEM_WEEKS = Table(
    name="item_weeks",
    grain="one item in one week in which it was sold or listed; the last weeks only (prices.weeks)",
    key=("item_id", "week"),
    columns=(
        Column("item_id", "string", "The shop's item id."),
        Column("week", "date", "The week's Monday."),
        Column("units", "float64", "Units bought at a price above 0; a return is not a negative sale.", min=0),
        Column("purchases", "int64", "Purchase lines behind them.", min=0),
        Column("revenue", "float64", "Price x quantity of them; over `units` it is the mean price paid.", min=0),
        Column("days_on_sale", "int64", "Nights of the week that saw it on sale; a shop that does not say how many it "
               "has counts as in stock.", min=0),
        Column("days_sold_out", "int64", "Nights that saw it listed without stock.", min=0),
        Column("days_priced", "int64", "Nights on sale with a price in the catalogue.", min=0),
        Column("list_price_sum", "float64", "The catalogue's prices on those; over `days_priced` the mean list price.",
               min=0),
        Column("currency", "string", "ISO 4217 code of these prices, 'mixed' where several met.", nullable=True),
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
        Column("item_id", "string", "The shop's item id."),
        Column("status", "string", "Whether to move the price.", one_of=("suggest", "keep", "not enough data")),
        Column("price", "float64", "Today's price, in `currency`.", nullable=True, min=0),
        Column("suggested_price", "float64", "Null unless `status` is 'suggest'.", nullable=True, min=0),
        Column("change", "float64", "Of the price, such as -0.1.", nullable=True),
        Column("currency", "string", "ISO 4217 code.", nullable=True),
        Column("cost", "float64", "Unit cost.", nullable=True, min=0),
        Column("elasticity", "float64", "% more units sold for 1 % more price; null: not enough data.", nullable=True),
        Column("elasticity_low", "float64", "Lower end of its 90 % interval.", nullable=True),
        Column("elasticity_high", "float64", "Upper end.", nullable=True),
        Column("is_inelastic", "bool", "Above -1: dearer looks always better, so only the bounds set the price. "
               "Look twice.", nullable=True),
        Column("gain", "float64", "Margin gained a week at the elasticity's mean, in `currency`.", nullable=True),
        Column("gain_low", "float64", "At the worse end of its interval.", nullable=True),
        Column("gain_high", "float64", "At the better end.", nullable=True),
        Column("units_a_week", "float64", "Units sold a week at today's price, of late.", nullable=True, min=0),
        Column("weeks_of_cover", "float64", "Weeks that the stock lasts at that; null: not known.", nullable=True),
        Column("weeks_seen", "int64", "Weeks on sale at a known price behind the elasticity.", min=0),
        Column("fitted_on", "date", "The night that the elasticity was fitted; null: none was.", nullable=True),
        Column("reason", "string", "Why, for a person."),
    ),
    readers="people, who approve; export_prices",
    gate="prices",
    may_be_empty=True,
)  # fmt: skip
