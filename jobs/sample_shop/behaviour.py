"""What shoppers do on one day: they browse pages in sessions; tastes, prices and stock decide what they click and buy.

A session is about one or two leaves. Each page shows a few items of a leaf, drawn by the day's demand. A shopper clicks
with a probability that rises with taste and falls with the place on the page. Then the funnel narrows: view, wish-list,
cart, purchase. Each step depends on taste again, and the purchase also on price and stock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.sample_shop.catalogue import Catalogue
from jobs.sample_shop.rows import (
    CART,
    CLICK,
    DAY_MS,
    IMPRESSION,
    PLACES,
    PURCHASE,
    SEARCH,
    VIEW,
    WISHLIST,
    Rows,
)
from jobs.sample_shop.shoppers import Shoppers

SHOWN = 6  # items on a page
MAX_PAGES = 9  # keeps a session well under 30 minutes, and without a pause of 30 minutes
LOGGED_IN_SHARE = 0.88  # of the sessions of people with an account
LEAF_FOCUS = 8.0  # how strongly taste decides what a session is about
CLICK_TASTE = 5.0
BUY_TASTE = 4.0
PLACE_COST = 0.1 * np.arange(SHOWN, dtype=np.float32)  # items lower on a page are clicked less
USUAL_TASTE = 0.45  # typical taste for items in the session's leaf; probabilities are set around it
# events by UTC hour for customers at UTC+8: lunch is at 4, the evening at 12 to 14
HOURS = np.array([5, 6, 6, 7, 9, 8, 6, 6, 6, 6, 7, 9, 11, 12, 10, 7, 4, 2, 1, 1, 1, 1, 2, 3], dtype=float)
WEEKDAYS = np.array([0.93, 0.92, 0.94, 0.97, 1.05, 1.12, 1.07])


@dataclass(frozen=True)
class DayShop:
    """The shop on one day, the same for all visitors."""

    catalogue: Catalogue
    shoppers: Shoppers
    day: int
    start_ms: int  # midnight UTC
    weekday: int
    prices: np.ndarray  # (I,) cents
    demand: np.ndarray  # (I,) cumulative weights
    leaf_weight: np.ndarray  # (C,) float32, log of the day's weight of each leaf
    sessions: float  # mean sessions of a person


@dataclass
class Wishes:
    """What people want to buy: one row for each item in a cart, in the order in which they pay."""

    person: np.ndarray
    item: np.ndarray
    time: np.ndarray
    logged_in: np.ndarray
    units: np.ndarray
    session: np.ndarray  # the items of one session are one order
    taste: np.ndarray

    def take(self, where: np.ndarray) -> Wishes:
        return Wishes(**{name: column[where] for name, column in vars(self).items()})

    def and_then(self, others: Wishes) -> Wishes:
        return Wishes(**{name: np.concatenate([column, vars(others)[name]]) for name, column in vars(self).items()})


def browse(
    shop: DayShop, first: int, last: int, queries_per_leaf: int, rng: np.random.Generator
) -> tuple[Rows, Wishes]:
    """(rows of people first..last - 1 on the day, without their purchases; what they want to buy)."""
    session_person, logged_in, session_start, leaves = _sessions(shop, first, last, rng)
    session, page_number, leaf, place = _pages(len(session_person), leaves, rng)
    person = session_person[session]
    page_time = session_start[session] + page_number * 75_000 + rng.integers(0, 30_000, len(session))
    items, taste, utility = _shown(shop, person, leaf, rng)
    look = (items >= 0) & (rng.random(items.shape, dtype=np.float32) < _chance(utility - PLACE_COST, -1.3))

    parts = []
    searches = np.flatnonzero(place == PLACES.index("search"))
    pick = np.minimum(rng.geometric(0.4, len(searches)) - 1, queries_per_leaf - 1)
    parts.append(
        Rows.of(
            len(searches),
            kind=SEARCH,
            person=person[searches],
            logged_in=logged_in[session[searches]],
            time=page_time[searches] - 900,
            query=shop.catalogue.leaf[shop.catalogue.leaf_rows[leaf[searches]]].astype(np.int32) * queries_per_leaf
            + pick,
        )
    )
    logged = place >= PLACES.index("home")  # the log has impressions only of the shop's recommendation places
    page, spot = np.nonzero((items >= 0) & logged[:, None])
    parts.append(_shown_rows(IMPRESSION, page, spot, items, person, logged_in[session], page_time, place))
    page, spot = np.nonzero(look)
    click_time = page_time + 2_000
    of_log = logged[page]
    parts.append(_shown_rows(CLICK, page[of_log], spot[of_log], items, person, logged_in[session], click_time, place))

    clicked = Wishes(
        person=person[page],
        item=items[page, spot],
        time=click_time[page] + spot * 3_000 + 400,
        logged_in=logged_in[session[page]],
        units=np.ones(len(page), dtype=np.int8),
        session=session[page],
        taste=taste[page, spot],
    )
    last_page = session_start + 75_000 * (np.bincount(session, minlength=len(session_person)) + 1)
    funnel, wanted = _funnel(shop, clicked, last_page, rng)
    return Rows.together([*parts, *funnel]), wanted


def _sessions(
    shop: DayShop, first: int, last: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each of the day's S sessions: person, logged in, start (all (S,)), and its two leaves (S, 2)."""
    people = shop.shoppers
    is_registered = people.registered[first:last] <= shop.day
    count = rng.poisson(people.activity[first:last] * is_registered * shop.sessions * WEEKDAYS[shop.weekday])
    person = np.repeat(np.arange(first, last), count)
    logged_in = people.has_account[person] & (rng.random(len(person)) < LOGGED_IN_SHARE)
    hour = np.searchsorted(np.cumsum(HOURS / HOURS.sum()), rng.random(len(person)))
    start = np.minimum(hour, 23) * 3_600_000 + rng.integers(0, 3_600_000, len(person))
    latest = DAY_MS - (MAX_PAGES + 3) * 75_000 - rng.integers(0, 600_000, len(person))  # a session ends before midnight
    active = np.flatnonzero(count)
    liking = LEAF_FOCUS * people.tastes[first + active] @ shop.catalogue.leaf_vectors.T + shop.leaf_weight
    weight = np.cumsum(np.exp(liking - liking.max(axis=1, keepdims=True)), axis=1)
    row = np.repeat(np.arange(len(active)), count[active])
    # row n of `ladder` rises from n to n + 1, so one search over all rows finds the leaf of every session
    ladder = np.arange(len(active))[:, None] + weight / weight[:, -1:].astype(np.float64)
    leaves = np.searchsorted(ladder.ravel(), row[:, None] + rng.random((len(person), 2)), side="right")
    leaves = np.minimum(leaves - row[:, None] * weight.shape[1], weight.shape[1] - 1)
    return person, logged_in, shop.start_ms + np.minimum(start, latest), leaves


