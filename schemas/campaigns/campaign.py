"""Campaigns: who is offered what, and which budget pays, from one TOML file. Stdlib only.

Every mistake that the file alone shows is refused here by name: an unknown key, a protected attribute among the
conditions, terms that contradict each other or another campaign, a budget that does not pay one coupon, an example that
the campaign's own conditions do not bear out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import combinations
from pathlib import Path
from typing import Any

from schemas.protected_attributes import protected_kind
from schemas.tables.offers import OFFER_KINDS
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.propensities import PROPENSITIES
from schemas.toml_files import find, parse, read, refuse_unknown, shipped

SHIPPED = Path(__file__).parent
NO_CAMPAIGNS = "none"
ON = ("item", "recommended", "top_category", "everything")
WITHOUT_DATA = ("offer", "refuse")

# What a condition may ask about an account ...
USER_FACTS = {
    column.name: column.type
    for column in (*USER_PROFILES.columns, *PROPENSITIES.columns)
    if column.name not in ("user_id", "method") and not protected_kind(column.name)
}
# ... and about an account and an item. A cart or wish that a purchase of the item followed is none.
PAIR_FACTS = {
    "view_days": "int32",  # days since it was last viewed, within the campaign's `within_days`
    "views": "int64",  # how often, within the longest `within_days` of the file's retargeting campaigns
    "cart_days": "int32",
    "wish_days": "int32",
    "bought_days": "int32",  # days since the account last bought it; unknown: never
    "price_drop": "float64",  # share by which it is cheaper than when it was wished
    "is_replenishable": "bool",
}
_BIRTH = "is_birth_month"  # of the birthday offer alone, never a condition of others
_TYPES = {**USER_FACTS, **PAIR_FACTS, _BIRTH: "bool"}
ITEM_KINDS = ("retargeting", "abandoned_cart", "replenishment", "price_drop")


class CampaignError(ValueError):
    """Campaigns that cannot be used: what was seen, in which campaign, and what there is instead."""


@dataclass(frozen=True)
class Condition:
    """One fact's allowed values: some of a list, or a range, inclusive; known = False: it must be unknown.

    An unknown fact meets no other condition. `holds` and `sql` say the same of any facts; a test compares them.
    """

    fact: str
    one_of: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    known: bool = True

    def holds(self, facts: Mapping[str, Any]) -> bool:
        value = facts.get(self.fact)
        if value is None or not self.known:
            return value is None and not self.known
        if self.one_of and value not in self.one_of:
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def sql(self) -> str:
        if not self.known:
            return f"{self.fact} is null"
        parts = [f"{self.fact} is not null"]
        if self.one_of:
            parts.append(f"{self.fact} in ({', '.join(map(_literal, self.one_of))})")
        parts += [f"{self.fact} >= {self.least!r}"] if self.least is not None else []
        parts += [f"{self.fact} <= {self.most!r}"] if self.most is not None else []
        return " and ".join(parts)

    def meets(self, other: Condition) -> bool:
        """Whether some value suits both."""
        if self.known != other.known:
            return False
        if self.one_of or other.one_of:
            narrow, wide = (self, other) if self.one_of else (other, self)
            return any(wide.holds({wide.fact: value}) and narrow.holds({narrow.fact: value}) for value in narrow.one_of)
        least = max((c.least for c in (self, other) if c.least is not None), default=float("-inf"))
        return least <= min((c.most for c in (self, other) if c.most is not None), default=float("inf"))


@dataclass(frozen=True)
class Example:
    """`that`, in words; facts of somebody; whether they get the offer. Facts that are not named are unknown."""

    that: str
    facts: Mapping[str, Any]
    gets: bool


@dataclass(frozen=True)
class Budget:
    """What a line pays in any `days` days in a row, in the file's currency.

    The sum of expected costs stays within `amount`, and the sum of what all offers would cost if everyone took theirs
    to the full within `at_most`, which is `amount` unless the file says more. learns: each campaign that takes
    money off has a share of both, which the nights move: none below `least_share`, by `most_change` a night at most.
    """

    line: str
    amount: float
    days: int
    at_most: float
    learns: bool = False
    least_share: float = 0.1
    most_change: float = 0.05


@dataclass(frozen=True)
class Campaign:
    """One offer: its terms, its conditions and its examples. Shares are of 1, money is in the file's currency."""

    id: str
    kind: str
    budget: str
    doc: str = ""
    on: str = "everything"  # what it is for: the item that made the occasion, the first recommended one, ...
    discount_share: float | None = None  # without either discount it is a reminder, which costs nothing
    discount_amount: float | None = None
    max_discount: float | None = None  # the most that a share may come to; needed with one
    minimum_spend: float = 0.0
    valid_days: int = 7
    again_after_days: int = 28  # the same offer to the same account not sooner
    within_days: int = 7  # an occasion (a view, a cart, a wish, a purchase) is at most this old
    after_days: int = 0  # and at least this old
    least_views: int = 2
    least_drop: float = 0.05
    only_categories: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()  # campaigns whose offers nobody has beside this one
    margin_floor: float = 0.0  # of what is paid; the setting offers.margin_floor holds too
    assumed_lift: float | None = None  # share by which it raises the chance to buy, until the hold-out shows it
    without_data: str = "offer"  # where its value is not known: offered last of all, or not at all
    starts_on: dt.date = dt.date.min
    ends_on: dt.date = dt.date.max
    who: tuple[Condition, ...] = ()
    examples: tuple[Example, ...] = field(default=(), compare=False)

    @property
    def is_of_items(self) -> bool:
        return self.kind in ITEM_KINDS

    @property
    def coupon(self) -> float:
        """The most that one of these offers can cost."""
        if self.discount_amount is not None:
            return self.discount_amount
        return self.max_discount or 0.0 if self.discount_share is not None else 0.0

    @property
    def terms(self) -> tuple[Any, ...]:
        return self.on, self.discount_share, self.discount_amount, self.max_discount, self.minimum_spend

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those of the kind, then those of the file."""
        return (*self._occasion(), *self.who)

    def _occasion(self) -> tuple[Condition, ...]:
        def aged(fact: str) -> Condition:
            return Condition(fact, least=float(self.after_days), most=float(self.within_days))

        return {
            "win_back": (Condition("stage", ("lapsed",)),),
            "first_purchase": (Condition("frequency", most=0.0),),
            "member_exclusive": (Condition("member_level"),),
            "birthday": (Condition(_BIRTH, (True,)),),
            "retargeting": (aged("view_days"), Condition("views", least=float(self.least_views)),
                            Condition("bought_days", known=False), Condition("cart_days", known=False)),
            "abandoned_cart": (aged("cart_days"),),
            "replenishment": (aged("bought_days"), Condition("is_replenishable", (True,))),
            "price_drop": (aged("wish_days"), Condition("price_drop", least=self.least_drop)),
        }[self.kind]  # fmt: skip

    def gets(self, facts: Mapping[str, Any]) -> bool:
        return all(condition.holds(facts) for condition in self.conditions)

    @property
    def sql(self) -> str:
        """The conditions as Spark SQL over columns named like the facts."""
        return " and ".join(f"({condition.sql})" for condition in self.conditions)

    def in_scope(self, category: str | None) -> bool:
        """Whether an item of this category may be offered."""
        if self.only_categories and not any(_below(category, c) for c in self.only_categories):
            return False
        return not any(_below(category, c) for c in self.not_categories)

    def runs_on(self, day: dt.date) -> bool:
        return self.starts_on <= day <= self.ends_on


@dataclass(frozen=True)
class Campaigns:
    """One file: its currency, its budget lines, its campaigns in order."""

    name: str
    currency: str
    budgets: tuple[Budget, ...]
    campaigns: tuple[Campaign, ...]
    doc: str = ""
    path: str = field(default="", compare=False)

    @property
    def memory_days(self) -> int:
        """How many nights of earlier offers its rules look back on."""
        return max([c.again_after_days for c in self.campaigns] + [b.days for b in self.budgets], default=0)

    def competing(self, budget: Budget) -> tuple[Campaign, ...]:
        """The campaigns that have a share of a line that learns; a reminder costs nothing and needs none."""
        return tuple(c for c in self.campaigns if budget.learns and c.budget == budget.line and c.coupon > 0)


def shipped_campaigns() -> list[str]:
    return shipped(SHIPPED)


def load_campaigns(name_or_path: str) -> Campaigns:
    """Read campaigns: shipped ones by name, or a TOML file by path. Raises CampaignError or FileNotFoundError."""
    otherwise = f"; offers.campaigns = '{NO_CAMPAIGNS}' makes no offers"
    path = find("campaigns", SHIPPED, name_or_path, otherwise)
    raw = parse(read(path, CampaignError), path, CampaignError)
    try:
        return parse_campaigns(raw, str(path))
    except CampaignError as error:
        raise CampaignError(f"{path}: {error}") from None


def parse_campaigns(raw: Mapping[str, Any], path: str = "") -> Campaigns:
    _refuse_unknown("the file", raw, {"name", "doc", "currency", "budget", "campaign"})
    currency = raw.get("currency")
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency):
        raise CampaignError(f"currency is {currency!r}; write it as ISO 4217 has it, such as 'EUR'")
    budgets = tuple(_budget(line, each) for line, each in _table("budget", raw.get("budget", {})).items())
    listed = raw.get("campaign", [])
    if not isinstance(listed, list) or not listed:
        raise CampaignError("there is no [[campaign]]; a file without one offers nothing")
    made = Campaigns(str(raw.get("name", "")), currency, budgets, tuple(_campaign(each) for each in listed),
                     str(raw.get("doc", "")).strip(), path)  # fmt: skip
    for campaign in made.campaigns:
        _check_budget(campaign, budgets)
    _check_together(made.campaigns)
    for budget in budgets:
        _check_shares(budget, made.competing(budget))
    return made


def _budget(line: str, raw: Any) -> Budget:
    where = f"[budget.{line}]"
    raw = _table(where, raw)
    _refuse_unknown(where, raw, {f.name for f in fields(Budget)} - {"line"})
    amount = _number(where, "amount", raw.get("amount"), least=0.0)
    at_most = _number(where, "at_most", raw.get("at_most", amount), least=0.0)
    if at_most < amount:
        raise CampaignError(f"{where} at_most {at_most:g} is below amount {amount:g}: costs never exceed what all cost")
    learns = raw.get("learns", False)
    if not isinstance(learns, bool):
        raise CampaignError(f"{where} learns must be true or false, not {learns!r}")
    bounds = {k: _number(where, k, raw[k], least=0.0) for k in ("least_share", "most_change") if k in raw}
    made = Budget(line, amount, _whole(where, "days", raw.get("days", 28), 1), at_most, learns, **bounds)
    if not (0 < made.least_share <= 1 and made.most_change <= 1):
        raise CampaignError(f"{where} least_share must be above 0 and up to 1, most_change up to 1: saw "
                            f"{made.least_share:g}, {made.most_change:g}")  # fmt: skip
    return made


_NUMBERS = {"discount_share": 0.0, "discount_amount": 0.0, "max_discount": 0.0, "minimum_spend": 0.0,
            "margin_floor": 0.0, "assumed_lift": 0.0, "least_drop": 0.0}  # fmt: skip
_WHOLES = {"valid_days": 1, "again_after_days": 0, "within_days": 0, "after_days": 0, "least_views": 1}
_LISTS = ("only_categories", "not_categories", "excludes")
_DATES = ("starts_on", "ends_on")


def _campaign(raw: Any) -> Campaign:
    raw = _table("[[campaign]]", raw)
    name = raw.get("id")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9_]+", name):
        raise CampaignError(f"a campaign's id is {name!r}; it must be lower-case letters, digits and _")
    where = f"campaign {name}"
    for key in raw:
        _refuse_protected(where, key)
    _refuse_unknown(where, raw, {f.name for f in fields(Campaign)} - {"examples"} | {"example"})
    values: dict[str, Any] = {k: raw[k] for k in ("id", "kind", "budget", "doc", "on", "without_data") if k in raw}
    values |= {k: _number(where, k, raw[k], least) for k, least in _NUMBERS.items() if k in raw}
    values |= {k: _whole(where, k, raw[k], least) for k, least in _WHOLES.items() if k in raw}
    values |= {k: _texts(where, k, raw[k]) for k in _LISTS if k in raw}
    values |= {k: _date(where, k, raw[k]) for k in _DATES if k in raw}
    for key in ("kind", "budget"):
        if key not in raw:
            raise CampaignError(f"{where} has no '{key}'")
    for key, there in (("kind", OFFER_KINDS), ("on", ON), ("without_data", WITHOUT_DATA)):
        if key in raw and raw[key] not in there:
            raise CampaignError(f"{where} {key} is {raw[key]!r}; there are {', '.join(there)}")
    of_items = raw["kind"] in ITEM_KINDS
    values.setdefault("on", "item" if of_items else "everything")
    who = tuple(_condition(where, k, v, of_items) for k, v in _table(f"{where} who", raw.get("who", {})).items())
    examples = tuple(_example(where, each, of_items) for each in raw.get("example", []))
    made = Campaign(**values, who=who, examples=examples)
    _check_terms(where, made)
    _check_conditions(where, made)
    _check_examples(where, made)
    return made


def _condition(where: str, fact: str, raw: Any, of_items: bool) -> Condition:
    _refuse_protected(where, fact)
    _refuse_unknown(f"{where} who", [fact], set(USER_FACTS) | (set(PAIR_FACTS) if of_items else set()))
    if not isinstance(raw, dict):
        values = tuple(raw) if isinstance(raw, list) else (raw,)
        if not values:
            raise CampaignError(f"{where} who.{fact} is an empty list: nobody would get it")
        return Condition(fact, tuple(_value(f"{where} who.{fact}", fact, value) for value in values))
    _refuse_unknown(f"{where} who.{fact}", raw, {"min", "max"})
    if _TYPES[fact] in ("string", "bool") or not raw:
        raise CampaignError(f"{where} who.{fact} is {raw!r}; a {_TYPES[fact]} takes a value or a list of them"
                            if raw else f"{where} who.{fact} is empty; give min, max or both")  # fmt: skip
    low, high = (None if raw.get(k) is None else _number(where, f"who.{fact}.{k}", raw[k]) for k in ("min", "max"))
    if low is not None and high is not None and low > high:
        raise CampaignError(f"{where} who.{fact}: min {low:g} is above max {high:g}: nobody would get it")
    return Condition(fact, least=low, most=high)


def _example(where: str, raw: Any, of_items: bool) -> Example:
    raw = _table(f"{where} example", raw)
    _refuse_unknown(f"{where} example", raw, {"that", "facts", "gets"})
    that, gets = raw.get("that"), raw.get("gets")
    if not isinstance(that, str) or not isinstance(gets, bool):
        raise CampaignError(f"{where}: an example needs that = 'a lapsed gold member gets it' and gets = true or false")
    facts = _table(f"{where} example facts", raw.get("facts", {}))
    for fact in facts:
        _refuse_protected(where, fact)
    _refuse_unknown(f"{where} example facts", facts, {_BIRTH, *USER_FACTS, *(PAIR_FACTS if of_items else ())})
    return Example(that, {fact: _value(f"{where} example {fact}", fact, v) for fact, v in facts.items()}, gets)


def _check_terms(where: str, made: Campaign) -> None:
    share, amount, most = made.discount_share, made.discount_amount, made.max_discount
    if share is not None and amount is not None:
        raise CampaignError(f"{where} has discount_share {share:g} and discount_amount {amount:g}; keep one")
    if share is not None and not (0 < share < 1 and most):
        raise CampaignError(f"{where} discount_share {share:g} must lie inside 0..1, and max_discount above 0 say how "
                            f"much it may come to, not {most}")  # fmt: skip
    if share is None and most is not None:
        raise CampaignError(f"{where} has max_discount {most:g} without discount_share")
    if amount is not None and not made.minimum_spend > amount > 0:
        raise CampaignError(f"{where} takes {amount:g} off an order of at least {made.minimum_spend:g}; an amount must "
                            f"be above 0 and below minimum_spend")  # fmt: skip
    if made.margin_floor >= 1:
        raise CampaignError(f"{where} margin_floor {made.margin_floor:g} must be below 1, a share of what is paid")
    if made.starts_on > made.ends_on:
        raise CampaignError(f"{where} starts on {made.starts_on} and ends on {made.ends_on}, before it")
    if made.after_days > made.within_days:
        raise CampaignError(f"{where} after_days {made.after_days} is above within_days {made.within_days}")
    if (made.on == "item") != made.is_of_items:
        items = ", ".join(ITEM_KINDS)
        raise CampaignError(f"{where} is a {made.kind} on {made.on!r}; on = 'item' belongs to {items}, and they to it")
    if made.on == "everything" and (made.only_categories or made.not_categories):
        raise CampaignError(f"{where} is on everything, yet names categories; on = 'top_category' or 'recommended'")
    for only in made.only_categories:
        if not made.in_scope(only):
            raise CampaignError(f"{where} has '{only}' in only_categories, and not_categories takes all of it away")


def _check_conditions(where: str, made: Campaign) -> None:
    for one, other in combinations(made.conditions, 2):
        if one.fact == other.fact and not one.meets(other):
            raise CampaignError(
                f"{where} contradicts itself: {one.sql} by its kind ({made.kind}), {other.sql} by [who]"
            )


def _check_examples(where: str, made: Campaign) -> None:
    if {example.gets for example in made.examples} != {True, False}:
        raise CampaignError(f"{where} needs two [[campaign.example]] at least: somebody who gets it (gets = true), "
                            f"somebody who does not")  # fmt: skip
    for example in made.examples:
        if made.gets(example.facts) != example.gets:
            failed = [c.sql for c in made.conditions if not c.holds(example.facts)]
            why = f"it fails {'; '.join(failed)}" if failed else "it meets every condition"
            raise CampaignError(f"{where}: '{example.that}' (gets = {str(example.gets).lower()}) is not so: {why}")


def _check_budget(campaign: Campaign, budgets: tuple[Budget, ...]) -> None:
    found = [budget for budget in budgets if budget.line == campaign.budget]
    if not found:
        lines = ", ".join(b.line for b in budgets) or "none"
        raise CampaignError(f"campaign {campaign.id} is paid by '{campaign.budget}'; budget lines are {lines}")
    if found[0].amount < campaign.coupon:
        raise CampaignError(
            f"campaign {campaign.id}: one coupon may cost {campaign.coupon:g}, its budget line {campaign.budget} has "
            f"{found[0].amount:g}; raise the line or lower the coupon"
        )


def _check_shares(budget: Budget, competing: tuple[Campaign, ...]) -> None:
    if not budget.learns:
        return
    where = f"[budget.{budget.line}]"
    if len(competing) < 2:
        raise CampaignError(f"{where} learns, but {len(competing)} of its campaigns take money off; two must compete")
    if budget.least_share * len(competing) > 1:
        raise CampaignError(f"{where} least_share {budget.least_share:g} leaves no room for {len(competing)} campaigns")
    dearest = max(competing, key=lambda c: c.coupon)
    if budget.amount * budget.least_share < dearest.coupon:
        raise CampaignError(
            f"{where} least_share {budget.least_share:g} of {budget.amount:g} does not pay one coupon of campaign "
            f"{dearest.id}, {dearest.coupon:g}: it could never win its share back; raise either"
        )


def _check_together(campaigns: tuple[Campaign, ...]) -> None:
    ids = [campaign.id for campaign in campaigns]
    for campaign in campaigns:
        if ids.count(campaign.id) > 1:
            raise CampaignError(f"campaign {campaign.id} is there {ids.count(campaign.id)} times")
        for rival in campaign.excludes:
            if rival not in ids or rival == campaign.id:
                raise CampaignError(f"campaign {campaign.id} excludes '{rival}'; there are, beside it, "
                                    f"{', '.join(i for i in ids if i != campaign.id)}")  # fmt: skip
    for one, other in combinations(campaigns, 2):
        if one.id in other.excludes and other.id in one.excludes:
            raise CampaignError(f"campaigns {one.id} and {other.id} exclude each other twice; it holds both ways, "
                                f"say it in one of them")  # fmt: skip
        if one.kind == other.kind and one.terms != other.terms and _overlap(one, other):
            raise CampaignError(
                f"campaigns {one.id} and {other.id} contradict each other: both are {one.kind} offers, on other terms, "
                f"and an account can meet the conditions of both; tell them apart in [campaign.who], or let one "
                f"exclude the other"
            )


def _overlap(one: Campaign, other: Campaign) -> bool:
    """Whether one account can meet both on one day."""
    if one.id in other.excludes or other.id in one.excludes:
        return False
    if one.starts_on > other.ends_on or other.starts_on > one.ends_on:
        return False
    return all(a.meets(b) for a in one.conditions for b in other.conditions if a.fact == b.fact)


def _refuse_protected(where: str, name: str) -> None:
    kind = protected_kind(name)
    if kind and name != _BIRTH:
        raise CampaignError(
            f"{where} uses '{name}': that is {kind}, a protected attribute, and no price or discount may depend on "
            f"one; take it out, conditions may use {', '.join(USER_FACTS)}"
        )


def _refuse_unknown(where: str, raw: Any, known: set[str]) -> None:
    refuse_unknown(where, raw, known, CampaignError)


def _table(where: str, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise CampaignError(f"{where} must be a table, saw {raw!r}")
    return raw


def _number(where: str, key: str, raw: Any, least: float | None = None) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw:
        raise CampaignError(f"{where} {key} must be a number, not {raw!r}")
    if least is not None and raw < least:
        loss = ": it would sell at a loss" if key == "margin_floor" else ""
        raise CampaignError(f"{where} {key} must be {least:g} or more, not {raw:g}{loss}")
    return float(raw)


def _whole(where: str, key: str, raw: Any, least: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < least:
        raise CampaignError(f"{where} {key} must be a whole number of {least} or more, not {raw!r}")
    return raw


def _texts(where: str, key: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(value, str) and value for value in raw):
        raise CampaignError(f"{where} {key} must be a list of texts, saw {raw!r}")
    return tuple(raw)


def _date(where: str, key: str, raw: Any) -> dt.date:
    if not isinstance(raw, dt.date) or isinstance(raw, dt.datetime):
        raise CampaignError(f"{where} {key} must be a date, written 2026-01-31 without quotes, not {raw!r}")
    return raw


def _value(where: str, fact: str, raw: Any) -> Any:
    wanted = {"string": str, "bool": bool}.get(_TYPES[fact], (int, float))
    if not isinstance(raw, wanted) or (isinstance(raw, bool) and wanted is not bool):
        raise CampaignError(f"{where} must be a {_TYPES[fact]}, not {raw!r}")
    allowed = next((c.one_of for t in (USER_PROFILES, PROPENSITIES) for c in t.columns if c.name == fact), ())
    if allowed and raw not in allowed:
        raise CampaignError(f"{where} is {raw!r}; there are {', '.join(allowed)}")
    return raw


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _below(category: str | None, above: str) -> bool:
    return category is not None and (category == above or category.startswith(f"{above} > "))
