"""Ranks the candidates of all sources by one gradient-boosted model, LightGBM's LambdaRank; repeatable to the bit."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.shop_log import PURCHASE, RETURN, ShopLog
from models.core.top_k import F32, I32, rank_entries
from models.ranking.candidates import ItemCandidates
from models.ranking.trees import MOST_LEAVES, Trees

if TYPE_CHECKING:
    import lightgbm  # takes two seconds with the pandas that it loads, so only training waits for it

I8 = NDArray[np.int8]
_NOT_IN_NAMES = r'[.,:"{}\[\]]'  # LightGBM refuses these in a feature's name


@dataclass(frozen=True)
class RankerConfig:
    """Settings of one fit; the defaults were chosen on RetailRocket's validation spans (198 buyers in 5 weeks).

    ndcg@12: the defaults .0939; 15 leaves of 200 rows, l2 50, rate .03 .0936; 7 leaves of 100 rows, rate .03 .0907;
    the best source alone (what the user touched of late) .0811. Rounds were stopped early on the same spans, so these
    figures are slightly optimistic. The test spans were not used.
    """

    rounds: int = field(
        default=400, metadata={"doc": "most rounds; early stopping and `refit` choose fewer", "least": 1}
    )
    patience: int = field(default=40, metadata={"doc": "rounds without a better validation ndcg", "least": 1})
    learning_rate: float = field(default=0.05, metadata={"above": 0, "most": 1})
    leaves: int = field(default=31, metadata={"least": 2, "most": MOST_LEAVES})
    least_rows: int = field(default=50, metadata={"doc": "least rows of a leaf", "least": 1})
    feature_share: float = field(
        default=0.6, metadata={"doc": "share of the features that a tree uses", "above": 0, "most": 1}
    )
    row_share: float = field(default=0.8, metadata={"above": 0, "most": 1})
    l2: float = field(default=5.0, metadata={"least": 0})
    truncation: int = field(default=20, metadata={"doc": "places of the list that the loss looks at", "least": 1})
    view: int = field(default=1, metadata={"doc": "grade of each kind of event in the truth; gains are 2^grade - 1"})
    wishlist: int = 1
    cart: int = 2
    purchase: int = 3
    seed: int = 7
    threads: int = field(default=2, metadata={"least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)
        grades = self.view, self.wishlist, self.cart, self.purchase
        if min(grades) < 0 or max(grades) > 10 or max(grades) != self.purchase or not self.purchase:
            raise ValueError(f"grades must be in 0..10 and none above purchase's, not {grades}")

    def grades(self) -> I8:
        """(5,) grades in the order of KINDS; a return has grade 0."""
        return np.array([self.view, self.wishlist, self.cart, self.purchase, 0], np.int8)


def graded(config: RankerConfig, candidates: ItemCandidates, users: NDArray[np.integer], truth: ShopLog) -> I8:
    """(R,) grade of each candidate: that of the strongest event of its user and item in `truth`; 0 without an event.

    users (n_users,): codes in `truth` of the candidates' user rows. Where the shop logs no purchases, its strongest
    kind of event gets the purchase's grade.
    """
    grade = config.grades()
    if not (truth.kind == PURCHASE).any() and len(truth):
        grade[truth.kind[truth.kind != RETURN].max(initial=0)] = config.purchase
    key = truth.user.astype(np.int64) * truth.n_items + truth.item
    order = np.argsort(grade[truth.kind], kind="stable")
    pairs, first = np.unique(key[order][::-1], return_index=True)  # the first in reversed order is the strongest
    best = grade[truth.kind][order][::-1][first]
    candidate_pairs = users[candidates.user].astype(np.int64) * truth.n_items + candidates.item
    if not len(pairs):
        return np.zeros(len(candidate_pairs), np.int8)
    place = np.minimum(np.searchsorted(pairs, candidate_pairs), len(pairs) - 1)
    return np.where(pairs[place] == candidate_pairs, best[place], 0).astype(np.int8)


class NothingToLearn(ValueError):
    """No user of the cuts did anything with an item that a source proposed."""


class Ranker:
    """Trees over the named features; scores have no unit and can be compared within one user only."""

    def __init__(self, config: RankerConfig, text: str, names: tuple[str, ...]) -> None:
        """text: the trees in LightGBM's text form. Raises ValueError for trees that `Trees` does not evaluate."""
        self.config, self.text, self.names = config, text, names
        self.trees = Trees.parsed(text)

    @property
    def rounds(self) -> int:
        """The number of trees."""
        return len(self.trees.first_leaf) - 1

    @classmethod
    def fit(
        cls,
        config: RankerConfig,
        train: Sequence[tuple[ItemCandidates, I8]],
        valid: Sequence[tuple[ItemCandidates, I8]] = (),
        rounds: int | None = None,
    ) -> Ranker:
        """Fits trees on (candidates, grades (R,)) of each training cut.

        valid: cuts that stop the training early; rounds: a fixed number of trees instead.
        The caller must make sure that every cut's history ends where its truth begins. Users without a candidate of
        grade 1 or more are left out. The same input gives the same bits.
        Raises NothingToLearn if no user has one; ValueError if features differ between cuts, or grades do not fit the
        rows.
        """
        import lightgbm

        names = train[0][0].names if train else ()
        data = _dataset(config, train, names, "training")
        valid_sets = [_dataset(config, valid, names, "validation", data)] if valid and rounds is None else []
        stop = [lightgbm.early_stopping(config.patience, verbose=False)]
        booster = lightgbm.train(
            _parameters(config),
            data,
            rounds or config.rounds,
            valid_sets=valid_sets,
            callbacks=list(stop) if valid_sets else None,
        )
        best_round = booster.best_iteration if valid_sets else booster.current_iteration()
        return cls(config, booster.model_to_string(num_iteration=max(int(best_round), 1)), names)

    def predict(self, candidates: ItemCandidates) -> NDArray[np.float64]:
        """(R,) scores. Raises ValueError if a feature of the fit is missing; extra features are ignored."""
        return self.trees.scores(self._features(candidates))

    def recommend(self, candidates: ItemCandidates, k: int, n_items: int) -> tuple[I32, F32]:
        """The k best candidates of each user: codes, scores (n_users, k) as `top_k` returns them.

        A user with fewer than k candidates gets a short list. Raises ValueError if k is not in 1..I.
        """
        if not 1 <= k <= n_items:
            raise ValueError(f"k={k} is not in 1..{n_items}, the number of items")
        score = self.predict(candidates).astype(np.float32)
        return rank_entries(candidates.user, candidates.item, score, candidates.n_users, k)

    def contributions(self, candidates: ItemCandidates) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """(groups, parts (R, G)): what each group of features adds to each row's score; a row's parts sum to its score.

        Groups: each source, own, user, item, price, affinity, and `base`, which is the same for all rows.
        By Saabas 2014: each split on the row's path adds the change of the tree's mean output to the split's feature.
        SHAP, the mean over all orders of the features, costs several hundred times as much.
        """
        groups, of_leaves = self._paths
        return groups, self.trees.sums(self._features(candidates), of_leaves)

    @functools.cached_property
    def _paths(self) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """(groups, (leaves, G)): what each group adds on the path from the root to each leaf of each tree."""
        group = [name.partition(".")[0] for name in self.names] + ["base"]
        groups = tuple(dict.fromkeys(group))
        of_leaves = np.zeros((len(self.trees.value), len(groups)))
        for column, name in enumerate(group):
            of_leaves[:, groups.index(name)] += self.trees.path[:, column]
        return groups, of_leaves

    def importances(self) -> dict[str, float]:
        """Feature -> its share of the gain of all splits, largest first; sums to 1."""
        share = self.trees.gain / max(self.trees.gain.sum(), 1e-12)
        return {self.names[feature]: float(share[feature]) for feature in np.argsort(-share, kind="stable")}

    def save(self, folder: str | Path) -> None:
        """Writes trees.txt (LightGBM's text form) and manifest.json (config with its seed, features) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trees.txt").write_text(self.text)
        facts = {"rounds": self.rounds, "features": list(self.names), "importances": self.importances()}
        write_manifest(folder, "ranker", self.config, **facts)

    @classmethod
    def load(cls, folder: str | Path, config: RankerConfig | None = None) -> Ranker:
        """The ranker that `save` wrote. With `config`, a ranker fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ, or if the trees
        disagree with the manifest.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, RankerConfig, config)
        names = tuple(manifest["features"])
        ranker = cls(saved, (folder / "trees.txt").read_text(), names)
        if len(ranker.trees.gain) != len(names) or ranker.rounds != manifest["rounds"]:
            raise ValueError(
                f"{folder} holds trees of {len(ranker.trees.gain)} features and {ranker.rounds} rounds, its manifest "
                f"says {len(names)} and {manifest['rounds']}; train it again"
            )
        return ranker

    def _features(self, candidates: ItemCandidates) -> F32:
        """(R, F): the features of the fit, in its order."""
        if candidates.names == self.names:
            return candidates.features
        column_of = {name: column for column, name in enumerate(candidates.names)}
        if missing := sorted(set(self.names) - set(column_of)):
            raise ValueError(f"candidates lack the features {missing}, which this ranker was fitted on; fit it again")
        return np.ascontiguousarray(candidates.features[:, [column_of[name] for name in self.names]])


