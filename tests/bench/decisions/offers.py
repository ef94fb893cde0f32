"""Which households redeem which campaign's coupons? Then the allocator gets many budgets; broken guards are counted.

    python -m tests.bench.decisions.offers --data ../shared/data/complete_journey

A row is a household to which a campaign was sent. The last campaigns, a third of the rows, are the test. Of the
campaigns that ended before the test began, the last quarter chooses the model, and all of them train it. Features of a
row are what was known on the day before its campaign began: baskets and redemptions, never demographics. Lift at 10 %
is the share of redeemers in the tenth with the highest scores, divided by that of all; intervals are over households.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from jobs.customers.spark_classifiers import boosted
from jobs.runtime.progress import each, progress
from models.customers.probability_metrics import auc, average_precision
from models.experiments.assignment import assign
from models.offers.allocation import OfferCandidates, OfferRules, UserState, choose
from models.offers.audit import violations
from tests.bench.quality import SEED

F64 = NDArray[np.float64]
SHARES = (0.1, 0.3)
TEST, VALID = 1 / 3, 1 / 4  # shares of the rows, by the start of their campaigns
RESAMPLES, BUDGETS = 1000, 500


@dataclass(frozen=True)
class Rows:
    """households (n,) of campaigns (n,), redeemed (n,), features (n, F); all in the order of the campaigns' starts."""

    household: NDArray[np.object_]
    campaign: NDArray[np.object_]
    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    redeemed: NDArray[np.bool_]
    features: F64
    names: tuple[str, ...]

    def where(self, mask: NDArray[np.bool_]) -> Rows:
        return Rows(self.household[mask], self.campaign[mask], self.start[mask], self.end[mask], self.redeemed[mask],
                    self.features[mask], self.names)  # fmt: skip

    def column(self, name: str) -> F64:
        return self.features[:, self.names.index(name)]


# Events of other campaigns count only if they are before the row's start.
_SQL = """
with sent as (
    select c.campaign_id, c.household_id, d.campaign_type, d.start_date::date as s, d.end_date::date as e
    from '{d}/campaigns.parquet' c join '{d}/campaign_descriptions.parquet' d using (campaign_id)
), redemptions as (
    select household_id, campaign_id, redemption_date::date as day from '{d}/coupon_redemptions.parquet'
), lines as (
    select t.household_id, t.product_id, t.basket_id, t.sales_value, t.coupon_disc > 0 as coupon,
        t.retail_disc > 0 as on_sale, t.transaction_timestamp::date as day, p.product_category as category
    from '{d}/transactions*.parquet' t left join '{d}/products.parquet' p using (product_id)
), goods as (
    select distinct campaign_id, product_id from '{d}/coupons.parquet'
), kinds as (
    select g.campaign_id, p.product_category as category, count(*) as n
    from goods g join '{d}/products.parquet' p using (product_id) where p.product_category is not null group by all
), offer as (
    select campaign_id, count(distinct coupon_upc) as coupons, count(distinct product_id) as products
    from '{d}/coupons.parquet' group by all
), reach as (select campaign_id, count(*) as reach from sent group by all
), before as (
    select a.campaign_id, a.household_id, count(distinct b.campaign_id) as received,
        count(distinct b.campaign_id) filter (b.e >= a.s) as running
    from sent a join sent b on a.household_id = b.household_id and b.s < a.s group by all
), used as (
    select a.campaign_id, a.household_id, count(*) as redemptions, count(distinct r.campaign_id) as redeemed_campaigns,
        date_diff('day', max(r.day), any_value(a.s)) as since_redemption,
        count(*) filter (date_diff('day', r.day, a.s) <= 90) as redemptions_90
    from sent a join redemptions r on a.household_id = r.household_id and r.day < a.s group by all
), basket as (
    select a.campaign_id, a.household_id, count(*) as lines, count(distinct basket_id) as baskets,
        sum(sales_value) as money, avg(coupon::int) as coupon_share, avg(on_sale::int) as sale_share,
        date_diff('day', max(day), any_value(a.s)) as since_basket, count(distinct category) as categories,
        count(g.product_id) as own_lines
    from sent a join lines l on a.household_id = l.household_id and l.day < a.s
    left join goods g on g.campaign_id = a.campaign_id and g.product_id = l.product_id group by all
), likes as (
    select a.campaign_id, a.household_id, count(*) as category_lines
    from sent a join lines l on a.household_id = l.household_id and l.day < a.s
    join kinds k on k.campaign_id = a.campaign_id and k.category = l.category group by all
), rate as (
    select a.campaign_id, count(distinct (b.campaign_id, b.household_id)) as type_sent,
        count(distinct (r.campaign_id, r.household_id)) as type_redeemed
    from (select distinct campaign_id, campaign_type, s from sent) a
    left join sent b on b.campaign_type = a.campaign_type and b.s < a.s
    left join redemptions r on r.campaign_id = b.campaign_id and r.household_id = b.household_id and r.day < a.s
    group by all
)
select sent.campaign_id, sent.household_id, campaign_type, s, e,
    exists (from redemptions r where r.campaign_id = sent.campaign_id and r.household_id = sent.household_id) as hit,
    date_diff('day', s, e) as days, coalesce(coupons, 0) as coupons, coalesce(products, 0) as products, reach,
    coalesce(received, 0) as received, coalesce(running, 0) as running, coalesce(redemptions, 0) as redemptions,
    coalesce(redeemed_campaigns, 0) as redeemed_campaigns, coalesce(redemptions_90, 0) as redemptions_90,
    coalesce(since_redemption, 400) as since_redemption, coalesce(lines, 0) as lines, coalesce(baskets, 0) as baskets,
    coalesce(money, 0) as money, coalesce(coupon_share, 0) as coupon_share, coalesce(sale_share, 0) as sale_share,
    coalesce(since_basket, 400) as since_basket, coalesce(categories, 0) as categories,
    coalesce(own_lines, 0) as own_lines, coalesce(category_lines, 0) as category_lines,
    (coalesce(redeemed_campaigns, 0) + 0.5) / (coalesce(received, 0) + 5) as own_rate,
    (type_redeemed + 5) / (type_sent + 50) as type_rate
from sent left join offer using (campaign_id) left join reach using (campaign_id) left join rate using (campaign_id)
left join before using (campaign_id, household_id) left join used using (campaign_id, household_id)
left join basket using (campaign_id, household_id) left join likes using (campaign_id, household_id)
order by s, sent.campaign_id, sent.household_id
"""


