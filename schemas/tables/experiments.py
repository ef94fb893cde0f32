"""Experiments: what users did under each arm, how the arms compare, and which shares the nights moved."""

from schemas.columns import ARM, EXPERIMENT, REASON, USER_ID, USERS
from schemas.table import Column, Table

METRICS = {
    "buys": "users who bought anything",
    "purchases": "purchase lines of anything",
    "listed_purchases": "purchase lines of what stood in the list",
    "listed_clicks": "clicks on what stood in the list",
}
STATUSES = ("not enough data", "sample ratio failed", "collecting", "planned size reached")

EXPERIMENT_OUTCOMES = Table(
    name="experiment_outcomes",
    grain="what one account did under one arm of an experiment, from its first visit to a list of that arm on",
    key=("experiment", "user_id", "arm"),
    columns=(
        EXPERIMENT,
        USER_ID,
        ARM.but(doc="The arm of the list that the user saw then."),
        Column("entered_on", "date", "The night of the first event."),
        Column("impressions", "int64", "Impressions of what stood in a list of the window.", min=0),
        Column("clicks", "int64", "Clicks on what stood in a list of the window.", min=0),
        Column("listed_purchases", "int64", "Purchase lines of what stood in a list of the window.", min=0),
        Column("purchases", "int64", "Purchase lines of anything.", min=0),
        Column("nights", "int64", "Nights with an event.", min=1),
        Column("weight", "float64", "Sum over these nights of 1 / the arm's probability on that night.", min=0),
        Column("weighted", "float64", "Sum over these nights of the metric / that probability.", min=0),
        Column("before", "float64", "Purchases up to the night before `entered_on`, decayed; for CUPED."),
    ),
    readers="judge_experiments",
    gate="experiments",
    may_be_empty=True,
)

_OR_NULL = "null: see `status`."

EXPERIMENT_RESULTS = Table(
    name="experiment_results",
    grain="one arm of one experiment, beside the experiment's control",
    key=("experiment", "arm"),
    columns=(
        EXPERIMENT,
        ARM.but(doc="Arm of the experiment; the control has a row too, without a difference."),
        Column("metric", "string", "What is compared, a mean over users.", one_of=tuple(METRICS)),
        Column("status", "string", "Whether the figures count; nothing is compared where the sample ratio failed.",
               one_of=STATUSES),
        USERS.but(doc="Users who came and have been in this arm in every night."),
        Column("planned_users", "int64", "As declared; decide when `status` first says 'planned size reached'.", min=2),
        Column("sample_ratio_p", "float64", "Probability of so uneven a split by chance; below 0.001 users were lost.",
               nullable=True, min=0, max=1),
        Column("mean", "float64", f"Metric of a user; {_OR_NULL}", nullable=True),
        Column("difference", "float64", f"Mean less the control's, adjusted by CUPED; {_OR_NULL}", nullable=True),
        Column("low", "float64", f"Lower end of its interval; {_OR_NULL}", nullable=True),
        Column("high", "float64", f"Upper end; {_OR_NULL}", nullable=True),
        Column("p", "float64", f"Two-sided p-value; {_OR_NULL}", nullable=True, min=0, max=1),
        Column("variance_kept", "float64", f"Share of the variance that CUPED left; {_OR_NULL}", nullable=True, min=0),
        Column("snips", "float64", "Estimated metric of a night's visitor if all users were in this arm (SNIPS, by the "
               f"probabilities of each night); {_OR_NULL}", nullable=True),
        Column("snips_low", "float64", f"Lower end of its interval; {_OR_NULL}", nullable=True),
        Column("snips_high", "float64", f"Upper end; {_OR_NULL}", nullable=True),
    ),
    readers="people; describe_night",
    gate="experiments",
    may_be_empty=True,
)  # fmt: skip

BANDIT_MOVES = Table(
    name="bandit_moves",
    grain="one share or weight that the nights may move, with the value for tomorrow's lists",
    key=("kind", "name", "what"),
    columns=(
        Column("kind", "string", "What sort of share or weight.",
               one_of=("arm_share", "source_mix", "campaign", "event_weight")),
        Column("name", "string", "The experiment, the placement, the budget line, or the days given to an event."),
        Column("what", "string", "The arm, the source, the campaign, or the event type."),
        Column("night", "date", "The night that decided."),
        Column("before", "float64", "Tonight's share; for an event, its weight where a purchase weighs 1.", min=0,
               max=1),
        Column("after", "float64", "Tomorrow's share; as `before` where nothing moved.", min=0, max=1),
        Column("low", "float64", "The least that `after` may be tonight.", min=0, max=1),
        Column("high", "float64", "The most that `after` may be tonight.", min=0, max=1),
        Column("trials", "int64", "Evidence: users of the arm, visits to a place of the source, accounts with the "
               "offer, or (account, item, day) with the event before the item was bought.", min=0),
        Column("wins", "int64", "Of these, those with a metric above 0, with the place's item clicked, carted or "
               "bought, or with a purchase in time.", min=0),
        Column("weight", "float64", "Sum over the trials of 1 / probability; 0 for all but sources.", min=0),
        Column("weighted", "float64", "The same over the wins.", min=0),
        REASON.but(doc="Why it moved, or why not."),
        Column("declared", "float64", "The declared share or, for an event, the weight in the settings.", min=0, max=1),
        Column("places", "string", "The numbers of 0 to 9999 that the arm holds tomorrow; empty for all but arms."),
        Column("core", "string", "Those of them that it has held since the first night."),
    ),
    readers="tomorrow recommend_items, choose_offers, update_interest, update_profiles, train_ranker; "
    "judge_experiments; people",
    gate="experiments",
    may_be_empty=True,
)  # fmt: skip
