"""Reranks a question's likeliest answers: a recurrent matcher compares it with the nearest wordings of each.

The matcher learns from the shop's own wordings: two wordings of one answer match; a wording and the nearest ones of
other answers do not, nor do a question that no answer fits and the wordings nearest to it (discriminative nearest
neighbours: Zhang et al. 2020). The total chance of all compared answers stays; only its division among them changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import log_softmax, logsumexp

from models.core.on_step import OnStep
from models.service.networks import NetworkConfig
from models.service.pair_training import PairNetwork
from models.service.reader_training import AnswerNetwork
from models.service.tokens import Encoded

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
CLOSE = 4.0  # an answer is compared if its log-chance is at most that far below the best one's
WORDINGS = 3  # wordings of each answer, the nearest by n-grams, that a question is compared with
MATCHING, OTHERS = 2, 3  # pairs of one wording to learn from: with its own answer's wordings, with other answers'
LEAST_PAIRS = 500  # with fewer there is too little to learn from
_BLOCK = 256


class Compared(NamedTuple):
    """For questions (n,): the codes (n, k) of the compared answers, -1 for none, and the matcher's log-odds (n, k)."""

    codes: I64
    odds: F32


@dataclass(frozen=True)
class Reranker:
    """A matcher, the wordings (n,) that it compares with, and the weight of its log-odds beside the blend's."""

    network: PairNetwork = field(repr=False)
    texts: list[str] = field(repr=False)
    most: int
    weight: float = 1.0

    def __post_init__(self) -> None:
        encoded = self.network.vocabulary.encode(self.texts, self.network.config.length)
        object.__setattr__(self, "_encoded", encoded)

    @classmethod
    def fit(
        cls,
        config: NetworkConfig,
        most: int,
        pairs: WordingPairs,
        texts: list[str],
        start: Reranker | None = None,
        beside: AnswerNetwork | None = None,
        on_step: OnStep | None = None,
    ) -> Reranker:
        """From pairs of wordings; `texts`: those that an answer fits. A question is compared with `most` answers.

        Learning begins from `start` or, without one, from the reader of the encoder `beside` it.
        """
        reader = (beside.nets[0].reader, beside.vocabulary) if beside is not None else None
        network = PairNetwork.fit(config, *pairs, on_step, start.network if start is not None else None, reader)
        return cls(network, texts, most)

    def of_weight(self, weight: float) -> Reranker:
        return replace(self, weight=weight)

    def likeliest(self, blend: F32) -> I64:
        """Codes (n, k) of the answers to compare, best first; -1 for too unlikely ones. blend (n, V): log-chances."""
        order = np.argsort(-blend, axis=1, kind="stable")[:, : self.most]
        scores = np.take_along_axis(blend, order, axis=1)
        return np.where(scores >= scores[:, :1] - CLOSE, order, -1)

    def compare(self, questions: Sequence[str], codes: I64, nearest: I64) -> Compared:
        """The greatest log-odds that a question matches one of an answer's nearest wordings.

        codes (n, k) from `likeliest`; nearest (n, k, WORDINGS) places in `texts`, -1 where there is none.
        """
        question_rows, _, _ = cells = np.nonzero(nearest >= 0)
        odds = np.full(nearest.shape, -np.inf, np.float32)
        encoded: Encoded = self._encoded  # type: ignore[attr-defined]
        odds[cells] = self.network.compare(questions, question_rows, encoded, nearest[cells])
        return Compared(codes, odds.max(axis=2, initial=-np.inf))

    def rerank(self, blend: F32, compared: Compared) -> tuple[F32, F32]:
        """(blend (n, V), the compared answers' total chance divided anew; the matcher's log-odds (n,) of the best)."""
        codes, odds = compared
        is_compared, columns_of = codes >= 0, np.maximum(codes, 0)
        before = np.where(is_compared, np.take_along_axis(blend, columns_of, axis=1), -np.inf)
        reshared = log_softmax(before + self.weight * np.where(is_compared, odds, 0), axis=1)
        reshared += logsumexp(before, axis=1, keepdims=True)
        reranked = blend.copy()
        rows, columns = np.nonzero(is_compared)
        reranked[rows, codes[rows, columns]] = reshared[rows, columns]
        best = np.where(is_compared, reshared, -np.inf).argmax(axis=1)
        return reranked, odds[np.arange(len(odds)), best]


class WordingPairs(NamedTuple):
    """Pairs (n,) of wordings, and whether one answer fits both (n,)."""

    first: list[str]
    second: list[str]
    same: Bools

    @classmethod
    def of(cls, texts: list[str], codes: I64, rows: sparse.csr_matrix, most: int, seed: int) -> WordingPairs:
        """At most `most` pairs of texts (n,) with the code of each one's answer, -1 where none fits, and their n-grams
        rows (n, W): each text with others of its answer (the nearest, a random one), and with the nearest of others."""
        rng = np.random.default_rng(seed)
        anchors = rng.permutation(len(texts))[: most // (MATCHING + OTHERS)]
        transposed = sparse.csr_matrix(rows.T)
        pairs: list[tuple[int, int, bool]] = []
        for start in range(0, len(anchors), _BLOCK):
            block = anchors[start : start + _BLOCK]
            cosines = (rows[block] @ transposed).toarray()
            for anchor, near in zip(block, cosines, strict=True):
                pairs += _pairs_of_text(int(anchor), near, codes, rng)
        first, second, same = zip(*pairs, strict=True) if pairs else ((), (), ())
        return cls([texts[a] for a in first], [texts[b] for b in second], np.array(same, bool))


def _pairs_of_text(anchor: int, near: F32, codes: I64, rng: np.random.Generator) -> list[tuple[int, int, bool]]:
    """Pairs of one text; near (n,): the cosine of every text with it."""
    same_answer = np.flatnonzero((codes == codes[anchor]) & (codes >= 0) & (np.arange(len(codes)) != anchor))
    pairs: list[tuple[int, int, bool]] = []
    if len(same_answer):
        chosen = {int(same_answer[near[same_answer].argmax()]), int(rng.choice(same_answer))}
        pairs += [(anchor, other, True) for other in sorted(chosen)]
    foreign = np.flatnonzero((codes >= 0) & (codes != codes[anchor]))
    paired_answers: set[int] = set()
    for other in foreign[np.argsort(-near[foreign], kind="stable")[: 4 * OTHERS]]:
        if codes[other] not in paired_answers and len(paired_answers) < OTHERS:
            paired_answers.add(int(codes[other]))
            pairs.append((anchor, int(other), False))
    return pairs
