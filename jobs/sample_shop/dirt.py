"""Planted dirt: errors between a shop's site and its log, in known numbers. No row has two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.sample_shop.behaviour import DayShop
from jobs.sample_shop.rows import CART, CLICK, DAY_MS, DIRT, DIRT_CODE, IMPRESSION, VIEW, WISHLIST, Rows

UNKNOWN_ITEMS = 50  # ids that no catalogue has
CRAWLER_VIEWS = (1_500, 2_500)  # a day; measured: of 200,000 people with about 7 rows a day each, none had 200
CRAWLER_EVERY = 4  # days
BROKEN = ("bad_price", "negative_price", "bad_quantity", "missing_item", "unknown_event_type", "bad_time")
LATE = ("late_1_day", "late_2_days", "late_3_days")


@dataclass(frozen=True)
class Shares:
    """Shares of the people's rows of a day that get an error; each share is split evenly over its kinds."""

    duplicates_same_day: float = 0.004
    duplicates_next_day: float = 0.003
    late: float = 0.003
    future: float = 0.001
    broken: float = 0.003
    unknown_items: float = 0.002

    def of_kinds(self) -> dict[str, float]:
        """Kind of error -> share; kinds that make a row bad come first."""
        return {
            **{kind: self.broken / len(BROKEN) for kind in BROKEN},
            "future": self.future,
            "unknown_item": self.unknown_items,
            **{kind: self.late / len(LATE) for kind in LATE},
            "duplicate_same_day": self.duplicates_same_day,
            "duplicate_next_day": self.duplicates_next_day,
        }


def crawl(shop: DayShop, person: int, rng: np.random.Generator) -> Rows:
    """A crawler's day: it opens item after item, a few seconds apart, and puts none into a cart."""
    count = int(rng.integers(*CRAWLER_VIEWS))
    on_sale = np.flatnonzero(shop.catalogue.on_sale(shop.day))
    item = on_sale[(rng.integers(len(on_sale)) + np.arange(count)) % len(on_sale)]
    time = shop.start_ms + rng.integers(0, DAY_MS - count * 4_000) + np.cumsum(rng.integers(1_000, 4_000, count))
    logged_in = bool(shop.shoppers.has_account[person])
    return Rows.of(
        count,
        kind=VIEW,
        person=person,
        logged_in=logged_in,
        item=item,
        time=time,
        cents=shop.prices[item],
        dirt=DIRT_CODE["crawler"],
    )


def spoil(rows: Rows, shares: Shares, items: int, rng: np.random.Generator) -> tuple[Rows, dict[int, Rows]]:
    """(today's delivery, delay in days -> rows that come later: late rows, and rows that come a second time).

    `rows` have their ids already; crawlers' rows are not changed. Purchases, returns, ratings and searches may come
    late or twice but are never spoiled, so that the readable rows explain stock and returns.
    """
    people = np.flatnonzero(rows["dirt"] == 0)
    kinds = shares.of_kinds()
    numbers = {kind: int(len(people) * share + rng.random()) for kind, share in kinds.items()}
    chosen = people[rng.choice(len(people), min(sum(numbers.values()), len(people)), replace=False)]
    light = np.isin(rows["kind"][chosen], (VIEW, CART, WISHLIST, IMPRESSION, CLICK))
    # rows that may be spoiled come first, and so do the kinds that spoil
    queue = np.concatenate([chosen[light], chosen[~light]])
    spoilable = int(light.sum())
    positions: dict[str, np.ndarray] = {}
    for kind, count in numbers.items():
        if kind in BROKEN or kind in ("future", "unknown_item"):
            count = min(count, spoilable)
            spoilable -= count
        positions[kind], queue = queue[:count], queue[count:]
    _break(rows, positions, items, rng)
    copies = {
        kind: _marked(rows, positions[kind], kind) for kind in (*LATE, "duplicate_same_day", "duplicate_next_day")
    }
    stays = np.ones(len(rows), dtype=bool)
    stays[np.concatenate([positions[kind] for kind in LATE])] = False
    later = {days + 1: copies[kind] for days, kind in enumerate(LATE)}
    later[1] = Rows.together([later[1], copies["duplicate_next_day"]])
    return Rows.together([rows.take(stays), copies["duplicate_same_day"]]), later


def _break(rows: Rows, positions: dict[str, np.ndarray], items: int, rng: np.random.Generator) -> None:
    for kind in (*BROKEN, "future", "unknown_item"):
        rows["dirt"][positions[kind]] = DIRT_CODE[kind]
    rows["item"][positions["missing_item"]] = -1
    rows["item"][positions["unknown_item"]] = items + rng.integers(0, UNKNOWN_ITEMS, len(positions["unknown_item"]))
    # a device whose clock is days ahead, more than any tolerance
    rows["time"][positions["future"]] += rng.integers(2, 400, len(positions["future"])) * DAY_MS


def _marked(rows: Rows, positions: np.ndarray, kind: str) -> Rows:
    copy = rows.take(positions)
    copy["dirt"][:] = DIRT_CODE[kind]
    return copy


def counts(rows: Rows) -> dict[str, int]:
    """Number of rows of each kind of dirt, 'none' included."""
    return dict(zip(DIRT, np.bincount(rows["dirt"], minlength=len(DIRT)).tolist(), strict=True))
