"""One night's offers: who meets which campaign, what each offer is worth, and which of them the guards let through.

Offers are a recurrence: tonight's table is what still stands of last night's and what is new. Budgets, the contact cap
and the time before the same offer comes again look back on the tables of earlier nights; withheld offers (those that a
held-out account would have had) are kept beside them and count as if they had been made, so that both arms of the
comparison are chosen by one rule.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.declared_experiments import recorded
from jobs.offers import account_facts, campaign_shares
from jobs.offers.account_facts import BIRTH_MONTH, BYTES_A_ROW, FOUND, PROPENSITIES, USER_PROFILES
from jobs.offers.campaign_shares import HELD_OUT, OFFER, Counts, Money
from jobs.offers.terms import OffersConfig, Shelf, Terms, Worth, reason_of, terms_of, worth_of
from jobs.runtime.memory import available_bytes
from jobs.runtime.night import Night
from jobs.runtime.shop_days import ShopDays
from models.experiments.assignment import assign
from models.offers.allocation import (
    CHOSEN,
    GUARDS,
    Candidates,
    Choice,
    Rules,
    State,
    choose,
    persons,
    two_rates,
    violations,
)
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import Budget, Campaign, Campaigns
from schemas.tables import CLEAN_EVENTS, INTEREST, ITEMS, OFFERS, USERS, WITHHELD_OFFERS

SHARED_GUARDS = ("second_account", "currency")  # asked before those of models.offers.allocation


@dataclass(frozen=True)
class Planned:
    """Tonight's offers and withheld offers (as OFFERS), and by campaign what became of its candidates."""

    offers: pa.Table
    withheld: pa.Table
    facts: dict[str, dict[str, Any]]
    skipped: dict[str, str]
    budgets: dict[str, dict[str, float]]
    outcomes: pa.Table  # CAMPAIGN_OUTCOMES


@dataclass(frozen=True)
class Known:
    """What a choice rests on: the shelf, who is who, measured rates, what the budget lines have left, and the offers
    that stand (as OFFERS, both arms); what the rates were counted from, and campaigns' shares of lines that learn, with
    what these have left."""

    shelf: Shelf
    people: People
    rates: dict[str, tuple[float, float]]
    left: dict[str, Money]
    standing: pa.Table
    days: ShopDays
    counts: Counts = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    caps: dict[str, Money] = field(default_factory=dict)


def plan(night: Night, campaigns: Campaigns, config: OffersConfig) -> Planned:
    """Tonight's offers; nothing is written. ValueError where a rule looks back further than the lake keeps tables."""
    _check_memory_of_rules(night, campaigns, config)
    skipped = account_facts.skipped(night, campaigns.campaigns)
    running = tuple(c for c in campaigns.campaigns if c.id not in skipped)
    account_facts.check_inputs(night, running)
    people = People.of(night, config)
    before = account_facts.offered_before(night, max(campaigns.memory_days, config.contact_days, config.uplift_days))
    if before is not None:
        before = before.persist()  # asked three times: budgets, rates, who had what
    items = (
        night.versions(ITEMS)
        .tonight()
        .arrow(["item_id", "category", "price", "cost", "currency", "stock", "is_active"])
    )
    shelf = Shelf.of(items, campaigns.currency, config.poor_basket)
    standing = _standing(night, shelf, people)
    found = _collect(night, _found(night, running, before, config)) if running else _nothing()
    counts = _counts(night, before, config)
    rates = _rates(counts, config)
    night.log.info("measured on the hold-out: %s", rates or "no campaign has users enough in both arms")
    booked = _booked(before)
    share = campaign_shares.shares(campaigns, recorded(night.lake, night.date))
    caps = campaign_shares.caps(campaigns, running, share, _spent(night.date, campaigns, booked))
    left = _left(night.date, campaigns, booked)
    known = Known(shelf, people, rates, left, standing, night.days, counts, share, caps)
    if before is not None:
        before.unpersist()
    return decide(night.date, campaigns, running, skipped, found, known, config)


