"""Events: what visitors did. RAW_EVENTS is what a mapping reads from a shop's file; CLEAN_EVENTS is what is kept."""

from schemas.columns import CURRENCY, ITEM_ID, PRICE, REASON, SOURCE_FILE, USER_ID
from schemas.table import Column, Table

EVENT_TYPES = ("view", "cart", "wishlist", "purchase", "return", "search", "rating", "impression", "click")

_EVENT_ID = Column("event_id", "string", "The shop's id, or a 128-bit hash of the whole raw line.")
_SHARED = (
    USER_ID.but(nullable=True, doc="The shop's account id; null for an anonymous visit."),
    Column("visitor_id", "string", "Cookie, device or visit id where the shop has one.", nullable=True),
    ITEM_ID.but(nullable=True, doc="The shop's item id; null for a search."),
    Column("event_type", "string", "What the visitor did.", one_of=EVENT_TYPES),
    Column("event_time", "timestamp", "When it happened, UTC."),
    Column("quantity", "float64", "Units bought or returned; 1 where the shop does not say.", min=0),
    PRICE.but(doc="Unit price paid or shown, in `currency`."),
    CURRENCY,
    Column("rating", "float64", "Stars given, on the shop's scale.", nullable=True, min=0, max=1_000),
    Column("query", "string", "What the visitor searched for.", nullable=True),
    Column("order_id", "string", "Number of the order or invoice.", nullable=True),
    Column("slot", "string", "The placement of an impression or click.", nullable=True),
    Column("extra", "string", "JSON of the source's columns that no mapping names.", nullable=True),
)

RAW_EVENTS = Table(
    name="raw_events",
    grain="one line of a shop's log, typed by its mapping, not yet checked; made while reading, never stored",
    key=(),
    columns=(_EVENT_ID, *_SHARED),
    readers="clean_events, validate_source",
)

CLEAN_EVENTS = Table(
    name="clean_events",
    grain="one distinct action of one visitor; crawlers, duplicates and malformed rows are in rejected_events",
    key=("event_id",),
    columns=(
        _EVENT_ID,
        *_SHARED,
        Column("session_id", "string", "Actions of one visitor without a pause longer than `clean.session_minutes`."),
        Column("is_session_start", "bool", "True on the first action of a session."),
        Column("event_date", "date", "Day of `event_time`, UTC's or the shop's; before the partition's for a late "
               "event."),
        SOURCE_FILE,
    ),
    readers="update_interest, build_features, judge_lists, judge_experiments",
    gate="clean",
    may_be_empty=True,
)  # fmt: skip


_REJECTED = (
    REASON.but(doc="Why it was rejected; schemas/README.md lists the reasons."),
    Column("detail", "string", "The value that was seen, where one value is the cause.", nullable=True),
    Column("raw_row", "string", "The whole row, as JSON; personal fields masked."),
    SOURCE_FILE,
)


def _rejected(rows: str) -> Table:
    return Table(
        name=f"rejected_{rows}",
        grain=f"one raw row of the {rows} input that was not kept, with its reason and its file",
        key=(),
        columns=_REJECTED,
        readers="people who ask where a row went",
        gate="clean",
        may_be_empty=True,
    )


REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS = (_rejected(rows) for rows in ("events", "items", "users"))
