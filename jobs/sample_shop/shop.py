"""The whole shop: set up before the first day, then simulated one block of people and one day at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from jobs.sample_shop import dirt, texts
from jobs.sample_shop.behaviour import DayShop, browse
from jobs.sample_shop.catalogue import Catalogue, make_catalogue, make_taste_space
from jobs.sample_shop.ledger import Ledger
from jobs.sample_shop.rows import DAY_MS, Rows
from jobs.sample_shop.shoppers import Shoppers, make_shoppers

ROWS_PER_BLOCK = 500_000
PURCHASES_PER_ROW = 0.04  # only for the size of the stock
BESIDES_BROWSING = 1.06  # all rows over rows of browsing: purchases, regulars, ratings and returns come on top
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Plan:
    """The size of the run."""

    seed: int
    users: int
    items: int
    days: int
    start: date
    events_per_user_day: float
    crawlers: int
    shares: dirt.Shares
    pictures: int = 0  # items with pictures
    photos: int = 0  # photos that shoppers send a day
    questions: int = 0  # questions that customers ask a day

    def __post_init__(self) -> None:
        least_of = {"seed": 0, "users": 10, "items": 20, "days": 1, "crawlers": 0, "pictures": 0, "photos": 0,
                    "questions": 0}  # fmt: skip
        for name, least in least_of.items():
            if getattr(self, name) < least:
                raise ValueError(f"--{name} must be at least {least}; saw {getattr(self, name)}")
        if self.crawlers > self.users // 4:
            raise ValueError(f"--crawlers must be at most a quarter of --users; saw {self.crawlers} of {self.users}")
        if not 0 < self.events_per_user_day <= 100:
            raise ValueError(f"--events-per-user-day must be in 0..100; saw {self.events_per_user_day}")
        if sum(vars(self.shares).values()) > 0.5 or min(vars(self.shares).values()) < 0:
            raise ValueError(f"shares of dirt must be 0 or more and at most half together; saw {vars(self.shares)}")

    def day(self, number: int) -> date:
        return self.start + timedelta(days=number)

    def random(self, *use: int) -> np.random.Generator:
        """A random stream of its own for each use, so that no part depends on earlier draws."""
        return np.random.default_rng([self.seed, *use])


@dataclass(frozen=True)
class Shop:
    plan: Plan
    catalogue: Catalogue
    texts: pa.Table
    people: Shoppers
    ledger: Ledger
    block: int  # people in a block
    sessions: float  # sessions a day of a person with mean activity


def open_shop(plan: Plan) -> Shop:
    """Catalogue, people and stock before the first day."""
    space = make_taste_space(plan.random(0, 0))
    catalogue = make_catalogue(plan.items, plan.days, space, plan.random(0, 1))
    people = make_shoppers(plan.users, plan.days, plan.crawlers, catalogue, space, plan.random(0, 2))
    rows_a_day = plan.users * plan.events_per_user_day
    block = max(1, int(ROWS_PER_BLOCK * len(people) / rows_a_day))
    ledger = Ledger(catalogue, people, block, rows_a_day * PURCHASES_PER_ROW, plan.random(0, 3))
    words = texts.write_texts(catalogue, plan.random(0, 4))
    trial = Shop(plan, catalogue, words, people, ledger, block, sessions=1.0)
    return replace(trial, sessions=rows_a_day / len(people) / _rows_per_session(trial))


def _rows_per_session(shop: Shop) -> float:
    """Mean rows that a session logs in this shop, from a trial day; leaves with few items make short pages."""
    people = min(len(shop.people), 2_000)
    browsed, _ = browse(day_of(shop, 0), 0, people, 1, shop.plan.random(0, 5))
    activity = shop.people.activity[:people] * (shop.people.registered[:people] <= 0)
    return max(BESIDES_BROWSING * len(browsed) / float(activity.sum()), 1.0)


def day_of(shop: Shop, day: int) -> DayShop:
    """The shop on the morning of that day."""
    plan, goods = shop.plan, shop.catalogue
    today = plan.day(day)
    weights = goods.demand(day, today.month + today.day / 31 - 0.5)
    # items that are sold out are shown less
    demand = np.cumsum(weights * np.where(shop.ledger.stock > 0, 1.0, 0.3))
    edges = np.concatenate([[0.0], demand])[goods.leaf_rows]
    with np.errstate(divide="ignore"):
        leaf_weight = np.log(np.diff(edges)).astype(np.float32)
    return DayShop(
        catalogue=goods,
        shoppers=shop.people,
        day=day,
        start_ms=(today - EPOCH).days * DAY_MS,
        weekday=today.weekday(),
        prices=goods.prices(day),
        demand=demand,
        leaf_weight=leaf_weight,
        sessions=shop.sessions,
    )


def make_block(shop: Shop, today: DayShop, block: int, first: int, last: int, queries_per_leaf: int) -> Rows:
    """One part of the day's log: people first..last - 1, with dirt and with late rows of earlier days."""
    plan, ledger = shop.plan, shop.ledger
    rng = plan.random(today.day + 1, 1, block)
    browsed, wanted = browse(today, first, last, queries_per_leaf, rng)
    regular, needed = ledger.regulars(today, block, rng)
    bought = ledger.settle(today, block, wanted.and_then(needed), plan.day(today.day), rng)
    parts = [browsed, *regular, bought, *ledger.arrivals(today.day, block)]
    for number, person in enumerate(shop.people.crawlers.tolist()):
        if first <= person < last and (today.day + number) % dirt.CRAWLER_EVERY == 0:
            parts.append(dirt.crawl(today, person, rng))
    log_rows = Rows.together(parts)
    log_rows = log_rows.take(np.argsort(log_rows["time"], kind="stable"))
    # at most 10 ** 7 rows in a block and 10 ** 5 blocks in a day: ids never clash
    log_rows["id"][:] = (today.day + 1) * 10**12 + block * 10**7 + np.arange(len(log_rows))
    delivered, later = dirt.spoil(log_rows, plan.shares, len(shop.catalogue), rng)
    parts = [delivered, *ledger.held_back.pop((today.day, block), [])]
    for days, held_rows in later.items():
        ledger.held_back[today.day + days, block].append(held_rows)
    return Rows.together(parts)
