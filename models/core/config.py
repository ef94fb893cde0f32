"""Settings of a model or job: a frozen dataclass, built from a mapping that names nothing the class does not have."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def build(cls: type[T], mapping: Mapping[str, Any], section: str = "") -> T:
    """An instance of the dataclass `cls` from `mapping`, as read from TOML or JSON; absent keys keep their defaults.

    Field types: int, float (an int will do), str, bool, tuple[X, ...] (a list will do), another settings class (a
    mapping) and unions with None.
    `section` names the place in messages; the class's name if empty. The class checks its own ranges when it is made
    (`check_bounds`); its ValueError starts with the key, and the section is put before it here.
    Raises ValueError for an unknown or missing key, a value of another type, or one that `cls` refuses.
    """
    where = section or cls.__name__
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    for key in mapping:
        if key not in fields:
            raise ValueError(f"{where} has no {key!r}; it has {', '.join(sorted(fields))}")
    for key, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and key not in mapping:
            raise ValueError(f"{where} needs {key!r}")
    hints = typing.get_type_hints(cls)
    values = {key: _typed(value, hints[key], f"{where}.{key}") for key, value in mapping.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def check_bounds(config: Any) -> None:
    """Raises ValueError for the first field of `config` that is outside the bounds declared in its metadata.

    Bounds are numbers under `least` and `most` (allowed themselves), `above` and `below` (not allowed themselves):
    `field(default=64, metadata={"doc": "length of a vector", "least": 1})`. A field with a bound must be finite; None
    is not checked. The message names the field, its bounds, the value and the field's `doc`.
    A settings class calls this in its `__post_init__`.
    """
    for field in dataclasses.fields(config):
        value, bounds = getattr(config, field.name), field.metadata
        if value is None or not bounds.keys() & {"least", "above", "most", "below"}:
            continue
        inside = (
            math.isfinite(value)
            and bounds.get("least", value) <= value <= bounds.get("most", value)
            and ("above" not in bounds or value > bounds["above"])
            and ("below" not in bounds or value < bounds["below"])
        )
        if not inside:
            doc = f" ({bounds['doc']})" if "doc" in bounds else ""
            raise ValueError(f"{field.name} must be {_in_words(bounds, type(value))}, not {value}{doc}")


def _in_words(bounds: Mapping[str, Any], kind: type) -> str:
    """Bounds as a message gives them: '1 or more', 'in 0..1', 'above 0 and at most 1', 'above 0 and finite'."""
    if "least" in bounds and "most" in bounds:
        return f"in {bounds['least']}..{bounds['most']}"
    words = {"least": "{} or more", "above": "above {}", "most": "at most {}", "below": "below {}"}
    parts = [phrase.format(bounds[name]) for name, phrase in words.items() if name in bounds]
    if kind is float and len(parts) == 1:
        parts.append("finite")
    return " and ".join(parts)


def _typed(value: Any, hint: Any, where: str) -> Any:
    """`value` in the type that `hint` names. Raises ValueError naming `where`."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    for option in options:
        if option is type(None):
            if value is None:
                return None
        elif option is float:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        elif typing.get_origin(option) is tuple:
            if isinstance(value, list | tuple):
                inner = typing.get_args(option)[0]
                return tuple(_typed(element, inner, f"{where}[{index}]") for index, element in enumerate(value))
        elif dataclasses.is_dataclass(option) and isinstance(value, Mapping):
            return build(typing.cast(type, option), value, where)
        elif isinstance(value, option) and (option is bool or not isinstance(value, bool)):
            return value
    wanted = " or ".join(
        "None" if option is type(None) else getattr(option, "__name__", str(option)) for option in options
    )
    raise ValueError(f"{where} must be {wanted}, not {value!r}")


class OtherTraining(ValueError):
    """A checkpoint is of a training with other data or settings."""


def refuse_another(
    saved: Any, requested: Any, folder: Any, remedy: str = "load it without a config, or fit again"
) -> None:
    """Raises ValueError, naming the settings that differ, if those saved in `folder` are not those requested."""
    if requested is None or requested == saved:
        return
    wanted, present = dataclasses.asdict(requested), dataclasses.asdict(saved)
    differing = ", ".join(
        f"{name} {present[name]} (asked {wanted[name]})" for name in wanted if wanted[name] != present[name]
    )
    raise ValueError(f"{folder} was fitted with {differing}; {remedy}")
