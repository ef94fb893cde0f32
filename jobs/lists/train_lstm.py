"""Events of the last months -> the LSTM that reads what a user did last; trained once a week, it is a source of lists.

It learns from what lies before the last week and is judged on that week: a new one replaces the running one unless it
is worse by more than the 95 % interval of their difference (the first has popularity to beat). So at each week's
beginning there is one that has seen nothing of the week, and the ranker can learn how far to trust it.
`train_ranker` encodes every user's last events with it, every night; between trainings nothing but the events changes.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.common.event_log import night_end, read_history
from jobs.runtime.model_store import days_since, due, load_model, save_judged
from jobs.runtime.night import Night
from models.core.config import check_bounds
from models.core.list_metrics import score_lists
from models.core.promotion import decide
from models.core.sequences import Sequences
from models.core.shop_log import ShopLog
from models.core.top_k import top_k
from models.recommenders.baselines import popular
from models.recommenders.sequence_embeddings import Encoded, sequences_of

if TYPE_CHECKING:  # torch, which most nights do without
    from models.recommenders.lstm import LSTM, Attributes, LSTMConfig

MODEL = "lstm"
_K = 20


@dataclass(frozen=True)
class TrainLSTMConfig:
    """When the LSTM is trained, and on what."""

    history_days: int = field(default=180, metadata={"doc": "days of events that it learns from", "least": 1})
    every_days: int = field(
        default=7, metadata={"doc": "days until another is trained, where retrain is auto", "least": 1}
    )
    least_events: int = field(
        default=20_000, metadata={"doc": "fewer than this teach it less than they cost", "least": 1}
    )
    processes: int = field(
        default=0,
        metadata={"doc": "that train together on this machine, by TorchDistributor; 0: one for each GPU", "least": 0},
    )
    judge_users: int = field(
        default=5_000, metadata={"doc": "users of the last week that judge it, at most", "least": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def main(night: Night) -> None:
    config: TrainLSTMConfig = night.settings.section("lstm_training")
    running = night.lake.model_before(MODEL, night.date)
    why = due(night, days_since(night, MODEL), config.every_days)
    if why is None:
        night.report(start="carried over", model="/".join(running or ()))
        return
    log, _, item_ids = read_history(night, config.history_days)
    end = night_end(night.date)
    begin = end - min(7.0, max(1.0, (end - float(log.time[0])) // 7)) if len(log) else end
    before, week = log.between(-np.inf, begin).without_returned(), log.between(begin, end).without_returned()
    users, truth = first_next(before, week, config.judge_users)
    if len(before) < config.least_events or not len(users):
        night.log.info("no LSTM: %d events before the last week, %d users to judge it by", len(before), len(users))
        night.report(start=f"none: {len(before)} events, {len(users)} users")
        return
    new, checkpoint, facts = train(night, running, before, users, truth, item_ids)
    facts = {"start": why, "learned_until": begin, "events": len(before), **facts}
    save_judged(night, MODEL, new, facts)
    shutil.rmtree(checkpoint, ignore_errors=True)
    night.report(**facts)


def train(
    night: Night,
    running: tuple[str, ...] | None,
    before: ShopLog,
    users: np.ndarray,
    truth: sparse.csr_matrix,
    item_ids: np.ndarray,
) -> tuple[LSTM, Path, dict[str, Any]]:
    """Train on what lies before the week, judge by the `truth` (n, I) of `users` (n,) in it: (model, its checkpoint's
    folder, figures and decision)."""
    from models.recommenders.lstm import LSTM

    previous = load_model(night.lake, running, LSTM) if running else None
    settings: LSTMConfig = night.settings.section("lstm")
    same = previous is not None and _sizes(previous.config) == _sizes(settings)
    learned = sequences_of(before)
    # A try that was killed goes on where it was, if the next one comes to the same machine.
    checkpoint = Path(tempfile.gettempdir()) / f"nightmarket-lstm-{night.date}-{night.run}"
    new = fit_together(
        night, settings, learned, item_ids, attributes_of(before), previous if same else None, checkpoint
    )
    judged = [lists_of(model, learned, before, users, item_ids) for model in (new, previous)]
    k = judged[0].shape[1]
    ours, theirs = (score_lists(codes, truth, k)[f"ndcg@{k}"] for codes in judged)
    decision = decide(ours, theirs)
    return (
        new,
        checkpoint,
        {
            "promoted": decision.promoted,
            f"ndcg@{k}": dataclasses.asdict(decision),
            "running": "popularity" if previous is None else "/".join(running or ()),
            "epochs": new.epochs,
        },
    )


def fit_together(night: Night, settings: LSTMConfig, *lesson: Any) -> LSTM:
    """`LSTM.fit`, by as many processes as the settings or the GPUs ask for; the first one's model."""
    import torch

    from models.recommenders.lstm import LSTM

    processes = night.settings.section("lstm_training").processes or torch.cuda.device_count()
    if processes < 2:

        def tell(epoch: int, loss: float, gain: float) -> None:
            night.log.info("epoch %d: loss %.3f nats, gain %.4f", epoch, loss, gain)

        return LSTM.fit(settings, *lesson, report=tell)  # type: ignore[misc]
    from pyspark.ml.torch.distributor import TorchDistributor

    _ = night.spark  # the distributor asks for a session
    with tempfile.TemporaryDirectory() as folder:
        many = TorchDistributor(num_processes=processes, local_mode=True, use_gpu=torch.cuda.is_available())
        night.log.info("%d processes train together", processes)
        many.run(_fit_in_one_of_many, folder, settings, *lesson)
        return LSTM.load(folder)


