"""The answerer: which known answer a customer's question asks for, with a chance, and from which chance on to answer.

Logistic regression on n-grams and recurrent dual encoders score every answer; a recurrent matcher reranks the likeliest
ones. Encoders and matcher are kept only where held-out wordings are answered no worse with them. Evidence for the best
answer becomes a chance on the same wordings, and a lower confidence bound of precision gives the threshold. With few
wordings (20 answers of one wording each will do) the nearest wording decides alone, and the chance and the threshold
are a cautious prior, measured on CLINC150.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from models.core.manifest import read_manifest, write_manifest
from models.core.on_step import OnStep
from models.service.answerer_config import AnswererConfig
from models.service.calibration import F64, OF_PRIOR, PRIOR, PRIOR_THRESHOLD, Chance
from models.service.evidence import Index, Scores, evidence_of
from models.service.held_out import Rows, Wordings, calibrate, choose_matcher, choose_share, split
from models.service.logistic import Logistic, fit_logistic
from models.service.ngrams import NGrams
from models.service.reader_training import AnswerNetwork
from models.service.sentence_encoder import SentenceEncoder
from models.service.sentence_network import SentenceNetwork
from models.service.stored_index import load_index, save_index


class Suggestion(NamedTuple):
    """An answer and the chance that the question asks for it."""

    answer: str
    chance: float


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
        everything = Rows([*texts, *outside], np.append(codes, np.full(len(outside), -1)))
        learn, judge = split(everything, config) if held_out is None else (everything, Rows.coded(held_out, names))
        if (judge.codes >= 0).sum() < config.least_held_out or len(names) < 2:
            grams = NGrams.of(texts)
            return cls(config, names, Index(grams, grams.weigh(texts), codes, len(names)), PRIOR, PRIOR_THRESHOLD,
                       {"wordings": 0.0})  # fmt: skip
        index = _learn(learn, names, config, start, on_step)
        index, scores, report = choose_share(index, judge)
        earlier = start.index.reranker if start is not None else None
        index, scores, of_matcher = choose_matcher(index, scores, learn, judge, config, earlier, on_step)
        report |= of_matcher
        chance, threshold, more = calibrate(scores, judge, config)
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

    def chances(self, scores: Scores) -> F64:
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


def _learn(
    rows: Rows, names: NDArray[np.str_], config: AnswererConfig, start: Answerer | None, on_step: OnStep | None
) -> Index:
    grams, answers = NGrams.of(rows.texts), len(names)
    weighed, inside = grams.weigh(rows.texts), rows.codes >= 0
    begin = _begin(start, grams, names) if start is not None else None
    logistic = fit_logistic(weighed, rows.codes, answers, config.ridge, config.iterations, begin)
    network: AnswerNetwork | SentenceNetwork | None = None
    if config.sentence_encoder:
        encoder = SentenceEncoder(config.sentence_encoder)
        network = SentenceNetwork.fit(config.network, encoder, rows.texts, rows.codes, answers, on_step)
    elif config.encoders:
        earlier = start.index.network if start is not None else None
        before = earlier if isinstance(earlier, AnswerNetwork) else None
        network = AnswerNetwork.fit(config.network, config.encoders, rows.texts, rows.codes, answers, before, on_step)
    return Index(grams, weighed[inside], rows.codes[inside], answers, logistic, network)


def _relearn(index: Index, rows: Rows, config: AnswererConfig) -> Index:
    weighed, inside = index.grams.weigh(rows.texts), rows.codes >= 0
    start = index.logistic
    logistic = fit_logistic(weighed, rows.codes, index.answers, config.ridge, config.iterations // 2 + 1, start)
    matcher = index.reranker
    if matcher is not None:
        matcher = replace(matcher, texts=rows.take(inside).texts)
    return replace(index, wordings=weighed[inside], codes=rows.codes[inside], logistic=logistic, reranker=matcher)


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