def decide(
    date: dt.date, campaigns: Campaigns, running: tuple[Campaign, ...], skipped: dict[str, str], found: pa.Table,
    known: Known, config: OffersConfig,
) -> Planned:  # fmt: skip
    """The offers of `date` among `found` (FOUND, by account and campaign); no Spark, nothing read or written.

    RuntimeError if what was chosen breaks a guard by the audit's own count: a fault of ours, and nothing is offered.
    """
    terms = terms_of(found, running, known.shelf, config)
    worth = worth_of(found, running, terms, known.rates)
    candidates, rules, state, early = _instance(found, running, terms, worth, known, config)
    choice = choose(candidates, rules, state, config.seed)
    broken = {guard: count for guard, count in violations(candidates, rules, state, choice).items() if count}
    if broken:
        raise RuntimeError(f"the offers chosen break guards: {broken}; nothing is written, report this as a fault")
    made = _rows(date, found, running, campaigns, terms, worth, choice, known.days)
    every = pa.concat_tables([known.standing, made]).sort_by([("user_id", "ascending"), ("offer_id", "ascending")])
    offers, withheld = (every.filter(pc.equal(every["arm"], arm)) for arm in (OFFER, HELD_OUT))
    stands = Counter(known.standing.filter(pc.equal(known.standing["arm"], OFFER))["offer_id"].to_pylist())
    facts = {c.id: _facts(n, choice, early, candidates, worth) | {"standing": stands[c.id]}
             for n, c in enumerate(running)}  # fmt: skip
    budgets = {b.line: _line(b, known.left, candidates, rules, choice) for b in campaigns.budgets}
    of = found["campaign"].to_numpy().astype(np.int64)
    outcomes = campaign_shares.outcomes(campaigns, running, of, terms, known.counts, known.shares)
    return Planned(offers, withheld, facts, skipped, budgets, outcomes)


def _check_memory_of_rules(night: Night, campaigns: Campaigns, config: OffersConfig) -> None:
    kept = night.settings.section("publish").keep_nights
    asked = {"a campaign's again_after_days or a budget's days": campaigns.memory_days,
             "offers.contact_days": config.contact_days, "offers.uplift_days": config.uplift_days}  # fmt: skip
    for name, days in asked.items():
        if days > kept:
            raise ValueError(
                f"{name} looks back {days} nights, but the lake keeps tables of {kept} (publish.keep_nights): older "
                f"offers would be forgotten and budgets exceeded; raise the one or lower the other"
            )


class People:
    """Which accounts are second ones of a person, and who is held out: a person's accounts are in one arm."""

    def __init__(self, first: dict[str, str], second: set[str], config: OffersConfig) -> None:
        self.first, self.second, self.config = first, second, config

    @classmethod
    def of(cls, night: Night, config: OffersConfig) -> People:
        pairs = account_facts.same_people(night.read(USERS), night.read(USER_PROFILES))
        return cls.among(pairs.toArrow().to_pylist(), config)

    @classmethod
    def among(cls, pairs: list[dict[str, Any]], config: OffersConfig) -> People:
        """From accounts (user_id, with its frequency) that share something with another (first).

        A person's one account that gets offers is that with most purchase days, then the lower id.
        """
        ids = sorted({row["first"] for row in pairs} | {row["user_id"] for row in pairs})
        code = {user: number for number, user in enumerate(ids)}
        label = persons(np.array([code[r["first"]] for r in pairs], np.int64),
                        np.array([code[r["user_id"]] for r in pairs], np.int64), len(ids))  # fmt: skip
        days = {row["user_id"]: row["frequency"] or 0 for row in pairs}
        main: dict[int, str] = {}
        for user in sorted(ids, key=lambda u: (-days.get(u, 0), u)):
            main.setdefault(int(label[code[user]]), user)
        first = {user: ids[label[code[user]]] for user in ids}
        return cls(first, {user for user in ids if main[int(label[code[user]])] != user}, config)

    def held_out(self, users: list[str]) -> NDArray[np.bool_]:
        share = self.config.hold_out
        if share == 0:
            return np.zeros(len(users), bool)
        arms = assign([self.first.get(u, u) for u in users], "offers hold-out", self.config.salt,
                      {HELD_OUT: share, OFFER: 1 - share})  # fmt: skip
        return np.array(arms, object) == HELD_OUT if users else np.zeros(0, bool)


def _found(night: Night, running: tuple[Campaign, ...], before: DataFrame | None, config: OffersConfig) -> DataFrame:
    """FOUND of every account that meets a campaign's conditions tonight."""
    night.size_for(INTEREST, USER_PROFILES)
    births = night.read(USERS).select("user_id", BIRTH_MONTH) if BIRTH_MONTH in USERS.names else None
    passed = night.versions(PROPENSITIES).passed()
    propensities = passed.spark() if passed else None
    facts = account_facts.user_facts(night.read(USER_PROFILES), propensities, births, night.date.month)
    pairs = None
    if any(c.is_of_items for c in running):
        spans = [c.within_days for c in running if c.is_of_items and c.kind != "replenishment"]
        since = night.date - dt.timedelta(days=max(spans, default=0) + 1)
        events = night.versions(CLEAN_EVENTS).after(since).spark()
        pairs = account_facts.pair_facts(events, night.read(INTEREST), night.read(ITEMS), running, night.date)
    listed = None
    if any(c.on == "recommended" for c in running):
        listed = account_facts.recommended(night, night.settings.section("recommend").k)
    met = account_facts.meeting(facts, pairs, listed, running)
    return account_facts.with_history(met, before, running, night.date, config.contact_days).select(*FOUND)


