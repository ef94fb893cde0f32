"""What a campaign is: budget lines, terms of offers, and the conditions under which an account gets one. Stdlib only.

A key of a campaign file is declared once, as a dataclass field with a "doc" in its metadata. The field's annotation is
the key's type; "least" and "most" (allowed themselves), "above" and "below" (not allowed) bound it; "one_of" lists its
values. `schemas.campaigns.declared_keys` loops over these.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.protected_attributes import protected_kind
from schemas.tables.offers import OFFER_KINDS
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.propensities import PROPENSITIES

ON = ("item", "recommended", "top_category", "everything")
WITHOUT_DATA = ("offer", "refuse")
ITEM_KINDS = ("retargeting", "abandoned_cart", "replenishment", "price_drop")

# The columns of an account that a condition may use, with their types.
USER_FACTS = {
    column.name: column.type
    for column in (*USER_PROFILES.columns, *PROPENSITIES.columns)
    if column.name not in ("user_id", "method") and not protected_kind(column.name)
}
# What a condition may use of an account and an item together. A cart or wish ends when the account buys the item.
PAIR_FACTS = {
    "view_days": "int32",  # days since the last view, within the campaign's `within_days`
    "views": "int64",  # number of views, within the longest `within_days` of the file's retargeting campaigns
    "cart_days": "int32",  # days since it was put into the cart
    "wish_days": "int32",  # days since it was put on the wish list
    "bought_days": "int32",  # days since the account last bought it; unknown: never
    "price_drop": "float64",  # share by which the item is cheaper than when it was wished for
    "is_replenishable": "bool",
}
BIRTH_FACT = "is_birth_month"  # only the birthday offer may use it


class CampaignError(ValueError):
    """Campaigns that cannot be used: says what was seen, in which campaign, and what is allowed instead."""


@dataclass(frozen=True)
class Condition:
    """The values of one fact that an account must have: one of a list, or a range with both ends included.

    An unknown fact meets no condition, except one with must_be_known = False, which only an unknown fact meets.
    `holds` (Python) and `sql` (Spark) mean the same; a test compares them.
    """

    fact: str
    one_of: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    must_be_known: bool = True

    def holds(self, facts: Mapping[str, Any]) -> bool:
        value = facts.get(self.fact)
        if value is None or not self.must_be_known:
            return value is None and not self.must_be_known
        if self.one_of and value not in self.one_of:
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def sql(self) -> str:
        if not self.must_be_known:
            return f"{self.fact} is null"
        parts = [f"{self.fact} is not null"]
        if self.one_of:
            parts.append(f"{self.fact} in ({', '.join(map(_sql_literal, self.one_of))})")
        if self.least is not None:
            parts.append(f"{self.fact} >= {self.least!r}")
        if self.most is not None:
            parts.append(f"{self.fact} <= {self.most!r}")
        return " and ".join(parts)

    def overlaps(self, other: Condition) -> bool:
        """Whether some value of the fact meets both conditions."""
        if self.must_be_known != other.must_be_known:
            return False
        if self.one_of or other.one_of:
            listed = self.one_of or other.one_of
            return any(self.holds({self.fact: value}) and other.holds({other.fact: value}) for value in listed)
        least = max((c.least for c in (self, other) if c.least is not None), default=float("-inf"))
        return least <= min((c.most for c in (self, other) if c.most is not None), default=float("inf"))


@dataclass(frozen=True)
class Example:
    """An account described in words (`that`) and facts, and whether it gets the offer. Facts not named are unknown."""

    that: str
    facts: Mapping[str, Any]
    gets: bool


@dataclass(frozen=True)
class Budget:
    """What one budget line may pay in any `days` consecutive days, in the file's currency."""

    line: str
    amount: float = field(metadata={"doc": "limit of the sum of expected costs", "least": 0})
    at_most: float = field(
        metadata={"doc": "limit of what all offers cost if everybody uses theirs in full; default: amount", "least": 0}
    )
    days: int = field(default=28, metadata={"doc": "days that both limits are for", "least": 1})
    learns: bool = field(
        default=False, metadata={"doc": "each campaign with a discount has a share of both, which moves every night"}
    )
    least_share: float = field(
        default=0.1, metadata={"doc": "no campaign's share falls below this", "above": 0, "most": 1}
    )
    most_change: float = field(
        default=0.05, metadata={"doc": "a share moves by at most this a night", "least": 0, "most": 1}
    )


