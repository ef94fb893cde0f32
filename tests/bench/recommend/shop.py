"""Compares the ranker with its sources on a published shop log, with the last week (or seventh) as truth.

    python -m tests.bench.recommend.shop --data ../shared/data/retailrocket     (or online_retail, hm; the files tell
    which)

The truth is what known users bought in the last span, also items that they bought before: repeat purchase is part of
the task, so no item is masked. Buyers without earlier events are counted and not ranked: no night could have made them
a list of their own. Each single source is filled up with popular items, as in a shop. Sources, ranker, rounds and
`best` are chosen on earlier spans; every row is then fitted on all events before the test span, so the rows can be
compared. No published row is printed. The test span is ranked once. Progress goes to stderr, the last line is JSON.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.runtime.progress import progress
from models.core.list_metrics import score_lists
from models.core.shop_log import KINDS, EventWeights, ShopLog, truth_kind, truth_span
from models.ranking.backtest import (
    Cut,
    RollingConfig,
    cut_at,
    earlier_cuts,
    sources_at,
    split_cuts,
)
from models.ranking.candidate_sources import Sources, SourcesConfig, fit_als, visited_together
from models.ranking.diversity import diversify
from models.ranking.diversity_config import DiversityConfig
from models.ranking.ranker import Ranker, RankerConfig
from models.recommenders.als import ALSConfig
from models.recommenders.neighbours import related
from tests.bench.logs import read_log
from tests.bench.quality import Measured, report

K = 12
DEPTH = 60  # length of the lists from which the business rules choose
I32 = NDArray[np.int32]
METRICS = ("hr@12", "ndcg@12")
EQUAL = EventWeights(view=1.0, wishlist=1.0, cart=1.0, purchase=1.0)


def filled(codes: I32, popular: I32, k: int) -> I32:
    """The lists (n, m), filled up to (n, k) with the `popular` items (p,) in order."""
    wide = np.concatenate([codes, np.broadcast_to(popular, (len(codes), len(popular)))], axis=1)
    order = np.argsort(wide, axis=1, kind="stable")
    ordered = np.take_along_axis(wide, order, axis=1)
    fresh = np.empty(wide.shape, bool)
    np.put_along_axis(fresh, order, np.diff(ordered, axis=1, prepend=-2) != 0, axis=1)
    ahead = np.argsort(~(fresh & (wide >= 0)), axis=1, kind="stable")[:, :k]
    is_filled = np.take_along_axis(fresh & (wide >= 0), ahead, axis=1)
    return np.where(is_filled, np.take_along_axis(wide, ahead, axis=1), -1).astype(np.int32)


def measured(cuts: list[Cut], codes: list[I32]) -> dict[str, NDArray[np.float64]]:
    """Metric -> one value per user of all cuts, for lists of each cut's users (n, >= K)."""
    parts = []
    for cut, lists in zip(cuts, codes, strict=True):
        popular = cut.lists["popularity"][0][0]
        filled_lists = filled(lists, popular[popular >= 0], min(K, lists.shape[1]))
        filled_lists = np.pad(filled_lists, ((0, 0), (0, K - filled_lists.shape[1])), constant_values=-1)
        parts.append(score_lists(filled_lists, cut.truth, K))
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in METRICS}


def sources_alone(cuts: list[Cut]) -> dict[str, dict[str, NDArray[np.float64]]]:
    return {name: measured(cuts, [cut.lists[name][0] for cut in cuts]) for name in cuts[0].lists}


def ranked(ranker: Ranker, cut: Cut, k: int = K) -> tuple[I32, NDArray[np.float32]]:
    return ranker.recommend(cut.candidates, min(k, cut.truth.shape[1]), cut.truth.shape[1])


