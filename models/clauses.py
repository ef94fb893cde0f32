"""Copy put together from what the shop has written: clauses that fit an item's attributes, in an order that reads.

Which n-grams a person would write for these attributes is told by a ridge regression of the n-grams of all texts on
their attributes (never stored: an item's forecast is a weighted sum of the texts, Saunders et al. 1998). A beam search
over clauses collects as much of the forecast as fits in the usual length: minimum Bayes risk in the linear form of
Tromble et al. 2008, with the clauses of people as its lattice. A clause that names a value which the item does not have
is never taken.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.copy_text import PLACEHOLDER, SLOT, Prompt, Values, clauses_of, units_of

F64 = NDArray[np.float64]
State = tuple[float, tuple[int, ...], int, F64, F64]  # gained, clauses, units, worth that is left, values that are left
LONGEST_GRAM = 4
SHORTEST = {"zh": 4, "en": 3}  # units of a clause
LATIN = re.compile(r"[a-z]{3,}")
OPENING, CLOSING = "「『“（(", "」』”）)"


@dataclass(frozen=True)
class ComposerConfig:
    """How clauses are chosen; the defaults were chosen on a tenth of AdvertiseGen's 5,000 training pairs."""

    ridge: float = 30.0
    order_weights: tuple[float, ...] = (1.0, 3.0, 6.0, 10.0)  # an n-gram of 1, 2, 3, 4 units that comes true
    again: float = 0.1  # what a repeated n-gram of 2 or more costs, as a share of what it was worth
    value: float = 3.0  # for the first time that a value of the item is named
    value_again: float = 0.5  # cost of naming one again
    follows: float = 0.6  # per unit, for a clause that some text had after the one before it
    place: float = 0.5  # per unit, for standing where such a clause stood in its text
    noise: float = 0.08  # share by which a clause's worth is shaken, for other words from candidate to candidate
    pause: float = 8.0  # units that a cut between clauses costs: more makes for longer clauses
    familiar: float = (
        0.0005  # of texts must have each pair of units of a clause that names no value: rare ones are facts
    )
    wear: float = 0.55  # per unit, times log(1 + uses): what a clause costs that texts of the same call have already
    pool: int = 250  # clauses looked at
    per_value: int = 12  # of them, at least, those that name one value
    beam: int = 6


