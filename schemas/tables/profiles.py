"""Who the shopper is and what they are offered: what marketing reads, and what the copywriter may say."""

from schemas.table import Column, Table

TASTE_KINDS = ("category", "brand", "attribute", "price_band", "hour", "channel")
STAGES = ("new", "active", "at_risk", "lapsed", "back", "no_purchase")
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

USER_TASTES = Table(
    name="user_tastes",
    grain="one thing that one account has shown a liking for: a category, a brand, an hour of the day, ...",
    key=("user_id", "kind", "value"),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        Column("kind", "string", "What it is a taste for.", one_of=TASTE_KINDS),
        Column("value", "string", "Such as 'Home > Lamps', 'colour=red', 'low', 'evening'."),
        Column("strength", "float64", "Sum of event weights, halved every half-life."),
        Column("share", "float64", "Strength over that of all values of the kind, 0 where all are 0.", min=0, max=1),
        Column("evidence", "int64", "Events behind it, not decayed.", min=1),
        Column("last_event_on", "date", "Day of the latest of them."),
    ),
    readers="update_profiles tomorrow, segment_users, explain_user, write_copy",
    gate="features",
    may_be_empty=True,
)

ITEM_PRICES = Table(
    name="item_prices",
    grain="one price that one item was seen at, in one currency",
    key=("item_id", "currency", "price"),
    columns=(
        Column("item_id", "string", "The shop's item id."),
        Column("currency", "string", "ISO 4217 code; empty where the shop does not say."),
        Column("price", "float64", "Unit price, above 0.", min=0),
        Column("seen", "float64", "Events with this price, halved every half-life.", min=0),
        Column("bought", "float64", "Purchase lines of them, halved every half-life.", min=0),
        Column("last_event_on", "date", "Day of the latest of them."),
    ),
    readers="update_profiles",
    gate="features",
    may_be_empty=True,
)

USER_PURCHASES = Table(
    name="user_purchases",
    grain="what one account's purchases tell so far, as a recurrence",
    key=("user_id",),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        Column("first_purchase_on", "date", "Day of the first purchase."),
        Column("recent_days", "int64", "Bit n: a purchase n - 1 days before this night (0: the day after), n to 62.",
               min=0),
        Column("settled_days", "int64", "Days with a purchase before those.", min=0),
        Column("settled_last_on", "date", "The latest of the settled days.", nullable=True),
        Column("lapsed_on", "date", "Among the settled: the last purchase before the latest lapse.", nullable=True),
        Column("back_on", "date", "Among the settled: the first purchase after it.", nullable=True),
        Column("priced_purchases", "int64", "Purchase lines that could be held against a usual price.", min=0),
        Column("discounted_purchases", "int64", "Those of them below it.", min=0),
        Column("price_gap", "float64", "Sum over them of log(price / what buyers of the category pay)."),
        Column("currency", "string", "Of its purchases with a price, as far as the shop says; 'mixed': several.",
               nullable=True),
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
        Column("user_id", "string", "The shop's account id."),
        Column("age_band", "string", "Such as '25-34'; null where the shop does not know.", nullable=True),
        Column("gender", "string", "As the shop writes it.", nullable=True),
        Column("country", "string", "Country.", nullable=True),
        Column("city", "string", "City.", nullable=True),
        Column("member_level", "string", "Level in the shop's member scheme.", nullable=True),
        Column("tenure_days", "int32", "Days since registration, or since the first event; null without either.",
               nullable=True, min=0),
        Column("recency_days", "int32", "Days since the latest purchase; null without one.", nullable=True, min=0),
        Column("frequency", "int64", "Days with a purchase, not decayed.", min=0),
        Column("monetary", "float64", "Money spent less returns, in the currency that most buyers pay in; null for an "
               "account that paid in another one.", nullable=True),
        Column("sessions", "int64", "Sessions begun.", min=0),
        Column("last_seen_days", "int32", "Days since the latest event of any type.", nullable=True, min=0),
        Column("stage", "string", "Where in their life as a customer they are.", one_of=STAGES),
        Column("discount_appetite", "float64", "Share of purchase lines bought below the item's usual price; "
               "null with too few.", nullable=True, min=0, max=1),
        Column("priced_purchases", "int64", "Purchase lines behind the appetite and the sensitivity.", min=0),
        Column("price_sensitivity", "string", "low, medium or high against others who buy in the same categories; "
               "null with too few purchases.", nullable=True, one_of=("low", "medium", "high")),
        Column("top_category", "string", "Strongest taste of the kind.", nullable=True),
        Column("top_brand", "string", "Strongest taste of the kind.", nullable=True),
        Column("usual_hour", "string", "Part of the shop's day with most events.", nullable=True),
    ),
    readers="campaigns; segment_users, choose_offers, write_copy",
    product="customers",
    gate="features",
    version=2,
)  # fmt: skip

