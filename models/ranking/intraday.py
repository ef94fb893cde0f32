"""The night's sources once more has happened: what users did is new, what relates items to each other stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import PURCHASE, ShopLog
from models.ranking.candidate_sources import Sources
from models.recommenders.als import ALS
from models.recommenders.buy_again import Rebuy
from models.recommenders.sequence_embeddings import Encoded

Encode = Callable[[ShopLog], Encoded | None]


def refreshed(sources: Sources, fresh: ShopLog, half_life: float, encode: Encode) -> tuple[Sources, NDArray[np.int64]]:
    """(sources at the moment of the last of `fresh`, the users (n,) of `fresh`, ascending).

    fresh: events of the sources' users and items, after `sources.now`. half_life: days, of the interest that the ALS
    was trained on. encode: what the sequence model makes of a log of those n users, None without one.
    It costs what the log costs to add up (no model is fitted), and the rows of the n users: ALS is folded in, the
    sequence model reads their events anew. Raises ValueError if `fresh` is empty or begins too early.
    """
    if not len(fresh) or fresh.time[0] < sources.now:
        earliest = fresh.time[0] if len(fresh) else None
        raise ValueError(f"{len(fresh):,} events, the first at day {earliest}: there must be some, from {sources.now}")
    config, span = sources.config, sources.span
    log = sources.log.followed_by(fresh).without_returned()
    now = float(np.nextafter(fresh.time[-1], np.inf))
    users = np.unique(fresh.user).astype(np.int64)
    bought = log.where(log.kind == (PURCHASE if (log.kind == PURCHASE).any() else log.kind.max()))
    rebuy = Rebuy.fit(config.rebuy, bought.user, bought.item, bought.time, (log.n_users, log.n_items))
    new = dataclasses.replace(
        sources,
        now=now,
        log=log,
        by_user=np.argsort(log.user, kind="stable"),
        start=np.concatenate([[0], np.cumsum(np.bincount(log.user, minlength=log.n_users))]),
        long=log.interest(config.weights, config.long_half_life * span, now),
        short=log.interest(config.weights, config.short_half_life * span, now),
        due=rebuy.due(now),
    )
    theirs = new.events_of(users)
    factors = np.array(sources.user_factors)
    factors[users] = ALS.fold_in(
        dataclasses.replace(config.als, factors=factors.shape[1]),
        theirs.interest(config.weights, half_life, now),
        sources.item_factors,
    )
    states, encoded = sources.states, encode(theirs) if sources.states is not None else None
    if states is not None and encoded is not None and encoded.states.shape[1] == states.shape[1]:
        states = np.array(states)
        states[users] = encoded.states
    return dataclasses.replace(new, user_factors=factors, states=states), users