def read_rows(data: Path) -> Rows:
    for name in ("campaigns", "campaign_descriptions", "coupons", "coupon_redemptions", "products"):
        if not (data / f"{name}.parquet").exists():
            raise FileNotFoundError(f"{data} has no {name}.parquet; this bench reads Complete Journey's files")
    frame: pd.DataFrame = duckdb.sql(_SQL.format(d=data)).df()
    names = tuple(frame.columns[6:])
    return Rows(frame["household_id"].to_numpy(object), frame["campaign_id"].to_numpy(object),
                frame["s"].to_numpy("datetime64[D]"), frame["e"].to_numpy("datetime64[D]"), frame["hit"].to_numpy(bool),
                frame[list(names)].to_numpy(np.float64), names)  # fmt: skip


def last_part(rows: Rows, share: float) -> np.datetime64:
    """The start of the campaign from which on the campaigns have at least `share` of the rows."""
    starts, counts = np.unique(rows.start, return_counts=True)
    from_the_end = np.cumsum(counts[::-1])
    return starts[::-1][int(np.searchsorted(from_the_end, share * len(rows.start)))]


def ridge(features: F64, truth: NDArray[np.bool_], strength: float):
    """Logistic regression on standardised logarithms, with a squared penalty; returns probabilities."""
    middle, spread = np.log1p(features).mean(axis=0), np.maximum(np.log1p(features).std(axis=0), 1e-9)

    def form(x: F64) -> F64:
        return (np.log1p(x) - middle) / spread

    x = np.column_stack([np.ones(len(features)), form(features)])

    def loss(weights: F64) -> tuple[float, F64]:
        z = x @ weights
        chance = 1 / (1 + np.exp(-z))
        penalty = strength * np.append(0.0, weights[1:])
        return float(np.logaddexp(0, z).sum() - z[truth].sum() + penalty @ weights / 2), x.T @ (
            chance - truth
        ) + penalty

    coefficients = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return lambda rows: 1 / (1 + np.exp(-np.column_stack([np.ones(len(rows)), form(rows)]) @ coefficients))


