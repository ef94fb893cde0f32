"""Writes texts with the network under guidance: beam searches in which each token has points.

A token gets points for the network's log-probability, for completing n-grams that people would write for such an item
(minimum Bayes risk in the linear form of Tromble et al. 2008, at the level of tokens), and for naming values of the
item. A token is not written if it completes a banned word or copies more of the learned texts than the settings allow.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from models.copywriting.clause_index import SHORTEST
from models.copywriting.clause_search import LONGER, SCORE_OFFSET
from models.copywriting.composer import Composer
from models.copywriting.copywriter_config import CopywriterConfig
from models.copywriting.decoding import BIAS, DecoderState, bias_of
from models.copywriting.guided_rows import GuidedRows
from models.copywriting.guided_words import GuidedWords
from models.copywriting.likelihood import autocast
from models.copywriting.originality import RUN, LearnedRuns, letters_of
from models.copywriting.prompts import Prompt
from models.copywriting.token_units import TokenUnits
from models.copywriting.tokenizer import Coder
from models.copywriting.value_slots import is_value_slot

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
ENDS = "。！？.!?…～~"  # a text ends after one of these
PAUSES = "，；、,;"
CROWD = 6  # candidates that a search looks at for each beginning that it keeps


class Written(NamedTuple):
    text: str
    score: float  # points per unit


class Guide:
    """What guides the network in one language: the composer's forecast, and the runs of the learned texts."""

    def __init__(self, coder: Coder, composer: Composer, runs: LearnedRuns, config: CopywriterConfig) -> None:
        self.coder, self.composer, self.runs, self.config = coder, composer, runs, config
        self.units = TokenUnits(coder, composer.index.grams, runs)
        self.token_grams = composer.index.grams.rows(self.units.pieces).astype(np.float32)  # (V, G)
        index = composer.index
        self.kinds = frozenset(
            value for value, code in index.value_codes.items() if index.is_kind[code] and not is_value_slot(value)
        )

    def may_copy(self, units: int) -> int:
        """The number of runs that a text of so many units may copy from the learned texts."""
        share, _ = self.config.guide.copy_limits(self.composer.language)
        if share == 1.0:
            return units + LONGER
        return int(share * max(units * 0.85 - RUN + 1, 0))  # about .15 of a text's units are punctuation

    def is_original(self, text: str) -> bool:
        """Whether the text copies no more of the learned texts than the settings allow."""
        share, longest = self.config.guide.copy_limits(self.composer.language)
        copied = self.runs.copied(text)
        return copied.share <= share and copied.longest <= longest

    def words(self, prompt: Prompt) -> GuidedWords:
        index = self.composer.index
        own_values = [value.lower() for value in prompt.values]
        foreign = [
            v for v in index.values.known if not any(v in value for value in own_values)
        ] * index.values_are_claims
        return GuidedWords(prompt, foreign, self.kinds, self.config.guide)

    def worths(self, prompts: Sequence[Prompt], worth: F64, uses: F64, seed: int) -> F32:
        """(prompts * searches, G) forecasts, less their wear by use. Only a prompt's first search has no noise."""
        config = self.config.guide
        worn = worth - config.wear * np.log1p(uses)
        rows = np.repeat(worn, config.searches, 0).astype(np.float32)
        for place, prompt in enumerate(prompts):
            rng = np.random.default_rng(zlib.crc32(repr((prompt, seed)).encode()))
            for search in range(1, config.searches):
                noise = rng.standard_normal(rows.shape[1], np.float32)
                rows[place * config.searches + search] *= 1 + config.noise * noise
        return rows

    @torch.inference_mode()
    def write(
        self,
        net: Any,
        prompts: Sequence[Prompt],
        worth: F64,
        uses: F64,
        seed: int,
        values: Sequence[Mapping[str, str]] = (),
    ) -> list[list[Written]]:
        """Texts of every prompt, best first. worth (prompts, G): forecasts; uses (G,): earlier texts with each n-gram.

        values: for each prompt, slot -> the value that will be filled in; empty if prompts have no value slots.
        """
        search = _Search(self, net, prompts, self.worths(prompts, worth, uses, seed), self._filled(values))
        while search.step():
            pass
        return search.best_texts()

    def _filled(self, values: Sequence[Mapping[str, str]]) -> I64:
        """(prompts * searches, V, M) codes of the letters of the values that fill slots; -1 elsewhere."""
        slot_letters = [
            (
                place,
                self.coder.slots[slot],
                [self.units.run_code(letter) for letter in letters_of(value, self.runs.language)],
            )
            for place, prompt_values in enumerate(values)
            for slot, value in prompt_values.items()
            if slot in self.coder.slots
        ]
        most = max((len(letters) for _, _, letters in slot_letters), default=0)
        codes = np.full((max(len(values), 1), len(self.units.pieces), most), -1, np.int64)
        for place, token, letters in slot_letters:
            codes[place, token, : len(letters)] = letters
        return np.repeat(codes, self.config.guide.searches, 0)


