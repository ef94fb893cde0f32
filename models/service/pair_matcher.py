"""The matcher: whether two questions mean the same, or whether a text answers a question, as a chance.

A regression on the words in which the two differ, a recurrent dual encoder and a recurrent matcher each give log-odds.
A last regression weighs them with measures of similarity, on pairs that none of the three learned from. The networks
are kept only where they make the matcher better on those pairs. Where pairs come in lists, such as the attributes that
may answer one question, it also weighs how each pair compares with the others of its list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds
from models.core.on_step import OnStep
from models.service.calibration import F64, Chance, fit_chance, folded_chances
from models.service.logistic import Logistic, fit_logistic
from models.service.networks import NetworkConfig
from models.service.ngrams import NGrams
from models.service.pair_features import differences, likeness
from models.service.pair_training import PairNetwork

Bools = NDArray[np.bool_]
I64 = NDArray[np.int64]
FOLDS = 5
RIVALS = 4  # the first columns of the evidence, which are compared within a list


@dataclass(frozen=True)
class MatcherConfig:
    """Settings of one fit."""

    symmetric: bool = field(default=True, metadata={"doc": "whether the two texts may change places"})
    ridge: float = field(default=3e-6, metadata={"above": 0})
    balance: float = field(default=0.0, metadata={"doc": "power by which rare matching pairs weigh more", "least": 0})
    iterations: int = field(default=60, metadata={"doc": "iterations of L-BFGS", "least": 1})
    encoder: bool = field(default=True, metadata={"doc": "whether the networks are tried"})
    least_pairs: int = field(
        default=20_000, metadata={"doc": "with fewer pairs, the networks are not tried", "least": 1}
    )
    network: NetworkConfig = field(default_factory=lambda: NetworkConfig(epochs=4))
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)


class Pairs(NamedTuple):
    """Pairs (n,) of texts, and whether they match (n,). `groups` (n,): pairs of one group are never
    separated. `lists` (n,): at most a few pairs of one list match; None for pairs without lists."""

    first: Sequence[str]
    second: Sequence[str]
    same: Bools
    groups: NDArray[np.generic] | None = None
    lists: NDArray[np.generic] | None = None

    def take(self, rows: NDArray[np.integer]) -> Pairs:
        first, second = [self.first[row] for row in rows], [self.second[row] for row in rows]
        groups, lists = (None if column is None else column[rows] for column in (self.groups, self.lists))
        return Pairs(first, second, self.same[rows], groups, lists)


@dataclass(frozen=True)
class Scorers:
    """What each pair is scored by before the last regression."""

    config: MatcherConfig
    grams: NGrams
    words: Logistic
    network: PairNetwork | None = None

    @classmethod
    def fit(cls, config: MatcherConfig, pairs: Pairs, network: PairNetwork | None) -> Scorers:
        """Fits the n-grams and the regression; `network` is fitted already."""
        grams = NGrams.of(sorted({*pairs.first, *pairs.second}))
        columns = differences(pairs.first, pairs.second, config.symmetric)
        codes = np.where(pairs.same, 0, -1)
        words = fit_logistic(columns, codes, 1, config.ridge, config.iterations, balance=config.balance)
        return cls(config, grams, words, network)

    def evidence(self, first: Sequence[str], second: Sequence[str]) -> F64:
        """(n, 9), or (n, 11) with a network: log-odds of the regression, likeness, the network's two log-odds."""
        words = self.words.log_odds(differences(first, second, self.config.symmetric))
        parts = [words, likeness(self.grams, first, second)]
        if self.network is not None:
            parts.append(self.network.scores(first, second))
        return np.concatenate(parts, axis=1).astype(np.float64)