def lift(score: F64, truth: NDArray[np.bool_], share: float, weight: F64) -> float:
    """Rate of hits among the `share` of highest scores, divided by that of all; rows with one score count in part."""
    return caught(score, truth, share, weight) / max(share * float(weight @ truth), 1e-12)


def caught(score: F64, truth: NDArray[np.bool_], share: float, weight: F64) -> float:
    """Hits among the `share` of highest scores."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    weight_so_far = np.append(0.0, np.cumsum(weight[order])[ends])
    hits = np.append(0.0, np.cumsum((weight * truth)[order])[ends])
    return float(np.interp(share * weight_so_far[-1], weight_so_far, hits))


def lift_within(score: F64, rows: Rows, share: float) -> float:
    """The lift if each campaign goes to the `share` of its own households with the highest scores."""
    hits = 0.0
    for campaign in np.unique(rows.campaign):
        in_campaign = rows.campaign == campaign
        hits += caught(score[in_campaign], rows.redeemed[in_campaign], share, np.ones(int(in_campaign.sum())))
    return hits / max(share * int(rows.redeemed.sum()), 1e-12)


def intervals(scores: dict[str, F64], rows: Rows) -> dict[str, dict]:
    """Lifts of all methods with 95 % intervals, and the first method's lead over `past redeemers` on the same draws."""
    _, code = np.unique(rows.household, return_inverse=True)
    rng = np.random.default_rng(SEED)
    houses = code.max() + 1
    draws = [rng.multinomial(houses, np.full(houses, 1 / houses))[code].astype(np.float64) for _ in range(RESAMPLES)]
    ones = np.ones(len(code))
    table: dict[str, dict] = {}
    for name in each("intervals", scores, "methods"):
        score = scores[name]
        row: dict = {"auc": round(auc(score, rows.redeemed), 4),
                     "average_precision": round(average_precision(score, rows.redeemed), 4)}  # fmt: skip
        for share in SHARES:
            key = f"lift@{share:.0%}"
            lifts = np.array([lift(score, rows.redeemed, share, w) for w in draws])
            row[key] = round(lift(score, rows.redeemed, share, ones), 3)
            row[f"{key}_interval"] = [round(float(q), 3) for q in np.quantile(lifts, [0.025, 0.975])]
            row[f"within_{key}"] = round(lift_within(score, rows, share), 3)
            row[f"_{key}"] = lifts
        table[name] = row
    for name, row in table.items():
        for share in SHARES:
            key = f"lift@{share:.0%}"
            lead = row[f"_{key}"] - table["past redeemers"][f"_{key}"]
            if name != "past redeemers":
                row[f"{key}_over_past_redeemers"] = [round(float(q), 3) for q in np.quantile(lead, [0.025, 0.975])]
    return {name: {k: v for k, v in row.items() if not k.startswith("_")} for name, row in table.items()}


