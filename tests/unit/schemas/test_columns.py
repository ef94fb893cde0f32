"""A column that several tables share is declared once."""

from __future__ import annotations

from schemas import columns
from schemas.table import Column
from schemas.tables import BY_NAME

SHARED = {column.name: column for column in vars(columns).values() if isinstance(column, Column)}


def test_columns_that_are_alike_are_one_declaration() -> None:
    first: dict[Column, Column] = {}
    twice = [
        f"{table.name}.{column.name}"
        for table in BY_NAME.values()
        for column in table.columns
        if first.setdefault(column, column) is not column
    ]
    assert twice == [], "put the column into schemas/columns.py or beside its tables, and name it there"


def test_a_shared_column_has_one_type_everywhere() -> None:
    others = [
        f"{table.name}.{column.name}"
        for table in BY_NAME.values()
        for column in table.columns
        if column.name in SHARED and column.type != SHARED[column.name].type
    ]
    assert others == []


def test_but_changes_only_what_it_names() -> None:
    narrower = columns.ITEM_ID.but(nullable=True)
    assert narrower.nullable
    assert narrower.but(nullable=False) == columns.ITEM_ID
