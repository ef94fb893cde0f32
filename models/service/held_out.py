"""What held-out wordings decide: how much each part of the answerer counts, and what a chance is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.on_step import OnStep
from models.service.answerer_config import AnswererConfig
from models.service.calibration import F64, PRIOR_THRESHOLD, Chance, fit_chance, folded_chances, threshold_for
from models.service.evidence import I64, Index, Scores, evidence_of
from models.service.reader_training import AnswerNetwork
from models.service.reranker import LEAST_PAIRS, Reranker, WordingPairs

Bools = NDArray[np.bool_]
SHARES = (0.0, 0.2, 0.35, 0.5)  # of the network in the blend, that the held-out wordings choose among
WEIGHTS = (0.1, 0.2, 0.4, 0.8)  # of the matcher's log-odds beside the blend's log-chances; or there is no matcher
FOLDS = 5


class Wordings(NamedTuple):
    """Wordings (n,), each with the id of its answer (n,), and questions (m,) that no answer fits."""

    texts: Sequence[str]
    answers: Sequence[str]
    outside: Sequence[str] = ()


@dataclass(frozen=True)
class Rows:
    """Texts (n,) and the codes of their answers (n,), -1 where none fits."""

    texts: list[str]
    codes: I64

    @classmethod
    def coded(cls, wordings: Wordings, names: NDArray[np.str_]) -> Rows:
        """With -2 for an answer that `names` lacks: whatever is answered is wrong, though there would be an answer."""
        code_of = {name: at for at, name in enumerate(names.tolist())}
        codes = [code_of.get(answer, -2) for answer in wordings.answers]
        return cls([*wordings.texts, *wordings.outside], np.array([*codes, *[-1] * len(wordings.outside)], np.int64))

    def take(self, which: Bools) -> Rows:
        return Rows([self.texts[at] for at in np.flatnonzero(which)], self.codes[which])


def split(rows: Rows, config: AnswererConfig) -> tuple[Rows, Rows]:
    """(to learn from, to judge by): an answer's first wording is always learned; half of the outside ones judge."""
    rng = np.random.default_rng(config.seed)
    judge = rng.random(len(rows.codes)) < np.where(rows.codes < 0, 0.5, config.held_out)
    _, first = np.unique(rows.codes, return_index=True)
    judge[first] = False
    return rows.take(~judge), rows.take(judge)


def choose_share(index: Index, judge: Rows) -> tuple[Index, Scores, dict[str, float]]:
    """The index with the network's share that is right most often on held-out wordings, the least of equal ones."""
    inside = judge.codes >= 0
    tried = [index.with_share(share) for share in (SHARES if index.network is not None else SHARES[:1])]
    scores = [each.scores(judge.texts) for each in tried]
    right = [float((each.blend.argmax(axis=1) == judge.codes)[inside].mean()) for each in scores]
    best = int(np.argmax(right))
    facts = {"accuracy": right[best], "accuracy_ngrams": right[0], "network_share": tried[best].share}
    return tried[best], scores[best], facts | {"wordings": float(inside.sum())}


def choose_matcher(
    index: Index,
    scores: Scores,
    learn: Rows,
    judge: Rows,
    config: AnswererConfig,
    earlier: Reranker | None,
    on_step: OnStep | None,
) -> tuple[Index, Scores, dict[str, float]]:
    """The index with a matcher of the weight that is right most often on held-out wordings; with none where each is
    right less often, or its chances are worse, than without."""
    pairs = WordingPairs.of(learn.texts, learn.codes, index.grams.weigh(learn.texts), config.matcher_pairs, config.seed)
    if not config.compared or len(pairs.same) < LEAST_PAIRS:
        return index, scores, {"matcher_weight": 0.0}
    texts = learn.take(learn.codes >= 0).texts
    network = replace(config.network, epochs=config.matcher_epochs)
    beside = index.network if isinstance(index.network, AnswerNetwork) else None
    matcher = Reranker.fit(network, config.compared, pairs, texts, earlier, beside, on_step)
    compared = index.compared(matcher, judge.texts, scores.blend)
    kept, best = index, scores
    without = figures = _judged(scores, judge, config)
    for weight in WEIGHTS:
        blend, match = matcher.of_weight(weight).rerank(scores.blend, compared)
        tried = scores._replace(blend=blend, match=match)
        found = _judged(tried, judge, config)
        if min(np.subtract(found, without)) >= 0 and found > figures:
            kept, best, figures = index.with_reranker(matcher.of_weight(weight)), tried, found
    weight = kept.reranker.weight if kept.reranker is not None else 0.0
    facts = {"matcher_weight": weight, "accuracy": figures[0], "accuracy_without_matcher": without[0]}
    return kept, best, facts | {"log_chance": figures[1], "log_chance_without_matcher": without[1]}


def _judged(scores: Scores, judge: Rows, config: AnswererConfig) -> tuple[float, float]:
    """(share of held-out wordings whose best answer is right, mean log-chance given to what was so)."""
    chances, right, weights = _folded(scores, judge, config)
    said = np.log(np.clip(np.where(right, chances, 1 - chances), 1e-6, None))
    return float(right[judge.codes >= 0].mean()), float(weights @ said / weights.sum())


def _folded(scores: Scores, judge: Rows, config: AnswererConfig) -> tuple[F64, Bools, F64]:
    """(chances (n,) of fits that have not seen the row, whether the best answer is right (n,), weights (n,))."""
    right = scores.blend.argmax(axis=1) == judge.codes
    weights = _row_weights(judge.codes == -1, config.outside_share)
    return folded_chances(evidence_of(scores), right, weights, FOLDS, config.seed), right, weights


def calibrate(scores: Scores, judge: Rows, config: AnswererConfig) -> tuple[Chance, float, dict[str, float]]:
    """(chance, threshold, figures): the threshold by chances of fits that have not seen the row."""
    chances, right, weights = _folded(scores, judge, config)
    threshold = threshold_for(chances, right, weights, config.precision, config.confidence)
    if not (judge.codes == -1).any():  # nothing shows how questions without an answer look
        threshold = max(threshold or 1.0, PRIOR_THRESHOLD)
    threshold = 1.0 if threshold is None else threshold
    given = chances >= threshold
    share, mass = float(weights @ given / weights.sum()), float(weights @ given)
    facts = {"share_answered": share, "precision": float(weights @ (given & right)) / mass if mass else 0.0}
    return (
        fit_chance(evidence_of(scores), right, weights),
        threshold,
        facts | {"outside": float((judge.codes == -1).sum())},
    )


def _row_weights(outside: Bools, share: float) -> F64:
    """1 for a wording; questions that no answer fits together make `share` of the mass, or what they are if more."""
    n, inside = int(outside.sum()), int((~outside).sum())
    each = max(1.0, share / (1 - share) * inside / n) if n else 1.0
    return np.where(outside, each, 1.0)
