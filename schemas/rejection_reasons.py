"""Why a row is not kept. Row-level reasons, in the order in which they are tested: the first that holds is given.

A mapping adds its own under `[events.reject]`; they are tested after `without_lines` and before what needs a parsed
value.
"""

WITHOUT_LINES = "without_lines"  # says nothing against a drop: no limit counts it

READ_REASONS: dict[str, str] = {
    "malformed_row": "Wrong number of fields, an unclosed quote, or a line that is not a JSON object.",
    "undecodable_text": "Bytes that are not text in the mapping's encoding (seen as U+FFFD).",
    "field_too_long": "A field of more than a million bytes.",
    "bad_id": "An id with a control character in it, or longer than 256 characters.",
    "inexact_id": "An id that went through a float and lost digits: not whole, 2^53 or more, or as 5.4E+08; or bytes.",
    WITHOUT_LINES: "The array that `each` names is empty or missing, and the row names no item without it.",
    "unknown_event_type": "An event type that is neither ours nor mapped to one of ours.",
    "missing_item": "No item, where the row needs one: in a catalogue, and for all events but a search.",
    "missing_user": "A row of a user file without the account.",
    "missing_time": "An event without a time.",
    "bad_time": "A time that the mapping's format cannot read, or one outside 1970 to 2100.",
    "future_event": "A time more than `limits.future_minutes` after the night's end.",
    "bad_number": "A number that cannot be read, is NaN or infinite, or is outside the limits of its column.",
    "bad_value": "A date or a yes / no that cannot be read.",
    "negative_price": "A price or cost below 0.",
    "absurd_price": "A price or cost above `limits.max_price`.",
    "negative_quantity": "A quantity below 0 (a return is an event type, not a sign).",
    "absurd_quantity": "A quantity above `limits.max_quantity`.",
    "bad_currency": "A currency that is not three letters.",
    "bad_attributes": "Attributes of an item that are not one JSON object, have a name twice, NaN, half a character "
    "(`\\ud800`), or more than 500 lists and objects inside.",
}

# Reasons that need a row's neighbours, judged by clean_events after its shuffle.
VISIT_REASONS: dict[str, str] = {
    "duplicate": "The same event a second time, in this drop or within `clean.late_days` before it.",
    "crawler": "A visitor with more than `clean.max_events_per_day` events on one day.",
    "too_late": "Older than `clean.late_days`: it can no longer be told from a redelivery.",
}
