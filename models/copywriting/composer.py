"""The composer: writes copy from the shop's own clauses, those that fit an item, in an order that reads well.

1. `ngram_forecast` predicts which n-grams a person would write for the item.
2. `clause_pool` finds the clauses that may be said of it, and the best of these.
3. `clause_search` puts them in order, by beam search: the text should contain as much of the forecast as fits in the
   usual length. This is minimum Bayes risk in the linear form of Tromble et al. 2008, with people's clauses as its
   lattice.

A clause that names a value which the item does not have is never used.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.copywriting.clause_index import SHORTEST, ClauseIndex, index_clauses
from models.copywriting.clause_pool import allowed_clauses, best_clauses, ngram_points, pool_codes, pool_of
from models.copywriting.clause_search import SCORE_OFFSET, best_orders
from models.copywriting.clause_sense import SIGNS
from models.copywriting.composer_config import ComposerConfig
from models.copywriting.ngram_forecast import NgramForecast
from models.copywriting.ngrams import Grams
from models.copywriting.originality import RUN
from models.copywriting.prompts import Prompt, units_of

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class Composed(NamedTuple):
    """A text, its score (points per unit, higher is better), and the codes of its clauses in order."""

    text: str
    score: float
    clauses: I64


@dataclass(frozen=True, eq=False)
class Composer:
    """What was learned from the texts of one language."""

    config: ComposerConfig
    language: str
    index: ClauseIndex
    forecast: NgramForecast
    usual_lengths: Mapping[str, int]  # units: median of each channel; "": of texts without a channel, or else of all

    @classmethod
    def fit(cls, config: ComposerConfig, language: str, prompts: Sequence[Prompt], texts: Sequence[str]) -> Composer:
        """Learn from texts (n,), figures masked, each written for the prompt at the same position.

        Raises ValueError for no texts, or for different numbers of prompts and texts.
        """
        if len(prompts) != len(texts) or not texts:
            raise ValueError(f"{len(prompts)} prompts and {len(texts)} texts: the composer needs one text a prompt")
        grams = Grams(texts, language)
        text_grams = grams.rows(texts)
        index = index_clauses(config, language, prompts, texts, grams, text_grams)
        forecast = NgramForecast.fit(config, prompts, text_grams, grams.orders)
        return cls(config, language, index, forecast, _usual_lengths(prompts, texts, language))

    def usual_length(self, prompt: Prompt) -> int:
        """Units that the prompt asks for; if it asks for none, the median length of its channel's texts."""
        return prompt.length or self.usual_lengths.get(prompt.channel, self.usual_lengths[""])

    def compose(
        self, prompt: Prompt, candidates: int, seed: int, uses: F64 | None = None, worth: F64 | None = None
    ) -> list[Composed]:
        """Up to `candidates` different texts, best first. The same prompt, seed and uses give the same texts.

        uses (clauses,): how often each clause was used before; used ones cost points. None: never.
        worth (n-grams,): the prompt's forecast, if it is known already.
        """
        config, index = self.config, self.index
        if not index.clauses:
            return []
        worth = self.forecast.worth([prompt])[0] if worth is None else worth
        allowed = allowed_clauses(index, prompt)
        sizes = index.sizes[allowed.codes]
        wear = np.zeros(len(sizes)) if uses is None else np.log1p(uses[allowed.codes])
        # a clause's last unit is a punctuation mark, which is part of no run
        wear = config.wear_cost_per_unit * wear * sizes + config.copied_run_cost * np.maximum(sizes - RUN, 0)
        named = np.minimum(allowed.names.sum(1), 2)
        points = ngram_points(index, allowed.codes, worth) + config.value_gain * named - wear
        rate = np.round(points / (sizes + config.cut_cost_units), 9)
        factors = self._factors(prompt, candidates, seed, len(sizes))
        chosen = best_clauses(config, rate * factors, allowed.names)
        pool = pool_of(config, index, allowed, worth, wear, factors, chosen)
        codes = pool_codes(allowed, chosen)
        texts: dict[str, Composed] = {}
        for order in best_orders(pool, self.usual_length(prompt), SHORTEST[self.language], config):
            text = self._joined(codes[order]) if order else ""
            if text and text not in texts:
                texts[text] = Composed(text, self.score(prompt, text, worth), codes[order])
        return sorted(texts.values(), key=lambda composed: round(-composed.score, 9))

    def score(self, prompt: Prompt, text: str, worth: F64 | None = None) -> float:
        """Points per unit of `text`: for the n-grams of the forecast that it has, and for values that it names.

        A text that is shorter than usual is divided by the usual length, a longer one by its own.
        worth (n-grams,): the prompt's forecast, if it is known already.
        """
        worth = self.forecast.worth([prompt])[0] if worth is None else worth
        folded = text.lower()
        named = sum(value.lower() in folded for value in prompt.values)
        size = max(len(units_of(text, self.language)), self.usual_length(prompt))
        points = worth[self.index.grams.of(text)].sum() + self.config.value_gain * named
        return float(points / (size + SCORE_OFFSET))

    def _factors(self, prompt: Prompt, searches: int, seed: int, clauses: int) -> F64:
        """(searches, clauses) random factors around 1 for a clause's worth, so that searches find different texts."""
        rng = np.random.default_rng(zlib.crc32(repr((prompt, seed)).encode()))
        return 1 + self.config.noise_share * rng.standard_normal((searches, clauses)).clip(-2, 2)

    def _joined(self, codes: I64) -> str:
        gap = " " if self.language == "en" else ""
        text = gap.join(self.index.clauses[code] for code in codes)
        if self.language != "zh":
            return text
        text = text.translate(SIGNS)
        return text if text[-1] in "。！？…" else text.rstrip("，、；：") + "。"


def _usual_lengths(prompts: Sequence[Prompt], texts: Sequence[str], language: str) -> dict[str, int]:
    lengths = np.array([len(units_of(text, language)) for text in texts])
    channels = np.array([prompt.channel for prompt in prompts])
    by_channel = {channel: int(np.median(lengths[channels == channel])) for channel in sorted(set(channels.tolist()))}
    return {"": int(np.median(lengths))} | by_channel
