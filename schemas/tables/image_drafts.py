"""Pictures that were generated: drafts for a person to judge, and those that a person approved."""

from schemas.columns import ITEM_ID, REASON
from schemas.image_requests import KINDS
from schemas.table import Column, Table
from schemas.tables.images import PICTURE

OFFERED, APPROVED, BLOCKED, REFUSED = "offered", "approved", "blocked", "refused"

_DRAFT_ID = Column("draft_id", "string", "Hash of the picture, of what is asked and of what made it.")
_KIND = Column("kind", "string", "repair: damage filled; recolour: the product in another colour; background: another "
               "background.", one_of=KINDS)  # fmt: skip
_GENERATED = Column("generated", "bool", "True: the file's pixels are in part generated; its own metadata say so too.")
_FILE = Column("file", "string", "The PNG below the lake.")
_HASH = Column("draft_hash", "string", "SHA-256 of the file: an approval counts for these bytes alone.")

IMAGE_DRAFTS = Table(
    name="image_drafts",
    grain="one draft that the merchant asks for tonight, with the file that was made or the reason why none is offered",
    key=("draft_id",),
    columns=(
        _DRAFT_ID,
        ITEM_ID,
        PICTURE.but(doc="The original, as in `images`; empty where the item has none."),
        _KIND,
        Column("asked", "string", "The colour, or where the damage is."),
        Column("state", "string", "offered: a person may approve it; approved, blocked: a person did; refused: nothing "
               "is offered.", one_of=(OFFERED, APPROVED, BLOCKED, REFUSED)),
        REASON.but(doc="Why it is refused; null for the others.", nullable=True),
        _FILE.but(nullable=True),
        _HASH.but(nullable=True),
        _GENERATED,
        Column("looks", "string", "The colour that the recogniser sees in it; null where it was not asked.",
               nullable=True),
        Column("chance", "float32", "The recogniser's calibrated probability of that.", nullable=True, min=0, max=1),
        Column("model", "string", "The picture editor, a folder of the lake; empty: none had a part in it."),
        Column("made_on", "date", "The night that made the file."),
    ),
    readers="the page of drafts; draft_images tomorrow",
    gate="images",
    may_be_empty=True,
)  # fmt: skip

APPROVED_IMAGES = Table(
    name="approved_images",
    grain="one generated picture that a person approved",
    key=("draft_id",),
    columns=(
        _DRAFT_ID,
        ITEM_ID,
        PICTURE.but(doc="The original, as in `images`."),
        _KIND,
        Column("asked", "string", "The colour, or where the damage was."),
        _FILE,
        _HASH,
        _GENERATED,
    ),
    readers="the storefront",
    product="images",
    may_be_empty=True,
)  # fmt: skip
