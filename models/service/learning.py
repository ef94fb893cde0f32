"""Fits on wordings everything that scores a question: the regression, the networks, the matcher."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from models.core.on_step import OnStep
from models.service.answerer_config import AnswererConfig
from models.service.evidence import Index, Scores
from models.service.held_out import Rows, accuracy_of, choose_share, choose_weight, stacked
from models.service.logistic import I64, fit_logistic
from models.service.ngrams import NGrams
from models.service.reader_training import AnswerNetwork
from models.service.reranker import LEAST_PAIRS, Reranker, WordingPairs
from models.service.sentence_encoder import SentenceEncoder
from models.service.sentence_network import SentenceNetwork


def learn(rows: Rows, answers: int, config: AnswererConfig) -> Index:
    """An index by n-grams of the rows, whose answers have the codes 0 .. answers - 1."""
    grams = NGrams.of(rows.texts)
    weighed, inside = grams.weigh(rows.texts), rows.codes >= 0
    neutral = _shared(rows)
    logistic = fit_logistic(weighed, rows.codes, answers, config.ridge, config.iterations, neutral=neutral)
    return Index(grams, weighed[inside], rows.codes[inside], answers, logistic, outside=_outside(rows))


def _outside(rows: Rows) -> tuple[str, ...]:
    return tuple(sorted({text for text, code in zip(rows.texts, rows.codes.tolist(), strict=True) if code < 0}))


def _shared(rows: Rows) -> tuple[I64, I64]:
    """(rows (m,), codes (m,)) of other answers that have the row's text too, so that it is no evidence against them."""
    by_text: defaultdict[str, set[int]] = defaultdict(set)
    for text, code in zip(rows.texts, rows.codes.tolist(), strict=True):
        by_text[text].add(code)
    shared = [(row, other) for row, (text, code) in enumerate(zip(rows.texts, rows.codes.tolist(), strict=True))
             for other in by_text[text] if other not in (code, -1)]  # fmt: skip
    pairs = np.array(shared, np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def learn_in_folds(
    parts: list[tuple[Rows, Rows]], everything: Rows, answers: int, config: AnswererConfig
) -> tuple[Index, Scores, dict[str, float]]:
    """(index by n-grams of everything; scores of held-out rows by indexes that learned without them; figures)."""
    scores = stacked([learn(training, answers, config).scores(judge.texts) for training, judge in parts])
    codes = np.concatenate([judge.codes for _, judge in parts])
    accuracy, inside = accuracy_of(scores, codes), float((codes >= 0).sum())
    facts = {"accuracy": accuracy, "accuracy_ngrams": accuracy, "network_share": 0.0, "matcher_weight": 0.0}
    return learn(everything, answers, config), scores, facts | {"wordings": inside}


def learn_with_networks(
    rows: Rows, judge: Rows, answers: int, config: AnswererConfig, start: Index | None, on_step: OnStep | None
) -> tuple[Index, Scores, dict[str, float]]:
    """(index of the rows, with the networks that improve the answers to the held-out rows; scores; figures).

    Networks begin from the networks of `start`.
    """
    index = learn(rows, answers, config)
    network: AnswerNetwork | SentenceNetwork | None = None
    if config.sentence_encoder:
        encoder = SentenceEncoder(config.sentence_encoder)
        network = SentenceNetwork.fit(config.network, encoder, rows.texts, rows.codes, answers, on_step)
    elif config.encoders:
        earlier = start.network if start is not None and isinstance(start.network, AnswerNetwork) else None
        network = AnswerNetwork.fit(config.network, config.encoders, rows.texts, rows.codes, answers, earlier, on_step)
    index, scores, report = choose_share(replace(index, network=network), judge)
    matcher = fit_matcher(replace(index, network=network), rows, config, start, on_step)
    if matcher is not None:
        index, scores, figures = choose_weight(index, matcher, scores, judge, config)
        report |= figures
    return index, scores, {"matcher_weight": 0.0} | report


def relearn(index: Index, rows: Rows, config: AnswererConfig) -> Index:
    """The index with a regression on all rows and with all their wordings; its networks stay."""
    weighed, inside = index.grams.weigh(rows.texts), rows.codes >= 0
    start = index.logistic
    logistic = fit_logistic(
        weighed, rows.codes, index.answers, config.ridge, config.iterations // 2 + 1, start, neutral=_shared(rows)
    )
    matcher = index.reranker
    if matcher is not None:
        matcher = replace(matcher, texts=rows.take(inside).texts)
    return replace(index, wordings=weighed[inside], codes=rows.codes[inside], logistic=logistic, reranker=matcher,
                   outside=_outside(rows))  # fmt: skip


def fit_matcher(
    index: Index, rows: Rows, config: AnswererConfig, start: Index | None = None, on_step: OnStep | None = None
) -> Reranker | None:
    """A matcher of the rows that the index learned from; None if the config asks for none, or there are too few pairs.

    It begins from the matcher of `start` or, without one, from the reader of the index's first encoder.
    """
    if not config.compared:
        return None
    pairs = WordingPairs.of(rows.texts, rows.codes, index.grams.weigh(rows.texts), config.matcher_pairs, config.seed)
    if len(pairs.same) < LEAST_PAIRS:
        return None
    encoders = index.network if isinstance(index.network, AnswerNetwork) else None
    earlier = start.reranker if start is not None else None
    network = replace(config.network, epochs=config.matcher_epochs)
    inside = rows.take(rows.codes >= 0)
    return Reranker.fit(network, config.compared, pairs, inside.texts, earlier, encoders, on_step)
