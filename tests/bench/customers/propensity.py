"""Who buys within 28 days, who lapses, who buys in which category? Classifiers compared with simple scores.

    python -m tests.bench.customers.propensity --data ../shared/data/online_retail     (or complete_journey)

Rolling origins, one for each window: the last window is the test set, the window before it is the validation set for
choice and calibration, the earlier windows are training sets; each looks back as far as a night does. Customers are
people who bought before the origin. A category is the item attribute with the most values, up to the night's limit;
without such an attribute the question is left out. The classifiers are compared with recency alone and with BG/NBD; for
categories with the customer's own share of purchase days, popularity, and own share times BG/NBD. The night's rule
chooses (models/customers/calibrated_models.py), and nothing is trained on the validation window afterwards. Progress
goes to stderr, the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.customers.predict_purchases import PropensityConfig
from jobs.customers.spark_classifiers import fits
from jobs.runtime.progress import each, progress
from jobs.runtime.spark import session
from models.core.shop_log import PURCHASE, ShopLog
from models.customers.calibrated_models import (
    Judged,
    TrainingSet,
    best_of,
    compare,
    effects_of,
    figures_of,
)
from models.customers.category_features import level_of
from models.customers.lifetime_value import NotEnoughData
from models.customers.probability_metrics import BINS, auc, average_precision, log_loss, reliability
from models.customers.training_moments import Question, training_sets
from tests.bench.logs import read_log
from tests.bench.quality import SEED

F64 = NDArray[np.float64]
Measure = Callable[[F64, NDArray[np.bool_]], float]
CONFIG = PropensityConfig()
QUESTIONS = (
    Question("buys_28d", "buys", 28.0),
    Question("lapses", "lapses", float(CONFIG.lapse_days)),
    Question("category", "category", 28.0),
)


def resamples(rows: TrainingSet) -> list[NDArray[np.int64]]:
    """200 bootstrap samples of customers; a customer comes with all of its rows."""
    rng = np.random.default_rng(SEED)
    customers, whose = np.unique(rows.customer, return_inverse=True)
    order = np.argsort(whose, kind="stable")
    first = np.append(np.searchsorted(whose[order], np.arange(len(customers))), len(whose))
    samples = []
    for _ in range(200):
        who = rng.integers(0, len(customers), len(customers))
        samples.append(np.concatenate([order[first[customer] : first[customer + 1]] for customer in who]))
    return samples


def by_chance(chance: F64) -> float:
    """The mean calibration error that perfect probabilities would show by chance.

    Each tenth's share differs from its mean by sqrt(2 / pi) standard deviations on average.
    """
    tenths = [np.sort(chance)[part] for part in np.array_split(np.arange(len(chance)), BINS) if len(part)]
    strays = [len(tenth) * np.sqrt(2 / np.pi * (tenth * (1 - tenth)).mean() / len(tenth)) for tenth in tenths]
    return float(np.sum(strays) / max(len(chance), 1))


def right_first(score: F64, rows: TrainingSet) -> float:
    """The share of customers who bought in their category with the highest score, among those who bought in any.

    If several categories have the same score, the first counts.
    """
    order = np.lexsort((-score, rows.customer))
    first = order[np.unique(rows.customer[order], return_index=True)[1]]
    bought = np.isin(rows.customer[first], rows.customer[rows.truth])
    return float(rows.truth[first][bought].mean())


def interval(values: list[float]) -> list[float]:
    return [round(float(q), 4) for q in np.nanquantile(values, [0.025, 0.975])]


def tested(tried: dict[str, Judged], best: str, test: TrainingSet) -> dict[str, Any]:
    """Each candidate on the test set with 95 % intervals over customers; the chosen one minus the baseline, paired."""
    samples, truth = resamples(test), test.truth
    scores = {name: candidate.model.score(test) for name, candidate in tried.items()}
    chance = {name: candidate.model.probability(test) for name, candidate in tried.items()}
    measures: dict[str, tuple[Measure, dict[str, F64]]] = {
        "auc": (auc, scores),
        "average_precision": (average_precision, scores),
        "log_loss": (log_loss, chance),
    }
    rows: dict[str, Any] = {name: figures_of(scores[name], chance[name], truth) for name in tried}
    ahead: dict[str, Any] = {}
    for metric, (measure, of) in measures.items():
        spread = {name: [measure(values[d], truth[d]) for d in samples] for name, values in of.items()}
        for name in tried:
            rows[name][f"{metric}_interval"] = interval(spread[name])
        base = next(iter(tried))
        sign = -1 if metric == "log_loss" else 1  # more is better in what follows
        gain = sign * (rows[best][metric] - rows[base][metric])
        paired = [sign * (a - b) for a, b in zip(spread[best], spread[base], strict=True)]
        ahead[metric] = {"gain": round(gain, 5), "interval": interval(paired)}
    for name, candidate in tried.items():
        rows[name] |= {f"valid_{metric}": value for metric, value in candidate.figures.items()}
    if len(test) > len(np.unique(test.customer)):
        for name in tried:
            rows[name]["right_first"] = round(right_first(scores[name], test), 4)
    return rows | {
        "calibration_error_by_chance": round(by_chance(chance[best]), 4),
        "asked": round(test.coverage, 4),
        "best": best,
        "baseline": next(iter(tried)),
        "over_baseline": ahead,
        "never_worse_than_baseline": all(lead["gain"] >= 0 for lead in ahead.values()),
        "customers": len(np.unique(test.customer)),
        "rows": len(test),
        "base_rate": round(float(truth.mean()), 4),
    }


def page(question: Question, tried: dict[str, Judged], test: TrainingSet, rows: dict[str, Any]) -> str:
    best, base = rows["best"], rows["baseline"]
    lines = [
        f"\n{question.name}: within {question.days:g} days; test: {rows['customers']:,} customers, "
        f"{rows['rows']:,} rows, {rows['base_rate']:.1%} come true",
        f"{'':22}{'auc':>26}{'average precision':>26}{'calibration':>13}{'log loss':>10}{'valid auc / ap / loss':>26}",
    ]
    for name in tried:
        row = rows[name]
        cells = [f"{row[m]:.4f} [{row[m + '_interval'][0]:.4f}, {row[m + '_interval'][1]:.4f}]"
                 for m in ("auc", "average_precision")]  # fmt: skip
        valid = f"{row['valid_auc']:.4f} / {row['valid_average_precision']:.3f} / {row['valid_log_loss']:.4f}"
        lines.append(f"{name + (' *' if name == best else ''):22}" + "".join(f"{c:>26}" for c in cells)
                     + f"{row['calibration_error']:>13.4f}{row['log_loss']:>10.4f}{valid:>26}")  # fmt: skip
    if "right_first" in rows[base]:
        shares = ", ".join(f"{name} {rows[name]['right_first']:.1%}" for name in tried)
        lines.append(f"  {rows['asked']:.1%} of what was bought had a row; of those who bought in one, the highest "
                     f"category was right for: {shares}")  # fmt: skip
    gains = ", ".join(f"{m.replace('_', ' ')} {lead['gain']:+.4f} "
                      f"[{lead['interval'][0]:+.4f}, {lead['interval'][1]:+.4f}]"
                      for m, lead in rows["over_baseline"].items())  # fmt: skip
    verdict = "never worse than" if rows["never_worse_than_baseline"] else "in some figure WORSE than"
    lines += [
        f"* chosen on validation; on the test {verdict} {base} alone; gain: {gains}",
        f"  its reliability (a perfect model's calibration error would be {rows['calibration_error_by_chance']:.4f}):",
    ]
    table = reliability(tried[best].model.probability(test), test.truth)
    lines += [f"  {n:8,} rows: predicted {predicted:.3f}, observed {observed:.3f}" for n, predicted, observed in table]
    for name, effects in effects_of(tried, test).items():
        shown = [f"{f} {e:+.2f}" if isinstance(e, float) else f"{f} {e['log_odds']:.2f} ({e['direction']:+.1f})"
                 for f, e in list(effects.items())[:6]]  # fmt: skip
        what = "log-odds by one standard deviation" if name == "logistic" else "mean size in log-odds (direction)"
        lines.append(f"  {name}, {what}: {', '.join(shown)}")
    return "\n".join(lines)


def measured(question: Question, log: ShopLog, end: float, category: NDArray[np.int32] | None) -> dict[str, Any]:
    """Prints one question's table and returns its figures, or why it cannot be answered."""
    try:
        with progress(f"{question.name}: what was known at each origin"):
            sets = training_sets(
                question, log, end, CONFIG.history_days, CONFIG.origins + 1, 3, CONFIG.teach_customers, category
            )
        test, valid, *training = sets
        with progress(f"{question.name}: models") as fitting:
            candidates = fits(session("bench propensity"), CONFIG.seed, CONFIG.trees)
            tried = compare(training, valid, candidates, question.days, CONFIG.teach_rows, fitting.now)
    except NotEnoughData as error:
        print(f"\n{question.name}: not enough data: {error}")
        return {"not_enough_data": str(error)}
    best = best_of(tried, valid.baseline)
    rows = tested(tried, best, test) | {"origins": len(sets)}
    print(page(question, tried, test, rows), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    log = read_log(parser.parse_args().data)
    if (log.kind == PURCHASE).any():
        log = log.where(log.time >= log.time[log.kind == PURCHASE][0])
    end = float(np.floor(log.time[-1]) + 1)
    level = level_of(log.attributes, CONFIG.most_categories)
    print(f"categories: {f'the items own {level!r}' if level else 'the items have none, the question is left out'}")
    category = log.attributes[level] if level else None
    first, *others = [
        measured(question, log, end, category)
        for question in each("propensity", QUESTIONS, "questions", lambda question: question.name)
    ]
    result = first | {question.name: rows for question, rows in zip(QUESTIONS[1:], others, strict=True)}
    answered = [rows for rows in (first, *others) if "best" in rows]
    verdicts = [rows["never_worse_than_baseline"] for rows in answered]
    print(json.dumps(result | {"never_worse_than_baseline_anywhere": all(verdicts) if verdicts else None}))


if __name__ == "__main__":
    main()
