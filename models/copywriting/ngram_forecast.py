"""Which n-grams a person would write for an item: a ridge regression of the texts' n-grams on the items' attributes.

The regression's coefficients are never stored: a forecast is a weighted sum of the texts (Saunders et al. 1998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.copywriting.composer_config import ComposerConfig
from models.copywriting.prompts import Prompt

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
DOUBTED_FROM = 10  # texts: the absence of a rarer n-gram says nothing


@dataclass(frozen=True, eq=False)
class NgramForecast:
    """What was learned from T texts with G n-grams and F features."""

    config: ComposerConfig
    features: Mapping[str, int]  # name -> column; column 0 is the intercept
    text_features: sparse.csr_matrix  # (T, F) 0 or 1
    inverse: F64  # (F, F) of the penalised Gram matrix of the features
    gram_texts: sparse.csr_matrix  # (G, T) 1 where a text has an n-gram
    points: F64  # (G,) for an n-gram, by its length
    shares: F64  # (G,) of all texts have an n-gram
    doubted: I64  # n-grams of 1 or 2 units that are frequent enough to be doubted where they are not expected

    @classmethod
    def fit(
        cls, config: ComposerConfig, prompts: Sequence[Prompt], text_grams: sparse.csr_matrix, orders: I64
    ) -> NgramForecast:
        """text_grams (T, G): 1 where the text of a prompt has an n-gram; orders (G,): units of an n-gram, less one."""
        names = sorted({feature for prompt in prompts for feature in _features(prompt)})
        features = {name: column for column, name in enumerate(names, 1)}
        text_features = _feature_rows(features, prompts)
        counts = np.asarray(text_grams.sum(0)).reshape(-1)
        return cls(
            config=config,
            features=features,
            text_features=text_features,
            inverse=_penalised_inverse(text_features, config.ridge_penalty),
            gram_texts=text_grams.T.tocsr(),
            points=np.array(config.order_weights)[orders],
            shares=counts / len(prompts),
            doubted=np.flatnonzero((orders <= 1) & (counts >= DOUBTED_FROM)),
        )

    def worth(self, prompts: Sequence[Prompt]) -> F64:
        """(prompts, G) points of each n-gram: the chance, 0..1, that a person's text has it, times its `points`.

        An n-gram that people hardly write for such an item has negative points. Many prompts at once are faster: the
        n-grams of all texts are read once for all of them.
        """
        weights = np.array([self.inverse[_feature_rows(self.features, [prompt]).indices].sum(0) for prompt in prompts])
        chances = np.ascontiguousarray((self.gram_texts @ (self.text_features @ weights.T)).T)
        relative = chances[:, self.doubted] / self.shares[self.doubted]
        worth = np.clip(chances, 0, 1) * self.points
        worth[:, self.doubted] -= self.config.doubt_cost * np.clip(self.config.doubt_share - relative, 0, 1)
        return worth  # type: ignore[no-any-return]


def _features(prompt: Prompt) -> set[str]:
    attributes = {f"{name}={value}".lower() for name, value in prompt.attributes}
    controls = {kind: getattr(prompt, kind) for kind in ("strategy", "style", "channel")}
    return attributes | {f"{kind}:{word}" for kind, word in controls.items() if word}


def _feature_rows(features: Mapping[str, int], prompts: Sequence[Prompt]) -> sparse.csr_matrix:
    """(prompts, F) 1 for each known feature of a prompt, and in column 0."""
    rows = [[0, *sorted(features[name] for name in _features(prompt) if name in features)] for prompt in prompts]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    columns = np.array([column for row in rows for column in row], np.int64)
    return sparse.csr_matrix((np.ones(len(columns)), columns, indptr), shape=(len(rows), len(features) + 1))


def _penalised_inverse(rows: sparse.csr_matrix, penalty: float) -> F64:
    """(F, F) inverse of the features' Gram matrix plus `penalty` on its diagonal; the intercept is not penalised."""
    gram = (rows.T @ rows).toarray() + penalty * np.eye(rows.shape[1])
    gram[0, 0] -= penalty
    return np.linalg.inv(gram + 1e-9 * np.eye(len(gram)))
