"""The fit of segments: it finds planted groups, components explain variance, silhouettes follow their definition."""

from __future__ import annotations

import numpy as np
import pytest

from models.customers.segment_fit import fit_centres, fit_space, k_means, principal_components, silhouette
from models.customers.segments import SegmentsConfig, moved_centres, squared_distances
from tests.unit.models.customers.places import blobs

F64 = np.ndarray


def labelled(seed: int, groups: int = 4, rows: int = 90) -> tuple[F64, np.ndarray]:
    """Points (rows, 3) far from 0 whose labels are not the nearest centre's; one point is alone with its label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(groups, size=rows) * 2 + 1
    labels[0] = 99
    return rng.normal(5.0, 1.0, (rows, 3)) + labels[:, None] * rng.random(3), labels


def silhouette_pair_by_pair(places: F64, labels: np.ndarray) -> float:
    """Silhouettes by the definition of Rousseeuw (1987), from the squared distance of each pair."""
    squares = ((places[:, None] - places) ** 2).sum(axis=2)
    values = []
    for row, label in enumerate(labels):
        others_of_segment = (labels == label) & (np.arange(len(labels)) != row)
        own_distance = squares[row, others_of_segment].mean() if others_of_segment.any() else None
        other = min(squares[row, labels == group].mean() for group in set(labels.tolist()) - {label})
        values.append(
            0.0 if own_distance is None or own_distance == other else (other - own_distance) / max(own_distance, other)
        )
    return float(np.mean(values))


def test_the_fit_finds_the_groups_that_are_there() -> None:
    rows = np.column_stack([blobs([(0, 0), (4, 0), (0, 4), (4, 4)]), np.full(240, 7.0)])
    rows[0, 0] = np.nan
    config = SegmentsConfig(least=3, most=5)
    space = fit_space(rows, np.ones(3), np.zeros(3), config)
    assert space.scale[2] == 0
    assert space.scale[1] == pytest.approx(rows[:, 1].std(ddof=1))
    places = np.nan_to_num((rows[:, :2] - space.mean[:2]) / space.scale[:2]) @ space.components[:2]
    centres, quality, tried = fit_centres(places, config)
    again, _, _ = fit_centres(places, config)
    assert len(centres) == 4
    assert quality == max(tried.values()) > 0.9
    assert np.array_equal(centres, again)


def test_a_feature_that_hardly_varies_is_not_blown_up_and_deviations_are_cut() -> None:
    rows = np.column_stack([np.linspace(0.0, 0.01, 50), np.append(np.linspace(-1.0, 1.0, 49), 1_000.0)])
    space = fit_space(rows, np.ones(2), np.array([0.5, 0.5]), SegmentsConfig(variance=1.0))
    assert space.scale[0] == 0.5
    deviation = 3.0  # where the wholesaler's place is cut
    assert (rows[-1, 1] - space.mean[1]) / space.scale[1] > deviation
    cut = np.clip((rows - space.mean) / space.scale, -deviation, deviation)
    assert np.allclose(space.components, principal_components(cut, 1.0))


@pytest.mark.parametrize("variance", [0.5, 0.9, 1.0])
def test_components_are_the_fewest_that_explain_the_variance(variance: float) -> None:
    rows = np.random.default_rng(2).normal(size=(400, 5)) * [3.0, 2.0, 1.0, 0.5, 0.1] + 7
    components = principal_components(rows, variance)
    assert np.allclose(components.T @ components, np.eye(components.shape[1]))
    spread = (rows @ components).var(axis=0)
    assert (np.diff(spread) < 0).all()
    share = np.cumsum(spread) / rows.var(axis=0).sum()
    assert share[-1] >= variance - 1e-6
    assert len(share) == 1 or share[-2] < variance
    assert (components[np.argmax(np.abs(components), axis=0), np.arange(components.shape[1])] > 0).all()


def test_if_nothing_varies_there_is_one_component_and_one_segment() -> None:
    assert principal_components(np.full((10, 3), 4.0), 0.9).shape == (3, 1)
    centres, quality, _ = fit_centres(np.zeros((10, 1)), SegmentsConfig())
    assert (centres.tolist(), quality) == ([[0.0]], -1.0)


def test_there_are_never_more_centres_than_different_places() -> None:
    places = np.repeat([[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]], 20, axis=0)
    centres, quality, _ = fit_centres(places, SegmentsConfig())
    assert sorted(centres.tolist()) == [[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]]
    assert quality == pytest.approx(1.0)


def test_a_fit_with_too_small_a_segment_is_not_used() -> None:
    places = np.vstack([blobs([(0, 0), (4, 0), (0, 4)]), [[90.0, 90.0]]])
    centres, _, tried = fit_centres(places, SegmentsConfig(least=2, most=5, least_share=0.02))
    assert all(value == -1.0 for k, value in tried.items() if k > 2)  # the one far away is a segment of each
    assert len(centres) == 2


def test_centres_are_the_tightest_of_several_starts_and_no_account_would_change() -> None:
    places = np.random.default_rng(4).normal(size=(500, 3))
    centres = k_means(places, 6, np.random.default_rng(1))
    assert np.array_equal(moved_centres(places, centres), centres)

    def looseness(of: F64) -> float:
        return float(squared_distances(places, of).min(axis=1).sum())

    rng = np.random.default_rng(9)
    at_random = [moved_centres(places, places[rng.choice(500, 6, replace=False)], rounds=200) for _ in range(10)]
    assert looseness(centres) <= np.median([looseness(other) for other in at_random])


@pytest.mark.parametrize("seed", range(5))
def test_the_silhouette_is_that_of_all_pairs(seed: int) -> None:
    places, labels = labelled(seed)
    assert silhouette(places, labels) == pytest.approx(silhouette_pair_by_pair(places, labels), abs=1e-12)


def test_the_silhouette_of_places_that_coincide() -> None:
    assert silhouette(np.ones((6, 2)), np.array([0, 0, 0, 1, 1, 1])) == 0.0
    assert silhouette(np.ones((6, 2)), np.zeros(6, np.int64)) == -1.0
