"""Texts of one language about items of the sample shop, for every strategy and channel, through all checks."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.common.shown_names import NameRules, with_shown_names
from jobs.copywriting.briefs import Brief, Refused
from jobs.copywriting.catalogue_words import PastCatalogues, read_item_words
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.writer import CopyInputs, SaidTexts, usual_texts
from jobs.sample_shop.catalogue import make_catalogue, make_taste_space
from jobs.sample_shop.texts import as_items, write_texts
from models.fact_lock.claims import Vocabulary

_ITEMS = 216  # four items of each kind, so that the glossary learns Chinese words
_SHOWN = 54  # items with texts, one of each kind
_NIGHT = dt.date(2026, 1, 6)
_SEED = 7
_DROP = 0.8  # price now divided by price before, for every item


@dataclass(frozen=True)
class Sample:
    """rows: of COPY; refused: drafts that failed a check; silent: briefs without any text."""

    rows: Sequence[dict[str, Any]]
    refused: Sequence[Refused]
    silent: Sequence[Brief]
    briefs: int

    @property
    def written(self) -> int:
        return self.briefs - len(self.silent)

    @property
    def share(self) -> float:
        return self.written / self.briefs

    def evenly(self, count: int) -> list[dict[str, Any]]:
        """Rows of every strategy and channel in turn, each about a different item."""
        groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in self.rows:
            groups[row["strategy"], row["channel"]].append(row)
        ordered = sorted(groups, key=lambda group: (sorted({c for _, c in groups}).index(group[1]), group[0]))
        ordered = ordered[::7] + [group for n, group in enumerate(ordered) if n % 7]
        return [groups[group][(n * 11) % len(groups[group])] for n, group in enumerate(ordered[:count])]


def sample_items(rules: CopyRules) -> tuple[dict[str, ItemWords], frozenset[str]]:
    """(items of the sample shop, ids of those that customers buy again and again).

    Every item is new, its price has dropped and it suits an event, so that texts of every strategy can be written.
    """
    rng = np.random.default_rng(_SEED)
    catalogue = make_catalogue(_ITEMS, 1, make_taste_space(rng), rng)
    texts = write_texts(catalogue, rng)
    rows = pa.table(
        {
            "item_id": pa.array(catalogue.ids),
            **as_items(texts),
            "price": pa.array(catalogue.base_cents / 100 * _DROP),
            "currency": pa.array(["EUR"] * _ITEMS),
            "stock": pa.array([5.0] * _ITEMS),
            "is_active": pa.array([True] * _ITEMS),
            "is_replenishable": pa.array(catalogue.cycle > 0),
        }
    )
    lowest = dict(zip(catalogue.ids.tolist(), (catalogue.base_cents / 100).tolist(), strict=True))
    past = PastCatalogues(lowest, _NIGHT, frozenset(), _NIGHT)
    seasons = [replace(season, categories=()) for season in rules.seasons[:1]]
    used_up = frozenset(catalogue.ids[catalogue.cycle > 0].tolist())
    rows = with_shown_names(rows, NameRules.of(rules.config))
    return read_item_words(rows, past, seasons, rules.config.least_drop, rules.dictionary), used_up


def write_sample(rules: CopyRules, language: str, shown: int = _SHOWN) -> Sample:
    """The usual texts of every strategy and channel about `shown` items of different kinds; the voices take turns."""
    items, used_up = sample_items(rules)
    vocabulary = Vocabulary.of(
        [words.facts() for words in items.values()], rules.words, rules.figures, rules.claim_words
    )
    inputs, said_texts = CopyInputs(rules, items, vocabulary, {}, _NIGHT), SaidTexts()
    voices = list(rules.voices)
    by_kind = list({words.kinds: words for words in items.values()}.values())
    rows: list[dict[str, Any]] = []
    refused: list[Refused] = []
    silent: list[Brief] = []
    briefs = 0
    for turn, item in enumerate(by_kind[:: max(1, len(by_kind) // shown)]):
        for strategy in rules.config.strategies:
            if strategy == "replenishment" and item.item_id not in used_up:
                continue
            for channel in rules.config.channels:
                style = rules.spoken(strategy, channel, language, voices[turn % len(voices)])
                brief = Brief(item.item_id, strategy, style, channel, language)
                written = usual_texts(inputs, said_texts, brief)
                briefs += 1
                rows += written.rows
                refused += [draft for draft in written.refused if draft.text is not None]
                silent += [] if written.rows else [brief]
    return Sample(rows, refused, silent, briefs)
