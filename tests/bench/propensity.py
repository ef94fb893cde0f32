"""Who buys within 28 days? Classifiers beside recency alone and BG/NBD, at rolling origins of a published log.

    python -m tests.bench.propensity --data ../shared/data/online_retail     (or complete_journey)

The last 28 days are the test; the 28 before them choose the model and calibrate all; what lies before teaches, an
origin every 28 days. Customers are those who had bought before the origin. The chosen one learns from the validation
origin too before it sees the test. Progress goes to stderr, the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.runtime.classifiers import boosted, forest, logistic
from jobs.runtime.spark import session
from models.propensity import (
    Customers,
    auc,
    average_precision,
    calibrated,
    calibration_error,
    chance_of,
    customers_at,
    log_loss,
    origins,
    reliability,
    will_buy,
)
from models.shop_log import PURCHASE, ShopLog
from models.value import BGNBD
from tests.bench.logs import read_log
from tests.bench.quality import SEED, progress

DAYS, MOST = 28.0, 10
F64 = NDArray[np.float64]
Fit = Callable[[F64, NDArray[np.bool_]], Callable[[F64], F64]]


def at(log: ShopLog, now: float) -> tuple[Customers, NDArray[np.bool_], F64]:
    """(customers, truth, BG/NBD's chances), the model fitted on what lies before `now`."""
    model = BGNBD.fit(customers_at(log, now, None).seen)
    customers = customers_at(log, now, model)
    return customers, will_buy(log, customers, DAYS), chance_of(model, customers.seen, DAYS)


def interval(measure: Callable[[F64, NDArray[np.bool_]], float], chance: F64, truth: NDArray[np.bool_]) -> list[float]:
    """95 % over customers, by 200 resamples."""
    rng = np.random.default_rng(SEED)
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(200)]
    return [round(float(q), 4) for q in np.nanquantile([measure(chance[d], truth[d]) for d in drawn], [0.025, 0.975])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    log = read_log(data)
    log = log.where(log.time >= log.time[log.kind == PURCHASE][0])
    end = float(np.floor(log.time[-1]) + 1)
    with progress("features at each origin"):
        cuts = [at(log, now) for now in origins(float(log.time[0]), end, DAYS, MOST)]
    (test, truth, test_bg), (valid, valid_truth, valid_bg), *teaching = cuts
    taught = np.concatenate([c.features for c, _, _ in teaching])
    taught_truth = np.concatenate([t for _, t, _ in teaching])
    print(f"{data.name}: test {len(truth):,} customers, {truth.mean():.1%} buy; {len(teaching)} earlier origins, "
          f"{len(taught_truth):,} rows to learn from")  # fmt: skip
    spark = session("bench propensity")
    effects: dict[str, F64] = {}

    def by_logistic(features: F64, truth: NDArray[np.bool_]) -> Callable[[F64], F64]:
        score, effects["logistic"] = logistic(spark, features, truth)
        return score

    fits: dict[str, Fit] = {
        "logistic": by_logistic,
        "forest": lambda x, y: forest(spark, x, y),
        "boosted": boosted,
    }
    recency = test.names.index("recency")
    said = {"recency": (-valid.features[:, recency], -test.features[:, recency], 0.0),
            "bg_nbd": (valid_bg, test_bg, 0.0)}  # fmt: skip
    for name, fit in fits.items():
        with progress(name):
            started = time.perf_counter()
            on_valid = fit(taught, taught_truth)(valid.features)
            more, more_truth = np.concatenate([taught, valid.features]), np.concatenate([taught_truth, valid_truth])
            on_test = fit(more, more_truth)(test.features)
            said[name] = on_valid, on_test, time.perf_counter() - started
    measured: dict[str, dict] = {}
    chances = {}
    for name, (on_valid, on_test, seconds) in said.items():
        chance = chances[name] = calibrated(on_valid, valid_truth)(on_test)
        measured[name] = {
            "auc": round(auc(on_test, truth), 4),
            "auc_interval": interval(auc, on_test, truth),
            "average_precision": round(average_precision(on_test, truth), 4),
            "average_precision_interval": interval(average_precision, on_test, truth),
            "calibration_error": round(calibration_error(chance, truth), 4),
            "log_loss": round(log_loss(chance, truth), 4),
            "valid_auc": round(auc(on_valid, valid_truth), 4),
            "valid_average_precision": round(average_precision(on_valid, valid_truth), 4),
            "seconds": round(seconds, 1),
        }
    best = max(measured, key=lambda name: measured[name]["valid_average_precision"])
    print(f"\n{'':12}{'auc':>26}{'average precision':>26}{'calibration':>13}{'log loss':>10}{'valid auc / ap':>18}")
    for name, row in measured.items():
        cells = [f"{row[m]:.4f} [{row[m + '_interval'][0]:.4f}, {row[m + '_interval'][1]:.4f}]"
                 for m in ("auc", "average_precision")]  # fmt: skip
        print(f"{name + (' *' if name == best else ''):12}" + "".join(f"{c:>26}" for c in cells)
              + f"{row['calibration_error']:>13.4f}{row['log_loss']:>10.4f}"
              + f"{row['valid_auc']:>10.4f} /{row['valid_average_precision']:>6.3f}")  # fmt: skip
    print("* best average precision on the validation origin\n\nreliability of the chosen one, customers by chance:")
    for n, promised, seen in reliability(chances[best], truth):
        print(f"  {n:6,} customers: said {promised:.3f}, bought {seen:.3f}")
    strongest = np.argsort(-np.abs(effects["logistic"]))[:8]
    print("log-odds by one standard deviation (logistic): "
          + ", ".join(f"{test.names[f]} {effects['logistic'][f]:+.2f}" for f in strongest))  # fmt: skip
    print(json.dumps(measured | {"best": best, "customers": len(truth), "base_rate": round(float(truth.mean()), 4)}))


if __name__ == "__main__":
    main()
