"""Weeks rolled back: at each cut, candidates from what lies before it and the truth of the span after it.

Nothing of a cut knows what comes after: its sources are fitted anew on the events before it, and its grades end where
its span ends, which is no later than the next cut.
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
from models.ranking.candidates import Candidates, candidates_at
from models.ranking.ranker import RankerConfig, graded
from models.recommenders.sequence_embeddings import Encoded

I8 = NDArray[np.int8]


class TooLittleHistory(ValueError):
    """The log has no two cuts, or nobody to rank for at one."""


@dataclass(frozen=True)
class RollingConfig:
    """How many cuts teach and how many judge, by the number of users in them."""

    teach_users: int = field(
        default=4000,
        metadata={"doc": "cuts are added until this many known users bought something in their spans", "least": 1},
    )
    judge_users: int = field(
        default=200,
        metadata={
            "doc": "the last cuts before the test that validate: one, or more where it has fewer of them",
            "least": 1,
        },
    )
    most_cuts: int = field(default=16, metadata={"least": 1})
    least_history: float = field(default=2.0, metadata={"doc": "spans before the first cut", "above": 0})
    most_users: int = field(default=20_000, metadata={"doc": "of one cut, by an even draw", "least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Cut:
    """One moment: users (n,) with a known past who bought after it (or did what the log has for truth).

    Those who only looked teach too little to be worth their rows: on RetailRocket's validation spans a ranker taught by
    buyers alone reaches ndcg@12 .0939, by everyone .0858. truth (n, I) CSR marks what they bought.
    """

    now: float
    users: NDArray[np.integer]
    newcomers: int  # buyers without a past: no night can have made a list of their own
    truth: sparse.csr_matrix
    candidates: Candidates
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
    """The sources fitted on what lies before `now`; ValueError if nothing does. `encode` gives what a sequence model,
    trained on nothing later than `now`, makes of the log before it."""
    history = log.between(-np.inf, now).without_returned()
    return Sources.fit(config, history, now, span, encoded=encode(history, now) if encode else None)


def cut_at(rolling: RollingConfig, ranker: RankerConfig, log: ShopLog, sources: Sources) -> Cut:
    """The users, grades and truth of [now, now + span), and what the sources, fitted at `now`, have for these users.

    Raises TooLittleHistory if nobody who bought after `now` is known.
    """
    now, span, history = sources.now, sources.span, sources.log
    after = log.between(now, now + span).without_returned()
    bought = after.where(after.kind == truth_kind(log.between(-np.inf, now)))
    known = np.zeros(log.n_users, bool)
    known[history.user] = True
    buyers = np.unique(bought.user)
    users = buyers[known[buyers]]
    if not len(users):
        raise TooLittleHistory(
            f"none of the {len(buyers):,} buyers of day {now:.2f} to {now + span:.2f} was seen before: "
            f"nobody to rank for"
        )
    if len(users) > rolling.most_users:
        users = users[np.linspace(0, len(users) - 1, rolling.most_users).astype(np.int64)]
    made = sources.lists(users)
    lists = {name: found for name, (found, _) in made.items()}
    candidates = candidates_at(sources, users, lists)
    own = bought.where(np.isin(bought.user, users))
    truth = sparse.csr_matrix(
        (np.ones(len(own), np.float32), (np.searchsorted(users, own.user), own.item)), shape=(len(users), log.n_items)
    )
    truth.sum_duplicates()
    return Cut(
        now=now,
        users=users,
        newcomers=int((~known[buyers]).sum()),
        truth=truth,
        candidates=candidates,
        grades=graded(ranker, candidates, users, after),
        lists=lists,
        seconds={name: seconds + sources.seconds.get(name, 0.0) for name, (_, seconds) in made.items()},
    )


def earlier_cuts(
    rolling: RollingConfig, log: ShopLog, test: float, span: float, make: Callable[[float], Cut]
) -> Iterator[Cut]:
    """make(now) for test - span, test - 2 * span, ... while enough history lies before and more users are wanted.

    Raises TooLittleHistory if not even one validating and one teaching cut fit.
    """
    start = float(log.time[0])
    # A log seldom begins at midnight: a span of which a twentieth is missing is a whole one.
    possible = min(rolling.most_cuts, int((test - start) / span - rolling.least_history + 0.05))
    if possible < 2:
        raise TooLittleHistory(
            f"{(test - start) / span:.1f} spans of {span:.2f} days before day {test:.2f}; "
            f"need {rolling.least_history + 2:.1f}: one cut to teach, one to judge"
        )
    judging = teaching = 0
    for number in range(1, possible + 1):
        cut = make(test - number * span)
        yield cut
        if judging < rolling.judge_users and number <= max(possible // 3, 1):
            judging += len(cut.users)
        else:
            teaching += len(cut.users)
            if teaching >= rolling.teach_users:
                return


def split_cuts(rolling: RollingConfig, cuts: list[Cut]) -> tuple[list[Cut], list[Cut]]:
    """(teaching, judging): the latest judge, one or as many as hold `judge_users` buyers, at most a third."""
    judging = 1
    while sum(len(cut.users) for cut in cuts[:judging]) < rolling.judge_users and judging < len(cuts) // 3:
        judging += 1
    return cuts[judging:], cuts[:judging]
