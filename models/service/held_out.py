"""What held-out wordings decide: how much each part of the answerer counts, and how evidence becomes a chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.service.answerer_config import AnswererConfig
from models.service.calibration import F64, PRIOR_THRESHOLD, Chance, fit_chance, folded_chances, threshold_for
from models.service.evidence import I64, Index, Scores, evidence_of
from models.service.reranker import Reranker

Bools = NDArray[np.bool_]
SHARES = (0.0, 0.2, 0.35, 0.5)  # shares of the network in the blend; the held-out wordings choose one
WEIGHTS = (0.1, 0.2, 0.4, 0.8)  # weights of the matcher's log-odds beside the blend's log-chances; or no matcher
FOLDS = 5
EVEN = 0.5  # an answer that is likelier wrong than right is not given, however sure the others are


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
        """The code is -2 for an answer that `names` lacks: any answer given is wrong, although a right one exists."""
        code_of = {name: code for code, name in enumerate(names.tolist())}
        codes = [code_of.get(answer, -2) for answer in wordings.answers]
        return cls([*wordings.texts, *wordings.outside], np.array([*codes, *[-1] * len(wordings.outside)], np.int64))

    def take(self, chosen: Bools) -> Rows:
        return Rows([self.texts[row] for row in np.flatnonzero(chosen)], self.codes[chosen])


def parts_of(rows: Rows, config: AnswererConfig, asked: Bools) -> list[tuple[Rows, Rows]]:
    """(training rows, held-out rows) of each part: one part or, with few wordings, folds that hold out each row once.

    asked (m,): whether each of the first m rows may be held out; of the other rows, those that no answer fits may. A
    text is held out on every night or on none, whatever the other texts are. So networks that start from an earlier
    night's have not learned what judges them. At least one wording of each answer is always learned.
    """
    drawn = np.array([crc32(f"{config.seed} {text}".encode("utf-8", "surrogatepass")) / 2**32 for text in rows.texts])
    inside = rows.codes >= 0
    may_hold_out = np.append(asked, ~inside[len(asked) :])
    order = np.lexsort((-np.where(may_hold_out, drawn, 2), rows.codes))
    _, first = np.unique(rows.codes[order], return_index=True)
    may_hold_out[order[first]] &= ~inside[order[first]]
    is_judged = (drawn < np.where(inside, config.held_out, 0.5)) & may_hold_out
    if inside.sum() >= config.few and (is_judged & inside).sum() >= config.least_held_out:
        return [(rows.take(~is_judged), rows.take(is_judged))]
    fold = (drawn * FOLDS).astype(np.int64)
    return [
        (rows.take((fold != number) | ~may_hold_out), rows.take((fold == number) & may_hold_out))
        for number in range(FOLDS)
    ]


def stacked(scores: Sequence[Scores]) -> Scores:
    """The scores of several parts as one, without a matcher."""
    outside = [part.outside for part in scores if part.outside is not None]
    together = np.concatenate(outside) if len(outside) == len(scores) else None
    blend, odds, nearest = (np.concatenate([part[column] for part in scores]) for column in range(3))
    return Scores(blend, odds, nearest, together)


def accuracy_of(scores: Scores, codes: I64) -> float:
    """Share of the rows with an answer (codes (n,) of 0 or more) whose best answer is the right one."""
    return float((scores.blend.argmax(axis=1) == codes)[codes >= 0].mean())


def choose_share(index: Index, judge: Rows) -> tuple[Index, Scores, dict[str, float]]:
    """The index with the network's share that is right most often on held-out wordings; of equal shares the least."""
    tried = [index.with_share(share) for share in (SHARES if index.network is not None else SHARES[:1])]
    scores = [candidate.scores(judge.texts) for candidate in tried]
    right = [accuracy_of(candidate, judge.codes) for candidate in scores]
    best = int(np.argmax(right))
    facts = {"accuracy": right[best], "accuracy_ngrams": right[0], "network_share": tried[best].share}
    return tried[best], scores[best], facts | {"wordings": float((judge.codes >= 0).sum())}


def choose_weight(
    index: Index, matcher: Reranker, scores: Scores, judge: Rows, config: AnswererConfig
) -> tuple[Index, Scores, dict[str, float]]:
    """The index with the matcher, at the weight that is right most often on held-out wordings.

    Without the matcher if every weight makes answers right less often, or chances worse. scores: those without it.
    """
    compared = index.compared(matcher, judge.texts, scores.blend)
    weight, best = 0.0, scores
    without = figures = _judged(scores, judge.codes, config)
    for tried_weight in WEIGHTS:
        blend, match = matcher.of_weight(tried_weight).rerank(scores.blend, compared)
        tried = scores._replace(blend=blend, match=match)
        tried_figures = _judged(tried, judge.codes, config)
        if min(np.subtract(tried_figures, without)) >= 0 and tried_figures > figures:
            weight, best, figures = tried_weight, tried, tried_figures
    facts = {"matcher_weight": weight, "accuracy": figures[0], "accuracy_without_matcher": without[0]}
    facts |= {"log_chance": figures[1], "log_chance_without_matcher": without[1]}
    return index.with_reranker(matcher.of_weight(weight) if weight else None), best, facts


def _judged(scores: Scores, codes: I64, config: AnswererConfig) -> tuple[float, float]:
    """(share of held-out wordings whose best answer is right, mean log-chance of what turned out true)."""
    chances, right, weights = _folded(scores, codes, config)
    log_chances = np.log(np.clip(np.where(right, chances, 1 - chances), 1e-6, None))
    return accuracy_of(scores, codes), float(weights @ log_chances / weights.sum())


def _folded(scores: Scores, codes: I64, config: AnswererConfig) -> tuple[F64, Bools, F64]:
    """(chances (n,) of fits that have not seen the row, whether the best answer is right (n,), weights (n,))."""
    right = scores.blend.argmax(axis=1) == codes
    weights = _row_weights(codes == -1, config.outside_share)
    return folded_chances(evidence_of(scores), right, weights, FOLDS, config.seed), right, weights


def calibrate(scores: Scores, codes: I64, config: AnswererConfig) -> tuple[Chance, float, dict[str, float]]:
    """(chance, threshold, figures); the threshold comes from chances of fits that have not seen the row."""
    chances, right, weights = _folded(scores, codes, config)
    threshold = threshold_for(chances, right, weights, config.precision, config.confidence)
    if not (codes == -1).any():  # no example shows what questions without an answer look like
        threshold = max(threshold or 1.0, PRIOR_THRESHOLD)
    threshold = 1.0 if threshold is None else max(threshold, EVEN)
    is_answered = chances >= threshold
    share, mass = float(weights @ is_answered / weights.sum()), float(weights @ is_answered)
    facts = {"share_answered": share, "precision": float(weights @ (is_answered & right)) / mass if mass else 0.0}
    return (
        fit_chance(evidence_of(scores), right, weights),
        threshold,
        facts | {"outside": float((codes == -1).sum())},
    )


def _row_weights(outside: Bools, share: float) -> F64:
    """1 for a wording; questions that no answer fits make up `share` of the mass, or their own part if that is more."""
    n, inside = int(outside.sum()), int((~outside).sum())
    outside_weight = max(1.0, share / (1 - share) * inside / n) if n else 1.0
    return np.where(outside, outside_weight, 1.0)
