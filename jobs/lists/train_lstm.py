"""Events of the last months -> a network that predicts a user's next items from the last ones; trained once a week.

The network is an LSTM or a Transformer (`lstm_training.networks`). It is trained on the events before the last week and
validated on that week. If the settings name both, both are trained; the second is kept only if it is better by more
than the 95 % interval of their difference. The kept network replaces the running one unless it is worse by more than
this interval; the first network ever is compared with popularity. So for each week there is a model that has seen
nothing of it, and the ranker can learn how far to trust this source.
`train_ranker` encodes every user's last events with the running network every night.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.common.event_log import night_end, read_history, rows_in_files
from jobs.runtime.model_store import checkpoint_folder, days_since, due, from_checkpoint, load_model, save_judged
from jobs.runtime.night import Night
from jobs.runtime.progress import progress
from models.core.config import check_bounds
from models.core.list_metrics import score_lists
from models.core.promotion import decide
from models.core.sequences import Sequences
from models.core.shop_log import ShopLog
from models.core.top_k import top_k
from models.recommenders.baselines import popular
from models.recommenders.sequence_embeddings import Encoded, sequences_of

if TYPE_CHECKING:  # these load torch, which most nights do not need
    from models.recommenders.item_softmax import Attributes
    from models.recommenders.sequence_model import SequenceModel

MODEL = "lstm"
_NETWORKS = ("lstm", "transformer")  # models/recommenders/sequence_networks.py, which loads torch, has their classes
_LIST_LENGTH = 20
WORTH_A_PROCESS = 500_000  # events: training on fewer takes seconds


@dataclass(frozen=True)
class TrainLSTMConfig:
    """When the LSTM is trained, and on how many events."""

    networks: tuple[str, ...] = field(
        default=("lstm",),
        metadata={"doc": "lstm, transformer, or both: the second is then kept if it is better beyond chance"},
    )
    history_days: int = field(default=180, metadata={"doc": "days of events that it is trained on", "least": 1})
    every_days: int = field(
        default=7, metadata={"doc": "days until another is trained, where retrain is auto", "least": 1}
    )
    least_events: int = field(default=20_000, metadata={"doc": "with fewer events none is trained", "least": 1})
    processes: int = field(
        default=0,
        metadata={
            "doc": "processes that train together on this machine, by TorchDistributor; 0: one for each GPU",
            "least": 0,
        },
    )
    judge_users: int = field(
        default=5_000, metadata={"doc": "users of the last week that it is validated on, at most", "least": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        if not self.networks or len({*self.networks}) < len(self.networks) or not {*self.networks} <= {*_NETWORKS}:
            raise ValueError(f"networks is {list(self.networks)}; it names each once, of {', '.join(_NETWORKS)}")


def trains(night: Night) -> bool:
    """Whether a training is due tonight that takes longer than a second process, which loads torch again."""
    config: TrainLSTMConfig = night.settings.section("lstm_training")
    if due(night, days_since(night, MODEL), config.every_days) is None:
        return False
    return rows_in_files(night, config.history_days) >= WORTH_A_PROCESS


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
    log_before, week = log.between(-np.inf, begin).without_returned(), log.between(begin, end).without_returned()
    users, truth = first_next(log_before, week, config.judge_users)
    if len(log_before) < config.least_events or not len(users):
        night.log.info(
            "no LSTM: %d events before the last week (lstm_training.least_events is %d), %d users to validate it on",
            len(log_before),
            config.least_events,
            len(users),
        )
        night.report(start=f"none: {len(log_before)} events, {len(users)} users")
        return
    new, checkpoint, facts = train(night, running, log_before, users, truth, item_ids)
    facts = {"start": why, "learned_until": begin, "events": len(log_before), **facts}
    save_judged(night, MODEL, new, facts)
    shutil.rmtree(checkpoint, ignore_errors=True)
    night.report(**facts)


def train(
    night: Night,
    running: tuple[str, ...] | None,
    log_before: ShopLog,
    users: np.ndarray,
    truth: sparse.csr_matrix,
    item_ids: np.ndarray,
) -> tuple[SequenceModel, Path, dict[str, Any]]:
    """Trains on `log_before`, validates on the `truth` (n, I) of `users` (n,) in the week after it.

    Returns (the network kept, the folder of checkpoints, figures and decision).
    """
    from models.recommenders.sequence_networks import SavedNetwork

    previous = load_model(night.lake, running, SavedNetwork) if running else None
    learned, figures = sequences_of(log_before), {}

    def ndcg(model: SequenceModel | None) -> NDArray[np.float64]:
        lists = lists_of(model, learned, log_before, users, item_ids)
        return score_lists(lists, truth, lists.shape[1])[f"ndcg@{lists.shape[1]}"]

    networks = night.settings.section("lstm_training").networks
    checkpoints = checkpoint_folder(night, "lstm", [night.settings.section(name) for name in networks])
    best, best_ndcg = None, np.zeros(0)
    for name in networks:
        started = time.monotonic()
        candidate = trained(night, name, previous, checkpoints, (learned, item_ids, attributes_of(log_before)))
        candidate_ndcg = ndcg(candidate)
        figures[name] = {
            "ndcg": round(float(candidate_ndcg.mean()), 5),
            "seconds": round(time.monotonic() - started, 1),
            "epochs": candidate.epochs,
        }
        if best is None or decide(candidate_ndcg, best_ndcg).low > 0:
            best, best_ndcg = candidate, candidate_ndcg
    assert best is not None  # the settings name at least one
    decision = decide(best_ndcg, ndcg(previous))
    return (
        best,
        checkpoints,
        {
            "promoted": decision.promoted,
            f"ndcg@{min(_LIST_LENGTH, log_before.n_items)}": dataclasses.asdict(decision),
            "running": "popularity" if previous is None else "/".join(running or ()),
            "network": best.kind,
            "networks": figures,
            "epochs": best.epochs,
        },
    )


def trained(
    night: Night, name: str, previous: SequenceModel | None, checkpoints: Path, data: tuple[Any, ...]
) -> SequenceModel:
    """The network `name` trained on `data` (sequences, item ids, attributes), from `previous` if its sizes fit."""
    from models.recommenders.sequence_networks import NETWORKS

    network, settings = NETWORKS[name], night.settings.section(name)
    is_alike = isinstance(previous, network) and all(
        getattr(previous.config, size) == getattr(settings, size) for size in network.sizes
    )
    start = previous if is_alike else None

    def fit() -> SequenceModel:
        return fit_together(night, network, settings, *data, start, checkpoints / name)

    return from_checkpoint(night, checkpoints / name, fit)


def fit_together(night: Night, network: type[SequenceModel], settings: Any, *data: Any) -> SequenceModel:
    """Runs `network.fit(settings, *data)` in as many processes as the settings say, or as there are GPUs."""
    import torch

    processes = night.settings.section("lstm_training").processes or torch.cuda.device_count()
    if processes < 2:
        with progress(f"training {network.kind}", unit="epochs", at_most=True) as doing:

            def tell(epoch: int, most: int, loss: float, gain: float) -> None:
                doing.at_step(epoch, most, f"loss {loss:.3f} nats, gain {gain:.4f}")

            return network.fit(settings, *data, report=tell)  # type: ignore[misc]
    from pyspark.ml.torch.distributor import TorchDistributor

    _ = night.spark  # the distributor needs a session
    with tempfile.TemporaryDirectory() as folder:
        distributor = TorchDistributor(num_processes=processes, local_mode=True, use_gpu=torch.cuda.is_available())
        night.log.info("%d processes train together", processes)
        distributor.run(_fit_in_one_of_many, folder, network, settings, *data)
        return network.load(folder)


def _fit_in_one_of_many(folder: str, network: type[SequenceModel], settings: Any, *data: Any) -> None:
    from models.core.process_group import is_first, together

    with together():
        model = network.fit(settings, *data)
        if is_first():
            model.save(folder)


def attributes_of(log: ShopLog) -> Attributes | None:
    """The items' attributes, one column for each value; None if the log has none."""
    from models.recommenders.item_softmax import Attributes

    if not log.attributes:
        return None
    pairs = {name: np.flatnonzero(codes >= 0) for name, codes in log.attributes.items()}
    words = [
        f"{name}={value}"
        for name, rows_with_value in pairs.items()
        for value in log.attributes[name][rows_with_value].tolist()
    ]
    ids, column = np.unique(np.array(words, np.str_), return_inverse=True)
    rows = np.concatenate(list(pairs.values()))
    matrix = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, column)), shape=(log.n_items, len(ids)))
    return Attributes(matrix, ids)


