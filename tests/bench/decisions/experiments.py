"""Are the experiments' figures right? Thousands of simulated A/A tests, and A/B tests with a planted lift.

    python -m tests.bench.decisions.experiments [--tests 4000] [--months 100]

Each user has a purchase rate, the same in the week before and in the week of the test, so that CUPED can reduce the
variance. `assign` gives out the arms, as in a shop. Then come months in which Thompson sampling moves the shares every
night (tests/bench/decisions/moving_shares.py), without a lift and with a lift of 30 % of the rate. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from scipy.stats import binomtest

from jobs.runtime.progress import each
from models.experiments.analysis import compare, power_of, sample_ratio, sample_size
from models.experiments.assignment import assign
from tests.bench.decisions import moving_shares

RATE, LIFT, USERS = 0.10, 0.02, 4000
HALF = {"control": 0.5, "treatment": 0.5}
SEED = 7


def simulated(rng: np.random.Generator, treated: np.ndarray, lift: float) -> tuple[np.ndarray, np.ndarray]:
    """(bought before, bought in the test) 0/1 (n,): rates from Beta(1, 9), mean .1, with a lift for treated users."""
    rate = rng.beta(1.0, 9.0, len(treated))
    before = rng.binomial(7, rate)
    lifted = np.where(treated, rate + lift * (1 - rate) / (1 - RATE), rate)
    return before.astype(np.float64), (rng.random(len(treated)) < lifted).astype(np.float64)


def run(tests: int, lift: float) -> dict[str, float]:
    significant, significant_cuped, covered, variance_kept, alarms = 0, 0, 0, 0.0, 0
    users = [f"u{number}" for number in range(USERS)]
    rng = np.random.default_rng(SEED + int(lift > 0))
    for number in each("A/B tests" if lift else "A/A tests", range(tests), "tests", None):
        arms = np.array(assign(users, f"test {number}", "bench", HALF)) == "treatment"
        before, outcome = simulated(rng, arms, lift)
        plain = compare(outcome[~arms], outcome[arms])
        cuped = compare(outcome[~arms], outcome[arms], (before[~arms], before[arms]))
        significant += plain.p < 0.05
        significant_cuped += cuped.p < 0.05
        covered += cuped.low <= lift <= cuped.high
        variance_kept += cuped.variance_kept
        alarms += not sample_ratio({"control": int((~arms).sum()), "treatment": int(arms.sum())}, HALF)[1]
    return {
        "significant": significant / tests,
        "significant_cuped": significant_cuped / tests,
        "coverage_95": covered / tests,
        "variance_kept": variance_kept / tests,
        "sample_ratio_alarms": alarms / tests,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=4000)
    parser.add_argument("--months", type=int, default=100)
    args = parser.parse_args()
    tests, months = args.tests, args.months
    same, lifted = run(tests, 0.0), run(tests, LIFT)
    moving = {"same": moving_shares.run(months, 0.0), "better": moving_shares.run(months, 0.3)}
    low, high = binomtest(round(0.05 * tests), tests).proportion_ci(0.95, "exact")
    computed = power_of(RATE, LIFT, USERS // 2)
    power_low, power_high = binomtest(round(computed * tests), tests).proportion_ci(0.95, "exact")
    print(f"\n{tests:,} tests of {USERS:,} users, {RATE:.0%} buy, planted lift {LIFT:.0%}")
    print(f"A/A: {same['significant']:.4f} significant at 5 %, by CUPED {same['significant_cuped']:.4f}; "
          f"chance gives {low:.4f} to {high:.4f}; "
          f"alarms of the split {same['sample_ratio_alarms']:.4f}, .001 by chance")  # fmt: skip
    print(f"A/B: found {lifted['significant']:.4f}, computed {computed:.4f} ({power_low:.4f} to {power_high:.4f}); by "
          f"CUPED {lifted['significant_cuped']:.4f}, which kept {lifted['variance_kept']:.3f} of the variance; "
          f"95 % intervals hold the lift in {lifted['coverage_95']:.4f}")  # fmt: skip
    print(f"for 80 % power it takes {sample_size(RATE, LIFT):,} users an arm (16 p(1-p)/d^2 = "
          f"{16 * RATE * (1 - RATE) / LIFT**2:,.0f})")  # fmt: skip
    print(
        f"\n{months:,} months of {moving_shares.NIGHTS} nights and {moving_shares.USERS:,} users, shares moved nightly"
    )
    print("\n".join(line for name, figures in moving.items() for line in moving_shares.lines(name, figures)))
    print(json.dumps({
        "a_a": same | {"expected": [round(low, 4), round(high, 4)]},
        "a_b": lifted | {"computed_power": round(computed, 4), "expected": [round(power_low, 4), round(power_high, 4)]},
        "moving_shares": moving,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
