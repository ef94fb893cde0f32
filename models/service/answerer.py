"""The answerer: which known answer a customer's question asks for, with a chance, and from which chance on to answer.

Logistic regression on n-grams and recurrent dual encoders score every answer. The encoders are kept only where they
make the blend better on held-out wordings. Evidence for the best answer becomes a chance on the same wordings, and a
lower confidence bound of precision gives the threshold. With few wordings (20 answers of one wording each will do) the
nearest wording decides alone, and the chance and the threshold are a cautious prior, measured on CLINC150.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.on_step import OnStep
from models.service.calibration import Chance, fit_chance, folded_chances, threshold_for
from models.service.evidence import I64, Index, Scores, evidence_of
from models.service.logistic import Logistic, fit_logistic
from models.service.networks import NetworkConfig
from models.service.ngrams import NGrams
from models.service.reader_training import AnswerNetwork
from models.service.stored_index import load_index, save_index

Bools = NDArray[np.bool_]
SHARES = (0.0, 0.2, 0.35, 0.5)  # of the network in the blend, that the held-out wordings choose among
FOLDS = 5
# Fitted on 24 draws from CLINC150's train: 20 to 60 answers with 1 to 3 wordings each, asked by val, a fifth of the
# questions having no answer. From .93 on, the lower bound of precision was .95. Its evidence is the last two columns.
PRIOR = Chance(np.array([0.425, 0.160]), np.array([0.147, 0.147]), np.array([1.07, 0.93]), 0.50)
PRIOR_THRESHOLD = 0.93
OF_PRIOR = slice(4, 6)


@dataclass(frozen=True)
class AnswererConfig:
    """Settings of one fit."""

    precision: float = field(default=0.95, metadata={"doc": "of the answers given", "above": 0, "below": 1})
    confidence: float = field(default=0.95, metadata={"doc": "that precision is as asked", "above": 0.5, "below": 1})
    outside_share: float = field(
        default=0.2, metadata={"doc": "of a day's questions that no answer fits", "least": 0, "below": 1}
    )
    held_out: float = field(default=0.15, metadata={"doc": "share of the wordings", "above": 0, "below": 1})
    least_held_out: int = field(
        default=100, metadata={"doc": "held-out wordings, or the cautious prior decides", "least": 20}
    )
    ridge: float = field(default=1e-5, metadata={"above": 0})
    iterations: int = field(default=30, metadata={"doc": "of L-BFGS", "least": 1})
    encoders: int = field(
        default=2, metadata={"doc": "recurrent encoders, whose cosines are averaged; 0: none is tried", "least": 0}
    )
    network: NetworkConfig = field(default_factory=lambda: NetworkConfig(epochs=12, batch=128, dropout=0.35))
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)


class Suggestion(NamedTuple):
    """An answer and the chance that the question asks for it."""

    answer: str
    chance: float


class Wordings(NamedTuple):
    """Wordings (n,), each with the id of its answer (n,), and questions (m,) that no answer fits."""

    texts: Sequence[str]
    answers: Sequence[str]
    outside: Sequence[str] = ()


@dataclass(frozen=True)
class Answerer:
    """What `fit` learned. `names` (V,) of the answers; `threshold`: answer where the chance is at least that high.

    `report`: figures of the hold-out; `wordings` of it is 0 where the prior decides.
    """

    config: AnswererConfig
    names: NDArray[np.str_]
    index: Index = field(repr=False)
    chance: Chance
    threshold: float
    report: dict[str, float]

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        answers: Sequence[str],
        config: AnswererConfig,
        outside: Sequence[str] = (),
        start: Answerer | None = None,
        held_out: Wordings | None = None,
        on_step: OnStep | None = None,
    ) -> Answerer:
        """From wordings (n,) and the id of the answer that each asks for (n,); `outside` has questions that none fits.

        Learning begins from `start`, where it has the same grams, tokens and answers. `held_out` has the wordings to
        choose and calibrate on; by default a share of each answer's own. `on_step` hears of the encoders' epochs.
        Raises ValueError where there is no wording, or not one answer for each.
        """
        if len(texts) != len(answers) or not len(texts):
            raise ValueError(f"{len(texts)} wordings and {len(answers)} answers; give one answer for each wording")
        names, codes = np.unique(np.asarray(answers, np.str_), return_inverse=True)
        everything = _Rows([*texts, *outside], np.append(codes, np.full(len(outside), -1)))
        learn, judge = _split(everything, config) if held_out is None else (everything, _Rows.coded(held_out, names))
        if (judge.codes >= 0).sum() < config.least_held_out or len(names) < 2:
            grams = NGrams.of(texts)
            return cls(config, names, Index(grams, grams.weigh(texts), codes, len(names)), PRIOR, PRIOR_THRESHOLD,
                       {"wordings": 0.0})  # fmt: skip
        index = _learn(learn, names, config, start, on_step)
        index, scores, report = _choose_share(index, judge)
        chance, threshold, more = _calibrate(scores, judge, config)
        if held_out is None:  # the n-grams then learn from all; the wordings held out are found as well
            index = _relearn(index, everything, config)
        return cls(config, names, index, chance, threshold, report | more)

    def suggest(self, questions: Sequence[str], k: int = 3) -> list[list[Suggestion]]:
        """The k likeliest answers of each question, best first; fewer where there are fewer answers.

        Raises ValueError if k is below 1.
        """
        if k < 1:
            raise ValueError(f"k is {k}; ask for at least one answer")
        if not len(questions):
            return []
        scores = self.index.scores(list(questions))
        best = self.chances(scores)
        relative = softmax(scores.blend, axis=1)
        order = np.argsort(-scores.blend, axis=1, kind="stable")[:, :k]
        found = []
        for row, codes in enumerate(order):
            others = best[row] * relative[row, codes] / relative[row, codes[0]]  # as the blend sees them
            left = np.append(best[row], np.minimum(others[1:], 1 - best[row]))
            found.append([Suggestion(str(self.names[c]), float(p)) for c, p in zip(codes, left, strict=True)])
        return found

    def chances(self, scores: Scores) -> NDArray[np.float64]:
        """Chance (n,) that each question's best answer is the one it asks for; 0 where it has no known gram."""
        evidence = evidence_of(scores)
        known = scores.nearest.max(axis=1) > 0
        chance = self.chance.of(evidence if self.report["wordings"] else evidence[:, OF_PRIOR])
        return np.where(known, chance, 0.0)

    def save(self, folder: str | Path) -> None:
        """Writes the index, and manifest.json with the chance, the threshold and the report, into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_index(self.index, folder)
        chance = [np.asarray(part).tolist() for part in self.chance]
        facts = {"chance": chance, "threshold": self.threshold, "report": self.report, "names": self.names.tolist()}
        write_manifest(folder, "answerer", self.config, **facts)

    @classmethod
    def load(cls, folder: str | Path, config: AnswererConfig | None = None) -> Answerer:
        """What `save` wrote. With `config`, one fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, AnswererConfig, config, _renamed)
        middle, spread, weights, constant = manifest["chance"]
        chance = Chance(np.array(middle), np.array(spread), np.array(weights), constant)
        names = np.array(manifest["names"], np.str_)
        index = load_index(folder, saved.network)
        return cls(saved, names, index, chance, manifest["threshold"], manifest["report"])


