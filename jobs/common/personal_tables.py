"""Which tables hold rows about persons: tables with a column that names a person, and tables that keep raw input."""

from __future__ import annotations

from schemas.columns import ACCOUNT_IDS, BOUND_IDS
from schemas.table import Table
from schemas.tables import STORED

# Columns that may name a person although they are not declared personal: raw rows, raw values, shoppers' own words.
_AS_WRITTEN = ("raw_row", "detail", "examples", "photo")


def is_personal(table: Table) -> bool:
    personal_names = {*ACCOUNT_IDS, *BOUND_IDS, *_AS_WRITTEN}
    return any(column.personal or column.name in personal_names for column in table.columns)


PERSONAL: tuple[Table, ...] = tuple(table for table in STORED if is_personal(table))
OPEN: tuple[Table, ...] = tuple(table for table in STORED if not is_personal(table))
