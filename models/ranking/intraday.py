"""Brings the night's sources up to date during the day: users' events are added, no model is fitted again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import ShopLog
from models.ranking.candidate_sources import Sources, events_by_user, fit_rebuy
from models.recommenders.als import ALS
from models.recommenders.sequence_embeddings import Encoded

Encode = Callable[[ShopLog], Encoded | None]


def refreshed(sources: Sources, fresh: ShopLog, half_life: float, encode: Encode) -> tuple[Sources, NDArray[np.int64]]:
    """(sources at the moment of the last event of `fresh`, the users (n,) of `fresh`, ascending).

    fresh: events of the sources' users and items, after `sources.now`. half_life: in days, of the interest that the ALS
    was trained on. encode: a log of those n users -> their states by the sequence model, or None without one.
    The n users get new factors (ALS fold-in) and new states. How items relate to each other stays as the night found
    it. Raises ValueError if `fresh` is empty or begins too early.
    """
    if not len(fresh) or fresh.time[0] < sources.now:
        earliest = fresh.time[0] if len(fresh) else None
        raise ValueError(
            f"{len(fresh):,} events, the first at day {earliest}: at least one is needed, none before {sources.now}"
        )
    config, span = sources.config, sources.span
    log = sources.log.followed_by(fresh).without_returned()
    now = float(np.nextafter(fresh.time[-1], np.inf))
    users = np.unique(fresh.user).astype(np.int64)
    by_user, start = events_by_user(log)
    updated = dataclasses.replace(
        sources,
        now=now,
        log=log,
        by_user=by_user,
        start=start,
        long=log.interest(config.weights, config.long_half_life * span, now),
        short=log.interest(config.weights, config.short_half_life * span, now),
        due=fit_rebuy(config.rebuy, log).due(now),
    )
    users_events = updated.events_of(users)
    factors = np.array(sources.user_factors)
    factors[users] = ALS.fold_in(
        dataclasses.replace(config.als, factors=factors.shape[1]),
        users_events.interest(config.weights, half_life, now),
        sources.item_factors,
    )
    states, encoded = sources.states, encode(users_events) if sources.states is not None else None
    if states is not None and encoded is not None and encoded.states.shape[1] == states.shape[1]:
        states = np.array(states)
        states[users] = encoded.states
    return dataclasses.replace(updated, user_factors=factors, states=states), users