def _renamed(settings: dict[str, Any]) -> dict[str, Any]:
    """Of an answerer with one encoder or none, saved before there could be several."""
    if "encoder" not in settings:
        return settings
    return {name: value for name, value in settings.items() if name != "encoder"} | {
        "encoders": int(settings["encoder"])
    }


@dataclass(frozen=True)
class _Rows:
    """Texts (n,) and the codes of their answers (n,), -1 where none fits."""

    texts: list[str]
    codes: I64

    @classmethod
    def coded(cls, wordings: Wordings, names: NDArray[np.str_]) -> _Rows:
        """With -2 for an answer that `names` lacks: whatever is answered is wrong, though there would be an answer."""
        code_of = {name: at for at, name in enumerate(names.tolist())}
        codes = [code_of.get(answer, -2) for answer in wordings.answers]
        return cls([*wordings.texts, *wordings.outside], np.array([*codes, *[-1] * len(wordings.outside)], np.int64))

    def take(self, which: Bools) -> _Rows:
        return _Rows([self.texts[at] for at in np.flatnonzero(which)], self.codes[which])


def _split(rows: _Rows, config: AnswererConfig) -> tuple[_Rows, _Rows]:
    """(to learn from, to judge by): an answer's first wording is always learned; half of the outside ones judge."""
    rng = np.random.default_rng(config.seed)
    judge = rng.random(len(rows.codes)) < np.where(rows.codes < 0, 0.5, config.held_out)
    _, first = np.unique(rows.codes, return_index=True)
    judge[first] = False
    return rows.take(~judge), rows.take(judge)


