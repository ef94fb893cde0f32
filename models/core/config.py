"""Settings of a model or job: a frozen dataclass, built from a mapping that names nothing the class does not have."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def build(cls: type[T], mapping: Mapping[str, Any], section: str = "") -> T:
    """An instance of the dataclass `cls` from `mapping`, as read from TOML or JSON; absent keys keep their defaults.

    Field types: int, float (an int will do), str, bool, tuple[X, ...] (a list will do), another settings class (a
    mapping) and unions with None.
    `section` names the place in messages; the class's name if empty. A range is the class's own to check, in
    `__post_init__`, by `ValueError("key must ...")`; the message is given the section here.
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


def _typed(value: Any, hint: Any, where: str) -> Any:
    """`value` as `hint` wants it. Raises ValueError naming `where`."""
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
                return tuple(_typed(each, inner, f"{where}[{at}]") for at, each in enumerate(value))
        elif dataclasses.is_dataclass(option) and isinstance(value, Mapping):
            return build(typing.cast(type, option), value, where)
        elif isinstance(value, option) and (option is bool or not isinstance(value, bool)):
            return value
    wanted = " or ".join(
        "None" if option is type(None) else getattr(option, "__name__", str(option)) for option in options
    )
    raise ValueError(f"{where} must be {wanted}, not {value!r}")


def refuse_another(saved: Any, asked: Any, folder: Any, remedy: str = "load it without a config, or fit again") -> None:
    """Raises ValueError naming the settings in which a model saved in `folder` differs from those asked, if any are."""
    if asked is None or asked == saved:
        return
    ours, theirs = dataclasses.asdict(asked), dataclasses.asdict(saved)
    differing = ", ".join(f"{name} {theirs[name]} (asked {ours[name]})" for name in ours if ours[name] != theirs[name])
    raise ValueError(f"{folder} was fitted with {differing}; {remedy}")
