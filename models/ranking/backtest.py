"""Training and validation data for the ranker: cuts at earlier moments, where the span after the cut is the truth.

Nothing leaks across a cut. Its sources are fitted on the events before it, and its grades end with its span, no later
than the next cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.config import check_bounds
from models.core.shop_log import ShopLog, truth_kind
from models.ranking.candidate_sources import Lists, Sources, SourcesConfig
from models.ranking.candidates import ItemCandidates, candidates_at
from models.ranking.ranker import RankerConfig, graded
from models.recommenders.sequence_embeddings import Encoded

I8 = NDArray[np.int8]


class TooLittleHistory(ValueError):
    """The log is too short for two cuts, or nobody can be ranked for at a cut."""


@dataclass(frozen=True)
class RollingConfig:
    """How many cuts train and how many validate, by the number of users in them."""

    teach_users: int = field(
        default=4000,
        metadata={
            "doc": "training cuts are added until this many known users bought something in their spans",
            "least": 1,
        },
    )
    judge_users: int = field(
        default=200,
        metadata={
            "doc": "the last cuts validate: as many as it takes to have this many users, at most a third of all",
            "least": 1,
        },
    )
    most_cuts: int = field(default=16, metadata={"least": 1})
    least_history: float = field(default=2.0, metadata={"doc": "spans before the first cut", "above": 0})
    most_users: int = field(
        default=20_000, metadata={"doc": "users of one cut, evenly spaced over the user codes", "least": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Cut:
    """One moment `now`: the users (n,) with events before it who bought something in the span after it.

    Where the shop logs no purchases, its strongest kind of event counts. truth (n, I) CSR marks what they bought.
    Users who only looked are left out: on RetailRocket's validation spans a ranker trained on buyers alone reaches
    ndcg@12 .0939, on everyone .0858.
    """

    now: float
    users: NDArray[np.integer]
    newcomers: int  # buyers without events before `now`: no night could have made a personal list for them
    truth: sparse.csr_matrix
    candidates: ItemCandidates
    grades: I8
    lists: dict[str, Lists]
    seconds: dict[str, float]  # of each source, fitting and listing


def sources_at(
    config: SourcesConfig,
    log: ShopLog,
    now: float,
    span: float,
    encode: Callable[[ShopLog, float], Encoded | None] | None = None,
) -> Sources:
    """The sources fitted on the events before `now`; ValueError if there are none.

    encode: (log, now) -> the log encoded by a sequence model that was trained on nothing later than `now`.
    """
    history = log.between(-np.inf, now).without_returned()
    return Sources.fit(config, history, now, span, encoded=encode(history, now) if encode else None)


def cut_at(rolling: RollingConfig, ranker: RankerConfig, log: ShopLog, sources: Sources) -> Cut:
    """The cut at `sources.now`: its users, their truth and grades in [now, now + span), and the sources' candidates.

    Raises TooLittleHistory if nobody who bought after `now` is known.
    """
    now, span, history = sources.now, sources.span, sources.log
    after = log.between(now, now + span).without_returned()
    bought = after.where(after.kind == truth_kind(log.between(-np.inf, now)))
    has_past = np.zeros(log.n_users, bool)
    has_past[history.user] = True
    buyers = np.unique(bought.user)
    users = buyers[has_past[buyers]]
    if not len(users):
        raise TooLittleHistory(
            f"none of the {len(buyers):,} buyers of day {now:.2f} to {now + span:.2f} was seen before: "
            f"nobody to rank for"
        )
    if len(users) > rolling.most_users:
        users = users[np.linspace(0, len(users) - 1, rolling.most_users).astype(np.int64)]
    timed_lists = sources.lists(users)
    lists = {name: codes_and_scores for name, (codes_and_scores, _) in timed_lists.items()}
    candidates = candidates_at(sources, users, lists)
    hits = bought.where(np.isin(bought.user, users))
    cells = np.searchsorted(users, hits.user), hits.item
    truth = sparse.csr_matrix((np.ones(len(hits), np.float32), cells), shape=(len(users), log.n_items))
    truth.sum_duplicates()
    return Cut(
        now=now,
        users=users,
        newcomers=int((~has_past[buyers]).sum()),
        truth=truth,
        candidates=candidates,
        grades=graded(ranker, candidates, users, after),
        lists=lists,
        seconds={name: seconds + sources.seconds.get(name, 0.0) for name, (_, seconds) in timed_lists.items()},
    )


def earlier_cuts(
    rolling: RollingConfig, log: ShopLog, test: float, span: float, make: Callable[[float], Cut]
) -> Iterator[Cut]:
    """make(now) for test - span, test - 2 * span, ... until there are enough users or too little history is left.

    Raises TooLittleHistory if not even one validation cut and one training cut fit.
    """
    start = float(log.time[0])
    # A log seldom begins at midnight, so a span that lacks a twentieth counts as a full one.
    possible = min(rolling.most_cuts, int((test - start) / span - rolling.least_history + 0.05))
    if possible < 2:
        raise TooLittleHistory(
            f"{(test - start) / span:.1f} spans of {span:.2f} days before day {test:.2f}; "
            f"need {rolling.least_history + 2:.1f}: one cut to train, one to validate"
        )
    validation_users = training_users = 0
    for number in range(1, possible + 1):
        cut = make(test - number * span)
        yield cut
        if validation_users < rolling.judge_users and number <= max(possible // 3, 1):
            validation_users += len(cut.users)
        else:
            training_users += len(cut.users)
            if training_users >= rolling.teach_users:
                return


def split_cuts(rolling: RollingConfig, cuts: list[Cut]) -> tuple[list[Cut], list[Cut]]:
    """(training, validation): the latest cuts validate, as few as hold `judge_users` buyers, at most a third."""
    count = 1
    while sum(len(cut.users) for cut in cuts[:count]) < rolling.judge_users and count < len(cuts) // 3:
        count += 1
    return cuts[count:], cuts[:count]