def _fit_in_one_of_many(folder: str, settings: LSTMConfig, *lesson: Any) -> None:
    from models.core.process_group import is_first, together
    from models.recommenders.lstm import LSTM

    with together():
        model = LSTM.fit(settings, *lesson)
        if is_first():
            model.save(folder)


def _sizes(config: LSTMConfig) -> tuple[int, ...]:
    return config.dim, config.hidden, config.layers


def attributes_of(log: ShopLog) -> Attributes | None:
    """What the catalogue tells of the items: each attribute's value a column of its own."""
    from models.recommenders.lstm import Attributes

    if not log.attributes:
        return None
    pairs = {name: np.flatnonzero(codes >= 0) for name, codes in log.attributes.items()}
    words = [f"{name}={value}" for name, at in pairs.items() for value in log.attributes[name][at].tolist()]
    ids, column = np.unique(np.array(words, np.str_), return_inverse=True)
    rows = np.concatenate(list(pairs.values()))
    matrix = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, column)), shape=(log.n_items, len(ids)))
    return Attributes(matrix, ids)


def first_next(before: ShopLog, week: ShopLog, most: int) -> tuple[np.ndarray, sparse.csr_matrix]:
    """(users (n,), truth (n, I)): known users and the items of the week that were new to them, an even draw of them."""
    had = sparse.csr_matrix((np.ones(len(before)), (before.user, before.item)), shape=(before.n_users, before.n_items))
    came = sparse.csr_matrix((np.ones(len(week)), (week.user, week.item)), shape=had.shape)
    fresh = sparse.csr_matrix(came.astype(bool).astype(np.float32) - came.astype(bool).multiply(had.astype(bool)))
    fresh.eliminate_zeros()
    users = np.flatnonzero((np.diff(had.indptr) > 0) & (np.diff(fresh.indptr) > 0))
    users = users[np.linspace(0, len(users) - 1, min(most, len(users))).astype(np.int64)]
    truth = fresh[users]
    truth.sort_indices()
    return users, truth


def lists_of(
    model: LSTM | None, learned: Sequences, before: ShopLog, users: np.ndarray, item_ids: np.ndarray
) -> np.ndarray:
    """(n, _K) lists of `users` after what they did before the week, nothing of it listed again; without a model the
    most popular."""
    ones = np.ones(len(before), np.float32)
    had = sparse.csr_matrix((ones, (before.user, before.item)), shape=(before.n_users, before.n_items))
    k = min(_K, before.n_items)
    if model is None:
        return np.asarray(popular(had, len(users), k, had[users])[0])
    encoded = Encoded.by(model, learned.taken(users), item_ids)
    known: NDArray[np.bool_] = np.asarray(encoded.rows.any(axis=1))
    return np.asarray(top_k(encoded.states, encoded.rows, k, had[users], known)[0])
