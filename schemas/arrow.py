"""The Arrow schema of a table: the exact physical types of every Parquet file in the lake."""

from __future__ import annotations

import pyarrow as pa

from schemas.table import Table

_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),  # nanoseconds are refused by Spark
}


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of `table`, with each column's meaning and the table's version in the metadata."""
    # Every column is nullable in the file, also where the table says otherwise: the gate must be able to read bad rows.
    fields = [pa.field(c.name, _ARROW[c.type], True, metadata={"doc": c.doc}) for c in table.columns]
    return pa.schema(fields, metadata={"table": table.name, "schema_version": str(table.version)})
