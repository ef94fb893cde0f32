"""Marketing copy: texts for items, texts that were refused, which user gets which text, and how often it is clicked."""

from schemas.columns import ITEM_ID, REASON, USER_ID, USER_ID_OR_ANONYMOUS, VALID_UNTIL
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

_STRATEGY = Column("strategy", "string", "Why the item is shown.", one_of=STRATEGIES)
_STYLE = Column("style", "string", "Audience style: the name of a voice.")
_CHANNEL = Column("channel", "string", "Where it is read.", one_of=CHANNELS)
_LANGUAGE = Column("language", "string", "ISO 639-1 code.")
_COPY_ID = Column("copy_id", "string", "Row of `copy`.")
_SOURCE = Column("source", "string", "Who wrote it.", one_of=COPY_SOURCES)
_CLICKED = Column("clicked", "int64", "Those that were clicked the same day.", min=0)

_BRIEF = (
    ITEM_ID,
    _STRATEGY,
    _STYLE,
    _CHANNEL,
    _LANGUAGE,
    Column("variant", "int32", "0, 1, ...: texts of one brief that are tried beside each other; numbers from "
           "`copy.variants` on occur only in arms of an experiment.", min=0),
)  # fmt: skip

COPY = Table(
    name="copy",
    grain="one text for one item, strategy, style, channel, language and variant; never for one user",
    key=("copy_id",),
    columns=(
        _COPY_ID.but(doc="Hash of brief and text: another text has another id."),
        *_BRIEF,
        Column("text", "string", "Ready to be shown, except {terms} and {until}, which user_copy fills in for each "
               "user."),
        _SOURCE,
        Column("wording", "string", "The template's name; 'approved'; or which model wrote it: 'model' (the network), "
               "'tuned', 'prompted' or 'endpoint'. The arm that clicks are counted for."),
        Column("facts", "string", "JSON list of what it says of the item: slot or claim, value, table, row, column."),
        Column("model", "string", "Who was asked for drafts: a folder of the lake, or a writer with its base model; "
               "empty: nobody."),
        Column("rules", "string", "Hash of the voice, templates and lexicons that it was written and checked with."),
        Column("content_hash", "string", "Hash of the facts it may use and its rules; where it is the same tomorrow, "
               "the text is carried over."),
        Column("made_on", "date", "The night that wrote it."),
    ),
    readers="the storefront; user_copy, write_copy tomorrow, the review page",
    product="copy",
    may_be_empty=True,
)  # fmt: skip

REJECTED_COPY = Table(
    name="rejected_copy",
    grain="one text that was refused tonight, or one brief without any text, with the reason",
    key=(),
    columns=(
        *_BRIEF[:-1],
        Column("text", "string", "The refused text; null where nothing was written.", nullable=True),
        _SOURCE,
        REASON.but(doc="Kind of reason, as the night counts it."),
        Column("detail", "string", "What was seen, for a person."),
        Column("content_hash", "string", "As in `copy`; where it is the same tomorrow, a brief without a text is not "
               "tried again."),
    ),
    readers="people; the review page",
    gate="copy",
    may_be_empty=True,
)  # fmt: skip

USER_COPY = Table(
    name="user_copy",
    grain="one text for one user, in one channel, about one item of tonight's list or offers",
    key=("user_id", "channel", "item_id"),
    columns=(
        USER_ID_OR_ANONYMOUS,
        _CHANNEL,
        ITEM_ID,
        _COPY_ID,
        Column("offer_id", "string", "The offer whose terms the text states; null where it states none.",
               nullable=True),
        Column("text", "string", "The whole text where it states the user's own terms; null: as in `copy`.",
               nullable=True),
        Column("share", "float64", "Probability with which this variant was drawn among users of the same arm, before "
               "a list gives up wordings that repeat; for judging its clicks.", min=0, max=1),
        VALID_UNTIL,
    ),
    readers="the storefront, e-mail, push and SMS; write_copy tomorrow",
    product="copy",
    may_be_empty=True,
)  # fmt: skip

COPY_SHARES = Table(
    name="copy_shares",
    grain="one wording of one group of texts, and its share among the wordings of the group",
    key=("strategy", "style", "channel", "language", "wording"),
    columns=(
        _STRATEGY,
        _STYLE,
        _CHANNEL,
        _LANGUAGE,
        Column("wording", "string", "As in `copy`."),
        Column("shown", "int64", "Users and items that it was shown for, all nights so far.", min=0),
        _CLICKED,
        Column("share", "float64", "Weight among the group's wordings.", min=0, max=1),
        Column("retired", "bool", "True: it lost, and is not written where the group has another."),
    ),
    readers="write_copy tomorrow; people",
    gate="copy",
    may_be_empty=True,
)

COPY_CLICKS = Table(
    name="copy_clicks",
    grain="one text of tonight's copy that was shown as a card, and its clicks on all nights that it was there",
    key=("copy_id",),
    columns=(
        _COPY_ID,
        Column("shown", "int64", "Users and items that it was shown for; a text that was dropped starts from 0.",
               min=1),
        _CLICKED,
    ),
    readers="write_copy and train_copywriter tomorrow; people",
    gate="copy",
    may_be_empty=True,
)  # fmt: skip

READER_VOICES = Table(
    name="reader_voices",
    grain="the voice that speaks to one account",
    key=("user_id",),
    columns=(
        USER_ID,
        _STYLE.but(doc="Its own voice, or the default where none scores enough; an event may speak in another one."),
        Column("score", "float64", "The best voice's: the sum of the weights of its traits that hold.", min=0),
        Column("reason", "string", "These traits, parted by semicolons; empty: none holds."),
    ),
    readers="people",
    gate="copy",
    may_be_empty=True,
)
