"""The probability that a sentence asserts something of a product: learned from examples, for what no pattern finds.

A logistic regression over letters and words. What the item's row says is blanked first, in the examples and in the text
that is judged, so that only the way of speaking counts. A mood needs few rare words, so the share of words that no
example has counts too. Training takes a second and always gives the same weights.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from threadpoolctl import threadpool_limits

ITEM, FACT = "\ue000", "\ue001"  # stand for the item's name, and for what the row says
PENALTY = 2e-4  # L2 penalty, added to the mean log loss; chosen on held-out examples
UNKNOWN = 2.0  # scale of the feature of unknown words; all other features together have length 1
LEAST_SEEN = 2  # examples that must have a feature, at least
_HOLE = re.compile(r"\{(\w+)\}")
_WORD = re.compile(rf"[^\W\d_]+(?:'[^\W\d_]+)*|\d|[{ITEM}{FACT}]")
_DIGITS = re.compile(r"\d+")
_PART = 4  # letters in a part of a word
_LONGEST = 3  # characters of a feature, where no spaces stand between words


@dataclass(frozen=True, eq=False)
class SentenceJudge:
    """A trained judge. weights: feature -> log odds; unknown: weight of the share of unknown features, times UNKNOWN;
    spaces: whether spaces stand between words."""

    weights: Mapping[str, float]
    unknown: float
    bias: float
    spaces: bool

    @classmethod
    def learn(cls, asserting: Sequence[str], plain: Sequence[str], spaces: bool) -> SentenceJudge:
        """Learns from folded sentences with holes, such as "{item} in {fact}"."""
        numbers: dict[str, int] = {}  # feature -> its number, in the order in which features are met
        found, counts = [], []
        for text in (*asserting, *plain):
            seen = features(with_holes(text), spaces)
            counts.append(len(seen))
            found.append(np.array([numbers.setdefault(feature, len(numbers)) for feature in seen], np.int64))
        numbered = np.concatenate(found)
        often = np.bincount(numbered) >= LEAST_SEEN
        columns = sorted(feature for feature, number in numbers.items() if often[number])
        column_of = np.zeros(len(numbers), np.int64)
        column_of[[numbers[feature] for feature in columns]] = np.arange(len(columns))
        rows, is_known = np.repeat(np.arange(len(counts)), counts), often[numbered]
        lengths = np.bincount(rows[is_known], minlength=len(counts))
        shares = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths)
        row_ends = np.r_[0, np.cumsum(lengths)]
        known = csr_matrix((shares, column_of[numbered[is_known]], row_ends), shape=(len(counts), len(columns)))
        known.sort_indices()  # the order of a set of strings differs from process to process
        unknown = csr_matrix(UNKNOWN * (1 - lengths / np.maximum(counts, 1))[:, None])
        *weights, unknown_weight, bias = map(
            float, _fit(hstack([known, unknown]).tocsr(), np.repeat([1.0, 0.0], [len(asserting), len(plain)]))
        )
        return cls(dict(zip(columns, weights, strict=True)), unknown_weight, bias, spaces)

    def probability(self, blanked: str) -> float:
        """The probability that the sentence asserts something. blanked: folded, with ITEM and FACT in it."""
        seen = features(blanked, self.spaces)
        known = [self.weights[feature] for feature in seen if feature in self.weights]
        unknown = UNKNOWN * (1 - len(known) / max(1, len(seen)))
        odds = self.bias + math.fsum(known) / max(1, len(known)) ** 0.5 + self.unknown * unknown
        return float(1 / (1 + np.exp(-odds)))


def with_holes(example: str) -> str:
    """The example with ITEM for {item} and FACT for any other hole."""
    return _HOLE.sub(lambda hole: ITEM if hole[1] == "item" else FACT, example)


def features(blanked: str, spaces: bool) -> set[str]:
    """Words, pairs of words and parts of words; or up to three characters, where words have no spaces."""
    if not spaces:
        text = f"^{_DIGITS.sub('0', blanked)}$"
        near = {text[start : start + n] for n in range(1, _LONGEST + 1) for start in range(len(text) - n + 1)}
        return near | {f"{first}*{after}" for first, after in zip(text, text[2:], strict=False)}
    words = ["^", *("0" if word.isdigit() else word for word in _WORD.findall(blanked)), "$"]
    pairs = (f"{first} {next_word}" for first, next_word in itertools.pairwise(words))
    apart = (f"{first} * {after}" for first, after in zip(words, words[2:], strict=False))
    parts = (part for word in words if len(word) >= _PART for part in _word_parts(word))
    return {*words, *pairs, *apart, *parts}


@lru_cache(maxsize=50_000)  # the same words come in most sentences
def _word_parts(word: str) -> tuple[str, ...]:
    edged = f"<{word}>"
    return tuple(f"#{edged[start : start + _PART]}" for start in range(len(edged) - _PART + 1))


def _fit(examples: csr_matrix, asserts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (F + 1,) of least penalised log loss, the bias last; both classes have the same total weight.

    examples (N, F): features of the examples; asserts (N,): 0 or 1.
    """
    from scipy.optimize import minimize  # half a second, which only a fit has to wait for

    example_weights = np.where(asserts == 1, 0.5 / asserts.sum(), 0.5 / (1 - asserts).sum())

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = examples @ weights[:-1] + weights[-1]
        wrong = example_weights * (1 / (1 + np.exp(-odds)) - asserts)
        slope = np.r_[examples.T @ wrong + PENALTY * weights[:-1], wrong.sum()]
        log_loss = example_weights @ (np.logaddexp(0, odds) - asserts * odds)
        return float(log_loss + PENALTY / 2 * weights[:-1] @ weights[:-1]), slope

    start = np.zeros(examples.shape[1] + 1)
    with threadpool_limits(1, user_api="blas"):  # with two threads its many short products took 6 s of CPU, not .4
        return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x)