class Clauses:
    """The clauses of one language's texts. `texts` and `prompts` (n,) belong together, the texts masked."""

    def __init__(self, config: ComposerConfig, language: str, prompts: Sequence[Prompt], texts: Sequence[str]) -> None:
        if len(prompts) != len(texts) or not texts:
            raise ValueError(f"{len(prompts)} prompts and {len(texts)} texts: clauses need one text for each prompt")
        self.config, self.language = config, language
        self.values = Values(value for prompt in prompts for value in prompt.values)
        self._count(texts)
        self._regress(prompts)
        self._cut(texts)
        self.texts = list(texts)
        said = [
            (len(self.values.said(t)), len(self.values.foreign(t, p.values)))
            for p, t in zip(prompts, texts, strict=True)
        ]
        # Where people name mostly values that the item has not, the words are no claims: nothing is refused for them.
        self.strict = 2 * sum(foreign for _, foreign in said) <= sum(every for every, _ in said)
        self.lengths = np.array([len(units_of(text, language)) for text in texts])
        self.usual = {"": int(np.median(self.lengths))}
        for channel in {prompt.channel for prompt in prompts}:
            own = [prompt.channel == channel for prompt in prompts]
            self.usual[channel] = int(np.median(self.lengths[own]))

    def usual_length(self, prompt: Prompt) -> int:
        """Units of a text of this channel, the median of what was learned from."""
        return self.usual.get(prompt.channel, self.usual[""])

    def _count(self, texts: Sequence[str]) -> None:
        bags = [set(self._grams(text)) for text in texts]
        often: dict[str, int] = {}
        for bag in bags:
            for gram in bag:
                often[gram] = often.get(gram, 0) + 1
        kept = sorted(gram for gram, times in often.items() if times > 1)
        self.codes = {gram: code for code, gram in enumerate(kept)}
        self.orders = np.array([gram.count("\0") for gram in kept], np.int64)
        self.worth = np.array(self.config.order_weights)[self.orders] if kept else np.zeros(0)
        self.held = self._matrix(bags)

    def _grams(self, text: str) -> list[str]:
        units = units_of(text, self.language)
        orders = range(1, LONGEST_GRAM + 1)
        return ["\0".join(units[at : at + n]) for n in orders for at in range(len(units) - n + 1)]

    def _matrix(self, bags: Sequence[set[str]]) -> sparse.csr_matrix:
        rows = [sorted(self.codes[gram] for gram in bag if gram in self.codes) for bag in bags]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        flat = np.array([code for row in rows for code in row], np.int64)
        return sparse.csr_matrix((np.ones(len(flat)), flat, indptr), shape=(len(rows), len(self.codes)))

    def _regress(self, prompts: Sequence[Prompt]) -> None:
        names = sorted({feature for prompt in prompts for feature in _features(prompt)})
        self.features = {name: code + 1 for code, name in enumerate(names)}  # column 0 is of every item
        told = self._told(prompts)
        gram = (told.T @ told).toarray() + self.config.ridge * np.eye(told.shape[1])
        gram[0, 0] -= self.config.ridge
        self.solved = np.linalg.inv(gram + 1e-9 * np.eye(len(gram))) @ told.T.toarray()  # (features, texts)

    def _told(self, prompts: Sequence[Prompt]) -> sparse.csr_matrix:
        """(prompts, features) CSR: 1 for each feature of a prompt that is known, and in column 0."""
        rows = [[0, *sorted(self.features[name] for name in _features(p) if name in self.features)] for p in prompts]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        flat = np.array([code for row in rows for code in row], np.int64)
        return sparse.csr_matrix((np.ones(len(flat)), flat, indptr), shape=(len(rows), len(self.features) + 1))

    def forecast(self, prompt: Prompt) -> F64:
        """(grams,) how likely a person's text for this prompt has each n-gram, 0..1, times what it is worth."""
        weights = self._told([prompt]) @ self.solved  # (1, texts)
        return np.clip((weights @ self.held).reshape(-1), 0, 1) * self.worth  # type: ignore[no-any-return]

    def _cut(self, texts: Sequence[str]) -> None:
        """Every clause that can stand in another text, once: where it stood, what follows it, which values it names."""
        seen: dict[str, int] = {}
        places: list[list[float]] = []
        pairs: set[tuple[int, int]] = set()
        for text in texts:
            at, before, last = 0, None, len(text)
            for clause in clauses_of(text, self.language):
                place, at = at / max(last, 1), at + len(clause)
                if not self._usable(clause):
                    before = None
                    continue
                code = seen.setdefault(clause.strip(), len(seen))
                if code == len(places):
                    places.append([])
                places[code].append(place)
                if before is not None:
                    pairs.add((before, code))
                before = code
        self.clauses = list(seen)
        self.places = np.array([np.mean(place) for place in places])
        self.opens = np.array([np.mean(np.array(place) == 0) for place in places])
        self.sizes = np.array([len(units_of(clause, self.language)) for clause in self.clauses])
        self.says = self._matrix([set(self._grams(clause)) for clause in self.clauses])
        often = np.asarray(self.held.sum(0)).reshape(-1)
        self.rarest = np.array([min((often[self.codes[g]] if g in self.codes else 1.0 for g in self._grams(clause)
                                     if g.count("\0") == 1), default=0.0) for clause in self.clauses])  # fmt: skip
        size, sides = len(self.clauses), np.array(sorted(pairs), np.int64).reshape(-1, 2)
        self.followed = sparse.csr_matrix((np.ones(len(sides)), (sides[:, 0], sides[:, 1])), shape=(size, size))
        self._name_values()

    def _usable(self, clause: str) -> bool:
        if PLACEHOLDER.search(clause) or SLOT.search(clause):
            return False
        if self.language == "zh" and any(word not in self.values.known for word in LATIN.findall(clause.lower())):
            return False  # a Latin word in Chinese copy is a brand more often than not
        unbalanced = any(clause.count(a) != clause.count(b) for a, b in zip(OPENING, CLOSING, strict=True))
        return not unbalanced and len(units_of(clause, self.language)) >= SHORTEST[self.language]

    def _name_values(self) -> None:
        self.value_codes = {value: code for code, value in enumerate(sorted(self.values.known))}
        cells = [
            (row, self.value_codes[v]) for row, clause in enumerate(self.clauses) for v in self.values.said(clause)
        ]
        rows, columns = zip(*cells, strict=True) if cells else ((), ())
        shape = (len(self.clauses), len(self.value_codes))
        named = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        self.named = (named > 0).astype(np.float64).tocsr()

    def own_values(self, prompt: Prompt) -> tuple[F64, F64]:
        """Of all known values (V,): 1 where it is the item's; 1 where it is none of the item's, nor part of one."""
        own, foreign = np.zeros(len(self.value_codes)), np.ones(len(self.value_codes))
        mine = [value.lower() for value in prompt.values]
        for value, code in self.value_codes.items():
            own[code] = value in mine
            foreign[code] = self.strict and not any(value in have for have in mine)
        return own, foreign

    def compose(self, prompt: Prompt, each: int, seed: int, used: F64 | None = None) -> list[str]:
        """Up to `each` different texts, best first by their own forecast. The same prompt and seed give the same.

        `used` (clauses,) are times that each clause was used before: it is spared, and the best text's are counted in.
        """
        if not self.clauses:
            return []
        used = np.zeros(len(self.clauses)) if used is None else used
        worth = self.forecast(prompt)
        own, foreign = self.own_values(prompt)
        names = self.named @ own
        familiar = (names > 0) | (self.rarest >= self.config.familiar * len(self.texts))
        worn = self.config.wear * np.log1p(used) * self.sizes
        gain = self.says @ worth + self.config.value * np.minimum(names, 2) - worn
        rate = np.where(((self.named @ foreign) == 0) & familiar, gain / (self.sizes + self.config.pause), -np.inf)
        found: dict[str, tuple[float, NDArray[np.int64]]] = {}
        lot = np.random.default_rng(zlib.crc32(repr((prompt, seed)).encode()))
        for _ in range(each):
            shaken = 1 + self.config.noise * lot.standard_normal(len(rate)).clip(-2, 2)
            pool = self._pool(rate * shaken, own)
            if len(pool):
                codes = pool[_beam(self, pool, worth, own, shaken, worn, self.usual_length(prompt))]
                text = self._joined(codes)
                found.setdefault(text, (self.judge(prompt, text, worth), codes))
        best = sorted(found, key=lambda text: -found[text][0])
        if best:
            used[found[best[0]][1]] += 1
        return best

    def _pool(self, rate: F64, own: F64) -> NDArray[np.int64]:
        """The best clauses, and the best of each value that the item has."""
        order = np.argsort(-rate, kind="stable")
        order = order[np.isfinite(rate[order])]
        chosen = [order[: self.config.pool]]
        for code in np.flatnonzero(own):
            naming = order[np.asarray(self.named[order, code].todense()).reshape(-1) > 0]
            chosen.append(naming[: self.config.per_value])
        return np.unique(np.concatenate(chosen))

    def _joined(self, codes: NDArray[np.int64]) -> str:
        gap = " " if self.language == "en" else ""
        text = gap.join(self.clauses[code] for code in codes)
        return text[:-1] + "。" if text[-1] in "，、；：,;" and self.language == "zh" else text

    def judge(self, prompt: Prompt, text: str, worth: F64 | None = None) -> float:
        """What of the forecast comes true in `text`, per unit of it, and named values: higher is better.

        A text that is shorter or longer than usual is judged over the usual length, or its own.
        """
        worth = self.forecast(prompt) if worth is None else worth
        have = [self.codes[gram] for gram in set(self._grams(text)) if gram in self.codes]
        mine = prompt.values
        low = text.lower()
        named = sum(value.lower() in low for value in mine)
        size = max(len(units_of(text, self.language)), self.usual_length(prompt))
        return float((worth[have].sum() + self.config.value * named) / (size + 10))