@dataclass(frozen=True)
class PairMatcher:
    """What `fit` learned; `report` has accuracies on the pairs held out."""

    scorers: Scorers
    chance: Chance
    report: dict[str, float]

    @classmethod
    def fit(
        cls, config: MatcherConfig, pairs: Pairs, held_out: Pairs | None = None, on_step: OnStep | None = None
    ) -> PairMatcher:
        """From pairs; the last regression learns from `held_out` or, where none are given, from folds of the groups.

        `on_step` is called after the folds, or after the encoder's epochs.
        """
        if held_out is None:
            return cls._fit_in_folds(config, pairs, on_step)
        tries_network = config.encoder and len(pairs.same) >= config.least_pairs
        network = PairNetwork.fit(config.network, *pairs[:3], on_step) if tries_network else None
        scorers = Scorers.fit(config, pairs, network)
        evidence = scorers.evidence(held_out.first, held_out.second)
        report = _accuracies(evidence, held_out.same, config.seed)
        if network is not None and report["accuracy"] < report["accuracy_ngrams"]:
            scorers, evidence = Scorers(config, scorers.grams, scorers.words), evidence[:, :-2]
        return cls(scorers, _fit_last(evidence, held_out.same), report)

    @classmethod
    def _fit_in_folds(cls, config: MatcherConfig, pairs: Pairs, on_step: OnStep | None) -> PairMatcher:
        groups = np.arange(len(pairs.same)) if pairs.groups is None else pairs.groups
        fold, evidence = folds_of(groups, config.seed), None
        for number in range(FOLDS):
            training, judged = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            held_out = pairs.take(judged)
            fold_evidence = Scorers.fit(config, pairs.take(training), None).evidence(held_out.first, held_out.second)
            evidence = np.empty((len(fold), fold_evidence.shape[1])) if evidence is None else evidence
            evidence[judged] = fold_evidence
            if on_step is not None:
                on_step(number + 1, FOLDS, "folds")
        assert evidence is not None
        report = _accuracies(evidence, pairs.same, config.seed)
        if pairs.lists is not None:
            evidence = among_rivals(evidence, pairs.lists)
        return cls(Scorers.fit(config, pairs, None), _fit_last(evidence, pairs.same), report)

    def chances(self, first: Sequence[str], second: Sequence[str], lists: NDArray[np.generic] | None = None) -> F64:
        """Chance (n,) that the two texts of each pair match; lists (n,): without them, all pairs are one list."""
        return self.chances_of(self.scorers.evidence(first, second), lists) if len(first) else np.empty(0)

    def chances_of(self, evidence: F64, lists: NDArray[np.generic] | None = None) -> F64:
        """The chances (n,) from the scorers' evidence (n, E)."""
        if len(self.chance.middle) > evidence.shape[1]:
            evidence = among_rivals(evidence, np.zeros(len(evidence)) if lists is None else lists)
        return self.chance.of(evidence)


def among_rivals(evidence: F64, lists: NDArray[np.generic]) -> F64:
    """Evidence (n, E) with more columns, (n, E + 3 RIVALS + 1): for each of the first columns, the distance to the
    greatest other in the row's list (n,), the rank in it and the standard score in it; and the list's length."""
    order = np.argsort(lists, kind="stable")
    cuts = np.flatnonzero(lists[order][1:] != lists[order][:-1]) + 1
    rival_columns = np.empty((len(evidence), 3 * RIVALS + 1))
    for rows in np.split(order, cuts):
        x, n = evidence[rows, :RIVALS], len(rows)
        others = np.where(np.eye(n, dtype=bool)[:, :, None], -np.inf, x[None]).max(axis=1) if n > 1 else x
        rank = 1 + (x[None] > x[:, None]).sum(axis=1)
        score = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3)
        rival_columns[rows] = np.column_stack([x - others, rank, score, np.full(n, n)])
    return np.concatenate([evidence, rival_columns], axis=1)


def folds_of(groups: NDArray[np.generic], seed: int) -> I64:
    """The fold (n,) of each row; a group is in one fold."""
    names, inverse = np.unique(groups, return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(names))[inverse] % FOLDS, np.int64)


def _fit_last(evidence: F64, same: Bools) -> Chance:
    return fit_chance(evidence, same, np.ones(len(same)))


def _accuracies(evidence: F64, same: Bools, seed: int) -> dict[str, float]:
    """Accuracy by all evidence, by n-grams alone and, where there is a network, by its dual encoder alone."""

    def right(columns: F64) -> float:
        return float(((folded_chances(columns, same, np.ones(len(same)), FOLDS, seed) >= 0.5) == same).mean())

    report = {"accuracy": right(evidence), "accuracy_ngrams": right(evidence[:, :9])}
    return report | ({"accuracy_dual": right(evidence[:, 9:10])} if evidence.shape[1] > 9 else {})
