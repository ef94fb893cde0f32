"""Digests of the sources of answers: an answer is valid as long as its source has the same digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest(*parts: str) -> str:
    """The digest of the parts, in their order: 16 hexadecimal digits."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def item_hash(item: Mapping[str, Any], attributes: Mapping[str, Any], column: str) -> str:
    """Digest of an item's value in a column of ITEMS, or in an attribute (`attributes.<name>`). A price is hashed with
    its currency."""
    value = attributes.get(column.removeprefix("attributes.")) if column.startswith("attributes.") else item[column]
    unit = item.get("currency") if column == "price" else None
    return digest(column, json.dumps([value, unit], ensure_ascii=False, sort_keys=True, default=str))
