"""From what was known at earlier moments to a calibrated chance now: compared, chosen, judged, kept.

Classifiers learn at all moments but the last, where what they say is compared with simple scores that learn nothing
(recency alone; BG/NBD). One is chosen there, and calibrated there: its scores become the shares that were seen.
What is kept is what was judged, to the bit; it does not learn from the last moment afterwards. So a successor that is
judged at a later one meets it on truth that neither has learned from, even where a window of months is looked into.
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
from models.customers.customer_features import (
    Calibration,
    auc,
    average_precision,
    calibrated,
    calibration_error,
    log_likelihood,
    reliability,
)
from models.customers.lifetime_value import NotEnoughData

F64 = NDArray[np.float64]
Truth = NDArray[np.bool_]
Fit = Callable[[F64, Truth], Classifier]
LEAST_OF_EACH = 50  # rows that came true, and that did not, to learn from, and as many to judge by
_EFFECTS = 10  # told of each, the strongest


@dataclass(frozen=True)
class Lesson:
    """One question about n rows at one moment: features (n, F) named `names`; simple: name -> scores (n,) that nobody
    has to learn, more is likelier, the first one is the baseline; truth (n,), all False where it has not come yet;
    customer (n,): rows of one customer are drawn, halved and compared together; asked: the share of what came that
    has a row, NaN where nothing came."""

    names: tuple[str, ...]
    features: F64
    simple: Mapping[str, F64]
    truth: Truth
    customer: NDArray[np.int64]
    asked: float = 1.0

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def baseline(self) -> str:
        return next(iter(self.simple))

    def of_customers(self, most: int) -> Lesson:
        """An even draw of at most so many of its customers, with all their rows."""
        known = np.unique(self.customer)
        drawn = known[np.linspace(0, len(known) - 1, min(most, len(known))).astype(np.int64)]
        rows = np.isin(self.customer, drawn)
        return replace(
            self,
            features=self.features[rows],
            simple={name: scores[rows] for name, scores in self.simple.items()},
            truth=self.truth[rows],
            customer=self.customer[rows],
        )


@dataclass(frozen=True)
class Chance:
    """What answers one question: the score called `method`, a classifier's where there is one, made a chance.

    days: how far it looks ahead; names: the features of its classifier, () without one.
    """

    method: str
    days: float
    names: tuple[str, ...]
    calibration: Calibration
    classifier: Classifier | None

    def answers(self, lesson: Lesson, days: float) -> bool:
        """Whether it may be asked about these rows: the same question, with the features that it learned from."""
        known = self.names == lesson.names if self.classifier else self.method in lesson.simple
        return known and self.days == days

    def score(self, lesson: Lesson) -> F64:
        return self.classifier.score(lesson.features) if self.classifier else lesson.simple[self.method]

    def of(self, lesson: Lesson) -> F64:
        """(n,) chances in 0..1."""
        return self.calibration(self.score(lesson))

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        """Writes the classifier, if there is one, and gives the rest as JSON for `load`."""
        if self.classifier:
            self.classifier.save(folder, name)
        points = {"at": self.calibration.at.tolist(), "share": self.calibration.share.tolist()}
        kind = self.method if self.classifier else None
        return {"method": self.method, "classifier": kind, "days": self.days, "features": list(self.names),
                "calibration": points}  # fmt: skip

    @classmethod
    def load(cls, told: Mapping[str, Any], folder: Path, name: str) -> Chance:
        points = Calibration(*(np.array(told["calibration"][side]) for side in ("at", "share")))
        classifier = read_classifier(told["classifier"], folder, name) if told["classifier"] else None
        return cls(told["method"], told["days"], tuple(told["features"]), points, classifier)


@dataclass(frozen=True)
class Judged:
    """One candidate at the moment that judges: its figures, and each customer's mean log-likelihood (nats)."""

    chance: Chance
    figures: dict[str, float]
    likelihood: F64


def compare(teaching: Sequence[Lesson], valid: Lesson, fits: Mapping[str, Fit], days: float, most: int,
            say: Callable[[str], None] = lambda _: None) -> dict[str, Judged]:  # fmt: skip
    """Every simple score of `valid` and every classifier, taught by at most `most` rows, as seen at `valid`.

    Raises NotEnoughData where fewer than 50 rows came true, or failed to, among those that teach or that judge.
    """
    drawn = [lesson.of_customers(max(1, int(most / max(sum(map(len, teaching)), 1) * len(np.unique(lesson.customer)))))
             if sum(map(len, teaching)) > most else lesson for lesson in teaching]  # fmt: skip
    truth = np.concatenate([np.zeros(0, bool), *(lesson.truth for lesson in drawn)])
    for what, came in (("to learn from", truth), ("to judge by", valid.truth)):
        if min(int(came.sum()), int((~came).sum())) < LEAST_OF_EACH:
            raise NotEnoughData(f"{int(came.sum()):,} of {len(came):,} rows {what} came true within {days:g} days, "
                                f"at least {LEAST_OF_EACH} must have, and as many not")  # fmt: skip
    found = {}
    for name in valid.simple:
        found[name] = _judged(Chance(name, days, (), calibrated(valid.simple[name], valid.truth), None), valid)
    features = np.concatenate([lesson.features for lesson in drawn])
    for name, fit in fits.items():
        say(f"{name}: {len(truth):,} rows of {len(drawn)} moments")
        classifier = fit(features, truth)
        points = calibrated(classifier.score(valid.features), valid.truth)
        found[name] = _judged(Chance(name, days, valid.names, points, classifier), valid)
    return found


