"""Customer service: which answer a question asks for, when to hand over, which questions mean the same.

python -m tests.bench.service.answers DATA; `tests.bench.service.question_sets` says which folders are read. The
baseline is logistic regression on n-grams (TF-IDF), in the same run and by the same protocol. All choices are made on
dev; the test is scored once. --sentence-encoder FOLDER measures questions with that encoder too, in place of the
recurrent ones.

questions: `accuracy` and `oos_recall` at the threshold with the most right decisions on dev (Larson et al. 2019);
`share_answered` and `precision` at the answerer's own threshold, from a lower confidence bound on dev;
`matcher_weight`: 0 where dev was answered no better with the matcher. pairs: accuracy,
of the dual encoder alone too, and recall at a true precision of .95. candidates: P@1 of questions that have an answer;
`share_at_90`: of all questions, at a true precision of .90. seconds: CPU time of the fit.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from jobs.runtime.progress import progress
from models.core.on_step import OnStep
from models.service.answerer import Answerer
from models.service.answerer_config import AnswererConfig
from models.service.calibration import fit_chance
from models.service.held_out import Wordings
from models.service.pair_matcher import MatcherConfig, PairMatcher, Pairs
from tests.bench.service.figures import answered, auroc, best_threshold, recall_at, share_at
from tests.bench.service.question_sets import OUTSIDE, QuestionSet, read_sets

T = TypeVar("T")
Figures = dict[str, float]
COSINE = 1  # the column of a pair's evidence with the cosine of its n-grams
TIMED = 300  # questions asked one by one
PUBLISHED = {
    "clinc150": "in-scope accuracy / out-of-scope recall: SVM .882/.180, CNN .909/.309, MLP .934/.491, BERT .962/.523",
    "bq": "accuracy: BiLSTM .735, BiMPM .819, ESIM .819, BERT .852",
    "attributes": "P@1 seen/unseen: BM25 .655/.648",
    "evidence": "P@1: BM25 .632",
}


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """(the result of the work, its CPU seconds)."""
    began = time.process_time()
    return work(), time.process_time() - began


def ms_per_question(ask: Callable[[int], object], n: int) -> Figures:
    """Median and 95th percentile of the milliseconds that one question takes, asked alone in a warm process."""
    times = []
    for index in range(min(n, TIMED)):
        began = time.perf_counter()
        ask(index)
        times.append(1000 * (time.perf_counter() - began))
    return {"ms_per_question": float(np.median(times)), "ms_p95": float(np.quantile(times, 0.95))}


def outside(rows: pd.DataFrame) -> np.ndarray:
    return rows.label.astype(str).str.lower().isin(OUTSIDE).to_numpy()


def score_questions(data: QuestionSet, config: AnswererConfig, on_step: OnStep) -> Figures:
    """Figures of an answerer that learned from train and was calibrated on dev."""
    train, dev, (test, *_) = data.splits["train"], data.splits.get("dev"), data.tests.values()
    out = outside(train)
    inside = train[~out]
    validation = None
    if dev is not None:
        hidden = outside(dev)
        validation = Wordings(
            dev.text[~hidden].tolist(), dev.label[~hidden].astype(str).tolist(), dev.text[hidden].tolist()
        )
    answerer, seconds = timed(
        lambda: Answerer.fit(
            inside.text.tolist(),
            inside.label.astype(str).tolist(),
            config,
            train.text[out].tolist(),
            held_out=validation,
            on_step=on_step,
        )
    )
    answers, chances = best_of(answerer, test)
    right, none = answers == test.label.astype(str).to_numpy(), outside(test)
    figures = {"auroc_oos": auroc(-chances, none)}
    figures |= at_most_right(answerer, dev if dev is not None else train, (chances, right, none))
    figures |= answered(chances, right, answerer.threshold)
    figures |= {"p_at_1": float(right[~none].mean()), "share_at_95": share_at(chances, right, 0.95)}
    figures |= {"seconds": seconds}
    figures |= {name: answerer.report.get(name, 0.0) for name in ("network_share", "matcher_weight")}
    texts = test.text.tolist()
    return figures | ms_per_question(lambda index: answerer.suggest([texts[index]]), len(texts))


def best_of(answerer: Answerer, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(answers (n,), chances (n,)) of the likeliest answer of each question."""
    best = [row[0] for row in answerer.suggest(rows.text.tolist(), k=1)]
    return np.array([suggestion.answer for suggestion in best]), np.array([suggestion.chance for suggestion in best])


