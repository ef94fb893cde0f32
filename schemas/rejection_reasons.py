"""Why a row is rejected. Reasons are tested in this order, and a row gets the first that holds.

A mapping adds reasons of its own under `[events.reject]`. They are tested after `without_lines` and before the reasons
that need a parsed value.
"""

WITHOUT_LINES = "without_lines"  # no limit counts it: an order without lines is no sign of a bad drop

ERASED = "erased"  # the row of a person who was forgotten: nothing of it is kept but this reason

READ_REASONS: dict[str, str] = {
    ERASED: "A row of a person who was forgotten (jobs/privacy), delivered again; its content is not kept.",
    "malformed_row": "Wrong number of fields, an unclosed quote, or a line that is not a JSON object.",
    "undecodable_text": "Bytes that are not text in the mapping's encoding (seen as U+FFFD); in Parquet, that are not "
    "UTF-8.",
    "field_too_long": "A field of more than a million bytes.",
    "bad_id": "An id with a control character in it, or longer than 256 characters.",
    "inexact_id": "An id that lost digits as a float (not whole, 2^53 or more, or such as 5.4E+08), or that is bytes.",
    WITHOUT_LINES: "The array that `each` names is empty or missing, so the row has no item.",
    "unknown_event_type": "An event type that is neither one of ours nor mapped to one of ours.",
    "missing_item": "No item in a row of a catalogue, or in an event that is not a search.",
    "missing_user": "A row of a user file without an account id.",
    "missing_time": "An event without a time.",
    "bad_time": "A time that the mapping's format cannot read, or outside 1970 to 2100.",
    "future_event": "A time more than `limits.future_minutes` after the night's end.",
    "bad_number": "A number that cannot be read, is NaN or infinite, or is outside the limits of its column.",
    "bad_value": "A date or a true / false that cannot be read.",
    "negative_price": "A price or cost below 0.",
    "absurd_price": "A price or cost above `limits.max_price`.",
    "negative_quantity": "A quantity below 0 (a return is an event type, not a sign).",
    "absurd_quantity": "A quantity above `limits.max_quantity`.",
    "bad_currency": "A currency that is not three letters.",
    "bad_attributes": "Attributes of an item that are not one JSON object, have a name twice, NaN, half a character "
    "(`\\ud800`), or more than 500 lists and objects inside.",
}

# Reasons that need the other rows of a visitor; clean_events tests them after its shuffle.
VISIT_REASONS: dict[str, str] = {
    "duplicate": "The same event again, in this drop or in one of the `clean.late_days` before it.",
    "crawler": "A visitor with more than `clean.max_events_per_day` events on one day.",
    "too_late": "Older than `clean.late_days`: nobody can tell any more whether it is a redelivery.",
}
