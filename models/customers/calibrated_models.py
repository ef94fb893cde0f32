"""Trains, compares and calibrates the models that answer a question about customers, such as "buys within 30 days".

Classifiers are trained on the earlier moments and validated on the last one, beside simple scores that need no training
(recency alone; BG/NBD). The best one is chosen and calibrated on that validation set, and stored as it is: it is not
trained again on the validation set. So when a later night compares it with a successor, neither model has
learned from the labels that decide between them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.promotion import Decision, decide
from models.customers.classifiers import Boosted, Classifier, Logistic, read_classifier
from models.customers.lifetime_value import NotEnoughData
from models.customers.probability_metrics import (
    Calibration,
    auc,
    average_precision,
    calibrated,
    calibration_error,
    log_likelihood,
    reliability,
)

F64 = NDArray[np.float64]
Truth = NDArray[np.bool_]
Fit = Callable[[F64, Truth], Classifier]
LEAST_OF_EACH = 50  # positive rows, and negative rows, that training needs; validation needs as many
_EFFECTS = 10  # strongest features reported of each model


@dataclass(frozen=True)
class TrainingSet:
    """One question about n rows at one moment, with the answers where they are known already.

    features (n, F), called `names`; simple: name -> scores (n,) that need no training, higher is likelier, the first
    is the baseline; truth (n,): the labels, all False while the window has not ended; customer (n,): the customer of
    each row, since the rows of one customer are sampled, split and compared together; coverage: the share of positive
    outcomes that have a row, NaN without positive outcomes.
    """

    names: tuple[str, ...]
    features: F64
    simple: Mapping[str, F64]
    truth: Truth
    customer: NDArray[np.int64]
    coverage: float = 1.0

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def baseline(self) -> str:
        return next(iter(self.simple))

    def of_customers(self, most: int) -> TrainingSet:
        """An even sample of at most `most` of its customers, with all their rows."""
        customers = np.unique(self.customer)
        sample = customers[np.linspace(0, len(customers) - 1, min(most, len(customers))).astype(np.int64)]
        rows = np.isin(self.customer, sample)
        return replace(
            self,
            features=self.features[rows],
            simple={name: scores[rows] for name, scores in self.simple.items()},
            truth=self.truth[rows],
            customer=self.customer[rows],
        )


@dataclass(frozen=True)
class CalibratedScore:
    """A score and its calibration, which together answer one question.

    method: the name of the classifier, or of the simple score where `classifier` is None. days: how far it looks ahead.
    names: the features of its classifier, () without a classifier.
    """

    method: str
    days: float
    names: tuple[str, ...]
    calibration: Calibration
    classifier: Classifier | None

    def answers(self, rows: TrainingSet, days: float) -> bool:
        """Whether it can score these rows: the same days ahead, and the features or the simple score that it needs."""
        has_inputs = self.names == rows.names if self.classifier else self.method in rows.simple
        return has_inputs and self.days == days

    def score(self, rows: TrainingSet) -> F64:
        """(n,) scores before calibration."""
        return self.classifier.score(rows.features) if self.classifier else rows.simple[self.method]

    def probability(self, rows: TrainingSet) -> F64:
        """(n,) calibrated probabilities in 0..1."""
        return self.calibration(self.score(rows))

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        """Writes the classifier, if there is one, and returns the rest as JSON for `load`."""
        if self.classifier:
            self.classifier.save(folder, name)
        points = {"at": self.calibration.score.tolist(), "share": self.calibration.share.tolist()}
        kind = self.method if self.classifier else None
        return {
            "method": self.method,
            "classifier": kind,
            "days": self.days,
            "features": list(self.names),
            "calibration": points,
        }

    @classmethod
    def load(cls, stored: Mapping[str, Any], folder: Path, name: str) -> CalibratedScore:
        """What `save` returned, with the classifier that it wrote."""
        points = Calibration(*(np.array(stored["calibration"][side]) for side in ("at", "share")))
        classifier = read_classifier(stored["classifier"], folder, name) if stored["classifier"] else None
        return cls(stored["method"], stored["days"], tuple(stored["features"]), points, classifier)


@dataclass(frozen=True)
class Judged:
    """A candidate on the validation set: its metrics, and the mean log-likelihood (nats) of each customer's rows."""

    model: CalibratedScore
    figures: dict[str, float]
    likelihood: F64


