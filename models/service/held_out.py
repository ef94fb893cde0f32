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
from models.service.reranker import Compared, Reranker

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


def parts_of(rows: Rows, config: AnswererConfig) -> list[tuple[Rows, Rows]]:
    """(to learn from, to judge by) of each part: a share is held out or, of few wordings, each one once, in folds.

    A text is held out on every night or on none, whatever stands beside it, so that a model which begins from an
    earlier night's has not learned what it is judged by. At least one wording of each answer is always learned.
    """
    drawn = np.array([crc32(f"{config.seed} {text}".encode("utf-8", "surrogatepass")) / 2**32 for text in rows.texts])
    inside = rows.codes >= 0
    order = np.lexsort((-drawn, rows.codes))
    _, first = np.unique(rows.codes[order], return_index=True)
    kept = np.zeros(len(drawn), bool)
    kept[order[first]] = True
    kept &= inside
    if inside.sum() >= config.few:
        judge = (drawn < np.where(inside, config.held_out, 0.5)) & ~kept
        return [(rows.take(~judge), rows.take(judge))]
    fold = (drawn * FOLDS).astype(np.int64)
    return [(rows.take((fold != at) | kept), rows.take((fold == at) & ~kept)) for at in range(FOLDS)]


class Part(NamedTuple):
    """An index that learned from some rows, and the rows that judge it."""

    index: Index
    learned: Rows
    judge: Rows


def scores_of(parts: Sequence[Part], share: float) -> Scores:
    """Of all parts' judging rows, one part after another, with that share of the networks."""
    return stacked([index.with_share(share).scores(judge.texts) for index, _, judge in parts])


def stacked(scores: Sequence[Scores]) -> Scores:
    match = (
        None if scores[0].match is None else np.concatenate([each.match for each in scores if each.match is not None])
    )
    blend, odds, nearest = (np.concatenate([each[at] for each in scores]) for at in range(3))
    return Scores(blend, odds, nearest, match)


def choose_share(parts: Sequence[Part], codes: I64) -> tuple[float, Scores, dict[str, float]]:
    """(the network's share that is right most often on held-out wordings, the least of equal ones; scores; figures).

    codes (n,) of the judging rows of all parts."""
    inside = codes >= 0
    tried = SHARES if parts[0].index.network is not None else SHARES[:1]
    scores = [scores_of(parts, share) for share in tried]
    right = [float((each.blend.argmax(axis=1) == codes)[inside].mean()) for each in scores]
    best = int(np.argmax(right))
    facts = {"accuracy": right[best], "accuracy_ngrams": right[0], "network_share": tried[best]}
    return tried[best], scores[best], facts | {"wordings": float(inside.sum())}


def choose_weight(
    parts: Sequence[Part], matchers: Sequence[Reranker], scores: Scores, codes: I64, config: AnswererConfig
) -> tuple[float, Scores, dict[str, float]]:
    """(the weight of the matcher that is right most often on held-out wordings; scores with it; figures).

    The weight is 0, for no matcher, where each is right less often, or its chances are worse, than without. matchers:
    one of each part; scores: without them."""
    ends = np.cumsum([len(part.judge.texts) for part in parts])[:-1]
    compared = [
        part.index.compared(matcher, part.judge.texts, blend)
        for part, matcher, blend in zip(parts, matchers, np.split(scores.blend, ends), strict=True)
    ]
    together = Compared(*(np.concatenate([each[at] for each in compared]) for at in range(2)))
    kept, best = 0.0, scores
    without = figures = _judged(scores, codes, config)
    for weight in WEIGHTS:
        blend, match = matchers[0].of_weight(weight).rerank(scores.blend, together)
        tried = scores._replace(blend=blend, match=match)
        found = _judged(tried, codes, config)
        if min(np.subtract(found, without)) >= 0 and found > figures:
            kept, best, figures = weight, tried, found
    facts = {"matcher_weight": kept, "accuracy": figures[0], "accuracy_without_matcher": without[0]}
    return kept, best, facts | {"log_chance": figures[1], "log_chance_without_matcher": without[1]}


def _judged(scores: Scores, codes: I64, config: AnswererConfig) -> tuple[float, float]:
    """(share of held-out wordings whose best answer is right, mean log-chance given to what was so)."""
    chances, right, weights = _folded(scores, codes, config)
    said = np.log(np.clip(np.where(right, chances, 1 - chances), 1e-6, None))
    return float(right[codes >= 0].mean()), float(weights @ said / weights.sum())


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
