"""Published shop logs -> `ShopLog`, without Spark: the files show the format, the rules are those of the mappings.

- `events.csv[.gz]` with visitorid, itemid, event, timestamp (RetailRocket; epoch in s or ms)
- `*.csv[.gz]` with InvoiceNo, StockCode, ... (UCI Online Retail, one file per trading day or one for all)
- `transactions_*.parquet` with household_id, sales_value, ... and `products.parquet` (Complete Journey)
- `transactions_*.parquet`, and `articles.parquet` if there is a catalogue (H&M)
Exact duplicates and lines without a user are dropped; all ids are read as text.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from jobs.runtime.progress import progress, say
from models.core.shop_log import KINDS, ShopLog

EVENTS = {"view": "view", "wishlist": "wishlist", "cart": "cart", "addtocart": "cart", "buy": "purchase",
          "transaction": "purchase", "purchase": "purchase"}  # fmt: skip
NOT_GOODS = ("POST", "DOT", "M", "C2", "D", "S", "BANK CHARGES", "AMAZONFEE", "CRUK", "B")
# Columns of H&M's catalogue that describe an article as a shopper would.
HM_ATTRIBUTES = {"family": "product_code", "category": "product_type_name", "group": "product_group_name",
                 "colour": "colour_group_name", "appearance": "graphical_appearance_name", "section": "section_name",
                 "department": "department_name", "garment": "garment_group_name", "index": "index_name"}  # fmt: skip


def read_log(data: Path) -> ShopLog:
    """The log in folder `data`. Raises FileNotFoundError saying what was looked for if no format fits."""
    events_files = [path for name in ("events.csv.gz", "events.csv") if (path := data / name).is_file()]
    parquet = sorted(data.glob("transactions_*.parquet"))
    invoices = sorted([*data.glob("*.csv.gz"), *data.glob("*.csv")])
    with progress(f"reading {data}"), duckdb.connect(config={"threads": 1}) as connection:
        if events_files:
            log = _retailrocket(connection, events_files[0])
        elif parquet and "household_id" in connection.read_parquet(str(parquet[0])).columns:
            log = _complete_journey(connection, data, parquet)
        elif parquet:
            log = _hm(connection, data, parquet)
        elif invoices and "InvoiceNo" in connection.read_csv(str(invoices[0]), all_varchar=True).columns:
            log = _online_retail(connection, invoices)
        else:
            raise FileNotFoundError(
                f"{data} holds neither events.csv[.gz], nor transactions_*.parquet, nor *.csv[.gz] with InvoiceNo; "
                f"say DATA=a folder such as ../shared/data/retailrocket"
            )
    kinds = ", ".join(
        f"{int((log.kind == code).sum()):,} {name}" for code, name in enumerate(KINDS) if code in log.kind
    )
    say(f"{data.name}: {len(log):,} events ({kinds}), {log.n_users:,} users, {log.n_items:,} items")
    return log


def _retailrocket(connection: duckdb.DuckDBPyConnection, path: Path) -> ShopLog:
    lines = connection.read_csv(str(path), all_varchar=True)
    kinds = " ".join(f"when '{event}' then '{kind}'" for event, kind in EVENTS.items())
    return _log(
        lines.query(
            "lines",
            f"""select distinct visitorid as user_id, itemid as item_id, case event {kinds} end as kind,
                cast(timestamp as double) / (case when cast(timestamp as double) > 1e11 then 86400000 else 86400 end)
                as day, null::double as price from lines""",
        )
    )


def _online_retail(connection: duckdb.DuckDBPyConnection, paths: list[Path]) -> ShopLog:
    lines = connection.read_csv([str(path) for path in paths], all_varchar=True)  # type: ignore[arg-type]
    goods = ", ".join(f"'{code}'" for code in NOT_GOODS)
    return _log(
        lines.query(
            "lines",
            f"""select user_id, item_id, kind, day, price from (select distinct InvoiceNo, Quantity,
                nullif(split_part(CustomerID, '.', 1), 'NULL') as user_id,
                case when regexp_matches(StockCode, '^[0-9]{{5}}') then upper(StockCode) else StockCode end as item_id,
                case when InvoiceNo like 'C%' then 'return' else 'purchase' end as kind,
                epoch(cast(InvoiceDate as timestamp)) / 86400 as day, cast(UnitPrice as double) as price,
                from lines where upper(StockCode) not in ({goods}) and cast(UnitPrice as double) >= 0)""",
        )
    )


def _complete_journey(connection: duckdb.DuckDBPyConnection, data: Path, paths: list[Path]) -> ShopLog:
    lines = connection.read_parquet([str(path) for path in paths])
    events = lines.query(
        "lines",
        """select distinct household_id as user_id, product_id as item_id, 'purchase' as kind, basket_id,
           epoch(transaction_timestamp) / 86400 as day, sales_value as price from lines where quantity > 0""",
    )
    if not (data / "products.parquet").is_file():
        return _log(events)
    products = connection.read_parquet(str(data / "products.parquet"))
    table = products.query(
        "products",
        """select cast(product_id as varchar) as item_id, department, product_category as category,
           cast(brand as varchar) as brand from products""",
    )
    return _log(events, table.fetchnumpy())


def _hm(connection: duckdb.DuckDBPyConnection, data: Path, paths: list[Path]) -> ShopLog:
    lines = connection.read_parquet([str(path) for path in paths])
    events = lines.query(
        "lines",
        """select distinct cast(customer_id as varchar) as user_id, lpad(cast(article_id as varchar), 10, '0') as
           item_id, 'purchase' as kind, epoch(cast(t_dat as timestamp)) / 86400 as day, price::double as price
           from lines""",
    )
    if not (data / "articles.parquet").is_file():
        return _log(events)
    articles = connection.read_parquet(str(data / "articles.parquet"))
    renamed = {name: column for name, column in HM_ATTRIBUTES.items() if column in articles.columns}
    columns = ", ".join(f"cast({column} as varchar) as {name}" for name, column in renamed.items())
    table = articles.query("articles", f"select lpad(cast(article_id as varchar), 10, '0') as item_id, {columns} "
                                       "from articles").fetchnumpy()  # fmt: skip
    return _log(events, table)


def _log(events: duckdb.DuckDBPyRelation, catalogue: dict | None = None) -> ShopLog:
    """A log of `user_id, item_id, kind, day, price`; lines that lack one of the first four are dropped and counted."""
    columns = events.order("day, user_id, item_id, kind").fetchnumpy()
    missing = np.zeros(len(columns["day"]), bool)
    for name in ("user_id", "item_id", "kind", "day"):
        missing |= np.ma.getmaskarray(columns[name]) | np.array([value is None for value in columns[name]])
    missing |= ~np.isfinite(np.ma.filled(columns["day"].astype(np.float64), np.nan))
    if missing.any():
        say(f"{int(missing.sum()):,} lines without user, item, kind or time dropped")
    complete = {name: np.asarray(column[~missing]) for name, column in columns.items() if name != "price"}
    users, user = np.unique(complete["user_id"].astype(str), return_inverse=True)
    items, item = np.unique(complete["item_id"].astype(str), return_inverse=True)
    price = np.ma.filled(np.ma.asarray(columns["price"], np.float64), np.nan)[~missing]
    return ShopLog(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        kind=np.array([KINDS.index(kind) for kind in complete["kind"]], np.int8),
        time=complete["day"].astype(np.float64),
        price=price.astype(np.float32),
        n_users=len(users),
        n_items=len(items),
        attributes=_attributes(catalogue, items) if catalogue else {},
    )


def _attributes(catalogue: dict, items: NDArray[np.str_]) -> dict[str, NDArray[np.int32]]:
    """Codes (I,) of each attribute's value for the items of the log, -1 for items that the catalogue lacks."""
    ids = np.asarray(catalogue["item_id"]).astype(str)
    order = np.argsort(ids, kind="stable")
    position = np.minimum(np.searchsorted(ids[order], items), len(ids) - 1)
    is_listed = ids[order][position] == items
    codes = {}
    for name, values in catalogue.items():
        if name != "item_id":
            absent = np.ma.getmaskarray(values)
            words = np.unique(np.ma.filled(values, "").astype(str), return_inverse=True)[1].astype(np.int32)
            words[absent] = -1
            codes[name] = np.where(is_listed, words[order][position], np.int32(-1)).astype(np.int32)
    return codes
