"""Columns that several families of tables share, each declared once.

A table that means something narrower changes only what differs: `USER_ID.but(nullable=True, doc="...")`.
"""

from schemas.table import Column

USER_ID = Column("user_id", "string", "The shop's account id.")
USER_ID_OR_ANONYMOUS = USER_ID.but(doc="The shop's account id, or 'anonymous'.")
ACCOUNT_IDS = (USER_ID.name,)  # columns that name a person, whatever the table; jobs/privacy looks for people in them
VISITOR_ID = "visitor_id"
# Columns with the id of something that may belong to one person, such as a device or a question. A row that has both
# this id and an account id shows whose it is.
BOUND_IDS = (VISITOR_ID, "question_id")
ITEM_ID = Column("item_id", "string", "The shop's item id.")
SEGMENT_ID = Column("segment_id", "int32", "Row of `segments`.", min=0)
EXPERIMENT = Column("experiment", "string", "The experiment's name in the settings.")
ARM = Column("arm", "string", "Arm of the experiment.")

CATEGORY = Column("category", "string", "Category path, levels joined by ' > '.", nullable=True)
TARGET_ITEM_ID = Column("target_item_id", "string", "The item that the visitor looks at.")
RANK = Column("rank", "int32", "1 is best.", min=1)
USERS = Column("users", "int64", "Number of accounts.", min=0)

METRIC = Column("metric", "string", "As in models.core.list_metrics, such as 'ndcg@12'.")
SHARE_OF_ALL = Column("share", "float64", "Share of all.", min=0, max=1)

PRICE = Column("price", "float64", "Unit price, in `currency`.", nullable=True, min=0)
COST = Column("cost", "float64", "Unit cost, in `currency`.", nullable=True, min=0)
CURRENCY = Column("currency", "string", "ISO 4217 code.", nullable=True)
BUDGET_LINE = Column("budget_line", "string", "The budget line that pays.")

GENDER = Column("gender", "string", "As the shop writes it.", nullable=True)
CITY = Column("city", "string", "City.", nullable=True)
COUNTRY = Column("country", "string", "Country.", nullable=True)
MEMBER_LEVEL = Column("member_level", "string", "Level in the shop's member scheme.", nullable=True)

SESSIONS = Column("sessions", "int64", "Sessions begun.", min=0)
LAST_EVENT_ON = Column("last_event_on", "date", "Day of the latest event.")
LAST_PURCHASE_ON = Column("last_purchase_on", "date", "Day of the latest purchase.", nullable=True)
UPDATED_ON = Column("updated_on", "date", "The night that last changed this row.")
VALID_UNTIL = Column("valid_until", "timestamp", "Not to be shown or used after this time, UTC.")

REASON = Column("reason", "string", "Why, for a person.")
DETAIL = Column("detail", "string", "What was seen.")
SOURCE_FILE = Column("source_file", "string", "The file that the row came in.")