def first_next(log_before: ShopLog, week: ShopLog, max_users: int) -> tuple[np.ndarray, sparse.csr_matrix]:
    """(users (n,), truth (n, I)): users with events before the week, and the items that they first touched in it.

    Of more than `max_users` users, it takes evenly spaced ones.
    """
    before_week = sparse.csr_matrix(
        (np.ones(len(log_before)), (log_before.user, log_before.item)), shape=(log_before.n_users, log_before.n_items)
    )
    in_week = sparse.csr_matrix((np.ones(len(week)), (week.user, week.item)), shape=before_week.shape)
    first_time = sparse.csr_matrix(
        in_week.astype(bool).astype(np.float32) - in_week.astype(bool).multiply(before_week.astype(bool))
    )
    first_time.eliminate_zeros()
    users = np.flatnonzero((np.diff(before_week.indptr) > 0) & (np.diff(first_time.indptr) > 0))
    users = users[np.linspace(0, len(users) - 1, min(max_users, len(users))).astype(np.int64)]
    truth = first_time[users]
    truth.sort_indices()
    return users, truth


def lists_of(
    model: SequenceModel | None, learned: Sequences, log_before: ShopLog, users: np.ndarray, item_ids: np.ndarray
) -> np.ndarray:
    """Lists (n, _LIST_LENGTH) of `users` (n,) by their events before the week, without items that they touched.

    If `model` is None, they are by popularity.
    """
    ones = np.ones(len(log_before), np.float32)
    touched = sparse.csr_matrix(
        (ones, (log_before.user, log_before.item)), shape=(log_before.n_users, log_before.n_items)
    )
    k = min(_LIST_LENGTH, log_before.n_items)
    if model is None:
        return np.asarray(popular(touched, len(users), k, touched[users])[0])
    encoded = Encoded.by(model, learned.taken(users), item_ids)
    known: NDArray[np.bool_] = np.asarray(encoded.rows.any(axis=1))
    return np.asarray(top_k(encoded.states, encoded.rows, k, touched[users], known)[0])
