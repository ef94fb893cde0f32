"""Offers: who gets which, who was held out, what each campaign achieved, and how groups of accounts compare."""

from schemas.columns import ARM, BUDGET_LINE, CATEGORY, CURRENCY, ITEM_ID, REASON, USER_ID, USERS, VALID_UNTIL
from schemas.table import Column, Table

OFFER_KINDS = (
    "win_back",
    "first_purchase",
    "member_exclusive",
    "retargeting",
    "abandoned_cart",
    "replenishment",
    "price_drop",
    "birthday",
)

OFFERS = Table(
    name="offers",
    grain="one offer to one account",
    key=("user_id", "offer_id"),
    columns=(
        USER_ID,
        Column("offer_id", "string", "The campaign's id in its TOML file."),
        Column("kind", "string", "What sort of offer.", one_of=OFFER_KINDS),
        ITEM_ID.but(nullable=True, doc="The item it is for; null where it is for a category or everything."),
        CATEGORY.but(doc="The category it is for; null where it is for an item or everything."),
        Column("discount_share", "float64", "Share off the price, such as 0.10; null where `discount_amount` is given.",
               nullable=True, min=0, max=1),
        Column("discount_amount", "float64", "Amount off the order, in `currency`; null where `discount_share` is "
               "given.", nullable=True, min=0),
        Column("minimum_spend", "float64", "Least value of the order, in `currency`.", min=0),
        CURRENCY,
        REASON.but(doc="Why this user gets it, for a person."),
        Column("method", "string", "How its value was estimated.", one_of=("uplift", "propensity", "not enough data")),
        Column("expected_value", "float64", "Expected margin gained, in `currency`; null: not enough data.",
               nullable=True),
        Column("expected_cost", "float64", "Booked on the budget line, in `currency`: the discount times the "
               "probability that it is used; all of `worst_cost` where that is not known.", min=0),
        Column("worst_cost", "float64", "Cost if it is used to the full, in `currency`; also counted on the line.",
               min=0),
        BUDGET_LINE,
        ARM.but(doc="Arm of the user: 'offer'; held-out users have no row."),
        Column("offered_on", "date", "The night that made it; it is in every night's table until `valid_until`."),
        VALID_UNTIL.but(doc="Not to be shown or honoured after this time, UTC."),
    ),
    readers="the storefront; campaigns; choose_offers tomorrow, write_copy",
    product="offers",
    may_be_empty=True,
)  # fmt: skip

WITHHELD_OFFERS = Table(
    name="withheld_offers",
    grain="one offer that a held-out account would have had; `offers` are compared with these",
    key=OFFERS.key,
    columns=OFFERS.columns,
    readers="choose_offers tomorrow",
    gate="offers",
    may_be_empty=True,
)

CAMPAIGN_OUTCOMES = Table(
    name="campaign_outcomes",
    grain="one campaign of the file: purchases after its offers of the last nights, and after those it withheld",
    key=("campaign",),
    columns=(
        Column("campaign", "string", "The campaign's id."),
        BUDGET_LINE,
        Column("users_offered", "int64", "Accounts with an offer in the last `offers.uplift_days`, old enough to "
               "judge.", min=0),
        Column("buyers_offered", "int64", "Of these, those who bought within `offers.outcome_days` of it.", min=0),
        Column("users_withheld", "int64", "Held-out accounts that would have had it.", min=0),
        Column("buyers_withheld", "int64", "Of these, those who bought.", min=0),
        Column("margin", "float64", "Mean margin of a purchase without the offer, over accounts that qualify tonight; "
               "null: none does, or costs are unknown.", nullable=True),
        Column("discount", "float64", "Mean discount, over the same accounts.", nullable=True, min=0),
        Column("share", "float64", "Its share of the line tonight; null where the line does not learn, or the campaign "
               "gives no discount.", nullable=True, min=0, max=1),
        Column("least_share", "float64", "As the file declares; null as `share`.", nullable=True, min=0, max=1),
        Column("most_change", "float64", "As the file declares; null as `share`.", nullable=True, min=0, max=1),
    ),
    readers="judge_experiments; people",
    gate="offers",
    may_be_empty=True,
)  # fmt: skip

OFFER_PARITY = Table(
    name="offer_parity",
    grain="tonight's offers for one group of accounts, held-out accounts included",
    key=("attribute", "group"),
    columns=(
        Column("attribute", "string", "The attribute that defines the groups; read for this report alone.",
               one_of=("gender", "age_band", "country")),
        Column("group", "string", "The attribute's value, 'unknown' where the shop does not know."),
        USERS.but(min=1, doc="Accounts of the group: the denominator."),
        Column("users_with_offer", "int64", "Of these, accounts with an offer that gives a discount.", min=0),
        Column("share", "float64", "Share of accounts with such an offer; null: not enough data.", nullable=True,
               min=0, max=1),
        Column("share_low", "float64", "Lower end of its 95 % interval (Wilson).", nullable=True, min=0, max=1),
        Column("share_high", "float64", "Upper end.", nullable=True, min=0, max=1),
        Column("selection_ratio", "float64", "The share over that of the attribute's group with the largest share; "
               "null: not enough data, or nobody has an offer.", nullable=True, min=0, max=1),
        Column("is_below_four_fifths", "bool", "True where the selection ratio is below 0.8.", nullable=True),
        Column("mean_discount", "float64", "Mean over these accounts of their largest discount, in the offers' "
               "`currency`; null: not enough data.", nullable=True, min=0),
        Column("discount_low", "float64", "Lower end of its 95 % interval.", nullable=True),
        Column("discount_high", "float64", "Upper end.", nullable=True),
        Column("verdict", "string", "The group's share compared with that of all others, by 95 % intervals.",
               one_of=("as others", "more than others", "less than others", "not enough data")),
    ),
    readers="people",
    gate="offers",
    may_be_empty=True,
    version=2,
)  # fmt: skip
