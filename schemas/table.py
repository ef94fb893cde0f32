"""How a table is declared. Stdlib only; Spark's, Arrow's, Great Expectations' and the README's forms derive from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Type = Literal["string", "int32", "int64", "float32", "float64", "bool", "date", "timestamp"]
# What customers see, and the people who write to customers. Each product passes one gate and is published as a whole.
Product = Literal["lists", "customers", "offers", "audiences", "copy", "images", "service"]
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

    `min` and `max` are inclusive. An `inner` column of a published table is not copied to `published/`. A `personal`
    column names a person (e-mail, phone, name, address): it is dropped or replaced by its HMAC when it enters the lake,
    and no published table may declare one.
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
            raise ValueError(f"column {self.name} has type '{self.type}'; the types are {', '.join(SPARK_TYPES)}")

    def but(self, **changes: Any) -> Column:
        """The same column with some of its attributes changed, such as `USER_ID.but(nullable=True)`."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Table:
    """One table: its grain (what one row is), its key, its columns in order, and who reads it.

    `product` is the product that the table is published with; None: it is never published. `gate` is the gate that
    checks the table before anybody reads it. A product's table names a gate only if that is not the product's gate.
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
            raise ValueError(
                f"table {self.name} lacks key columns {sorted(unknown)}; its columns are {list(self.names)}"
            )
        personal = [c.name for c in self.columns if c.personal]
        if self.product and personal:
            raise ValueError(f"table {self.name} is published and may not have personal columns: {personal}")
        hidden = [c.name for c in self.columns if c.inner]
        if hidden and (not self.product or set(hidden) & set(self.key)):
            raise ValueError(
                f"table {self.name} has inner columns {hidden}; only a published table may, and none of them in its key"
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