def _features(prompt: Prompt) -> set[str]:
    pairs = {f"{name}={value}".lower() for name, value in prompt.attributes}
    return pairs | {
        f"{kind}:{getattr(prompt, kind)}" for kind in ("strategy", "style", "channel") if getattr(prompt, kind)
    }


def _beam(
    bank: Clauses, pool: NDArray[np.int64], worth: F64, own: F64, shaken: F64, worn: F64, usual: int
) -> list[int]:
    """Places in `pool` of the clauses of the best text: what they forecast, what they name, how they hang together."""
    config = bank.config
    says = bank.says[pool]
    columns, inverse = np.unique(says.indices, return_inverse=True)
    says = sparse.csr_matrix((says.data, inverse, says.indptr), shape=(len(pool), len(columns)))
    worth, orders = worth[columns], bank.orders[columns]
    spent = np.where(orders > 0, -config.again * worth, 0.0)
    sizes = bank.sizes[pool]
    mine = np.flatnonzero(own)
    names = np.asarray(bank.named[pool][:, mine].todense())  # (pool, own values)
    follows = config.follows * np.asarray(bank.followed[pool][:, pool].todense()) * sizes
    shake, opens, places, worn = shaken[pool], bank.opens[pool], bank.places[pool], worn[pool]
    states: list[State] = [(0.0, (), 0, worth, np.full(len(mine), config.value))]
    finished: list[tuple[float, tuple[int, ...]]] = []
    while states:
        grown: list[State] = []
        for gained, chosen, length, left, values in states:
            gain = (
                (says @ left) * shake + names @ values - config.place * np.abs(places - length / usual) * sizes - worn
            )
            gain += follows[chosen[-1]] if chosen else config.place * opens * sizes
            if chosen:
                gain[list(chosen)] = -np.inf
            gain[length + sizes > usual + 8] = -np.inf
            rate = gain / (sizes + config.pause)
            for at in np.argsort(-rate, kind="stable")[: config.beam]:
                if np.isfinite(rate[at]):
                    grown.append((gained + gain[at], (*chosen, int(at)), length + sizes[at], left, values))
        grown.sort(key=lambda state: -state[0] / (state[2] + 10))
        finished += [(state[0] / (max(state[2], usual * 0.9) + 10), state[1]) for state in grown]
        states, met = [], set[frozenset[int]]()
        for gained, chosen, length, left, values in grown:
            key = frozenset(chosen)
            if length >= usual - SHORTEST[bank.language] or key in met or len(states) >= config.beam:
                continue
            met.add(key)
            left = left.copy()
            row = says.indices[says.indptr[chosen[-1]] : says.indptr[chosen[-1] + 1]]
            left[row] = spent[row]
            values = np.where(names[chosen[-1]] > 0, -config.value_again, values)
            states.append((gained, chosen, length, left, values))
    return list(max(finished, key=lambda each: each[0])[1]) if finished else [int(np.argmax(says @ worth))]
