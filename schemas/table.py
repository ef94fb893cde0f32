"""What a table promises. Stdlib only; Spark, Arrow, Great Expectations and README pages are derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Type = Literal["string", "int32", "int64", "float32", "float64", "bool", "date", "timestamp"]
# What is shown to customers and to those who write to them. Each product passes one gate and is published whole.
Product = Literal["lists", "customers", "offers", "audiences", "copy"]
Gate = Literal["clean", "features", Product, "prices", "experiments"]
PRODUCTS: tuple[Product, ...] = get_args(Product)
GATES: tuple[Gate, ...] = get_args(Gate)

SPARK_TYPES: dict[Type, str] = {
    "string": "string",
    "int32": "int",
    "int64": "bigint",
    "float32": "float",
    "float64": "double",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",  # microseconds, UTC
}


@dataclass(frozen=True)
class Column:
    """One column: its type, its meaning, and the rules that every row keeps.

    `min` and `max` are inclusive. `inner` marks what a published table keeps to itself: readers of `published/` do not
    get the column. `personal` marks data that names a person (e-mail, phone, name, address): it is
    dropped or HMAC'd when it enters, and no published table may declare it.
    """

    name: str
    type: Type
    doc: str
    nullable: bool = False
    one_of: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    personal: bool = False
    inner: bool = False

    def __post_init__(self) -> None:
        if self.type not in SPARK_TYPES:
            raise ValueError(f"column {self.name}: no type '{self.type}'; there are {', '.join(SPARK_TYPES)}")


@dataclass(frozen=True)
class Table:
    """One table: its grain in a sentence, its key, its columns in order, and who reads it.

    `product` is the product that the table is published as; None: it is never published. `gate` checks the table
    before anybody reads it. A product's table names a gate only where an earlier gate than the product's checks it.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    readers: str
    product: Product | None = None
    gate: Gate | None = None
    may_be_empty: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        unknown = set(self.key) - set(self.names)
        if unknown:
            raise ValueError(f"table {self.name}: key {sorted(unknown)} is not among its columns {list(self.names)}")
        personal = [c.name for c in self.columns if c.personal]
        if self.product and personal:
            raise ValueError(f"table {self.name} is published and may not declare personal columns: {personal}")
        hidden = [c.name for c in self.columns if c.inner]
        if hidden and (not self.product or set(hidden) & set(self.key)):
            raise ValueError(
                f"table {self.name}: inner columns {hidden} need a published table, and are not of its key"
            )

    @property
    def checked_at(self) -> Gate | None:
        """The gate that the table passes; None for a table that is not stored."""
        return self.gate or self.product

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The columns that readers of `published/` get."""
        return tuple(c.name for c in self.columns if not c.inner)

    @property
    def spark_types(self) -> tuple[str, ...]:
        return tuple(SPARK_TYPES[c.type] for c in self.columns)

    @property
    def ddl(self) -> str:
        """The Spark schema as DDL, the form that `spark.createDataFrame` and `mapInArrow` take."""
        return ", ".join(f"`{c.name}` {SPARK_TYPES[c.type]}" for c in self.columns)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column '{name}'; it has {', '.join(self.names)}")
