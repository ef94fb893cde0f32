"""Which tables hold rows about persons: those with a column that names one, and those that keep what was written."""

from __future__ import annotations

from schemas.columns import ACCOUNT_IDS, BOUND_IDS
from schemas.table import Table
from schemas.tables import STORED

# Columns that may name a person though nothing declares it: raw rows, values as they were seen, shoppers' own words.
_AS_WRITTEN = ("raw_row", "detail", "examples", "photo")


def is_personal(table: Table) -> bool:
    named = {*ACCOUNT_IDS, *BOUND_IDS, *_AS_WRITTEN}
    return any(column.personal or column.name in named for column in table.columns)


PERSONAL: tuple[Table, ...] = tuple(table for table in STORED if is_personal(table))
OPEN: tuple[Table, ...] = tuple(table for table in STORED if not is_personal(table))
