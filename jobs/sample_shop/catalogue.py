"""The catalogue as numbers: each item's kind, place in taste space, price and demand on any day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.sample_shop.words import ATTRIBUTES, BRANDS, TREE, Leaf

DIMS = 16  # of taste space
LEAVES: tuple[tuple[str, str, Leaf], ...] = tuple(  # department, category path, leaf
    (department[0], f"{department[0]} > {shelf[0]} > {leaf.noun[0]}", leaf)
    for department, shelves in TREE.items()
    for shelf, leaves in shelves.items()
    for leaf in leaves
)
MAX_ATTRIBUTES = max(len(leaf.attributes) for *_, leaf in LEAVES)
NEVER = 100_000  # a day that no run reaches


@dataclass(frozen=True)
class Catalogue:
    """I items sorted by leaf; C leaves in use. Days count from the first day of the run, which is day 0."""

    ids: np.ndarray  # (I,) str
    leaf: np.ndarray  # (I,) position in LEAVES, ascending
    leaf_rows: np.ndarray  # (C + 1,) first item of each leaf
    brand: np.ndarray  # (I,) position in BRANDS
    values: np.ndarray  # (I, MAX_ATTRIBUTES) position among the attribute's values; -1: the leaf has no such attribute
    vectors: np.ndarray  # (I, DIMS) float32
    leaf_vectors: np.ndarray  # (C, DIMS) float32
    base_cents: np.ndarray  # (I,) price outside promotions
    cost_cents: np.ndarray  # (I,)
    relative_price: np.ndarray  # (I,) log of base price over the leaf's median
    elasticity: np.ndarray  # (I,) > 0; purchases fall by (price / base) ** -(elasticity * the shopper's sensitivity)
    popularity: np.ndarray  # (I,) weights of a power law, sum 1
    trend: np.ndarray  # (I,) log growth of demand per 30 days
    peak: np.ndarray  # (I,) month of highest demand, 0: none
    launch: np.ndarray  # (I,) first day on sale; negative: before the run
    withdrawn: np.ndarray  # (I,) first day no longer on sale, or NEVER
    vanishes: np.ndarray  # (I,) bool: once withdrawn, the item leaves the file instead of being marked off sale
    cycle: np.ndarray  # (I,) days between two purchases by one regular; 0: bought once
    promotion: np.ndarray  # (I, 4): period, phase and length in days, depth in hundredths

    def __len__(self) -> int:
        return len(self.ids)

    def prices(self, day: int) -> np.ndarray:
        """(I,) price of the day in cents."""
        period, phase, length, depth = self.promotion.T
        promoted = (day + phase) % period < length
        return np.where(promoted, self.base_cents * (100 - depth) // 100, self.base_cents).astype(np.int32)

    def on_sale(self, day: int) -> np.ndarray:
        return (self.launch <= day) & (day < self.withdrawn)

    def demand(self, day: int, month: float) -> np.ndarray:
        """(I,) weights of being shown: power law x season x trend x boost for new items; 0 where not on sale."""
        season = np.where(self.peak > 0, 1 + 0.7 * np.cos(2 * np.pi * (month - self.peak) / 12), 1.0)
        trend = np.exp(np.clip(self.trend * day / 30, -2, 2))
        age = np.maximum(day - self.launch, 0)
        newness = np.where(self.launch > 0, 1 + 4 * np.exp(-age / 7), 1.0)
        return self.popularity * season * trend * newness * self.on_sale(day)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, float32."""
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class TasteSpace:
    """Directions that items and shoppers share: leaves near their department, brands, and single attribute values."""

    leaves: np.ndarray  # (C, DIMS)
    brands: np.ndarray  # (B, DIMS)
    values: dict[str, np.ndarray]  # attribute -> (V, DIMS)


def make_taste_space(rng: np.random.Generator) -> TasteSpace:
    departments = {name: rng.normal(size=DIMS) for name in sorted({leaf[0] for leaf in LEAVES})}
    leaves = unit(np.stack([0.6 * departments[leaf[0]] + rng.normal(size=DIMS) for leaf in LEAVES]))
    return TasteSpace(
        leaves=leaves,
        brands=unit(rng.normal(size=(len(BRANDS), DIMS))),
        values={name: unit(rng.normal(size=(len(values), DIMS))) for name, values in ATTRIBUTES.items()},
    )