def _collect(night: Night, found: DataFrame) -> pa.Table:
    """`found` in the driver, in the order of accounts and campaigns. MemoryError, with the numbers, where it is too
    large for it; campaigns with narrower conditions find fewer."""
    bound = night.version(USER_PROFILES).rows * 8
    is_large = bound * BYTES_A_ROW > available_bytes() // 2  # else it fits in any case, and need not be counted
    if is_large:
        found = found.persist()
        if (needed := found.count() * BYTES_A_ROW) > (there := available_bytes() // 2):
            raise MemoryError(
                f"choosing among {needed // BYTES_A_ROW:,} offers takes {needed / 2**30:.1f} GiB, half of what is free "
                f"is {there / 2**30:.1f}; narrow the campaigns' conditions, or run on a larger machine"
            )
    rows = found.toArrow().sort_by([("user_id", "ascending"), ("campaign", "ascending")])
    if is_large:
        found.unpersist()
    return rows


def _nothing() -> pa.Table:
    text = ("user_id", "item_id", "category", "member_level")
    return pa.table({name: pa.array([], pa.string() if name in text else pa.int64()) for name in FOUND})


def _standing(night: Night, shelf: Shelf, people: People) -> pa.Table:
    """Last night's offers that are valid after tonight: not those on an item bought since or no longer on sale.

    A promise outlives its campaign's end in the file, not the hold-out: who is in it now has none.
    """
    empty = arrow_schema(OFFERS).empty_table()
    if not any(night.lake.before(table, night.date) for table in (OFFERS, WITHHELD_OFFERS)):
        return empty
    last = night.versions(OFFERS).previous().spark().unionByName(night.versions(WITHHELD_OFFERS).previous().spark())
    valid = last.where(F.col("valid_until") > F.lit(night.days.end(night.date)))
    bought = night.read(INTEREST).select("user_id", "item_id", F.col("last_purchase_on").alias("bought_on"))
    since = [valid["user_id"] == bought["user_id"], valid["item_id"] == bought["item_id"],
             bought["bought_on"] > valid["offered_on"]]  # fmt: skip
    rows = valid.join(bought, since, "left_anti").select(*OFFERS.names).toArrow().cast(empty.schema)
    rows = rows.filter(pc.or_(pc.is_null(rows["item_id"]), pc.is_in(rows["item_id"], shelf.ids)))
    held = people.held_out(rows["user_id"].to_pylist())
    return rows.filter(pa.array((np.asarray(rows["arm"].to_pylist(), object) == HELD_OUT) == held, pa.bool_()))


def _booked(before: DataFrame | None) -> list[Any]:
    """Sums of what earlier offers were booked with, by line, campaign, day and currency."""
    if before is None:
        return []
    sums = [F.sum(name).alias(name) for name in ("expected_cost", "worst_cost")]
    return before.groupBy("budget_line", "offer_id", "offered_on", "currency").agg(*sums).collect()


def _left(date: dt.date, campaigns: Campaigns, booked: list[Any]) -> dict[str, Money]:
    """Budget line -> (expected costs, worst costs) that it can still pay tonight."""
    left = {}
    for budget in campaigns.budgets:
        mine = _within(date, budget, booked)
        if other := {r.currency for r in mine} - {campaigns.currency}:
            raise ValueError(
                f"budget line {budget.line} has offers in {', '.join(sorted(map(str, other)))} of the last "
                f"{budget.days} days, the campaigns are in {campaigns.currency}; give the line another name"
            )
        left[budget.line] = (max(0.0, budget.amount - math.fsum(r.expected_cost for r in mine)),
                             max(0.0, budget.at_most - math.fsum(r.worst_cost for r in mine)))  # fmt: skip
    return left


def _spent(date: dt.date, campaigns: Campaigns, booked: list[Any]) -> dict[str, Money]:
    """Campaign -> what it has taken of the line that pays it now, within the line's days."""
    spent = {}
    for campaign, budget in ((c, b) for b in campaigns.budgets for c in campaigns.competing(b)):
        mine = [r for r in _within(date, budget, booked) if r.offer_id == campaign.id]
        spent[campaign.id] = math.fsum(r.expected_cost for r in mine), math.fsum(r.worst_cost for r in mine)
    return spent


def _within(date: dt.date, budget: Budget, booked: list[Any]) -> list[Any]:
    return [r for r in booked if r.budget_line == budget.line and (date - r.offered_on).days < budget.days]


def _counts(night: Night, before: DataFrame | None, config: OffersConfig) -> Counts:
    """(campaign, arm) -> (accounts, of these buyers).

    Each account's first offer of a campaign counts whose `outcome_days` are over; for an offer on an item, buying it.
    """
    last = night.date - dt.timedelta(days=config.outcome_days)
    if before is None or not any(d <= last for d in night.lake.dates(OFFERS)):
        return {}
    first = before.where(F.col("offered_on") <= F.lit(last)).groupBy("user_id", "offer_id").agg(
        F.min_by(F.struct("offered_on", "item_id", "arm"), "offered_on").alias("first")
    )  # fmt: skip
    asked = first.select("user_id", "offer_id", "first.*")
    events = night.versions(CLEAN_EVENTS).after(night.date - dt.timedelta(days=config.uplift_days + 1)).spark()
    bought = events.where("event_type = 'purchase' and user_id is not null")
    bought = bought.select("user_id", "event_date", F.col("item_id").alias("bought")).distinct()
    age = F.datediff("event_date", "offered_on")
    hit = (age > 0) & (age <= config.outcome_days) & (F.col("item_id").isNull() | (F.col("bought") == F.col("item_id")))
    outcome = asked.join(bought, "user_id", "left").groupBy("user_id", "offer_id", "arm").agg(
        F.max(F.coalesce(hit, F.lit(False)).cast("int")).alias("hit")
    )  # fmt: skip
    counted = outcome.groupBy("offer_id", "arm").agg(F.count("*").alias("users"), F.sum("hit").alias("hits")).collect()
    return {(row.offer_id, row.arm): (row.users, row.hits) for row in counted}


def _rates(counts: Counts, config: OffersConfig) -> dict[str, tuple[float, float]]:
    """Campaign -> chance to buy with and without its offer, where both arms have users enough."""
    found = {}
    for name in sorted({campaign for campaign, _ in counts}):
        with_offer, without = (counts.get((name, arm), (0, 0)) for arm in (OFFER, HELD_OUT))
        if rates := two_rates(with_offer, without, config.least_users, config.prior_users):
            found[name] = rates
    return found


def _instance(
    found: pa.Table, running: tuple[Campaign, ...], terms: Terms, worth: Worth, known: Known, config: OffersConfig
) -> tuple[Candidates, Rules, State, dict[str, NDArray[np.bool_]]]:  # fmt: skip
    """What models.offers.allocation chooses from; and, by guard, the found rows that are refused before: their `had` is
    set."""
    left, standing, people = known.left, known.standing, known.people
    users = found["user_id"].combine_chunks().dictionary_encode() if len(found) else pa.array([]).dictionary_encode()
    ids = users.dictionary.to_pylist()
    code, campaign = users.indices.to_numpy().astype(np.int64), found["campaign"].to_numpy().astype(np.int64)
    second = np.array([user in people.second for user in ids], bool)
    early = {"second_account": second[code] if len(code) else np.zeros(0, bool), "currency": ~terms.in_currency}
    barred = early["second_account"] | early["currency"]
    candidates = Candidates(
        code, campaign, worth.value, worth.expected, terms.worst, terms.kept,
        pc.fill_null(found["had"], False).to_numpy().astype(bool) | barred,
        terms.capped,
    )  # fmt: skip
    kinds, lines = sorted({c.kind for c in running}), list(left)
    names = [c.id for c in running]
    excludes = np.array([[b.id in a.excludes or a.id in b.excludes for b in running] for a in running], bool)
    rules = Rules(
        kind=np.array([kinds.index(c.kind) for c in running], np.int64),
        line=np.array([lines.index(c.budget) for c in running], np.int64),
        floor=np.array([max(c.margin_floor, config.margin_floor) for c in running]),
        blind=np.array([c.without_data == "offer" for c in running], bool),
        excludes=excludes.reshape(len(running), len(running)),
        expected_left=np.array([left[line][0] for line in lines]),
        worst_left=np.array([left[line][1] for line in lines]),
        contacts=config.contacts,
        expected_share=np.array([known.caps.get(name, (np.inf, np.inf))[0] for name in names]),
        worst_share=np.array([known.caps.get(name, (np.inf, np.inf))[1] for name in names]),
    )
    contacts = np.zeros(len(ids), np.int64)
    contacts[code] = found["contacts"].to_numpy().astype(np.int64) if len(code) else 0
    at = {user: number for number, user in enumerate(ids)}
    stands = [
        (at[u], kinds.index(k) if k in kinds else -1, names.index(o) if o in names else -1)
        for u, k, o in zip(*(standing[c].to_pylist() for c in ("user_id", "kind", "offer_id")), strict=True)
        if u in at
    ]
    user, kind, offer = (np.array([s[n] for s in stands], np.int64) for n in range(3))
    return candidates, rules, State(contacts, people.held_out(ids), user, kind, offer), early


def _rows(
    date: dt.date, found: pa.Table, running: tuple[Campaign, ...], campaigns: Campaigns, terms: Terms, worth: Worth,
    choice: Choice, days: ShopDays,
) -> pa.Table:  # fmt: skip
    """Chosen rows as OFFERS, withheld ones under the arm 'held_out'."""
    chosen = np.flatnonzero(choice.offered | choice.withheld)
    rows = []
    for at, row in zip(chosen.tolist(), found.take(pa.array(chosen)).to_pylist(), strict=True):
        campaign = running[row["campaign"]]
        share, amount = terms.share[at], terms.amount[at]
        lowered = share < (campaign.discount_share or 0) or amount < (campaign.discount_amount or 0)
        reason = reason_of(campaign.kind, row) + ("; discount lowered, a cost is unknown" if lowered else "")
        rows.append({
            "user_id": row["user_id"],
            "offer_id": campaign.id,
            "kind": campaign.kind,
            "item_id": row["item_id"],
            "category": row["category"] if row["item_id"] is None else None,
            "discount_share": _or_none(share),
            "discount_amount": _or_none(amount),
            "minimum_spend": campaign.minimum_spend,
            "currency": campaigns.currency,
            "reason": reason,
            "method": str(worth.method[at]),
            "expected_value": _or_none(worth.value[at]),
            "expected_cost": float(worth.expected[at]),
            "worst_cost": float(terms.worst[at]),
            "budget_line": campaign.budget,
            "arm": OFFER if choice.offered[at] else HELD_OUT,
            "offered_on": date,
            "valid_until": days.end(date + dt.timedelta(days=campaign.valid_days)),
        })  # fmt: skip
    return pa.Table.from_pylist(rows, arrow_schema(OFFERS))


def _facts(
    number: int, choice: Choice, early: dict[str, NDArray[np.bool_]], candidates: Candidates, worth: Worth
) -> dict[str, Any]:
    """What became of one campaign's candidates: each is offered, withheld or refused under one guard."""
    mine = candidates.campaign == number
    offered = mine & choice.offered
    why: Counter[str] = Counter()
    for guard, at in ((g, np.flatnonzero(mine & early[g])) for g in SHARED_GUARDS):
        why[guard] += len(at)
    barred = early["second_account"] | early["currency"]
    why["currency"] -= int((mine & early["second_account"] & early["currency"]).sum())
    rest = choice.refused[mine & ~barred]
    why.update(GUARDS[guard] for guard in rest[rest != CHOSEN])
    return {
        "candidates": int(mine.sum()),
        "offered": int(offered.sum()),
        "withheld": int((mine & choice.withheld).sum()),
        "refused": {guard: count for guard, count in why.items() if count},
        "expected_value": round(float(np.nansum(candidates.value[offered])), 2),
        "expected_cost": round(float(candidates.expected[offered].sum()), 2),
        "worst_cost": round(float(candidates.worst[offered].sum()), 2),
        "methods": dict(Counter(worth.method[offered].tolist())),
    }


def _line(
    budget: Budget, left: dict[str, tuple[float, float]], candidates: Candidates, rules: Rules, choice: Choice
) -> dict[str, float]:
    """What a line has after tonight."""
    line = budget.line
    on = np.zeros(len(candidates), bool)
    if len(candidates):
        on = (rules.line[candidates.campaign] == list(left).index(line)) & (choice.offered | choice.withheld)
    return {
        "amount": budget.amount,
        "at_most": budget.at_most,
        "expected_left": round(left[line][0] - float(candidates.expected[on].sum()), 2),
        "worst_left": round(left[line][1] - float(candidates.worst[on].sum()), 2),
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
