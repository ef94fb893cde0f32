"""What speaks for the best answer of a question: scores of every answer, and columns that a chance is fitted on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import log_softmax

from models.service.logistic import Logistic
from models.service.ngrams import NGrams
from models.service.reader_training import SHARPNESS, AnswerNetwork

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class Scores(NamedTuple):
    """Of questions (n,) and answers (V,): `blend` (n, V) ranks answers; `odds` (n, V) judges each for itself;
    `nearest` (n, V) is the greatest cosine of n-grams with one of an answer's wordings."""

    blend: F32
    odds: F32
    nearest: F32


@dataclass(frozen=True)
class Index:
    """All that scores a question: n-grams, wordings (n, W) with their answers' codes (n,), and what was learned.

    `logistic` is None where there are too few wordings to learn from: the nearest wording decides alone.
    `share` of the network in the blend, 0 to 1.
    """

    grams: NGrams
    wordings: sparse.csr_matrix
    codes: I64
    answers: int
    logistic: Logistic | None = None
    network: AnswerNetwork | None = field(default=None, repr=False)
    share: float = 0.0

    def __post_init__(self) -> None:
        order = np.argsort(self.codes, kind="stable")
        object.__setattr__(self, "_turned", sparse.csr_matrix(self.wordings[order].T))
        object.__setattr__(self, "_begins", np.searchsorted(self.codes[order], np.arange(self.answers)))

    def with_share(self, share: float) -> Index:
        """The same with another share of the network; without the network where that is 0."""
        return replace(self, share=share, network=self.network if share else None)

    def scores(self, texts: list[str]) -> Scores:
        """Of every text and answer."""
        rows = self.grams.weigh(texts)
        nearest = self._nearest(rows)
        if self.logistic is None:
            return Scores(SHARPNESS * nearest, SHARPNESS * (nearest - 0.5), nearest)
        odds = self.logistic.log_odds(rows)
        blend = log_softmax(odds, axis=1)
        if self.network is not None:
            cosines = SHARPNESS * self.network.read(texts)
            blend = (1 - self.share) * blend + self.share * log_softmax(cosines, axis=1)
            odds = (1 - self.share) * odds + self.share * (cosines - SHARPNESS / 2)
        return Scores(blend.astype(np.float32), odds, nearest)

    def _nearest(self, rows: sparse.csr_matrix) -> F32:
        out = np.empty((rows.shape[0], self.answers), np.float32)
        for at in range(0, rows.shape[0], 256):
            cosines = (rows[at : at + 256] @ self._turned).toarray()  # type: ignore[attr-defined]
            out[at : at + 256] = np.maximum.reduceat(cosines, self._begins, axis=1)  # type: ignore[attr-defined]
        return out


def evidence_of(scores: Scores) -> F64:
    """Columns (n, 6): chance of the best among the answers, its gap to the second, its own log-odds and the greatest
    of any, its nearest wording, and how much nearer that is than another answer's."""
    row, best = np.arange(len(scores.blend)), scores.blend.argmax(axis=1)
    chances = log_softmax(scores.blend, axis=1)
    second = _without(scores.blend, best).max(axis=1, initial=-50)
    nearest = scores.nearest[row, best]
    other = _without(scores.nearest, best).max(axis=1, initial=0)
    columns = (
        chances[row, best],
        np.minimum(scores.blend[row, best] - second, 50),
        scores.odds[row, best],
        scores.odds.max(axis=1),
        nearest,
        nearest - other,
    )
    return np.stack(columns, axis=1).astype(np.float64)


def _without(scores: F32, best: I64) -> F32:
    """The scores of all answers but the best; (n, V - 1)."""
    keep = np.ones(scores.shape, bool)
    keep[np.arange(len(best)), best] = False
    return scores[keep].reshape(len(best), -1)