def _parameters(config: RankerConfig) -> dict[str, object]:
    return {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [12],
        "lambdarank_truncation_level": config.truncation,
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.least_rows,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.row_share,
        "bagging_freq": 1,
        "lambda_l2": config.l2,
        "max_bin": 127,
        "seed": config.seed,
        "deterministic": True,
        "force_row_wise": True,  # else LightGBM times two layouts and takes the faster: bits would differ
        "num_threads": config.threads,
        "verbosity": -1,
    }


def _dataset(
    config: RankerConfig,
    cuts: Sequence[tuple[ItemCandidates, I8]],
    names: tuple[str, ...],
    what: str,
    reference: lightgbm.Dataset | None = None,
) -> lightgbm.Dataset:
    """The rows of all users with a candidate of grade 1 or more; users are the query groups."""
    import lightgbm

    features, grades, groups = [], [], []
    for candidates, grade in cuts:
        if candidates.names != names or len(grade) != len(candidates):
            raise ValueError(
                f"{what}: a cut has {len(candidates.names)} features, {len(candidates)} rows and {len(grade)} grades, "
                f"the first has {len(names)} features, maybe of other names"
            )
        has_grade = np.bincount(candidates.user, grade > 0, candidates.n_users) > 0
        rows = has_grade[candidates.user]
        features.append(candidates.features[rows])
        grades.append(grade[rows])
        groups.append(np.bincount(candidates.user[rows], minlength=candidates.n_users)[has_grade])
    if not sum(map(len, groups)):
        raise NothingToLearn(f"{what}: none of the users did anything with a candidate: nothing to learn from")
    return lightgbm.Dataset(
        np.concatenate(features),
        np.concatenate(grades),
        group=np.concatenate(groups),
        reference=reference,
        feature_name=[re.sub(_NOT_IN_NAMES, "_", name) for name in names],
        params={"max_bin": 127, "verbosity": -1, "num_threads": config.threads},
    )
