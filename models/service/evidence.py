"""The evidence for a question's best answer: scores of every answer, and columns that a chance is fitted on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import log_softmax

from models.service.logistic import Logistic
from models.service.ngrams import NGrams
from models.service.reader_training import SHARPNESS, AnswerNetwork
from models.service.reranker import WORDINGS, Compared, Reranker
from models.service.sentence_network import SentenceNetwork

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class Scores(NamedTuple):
    """Scores of questions (n,) and answers (V,).

    `blend` (n, V) ranks answers; `odds` (n, V) judges each answer by itself; `nearest` (n, V): the greatest cosine of
    n-grams with one of an answer's wordings; `outside` (n, 1 or 2): the greatest cosine of n-grams, and of a network's
    vectors, with a text that no answer fits, where such texts are known; `match` (n,): the matcher's log-odds of the
    best answer, where there is a matcher."""

    blend: F32
    odds: F32
    nearest: F32
    outside: F32 | None = None
    match: F32 | None = None


@dataclass(frozen=True)
class Index:
    """All that scores a question: n-grams, wordings (n, W) with their answers' codes (n,), and what was learned.

    `logistic` is None if an older version stored an index of few wordings: then the nearest wording decides alone.
    `share` of the network in the blend, 0 to 1. `outside`: texts that no answer fits.
    """

    grams: NGrams
    wordings: sparse.csr_matrix
    codes: I64
    answers: int
    logistic: Logistic | None = None
    network: AnswerNetwork | SentenceNetwork | None = field(default=None, repr=False)
    share: float = 0.0
    reranker: Reranker | None = field(default=None, repr=False)
    outside: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def _order(self) -> I64:
        """Rows (n,) of the wordings, sorted so that those of one answer are together."""
        return np.argsort(self.codes, kind="stable")

    @cached_property
    def _begins(self) -> I64:
        """(V + 1,): where each answer's wordings begin in `_order`, and where the last one's end."""
        return np.searchsorted(self.codes[self._order], np.arange(self.answers + 1))

    @cached_property
    def _transposed(self) -> sparse.csr_matrix:
        """(W, n): the wordings in `_order`."""
        return sparse.csr_matrix(self.wordings[self._order].T)

    @cached_property
    def _outside_grams(self) -> sparse.csr_matrix:
        """(W, m): n-grams of the texts that no answer fits."""
        return sparse.csr_matrix(self.grams.weigh(self.outside).T)

    @cached_property
    def _vectors(self) -> F32 | None:
        """(V, N D) of the answers, by the network if there is one."""
        return None if self.network is None else _flat(self.network.answers())

    @cached_property
    def _outside_vectors(self) -> F32 | None:
        """(m, N D) of the texts that no answer fits."""
        return None if self.network is None else _flat(self.network.vectors(self.outside))

    def with_share(self, share: float) -> Index:
        """The same with another share of the network; without the network where that is 0."""
        return replace(self, share=share, network=self.network if share else None)

    def with_reranker(self, reranker: Reranker | None) -> Index:
        """The same with another matcher, or without one."""
        return replace(self, reranker=reranker)

    def scores(self, texts: list[str]) -> Scores:
        """The scores of every text and answer."""
        rows = self.grams.weigh(texts)
        if self.logistic is None:
            nearest, _ = self._nearest(rows)
            return Scores(SHARPNESS * nearest, SHARPNESS * (nearest - 0.5), nearest)
        vectors = None if self.network is None else _flat(self.network.vectors(texts))
        blend, odds = self._learned(self.logistic, rows, vectors)
        outside = self._near_outside(rows, vectors) if self.outside else None
        if self.reranker is None:
            return Scores(blend, odds, self._nearest(rows)[0], outside)
        nearest, compared = self._compared(self.reranker, rows, texts, blend)
        blend, match = self.reranker.rerank(blend, compared)
        return Scores(blend, odds, nearest, outside, match)

    def compared(self, reranker: Reranker, texts: list[str], blend: F32) -> Compared:
        """What the matcher says of the likeliest answers of each text; blend (n, V) without it."""
        return self._compared(reranker, self.grams.weigh(texts), texts, blend)[1]

    def _compared(
        self, reranker: Reranker, rows: sparse.csr_matrix, texts: list[str], blend: F32
    ) -> tuple[F32, Compared]:
        codes = reranker.likeliest(blend)
        nearest, closest = self._nearest(rows, codes)
        return nearest, reranker.compare(texts, codes, closest)

    def _near_outside(self, rows: sparse.csr_matrix, vectors: F32 | None) -> F32:
        """(n, 1 or 2): greatest cosine with a text that no answer fits, by n-grams and by the network."""
        by_grams = (rows @ self._outside_grams).toarray().max(axis=1)
        if vectors is None or self._outside_vectors is None:
            return np.asarray(by_grams[:, None], np.float32)
        return np.stack([by_grams, (vectors @ self._outside_vectors.T).max(axis=1)], axis=1)

    def _learned(self, logistic: Logistic, rows: sparse.csr_matrix, vectors: F32 | None) -> tuple[F32, F32]:
        """(log-chances (n, V) among the answers, log-odds (n, V) of each answer by itself)."""
        odds = logistic.log_odds(rows)
        blend = log_softmax(odds, axis=1)
        if vectors is not None and self._vectors is not None:
            cosines = SHARPNESS * (vectors @ self._vectors.T)
            blend = (1 - self.share) * blend + self.share * log_softmax(cosines, axis=1)
            odds = (1 - self.share) * odds + self.share * (cosines - SHARPNESS / 2)
        return blend.astype(np.float32), odds

    def _nearest(self, rows: sparse.csr_matrix, codes: I64 | None = None) -> tuple[F32, I64]:
        """(greatest cosine (n, V) with a wording of each answer, places (n, k, WORDINGS) of the nearest wordings of the
        codes (n, k), -1 where there is none)."""
        greatest = np.empty((rows.shape[0], self.answers), np.float32)
        shape = (0, 0) if codes is None else codes.shape
        closest = np.full((*shape, WORDINGS), -1, np.int64)
        transposed, begins, order = self._transposed, self._begins, self._order
        for start in range(0, rows.shape[0], 256):
            cosines = (rows[start : start + 256] @ transposed).toarray()
            greatest[start : start + 256] = np.maximum.reduceat(cosines, begins[:-1], axis=1)
            if codes is not None:
                for row, column in zip(*np.nonzero(codes[start : start + 256] >= 0), strict=True):
                    code = codes[start + row, column]
                    answer_cosines = cosines[row, begins[code] : begins[code + 1]]
                    best = np.argsort(-answer_cosines, kind="stable")[:WORDINGS]
                    closest[start + row, column, : len(best)] = order[begins[code] + best]
        return greatest, closest


def _flat(vectors: F32) -> F32:
    """Vectors (n, N, D) as (n, N D) whose product with another such row is the mean of the N cosines."""
    n, nets, width = vectors.shape
    return (vectors / np.sqrt(nets)).reshape(n, nets * width).astype(np.float32)


def evidence_of(scores: Scores) -> F64:
    """Columns (n, 6) about the best answer: its log-chance, its gap to the second, its log-odds, the greatest log-odds
    of any answer, the cosine of its nearest wording, and how much that exceeds every other answer's. If known, further
    columns: the cosines with texts that no answer fits, and the matcher's log-odds of the best answer."""
    row, best = np.arange(len(scores.blend)), scores.blend.argmax(axis=1)
    chances = log_softmax(scores.blend, axis=1)
    second = _without(scores.blend, best).max(axis=1, initial=-50)
    nearest = scores.nearest[row, best]
    other = _without(scores.nearest, best).max(axis=1, initial=0)
    columns = [
        chances[row, best],
        np.minimum(scores.blend[row, best] - second, 50),
        scores.odds[row, best],
        scores.odds.max(axis=1),
        nearest,
        nearest - other,
    ]
    if scores.outside is not None:
        columns.extend(scores.outside.T)
    if scores.match is not None:
        columns.append(scores.match)
    return np.stack(columns, axis=1).astype(np.float64)


def _without(scores: F32, best: I64) -> F32:
    """The scores of all answers except the best; (n, V - 1)."""
    is_other = np.ones(scores.shape, bool)
    is_other[np.arange(len(best)), best] = False
    return scores[is_other].reshape(len(best), -1)