def simulated(rows: Rows, chance: F64) -> dict:
    """Random budgets, caps, exclusions, margins and hold-outs over the test's rows; how often a guard is broken."""
    rng = np.random.default_rng(SEED)
    ids, user = np.unique(rows.household, return_inverse=True)
    names, campaign = np.unique(rows.campaign, return_inverse=True)
    broken: Counter[str] = Counter()
    offered = withheld = 0
    for number in each("allocating", range(BUDGETS), "budgets", None):
        kinds = rng.integers(0, 4, len(names))
        face = rng.uniform(0.5, 5, len(names))[campaign]
        unknown = rng.random(len(user)) < rng.choice([0.0, 0.2])
        value = np.where(unknown, np.nan, chance * rng.uniform(1, 10) - rng.choice([0.0, 0.2]))
        margin = np.where(rng.random(len(user)) < 0.1, np.nan, rng.normal(0.3, 0.2, len(user)))
        candidates = OfferCandidates(
            user,
            campaign,
            value,
            expected_cost=np.where(unknown, face, chance * face),
            worst_cost=face,
            margin_kept=margin,
            had_lately=rng.random(len(user)) < 0.05,
            is_capped=rng.random(len(user)) < 0.3,
            is_barred=np.zeros(len(user), bool),
        )
        lines = int(rng.integers(1, len(names) + 1))
        excludes = np.triu(rng.random((len(names), len(names))) < 0.1, 1)
        amount = face.sum() * rng.choice([0.0, 0.001, 0.01, 0.1, 1.0]) * rng.random(lines)
        rules = OfferRules(kinds, rng.integers(0, lines, len(names)), rng.uniform(0, 0.3, len(names)),
                      rng.random(len(names)) < 0.5, excludes | excludes.T, amount, amount * rng.uniform(1, 3, lines),
                      int(rng.integers(0, 4)))  # fmt: skip
        share = float(rng.uniform(0.01, 0.3))
        arm = np.array(assign(map(str, ids), "bench", f"salt {number}", {"held_out": share, "offer": 1 - share}))
        stands = rng.integers(0, len(ids), len(ids) // 20)
        of = rng.integers(0, len(names), len(stands))
        state = UserState(rng.integers(0, 2, len(ids)), arm == "held_out", stands, kinds[of], of)
        choice = choose(candidates, rules, state, SEED)
        broken.update(violations(candidates, rules, state, choice))
        offered, withheld = offered + int(choice.offered.sum()), withheld + int(choice.withheld.sum())
    return {"budgets": BUDGETS, "candidates": BUDGETS * len(user), "offered": offered, "withheld": withheld,
            "violations": sum(broken.values()), "by_guard": dict(broken)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    with progress("features of every household and campaign"):
        rows = read_rows(data)
    cut = last_part(rows, TEST)
    test, past_rows = rows.where(rows.start >= cut), rows.where(rows.end < cut)
    choosing = last_part(past_rows, VALID)
    valid, training = past_rows.where(past_rows.start >= choosing), past_rows.where(past_rows.end < choosing)
    print(f"{data.name}: test {len(test.start):,} rows of {len(np.unique(test.campaign))} campaigns from {cut} on, "
          f"{test.redeemed.mean():.2%} redeem; validation {len(valid.start):,} rows from {choosing} on, "
          f"{valid.redeemed.mean():.2%}; {len(training.start):,} rows teach it, {len(past_rows.start):,} the test's "
          f"model")  # fmt: skip
    fits = {f"logistic, penalty {p}": (lambda x, y, p=p: ridge(x, y, p)) for p in (1, 10, 100)} | {"boosted": boosted}
    valid_precision, scores = {}, {}
    for name in each("fitting", fits, "models"):
        valid_precision[name] = average_precision(
            fits[name](training.features, training.redeemed)(valid.features), valid.redeemed
        )
        scores[name] = fits[name](past_rows.features, past_rows.redeemed)(test.features)
    past = "past redeemers"
    valid_precision[past] = average_precision(valid.column("redemptions"), valid.redeemed)
    best = max(valid_precision, key=lambda name: valid_precision[name])
    table = intervals({**scores, past: test.column("redemptions"), "everybody": np.zeros(len(test.start))}, test)
    budgets = simulated(test, scores[best if best != past else "boosted"])
    print(
        f"\n{'':24}{'lift at 10 %':>26}{'lift at 30 %':>26}{'within campaigns':>18}{'auc':>8}{'ap':>8}{'valid ap':>10}"
    )
    for name, row in table.items():
        cells = "".join(f"{_cell(row, key):>26}" for key in ("lift@10%", "lift@30%"))
        inside = f"{row['within_lift@10%']:.2f} / {row['within_lift@30%']:.2f}"
        valid_text = f"{valid_precision[name]:.4f}" if name in valid_precision else "-"
        print(f"{name + (' *' if name == best else ''):24}{cells}{inside:>18}{row['auc']:>8.4f}"
              f"{row['average_precision']:>8.4f}{valid_text:>10}")  # fmt: skip
    print("* best average precision on the validation campaigns")
    print(f"{budgets['budgets']} budgets, {budgets['candidates']:,} candidates: {budgets['offered']:,} offered, "
          f"{budgets['withheld']:,} withheld, {budgets['violations']} guards broken")  # fmt: skip
    print(json.dumps(table | {"best": best, "rows": len(test.start), "base_rate": round(float(test.redeemed.mean()), 4),
                              "valid_average_precision": {k: round(v, 4) for k, v in valid_precision.items()},
                              "violations": budgets["violations"], "simulation": budgets}))  # fmt: skip


def _cell(row: dict, key: str) -> str:
    low, high = row[f"{key}_interval"]
    return f"{row[key]:.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    main()
