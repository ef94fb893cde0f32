"""Marketing copy: what is said of each item, what was not let through, and who is told what."""

from schemas.table import Column, Table

STRATEGIES = (
    "recommendation",
    "similar_to_bought",
    "new_arrival",
    "price_drop",
    "coupon_win_back",
    "coupon_first_purchase",
    "member_exclusive",
    "coupon",
    "replenishment",
    "seasonal_event",
)
CHANNELS = ("card", "blurb", "push", "sms", "subject", "body")
COPY_SOURCES = ("model", "template")

_BRIEF = (
    Column("item_id", "string", "The shop's item id."),
    Column("strategy", "string", "Why it is shown.", one_of=STRATEGIES),
    Column("style", "string", "Audience style: the name of a voice."),
    Column("channel", "string", "Where it is read.", one_of=CHANNELS),
    Column("language", "string", "ISO 639-1 code."),
    Column("variant", "int32", "0, 1, ...: texts of one brief that are tried beside each other; from copy.variants on "
           "only in arms of an experiment.", min=0),
)  # fmt: skip

COPY = Table(
    name="copy",
    grain="one text for one item, strategy, style, channel, language and variant; never for one user",
    key=("copy_id",),
    columns=(
        Column("copy_id", "string", "Hash of brief and text: another text has another id."),
        *_BRIEF,
        Column("text", "string", "Ready to be shown, but for {terms} and {until}, which user_copy fills per user."),
        Column("source", "string", "Who wrote it.", one_of=COPY_SOURCES),
        Column("wording", "string", "The template's name, or 'model'; the arm that clicks are counted for."),
        Column("facts", "string", "JSON list of what it says of the item: slot or claim, value, table, row, column."),
        Column("model", "string", "The copywriter that was asked for drafts, its folder in the lake; empty: none was."),
        Column("rules", "string", "Hash of voice, templates and lexicons that it was made and checked by."),
        Column("content_hash", "string", "Of what it may say and its rules; the same tomorrow: carried over."),
        Column("made_on", "date", "The night that wrote it."),
    ),
    readers="the storefront; user_copy, write_copy tomorrow, the review page",
    product="copy",
    may_be_empty=True,
)

REJECTED_COPY = Table(
    name="rejected_copy",
    grain="one text that was not let through tonight, or one brief that nothing could be written for, with its reason",
    key=(),
    columns=(
        *_BRIEF[:-1],
        Column("text", "string", "What would have been said; null where nothing was written.", nullable=True),
        Column("source", "string", "Who wrote it.", one_of=COPY_SOURCES),
        Column("reason", "string", "Kind of reason, as counted each night."),
        Column("detail", "string", "What was seen, for a person."),
        Column("content_hash", "string", "As in `copy`; the same tomorrow: a brief without a text is not tried again."),
    ),
    readers="people; the review page",
    gate="copy",
    may_be_empty=True,
)

USER_COPY = Table(
    name="user_copy",
    grain="one text for one user, in one channel, about one item of tonight's list or offers",
    key=("user_id", "channel", "item_id"),
    columns=(
        Column("user_id", "string", "The shop's account id, or 'anonymous'."),
        Column("channel", "string", "Where it is read.", one_of=CHANNELS),
        Column("item_id", "string", "The shop's item id."),
        Column("copy_id", "string", "Row of `copy`."),
        Column("offer_id", "string", "Whose terms it tells; null where it tells none.", nullable=True),
        Column("text", "string", "Where the text has the user's own terms: the whole of it; null: as in `copy`.",
               nullable=True),
        Column("share", "float64", "Probability with which this variant was chosen, for users of the same arm; for "
               "judging what came of it.", min=0, max=1),
        Column("valid_until", "timestamp", "Not to be shown after this, UTC."),
    ),
    readers="the storefront, e-mail, push and SMS; write_copy tomorrow",
    product="copy",
    may_be_empty=True,
)  # fmt: skip

COPY_SHARES = Table(
    name="copy_shares",
    grain="one wording of one group of texts, and how often it is chosen among those of its group",
    key=("strategy", "style", "channel", "language", "wording"),
    columns=(
        Column("strategy", "string", "Why it is shown.", one_of=STRATEGIES),
        Column("style", "string", "Audience style: the segment."),
        Column("channel", "string", "Where it is read.", one_of=CHANNELS),
        Column("language", "string", "ISO 639-1 code."),
        Column("wording", "string", "The template's name, or 'model'."),
        Column("shown", "int64", "Users and items that it was shown for, all nights so far.", min=0),
        Column("clicked", "int64", "Those that were clicked the same day.", min=0),
        Column("share", "float64", "Weight among the group's wordings.", min=0, max=1),
        Column("retired", "bool", "True: it lost, and is written no more where others are there."),
    ),
    readers="write_copy tomorrow; people",
    gate="copy",
    may_be_empty=True,
)

COPY_CLICKS = Table(
    name="copy_clicks",
    grain="one text of tonight's copy that was shown as a card, and what came of it on all nights that it stood",
    key=("copy_id",),
    columns=(
        Column("copy_id", "string", "Row of `copy`."),
        Column("shown", "int64", "Users and items that it was shown for; a text that is dropped begins anew.", min=1),
        Column("clicked", "int64", "Those that were clicked the same day.", min=0),
    ),
    readers="write_copy and train_copywriter tomorrow; people",
    gate="copy",
    may_be_empty=True,
)
