"""Why a picture is refused. Reasons are tested in this order, and a picture gets the first that holds.

READ_REASONS are about the file's bytes. `models/images/reading.py` tests them; a test checks that both files have the
same names.
"""

NAMED_REASONS: dict[str, str] = {
    "unknown_item": "It is named for an item that no catalogue has.",
    "outside_drop": "Its path leaves the folder of the drop, by `..`, from the root or through a link.",
    "host_not_named": "A URL of a host that the setting `images.hosts` does not name.",
    "too_many_pictures": "The item has more pictures than the setting `images.per_item`; these come after the first.",
    "missing_file": "No file of this name is in the drop.",
    "not_fetched": "The host did not send it.",
}
READ_REASONS: dict[str, str] = {
    "empty": "A file without bytes.",
    "too_many_bytes": "A file larger than the setting `pictures.max_bytes`.",
    "unsupported_format": "A picture or document of a kind that is not read, such as HEIC, SVG or PDF.",
    "not_a_picture": "Bytes that are no picture, whatever the file is called.",
    "too_many_pixels": "It would unpack to more pixels than the setting `pictures.max_pixels`.",
    "too_thin": "Its longer side is more than `pictures.max_ratio` times its shorter one.",
    "too_small": "Its shorter side has fewer pixels than the setting `pictures.min_side`.",
    "truncated": "The file ends before its picture does.",
    "damaged": "Its bytes break the rules of its own format.",
    "transparent": "No pixel of it can be seen.",
}
SAME_REASONS: dict[str, str] = {
    "repeated": "The item has the same picture under another name.",
}
PICTURE_REASONS = {**NAMED_REASONS, **READ_REASONS, **SAME_REASONS}
