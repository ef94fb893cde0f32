"""What may be stored of a customer's text: personal data masked, order numbers replaced; and whose orders they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow.compute as pc

from jobs.runtime.night import Night
from jobs.runtime.parquet_files import dataset
from jobs.service.config import ServiceConfig
from models.service.masking import Masked, mask, plain
from schemas.tables import CLEAN_EVENTS

_ORDER = re.compile(r"(?<![\w-])(?=(?:[\w-]*\d){6})[\w-]{6,40}(?![\w-])", re.ASCII)

_MARGIN = 200  # characters that are read after those that are kept


def masked(text: str, config: ServiceConfig) -> Masked:
    """The text without personal data, masked as the settings say."""
    return mask(text, config.regions)


def beginning(text: str, most: int, config: ServiceConfig) -> Masked:
    """The first `most` characters of the masked text. More characters are read, and the last ones are never kept: a
    number that is cut at the end of the reading would not be found."""
    hidden = masked(text[: most + _MARGIN], config)
    shown = hidden.text if len(text) <= most + _MARGIN else hidden.text[:-_MARGIN]
    return Masked(shown[:most], hidden.counts)


def order_numbers(text: str) -> list[str]:
    """Every word of the text that could be an order number, with six digits or more. Each word also in capitals and in
    small letters, since the log may have it so."""
    words = _ORDER.findall(plain(text))
    return list(dict.fromkeys(form for word in words for form in (word, word.upper(), word.lower())))


def order_owners(night: Night, config: ServiceConfig, numbers: set[str]) -> dict[str, str]:
    """Order number -> account, for those of `numbers` that are in the log of the last `order_days` days."""
    events = night.versions(CLEAN_EVENTS)
    paths = [*events.window(config.order_days).paths(), *events.tonight().paths()]
    if not paths:
        return {}
    condition = pc.field("order_id").isin(sorted(numbers)) & pc.field("user_id").is_valid()
    known_orders = dataset(night.lake, paths).to_table(["order_id", "user_id"], filter=condition)
    return dict(zip(known_orders["order_id"].to_pylist(), known_orders["user_id"].to_pylist(), strict=True))


def without_orders(text: str, owners: Mapping[str, str], user: str | None) -> tuple[str, str | None]:
    """(the text with [order] in place of known order numbers; None without any, 'own' if all are the user's, else
    'other')."""
    text = plain(text)
    known_numbers = [number for number in order_numbers(text) if number in owners]
    if not known_numbers:
        return text, None
    for number in sorted(known_numbers, key=len, reverse=True):
        text = re.sub(re.escape(number), "[order]", text, flags=re.I)
    return text, "own" if user and all(owners[number] == user for number in known_numbers) else "other"