def _pages(
    sessions: int, leaves: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each page: its session, its number within the session, leaf and place."""
    count = np.minimum(1 + rng.poisson(1.8, sessions), MAX_PAGES)
    session = np.repeat(np.arange(sessions), count)
    number = np.arange(len(session)) - np.repeat(np.cumsum(count) - count, count)
    leaf = leaves[session, (rng.random(len(session)) < 0.25).astype(np.int8)]
    place = np.searchsorted([0.3, 0.55, 0.8], rng.random(len(session)), side="right")
    return session, number, leaf, place


def _shown(
    shop: DayShop, person: np.ndarray, leaf: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three arrays (pages, SHOWN): items, -1 for a second copy on a page; the taste for each; its utility today."""
    goods, people = shop.catalogue, shop.shoppers
    edges = np.concatenate([[0.0], shop.demand])[goods.leaf_rows]
    low, high = edges[leaf, None], edges[leaf + 1, None]
    # one draw from each sixth of the leaf's weight, from a random start: few items are twice on a page
    turn = rng.random((len(leaf), 1)) + (np.arange(SHOWN) + rng.random((len(leaf), SHOWN))) / SHOWN  # 0..2
    items = np.searchsorted(shop.demand, low + (turn - (turn >= 1)) * (high - low), side="right")
    items = np.minimum(items, goods.leaf_rows[leaf + 1, None] - 1)
    taste = np.einsum("pkd,pd->pk", goods.vectors[items], people.tastes[person])
    utility = CLICK_TASTE * (taste - USUAL_TASTE) - 0.5 * people.sensitivity[person, None] * goods.relative_price[items]
    for right in range(1, SHOWN):
        items[:, right][(items[:, :right] == items[:, right : right + 1]).any(axis=1)] = -1
    return items, taste, utility


def _shown_rows(
    kind: int,
    page: np.ndarray,
    spot: np.ndarray,
    items: np.ndarray,
    person: np.ndarray,
    logged_in: np.ndarray,
    time: np.ndarray,
    place: np.ndarray,
) -> Rows:
    step = 3_000 if kind == CLICK else 1
    return Rows.of(
        len(page),
        kind=kind,
        person=person[page],
        logged_in=logged_in[page],
        item=items[page, spot],
        time=time[page] + spot * step,
        place=place[page],
        position=spot + 1,
    )


def _funnel(
    shop: DayShop, clicked: Wishes, checkout: np.ndarray, rng: np.random.Generator
) -> tuple[list[Rows], Wishes]:
    """Views, wish-lists and carts of the clicked items, and what people want to buy at the session's end."""
    liking = BUY_TASTE * (clicked.taste - USUAL_TASTE)
    price = shop.prices[clicked.item]
    rows = [_priced(VIEW, clicked, price, 0)]
    liked = np.flatnonzero(rng.random(len(liking)) < _chance(liking, -2.6))
    rows.append(_priced(WISHLIST, clicked.take(liked), price[liked], 1_500))
    sought = np.flatnonzero(rng.random(len(liking)) < _chance(liking, -1.4))
    cart = clicked.take(sought)
    rows.append(_priced(CART, cart, price[sought], 2_000))
    # the planted elasticity: purchases fall with price ** -(elasticity x sensitivity)
    dearness = np.log(price[sought] / shop.catalogue.base_cents[cart.item])
    response = np.exp(-shop.catalogue.elasticity[cart.item] * shop.shoppers.sensitivity[cart.person] * dearness)
    buys = rng.random(len(sought)) < np.minimum(0.8 * _chance(liking[sought], -0.6) * response, 0.95)
    wanted = cart.take(np.flatnonzero(buys & cart.logged_in))
    repeated = shop.catalogue.cycle[wanted.item] > 0
    wanted.units = np.where(repeated, np.minimum(rng.geometric(0.6, len(repeated)), 9), 1).astype(np.int8)
    wanted.time = checkout[wanted.session]
    return rows, wanted


def _priced(kind: int, wishes: Wishes, price: np.ndarray, after_ms: int) -> Rows:
    return Rows.of(
        len(price),
        kind=kind,
        person=wishes.person,
        logged_in=wishes.logged_in,
        item=wishes.item,
        time=wishes.time + after_ms,
        cents=price,
        units=wishes.units if kind in (CART, PURCHASE) else 0,
    )


def _chance(logit: np.ndarray, base: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(logit + base)))
