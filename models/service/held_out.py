"""What held-out wordings decide: how much each part of the answerer counts, and what a chance is worth."""

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
SHARES = (0.0, 0.2, 0.35, 0.5)  # of the network in the blend, that the held-out wordings choose among
WEIGHTS = (0.1, 0.2, 0.4, 0.8)  # of the matcher's log-odds beside the blend's log-chances; or there is no matcher
FOLDS = 5
EVEN = 0.5  # what is likelier wrong than right is not answered, however sure all else is


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


def parts_of(rows: Rows, config: AnswererConfig, asked: Bools) -> list[tuple[Rows, Rows]]:
    """(to learn from, to judge by) of each part: a share is held out or, of few wordings, each one once, in folds.

    asked (m,): of the first m rows, which may be held out; of the others those that no answer fits may. A text is held
    out on every night or on none, whatever stands beside it, so that networks which begin from an earlier night's have
    not learned what they are judged by. At least one wording of each answer is always learned.
    """
    drawn = np.array([crc32(f"{config.seed} {text}".encode("utf-8", "surrogatepass")) / 2**32 for text in rows.texts])
    inside = rows.codes >= 0
    may = np.append(asked, ~inside[len(asked) :])
    order = np.lexsort((-np.where(may, drawn, 2), rows.codes))
    _, first = np.unique(rows.codes[order], return_index=True)
    may[order[first]] &= ~inside[order[first]]
    judge = (drawn < np.where(inside, config.held_out, 0.5)) & may
    if inside.sum() >= config.few and (judge & inside).sum() >= config.least_held_out:
        return [(rows.take(~judge), rows.take(judge))]
    fold = (drawn * FOLDS).astype(np.int64)
    return [(rows.take((fold != at) | ~may), rows.take((fold == at) & may)) for at in range(FOLDS)]


def stacked(scores: Sequence[Scores]) -> Scores:
    """Those of several parts, without a matcher, as one."""
    outside = [each.outside for each in scores if each.outside is not None]
    together = np.concatenate(outside) if len(outside) == len(scores) else None
    blend, odds, nearest = (np.concatenate([each[at] for each in scores]) for at in range(3))
    return Scores(blend, odds, nearest, together)


def accuracy_of(scores: Scores, codes: I64) -> float:
    """Share of the rows that an answer fits (codes (n,) of 0 or more) whose best answer is that one."""
    return float((scores.blend.argmax(axis=1) == codes)[codes >= 0].mean())


def choose_share(index: Index, judge: Rows) -> tuple[Index, Scores, dict[str, float]]:
    """The index with the network's share that is right most often on held-out wordings, the least of equal ones."""
    tried = [index.with_share(share) for share in (SHARES if index.network is not None else SHARES[:1])]
    scores = [each.scores(judge.texts) for each in tried]
    right = [accuracy_of(each, judge.codes) for each in scores]
    best = int(np.argmax(right))
    facts = {"accuracy": right[best], "accuracy_ngrams": right[0], "network_share": tried[best].share}
    return tried[best], scores[best], facts | {"wordings": float((judge.codes >= 0).sum())}


def choose_weight(
    index: Index, matcher: Reranker, scores: Scores, judge: Rows, config: AnswererConfig
) -> tuple[Index, Scores, dict[str, float]]:
    """The index with the matcher, of the weight that is right most often on held-out wordings.

    Without it where at each weight they are right less often, or the chances are worse, than without. scores: without.
    """
    compared = index.compared(matcher, judge.texts, scores.blend)
    weight, best = 0.0, scores
    without = figures = _judged(scores, judge.codes, config)
    for each in WEIGHTS:
        blend, match = matcher.of_weight(each).rerank(scores.blend, compared)
        tried = scores._replace(blend=blend, match=match)
        found = _judged(tried, judge.codes, config)
        if min(np.subtract(found, without)) >= 0 and found > figures:
            weight, best, figures = each, tried, found
    facts = {"matcher_weight": weight, "accuracy": figures[0], "accuracy_without_matcher": without[0]}
    facts |= {"log_chance": figures[1], "log_chance_without_matcher": without[1]}
    return index.with_reranker(matcher.of_weight(weight) if weight else None), best, facts


def _judged(scores: Scores, codes: I64, config: AnswererConfig) -> tuple[float, float]:
    """(share of held-out wordings whose best answer is right, mean log-chance given to what was so)."""
    chances, right, weights = _folded(scores, codes, config)
    said = np.log(np.clip(np.where(right, chances, 1 - chances), 1e-6, None))
    return accuracy_of(scores, codes), float(weights @ said / weights.sum())


def _folded(scores: Scores, codes: I64, config: AnswererConfig) -> tuple[F64, Bools, F64]:
    """(chances (n,) of fits that have not seen the row, whether the best answer is right (n,), weights (n,))."""
    right = scores.blend.argmax(axis=1) == codes
    weights = _row_weights(codes == -1, config.outside_share)
    return folded_chances(evidence_of(scores), right, weights, FOLDS, config.seed), right, weights


def calibrate(scores: Scores, codes: I64, config: AnswererConfig) -> tuple[Chance, float, dict[str, float]]:
    """(chance, threshold, figures): the threshold by chances of fits that have not seen the row."""
    chances, right, weights = _folded(scores, codes, config)
    threshold = threshold_for(chances, right, weights, config.precision, config.confidence)
    if not (codes == -1).any():  # nothing shows how questions without an answer look
        threshold = max(threshold or 1.0, PRIOR_THRESHOLD)
    threshold = 1.0 if threshold is None else max(threshold, EVEN)
    given = chances >= threshold
    share, mass = float(weights @ given / weights.sum()), float(weights @ given)
    facts = {"share_answered": share, "precision": float(weights @ (given & right)) / mass if mass else 0.0}
    return (
        fit_chance(evidence_of(scores), right, weights),
        threshold,
        facts | {"outside": float((codes == -1).sum())},
    )


def _row_weights(outside: Bools, share: float) -> F64:
    """1 for a wording; questions that no answer fits together make `share` of the mass, or what they are if more."""
    n, inside = int(outside.sum()), int((~outside).sum())
    each = max(1.0, share / (1 - share) * inside / n) if n else 1.0
    return np.where(outside, each, 1.0)