class _Search:
    """The searches of some prompts, step by step: each step adds a token to every row."""

    def __init__(self, guide: Guide, net: Any, prompts: Sequence[Prompt], worth: F32, filled: I64) -> None:
        self.guide, self.net, self.prompts = guide, net, prompts
        config, coder = guide.config, guide.coder
        self.searches_each = config.guide.searches
        self.usual = [guide.composer.usual_length(prompt) for prompt in prompts]
        self.words = [guide.words(prompt) for prompt in prompts]
        may_copy = np.repeat([guide.may_copy(units) for units in self.usual], self.searches_each)
        self.rows = GuidedRows(
            guide.units, guide.composer.index, guide.runs, worth, may_copy, config.guide, config.composer, filled
        )
        self.endings: list[dict[str, float]] = [{} for _ in prompts]
        self.naming = [words.naming(guide.units) for words in self.words]
        self.may_name = np.zeros((len(prompts), len(guide.units.pieces)), bool)  # (prompts, V)
        for place, tokens in enumerate(self.naming):
            self.may_name[place, list(tokens)] = True
        slots = [{coder.slots[value] for value in prompt.values if value in coder.slots} for prompt in prompts]
        self.bias = bias_of(net, coder, slots).cpu()
        for place, prompt in enumerate(prompts):
            self._ban_latin(place, prompt)
        self.hint = torch.from_numpy(worth @ guide.token_grams.T)  # (searches, V) worth of each token's own n-grams
        ids = [coder.prompt(prompt)[-config.length :] for prompt in prompts]
        self.state = DecoderState(net, coder, ids)
        with autocast(net, config.bf16):
            logits = self.state.read().repeat_interleave(self.searches_each, 0)
            self.state.repeat(self.searches_each)
        self.logits = logits.float().cpu()
        self.points = np.zeros(len(worth))
        self.steps = 0

    def _ban_latin(self, place: int, prompt: Prompt) -> None:
        """Ban Latin words that no value has from Chinese copy: most of them are brands."""
        if prompt.language == "zh":
            values = " ".join(prompt.values).lower()
            units = self.guide.units
            strange = [
                code
                for code in np.flatnonzero(units.is_latin).tolist()
                if units.pieces[code].strip().lower() not in values
            ]
            self.bias[place, strange] = BIAS

    def step(self) -> bool:
        """Add a token to every row; False when no row is left."""
        config, rows, units = self.guide.config, self.rows, self.guide.units
        prompts = rows.searches // self.searches_each
        logprobs = torch.log_softmax(self.logits + self.bias[prompts], 1)
        rated = config.guide.network * logprobs
        width = min(config.guide.tokens, rated.shape[1] - 1)
        tokens = (rated[:, : len(units.pieces)] + self.hint[rows.searches]).topk(width, 1).indices
        network_points = rated.gather(1, tokens).numpy().astype(np.float64)
        self._end(prompts, rated[:, self.guide.coder.end].numpy().astype(np.float64))
        codes = tokens.numpy()
        gains = rows.gains(codes)
        gains.points[codes == self.guide.coder.end] = -np.inf
        usual = np.array(self.usual)[prompts]
        too_long = rows.sizes[:, None] + units.sizes[codes] > usual[:, None] + LONGER
        gains.points[too_long] = -np.inf
        points = self.points[:, None] + network_points + gains.points
        self._name_values(prompts, codes, points)
        parents, columns = self._chosen(prompts, codes, points)
        self.steps += 1
        if not len(parents) or self.steps >= config.longest:
            return False
        chosen = codes[parents, columns]
        self.points = points[parents, columns]
        rows.take(parents, chosen, gains, columns)
        if not np.array_equal(parents, np.arange(len(self.logits))):
            self.state.keep(torch.from_numpy(parents).to(self.net.device))
        with autocast(self.net, config.bf16):
            self.logits = self.state.next(torch.from_numpy(chosen).to(self.net.device)).float().cpu()
        return True

    def _end(self, prompts: I64, ending: F64) -> None:
        """Store the rows that are complete texts: long enough, and at the end of a sentence."""
        config = self.guide.config
        for row, place in enumerate(prompts.tolist()):
            text, size = self.rows.texts[row].strip(), int(self.rows.sizes[row])
            cost = 0.0
            if text and text[-1] in PAUSES:  # a short text may end with a clause, a longer one pays for it
                text = text[:-1] + ("。" if self.guide.composer.language == "zh" else ".")
                cost = 0.0 if self.prompts[place].length else config.guide.cut_cost
            least = config.composer.least_length_share * self.usual[place]
            if size < max(least - SHORTEST[self.guide.composer.language], 1) or not text or text[-1] not in ENDS:
                continue
            score = (self.points[row] + ending[row] - cost) / (max(size, least) + SCORE_OFFSET)
            self.endings[place][text] = max(score, self.endings[place].get(text, -np.inf))

    def _name_values(self, prompts: I64, codes: I64, points: F64) -> None:
        """Add the points of the values that tokens name."""
        self.lowered = [text.lower() for text in self.rows.texts]
        naming = self.may_name[prompts[:, None], codes] & np.isfinite(points)
        for row, column in zip(*(axis.tolist() for axis in np.nonzero(naming)), strict=True):
            token, place, text = int(codes[row, column]), int(prompts[row]), self.lowered[row]
            completed = [value for value, before in self.naming[place][token] if text.endswith(before)]
            if completed:
                points[row, column] += self.words[place].gain(text + self.guide.units.lowered[token], completed)

    def _chosen(self, prompts: I64, codes: I64, points: F64) -> tuple[I64, I64]:
        """Rows and columns of the best next beginnings of each search, without those that have a banned word."""
        beam, rows, units = self.guide.config.guide.beam, self.rows, self.guide.units
        sizes = rows.sizes[:, None] + units.sizes[codes]
        parents: list[int] = []
        columns: list[int] = []
        edges = np.searchsorted(rows.searches, np.arange(rows.searches[-1] + 2))
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if low == high:
                continue
            rate = (self.points[low:high] / (rows.sizes[low:high] + SCORE_OFFSET)).max()
            keys = np.round(points[low:high] - rate * sizes[low:high], 6).reshape(-1)
            best = np.argsort(-keys, kind="stable")[: CROWD * beam]
            chosen_texts: set[str] = set()
            for place in best[np.isfinite(keys[best])].tolist():
                row, column = low + place // codes.shape[1], place % codes.shape[1]
                piece = units.pieces[codes[row, column]]
                text = rows.texts[row] + piece
                if text not in chosen_texts and self.words[prompts[row]].may_say(rows.texts[row], piece):
                    chosen_texts.add(text)
                    parents.append(row)
                    columns.append(column)
                    if len(chosen_texts) == beam:
                        break
        return np.array(parents, np.int64), np.array(columns, np.int64)

    def best_texts(self) -> list[list[Written]]:
        """The texts of each prompt, best first."""
        return [
            sorted(
                (Written(text, score) for text, score in texts.items()),
                key=lambda written: (-round(written.score, 9), written.text),
            )
            for texts in self.endings
        ]
