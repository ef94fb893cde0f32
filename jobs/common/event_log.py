"""The events of the last months as arrays, for models that learn from sequences or from single customers."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.attributes import read_attributes
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import parquet_file, read_table
from jobs.runtime.shop_days import DAY
from models.core.memory import DoesNotFit, available_bytes
from models.core.shop_log import KINDS, ShopLog
from schemas.tables import CLEAN_EVENTS, ITEMS, USERS

_COLUMNS = ["user_id", "item_id", "event_type", "event_time", "price"]
_KIND_OF = {**{kind: code for code, kind in enumerate(KINDS)}, "click": KINDS.index("view")}
_MOST_ATTRIBUTES = 8  # most of the shop's own attributes that are used, besides category and brand
_EVENT_BYTES = 21 * 4  # memory of an event in a `ShopLog`, with the copies made while building it
_LEAST_SHARE = 0.05  # share of the items that must have an attribute, for a ranker to use it


def night_end(night: dt.date) -> float:
    """The end of a night's day in days since 1970, the unit of the times of `read_log`."""
    return float((night - dt.date(1970, 1, 1)).days + 1)


def read_history(night: Night, days: int) -> tuple[ShopLog, np.ndarray, np.ndarray]:
    """(log, user_ids, item_ids): what known users did with items in the last `days` days, tonight's day included.

    A code is a place in the sorted ids of tonight's USERS and ITEMS. Clicks count as views; impressions, searches and
    ratings are left out.
    """
    user_ids = night.versions(USERS).tonight().arrow(["user_id"])["user_id"].combine_chunks().sort()
    items = night.versions(ITEMS).tonight().arrow(["item_id", "category", "brand", "attributes"]).sort_by("item_id")
    item_ids = items["item_id"].combine_chunks()
    log = read_log(night, days, user_ids, item_ids, attribute_codes(items))
    return log, np.asarray(user_ids.to_pylist(), np.str_), np.asarray(item_ids.to_pylist(), np.str_)


def rows_in_files(night: Night, days: int) -> int:
    """The rows of the events of the last `days` days, tonight's included; also those without a user or an item."""
    paths = night.versions(CLEAN_EVENTS).since(night.date - dt.timedelta(days=days - 1)).paths()
    return sum(parquet_file(night.lake, path).metadata.num_rows for path in paths)


def refuse_too_many(night: Night, days: int, setting: str) -> None:
    """Raises DoesNotFit, with the numbers, where the events of the last `days` days would not fit into memory.

    setting: the one that the user should lower. All rows count, even those without a user or an item: to leave them
    out, the files would have to be read.
    """
    events = rows_in_files(night, days)
    need, free = events * _EVENT_BYTES, available_bytes()
    if need > free:
        raise DoesNotFit(
            f"{events:,} events of {days} days take {need / 2**30:.1f} GiB as arrays, {free / 2**30:.1f} GiB are "
            f"available; lower {setting} or run on a larger machine"
        )


def read_log(
    night: Night,
    days: int,
    user_ids: pa.Array,
    item_ids: pa.Array,
    attributes: dict[str, np.ndarray],
    whole_lines: bool = False,
) -> ShopLog:
    """What users did with items in the last `days` days, tonight's day included; codes are places in the ids.

    Times are in days since 1970 by the shop's calendar: a day begins at a whole number, see `ShopDays.clock`.
    whole_lines: `price` is the price of the whole order line (quantity times unit price), not of one unit.
    """
    parts = list(_events(night, days, user_ids, item_ids, whole_lines))
    user, item, kind, time, price = (np.concatenate([part[column] for part in parts]) for column in range(5))
    end = night_end(night.date)
    return ShopLog(
        user=user,
        item=item,
        kind=kind,
        time=np.minimum(
            time, np.nextafter(end, 0)
        ),  # where a clock runs minutes ahead, the event still belongs to today
        price=price,
        n_users=len(user_ids),
        n_items=len(item_ids),
        attributes=attributes,
    )