def _learn(
    rows: _Rows, names: NDArray[np.str_], config: AnswererConfig, start: Answerer | None, on_step: OnStep | None
) -> Index:
    grams, answers = NGrams.of(rows.texts), len(names)
    weighed, inside = grams.weigh(rows.texts), rows.codes >= 0
    begin = _begin(start, grams, names) if start is not None else None
    logistic = fit_logistic(weighed, rows.codes, answers, config.ridge, config.iterations, begin)
    network = None
    if config.encoders:
        before = start.index.network if start is not None else None
        network = AnswerNetwork.fit(config.network, config.encoders, rows.texts, rows.codes, answers, before, on_step)
    return Index(grams, weighed[inside], rows.codes[inside], answers, logistic, network)


def _relearn(index: Index, rows: _Rows, config: AnswererConfig) -> Index:
    weighed, inside = index.grams.weigh(rows.texts), rows.codes >= 0
    start = index.logistic
    logistic = fit_logistic(weighed, rows.codes, index.answers, config.ridge, config.iterations // 2 + 1, start)
    return Index(index.grams, weighed[inside], rows.codes[inside], index.answers, logistic, index.network, index.share)


def _begin(start: Answerer, grams: NGrams, names: NDArray[np.str_]) -> Logistic | None:
    """An earlier regression's weights under the new grams and answers; 0 where it has none."""
    earlier = start.index.logistic
    if earlier is None:
        return None
    weights = np.zeros((len(grams.grams), len(names)), np.float32)
    constants = np.full(len(names), -np.log(max(len(names), 2)), np.float32)
    _, old_grams, new_grams = np.intersect1d(start.index.grams.grams, grams.grams, return_indices=True)
    _, old_names, new_names = np.intersect1d(start.names, names, return_indices=True)
    weights[np.ix_(new_grams, new_names)] = earlier.weights[np.ix_(old_grams, old_names)]
    constants[new_names] = earlier.constants[old_names]
    return Logistic(weights, constants)


def _choose_share(index: Index, judge: _Rows) -> tuple[Index, Scores, dict[str, float]]:
    """The index with the network's share that is right most often on held-out wordings, the least of equal ones."""
    inside = judge.codes >= 0
    tried = [index.with_share(share) for share in (SHARES if index.network is not None else SHARES[:1])]
    scores = [each.scores(judge.texts) for each in tried]
    right = [float((each.blend.argmax(axis=1) == judge.codes)[inside].mean()) for each in scores]
    best = int(np.argmax(right))
    facts = {"accuracy": right[best], "accuracy_ngrams": right[0], "network_share": tried[best].share}
    return tried[best], scores[best], facts | {"wordings": float(inside.sum())}


def _calibrate(scores: Scores, judge: _Rows, config: AnswererConfig) -> tuple[Chance, float, dict[str, float]]:
    """(chance, threshold, figures): the threshold by chances of fits that have not seen the row."""
    evidence, right = evidence_of(scores), scores.blend.argmax(axis=1) == judge.codes
    weights = _row_weights(judge.codes == -1, config.outside_share)
    chances = folded_chances(evidence, right, weights, FOLDS, config.seed)
    threshold = threshold_for(chances, right, weights, config.precision, config.confidence)
    if not (judge.codes == -1).any():  # nothing shows how questions without an answer look
        threshold = max(threshold or 1.0, PRIOR_THRESHOLD)
    threshold = 1.0 if threshold is None else threshold
    given = chances >= threshold
    share, mass = float(weights @ given / weights.sum()), float(weights @ given)
    facts = {"share_answered": share, "precision": float(weights @ (given & right)) / mass if mass else 0.0}
    return fit_chance(evidence, right, weights), threshold, facts | {"outside": float((judge.codes == -1).sum())}


def _row_weights(outside: Bools, share: float) -> NDArray[np.float64]:
    """1 for a wording; questions that no answer fits together make `share` of the mass, or what they are if more."""
    n, inside = int(outside.sum()), int((~outside).sum())
    each = max(1.0, share / (1 - share) * inside / n) if n else 1.0
    return np.where(outside, each, 1.0)