USER_SEGMENTS = Table(
    name="user_segments",
    grain="one account's place among the segments",
    key=("user_id",),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        Column("segment_id", "int32", "Row of `segments`; the same number means the same kind of people every night.",
               min=0),
        Column("rfm_class", "string", "Recency, frequency and money in fifths, 5 best, such as '543'; '000' without a "
               "purchase, money 0 where it is not known."),
        Column("moved", "bool", "True where the segment is another than last night's."),
    ),
    readers="campaigns; choose_offers, find_audiences, write_copy",
    product="customers",
)  # fmt: skip

SEGMENTS = Table(
    name="segments",
    grain="one kind of shopper",
    key=("segment_id",),
    columns=(
        Column("segment_id", "int32", "A number that is never given to another kind of people.", min=0),
        Column("name_en", "string", "What sets it apart, in English. 'Not buyers yet' is true of all in it, any other "
               "word of four in five on the night that named it: 'big spenders' spent more than the middle buyer."),
        Column("name_zh", "string", "The same in Chinese."),
        Column("users", "int64", "Accounts in it.", min=0),
        Column("share", "float64", "Of all accounts.", min=0, max=1),
        Column("buyers", "int64", "Accounts in it that bought.", min=0),
        Column("mean_money", "float64", "Money spent less returns, mean over its accounts for which it is known; null "
               "where it is for none.", nullable=True),
        Column("mean_frequency", "float64", "Days with a purchase, mean over its accounts.", min=0),
        Column("mean_recency_days", "float64", "Days since the latest purchase, mean over its buyers; null without.",
               nullable=True, min=0),
        Column("discount_appetite", "float64", "Mean over those for whom it is known.", nullable=True, min=0, max=1),
        Column("top_category", "string", "The most common top category of its accounts.", nullable=True),
        Column("usual_hour", "string", "The most common part of the shop's day.", nullable=True),
        Column("traits", "string", "What its name was made from, in English: its mean beside the middle account or "
               "buyer; or what was too little."),
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
        Column("segment_id", "int32", "Row of `segments`.", min=0),
        Column("if_category", "string", "A category that they like."),
        Column("then_category", "string", "Another one."),
        Column("users", "int64", "Accounts of the segment that like both.", min=1),
        Column("support", "float64", "Their share of the segment's accounts that like any category.", min=0, max=1),
        Column("confidence", "float64", "Share of those who like the first that like the other too.", min=0, max=1),
        Column("lift", "float64", "How many times likelier than for anybody in the segment; above 1.", min=1),
    ),
    readers="campaigns",
    product="customers",
    may_be_empty=True,
)

PROPENSITIES = Table(
    name="propensities",
    grain="what one account is expected to do",
    key=("user_id",),
    columns=(
        Column("user_id", "string", "The shop's account id."),
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
    grain="one of the categories in which one account is likeliest to buy; an account without rows: not enough data",
    key=("user_id", "rank"),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        Column("rank", "int32", "1 is the likeliest.", min=1),
        Column("category", "string", "Category path, cut after the level that is asked about."),
        Column("chance", "float64", "Probability of a purchase in it within 28 days.", min=0, max=1),
    ),
    readers="campaigns; choose_offers",
    product="customers",
    may_be_empty=True,
)