def _events(
    night: Night, days: int, user_ids: pa.Array, item_ids: pa.Array, whole_lines: bool
) -> Iterator[tuple[np.ndarray, ...]]:
    """(user, item, kind, time, price) file by file; the first part is empty, so that there is always one part."""
    kinds = pa.array(list(_KIND_OF))
    codes = np.array(list(_KIND_OF.values()), np.int8)
    usable = pc.field("event_type").isin(kinds) & pc.field("user_id").is_valid() & pc.field("item_id").is_valid()
    empty = np.zeros(0)
    yield (empty.astype(np.int32), empty.astype(np.int32), empty.astype(np.int8), empty, empty.astype(np.float32))
    first = night.date - dt.timedelta(days=days - 1)
    for path in night.versions(CLEAN_EVENTS).since(first).paths():
        columns = [*_COLUMNS, "quantity"] if whole_lines else _COLUMNS
        part = read_table(night.lake, path, columns, usable)
        if part.num_rows:
            user, item = _codes(part["user_id"], user_ids), _codes(part["item_id"], item_ids)
            is_known = (user >= 0) & (item >= 0)  # events may name items that the catalogue lacks
            kind = codes[pc.index_in(part["event_type"], kinds).to_numpy()]
            time = night.days.clock(part["event_time"].cast(pa.int64()).to_numpy()) / DAY
            price = part["price"].to_numpy().astype(np.float32)
            if whole_lines:
                price = price * part["quantity"].to_numpy().astype(np.float32)
            yield user[is_known], item[is_known], kind[is_known], time[is_known], price[is_known]


def _codes(values: pa.ChunkedArray, ids: pa.Array) -> np.ndarray:
    """(N,) the place of each value in `ids`, -1 where `ids` lacks it; each distinct value is looked up once."""
    encoded = values.combine_chunks().dictionary_encode()
    place = pc.index_in(encoded.dictionary, ids).fill_null(-1).to_numpy(zero_copy_only=False)
    return place[encoded.indices.to_numpy()].astype(np.int32)


def content_columns(items: pa.Table) -> dict[str, list[Any]]:
    """What the catalogue says of each item, as `models.cold_start.attribute_words` takes it: texts, category levels,
    brand, price, and the shop's own attributes (`own_` and the name).

    A value of an own attribute becomes a string; a list becomes a list of strings.
    """
    columns: dict[str, list[Any]] = {
        name: items[name].to_pylist()
        for name in ("title", "title_zh", "description", "description_zh", "brand", "price")
    }
    columns["category"] = [path.split(" > ") if path else None for path in items["category"].to_pylist()]
    attributes_of = read_attributes(items["attributes"].to_pylist())
    for name in sorted({name for item_attributes in attributes_of for name in item_attributes}):
        values = [item_attributes.get(name) for item_attributes in attributes_of]
        columns[f"own_{name}"] = [
            [str(element) for element in value] if isinstance(value, list) else None if value is None else str(value)
            for value in values
        ]
    return columns


def attribute_codes(items: pa.Table) -> dict[str, np.ndarray]:
    """Attribute -> code of each item's value (I,), -1 for no value.

    The attributes are category, department (the first level of the category), brand, and the shop's own. `items` has
    the columns category, brand, and attributes as JSON. Attributes that few items have are left out. The names of the
    shop's own attributes are made safe as names of files and features.
    """
    category = items["category"].to_pylist()
    values: dict[str, list[str | None]] = {
        "category": category,
        "department": [path.split(" > ")[0] if path else None for path in category],
        "brand": items["brand"].to_pylist(),
    }
    attributes_of = read_attributes(items["attributes"].to_pylist())
    count = Counter(
        name for item_attributes in attributes_of for name, value in item_attributes.items() if value not in (None, "")
    )
    common = sorted(count, key=lambda name: (-count[name], name))[:_MOST_ATTRIBUTES]
    for name in sorted(common):
        values[_own(name)] = [str(a[name]) if a.get(name) not in (None, "") else None for a in attributes_of]
    least = _LEAST_SHARE * len(items)
    coded = {}
    for name, column in values.items():
        if sum(value is not None for value in column) > least:
            encoded = pa.array(column, pa.string()).dictionary_encode()
            coded[name] = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return coded


def _own(name: str) -> str:
    """`own_` and the attribute's name. Characters other than letters, digits, _ and - become %hex; a long name is cut
    and ends in a hash."""
    spelled = re.sub(r"[^\w-]", lambda match: f"%{ord(match[0]):x}", name)
    if len(spelled.encode()) > 60:
        spelled = f"{spelled[:15]}%{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return f"own_{spelled}"
