"""The shop's state between days: stock, each person's purchases and next needs, returns and ratings to come."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from jobs.sample_shop.behaviour import BUY_TASTE, USUAL_TASTE, DayShop, Wishes
from jobs.sample_shop.catalogue import Catalogue
from jobs.sample_shop.rows import CART, DAY_MS, PURCHASE, RATING, RETURN, VIEW, Rows
from jobs.sample_shop.shoppers import Shoppers

REGULARS_PER_ACCOUNT = 1.0  # replenishable items that a shopper buys regularly when the run begins
BECOMES_REGULAR = 0.35  # share of first purchases of a replenishable item that become regular
COMES_BACK = 0.75  # share of regulars who come on the day on which their supply ends; the others buy elsewhere
RETURNED = 0.05
RATED = 0.2
STOCK_DAYS = 10  # days that a full shelf lasts, about


class Ledger:
    """The only state of the sample shop, kept for each block of people, so that each block of a day is made alone."""

    def __init__(
        self, catalogue: Catalogue, shoppers: Shoppers, block: int, units_per_day: float, rng: np.random.Generator
    ) -> None:
        self.catalogue, self.shoppers, self.block = catalogue, shoppers, block
        expected = catalogue.popularity * units_per_day * STOCK_DAYS
        self.full_shelf = np.ceil(expected * np.exp(rng.normal(0, 0.4, len(catalogue)))).astype(np.int64) + 3
        self.stock = self.full_shelf.copy()
        self.never_restocked = rng.random(len(catalogue)) < 0.02
        self.spent = np.zeros(len(shoppers), dtype=np.int64)  # cents
        self.bought: dict[int, np.ndarray] = {}  # block -> sorted person * I + item of items bought once
        self.coming: defaultdict[tuple[int, int], list[Rows]] = defaultdict(list)  # (day, block) -> returns, ratings
        self.held_back: defaultdict[tuple[int, int], list[Rows]] = defaultdict(list)  # (day, block) -> late, repeated
        self.due: defaultdict[tuple[int, int], list[np.ndarray]] = defaultdict(list)  # (day, block) -> (n, 2)
        self._first_regulars(rng)

    def _first_regulars(self, rng: np.random.Generator) -> None:
        replenishable = np.flatnonzero((self.catalogue.cycle > 0) & (self.catalogue.launch < 0))
        accounts = np.flatnonzero(
            self.shoppers.has_account & (self.shoppers.registered < 0) & (self.shoppers.activity > 0)
        )
        if not len(replenishable):
            return
        person = np.repeat(accounts, rng.poisson(REGULARS_PER_ACCOUNT, len(accounts)))
        weight = np.cumsum(self.catalogue.popularity[replenishable])
        best = replenishable[np.searchsorted(weight, rng.random(len(person)) * weight[-1])]
        taste = np.einsum("nd,nd->n", self.catalogue.vectors[best], self.shoppers.tastes[person])
        for _ in range(7):  # keeps the item that the person likes best out of eight
            item = replenishable[np.searchsorted(weight, rng.random(len(person)) * weight[-1])]
            liking = np.einsum("nd,nd->n", self.catalogue.vectors[item], self.shoppers.tastes[person])
            best, taste = np.where(liking > taste, item, best), np.maximum(liking, taste)
        self._expect(person, best, (rng.random(len(person)) * self.catalogue.cycle[best]).astype(np.int64))

    def _expect(self, person: np.ndarray, item: np.ndarray, day: np.ndarray) -> None:
        """These people will need these items on these days."""
        pairs = np.stack([person, item], axis=1).astype(np.int32)
        bucket = day * (1 << 32) + person // self.block
        order = np.argsort(bucket, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(bucket[order])) + 1):
            if len(rows):
                self.due[int(day[rows[0]]), int(person[rows[0]]) // self.block].append(pairs[rows])

    def regulars(self, shop: DayShop, block: int, rng: np.random.Generator) -> tuple[list[Rows], Wishes]:
        """(views and carts of people whose supply ends today and who come back; what they want to buy)."""
        pairs = np.concatenate([np.empty((0, 2), np.int32), *self.due.pop((shop.day, block), [])])
        person, item = pairs[(rng.random(len(pairs)) < COMES_BACK) & self.catalogue.on_sale(shop.day)[pairs[:, 1]]].T
        count = len(person)
        time = shop.start_ms + rng.integers(0, DAY_MS - 300_000, count)
        logged_in = np.ones(count, dtype=bool)
        units = np.minimum(rng.geometric(0.6, count), 9).astype(np.int8)
        shared = {"person": person, "logged_in": logged_in, "item": item, "cents": shop.prices[item]}
        rows = [
            Rows.of(count, kind=VIEW, time=time, **shared),
            Rows.of(count, kind=CART, time=time + 20_000, units=units, **shared),
        ]
        taste = np.einsum("nd,nd->n", self.catalogue.vectors[item], self.shoppers.tastes[person])
        session = -1 - np.arange(count)  # each is an order of its own; browsing sessions have numbers from 0 on
        return rows, Wishes(person, item, time + 90_000, logged_in, units, session, taste)

    def settle(self, shop: DayShop, block: int, wanted: Wishes, today: date, rng: np.random.Generator) -> Rows:
        """The wishes that become purchases: in stock, and not bought before if people buy the item only once."""
        wanted = wanted.take(np.argsort(wanted.time, kind="stable"))
        wanted = wanted.take(np.flatnonzero(self._first_time(block, wanted)))
        wanted = wanted.take(np.flatnonzero(self._in_stock(wanted)))
        np.subtract.at(self.stock, wanted.item, wanted.units)
        once = self.catalogue.cycle[wanted.item] == 0
        bought = self.bought.get(block, np.empty(0, np.int64))
        self.bought[block] = np.sort(np.concatenate([bought, self._pair(wanted)[once]]))
        _, order = np.unique(wanted.session, return_inverse=True)
        number = int(f"{today:%Y%m%d}") * 10**10 + block * 10**6 + order + 1
        cents = shop.prices[wanted.item]
        np.add.at(self.spent, wanted.person, cents.astype(np.int64) * wanted.units)
        rows = Rows.of(
            len(cents),
            kind=PURCHASE,
            person=wanted.person,
            logged_in=True,
            item=wanted.item,
            time=wanted.time,
            cents=cents,
            units=wanted.units,
            order=number,
        )
        self._plan(shop, block, rows, wanted, rng)
        return rows

    def _pair(self, wanted: Wishes) -> np.ndarray:
        return wanted.person.astype(np.int64) * len(self.catalogue) + wanted.item

    def _first_time(self, block: int, wanted: Wishes) -> np.ndarray:
        pair = self._pair(wanted)
        _, first = np.unique(pair, return_index=True)
        fresh = np.zeros(len(pair), dtype=bool)
        fresh[first] = True
        return fresh & ~((self.catalogue.cycle[wanted.item] == 0) & np.isin(pair, self.bought.get(block, pair[:0])))

    def _in_stock(self, wanted: Wishes) -> np.ndarray:
        """Whether each wish is in stock: first come, first served; `wanted` is in order of time."""
        order = np.argsort(wanted.item, kind="stable")
        item, demanded = wanted.item[order], np.cumsum(wanted.units[order], dtype=np.int64)
        begins = np.flatnonzero(np.diff(item, prepend=-1))
        before = np.repeat(demanded[begins] - wanted.units[order][begins], np.diff(np.append(begins, len(item))))
        fits = np.empty(len(item), dtype=bool)
        fits[order] = demanded - before <= self.stock[item]
        return fits

    def _plan(self, shop: DayShop, block: int, rows: Rows, wanted: Wishes, rng: np.random.Generator) -> None:
        """Plans returns and ratings of these purchases for later days, and the next purchase of replenishable items."""
        count = len(rows)
        repeated = np.flatnonzero((rng.random(count) < BECOMES_REGULAR) | (wanted.session < 0))
        repeated = repeated[self.catalogue.cycle[wanted.item[repeated]] > 0]
        wait = np.maximum(np.rint(self.catalogue.cycle[wanted.item[repeated]] * rng.normal(1, 0.15, len(repeated))), 1)
        self._expect(wanted.person[repeated], wanted.item[repeated], shop.day + wait.astype(np.int64))
        liking = BUY_TASTE * (wanted.taste - USUAL_TASTE)
        later = rng.integers(1, 6, count)
        sent_back = rng.random(count) < RETURNED * np.exp(-0.5 * liking)
        rated = (rng.random(count) < RATED) & ~sent_back
        stars = np.clip(np.rint(3.6 + 1.2 * liking + rng.normal(0, 0.8, count)), 1, 5)
        for days in range(1, 6):
            for kind, chosen in ((RETURN, sent_back), (RATING, rated)):
                chosen_rows = rows.take(chosen & (later == days))
                if not len(chosen_rows):
                    continue
                chosen_rows.columns["kind"][:] = kind
                chosen_rows.columns["time"] = shop.start_ms + days * DAY_MS + rng.integers(0, DAY_MS, len(chosen_rows))
                if kind == RATING:
                    chosen_rows["stars"][:] = stars[chosen & (later == days)]
                    chosen_rows["cents"][:], chosen_rows["units"][:], chosen_rows["order"][:] = -1, 0, 0
                self.coming[shop.day + days, block].append(chosen_rows)

    def arrivals(self, day: int, block: int) -> list[Rows]:
        """Returns and ratings of the day; returned items are in stock again."""
        parts = self.coming.pop((day, block), [])
        for part in parts:
            np.add.at(self.stock, part["item"], np.where(part["kind"] == RETURN, part["units"], 0))
        return parts

    def restock(self, rng: np.random.Generator) -> None:
        """After closing, refills a third of the shelves that are nearly empty."""
        low = (self.stock < self.full_shelf * 0.25) & ~self.never_restocked
        self.stock = np.where(low & (rng.random(len(low)) < 0.35), self.full_shelf, self.stock)
