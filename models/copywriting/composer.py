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
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.copywriting.clause_joints import Joints
from models.copywriting.clause_search import Pool, best_orders
from models.copywriting.clause_sense import SIGNS, against, contraries, leans, stands
from models.copywriting.ngrams import Grams
from models.copywriting.prompts import PLACEHOLDER, SLOT, Prompt, Values, clauses_of, units_of

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
SHORTEST = {"zh": 4, "en": 3}  # units of a clause
DOUBTED = 10  # texts that have an n-gram, at least, where its absence from others tells something
KIND = 0.25  # of the items, more have a value that is their kind
LATIN = re.compile(r"[a-z]{2,}")
OPENING, CLOSING = "「『“（(", "」』”）)"


@dataclass(frozen=True)
class ComposerConfig:
    """How clauses are chosen; the defaults were chosen on a tenth of AdvertiseGen's 5,000 training pairs."""

    ridge: float = 30.0
    order_weights: tuple[float, ...] = (1.0, 3.0, 6.0, 10.0)  # an n-gram of 1, 2, 3, 4 units that comes true
    again: float = 0.5  # what a repeated n-gram of 2 or more costs, as a share of what it was worth
    echo: float = 4.0  # cost of a pair of units said again, times how rare it is, 0..1
    value: float = 3.0  # for the first time that a value of the item is named
    value_again: float = 4.0  # cost of naming one again; twice that for the third time, and so on
    doubt: float = 12.0  # cost of a unit or a pair that people would hardly write for such an item
    doubtful: float = 0.35  # of its share in all texts: a forecast below is a doubt
    follows: float = 0.6  # per unit, for a clause that some text had after the one before it
    joint: float = 5.0  # per nat by which a clause's ending and the next one's beginning are associated
    lean: float = 15.0  # cost of a clause that leans on another than what some text had before it
    place: float = 0.5  # per unit, for standing where such a clause stood in its text
    noise: float = 0.08  # share by which a clause's worth is shaken, for other words from candidate to candidate
    pause: float = 8.0  # units that a cut between clauses costs: more makes for longer clauses
    familiar: float = 0.0005  # of texts must have each pair of units of a clause, beside values: rare ones are facts
    wear: float = 0.8  # per unit, times log(1 + uses): what a clause costs that texts of the same call have already
    least: float = 0.85  # of the usual length: a shorter text is judged as if it were that long
    pool: int = 200  # clauses looked at
    per_value: int = 10  # of them, at least, those that name one value
    beam: int = 6