def compare(
    training: Sequence[TrainingSet],
    valid: TrainingSet,
    fits: Mapping[str, Fit],
    days: float,
    most: int,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Judged]:
    """Metrics on `valid` of each simple score and of each classifier, which `fits` trains on at most `most` rows.

    Raises NotEnoughData unless the training rows have 50 positive and 50 negative ones, and `valid` as well.
    """
    samples = _at_most(training, most)
    truth = np.concatenate([np.zeros(0, bool), *(sample.truth for sample in samples)])
    _check_both_kinds("to learn from", truth, days)
    _check_both_kinds("to judge by", valid.truth, days)
    judged = {}
    for name, scores in valid.simple.items():
        judged[name] = _judged(CalibratedScore(name, days, (), calibrated(scores, valid.truth), None), valid)
    features = np.concatenate([sample.features for sample in samples])
    for name, fit in fits.items():
        say(f"{name}: training on {len(truth):,} rows of {len(samples)} moments")
        classifier = fit(features, truth)
        calibration = calibrated(classifier.score(valid.features), valid.truth)
        judged[name] = _judged(CalibratedScore(name, days, valid.names, calibration, classifier), valid)
    return judged


def _at_most(training: Sequence[TrainingSet], most: int) -> list[TrainingSet]:
    """The training sets, each sampled by customers so that all together have about `most` rows."""
    total = sum(map(len, training))
    if total <= most:
        return list(training)
    return [
        training_set.of_customers(max(1, int(most / total * len(np.unique(training_set.customer)))))
        for training_set in training
    ]


def _check_both_kinds(purpose: str, truth: Truth, days: float) -> None:
    positive = int(truth.sum())
    if min(positive, len(truth) - positive) < LEAST_OF_EACH:
        raise NotEnoughData(
            f"{positive:,} of {len(truth):,} rows {purpose} came true within {days:g} days; at least {LEAST_OF_EACH} "
            "must have, and as many must not"
        )


def best_of(judged: Mapping[str, Judged], baseline: str) -> str:
    """The candidate with the least log loss among those no worse than the baseline in AUC and in average precision.

    The baseline itself is one of them; of equals the earlier wins.
    """
    baseline_figures = judged[baseline].figures
    eligible = [
        name
        for name, candidate in judged.items()
        if all(candidate.figures[metric] >= baseline_figures[metric] for metric in ("auc", "average_precision"))
    ]
    return min(eligible, key=lambda name: judged[name].figures["log_loss"])


