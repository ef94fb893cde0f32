"""Recognition: values, calibrated probabilities, thresholds that keep their precision, and a catalogue's mistakes."""

import numpy as np
import pytest

from models.images.recogniser import Recogniser, RecogniserConfig, held_out_groups, suspects, threshold_for

CONFIG = RecogniserConfig(min_confirmed=20)


def catalogue(n=900, spread=0.5, seed=7):
    """Vectors around one centre for each of three values, labels, groups of three rows."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n // 3) % 3, 3)
    vectors = np.eye(3, 6)[codes] + rng.normal(0, spread, (n, 6))
    return vectors.astype(np.float16), np.array(["black", "red", "white"])[codes], np.repeat(np.arange(n // 3), 3)


def test_it_learns_values_and_gives_calibrated_probabilities() -> None:
    vectors, labels, groups = catalogue()
    recogniser = Recogniser.fit(CONFIG, vectors, labels, groups)
    fresh, truth, _ = catalogue(seed=8)
    values, chance = recogniser.recognise(fresh)
    accuracy = (values == truth).mean()
    assert accuracy > 0.75
    assert abs(chance.mean() - accuracy) < 0.06
    assert np.allclose(recogniser.chances(fresh).sum(axis=1), 1, atol=1e-5)


def test_above_the_threshold_new_values_are_as_precise_as_asked() -> None:
    recogniser = Recogniser.fit(CONFIG, *catalogue(n=3000))
    fresh, truth, _ = catalogue(n=3000, seed=9)
    values, chance = recogniser.recognise(fresh)
    sure = chance >= recogniser.threshold
    assert sure.sum() > 300
    assert (values == truth)[sure].mean() > 0.92


def test_if_pictures_have_no_information_no_threshold_is_set() -> None:
    vectors, labels, groups = catalogue()
    shuffled = np.random.default_rng(1).permutation(labels)
    assert Recogniser.fit(CONFIG, vectors, shuffled, groups).threshold is None


def test_too_few_confirmed_rows_set_no_threshold() -> None:
    chance, hits = np.linspace(1, 0.9, 19).astype(np.float32), np.ones(19, bool)
    assert threshold_for(chance, hits, CONFIG) is None
    assert threshold_for(np.append(chance, np.float32(0.5)), np.ones(20, bool), CONFIG) == 0.5


def test_a_mistake_counts_with_all_rows_of_its_chance() -> None:
    chance = np.repeat(np.float32([0.9, 0.8]), 20)
    hits = np.append(np.ones(20, bool), np.arange(20) < 10)
    assert threshold_for(chance, hits, CONFIG) == pytest.approx(0.9)


def test_a_product_group_is_on_one_side() -> None:
    groups = np.repeat(np.arange(50), 4)
    held = held_out_groups(groups, 0.2, 7).reshape(50, 4)
    assert (held.all(axis=1) | ~held.any(axis=1)).all()
    assert held.sum() == 40


def test_unknown_and_rare_values_are_not_learned() -> None:
    vectors, labels, groups = catalogue()
    labels = labels.astype("U8")
    labels[0], labels[3:9] = "teal", ""
    assert Recogniser.fit(CONFIG, vectors, labels, groups).values.tolist() == ["black", "red", "white"]
    with pytest.raises(ValueError, match="needs two values"):
        Recogniser.fit(CONFIG, vectors, np.full(len(labels), "red"), groups)


def test_planted_mistakes_are_suspected_first() -> None:
    vectors, labels, groups = catalogue(spread=0.2)
    wrong = np.arange(0, 900, 45)
    labels = labels.copy()
    labels[wrong] = np.where(labels[wrong] == "black", "white", "black")
    recogniser = Recogniser.fit(CONFIG, vectors, labels, groups)
    suspected = suspects(recogniser, vectors, labels, groups)
    assert len(set(wrong) & set(suspected.rows.tolist())) >= 0.8 * len(wrong)
    assert len(suspected.rows) < 1.3 * len(wrong)
    assert (suspected.chance[:-1] >= suspected.chance[1:]).all()
    assert (suspected.said_chance < 0.5).all()


def test_what_is_saved_comes_back(tmp_path) -> None:
    vectors, labels, groups = catalogue()
    recogniser = Recogniser.fit(CONFIG, vectors, labels, groups)
    recogniser.save(tmp_path)
    loaded = Recogniser.load(tmp_path, CONFIG)
    assert np.array_equal(loaded.chances(vectors), recogniser.chances(vectors))
    assert loaded.threshold == recogniser.threshold
