"""Which model answers a question, how it is validated, and that a stored model gives the same probabilities."""

from pathlib import Path

import numpy as np
import pytest

from models.customers.calibrated_models import (
    CalibratedModels,
    Judged,
    TrainingSet,
    best_of,
    compare,
    cross_calibrated,
    learn,
)
from models.customers.classifiers import Boosted, Forest, Logistic
from models.customers.lifetime_value import NotEnoughData


def logistic(features, truth):
    """Like a classifier that found the rule behind the labels below."""
    return Logistic(np.array([2.0, 0.0]), 0.0, features.std(axis=0))


def backwards(features, truth):
    return Logistic(np.array([-2.0, 0.0]), 0.0, features.std(axis=0))


def rows_of(seed, rows=3000, each=1):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 2))
    truth = rng.random(rows) < 1 / (1 + np.exp(-2 * features[:, 0]))
    return TrainingSet(("strong", "noise"), features, {"recency": features[:, 0] + 2 * features[:, 1]}, truth,
                  np.arange(rows) // each)  # fmt: skip


def test_the_best_model_on_the_validation_set_is_chosen_and_calibrated_there():
    chosen, facts = learn(
        [rows_of(1)], rows_of(2), {"logistic": logistic, "upside_down": backwards}, 28.0, 10_000, None
    )
    assert (chosen.method, facts["best"], facts["running"], facts["promoted"]) == (
        "logistic",
        "logistic",
        "recency",
        True,
    )
    later = rows_of(3)
    truth = 1 / (1 + np.exp(-2 * later.features[:, 0]))
    assert np.abs(chosen.probability(later) - truth).mean() < 0.03
    assert facts["log_likelihood"]["new"] > facts["log_likelihood"]["running"]
    assert len(facts["reliability"]) == 10
    assert max(abs(row["said"] - row["came"]) for row in facts["reliability"]) < 0.1
    assert list(facts["effects"]["logistic"]) == ["strong", "noise"]
    assert facts["effects"]["logistic"]["strong"] == pytest.approx(2, abs=0.1)


def test_nothing_that_orders_worse_than_the_baseline_is_chosen():
    figures = {"recency": (0.7, 0.4, 0.60), "surer": (0.8, 0.39, 0.40), "good": (0.7, 0.5, 0.55)}
    names = ("auc", "average_precision", "log_loss")
    judged = {
        name: Judged(None, dict(zip(names, values, strict=True)), np.zeros(1)) for name, values in figures.items()
    }
    assert best_of(judged, "recency") == "good"
    chosen, facts = learn([rows_of(1)], rows_of(2), {"upside_down": backwards}, 28.0, 10_000, None)
    assert chosen.method == facts["best"] == "recency"


def test_the_running_model_stays_if_the_new_one_is_significantly_worse():
    running, _ = learn([rows_of(1)], rows_of(2), {"logistic": logistic}, 28.0, 10_000, None)
    chosen, facts = learn([rows_of(1)], rows_of(4), {}, 28.0, 10_000, running)
    assert chosen is running
    assert not facts["promoted"]
    assert (facts["best"], facts["running"]) == ("recency", "logistic")
    _, another = learn([rows_of(1)], rows_of(4), {}, 7.0, 10_000, running)
    assert another["running"] == "recency"  # the running model looks further ahead


def test_too_few_of_either_kind_are_refused():
    few = rows_of(2)
    few.truth[:] = False
    few.truth[:20] = True
    with pytest.raises(NotEnoughData, match="20 of 3,000 rows to judge by came true"):
        compare([rows_of(1)], few, {"logistic": logistic}, 28.0, 10_000)
    with pytest.raises(NotEnoughData, match="0 of 0 rows to learn from"):
        compare([], rows_of(2), {"logistic": logistic}, 28.0, 10_000)


def test_a_customer_is_sampled_with_all_rows_and_never_calibrates_its_own():
    many = rows_of(5, rows=1000, each=4)
    some = many.of_customers(30)
    assert len(some) == 120
    assert len(set(some.customer.tolist())) == 30
    flipped = rows_of(5, rows=1000, each=4)
    flipped.truth[:4] ^= True
    same = cross_calibrated(many.simple["recency"], many), cross_calibrated(flipped.simple["recency"], flipped)
    np.testing.assert_array_equal(same[0][:4], same[1][:4])


def boosted():
    from jobs.customers.spark_classifiers import boosted as fit

    taught = rows_of(1)
    return fit(taught.features, taught.truth, 7)


FOREST = Forest(np.array([0, -1, 1, -1, -1, -1], np.int32), np.array([0.0, 0, 1, 0, 0, 0]),
                np.array([1, 0, 3, 0, 0, 0], np.int32), np.array([2, 0, 4, 0, 0, 0], np.int32),
                np.array([0.5, 0.1, 0.6, 0.4, 0.9, 0.2]), np.array([0, 5], np.int32))  # fmt: skip


def test_a_forest_is_the_mean_of_its_leaves():
    rows = np.array([[0.0, 9.0], [0.1, 1.0], [0.1, 1.1]])
    np.testing.assert_allclose(FOREST.score(rows), [(0.1 + 0.2) / 2, (0.4 + 0.2) / 2, (0.9 + 0.2) / 2])
    assert len(FOREST.score(rows[:0])) == 0
    with pytest.raises(ValueError, match="must stand after its parent"):
        Forest(FOREST.feature, FOREST.threshold, np.zeros(6, np.int32), FOREST.right, FOREST.share, FOREST.roots)


@pytest.mark.parametrize("make", [lambda: logistic(rows_of(1).features, None), lambda: FOREST, boosted],
                         ids=["logistic", "forest", "boosted"])  # fmt: skip
def test_a_stored_model_gives_the_same_probabilities_and_nothing_is_pickled(make, tmp_path: Path):
    classifier, valid = make(), rows_of(2)
    kind = type(classifier).__name__.lower()
    model, facts = learn([rows_of(1)], valid, {kind: lambda x, y: classifier}, 28.0, 10_000, None)
    assert model.method == kind
    CalibratedModels({"buys": model}, {"questions": {"buys": facts}}).save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".npz", ".txt"}
    stored = CalibratedModels.load(tmp_path)
    np.testing.assert_array_equal(stored.by_question["buys"].probability(valid), model.probability(valid))
    assert stored.facts["questions"]["buys"]["best"] == kind


def test_contributions_say_what_boosted_trees_do():
    size, way = Boosted(boosted().text).contributions(rows_of(2).features)
    assert size[0] > 5 * size[1]
    assert way[0] > 0.9
