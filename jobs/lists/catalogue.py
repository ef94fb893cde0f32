"""Tonight's items as arrays for Spark's Python workers, and the ladders of popular items that complete a list."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.declared_experiments import OF_DIVERSITY
from jobs.lists.arms import Group
from models.core.fairness import tail_of
from models.ranking.diversity_config import DiversityConfig
from models.ranking.fallback_ladder import Rung
from models.ranking.ranked_lists import ListRules
from models.recommenders.als import ALS

SEGMENT, TRENDING, OVERALL = 1, 2, 3  # fallback levels


class PopularItems(NamedTuple):
    """One popularity list: item ids (m,), best first, their scores (m,), and the fallback level of its rows."""

    item_ids: pa.Array
    scores: np.ndarray
    level: int


@dataclass(frozen=True)
class Catalogue:
    """Tonight's items. An item's code is its index in `item_ids` (I, sorted).

    titles (I,). shown, replenishable, known (I,) bool: may be shown, is bought again, is in the ALS model.
    factors (I, D): of ALS, zero for items that the model does not know.
    ladders: segment -> rungs, None for users without a segment. last: all items that can be shown, most popular first.
    rules: caps by category and brand, likeness, the tail. makers (I,): see `list_inputs.makers`.
    """

    item_ids: pa.Array
    titles: pa.Array
    shown: np.ndarray
    known: np.ndarray
    replenishable: np.ndarray
    factors: np.ndarray
    ladders: dict[str | None, list[Rung]]
    last: Rung
    rules: ListRules
    makers: np.ndarray

    @classmethod
    def of(
        cls,
        described: pa.Table,
        model: ALS,
        popular: dict[str | None, list[PopularItems]],
        diversity: DiversityConfig,
    ) -> Catalogue:
        """From the columns of `describe_items`, the night's ALS model and the lists of `ladders_from`."""
        item_ids = described["item_id"].combine_chunks()
        row = pc.index_in(item_ids, pa.array(model.item_ids, pa.string())).fill_null(-1).to_numpy(zero_copy_only=False)
        known = row >= 0
        factors = np.zeros((len(item_ids), model.config.factors), np.float32)
        factors[known] = model.item_factors[row[known]]
        shown = described["can_be_shown"].to_numpy()
        ladders = {segment: [_rung(ranked, item_ids) for ranked in lists] for segment, lists in popular.items()}
        return cls(
            item_ids=item_ids,
            titles=described["title"].combine_chunks(),
            shown=shown,
            known=known,
            replenishable=described["is_replenishable"].to_numpy(),
            factors=factors,
            ladders=ladders,
            last=_all_that_can_be_shown(shown, ladders),
            rules=ListRules(
                diversity,
                _value_codes(described["category"]),
                _value_codes(described["brand"]),
                tail=_tail(shown, described["popularity"].to_numpy()),
            ),
            makers=np.array(described["maker"].to_pylist(), object),
        )

    def under(self, group: Group, trending_places: int) -> Catalogue:
        """The same items under the rules of a group of users."""
        diversity = dataclasses.replace(self.rules.diversity, **group.changes.of(*OF_DIVERSITY))
        ladders = {
            segment: [_shortened(rung, trending_places) for rung in rungs] for segment, rungs in self.ladders.items()
        }
        return dataclasses.replace(self, ladders=ladders, rules=dataclasses.replace(self.rules, diversity=diversity))

    def as_codes(self) -> pa.Table:
        """(item_id, code, is_replenishable), to join with pairs."""
        codes = pa.array(np.arange(len(self.item_ids), dtype=np.int32))
        return pa.table({"item_id": self.item_ids, "code": codes, "is_replenishable": pa.array(self.replenishable)})


def ladders_from(popular: pa.Table, segment_by: str, trending_places: int) -> dict[str | None, list[PopularItems]]:
    """Value of the segment column (None for users without one) -> the popularity lists that complete a user's list.

    Their order is: the segment's own list, at most `trending_places` trending items, the list of all users.
    popular: POPULAR_ITEMS.
    """
    popular = popular.sort_by([("segment", "ascending"), ("rank", "ascending")])
    rows = {
        segment: popular.filter(pc.equal(popular["segment"], segment))
        for segment in pc.unique(popular["segment"]).to_pylist()
    }
    if "trending" in rows:
        rows["trending"] = rows["trending"].slice(0, trending_places)
    common = [
        _popular_items(rows[name], level) for name, level in (("trending", TRENDING), ("all", OVERALL)) if name in rows
    ]
    prefix = f"{segment_by}="
    by_segment: dict[str | None, list[PopularItems]] = {
        name.removeprefix(prefix): [_popular_items(part, SEGMENT), *common]
        for name, part in rows.items()
        if name.startswith(prefix)
    }
    return {None: common, **by_segment}


def _popular_items(rows: pa.Table, level: int) -> PopularItems:
    return PopularItems(rows["item_id"].combine_chunks(), rows["score"].to_numpy(), level)


def _rung(popular: PopularItems, item_ids: pa.Array) -> Rung:
    """The list in item codes, without items that are not in the catalogue."""
    codes = pc.index_in(popular.item_ids, item_ids).fill_null(-1).to_numpy(zero_copy_only=False)
    listed = codes >= 0
    return Rung(codes[listed].astype(np.int32), popular.scores[listed].astype(np.float32), popular.level)


def _all_that_can_be_shown(shown: np.ndarray, ladders: dict[str | None, list[Rung]]) -> Rung:
    """The last resort: the overall popularity list, then every other item that can be shown, by code."""
    popular = ladders[None][-1].codes if ladders.get(None) else np.zeros(0, np.int32)
    other_items = np.setdiff1d(np.flatnonzero(shown), popular).astype(np.int32)
    codes = np.concatenate([popular, other_items])
    return Rung(codes, np.zeros(len(codes), np.float32), OVERALL)


def _shortened(rung: Rung, trending_places: int) -> Rung:
    if rung.level != TRENDING or len(rung.codes) <= trending_places:
        return rung
    return Rung(rung.codes[:trending_places], rung.scores[:trending_places], rung.level)


def _tail(shown: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """(I,) whether an item is among the less popular half of those that can be shown."""
    tail = np.zeros(len(shown), bool)
    tail[shown] = tail_of(popularity[shown])
    return tail


def _value_codes(values: pa.ChunkedArray) -> np.ndarray:
    """A code (I,) for each distinct value, -1 for none."""
    encoded = values.combine_chunks().dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
