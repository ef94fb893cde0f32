"""Shoppers: accounts, and visitors who never register, with the tastes that drive their behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.sample_shop.catalogue import DIMS, Catalogue, TasteSpace, unit
from jobs.sample_shop.words import CITIES

VISITORS_PER_ACCOUNT = 0.25
LEVELS = ("basic", "silver", "gold", "diamond")
LEVEL_CENTS = np.array([200_000, 600_000, 2_000_000])  # spent within the run to rise to the next level
GENDERS = ("f", "m", "")  # '': unknown to the shop


@dataclass(frozen=True)
class Shoppers:
    """P people, some with an account; the ids of accounts and cookies are made from a person's number."""

    has_account: np.ndarray  # (P,) bool
    tastes: np.ndarray  # (P, DIMS) float32, length 1
    sensitivity: np.ndarray  # (P,) float32 > 0, to prices
    activity: np.ndarray  # (P,) float32, mean 1; 0 for a crawler
    registered: np.ndarray  # (P,) day of registration, or of the first visit
    age: np.ndarray  # (P,) years
    gender: np.ndarray  # (P,) position in GENDERS
    city: np.ndarray  # (P,) position in CITIES
    level: np.ndarray  # (P,) position in LEVELS at the start
    crawlers: np.ndarray  # people who are machines

    def __len__(self) -> int:
        return len(self.tastes)


def make_shoppers(
    accounts: int, days: int, crawlers: int, catalogue: Catalogue, space: TasteSpace, rng: np.random.Generator
) -> Shoppers:
    people = accounts + max(1, int(accounts * VISITORS_PER_ACCOUNT))
    has_account = np.zeros(people, dtype=bool)
    has_account[rng.permutation(people)[:accounts]] = True
    age = np.clip(rng.gamma(9, 4, people), 16, 85).astype(np.int16)
    gender = rng.choice(3, people, p=[0.5, 0.42, 0.08]).astype(np.int8)
    weights = np.array([weight for *_, weight in CITIES], dtype=float)
    activity = np.minimum(np.exp(rng.normal(-0.32, 0.8, people)), 5)
    # the first machine has an account, the second has none, and so on
    groups = [np.flatnonzero(has_account), np.flatnonzero(~has_account)]
    machines = np.array([groups[n % 2][(n * 7919) % len(groups[n % 2])] for n in range(crawlers)], dtype=np.int64)
    registered = np.where(rng.random(people) < 0.1, rng.integers(0, days, people), -rng.integers(1, 900, people))
    activity[machines], registered[machines] = 0, -1
    return Shoppers(
        has_account=has_account,
        tastes=_tastes(age, gender, catalogue, space, rng),
        sensitivity=np.exp(rng.normal(-0.1, 0.5, people)).astype(np.float32),
        activity=(activity / activity.mean()).astype(np.float32),
        registered=registered,
        age=age,
        gender=gender,
        city=rng.choice(len(CITIES), people, p=weights / weights.sum()).astype(np.int8),
        level=rng.choice(4, people, p=[0.6, 0.25, 0.12, 0.03]).astype(np.int8),
        crawlers=machines,
    )


def _tastes(
    age: np.ndarray, gender: np.ndarray, catalogue: Catalogue, space: TasteSpace, rng: np.random.Generator
) -> np.ndarray:
    """(P, DIMS): three favourite leaves, two brands, a colour, and a part shared by all of one age group and gender."""
    people = len(age)
    tastes = 0.06 * rng.normal(size=(people, DIMS)).astype(np.float32)
    for weight in (1.0, 0.8, 0.6):
        tastes += np.float32(weight) * catalogue.leaf_vectors[rng.integers(0, len(catalogue.leaf_vectors), people)]
    for weight in (0.5, 0.35):
        tastes += np.float32(weight) * space.brands[rng.integers(0, len(space.brands), people)]
    tastes += np.float32(0.4) * space.values["colour"][rng.integers(0, len(space.values["colour"]), people)]
    segments = unit(rng.normal(size=(3 * 3, DIMS)))
    tastes += np.float32(0.45) * segments[gender * 3 + np.digitize(age, [28, 45])]
    return unit(tastes)


def account_ids(people: np.ndarray) -> pa.Array:
    return _numbered("u", people, 7)


def cookies(people: np.ndarray) -> pa.Array:
    """An odd multiplier modulo 2**40 gives each person a cookie of its own that does not look like a counter."""
    return _numbered("c", (people.astype(np.int64) * 0x9E3779B + 77) % 2**40, 13)


def _numbered(prefix: str, numbers: np.ndarray, width: int) -> pa.Array:
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width=width, padding="0")
    return pc.binary_join_element_wise(prefix, digits, "")


def levels(shoppers: Shoppers, spent_cents: np.ndarray) -> np.ndarray:
    """(P,) member level given what each person spent within the run."""
    return np.maximum(shoppers.level, np.searchsorted(LEVEL_CENTS, spent_cents, side="right"))


def account_lines(shoppers: Shoppers, people: np.ndarray, level: np.ndarray, start: date) -> list[str]:
    """The lines of the user file (JSON) for these people; e-mail and phone have reserved forms that reach nobody.

    One in twenty has no age, one in twelve no gender.
    """
    first = start.toordinal()
    columns = (shoppers.age, shoppers.gender, shoppers.city, level, shoppers.registered)
    # written out rather than dumped: a million accounts take seconds, and no value here needs escaping
    return [
        f'{{"uid": "{uid}", "mail": "{uid}@shop.example", "mobile": "+86 000 {person:08d}", '
        f'"age": {age if person % 20 else "null"}, "sex": "{GENDERS[gender]}", "city": "{CITIES[city][0]}", '
        f'"country": "{CITIES[city][1]}", "vip": "{LEVELS[rank]}", "joined": "{date.fromordinal(first + day)}"}}'
        for person, uid, age, gender, city, rank, day in zip(
            people.tolist(),
            account_ids(people).to_pylist(),
            *(values[people].tolist() for values in columns),
            strict=True,
        )
    ]
