"""Says how many users an experiment needs, before it starts, and whether the experiments of the settings plan enough.

    python -m jobs plan_experiment --rate 0.1 --lift 0.02                     # 10 % buy; find a rise to 12 %
    python -m jobs plan_experiment --rate 0.1 --lift 0.02 --config shop.toml  # and check the experiments of shop.toml

Sizes are for one arm against the control, in a two-sided test. With CUPED, fewer users are needed if the metric
correlates with earlier purchases; --rho is this correlation. Exit status 1 if a declared experiment plans too few.
"""

from __future__ import annotations

import argparse

from jobs.common.declared_experiments import Experiment, ExperimentsConfig
from jobs.runtime.arguments import add_settings_arguments
from jobs.runtime.settings import load_settings
from models.experiments.analysis import power_of, sample_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, required=True, help="share of the control's users who buy, 0 to 1")
    parser.add_argument("--lift", type=float, required=True, help="the smallest change worth finding, such as .02")
    parser.add_argument("--level", type=float, help="false alarms; default: experiments.level of the settings")
    parser.add_argument("--power", type=float, default=0.8, help="how often the change is found; default .8")
    parser.add_argument("--rho", type=float, default=0.0, help="correlation that CUPED uses; default 0: no help")
    add_settings_arguments(parser)


def main(args: argparse.Namespace) -> int:
    config: ExperimentsConfig = load_settings(args.config, args.set).section("experiments")
    level = args.level if args.level is not None else config.level
    needed = sample_size(args.rate, args.lift, level, args.power, args.rho)
    print(
        f"{needed:,} users an arm find {args.rate:.2%} -> {args.rate + args.lift:.2%} in {args.power:.0%} of all "
        f"tests, with {level:.0%} false alarms"
    )
    if not config.running:
        print("no experiment is declared in these settings")
    few = [declared(e, needed, args.rate, args.lift, level, args.rho) for e in config.running]
    return int(any(few))


def declared(experiment: Experiment, needed: int, rate: float, lift: float, level: float, rho: float) -> bool:
    """Prints the power and duration of the experiment's plan; returns whether it plans too few users."""
    planned, small = experiment.planned_users, min(experiment.shares, key=lambda arm: experiment.shares[arm])
    # CUPED leaves 1 - rho^2 of the variance, which has the same effect as 1 / (1 - rho^2) times the users.
    power = power_of(rate, lift, round(planned / (1 - rho**2)), level)
    visitors = round(planned / experiment.shares[small])
    print(
        f"{experiment.name}, from {experiment.starts_on}: {len(experiment.arms)} arms, {planned:,} users planned in "
        f"each, about {visitors:,} visitors until '{small}' has them; power {power:.0%}"
    )
    if planned >= needed:
        print(f"  enough: {planned:,} planned, {needed:,} needed")
        return False
    print(f"  too few: {planned:,} planned, {needed:,} needed; raise planned_users, or look for a larger change")
    return True
