"""What of a customer's text may be stored: personal data become words, order numbers become whose order it is."""

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

_MARGIN = 200  # characters that are read beside those that are kept


def masked(text: str, config: ServiceConfig) -> Masked:
    """The text without personal data, by the settings."""
    return mask(text, config.regions)


def beginning(text: str, most: int, config: ServiceConfig) -> Masked:
    """The first `most` characters of the masked text. More are read, and none that stands where the reading stops is
    kept: a number that is cut is no number that can be found."""
    hidden = masked(text[: most + _MARGIN], config)
    kept = hidden.text if len(text) <= most + _MARGIN else hidden.text[:-_MARGIN]
    return Masked(kept[:most], hidden.counts)


def order_numbers(text: str) -> list[str]:
    """Every word of the text that could be the number of an order: it has six digits or more. Also as the log may have
    it, where the text has small letters for capitals or the other way round."""
    found = _ORDER.findall(plain(text))
    return list(dict.fromkeys(form for word in found for form in (word, word.upper(), word.lower())))


def order_owners(night: Night, config: ServiceConfig, named: set[str]) -> dict[str, str]:
    """Order number -> account, for those of `named` that the log of the last `order_days` days has."""
    events = night.versions(CLEAN_EVENTS)
    paths = [*events.window(config.order_days).paths(), *events.tonight().paths()]
    if not paths:
        return {}
    known = pc.field("order_id").isin(sorted(named)) & pc.field("user_id").is_valid()
    found = dataset(night.lake, paths).to_table(["order_id", "user_id"], filter=known)
    return dict(zip(found["order_id"].to_pylist(), found["user_id"].to_pylist(), strict=True))


def without_orders(text: str, owners: Mapping[str, str], user: str | None) -> tuple[str, str | None]:
    """(the text with [order] in place of known order numbers, whose they are; 'other' if any is another's)."""
    text = plain(text)
    named = [number for number in order_numbers(text) if number in owners]
    if not named:
        return text, None
    for number in sorted(named, key=len, reverse=True):
        text = re.sub(re.escape(number), "[order]", text, flags=re.I)
    return text, "own" if user and all(owners[number] == user for number in named) else "other"
