"""Tries the Spark SQL of a mapping, and what it puts into our columns, against the columns of the files.

An error names the SQL or the column that Spark cannot read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame

from jobs.intake.sql_text import quoted
from schemas.sources.mapping import Input, MappingError, Source

_CONDITIONS = ("reject", "tallies")


def derived_types(rows: DataFrame, spec: Input, source: Source) -> dict[str, str]:
    """'derived:<our column>' -> the Spark type of the mapping's SQL for it. Raises MappingError."""
    if not spec.derived:
        return {}
    derived = [f"({sql}) {quoted('derived:' + our_column)}" for our_column, sql in spec.derived.items()]
    try:
        # With "*": without it an aggregate such as sum(x) would pass, and later turn all rows into one.
        return dict(rows.selectExpr("*", *derived).dtypes[-len(derived) :])
    except AnalysisException:
        refuse_sql(rows, spec, source, "derived", spec.derived)
        raise


def refuse_types(rows: DataFrame, spec: Input, source: Source, expressions: Sequence[str]) -> None:
    """Raises MappingError for the first of our columns that is filled from a type which it cannot hold.

    expressions: `SQL __v_<our column>` and `SQL __s_<our column>`, as `typed` makes them.
    """
    types = {name.casefold(): kind for name, kind in rows.dtypes}
    for expression in expressions:
        try:
            rows.selectExpr("*", expression)
        except AnalysisException as error:
            name = expression.rpartition(" ")[2].removeprefix("__v_").removeprefix("__s_")
            shop_column = spec.columns.get(name, spec.derived.get(name, ""))
            seen = f"'{shop_column}' is {types.get(shop_column.casefold(), 'of another type')}"
            ours = next((column.type for column in spec.targets if column.name == name), "string")
            raise MappingError(
                f"{source.path or source.name}: {name} of {spec.which} is {ours}, and {seen}, which cannot become one: "
                f"name another column, or convert it by SQL in [{spec.which}.derived], such as "
                f"to_date(CAST(joined AS STRING), 'yyyyMMdd') for a number 20260131 "
                f"({str(error).splitlines()[0]})"
            ) from None


def refuse_sql(rows: DataFrame, spec: Input, source: Source, part: str, texts: Mapping[str, str]) -> None:
    """Raises MappingError for the first SQL of a `part` that Spark cannot resolve, or that must be a condition.

    All texts are analysed at once first: that is one analysis where nothing is wrong, instead of many.
    """
    if not texts:
        return
    try:
        types = rows.selectExpr("*", *(f"({sql}) __x{number}" for number, sql in enumerate(texts.values()))).dtypes
        if part not in _CONDITIONS or all(kind == "boolean" for _, kind in types[len(rows.columns) :]):
            return
    except AnalysisException:
        pass
    place = f"{source.path or source.name}: [{spec.which}.{part}]"
    for name, sql in texts.items():
        try:
            kind = rows.selectExpr("*", f"({sql}) __x").dtypes[-1][1]
        except AnalysisException as error:
            raise MappingError(f"{place} {name} = {sql!r}: {str(error).splitlines()[0]}") from None
        if part in _CONDITIONS and kind != "boolean":
            raise MappingError(f"{place} {name} = {sql!r} must be a condition, true or false; it is {kind}")