def make_catalogue(items: int, days: int, space: TasteSpace, rng: np.random.Generator) -> Catalogue:
    """`items` items over up to 54 leaves, 8 % of them launched and 3 % withdrawn within the run of `days` days."""
    used = min(len(LEAVES), max(1, items // 4))
    leaf = np.sort(np.concatenate([np.arange(used), rng.integers(0, used, items - used)])).astype(np.int16)
    leaf_rows = np.searchsorted(leaf, np.arange(used + 1))
    brand = rng.integers(0, len(BRANDS), items).astype(np.int16)
    values = _attribute_values(leaf, rng)
    median = np.array([entry[2].price for entry in LEAVES])[leaf]
    relative = rng.normal(0, 0.45, items)
    base = np.maximum((median * np.exp(relative) * 100).astype(np.int64) // 100 * 100 - 10, 190)
    ranks = rng.permutation(items) + 1.0
    popularity = ranks**-0.9
    of_leaf = {name: np.array([getattr(entry[2], name) for entry in LEAVES])[leaf] for name in ("cycle", "peak")}
    per_leaf = np.exp(rng.normal(np.log(1.6), 0.3, len(LEAVES)))
    period = rng.integers(21, 60, items)
    length, depth = rng.integers(3, 8, items), rng.integers(10, 41, items)
    numbers = rng.permutation(items) + 1
    return Catalogue(
        ids=np.char.add("g", np.char.zfill(numbers.astype(str), 7)),
        leaf=leaf,
        leaf_rows=leaf_rows,
        brand=brand,
        values=values,
        vectors=_item_vectors(leaf, brand, values, space, rng),
        leaf_vectors=space.leaves[:used],
        base_cents=base,
        cost_cents=(base * rng.uniform(0.35, 0.75, items)).astype(np.int64),
        relative_price=relative.astype(np.float32),
        elasticity=(per_leaf[leaf] * np.exp(rng.normal(0, 0.3, items))).astype(np.float32),
        popularity=popularity / popularity.sum(),
        trend=rng.normal(0, 0.5, items),
        peak=of_leaf["peak"],
        launch=np.where(rng.random(items) < 0.08, rng.integers(1, max(days, 2), items), -1),
        withdrawn=np.where(rng.random(items) < 0.03, rng.integers(1, max(days, 2), items) + 1, NEVER),
        vanishes=rng.random(items) < 0.5,
        cycle=np.where(of_leaf["cycle"] > 0, np.maximum(of_leaf["cycle"] + rng.integers(-2, 3, items), 3), 0),
        promotion=np.stack([period, rng.integers(0, 60, items), length, depth], axis=1),
    )


def _attribute_values(leaf: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sizes = np.zeros((len(LEAVES), MAX_ATTRIBUTES), dtype=np.int64)
    for row, (*_, leaf_words) in enumerate(LEAVES):
        sizes[row, : len(leaf_words.attributes)] = [len(ATTRIBUTES[name]) for name in leaf_words.attributes]
    drawn = (rng.random((len(leaf), MAX_ATTRIBUTES)) * sizes[leaf]).astype(np.int8)
    return np.where(sizes[leaf] > 0, drawn, np.int8(-1))


def _item_vectors(
    leaf: np.ndarray, brand: np.ndarray, values: np.ndarray, space: TasteSpace, rng: np.random.Generator
) -> np.ndarray:
    """(I, DIMS): the sum of the leaf (the largest part), the brand, the attribute values, and noise for each item."""
    vectors = space.leaves[leaf] + 0.45 * space.brands[brand] + 0.06 * rng.normal(size=(len(leaf), DIMS))
    for row, (*_, leaf_words) in enumerate(LEAVES):
        of_leaf = slice(*np.searchsorted(leaf, [row, row + 1]))
        for column, name in enumerate(leaf_words.attributes):
            vectors[of_leaf] += 0.3 * space.values[name][values[of_leaf, column]]
    return unit(vectors)