def learn(
    training: Sequence[TrainingSet],
    valid: TrainingSet,
    fits: Mapping[str, Fit],
    days: float,
    most: int,
    running: CalibratedScore | None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[CalibratedScore, dict[str, Any]]:
    """(the model that answers from now on, the facts about its choice).

    The best new candidate replaces the running model unless it is worse by more than the 95 % interval of their
    difference. Without a running model that can score `valid` it is compared with the baseline instead.
    Raises NotEnoughData as `compare` does.
    """
    judged = compare(training, valid, fits, days, most, say)
    best = best_of(judged, valid.baseline)
    if running is not None and running.answers(valid, days):
        rival, rival_name = _judged(running, valid), running.method
    else:
        rival, rival_name = judged[valid.baseline], valid.baseline
    decision: Decision = decide(judged[best].likelihood, rival.likelihood)
    winner = judged[best] if decision.promoted else rival
    facts = {
        "promoted": decision.promoted,
        "best": best,
        "running": rival_name,
        "log_likelihood": dataclasses.asdict(decision),
        "baseline": valid.baseline,
        "rows": {"teaching": int(sum(map(len, training))), "judging": len(valid)},
        "base_rate": round(float(valid.truth.mean()), 5),
        "figures": {name: candidate.figures for name, candidate in judged.items()} | {"kept": winner.figures},
        "reliability": table_of(winner.model.score(valid), valid),
        "effects": effects_of(judged, valid),
    }
    return winner.model, facts


def figures_of(scores: F64, chance: F64, truth: Truth) -> dict[str, float]:
    """How well scores (n,) rank (AUC, average precision), and how good the probabilities (n,) made of them are."""
    return {
        "auc": round(auc(scores, truth), 5),
        "average_precision": round(average_precision(scores, truth), 5),
        "calibration_error": round(calibration_error(chance, truth), 5),
        "log_loss": round(float(-log_likelihood(chance, truth).mean()), 5),
    }


def table_of(scores: F64, valid: TrainingSet) -> list[dict[str, float]]:
    """Reliability by tenths of the rows: how many, the mean probability (`said`), the share that came true (`came`)."""
    tenths = reliability(cross_calibrated(scores, valid), valid.truth)
    return [{"rows": n, "said": round(predicted, 5), "came": round(seen, 5)} for n, predicted, seen in tenths]


def cross_calibrated(scores: F64, valid: TrainingSet) -> F64:
    """(n,) probabilities; each half of the customers is calibrated on the other half, so no label judges itself."""
    chance = np.empty(len(scores))
    half = np.unique(valid.customer, return_inverse=True)[1] % 2 == 0
    for rows in (half, ~half):
        chance[rows] = calibrated(scores[~rows], valid.truth[~rows])(scores[rows])
    return chance


def effects_of(judged: Mapping[str, Judged], valid: TrainingSet) -> dict[str, Any]:
    """What the features of each classifier do, strongest first.

    A logistic regression: the change in log-odds by one standard deviation. Boosted trees: the mean size of what a
    feature adds to the log-odds, and its direction (the correlation with the feature).
    """
    effects: dict[str, Any] = {}
    for name, candidate in judged.items():
        model = candidate.model.classifier
        if isinstance(model, Logistic):
            change = model.effects()
            strongest = np.argsort(-np.abs(change))[:_EFFECTS]
            effects[name] = {valid.names[f]: round(float(change[f]), 4) for f in strongest}
        elif isinstance(model, Boosted):
            size, direction = model.contributions(valid.features)
            effects[name] = {
                valid.names[f]: {"log_odds": round(float(size[f]), 4), "direction": round(float(direction[f]), 3)}
                for f in np.argsort(-size)[:_EFFECTS]
            }
    return effects


def _judged(model: CalibratedScore, valid: TrainingSet) -> Judged:
    scores = model.score(valid)
    chance = cross_calibrated(scores, valid)
    _, customer = np.unique(valid.customer, return_inverse=True)
    likelihood = np.bincount(customer, log_likelihood(chance, valid.truth)) / np.bincount(customer)
    return Judged(model, figures_of(scores, chance, valid.truth), likelihood)


@dataclass(frozen=True)
class CalibratedModels:
    """The models of all questions that have one, stored in one folder; facts: question -> how its model was chosen."""

    by_question: dict[str, CalibratedScore]
    facts: dict[str, Any]

    def save(self, folder: str | Path) -> None:
        """Writes manifest.json (methods, calibrations, facts) and beside it each classifier's arrays (npz) or text."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        questions = {name: model.save(folder, name) for name, model in self.by_question.items()}
        manifest = {"model": "propensity", "questions": questions, "facts": self.facts}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> CalibratedModels:
        """Raises FileNotFoundError if nothing is there."""
        folder = Path(folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        models = {name: CalibratedScore.load(stored, folder, name) for name, stored in manifest["questions"].items()}
        return cls(models, manifest["facts"])