OFFERS = Table(
    name="offers",
    grain="one offer to one account",
    key=("user_id", "offer_id"),
    columns=(
        Column("user_id", "string", "The shop's account id."),
        Column("offer_id", "string", "The campaign's id in its TOML file."),
        Column("kind", "string", "What sort of offer.", one_of=OFFER_KINDS),
        Column("item_id", "string", "The item it is for; null where it is for a category or everything.",
               nullable=True),
        Column("category", "string", "The category it is for; null where for an item or everything.", nullable=True),
        Column("discount_share", "float64", "Off the price, such as 0.10; null where `discount_amount` says.",
               nullable=True, min=0, max=1),
        Column("discount_amount", "float64", "Off the order, in `currency`; null where `discount_share` says.",
               nullable=True, min=0),
        Column("minimum_spend", "float64", "The order must reach this, in `currency`.", min=0),
        Column("currency", "string", "ISO 4217 code.", nullable=True),
        Column("reason", "string", "Why this user gets it, for a person."),
        Column("method", "string", "How its value was estimated.", one_of=("uplift", "propensity", "not enough data")),
        Column("expected_value", "float64", "Expected margin gained, in `currency`; null: not enough data.",
               nullable=True),
        Column("expected_cost", "float64", "Booked on the budget line, in `currency`: what is taken off, times the "
               "chance that it is used; all of `worst_cost` where that is not known.", min=0),
        Column("worst_cost", "float64", "What it costs if it is used to the full, in `currency`; held against the line "
               "too.", min=0),
        Column("budget_line", "string", "Which budget pays."),
        Column("arm", "string", "Experiment arm of the user: 'offer'; held out users have no row."),
        Column("offered_on", "date", "The night that made it; it stands in every night's table until `valid_until`."),
        Column("valid_until", "timestamp", "Not to be honoured or shown after this, UTC."),
    ),
    readers="the storefront; campaigns; choose_offers tomorrow, write_copy",
    product="offers",
    may_be_empty=True,
)  # fmt: skip

WITHHELD_OFFERS = Table(
    name="withheld_offers",
    grain="one offer that a held-out account would have had, chosen as `offers` are: what these are compared with",
    key=OFFERS.key,
    columns=OFFERS.columns,
    readers="choose_offers tomorrow",
    gate="offers",
    may_be_empty=True,
)

CAMPAIGN_OUTCOMES = Table(
    name="campaign_outcomes",
    grain="one campaign of the file: what its offers of the last nights came to, beside those that were withheld",
    key=("campaign",),
    columns=(
        Column("campaign", "string", "Its id."),
        Column("budget_line", "string", "The line that pays."),
        Column("users_offered", "int64", "Accounts with an offer in `offers.uplift_days`, old enough.", min=0),
        Column("buyers_offered", "int64", "Of these, those who bought within `offers.outcome_days` of it.", min=0),
        Column("users_withheld", "int64", "Held-out accounts that would have had it.", min=0),
        Column("buyers_withheld", "int64", "Of these, those who bought.", min=0),
        Column("margin", "float64", "Mean margin of a purchase without the offer, of those who meet it tonight; null: "
               "nobody does, or costs are unknown.", nullable=True),
        Column("discount", "float64", "Mean of what the offer takes off, of the same.", nullable=True, min=0),
        Column("share", "float64", "Its share of the line tonight; null where the line does not learn, or it takes "
               "nothing off.", nullable=True, min=0, max=1),
        Column("least_share", "float64", "As the file declares; null as `share`.", nullable=True, min=0, max=1),
        Column("most_change", "float64", "As the file declares; null as `share`.", nullable=True, min=0, max=1),
    ),
    readers="judge_experiments; people",
    gate="offers",
    may_be_empty=True,
)  # fmt: skip

OFFER_PARITY = Table(
    name="offer_parity",
    grain="what one group of accounts got of tonight's offers, held-out accounts among them",
    key=("attribute", "group"),
    columns=(
        Column("attribute", "string", "What the groups are told apart by; read for this report alone.",
               one_of=("gender", "age_band", "country")),
        Column("group", "string", "The attribute's value, 'unknown' where the shop does not know."),
        Column("users", "int64", "Accounts of the group: the denominator.", min=1),
        Column("users_with_offer", "int64", "Of these, accounts with an offer that takes money off.", min=0),
        Column("share", "float64", "Their share; null: not enough data.", nullable=True, min=0, max=1),
        Column("share_low", "float64", "Lower end of its 95 % interval (Wilson).", nullable=True, min=0, max=1),
        Column("share_high", "float64", "Upper end.", nullable=True, min=0, max=1),
        Column("mean_discount", "float64", "Mean over these of the most their offers take off, in `currency` of the "
               "offers; null: not enough data.", nullable=True, min=0),
        Column("discount_low", "float64", "Lower end of its 95 % interval.", nullable=True),
        Column("discount_high", "float64", "Upper end.", nullable=True),
        Column("verdict", "string", "Whether its share is as that of all others, by their 95 % intervals.",
               one_of=("as others", "more than others", "less than others", "not enough data")),
    ),
    readers="people",
    gate="offers",
    may_be_empty=True,
)  # fmt: skip