@dataclass(frozen=True)
class Campaign:
    """One offer: its terms, its conditions and its examples. Shares are 0..1, money is in the file's currency.

    A campaign without a discount is a reminder, which costs nothing.
    """

    id: str = field(metadata={"doc": "lower-case letters, digits and _"})
    kind: str = field(metadata={"doc": "the occasion; it brings conditions of its own", "one_of": OFFER_KINDS})
    budget: str = field(metadata={"doc": "the budget line that pays"})
    doc: str = field(default="", metadata={"doc": "a note for people"})
    on: str = field(
        default="everything", metadata={"doc": "what it is for; default: item or everything, by kind", "one_of": ON}
    )
    discount_share: float | None = field(
        default=None, metadata={"doc": "share of the price taken off", "above": 0, "below": 1}
    )
    discount_amount: float | None = field(default=None, metadata={"doc": "money taken off an order", "above": 0})
    max_discount: float | None = field(
        default=None, metadata={"doc": "the most money that discount_share may take off; required with it", "above": 0}
    )
    minimum_spend: float = field(default=0.0, metadata={"doc": "smallest order that may use it", "least": 0})
    valid_days: int = field(default=7, metadata={"doc": "days that the offer stands", "least": 1})
    again_after_days: int = field(
        default=28, metadata={"doc": "days before an account may get the same offer again", "least": 0}
    )
    within_days: int = field(
        default=7, metadata={"doc": "the view, cart, wish or purchase is at most this many days old", "least": 0}
    )
    after_days: int = field(default=0, metadata={"doc": "and at least this many days old", "least": 0})
    least_views: int = field(default=2, metadata={"doc": "views that make a retargeting offer", "least": 1})
    least_drop: float = field(
        default=0.05, metadata={"doc": "share by which the price fell, for a price_drop offer", "least": 0}
    )
    only_categories: tuple[str, ...] = field(default=(), metadata={"doc": "the offer is for these and all below them"})
    not_categories: tuple[str, ...] = field(default=(), metadata={"doc": "never for these, nor for any below them"})
    excludes: tuple[str, ...] = field(
        default=(), metadata={"doc": "campaigns whose offers no account has together with this one"}
    )
    margin_floor: float = field(
        default=0.0,
        metadata={
            "doc": "least share of what is paid that stays after cost; a negative one sells at a loss",
            "least": 0,
            "below": 1,
        },
    )
    assumed_lift: float | None = field(
        default=None,
        metadata={"doc": "share by which it raises the chance to buy, until the hold-out has measured it", "least": 0},
    )
    without_data: str = field(
        default="offer",
        metadata={"doc": "where its value is unknown: offer it after all others, or refuse it", "one_of": WITHOUT_DATA},
    )
    starts_on: dt.date = field(default=dt.date.min, metadata={"doc": "first night with new offers"})
    ends_on: dt.date = field(default=dt.date.max, metadata={"doc": "last night with new offers"})
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
        """The conditions of the campaign's kind, then those of its file."""
        return (*self._conditions_of_kind(), *self.who)

    def _conditions_of_kind(self) -> tuple[Condition, ...]:
        def aged(fact: str) -> Condition:
            return Condition(fact, least=float(self.after_days), most=float(self.within_days))

        return {
            "win_back": (Condition("stage", ("lapsed",)),),
            "first_purchase": (Condition("frequency", most=0.0),),
            "member_exclusive": (Condition("member_level"),),
            "birthday": (Condition(BIRTH_FACT, (True,)),),
            "retargeting": (
                aged("view_days"),
                Condition("views", least=float(self.least_views)),
                Condition("bought_days", must_be_known=False),
                Condition("cart_days", must_be_known=False),
            ),
            "abandoned_cart": (aged("cart_days"),),
            "replenishment": (aged("bought_days"), Condition("is_replenishable", (True,))),
            "price_drop": (aged("wish_days"), Condition("price_drop", least=self.least_drop)),
        }[self.kind]

    def gets(self, facts: Mapping[str, Any]) -> bool:
        return all(condition.holds(facts) for condition in self.conditions)

    @property
    def sql(self) -> str:
        """The conditions as Spark SQL over columns named like the facts."""
        return " and ".join(f"({condition.sql})" for condition in self.conditions)

    def in_scope(self, category: str | None) -> bool:
        """Whether the campaign may offer an item of this category path, such as 'Home > Lamps'."""
        if self.only_categories and not any(_is_within(category, listed) for listed in self.only_categories):
            return False
        return not any(_is_within(category, listed) for listed in self.not_categories)

    def runs_on(self, day: dt.date) -> bool:
        return self.starts_on <= day <= self.ends_on


@dataclass(frozen=True)
class Campaigns:
    """One campaign file: its currency, its budget lines, its campaigns in order."""

    name: str
    currency: str
    budgets: tuple[Budget, ...]
    campaigns: tuple[Campaign, ...]
    doc: str = ""
    path: str = field(default="", compare=False)

    @property
    def memory_days(self) -> int:
        """How many nights back budgets and waiting times need earlier offers."""
        return max([c.again_after_days for c in self.campaigns] + [b.days for b in self.budgets], default=0)

    def competing(self, budget: Budget) -> tuple[Campaign, ...]:
        """The campaigns that share a budget line that learns; a reminder costs nothing and has no share."""
        return tuple(c for c in self.campaigns if budget.learns and c.budget == budget.line and c.coupon > 0)


def _sql_literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _is_within(category: str | None, above: str) -> bool:
    return category is not None and (category == above or category.startswith(f"{above} > "))