def weight_evidence(cuts: list[Cut], sources_by_time: dict[float, Sources]) -> dict[str, Any]:
    """ndcg@12 of ALS and co-visitation, with purchases weighted above views and with equal weights."""
    lists_by_source: dict[str, list[dict[bool, I32]]] = {"als": [], "covisitation": []}
    for cut in cuts:
        sources, users = sources_by_time[cut.now], cut.users
        span = sources.span * sources.config.long_half_life, sources.span * sources.config.short_half_life
        long, short = (sources.log.interest(EQUAL, half_life, sources.now) for half_life in span)
        touched = np.asarray(long.sum(axis=0)).reshape(-1) > 0
        flat, _ = fit_als(sources.config.als, long).recommend(users, sources.k, None, touched)
        lists_by_source["als"].append({True: cut.lists["als"][0], False: flat})
        flat, _ = related(
            short[users], visited_together(sources.config, sources.log, sources.now, sources.span, EQUAL), sources.k
        )
        lists_by_source["covisitation"].append({True: cut.lists["covisitation"][0], False: flat})
    result: dict[str, Any] = {"buyers": sum(len(cut.users) for cut in cuts), "spans": len(cuts)}
    for name, lists in lists_by_source.items():
        above, equal = (
            measured(cuts, [list_pair[is_weighted] for list_pair in lists])["ndcg@12"].mean()
            for is_weighted in (True, False)
        )
        result[name] = {"purchases_above_views": round(float(above), 5), "equal": round(float(equal), 5)}
        print(f"  {name:14} purchases above views {above:.4f}, equal {equal:.4f} ({above / max(equal, 1e-9) - 1:+.1%})")
    return result


def rule_costs(ranker: Ranker, cut: Cut, sources: Sources) -> dict[str, float]:
    """ndcg@12 with each business rule, relative to none; every rule starts from the same ranked lists."""
    codes, scores = ranked(ranker, cut, DEPTH)
    k = min(K, codes.shape[1])
    category = sources.log.attributes.get("category")
    rules = {f"mmr {share}": DiversityConfig(mmr=share) for share in (0.9, 0.7)}
    if category is not None:
        rules |= {f"{most} a category": DiversityConfig(most_per_category=most) for most in (3, 2)}
    else:
        print("  no category in these data: the cap is not measured")
    cost_by_rule = {}
    plain = measured([cut], [codes[:, :k]])["ndcg@12"].mean()
    for name, rule in rules.items():
        codes_shown, _ = diversify(rule, codes, scores, k, category, vectors=sources.item_factors)
        cost_by_rule[name] = round(float(measured([cut], [codes_shown])["ndcg@12"].mean() / max(plain, 1e-9) - 1), 4)
        print(f"  {name:14} {cost_by_rule[name]:+.1%} of ndcg@12")
    return cost_by_rule


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    threads = int(os.environ.get("OMP_NUM_THREADS", 2))
    config = SourcesConfig(als=ALSConfig(threads=threads))
    ranker_config, rolling = RankerConfig(threads=threads), RollingConfig()
    log = read_log(args.data)
    test, span = truth_span(log)

    sources_by_time: dict[float, Sources] = {}
    with progress("choosing on earlier spans") as choosing:
        teaching, judging, validated, rounds = choose(
            log.between(-np.inf, test), test, span, config, ranker_config, rolling, sources_by_time
        )
    valid = {name: float(values["ndcg@12"].mean()) for name, values in validated.items()}
    best_source = max((name for name in valid if name != "hybrid"), key=valid.__getitem__)
    best = max(valid, key=valid.__getitem__)

    with progress("the test span: sources") as fitting:
        sources_by_time[test] = sources_at(config, log, test, span)
        cut = cut_at(rolling, ranker_config, log, sources_by_time[test])
    with progress("the test span: ranker, fitted anew on every earlier span") as ranking:
        ranker = Ranker.fit(
            ranker_config,
            [(cut_learned.candidates, cut_learned.grades) for cut_learned in (*judging, *teaching)],
            (),
            rounds,
        )
        codes, _ = ranked(ranker, cut)
    rows = {name: Measured(values, cut.seconds[name]) for name, values in sources_alone([cut]).items()}
    rows["hybrid"] = Measured(measured([cut], [codes]), choosing.seconds + fitting.seconds + ranking.seconds)
    for name, row in rows.items():
        row.more["valid_ndcg@12"] = round(valid[name], 5)
    figures = compared(rows, best_source, valid)
    print_findings(ranker, cut, sources_by_time[test], judging)
    print("\npurchases above views, ndcg@12 over the test span and the earlier ones:")
    mixed = len(np.unique(log.kind[log.kind <= truth_kind(log)])) > 1
    if mixed:
        with progress("purchases weighed like views"):
            figures["purchase_weight"] = weight_evidence([cut, *judging, *teaching], sources_by_time)
    else:
        print(f"  {KINDS[truth_kind(log)]} is the only kind of event here: nothing to weigh")
        figures["purchase_weight"] = None
    print("\nbusiness rules after the ranker, each alone:")
    figures["rules"] = rule_costs(ranker, cut, sources_by_time[test])
    days = f"last {span:g} days"
    report(f"{args.data.name}, {days}, repeats counted, nothing masked", rows, best, {}, figures)


