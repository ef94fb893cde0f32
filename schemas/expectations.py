"""The Great Expectations suite of a table: one expectation for each rule of its declaration."""

from __future__ import annotations

import great_expectations as gx
import great_expectations.expectations as gxe

from schemas.table import Column, Table


def suite(table: Table) -> gx.ExpectationSuite:
    """The table has exactly the declared columns, its key is unique, and every column keeps its own rules."""
    rules: list[gxe.Expectation] = [gxe.ExpectTableColumnsToMatchSet(column_set=list(table.names), exact_match=True)]
    if not table.may_be_empty:
        rules.append(gxe.ExpectTableRowCountToBeBetween(min_value=1))
    if len(table.key) == 1:
        rules.append(gxe.ExpectColumnValuesToBeUnique(column=table.key[0]))
    elif table.key:
        rules.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=list(table.key)))
    for column in table.columns:
        rules.extend(_rules(column))
    return gx.ExpectationSuite(name=f"{table.name} v{table.version}", expectations=rules)


def _rules(column: Column) -> list[gxe.Expectation]:
    rules: list[gxe.Expectation] = []
    if not column.nullable:
        rules.append(gxe.ExpectColumnValuesToNotBeNull(column=column.name))
    if column.one_of:
        rules.append(gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.one_of)))
    if column.min is not None or column.max is not None:
        rules.append(gxe.ExpectColumnValuesToBeBetween(column=column.name, min_value=column.min, max_value=column.max))
    return rules
