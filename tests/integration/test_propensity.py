"""Propensities in the lake: a young shop has too little data; an older shop trains, keeps and explains its models."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.classification import RandomForestClassifier
from pyspark.sql import SparkSession

from jobs.customers import predict_purchases
from jobs.customers.spark_classifiers import _frame, as_arrays, logistic
from jobs.reports.chances_page import propensity_page
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.core.memory import DoesNotFit
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import CATEGORY_PROPENSITIES, CLEAN_EVENTS, ITEMS, PROPENSITIES, USERS
from tests.sample import Sample, content, shown

DAY = dt.date(2026, 6, 30)
CATEGORIES = ("Home > Lamps", "Home > Rugs", "Garden > Tools", "Garden > Seeds")
QUICK = {"origins": 3, "lapse_days": 28, "teach_rows": 3000, "trees": 10}


def rows(table: Table, **columns: Any) -> pa.Table:
    """A table with the given columns; all other columns are null."""
    schema = arrow_schema(table)
    count = len(next(iter(columns.values())))
    arrays = {name: pa.array(values, schema.field(name).type) for name, values in columns.items()}
    return pa.table([arrays.get(f.name, pa.nulls(count, f.type)) for f in schema], schema=schema)


def events(customers: int = 400, days: int = 170, currencies: tuple[str, ...] = ("EUR",)) -> pa.Table:
    """Purchases of customers with different rates: 70 % in a favourite category, each of 2 units at a price of 3."""
    rng = np.random.default_rng(3)
    count = rng.poisson(rng.gamma(1.0, 8.0, customers) + 1)
    user = np.repeat(np.arange(customers), count)
    item = np.where(rng.random(len(user)) < 0.7, user % 4, rng.integers(0, 4, len(user)))
    end = dt.datetime.combine(DAY + dt.timedelta(days=1), dt.time(), dt.UTC)
    n = len(user)
    return rows(
        CLEAN_EVENTS,
        event_id=[str(index) for index in range(n)],
        user_id=[f"u{number:03d}" for number in user],
        item_id=[f"i{number}" for number in item],
        event_type=["purchase"] * n,
        event_time=[end - dt.timedelta(days=float(age)) for age in rng.uniform(0.001, days, n)],
        quantity=[2.0] * n,
        price=[3.0] * n,
        currency=[currencies[number % len(currencies)] for number in user],
    )


def night_of(folder: Path, day: dt.date = DAY, lines: pa.Table | None = None, **sections: dict[str, Any]) -> Night:
    """A night with its input tables, in a lake of its own; u999 has never bought."""
    settings = {"propensity": QUICK, **sections}
    night = Night(day, Lake(str(folder)), "001", Settings(settings))
    night.begin("predict_purchases")
    users = [f"u{number:03d}" for number in [*range(400), 999]]
    night.write_arrow(USERS, rows(USERS, user_id=users))
    night.write_arrow(ITEMS, rows(ITEMS, item_id=[f"i{index}" for index in range(4)], shown_category=CATEGORIES))
    lines = events() if lines is None else lines
    night.lake.make_current(night.write_arrow(CLEAN_EVENTS, lines))
    return night


def written(night: Night, table: Table) -> list[dict[str, Any]]:
    return content(night.lake, night.lake.version(table, night.date, night.run)).to_pylist()


@pytest.fixture(scope="module")
def learned(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Night:
    night = night_of(tmp_path_factory.mktemp("buyers"))
    predict_purchases.main(night)
    return night


def test_a_shop_of_three_days_says_not_enough_data(sample: Sample) -> None:
    propensities = shown(sample.lake, PROPENSITIES).to_pylist()
    assert propensities
    assert {row["method"] for row in propensities} == {"not enough data"}
    assert {row[name] for row in propensities for name in PROPENSITIES.names[1:-1]} == {None}
    assert shown(sample.lake, CATEGORY_PROPENSITIES).num_rows == 0


def test_customers_get_figures_and_an_account_that_never_bought_gets_none(learned: Night) -> None:
    by_user = {row["user_id"]: row for row in written(learned, PROPENSITIES)}
    assert len(by_user) == 401
    assert by_user["u999"] == dict.fromkeys(PROPENSITIES.names) | {"user_id": "u999", "method": "not enough data"}
    with_data = [row for row in by_user.values() if row["method"] != "not enough data"]
    assert len(with_data) > 350
    for name in ("buys_7d", "lapses"):
        assert all(0 <= row[name] <= 1 for row in with_data)
    # Every purchase costs 2 times 3.
    worth = [row["expected_value"] / row["expected_purchases"] for row in with_data if row["expected_purchases"] > 0.01]
    assert np.median(worth) == pytest.approx(6, rel=0.15)


def test_categories_are_ranked_and_a_favourite_comes_first(learned: Night) -> None:
    ranked = written(learned, CATEGORY_PROPENSITIES)
    first = {row["user_id"]: row["category"] for row in ranked if row["rank"] == 1}
    is_right = [category == CATEGORIES[int(user[1:]) % 4] for user, category in first.items()]
    assert np.mean(is_right) > 0.7
    for user in list(first)[:20]:
        chances = [row["chance"] for row in sorted(ranked, key=lambda r: r["rank"]) if row["user_id"] == user]
        assert len(chances) == 3
        assert chances == sorted(chances, reverse=True)


def test_the_manifest_has_the_decision_and_is_open(learned: Night) -> None:
    folder = learned.lake.model_before("propensity", DAY, including=True)
    assert folder is not None
    assert {name.rpartition(".")[2] for name in learned.lake.list_dir(*folder)} <= {"json", "npz", "txt"}
    questions = learned.lake.get_json(*folder, "manifest.json")["facts"]["questions"]
    assert set(questions) == {"buys_7d", "lapses", "category"}
    for question in questions.values():
        assert {"promoted", "log_likelihood", "reliability", "effects", "figures"} <= set(question)
        model, baseline = question["figures"]["kept"], question["figures"][question["baseline"]]
        assert model["auc"] >= baseline["auc"]
    page = propensity_page(learned.lake, DAY)
    assert "buys_7d" in page
    assert "log-odds by one standard deviation" in page
    assert json.dumps(questions)


def test_the_next_night_carries_the_model_over_without_learning(learned: Night) -> None:
    after = DAY + dt.timedelta(days=1)
    lines = events().slice(0, 0)
    next_night = night_of(Path(learned.lake.root), after, lines)
    assert predict_purchases.due(next_night, QUICK_CONFIG, predict_purchases.running_models(next_night)) is None
    predict_purchases.main(next_night)
    assert learned.lake.list_dir("models", "propensity") == [f"date={DAY}"]
    assert [row["method"] for row in written(next_night, PROPENSITIES)] == [
        row["method"] for row in written(learned, PROPENSITIES)
    ]


QUICK_CONFIG = predict_purchases.PropensityConfig(**QUICK)


def test_what_makes_training_due(learned: Night) -> None:
    def why(days: int, **changed: Any) -> str | None:
        night = Night(DAY + dt.timedelta(days=days), learned.lake, "001", Settings(changed.pop("sections", {})))
        config = predict_purchases.PropensityConfig(**QUICK | changed)
        return predict_purchases.due(night, config, predict_purchases.running_models(night))

    assert why(6) is None
    assert why(7) == "the last one was trained 7 days ago"
    assert why(1, lapse_days=56) == "lapses looks 56 days ahead, the running model 28"
    assert why(7, sections={"training": {"retrain": "never"}}) is None
    assert why(1, sections={"training": {"retrain": "always"}}) == "asked for"


def test_mixed_currencies_are_not_added(learned: Night, tmp_path: Path) -> None:
    night = night_of(tmp_path, lines=events(currencies=("EUR", "USD")), training={"retrain": "never"})
    predict_purchases.main(night)
    propensities = written(night, PROPENSITIES)
    assert {row["expected_value"] for row in propensities} == {None}
    assert any(row["expected_purchases"] for row in propensities)
    assert {row["method"] for row in propensities} == {"purchases: bg_nbd, value: not enough data", "not enough data"}


@pytest.mark.parametrize("lines", [events(customers=1), events(days=20), events().slice(0, 0)],
                         ids=["one user", "20 days", "nothing"])  # fmt: skip
def test_too_small_a_shop_gets_no_figures(spark: SparkSession, tmp_path: Path, lines: pa.Table) -> None:
    night = night_of(tmp_path, lines=lines)
    predict_purchases.main(night)
    assert {row["method"] for row in written(night, PROPENSITIES)} == {"not enough data"}
    assert written(night, CATEGORY_PROPENSITIES) == []
    assert not night.lake.list_dir("models", "propensity")


def test_a_log_that_does_not_fit_into_memory_is_refused_with_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = night_of(tmp_path)
    monkeypatch.setattr("jobs.common.event_log.available_bytes", lambda: 1000)
    with pytest.raises(DoesNotFit, match=r"events of \d+ days take .* lower propensity.history_days"):
        predict_purchases.main(night)


def test_models_read_from_spark_give_sparks_probabilities(spark: SparkSession) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1500, 4)).round(1)  # many values lie on a threshold
    truth = features[:, 0] + features[:, 1] * features[:, 2] + rng.normal(size=1500) > 0
    frame = _frame(spark, features, truth)
    model = RandomForestClassifier(numTrees=12, maxDepth=5, seed=7).fit(frame)
    by_spark = np.array([row.probability[1] for row in model.transform(frame).select("probability").collect()])
    np.testing.assert_allclose(as_arrays(spark, model).score(features), by_spark, atol=1e-12)
    linear = logistic(spark, features, truth)
    assert linear.effects()[0] > 0.5
    assert np.corrcoef(linear.score(features), features[:, 0])[0, 1] > 0.9