def best_of(judged: Mapping[str, Judged], baseline: str) -> str:
    """The candidate under which what came was likeliest, among those that order customers no worse than the baseline:
    neither in AUC nor in average precision. The baseline itself is one; the earlier wins a tie."""
    least = judged[baseline].figures
    fit = [
        name for name, one in judged.items()
        if all(one.figures[m] >= least[m] for m in ("auc", "average_precision"))
    ]  # fmt: skip
    return min(fit, key=lambda name: judged[name].figures["log_loss"])


def learn(teaching: Sequence[Lesson], valid: Lesson, fits: Mapping[str, Fit], days: float, most: int,
          running: Chance | None, say: Callable[[str], None] = lambda _: None
          ) -> tuple[Chance, dict[str, Any]]:  # fmt: skip
    """(what answers from now on, the facts of it). The best new one replaces the running one, or the baseline where
    there is none that can be asked, unless it is worse by more than the 95 % interval of their difference.

    Raises NotEnoughData as `compare` does.
    """
    judged = compare(teaching, valid, fits, days, most, say)
    chosen = best_of(judged, valid.baseline)
    asked = running is not None and running.answers(valid, days)
    rival = _judged(running, valid) if running is not None and asked else judged[valid.baseline]
    decision: Decision = decide(judged[chosen].likelihood, rival.likelihood)
    kept = judged[chosen] if decision.promoted else rival
    facts = {
        "promoted": decision.promoted,
        "best": chosen,
        "running": running.method if running is not None and asked else valid.baseline,
        "log_likelihood": dataclasses.asdict(decision),
        "baseline": valid.baseline,
        "rows": {"teaching": int(sum(map(len, teaching))), "judging": len(valid)},
        "base_rate": round(float(valid.truth.mean()), 5),
        "figures": {name: one.figures for name, one in judged.items()} | {"kept": kept.figures},
        "reliability": table_of(kept.chance.score(valid), valid),
        "effects": effects_of(judged, valid),
    }
    return kept.chance, facts


def figures_of(said: F64, chance: F64, truth: Truth) -> dict[str, float]:
    """How well scores order n rows (AUC, average precision), and how far chances can be believed."""
    return {
        "auc": round(auc(said, truth), 5),
        "average_precision": round(average_precision(said, truth), 5),
        "calibration_error": round(calibration_error(chance, truth), 5),
        "log_loss": round(float(-log_likelihood(chance, truth).mean()), 5),
    }


def table_of(said: F64, lesson: Lesson) -> list[dict[str, float]]:
    """Tenths of the rows by chance: how many, what was said, what came."""
    rows = reliability(crossed(said, lesson), lesson.truth)
    return [{"rows": n, "said": round(promised, 5), "came": round(seen, 5)} for n, promised, seen in rows]


def crossed(said: F64, lesson: Lesson) -> F64:
    """(n,) chances, each calibrated on the other half of the customers: nobody vouches for themselves."""
    chance = np.empty(len(said))
    half = np.unique(lesson.customer, return_inverse=True)[1] % 2 == 0
    for one in (half, ~half):
        chance[one] = calibrated(said[~one], lesson.truth[~one])(said[one])
    return chance


def effects_of(judged: Mapping[str, Judged], valid: Lesson) -> dict[str, Any]:
    """What the features do, strongest first: the logistic regression's log-odds by one standard deviation of each, and
    what each adds to the boosted trees' log-odds, on average and in which direction (a correlation)."""
    told: dict[str, Any] = {}
    for name, one in judged.items():
        model = one.chance.classifier
        if isinstance(model, Logistic):
            effect = model.effects()
            told[name] = {valid.names[f]: round(float(effect[f]), 4) for f in np.argsort(-np.abs(effect))[:_EFFECTS]}
        elif isinstance(model, Boosted):
            size, way = model.contributions(valid.features)
            told[name] = {
                valid.names[f]: {"log_odds": round(float(size[f]), 4), "direction": round(float(way[f]), 3)}
                for f in np.argsort(-size)[:_EFFECTS]
            }
    return told


def _judged(chance: Chance, valid: Lesson) -> Judged:
    said = chance.score(valid)
    honest = crossed(said, valid)
    _, whose = np.unique(valid.customer, return_inverse=True)
    likelihood = np.bincount(whose, log_likelihood(honest, valid.truth)) / np.bincount(whose)
    return Judged(chance, figures_of(said, honest, valid.truth), likelihood)


@dataclass(frozen=True)
class Chances:
    """All questions that have an answer, in one folder; `facts`: question -> how it was chosen."""

    by_question: dict[str, Chance]
    facts: dict[str, Any]

    def save(self, folder: str | Path) -> None:
        """manifest.json: methods, calibrations, facts; beside it each classifier's arrays (npz) or text."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        told = {name: chance.save(folder, name) for name, chance in self.by_question.items()}
        manifest = {"model": "propensity", "questions": told, "facts": self.facts}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> Chances:
        """Raises FileNotFoundError if nothing is there."""
        folder = Path(folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        loaded = {name: Chance.load(told, folder, name) for name, told in manifest["questions"].items()}
        return cls(loaded, manifest["facts"])
