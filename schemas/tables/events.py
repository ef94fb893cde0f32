"""Events: what visitors did. RAW_EVENTS is what a mapping makes of a shop's file; CLEAN_EVENTS is what we believe."""

from schemas.table import Column, Table

EVENT_TYPES = ("view", "cart", "wishlist", "purchase", "return", "search", "rating", "impression", "click")

_SHARED = (
    Column("user_id", "string", "The shop's account id; null for an anonymous visit.", nullable=True),
    Column("visitor_id", "string", "Cookie, device or visit id where the shop has one.", nullable=True),
    Column("item_id", "string", "The shop's item id; null for a search.", nullable=True),
    Column("event_type", "string", "What the visitor did.", one_of=EVENT_TYPES),
    Column("event_time", "timestamp", "When it happened, UTC."),
    Column("quantity", "float64", "Units bought or returned; 1 where the shop does not say.", min=0),
    Column("price", "float64", "Unit price paid or shown, in `currency`.", nullable=True, min=0),
    Column("currency", "string", "ISO 4217 code.", nullable=True),
    Column("rating", "float64", "Stars given, on the shop's scale.", nullable=True, min=0),
    Column("query", "string", "What was searched.", nullable=True),
    Column("order_id", "string", "Order or invoice.", nullable=True),
    Column("slot", "string", "Where it was shown: the placement of an impression or click.", nullable=True),
    Column("extra", "string", "JSON of the source's columns that no mapping names.", nullable=True),
)

RAW_EVENTS = Table(
    name="raw_events",
    grain="one line of a shop's log, typed by its mapping, nothing judged yet; made while reading, never stored",
    key=(),
    columns=(Column("event_id", "string", "The shop's id, or a 128-bit hash of the whole raw line."), *_SHARED),
    readers="clean_events, validate_source",
)

CLEAN_EVENTS = Table(
    name="clean_events",
    grain="one distinct action of one visitor; crawlers, duplicates and malformed rows are in rejected_events",
    key=("event_id",),
    columns=(
        Column("event_id", "string", "The shop's id, or a 128-bit hash of the whole raw line."),
        *_SHARED,
        Column("session_id", "string", "Actions of one visitor with no pause over the setting (30 minutes)."),
        Column("is_session_start", "bool", "True on the first action of a session."),
        Column("event_date", "date", "Day of `event_time`, UTC's or the shop's; a late one is before the partition's."),
        Column("source_file", "string", "The file it came in."),
    ),
    readers="update_interest, build_features, judge_lists, judge_experiments",
    gate="clean",
    may_be_empty=True,
)


def _rejected(rows: str) -> Table:
    return Table(
        name=f"rejected_{rows}",
        grain=f"one raw row of the {rows} input that was not kept, whole, with its reason and its file",
        key=(),
        columns=(
            Column("reason", "string", "Why; the reasons are listed in schemas/README.md."),
            Column("detail", "string", "What was seen, where one value is to blame.", nullable=True),
            Column("raw_row", "string", "The row as it came, as JSON; personal fields masked."),
            Column("source_file", "string", "The file it came in."),
        ),
        readers="people who ask where a row went",
        gate="clean",
        may_be_empty=True,
    )


REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS = (_rejected(rows) for rows in ("events", "items", "users"))
