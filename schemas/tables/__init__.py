"""One file per family of tables. Importing this gives every declared table by name."""

from schemas.table import Table
from schemas.tables.catalogue import ITEMS, USERS
from schemas.tables.copywriting import COPY, COPY_SHARES, REJECTED_COPY, USER_COPY
from schemas.tables.customers import (
    CAMPAIGN_OUTCOMES,
    CATEGORY_PROPENSITIES,
    ITEM_PRICES,
    OFFER_PARITY,
    OFFERS,
    PROPENSITIES,
    SEGMENT_RULES,
    SEGMENTS,
    USER_PROFILES,
    USER_PURCHASES,
    USER_SEGMENTS,
    USER_TASTES,
    WITHHELD_OFFERS,
)
from schemas.tables.events import CLEAN_EVENTS, RAW_EVENTS, REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS
from schemas.tables.experiments import BANDIT_MOVES, EXPERIMENT_OUTCOMES, EXPERIMENT_RESULTS
from schemas.tables.features import INTEREST, ITEM_FEATURES, USER_FEATURES
from schemas.tables.lists import AUDIENCES, BOUGHT_TOGETHER, LIST_QUALITY, POPULAR_ITEMS, RECOMMENDATIONS, SIMILAR_ITEMS
from schemas.tables.prices import ITEM_WEEKS, PRICE_SUGGESTIONS

STORED: tuple[Table, ...] = (
    CLEAN_EVENTS,
    REJECTED_EVENTS,
    ITEMS,
    REJECTED_ITEMS,
    USERS,
    REJECTED_USERS,
    INTEREST,
    USER_FEATURES,
    ITEM_FEATURES,
    ITEM_PRICES,
    USER_PURCHASES,
    USER_TASTES,
    USER_PROFILES,
    POPULAR_ITEMS,
    RECOMMENDATIONS,
    SIMILAR_ITEMS,
    BOUGHT_TOGETHER,
    USER_SEGMENTS,
    SEGMENTS,
    SEGMENT_RULES,
    AUDIENCES,
    COPY,
    REJECTED_COPY,
    USER_COPY,
    COPY_SHARES,
    PROPENSITIES,
    CATEGORY_PROPENSITIES,
    LIST_QUALITY,
    ITEM_WEEKS,
    PRICE_SUGGESTIONS,
    OFFERS,
    WITHHELD_OFFERS,
    OFFER_PARITY,
    CAMPAIGN_OUTCOMES,
    EXPERIMENT_OUTCOMES,
    EXPERIMENT_RESULTS,
    BANDIT_MOVES,
)
BY_NAME: dict[str, Table] = {table.name: table for table in (RAW_EVENTS, *STORED)}