def choose(
    log: ShopLog,
    test: float,
    span: float,
    config: SourcesConfig,
    ranker: RankerConfig,
    rolling: RollingConfig,
    sources_by_time: dict[float, Sources],
) -> tuple[list[Cut], list[Cut], dict[str, dict[str, NDArray[np.float64]]], int]:
    """(teaching, judging, metrics of each source and the hybrid on the judging cuts, rounds); log ends at `test`.

    Puts the sources of each cut into `sources_by_time`, by the cut's time.
    """

    def make(now: float) -> Cut:
        with progress(f"  {(test - now) / span:.0f} spans before the test"):
            sources_by_time[now] = sources_at(config, log, now, span)
            return cut_at(rolling, ranker, log, sources_by_time[now])

    cuts = list(earlier_cuts(rolling, log, test, span, make))
    teaching, judging = split_cuts(rolling, cuts)
    with progress(f"  ranker: {len(teaching)} spans teach, {len(judging)} judge"):
        fitted = Ranker.fit(
            ranker,
            [(cut.candidates, cut.grades) for cut in teaching],
            [(cut.candidates, cut.grades) for cut in judging],
        )
    metrics = sources_alone(judging)
    metrics["hybrid"] = measured(judging, [ranked(fitted, cut)[0] for cut in judging])
    return teaching, judging, metrics, fitted.rounds


def compared(rows: dict[str, Measured], best_source: str, valid: dict[str, float]) -> dict[str, Any]:
    """The ranker's ndcg@12 relative to the source that is best on the test (strict), and to the chosen source."""
    ndcg = {name: float(row.values["ndcg@12"].mean()) for name, row in rows.items()}
    strongest = max((name for name in ndcg if name != "hybrid"), key=ndcg.__getitem__)
    return {
        "ranker_over_best_source": round(ndcg["hybrid"] / max(ndcg[strongest], 1e-9), 4),
        "best_source": strongest,
        "ranker_over_chosen_source": round(ndcg["hybrid"] / max(ndcg[best_source], 1e-9), 4),
        "chosen_source": best_source,
        "valid_ranker_over_best_source": round(valid["hybrid"] / max(valid[best_source], 1e-9), 4),
    }


def print_findings(ranker: Ranker, cut: Cut, sources: Sources, judging: list[Cut]) -> None:
    buyers, pairs = len(cut.users), cut.truth.nnz
    known_pairs = sources.long.astype(bool)[cut.users].multiply(cut.truth).nnz
    reached = int((cut.grades == cut.grades.max(initial=1)).sum())
    print(
        f"\n{buyers:,} known buyers of {pairs:,} items in the last {sources.span:g} days, {known_pairs / pairs:.0%} of "
        f"them touched before; {cut.newcomers:,} more buyers were never seen before and are left out; "
        f"validated on {sum(len(cut_judged.users) for cut_judged in judging):,} buyers of {len(judging)} earlier spans"
    )
    print(
        f"candidates: {len(cut.candidates) / len(cut.users):.0f} a user, {reached / pairs:.0%} of the truth among them"
    )
    top = list(ranker.importances().items())[:12]
    print(f"ranker: {ranker.rounds} rounds; weightiest features: {', '.join(f'{n} {s:.0%}' for n, s in top)}")
    groups, parts = ranker.contributions(cut.candidates)
    share = np.abs(parts[:, : groups.index("base")]).mean(axis=0)
    parts_of = sorted(zip(groups, share / share.sum(), strict=False), key=lambda pair: -pair[1])
    print(f"mean part of a row's score: {', '.join(f'{name} {part:.0%}' for name, part in parts_of)}")


if __name__ == "__main__":
    main()
