"""Product pictures: what was received and refused, what they were made into, and what they tell."""

from schemas.columns import DETAIL, ITEM_ID, RANK, TARGET_ITEM_ID, VALID_UNTIL
from schemas.picture_reasons import PICTURE_REASONS
from schemas.table import Column, Table

PICTURE = Column("picture", "string", "Digest of the file's bytes and of the settings by which it was read.")
_SOURCE_FILE = Column("source_file", "string", "Its path below the drop, or its URL.")
_FINGERPRINT = Column("fingerprint", "string", "Size and time of the file, or the tag of the URL, and the settings: "
                      "where it has not changed, the file is not read again.")  # fmt: skip
_PACK = Column("pack", "string", "The file below the lake that holds it.")
_CHANCE = Column("chance", "float32", "Calibrated probability that it is so.", min=0, max=1)
_ATTRIBUTE = Column("attribute", "string", "Name of the attribute; `category` and `brand` are the columns of `items`.")
_NEIGHBOUR = ITEM_ID.but(doc="An item in stock and active.")
_CLEAREST = PICTURE.but(doc="The picture that tells it best.")
_MODEL = Column("model", "string", "The recogniser, a folder of the lake.")
_SCORE = Column("score", "float32", "Cosine of the pictures' vectors, of the two most alike.", min=-1.001, max=1.001)

LOOKS_ALIKE, OTHER_COLOUR, SAME_ITEM = "looks_alike", "other_colour", "same_item"

IMAGES = Table(
    name="images",
    grain="one picture of one item, as the drop has it tonight",
    key=("item_id", "place"),
    columns=(
        ITEM_ID,
        Column("place", "int32", "1 is the main picture.", min=1),
        PICTURE,
        Column("width", "int32", "Pixels of the picture that arrived, upright.", min=1),
        Column("height", "int32", "Pixels of the picture that arrived, upright.", min=1),
        Column("format", "string", "Format of the file that arrived."),
        _SOURCE_FILE,
        _FINGERPRINT,
        _PACK.but(doc="The file below the lake that holds the clean picture: upright, RGB, without any metadata."),
    ),
    readers="embed_images, find_similar_images, recognise_attributes; receive_images tomorrow",
    gate="images",
    may_be_empty=True,
)  # fmt: skip

REFUSED_IMAGES = Table(
    name="refused_images",
    grain="one picture that the drop names tonight and that is not used, with the reason",
    key=(),
    columns=(
        ITEM_ID.but(doc="The item for which it is named."),
        _SOURCE_FILE,
        Column("reason", "string", "Why it is refused.", one_of=tuple(PICTURE_REASONS)),
        DETAIL,
        _FINGERPRINT.but(nullable=True),
    ),
    readers="people; receive_images tomorrow",
    gate="images",
    may_be_empty=True,
)

IMAGE_VECTORS = Table(
    name="image_vectors",
    grain="one picture of tonight's `images` that has been made into a vector",
    key=("picture",),
    columns=(
        PICTURE,
        Column("encoder", "string", "Digest of the network and its settings: vectors of one encoder compare."),
        _PACK.but(doc="The file below the lake that holds the vector, float16."),
    ),
    readers="find_similar_images, recognise_attributes, search_images; embed_images tomorrow",
    gate="images",
    may_be_empty=True,
)

RECOGNISED_ATTRIBUTES = Table(
    name="recognised_attributes",
    grain="one attribute that the catalogue lacks for an item and that its pictures show",
    key=("item_id", "attribute"),
    columns=(
        ITEM_ID,
        _ATTRIBUTE,
        Column("value", "string", "The value, in the catalogue's own words."),
        _CHANCE,
        _CLEAREST,
        _MODEL,
    ),
    readers="the storefront's filters; people",
    product="images",
    may_be_empty=True,
)

DOUBTED_ATTRIBUTES = Table(
    name="doubted_attributes",
    grain="one attribute of an item whose pictures show another value than the catalogue says",
    key=("item_id", "attribute"),
    columns=(
        ITEM_ID,
        _ATTRIBUTE,
        Column("value", "string", "What the catalogue says."),
        Column("looks", "string", "What the pictures show."),
        _CHANCE.but(doc="Calibrated probability of what the pictures show."),
        Column("value_chance", "float32", "The same of what the catalogue says.", min=0, max=1),
        _CLEAREST,
        _MODEL,
    ),
    readers="the merchant, who corrects the catalogue",
    gate="images",
    may_be_empty=True,
)

SIMILAR_IMAGES = Table(
    name="similar_images",
    grain="one item whose pictures look like those of another",
    key=("target_item_id", "kind", "rank"),
    columns=(
        TARGET_ITEM_ID,
        _NEIGHBOUR,
        Column("kind", "string", "other_colour: the same product in another colour; looks_alike: another product.",
               one_of=(LOOKS_ALIKE, OTHER_COLOUR)),
        RANK.but(doc="1 is most alike, of this kind."),
        _SCORE,
        VALID_UNTIL,
    ),
    readers="the storefront",
    product="images",
    may_be_empty=True,
)  # fmt: skip

IMAGE_SEARCH_RESULTS = Table(
    name="image_search_results",
    grain="one item that looks like what a shopper photographed",
    key=("photo", "rank"),
    columns=(
        Column("photo", "string", "The photo's path below the drop."),
        _NEIGHBOUR,
        RANK.but(doc="1 is most alike."),
        _SCORE,
        Column("kind", "string", "same_item: so alike that it is most likely this item; looks_alike: the others.",
               one_of=(SAME_ITEM, LOOKS_ALIKE)),
        VALID_UNTIL,
    ),
    readers="the storefront",
    product="images",
    may_be_empty=True,
)  # fmt: skip
