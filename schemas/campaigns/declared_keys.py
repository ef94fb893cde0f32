"""Reads the keys of a TOML table as a dataclass declares them: types, bounds and allowed values. Stdlib only.

A field with a "doc" in its metadata is a key; see `schemas.campaigns.campaign`.
"""

from __future__ import annotations

import datetime as dt
import operator
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from schemas.campaigns.campaign import CampaignError


def declared_keys(cls: type) -> dict[str, Field[Any]]:
    """The keys that a file may give for `cls`, with their declarations."""
    return {key.name: key for key in fields(cls) if "doc" in key.metadata}


def declared_values(where: str, cls: type, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the declared keys that `raw` has, checked. CampaignError for a required key that it lacks."""
    annotations = typing.get_type_hints(cls)
    values = {}
    for key, declared in declared_keys(cls).items():
        if key in raw:
            values[key] = _value(f"{where} {key}", annotations[key], declared.metadata, raw[key])
        elif declared.default is MISSING:
            raise CampaignError(f"{where} has no '{key}' ({declared.metadata['doc']})")
    return values


def _value(where: str, annotation: Any, declared: Mapping[str, Any], raw: Any) -> Any:
    """`raw` as the annotated type, checked against the declared bounds and values."""
    if isinstance(annotation, types.UnionType):
        annotation = typing.get_args(annotation)[0]  # the second type is None: the key may be left out
    value = _READERS[annotation](where, raw)
    if "one_of" in declared and value not in declared["one_of"]:
        raise CampaignError(f"{where} is {value!r}; it may be {', '.join(declared['one_of'])}")
    for bound, (holds, words) in _BOUNDS.items():
        if bound in declared and not holds(value, declared[bound]):
            must_be = words.format(declared[bound])
            raise CampaignError(f"{where} must be {must_be}, not {value:g} ({declared['doc']})")
    return value


def number(where: str, raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw:
        raise CampaignError(f"{where} must be a number, not {raw!r}")
    return float(raw)


def _whole(where: str, raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise CampaignError(f"{where} must be a whole number, not {raw!r}")
    return raw


def _flag(where: str, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise CampaignError(f"{where} must be true or false, not {raw!r}")
    return raw


def _text(where: str, raw: Any) -> str:
    if not isinstance(raw, str):
        raise CampaignError(f"{where} must be a text, not {raw!r}")
    return raw


def _texts(where: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(value, str) and value for value in raw):
        raise CampaignError(f"{where} must be a list of texts, saw {raw!r}")
    return tuple(raw)


def _date(where: str, raw: Any) -> dt.date:
    if not isinstance(raw, dt.date) or isinstance(raw, dt.datetime):
        raise CampaignError(f"{where} must be a date, written 2026-01-31 without quotes, not {raw!r}")
    return raw


_BOUNDS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "least": (operator.ge, "{:g} or more"),
    "above": (operator.gt, "above {:g}"),
    "most": (operator.le, "{:g} or less"),
    "below": (operator.lt, "below {:g}"),
}
_READERS: dict[Any, Callable[[str, Any], Any]] = {
    float: number,
    int: _whole,
    bool: _flag,
    str: _text,
    tuple[str, ...]: _texts,
    dt.date: _date,
}
