"""Experiments: what users did under each arm, what came of it, and what the nights moved because of it."""

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
        Column("experiment", "string", "Its name in the settings."),
        Column("user_id", "string", "The shop's account id."),
        Column("arm", "string", "The arm of the list that stood when it happened."),
        Column("entered_on", "date", "The night that brought the first event."),
        Column("impressions", "int64", "Impressions of what stood in a list of the window.", min=0),
        Column("clicks", "int64", "Clicks on what stood in a list of the window.", min=0),
        Column("listed_purchases", "int64", "Purchase lines of what stood in a list of the window.", min=0),
        Column("purchases", "int64", "Purchase lines of anything.", min=0),
        Column("nights", "int64", "Nights that brought an event.", min=1),
        Column("weight", "float64", "Sum over these nights of 1 / probability of the arm then.", min=0),
        Column("weighted", "float64", "Sum over these nights of the metric / that probability.", min=0),
        Column("before", "float64", "Purchases up to the night before `entered_on`, fading; for CUPED."),
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
        Column("experiment", "string", "Its name in the settings."),
        Column("arm", "string", "The control has a row too, without a difference."),
        Column("metric", "string", "What is compared, a mean over users.", one_of=tuple(METRICS)),
        Column("status", "string", "Whether the figures count; nothing is compared where the sample ratio failed.",
               one_of=STATUSES),
        Column("users", "int64", "Users who came and have been in this arm in every night.", min=0),
        Column("planned_users", "int64", "As declared; decide when `status` first says that it is reached.", min=2),
        Column("sample_ratio_p", "float64", "How often chance splits users so unevenly; below 0.001 users were lost.",
               nullable=True, min=0, max=1),
        Column("mean", "float64", f"Metric of a user; {_OR_NULL}", nullable=True),
        Column("difference", "float64", f"Less the control's, by CUPED; {_OR_NULL}", nullable=True),
        Column("low", "float64", f"Lower end of its interval; {_OR_NULL}", nullable=True),
        Column("high", "float64", f"Upper end; {_OR_NULL}", nullable=True),
        Column("p", "float64", f"Two-sided; {_OR_NULL}", nullable=True, min=0, max=1),
        Column("variance_kept", "float64", f"What CUPED left of the variance; {_OR_NULL}", nullable=True, min=0),
        Column("snips", "float64", "Metric of a night's visitor, had all been in this arm: by the probabilities of the "
               f"time, of all users; {_OR_NULL}", nullable=True),
        Column("snips_low", "float64", f"Lower end of its interval; {_OR_NULL}", nullable=True),
        Column("snips_high", "float64", f"Upper end; {_OR_NULL}", nullable=True),
    ),
    readers="people; describe_night",
    gate="experiments",
    may_be_empty=True,
)  # fmt: skip

BANDIT_MOVES = Table(
    name="bandit_moves",
    grain="one figure that the nights may move, as tomorrow's lists take it",
    key=("kind", "name", "what"),
    columns=(
        Column("kind", "string", "What sort of figure.",
               one_of=("arm_share", "source_mix", "campaign", "event_weight")),
        Column("name", "string", "The experiment, the placement, the budget line, or how long an event is given."),
        Column("what", "string", "The arm, the source, the campaign, or the event type."),
        Column("night", "date", "The night that decided."),
        Column("before", "float64", "Share tonight; of an event, its weight where a purchase weighs 1.", min=0, max=1),
        Column("after", "float64", "Share in tomorrow's; the same where nothing moved.", min=0, max=1),
        Column("low", "float64", "It could not have gone below.", min=0, max=1),
        Column("high", "float64", "Nor above.", min=0, max=1),
        Column("trials", "int64", "Evidence: users of the arm, visits to a place of the source, accounts offered it; "
               "(account, item, day) that showed the event with the item not bought yet.", min=0),
        Column("wins", "int64", "Of these, with a metric above 0, with the place's item clicked, carted or bought, or "
               "with a purchase in time.", min=0),
        Column("weight", "float64", "Sum over the trials of 1 / probability; of sources alone, else 0.", min=0),
        Column("weighted", "float64", "The same over the wins.", min=0),
        Column("reason", "string", "Why it moved, or why not."),
        Column("declared", "float64", "Share when it began; of an event, what the settings say.", min=0, max=1),
        Column("places", "string", "Of 0 to 9999 those that the arm holds tomorrow; empty for all but arms."),
        Column("core", "string", "Those of them that it has held from the first night on."),
    ),
    readers="tomorrow recommend_items, choose_offers, update_interest, update_profiles, train_ranker; "
    "judge_experiments; people",
    gate="experiments",
    may_be_empty=True,
)  # fmt: skip
