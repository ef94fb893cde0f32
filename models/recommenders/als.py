"""Implicit-feedback ALS (Hu, Koren, Volinsky 2008) by the `implicit` library, warm-started from the night before.

A positive pair weighs alpha * interest; every other pair weighs 1. The row of a user or item with n positives, out of m
possible ones, is regularised by

    regularization * ((n + m / alpha) / mean over rows) ** frequency_power

so `regularization` is the value of an average row. Power 0 is a constant, as in `implicit`, whose solver is used here.
Power 1 is iALS's reg * (n + alpha0 * m) (Rendle et al. 2022, "Revisiting the Performance of iALS on Item Recommendation
Benchmarks"). `from_ials` and `from_spark` translate the settings of iALS and of Spark's ALS.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from implicit.cpu._als import least_squares_cg
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from models.core.config import check_bounds
from models.core.interactions import Ids, check_ids, check_interest
from models.core.manifest import read_manifest, write_manifest
from models.core.top_k import MEMORY_BYTES, top_k

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
CG_STEPS = 3  # conjugate gradient steps on a row in each pass, as in `implicit`
SETTLE_STEPS = 10  # steps on a row in the last pass, which starts from zero
STEP = 1.05  # rows whose regularisation differs by less than this factor share one value


@dataclass(frozen=True)
class ALSConfig:
    """Settings of one fit; the defaults were chosen on a validation slice, one tenth of Gowalla's training pairs.

    recall@20 / ndcg@20 over its users, 64 factors: iterations 4 .1547/.0904, 5 .1547/.0900, 8 .1535/.0891,
    15 .1510/.0881, 30 .1504/.0872; at 8 iterations alpha 30 .1494/.0886, 60 .1535/.0891, 100 .1537/.0877, and
    regularization 3 .1538/.0891, 10 .1535/.0891, 30 .1523/.0890, 100 .1524/.0895. The test pairs were not used.
    Regularization is 60, since it matters little on Gowalla but much for warm starts: after 40 iterations on Online
    Retail up to a day of January or February 2011, the next day's purchases give ndcg@12 .1625 (10: .1590; 200: .1501;
    popularity: .0997).
    """

    factors: int = field(default=64, metadata={"least": 1})
    regularization: float = field(default=60.0, metadata={"above": 0})
    alpha: float = field(default=60.0, metadata={"doc": "confidence of one unit of interest", "above": 0})
    frequency_power: float = field(
        default=0.0,
        metadata={
            "doc": "power by which a row's regularisation grows with its positives",
            "least": 0,
            "most": 2,
        },
    )
    iterations: int = field(default=5, metadata={"least": 1})
    warm_iterations: int = field(
        default=3, metadata={"doc": "iterations that start from yesterday's factors", "least": 1}
    )
    seed: int = 7
    threads: int = field(default=2, metadata={"least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)

    @classmethod
    def from_ials(cls, alpha0: float, reg: float, nu: float, shape: tuple[int, int], positives: int) -> ALSConfig:
        """The same objective as iALS's, where unobserved pairs weigh `alpha0`, a row reg * (n + alpha0 * m)^nu.

        Dividing that objective by alpha0 gives a positive the weight 1 + 1 / alpha0 beside the 1 of every other pair,
        and multiplies the regularisation accordingly. Only the product of both sides' regularisation matters (the
        factors of one side may be scaled against the other's), so the two averages become their geometric mean. Exact
        for nu 0 and 1; for others the power of the average is used in place of the average of the power.
        shape (U, I) and positives describe the data.
        """
        row_weights = [positives / rows + alpha0 * others for rows, others in (shape, shape[::-1])]
        average = (1 + alpha0) * reg / alpha0 * (row_weights[0] * row_weights[1]) ** (nu / 2)
        return cls(alpha=1 + 1 / alpha0, regularization=average, frequency_power=nu)

    @classmethod
    def from_spark(cls, alpha: float, reg_param: float, shape: tuple[int, int], positives: int) -> ALSConfig:
        """Settings nearest to Spark MLlib's implicit ALS on 0/1 data: a positive weighs 1 + alpha, a row reg_param * n.

        Spark's n counts the row's positives alone; here m / alpha is added to it. So the average row has the same
        regularisation, but single rows differ.
        """
        average = reg_param * positives / (shape[0] * shape[1]) ** 0.5
        return cls(alpha=1 + alpha, regularization=average, frequency_power=1.0)


class ALS:
    """Factors of users and items, and the ids of their rows.

    user_factors (U, D), item_factors (I, D) float32; user_ids (U,), item_ids (I,) sorted str. A user or item without
    events has zero factors and scores 0 with everything.
    """

    def __init__(self, config: ALSConfig, user_factors: F32, item_factors: F32, user_ids: Ids, item_ids: Ids) -> None:
        self.config = config
        self.user_factors, self.item_factors = user_factors, item_factors
        self.user_ids, self.item_ids = user_ids, item_ids

    @classmethod
    def fit(cls, config: ALSConfig, interest: Any, user_ids: Ids, item_ids: Ids, previous: ALS | None = None) -> ALS:
        """Factors of `interest` (U, I) CSR, weights > 0 in any unit (one purchase, decayed, say).

        With `previous`, rows whose id it knows start from its factors, and `warm_iterations` are run. Every other row
        starts from small random numbers drawn by `config.seed`. Each row is solved by one thread, so the same inputs
        give the same bits for any number of threads.
        Raises ValueError if ids are not sorted, unique and as many as rows; if the matrix is empty, holds duplicates,
        or a weight is not finite and above 0; if `previous` has another number of factors.
        """
        user_ids, item_ids = check_ids(user_ids, "user_ids"), check_ids(item_ids, "item_ids")
        interest = sparse.csr_matrix(interest, dtype=np.float32)
        _check(interest, len(user_ids), len(item_ids))
        if previous is not None and previous.config.factors != config.factors:
            raise ValueError(
                f"previous has {previous.config.factors} factors, the config {config.factors}; fit without it"
            )
        known_users = (previous.user_ids, previous.user_factors) if previous else None
        known_items = (previous.item_ids, previous.item_factors) if previous else None
        rng = np.random.default_rng(config.seed)
        users = _start(user_ids, known_users, config.factors, rng)
        items = _start(item_ids, known_items, config.factors, rng)
        by_user = sparse.csr_matrix(interest * np.float32(config.alpha))
        by_item = by_user.T.tocsr()
        with threadpool_limits(1, "blas"):  # each row is solved by one thread; a BLAS pool inside would only cost time
            for _ in range(config.iterations if previous is None else config.warm_iterations):
                _solve(by_user, users, items, config, CG_STEPS)
                _solve(by_item, items, users, config, CG_STEPS)
            # The last pass starts from zero, so a row depends on its own events alone: equal events give equal bits.
            items.fill(0)
            _solve(by_item, items, users, config, SETTLE_STEPS)
            users.fill(0)
            _solve(by_user, users, items, config, SETTLE_STEPS)
        return cls(config, users, items, user_ids, item_ids)

    def recommend(
        self,
        user_codes: NDArray[np.integer],
        k: int,
        seen: Any = None,
        allowed: NDArray[np.bool_] | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> tuple[I32, F32]:
        """The k best items of each user (n,): codes and scores (n, k) as `top_k` returns them.

        `seen` (n, I) CSR has one row per entry of `user_codes`. Scores are unitless, about 0 to 1.
        Raises ValueError if k is not in 1..I or a code is not a row.
        """
        users = self.user_factors[_codes(user_codes, len(self.user_ids), "user")]
        return top_k(users, self.item_factors, k, seen, allowed, memory_bytes=memory_bytes, threads=self.config.threads)

    @staticmethod
    def fold_in(config: ALSConfig, interest: Any, item_factors: F32) -> F32:
        """Factors (n, D) of users with this `interest` (n, I); the items' factors stay as they are.

        With constant regularisation this is what `fit` ends with, to the bit. With frequency_power every row gets the
        regularisation of an average row. Raises ValueError as `fit` does for weights, and for shapes that disagree.
        """
        interest = check_interest(interest)
        if item_factors.shape != (interest.shape[1], config.factors):
            raise ValueError(f"interest is {interest.shape}, item_factors {item_factors.shape}")
        users = np.zeros((interest.shape[0], config.factors), np.float32)
        with threadpool_limits(1, "blas"):
            _solve(
                sparse.csr_matrix(interest * np.float32(config.alpha)),
                users,
                np.array(item_factors),  # the solver accepts no read-only array, such as a mapped one
                dataclasses.replace(config, frequency_power=0.0),
                SETTLE_STEPS,
            )
        return users

    def similar_items(
        self, item_codes: NDArray[np.integer], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[I32, F32]:
        """The k items nearest to each item (n,) by cosine, never itself: codes and cosines (n, k).

        Raises ValueError if k is not in 1..I-1 or a code is not a row.
        """
        codes = _codes(item_codes, len(self.item_ids), "item")
        if not 1 <= k < len(self.item_ids):
            raise ValueError(f"k={k} is not in 1..{len(self.item_ids) - 1}, the number of other items")
        length = np.linalg.norm(self.item_factors, axis=1, keepdims=True)
        items: F32 = (self.item_factors / np.where(length > 0, length, 1)).astype(np.float32)
        itself = sparse.csr_array(
            (np.ones(len(codes), np.float32), codes, np.arange(len(codes) + 1)), shape=(len(codes), len(items))
        )
        return top_k(items[codes], items, k, itself, allowed, threads=self.config.threads)

    def save(self, folder: str | Path) -> None:
        """Writes factors.npz (no pickle) and manifest.json (config with its seed, sizes) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(
            folder / "factors.npz",
            user_factors=self.user_factors,
            item_factors=self.item_factors,
            user_ids=self.user_ids,
            item_ids=self.item_ids,
        )
        write_manifest(folder, "als", self.config, users=len(self.user_ids), items=len(self.item_ids))

    @classmethod
    def load(cls, folder: str | Path, config: ALSConfig | None = None) -> ALS:
        """The model that `save` wrote. With `config`, a model fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ, or if the files
        disagree with the manifest.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, ALSConfig, config)
        with np.load(folder / "factors.npz", allow_pickle=False) as arrays:
            model = cls(saved, *(arrays[name] for name in ("user_factors", "item_factors", "user_ids", "item_ids")))
        for factors, ids, name in (
            (model.user_factors, model.user_ids, "users"),
            (model.item_factors, model.item_ids, "items"),
        ):
            if not factors.shape == (len(ids), saved.factors) == (manifest[name], saved.factors):
                raise ValueError(
                    f"{folder} holds {len(ids)} ids and factors {factors.shape} of {name}, its manifest says "
                    f"{manifest[name]}; train it again"
                )
        return model


def _solve(confidence: Any, rows: F32, other: F32, config: ALSConfig, steps: int) -> None:
    """Takes conjugate gradient steps on every row (n, D), in place; other (m, D), confidence (n, m) CSR.

    `implicit` takes one regularisation per call, so rows whose regularisation differs by less than STEP share a call.
    """
    if not config.frequency_power:
        least_squares_cg(confidence, rows, other, config.regularization, num_threads=config.threads, cg_steps=steps)
        return
    row_weights = np.diff(confidence.indptr) + confidence.shape[1] / config.alpha
    level = np.round(np.log(row_weights / row_weights.mean()) * config.frequency_power / np.log(STEP)).astype(np.int64)
    for chosen_level in np.unique(level):
        rows_of_level = np.flatnonzero(level == chosen_level)
        solved = rows[rows_of_level]
        regularization = config.regularization * STEP ** float(chosen_level)
        least_squares_cg(
            confidence[rows_of_level], solved, other, regularization, num_threads=config.threads, cg_steps=steps
        )
        rows[rows_of_level] = solved


def _start(ids: Ids, previous: tuple[Ids, F32] | None, factors: int, rng: np.random.Generator) -> F32:
    """Random rows (n, factors), near 0; yesterday's row where `previous` (sorted ids, factors) has the id."""
    rows = rng.random((len(ids), factors), dtype=np.float32) * np.float32(0.01)
    if previous is not None and len(previous[0]):
        place = np.minimum(np.searchsorted(previous[0], ids), len(previous[0]) - 1)
        known = previous[0][place] == ids
        rows[known] = previous[1][place[known]]
    return rows


def _codes(codes: NDArray[np.integer], rows: int, kind: str) -> NDArray[np.integer]:
    codes = np.asarray(codes)
    if codes.ndim != 1 or not np.issubdtype(codes.dtype, np.integer):
        raise ValueError(f"{kind} codes must be a vector of integers, not {codes.dtype} {codes.shape}")
    if len(codes) and not (codes.min() >= 0 and codes.max() < rows):
        raise ValueError(f"{kind} codes span {codes.min()}..{codes.max()}, the model has 0..{rows - 1}")
    return codes


def _check(interest: Any, users: int, items: int) -> None:
    if interest.shape != (users, items):
        raise ValueError(f"interest is {interest.shape}, the ids are {users} users and {items} items")
    if not interest.nnz:
        raise ValueError(f"interest of {users} users and {items} items has no entry: nothing to learn from")
    check_interest(interest)