class Clauses:
    """The clauses of one language's texts. `texts` and `prompts` (n,) belong together, the texts masked."""

    def __init__(self, config: ComposerConfig, language: str, prompts: Sequence[Prompt], texts: Sequence[str]) -> None:
        if len(prompts) != len(texts) or not texts:
            raise ValueError(f"{len(prompts)} prompts and {len(texts)} texts: clauses need one text for each prompt")
        self.config, self.language = config, language
        self.values = Values(value for prompt in prompts for value in prompt.values)
        self.grams = Grams(texts, language)
        self.worth = np.array(config.order_weights)[self.grams.orders]
        held = self.grams.rows(texts)
        self.often = np.asarray(held.sum(0)).reshape(-1)
        self.held = held.T.tocsr()  # (grams, texts)
        self.shares = self.often / len(texts)
        self.echoes = config.echo * (self.grams.orders == 1) * (1 - np.log(self.often) / np.log(len(texts) + 1))
        self.doubted = np.flatnonzero((self.grams.orders <= 1) & (self.often >= DOUBTED))
        self._regress(prompts)
        said = [
            (len(self.values.said(t)), len(self.values.foreign(t, p.values)))
            for p, t in zip(prompts, texts, strict=True)
        ]
        # Where people name mostly values that the item has not, the words are no claims: nothing is refused for them.
        self.strict = 2 * sum(foreign for _, foreign in said) <= sum(every for every, _ in said)
        self._cut(texts)
        self._name_values(prompts)
        lengths = np.array([len(units_of(text, language)) for text in texts])
        self.usual = {"": int(np.median(lengths))}
        for channel in {prompt.channel for prompt in prompts}:
            own = [prompt.channel == channel for prompt in prompts]
            self.usual[channel] = int(np.median(lengths[own]))

    def usual_length(self, prompt: Prompt) -> int:
        """Units that the prompt asks for, or else of a text of its channel: the median of what was learned from."""
        return prompt.length or self.usual.get(prompt.channel, self.usual[""])

    def _regress(self, prompts: Sequence[Prompt]) -> None:
        names = sorted({feature for prompt in prompts for feature in _features(prompt)})
        self.features = {name: code + 1 for code, name in enumerate(names)}  # column 0 is of every item
        self.told = self._told(prompts)
        gram = (self.told.T @ self.told).toarray() + self.config.ridge * np.eye(self.told.shape[1])
        gram[0, 0] -= self.config.ridge
        self.solved = np.linalg.inv(gram + 1e-9 * np.eye(len(gram)))  # (features, features)

    def _told(self, prompts: Sequence[Prompt]) -> sparse.csr_matrix:
        """(prompts, features) CSR: 1 for each feature of a prompt that is known, and in column 0."""
        rows = [[0, *sorted(self.features[name] for name in _features(p) if name in self.features)] for p in prompts]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        flat = np.array([code for row in rows for code in row], np.int64)
        return sparse.csr_matrix((np.ones(len(flat)), flat, indptr), shape=(len(rows), len(self.features) + 1))

    def forecast(self, prompt: Prompt) -> F64:
        """(grams,) how likely a person's text for this prompt has each n-gram, 0..1, times what it is worth."""
        return self.forecasts([prompt])[0]

    def forecasts(self, prompts: Sequence[Prompt]) -> F64:
        """(prompts, grams) of forecasts: the n-grams of all texts are gone through once for all of them."""
        features = np.array([self.solved[self._told([prompt]).indices].sum(0) for prompt in prompts])
        chance = np.ascontiguousarray((self.held @ (self.told @ features.T)).T)
        doubts = np.clip(self.config.doubtful - chance[:, self.doubted] / self.shares[self.doubted], 0, 1)
        worth = np.clip(chance, 0, 1) * self.worth
        worth[:, self.doubted] -= self.config.doubt * doubts
        return worth  # type: ignore[no-any-return]

    def _cut(self, texts: Sequence[str]) -> None:
        """Every clause that can stand in another text, once: where it stood, and what follows it."""
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
        self.sizes = np.array([len(units_of(clause, self.language)) for clause in self.clauses], np.int64)
        self.says = self.grams.rows(self.clauses)
        self.joints = Joints(texts, self.language)
        self.tails, self.heads = self.joints.of(self.clauses)
        whole = self.language != "zh"
        self.leans = np.zeros(len(self.clauses), bool) if whole else leans(self.clauses)
        self.sides = np.zeros((2, len(self.clauses)), bool) if whole else contraries(self.clauses)
        size, sides = len(self.clauses), np.array(sorted(pairs), np.int64).reshape(-1, 2)
        self.followed = sparse.csr_matrix((np.ones(len(sides)), (sides[:, 0], sides[:, 1])), shape=(size, size))

    def _usable(self, clause: str) -> bool:
        if PLACEHOLDER.search(clause) or SLOT.search(clause):
            return False
        if self.language == "zh":
            if any(word not in self.values.known for word in LATIN.findall(clause.lower())):
                return False  # a Latin word in Chinese copy is a brand more often than not
            if not stands(clause, self.values.known):
                return False
        unbalanced = any(clause.count(a) != clause.count(b) for a, b in zip(OPENING, CLOSING, strict=True))
        return not unbalanced and len(units_of(clause, self.language)) >= SHORTEST[self.language]

    def _name_values(self, prompts: Sequence[Prompt]) -> None:
        """Which values each clause names; the clauses that suit every item are put together once."""
        self.value_codes = {value: code for code, value in enumerate(sorted(self.values.known))}
        having = Counter(value.lower() for prompt in prompts for value in prompt.values)
        # What very many items are, as a skirt, is named again and again without being noticed.
        self.kinds = np.array([having[value] > KIND * len(prompts) for value in self.value_codes], bool)
        said = [sorted({self.value_codes[v] for v in self.values.said(clause)}) for clause in self.clauses]
        self.named = np.array([len(codes) for codes in said], np.int64)  # values of each clause
        self.naming: list[I64] = [np.zeros(0, np.int64)] * len(self.value_codes)  # clauses of each value
        rows = np.repeat(np.arange(len(said)), self.named)
        columns = np.array([code for codes in said for code in codes], np.int64)
        for code in np.unique(columns):
            self.naming[code] = rows[columns == code]
        parts = [self.values.pattern.split(clause.lower()) for clause in self.clauses]
        rarest = np.array([self.grams.rarest_pair(part, self.often) for part in parts])
        self.familiar = rarest >= self.config.familiar * len(prompts)
        self.is_plain = self.familiar & ((self.named == 0) | (not self.strict))
        self.plain = np.flatnonzero(self.is_plain)
        self.plain_says = self.says[self.plain]

    def own_values(self, prompt: Prompt) -> tuple[I64, I64]:
        """Codes of the known values that are the item's, and of those that are a part of one."""
        mine = {value.lower() for value in prompt.values}
        parts = {have[at:end] for have in mine for at in range(len(have)) for end in range(at + 1, len(have) + 1)}
        own = sorted(self.value_codes[value] for value in mine if value in self.value_codes)
        near = sorted(self.value_codes[value] for value in parts - mine if value in self.value_codes)
        return np.array(own, np.int64), np.array(near, np.int64)

    def compose(
        self, prompt: Prompt, each: int, seed: int, used: F64 | None = None, worth: F64 | None = None
    ) -> dict[str, float]:
        """Up to `each` different texts, best first, and how good `judge` finds each. The same prompt and seed give the
        same.

        `used` (clauses,) are times that each clause was used before: it is spared, and the best text's are counted in.
        `worth` is the prompt's forecast, where it is known already.
        """
        if not self.clauses:
            return {}
        used = np.zeros(len(self.clauses)) if used is None else used
        worth = self.forecast(prompt) if worth is None else worth
        own, near = self.own_values(prompt)
        codes, names = self._allowed(own, near, against(prompt.values))
        worn = self.config.wear * np.log1p(used[codes]) * self.sizes[codes]
        gain = self._said_worth(codes, worth) + self.config.value * np.minimum(names.sum(1), 2) - worn
        rate = np.round(gain / (self.sizes[codes] + self.config.pause), 9)
        lot = np.random.default_rng(zlib.crc32(repr((prompt, seed)).encode()))
        shaken = [1 + self.config.noise * lot.standard_normal(len(codes)).clip(-2, 2) for _ in range(each)]
        pool, places = self._pool(codes, names, own, worth, worn, [(rate, factor) for factor in shaken])
        found: dict[str, float] = {}
        parts: dict[str, I64] = {}
        for order in best_orders(pool, self.usual_length(prompt), SHORTEST[self.language], self.config):
            text = self._joined(codes[places[order]]) if order else ""
            if text and text not in found:
                found[text], parts[text] = self.judge(prompt, text, worth), codes[places[order]]
        best = sorted(found, key=lambda text: round(-found[text], 9))
        if best:
            used[parts[best[0]]] += 1
        return {text: found[text] for text in best}

    def _allowed(self, own: I64, near: I64, opposite: Sequence[int]) -> tuple[I64, F64]:
        """Clauses (n,) that may be said of an item, ascending, and (n, own) which of its values each names."""
        size = len(self.clauses)
        naming = [self.naming[code] for code in (*own, *near)]
        said = np.bincount(np.concatenate([np.zeros(0, np.int64), *naming]), minlength=size)
        mine = np.zeros(size, bool)
        for code in own:
            mine[self.naming[code]] = True
        may = (said == self.named) | (not self.strict)
        for side in opposite:
            may = may & ~self.sides[side]
        codes = np.flatnonzero(may & (self.familiar | (mine & (not self.strict))))
        place = np.full(size, len(codes))  # the last row is for those that may not be said
        place[codes] = np.arange(len(codes))
        names = np.zeros((len(codes) + 1, len(own)))
        for column, code in enumerate(own):
            names[place[self.naming[code]], column] = 1.0
        return codes, names[:-1]

    def _said_worth(self, codes: I64, worth: F64) -> F64:
        """(n,) what the n-grams of each clause are worth."""
        out = np.zeros(len(self.clauses))
        out[self.plain] = self.plain_says @ worth
        others = codes[~self.is_plain[codes]]
        out[others] = self.says[others] @ worth
        return out[codes]

    def _pool(
        self, codes: I64, names: F64, own: I64, worth: F64, worn: F64, rates: Sequence[tuple[F64, F64]]
    ) -> tuple[Pool, I64]:
        """The best clauses for each of some searches, and the best that name each value of the item, with only their
        own n-grams; and their places among `codes`. Of a search, what its clauses are worth a unit, and its factor.
        """
        naming = [np.flatnonzero(column) for column in names.T]
        chosen = np.zeros((len(rates), len(codes)), bool)
        for row, (rate, factor) in zip(chosen, rates, strict=True):
            shaken = rate * factor
            row[_best(shaken, self.config.pool)] = True
            for some in naming:
                row[some[_best(shaken[some], self.config.per_value)]] = True
        places = np.flatnonzero(chosen.any(0))
        codes = codes[places]
        says, columns = self._own_grams(codes)
        worth, orders = worth[columns], self.grams.orders[columns]
        fresh, again = np.maximum(worth, 0), self.config.again * (orders > 0)
        sizes, leans = self.sizes[codes], self.config.lean * self.leans[codes]
        tails, heads = self.tails[codes], self.heads[codes]
        pool = Pool(
            says=says,
            worth=worth,
            spent=worth - fresh - again * fresh - self.echoes[columns],
            names=names[places],
            again=self.config.value_again * ~self.kinds[own],
            sizes=sizes,
            shaken=np.array([factor[places] for _, factor in rates]),
            cost=np.where(chosen[:, places], worn[places], np.inf),
            places=self.places[codes],
            first=self.config.place * self.opens[codes] * sizes + self.config.joint * self.joints.starts(heads) - leans,
            last=self.config.joint * self.joints.ends(tails),
            joints=self.config.joint * self.joints.table[tails[:, None], heads] - leans,
        )
        met, after = self._attested(codes)
        pool.joints[met, after] += (self.config.follows * sizes + leans)[after]
        return pool, places

    def _own_grams(self, codes: I64) -> tuple[sparse.csr_matrix, I64]:
        """(n, those n-grams) of clauses, and which n-grams those are that any of them has."""
        says = self.says[codes]
        there = np.zeros(len(self.grams), bool)
        there[says.indices] = True
        columns = np.flatnonzero(there)
        place = np.zeros(len(self.grams), np.int32)
        place[columns] = np.arange(len(columns))
        return sparse.csr_matrix(
            (says.data, place[says.indices], says.indptr), shape=(len(codes), len(columns))
        ), columns

    def _attested(self, codes: I64) -> tuple[I64, I64]:
        """Places in `codes` of clauses, and of such as some text has right after them."""
        place = np.full(len(self.clauses), -1)
        place[codes] = np.arange(len(codes))
        after = self.followed[codes]
        rows, columns = np.repeat(np.arange(len(codes)), np.diff(after.indptr)), place[after.indices]
        return rows[columns >= 0], columns[columns >= 0]

    def _joined(self, codes: I64) -> str:
        gap = " " if self.language == "en" else ""
        text = gap.join(self.clauses[code] for code in codes)
        if self.language != "zh":
            return text
        text = text.translate(SIGNS)
        return text if text[-1] in "。！？…" else text.rstrip("，、；：") + "。"

    def judge(self, prompt: Prompt, text: str, worth: F64 | None = None) -> float:
        """What of the forecast comes true in `text`, per unit of it, and named values: higher is better.

        A text that is shorter or longer than usual is judged over the usual length, or its own.
        """
        worth = self.forecast(prompt) if worth is None else worth
        low = text.lower()
        named = sum(value.lower() in low for value in prompt.values)
        size = max(len(units_of(text, self.language)), self.usual_length(prompt))
        return float((worth[self.grams.of(text)].sum() + self.config.value * named) / (size + 10))


def _features(prompt: Prompt) -> set[str]:
    pairs = {f"{name}={value}".lower() for name, value in prompt.attributes}
    return pairs | {
        f"{kind}:{getattr(prompt, kind)}" for kind in ("strategy", "style", "channel") if getattr(prompt, kind)
    }


def _best(rate: F64, most: int) -> I64:
    """Places of the `most` highest, ascending; of equals the first."""
    if len(rate) <= most:
        return np.arange(len(rate))
    edge = np.partition(rate, len(rate) - most)[len(rate) - most]
    above = np.flatnonzero(rate > edge)
    return np.sort(np.r_[above, np.flatnonzero(rate == edge)[: most - len(above)]])
