"""Reads the files of customer service, languages/<language>.toml: README.md explains their keys. Stdlib only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from schemas.toml_files import load, refuse_unknown

_SHIPPED = Path(__file__).parent / "languages"
_KEYS = {"follow_up", "variant", "items", "account", "handover", "general", "policies"}
_TOPIC_KEYS = {"column", "attributes", "ask", "answer", "answer_not"}
_ACCOUNT_KEYS = {"ask", "answer"}
ACCOUNT_TOPICS = ("last_order", "coupon", "size_before", "for_you")


class ServiceWordingError(ValueError):
    """A file of customer service that cannot be used: what was seen, and where."""


@dataclass(frozen=True)
class Topic:
    """One question about an item or about the person's own account, and the template that answers it.

    column: a column of `items`; attributes: names that shops give to this attribute; answer_not: the answer if a
    true / false column is false. A topic of the account has neither column nor attributes.
    """

    name: str
    ask: tuple[str, ...]
    answer: str
    column: str = ""
    attributes: tuple[str, ...] = ()
    answer_not: str = ""


@dataclass(frozen=True)
class PolicyWords:
    """Words of a language's policies, from which contradictions between policies are found.

    filler: words that do not tell what a rule is about; kinds: kinds of deliveries, goods, customers and places; same:
    groups of words that mean the same; refuses: words that turn "allowed" into "refused".
    """

    filler: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    same: tuple[tuple[str, ...], ...] = ()
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceWording:
    """What one language says: topics of items and of accounts, words that need a person, and how turns follow."""

    language: str
    items: Mapping[str, Topic]
    account: Mapping[str, Topic]
    handover: Mapping[str, tuple[str, ...]]
    follow_up: tuple[str, ...]  # how a short text begins or ends if it goes on with the topic of the turn before
    variant: str  # answers "and in blue?" if the shop has the item so: {title}, {value} and {price}
    general: Mapping[str, tuple[str, ...]]  # topic of policies -> how people ask about it and what headings say
    policies: PolicyWords = PolicyWords()

    @property
    def topics(self) -> Mapping[str, Topic]:
        return {**self.items, **self.account}


def service_languages() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


@cache
def service_wording(language: str) -> ServiceWording:
    """The file of a language. Raises ServiceWordingError, or FileNotFoundError where there is none."""
    path = _SHIPPED / f"{language}.toml"
    if not path.is_file():
        raise FileNotFoundError(
            f"customer service has no language '{language}'; it has {', '.join(service_languages())}"
        )
    return load(path, lambda raw, _: parse_wording(language, raw), ServiceWordingError)


def parse_wording(language: str, raw: dict[str, Any]) -> ServiceWording:
    """The wording of a parsed file. Raises ServiceWordingError for the first mistake."""
    refuse_unknown(language, raw, _KEYS, ServiceWordingError)
    items = {name: _topic(name, table, _TOPIC_KEYS) for name, table in raw.get("items", {}).items()}
    account = {name: _topic(name, table, _ACCOUNT_KEYS) for name, table in raw.get("account", {}).items()}
    refuse_unknown("[account]", account, ACCOUNT_TOPICS, ServiceWordingError)
    for topic in items.values():
        if bool(topic.column) == bool(topic.attributes):
            raise ServiceWordingError(f"[items.{topic.name}] needs either `column` or `attributes`")
    return ServiceWording(
        language=language,
        items=MappingProxyType(items),
        account=MappingProxyType(account),
        handover=MappingProxyType({name: tuple(words) for name, words in raw.get("handover", {}).items()}),
        follow_up=tuple(raw.get("follow_up", ())),
        variant=raw.get("variant", ""),
        general=MappingProxyType({name: tuple(words) for name, words in raw.get("general", {}).items()}),
        policies=_policy_words(raw.get("policies", {})),
    )


def _policy_words(raw: dict[str, Any]) -> PolicyWords:
    refuse_unknown("[policies]", raw, {"filler", "kinds", "same", "refuses"}, ServiceWordingError)
    same = tuple(tuple(group) for group in raw.get("same", ()))
    return PolicyWords(same=same, **{key: tuple(words) for key, words in raw.items() if key != "same"})


def _topic(name: str, raw: dict[str, Any], known: set[str]) -> Topic:
    refuse_unknown(f"[{name}]", raw, known, ServiceWordingError)
    for key in ("answer", "answer_not"):
        outside = re.sub(r"\{[a-z_]+\}", "", raw.get(key, ""))
        if any(c.isdigit() or c in "{}" for c in outside):
            raise ServiceWordingError(f"[{name}] {key} has a figure of its own: {outside!r}; figures come from tables")
    return Topic(
        name=name,
        ask=tuple(raw.get("ask", ())),
        answer=raw.get("answer", ""),
        column=raw.get("column", ""),
        attributes=tuple(raw.get("attributes", ())),
        answer_not=raw.get("answer_not", ""),
    )
