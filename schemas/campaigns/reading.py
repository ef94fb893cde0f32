"""Reads a campaign file (TOML) into Campaigns, and refuses by name what it cannot read. Stdlib only.

A key's type, bounds and meaning are declared in `schemas.campaigns.campaign`, and `schemas.campaigns.declared_keys`
reads it. What keys mean together is checked in `schemas.campaigns.checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from schemas.campaigns.campaign import (
    BIRTH_FACT,
    ITEM_KINDS,
    PAIR_FACTS,
    USER_FACTS,
    Budget,
    Campaign,
    CampaignError,
    Campaigns,
    Condition,
    Example,
)
from schemas.campaigns.checks import check_campaigns
from schemas.campaigns.declared_keys import declared_keys, declared_values, number
from schemas.protected_attributes import protected_kind
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.propensities import PROPENSITIES
from schemas.toml_files import find, load, refuse_unknown, shipped

SHIPPED = Path(__file__).parent
NO_CAMPAIGNS = "none"
_FACT_TYPES = {**USER_FACTS, **PAIR_FACTS, BIRTH_FACT: "bool"}


def shipped_campaigns() -> list[str]:
    """The names of the campaign files that come with the project."""
    return shipped(SHIPPED)


def load_campaigns(name_or_path: str) -> Campaigns:
    """Read campaigns: shipped ones by name, or a TOML file by path. Raises CampaignError or FileNotFoundError."""
    instead = f"; offers.campaigns = '{NO_CAMPAIGNS}' makes no offers"
    return load(find("campaigns", SHIPPED, name_or_path, instead), parse_campaigns, CampaignError)


def parse_campaigns(raw: Mapping[str, Any], path: str = "") -> Campaigns:
    """Campaigns from the content of a TOML file. Raises CampaignError for the first mistake in the file."""
    _refuse_unknown("the file", raw, ("name", "doc", "currency", "budget", "campaign"))
    currency = raw.get("currency")
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency):
        raise CampaignError(f"currency is {currency!r}; write it as ISO 4217 does, such as 'EUR'")
    listed = raw.get("campaign", [])
    if not isinstance(listed, list) or not listed:
        raise CampaignError("there is no [[campaign]]; a file without one offers nothing")
    campaigns = Campaigns(
        name=str(raw.get("name", "")),
        currency=currency,
        budgets=tuple(_budget(line, table) for line, table in _table("budget", raw.get("budget", {})).items()),
        campaigns=tuple(_campaign(table) for table in listed),
        doc=str(raw.get("doc", "")).strip(),
        path=path,
    )
    check_campaigns(campaigns)
    return campaigns


def _budget(line: str, raw: Any) -> Budget:
    where = f"[budget.{line}]"
    raw = _table(where, raw)
    _refuse_unknown(where, raw, declared_keys(Budget))
    if "amount" in raw:
        raw = {"at_most": raw["amount"], **raw}
    return Budget(line, **declared_values(where, Budget, raw))


def _campaign(raw: Any) -> Campaign:
    raw = _table("[[campaign]]", raw)
    name = raw.get("id")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9_]+", name):
        raise CampaignError(f"a campaign's id is {name!r}; it must be lower-case letters, digits and _")
    where = f"campaign {name}"
    for key in raw:
        _refuse_protected(where, key)
    _refuse_unknown(where, raw, (*declared_keys(Campaign), "who", "example"))
    values = declared_values(where, Campaign, raw)
    of_items = values["kind"] in ITEM_KINDS
    values.setdefault("on", "item" if of_items else "everything")
    conditions = _table(f"{where} who", raw.get("who", {}))
    return Campaign(
        **values,
        who=tuple(_condition(where, fact, value, of_items) for fact, value in conditions.items()),
        examples=tuple(_example(where, example, of_items) for example in raw.get("example", [])),
    )


def _condition(where: str, fact: str, raw: Any, of_items: bool) -> Condition:
    """A value or a list of them, or { min, max } for a number."""
    _refuse_protected(where, fact)
    _refuse_unknown(f"{where} who", [fact], _usable_facts(of_items))
    where = f"{where} who.{fact}"
    if not isinstance(raw, dict):
        values = tuple(raw) if isinstance(raw, list) else (raw,)
        if not values:
            raise CampaignError(f"{where} is an empty list: nobody would get the offer")
        return Condition(fact, tuple(_fact_value(where, fact, value) for value in values))
    _refuse_unknown(where, raw, ("min", "max"))
    if not raw:
        raise CampaignError(f"{where} is empty; give min, max or both")
    if _FACT_TYPES[fact] in ("string", "bool"):
        raise CampaignError(f"{where} is {raw!r}; a {_FACT_TYPES[fact]} takes a value or a list of them")
    least, most = (number(f"{where}.{end}", raw[end]) if end in raw else None for end in ("min", "max"))
    if least is not None and most is not None and least > most:
        raise CampaignError(f"{where}: min {least:g} is above max {most:g}: nobody would get the offer")
    return Condition(fact, least=least, most=most)


def _example(where: str, raw: Any, of_items: bool) -> Example:
    raw = _table(f"{where} example", raw)
    _refuse_unknown(f"{where} example", raw, ("that", "facts", "gets"))
    that, gets = raw.get("that"), raw.get("gets")
    if not isinstance(that, str) or not isinstance(gets, bool):
        raise CampaignError(f"{where}: an example needs that = 'a lapsed gold member gets it' and gets = true or false")
    facts = _table(f"{where} example facts", raw.get("facts", {}))
    for fact in facts:
        _refuse_protected(where, fact)
    _refuse_unknown(f"{where} example facts", facts, {BIRTH_FACT, *_usable_facts(of_items)})
    return Example(that, {fact: _fact_value(f"{where} example {fact}", fact, v) for fact, v in facts.items()}, gets)


def _usable_facts(of_items: bool) -> set[str]:
    return {*USER_FACTS, *(PAIR_FACTS if of_items else ())}


def _fact_value(where: str, fact: str, raw: Any) -> Any:
    wanted = {"string": str, "bool": bool}.get(_FACT_TYPES[fact], (int, float))
    if not isinstance(raw, wanted) or (isinstance(raw, bool) and wanted is not bool):
        raise CampaignError(f"{where} must be a {_FACT_TYPES[fact]}, not {raw!r}")
    allowed = next((c.one_of for t in (USER_PROFILES, PROPENSITIES) for c in t.columns if c.name == fact), ())
    if allowed and raw not in allowed:
        raise CampaignError(f"{where} is {raw!r}; it may be {', '.join(allowed)}")
    return raw


def _refuse_protected(where: str, name: str) -> None:
    kind = protected_kind(name)
    if kind and name != BIRTH_FACT:
        raise CampaignError(
            f"{where} uses '{name}': that is {kind}, a protected attribute, and no price or discount may depend on "
            f"one; take it out; conditions may use {', '.join(USER_FACTS)}"
        )


def _refuse_unknown(where: str, keys: Iterable[str], known: Iterable[str]) -> None:
    refuse_unknown(where, keys, known, CampaignError)


def _table(where: str, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise CampaignError(f"{where} must be a table, saw {raw!r}")
    return raw
