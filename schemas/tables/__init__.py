"""Every declared table: one file for each family of tables, and all of them by name in `BY_NAME`."""

from schemas.table import Table
from schemas.tables.catalogue import ITEMS, USERS
from schemas.tables.copywriting import COPY, COPY_CLICKS, COPY_SHARES, READER_VOICES, REJECTED_COPY, USER_COPY
from schemas.tables.events import CLEAN_EVENTS, RAW_EVENTS, REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS
from schemas.tables.experiments import BANDIT_MOVES, EXPERIMENT_OUTCOMES, EXPERIMENT_RESULTS
from schemas.tables.features import INTEREST, ITEM_FEATURES, USER_FEATURES
from schemas.tables.lists import AUDIENCES, BOUGHT_TOGETHER, LIST_QUALITY, POPULAR_ITEMS, RECOMMENDATIONS, SIMILAR_ITEMS
from schemas.tables.offers import CAMPAIGN_OUTCOMES, OFFER_PARITY, OFFERS, WITHHELD_OFFERS
from schemas.tables.prices import ITEM_WEEKS, PRICE_SUGGESTIONS
from schemas.tables.profiles import ITEM_PRICES, USER_PROFILES, USER_PURCHASES, USER_TASTES
from schemas.tables.propensities import CATEGORY_PROPENSITIES, PROPENSITIES
from schemas.tables.segments import SEGMENT_RULES, SEGMENTS, USER_SEGMENTS

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
    COPY_CLICKS,
    READER_VOICES,
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