def at_most_right(answerer: Answerer, dev: pd.DataFrame, test: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Figures:
    """In-scope accuracy and out-of-scope recall on the test, at the threshold with most right decisions on dev."""
    answers, chances = best_of(answerer, dev)
    right, none = answers == dev.label.astype(str).to_numpy(), outside(dev)
    threshold = best_threshold(
        chances,
        lambda threshold_tried: float(
            np.where(none, chances < threshold_tried, right & (chances >= threshold_tried)).mean()
        ),
    )
    chances, right, none = test
    is_answered = chances >= threshold
    recall = float((~is_answered[none]).mean()) if none.any() else float("nan")
    return {"accuracy": float((right & is_answered)[~none].mean()), "oos_recall": recall}


def pairs_of(rows: pd.DataFrame, *, grouped: bool = False) -> Pairs:
    """The pairs in the matcher's form. The group of a candidate is its product, that is all candidates shown with it;
    its list is the question's."""
    groups = lists = None
    if grouped:
        candidates = rows.groupby("group").text_b.apply(lambda texts: "\n".join(sorted(set(texts))))
        groups, lists = pd.factorize(rows.group.map(candidates))[0], pd.factorize(rows.group)[0]
    same = rows.label.astype(float).to_numpy() > 0
    return Pairs(rows.text_a.astype(str).tolist(), rows.text_b.astype(str).tolist(), same, groups, lists)


def score_pairs(data: QuestionSet, config: MatcherConfig, on_step: OnStep) -> Figures:
    """Figures of a matcher that was trained on train; its last regression was fitted on dev."""
    learn, (test, *_) = data.splits["train"], data.tests.values()
    validation = pairs_of(data.splits["dev"]) if "dev" in data.splits else None
    matcher, seconds = timed(lambda: PairMatcher.fit(config, pairs_of(learn), validation, on_step))
    test_pairs = pairs_of(test)
    evidence = matcher.scorers.evidence(test_pairs.first, test_pairs.second)
    chances = matcher.chance.of(evidence)
    figures = {
        "accuracy": float(((chances >= 0.5) == test_pairs.same).mean()),
        "auroc": auroc(chances, test_pairs.same),
    }
    if matcher.scorers.network is not None and validation is not None:
        alone = fit_chance(
            matcher.scorers.evidence(validation.first, validation.second)[:, 9:10],
            validation.same,
            np.ones(len(validation.same)),
        )
        figures["accuracy_dual"] = float(((alone.of(evidence[:, 9:10]) >= 0.5) == test_pairs.same).mean())
    figures |= {"recall_at_95": recall_at(chances, test_pairs.same, 0.95), "seconds": seconds}
    return figures | ms_per_question(
        lambda index: matcher.chances([test_pairs.first[index]], [test_pairs.second[index]]), len(test)
    )


def score_candidates(data: QuestionSet, config: MatcherConfig, on_step: OnStep) -> dict[str, Figures]:
    """Figures of a matcher that was trained on train, or on dev by folds of products if there is no train.

    The baseline is the cosine of TF-IDF, which learns nothing from the labels.
    """
    learn = data.splits.get("train", data.splits.get("dev"))
    matcher, seconds = timed(lambda: PairMatcher.fit(config, pairs_of(learn, grouped=True), on_step=on_step))
    model, baseline = {"seconds": seconds}, {"seconds": 0.0}
    for name, test in data.tests.items():
        test_pairs = pairs_of(test, grouped=True)
        evidence = matcher.scorers.evidence(test_pairs.first, test_pairs.second)
        chances = matcher.chances_of(evidence, test_pairs.lists)
        groups = [rows for _, rows in test.groupby("group")][:TIMED]
        end = name.removeprefix("test").strip("_")
        for figures, scores in ((model, chances), (baseline, evidence[:, COSINE])):
            figures_of_scores = ranked(test, test_pairs.same, scores)
            figures |= {f"{key}_{end}" if end else key: value for key, value in figures_of_scores.items()}
        model |= ms_per_question(
            lambda index, groups=groups: matcher.chances(*pairs_of(groups[index])[:2]), len(groups)
        )
    return {"model": model, "baseline": baseline}


def ranked(rows: pd.DataFrame, right: np.ndarray, scores: np.ndarray) -> Figures:
    """P@1 of the groups that have an answer, and the share of all groups that can be answered with precision .90."""
    scored = pd.DataFrame({"group": rows.group, "score": scores, "right": right})
    best = scored.sort_values("score", ascending=False, kind="stable").groupby("group").first()
    has_answer = scored.groupby("group").right.any()
    share = share_at(best.score.to_numpy(), best.right.to_numpy(), 0.9)
    return {"p_at_1": float(best.right[has_answer].mean()), "share_at_90": share}


def score(data: QuestionSet, encoder: str = "") -> dict[str, Figures]:
    """Figures of the model and of the baseline and, for questions, with the sentence encoder of a folder."""
    if data.kind == "questions":
        config = AnswererConfig()
        with progress(f"{data.name}: model", unit="epochs") as doing:
            model = score_questions(data, config, doing.at_step)
        with progress(f"{data.name}: baseline") as doing:
            baseline = score_questions(data, replace(config, encoders=0, compared=0), doing.at_step)
        if not encoder:
            return {"model": model, "baseline": baseline}
        with progress(f"{data.name}: {encoder}", unit="epochs") as doing:
            with_encoder = score_questions(data, replace(config, sentence_encoder=encoder), doing.at_step)
        return {"model": model, "baseline": baseline, "sentence_encoder": with_encoder}
    if data.kind == "candidates":
        with progress(f"{data.name}: model and baseline") as doing:
            return score_candidates(data, MatcherConfig(symmetric=False, balance=0.5), doing.at_step)
    settings = MatcherConfig()
    with progress(f"{data.name}: model", unit="epochs") as doing:
        model = score_pairs(data, settings, doing.at_step)
    with progress(f"{data.name}: baseline") as doing:
        return {"model": model, "baseline": score_pairs(data, replace(settings, encoder=False), doing.at_step)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sentence-encoder", default="", help="folder of a transformers checkpoint")
    args = parser.parse_args()
    by_data: dict[str, dict[str, Figures]] = {}
    for data in read_sets(args.data):
        sizes = ", ".join(f"{name} {len(rows):,}" for name, rows in data.splits.items())
        print(f"{data.name}: {data.kind}, {sizes}\npublished  {PUBLISHED.get(data.name, '-')}", flush=True)
        by_data[data.name] = score(data, args.sentence_encoder)
        for who, figures in by_data[data.name].items():
            print(f"{who:10} " + "  ".join(f"{name} {value:.4g}" for name, value in figures.items()), flush=True)
    last = next(iter(by_data.values())) if len(by_data) == 1 else {
        who: {f"{name}.{key}": value for name, sets in by_data.items() for key, value in sets[who].items()}
        for who in by_data[next(iter(by_data))]
    }  # fmt: skip
    print(json.dumps(last, allow_nan=True))


if __name__ == "__main__":
    main()
