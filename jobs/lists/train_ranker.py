"""Events of the last months -> tonight's candidate sources; and, when it is due, a new ranker over them.

Sources are fitted every night (their ALS is the one that `train_als` made) and kept in models/sources: what each user
might want, by each source. The ranker is one gradient-boosted LambdaRank over what the sources say. It learns from
earlier weeks, the sources fitted anew at the beginning of each, and is judged on the last. (A shop younger than seven
weeks has shorter ones, of a day at least.)

Items on sale that nobody has touched are given factors from what the catalogue says of them (settings `cold`).

Promotion: a new ranker replaces the running one unless it is worse on last week's truth by more than the 95 % interval
of their difference; the first one has ALS to beat. Both figures stand in the model's promotion.json, promoted or not.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jobs.common.event_log import content_columns, night_end, read_history
from jobs.common.on_sale import can_be_shown
from jobs.features.event_weights import weights_of
from jobs.lists.lstm_as_of import Encoder
from jobs.runtime import model_store
from jobs.runtime.model_store import days_since, last_tried, load_model, load_newest, save_judged, save_model
from jobs.runtime.night import Night
from models.core.config import check_bounds
from models.core.list_metrics import score_lists
from models.core.promotion import decide
from models.core.shop_log import EventWeights, ShopLog
from models.core.top_k import F32, rank_entries
from models.ranking.backtest import (
    Cut,
    RollingConfig,
    TooLittleHistory,
    cut_at,
    earlier_cuts,
    sources_at,
    split_cuts,
)
from models.ranking.candidate_sources import Sources, SourcesConfig
from models.ranking.ranked_lists import candidates_for, scores_of
from models.ranking.ranker import Ranker, RankerConfig
from models.recommenders.als import ALS
from schemas.tables import ITEMS, LIST_QUALITY

RANKER, SOURCES = "ranker", "sources"
_WEEK = 7.0


@dataclass(frozen=True)
class TrainRankerConfig:
    """What the sources see and when the ranker learns anew."""

    history_days: int = field(default=365, metadata={"doc": "days of events that the sources see", "least": 1})
    every_days: int = field(
        default=7, metadata={"doc": "days until another is trained, where retrain is auto", "least": 1}
    )
    decay_nights: int = field(
        default=3,
        metadata={"doc": "so many nights in which popularity had been the better list make it due as well", "least": 1},
    )
    candidates: int = field(default=60, metadata={"doc": "items that each source proposes to each user", "least": 1})
    neighbours: int = field(
        default=100, metadata={"doc": "similar items, and similar users, kept for each", "least": 1}
    )
    teach_users: int = field(
        default=4000, metadata={"doc": "buyers of earlier weeks that teach, as far as there are", "least": 1}
    )
    most_weeks: int = field(default=8, metadata={"doc": "earlier weeks that teach and judge, at most", "least": 1})
    least_weeks: float = field(
        default=2.0, metadata={"doc": "weeks of history that the first of them must have", "above": 0}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def main(night: Night) -> None:
    config: TrainRankerConfig = night.settings.section("ranker_training")
    log, user_ids, item_ids = read_history(night, config.history_days)
    now = night_end(night.date)
    history = log.between(-np.inf, now).without_returned()
    if not len(history):
        night.log.info("no known user has done anything with an item yet: lists come from popularity")
        night.report(sources="none: no events", ranker="none: no events")
        return
    settings = sources_config(night, config)
    # Whole days: a young shop's span grows once a week, and with it what the ranker learned to expect.
    span = float(np.clip((now - float(log.time[0])) // _WEEK, 1, _WEEK))
    model = load_newest(night, "als", ALS, made_by="train_als")
    encode = Encoder(night, item_ids)
    factors = factors_of(model, user_ids, item_ids)
    sources = Sources.fit(settings, history, now, span, factors, encode(history, now))
    sources = place_new_items(night, sources)
    keep_sources(night, sources, user_ids, item_ids)
    night.report(
        events=len(history),
        users=len(np.unique(history.user)),
        new_items=len(sources.new_items),
        sources={name: round(seconds, 3) for name, seconds in sources.seconds.items()},
        lstm=encode.folders.get(now, ""),
        ranker=train(night, config, settings, log, now, span, encode, features_of(sources)),
    )


def sources_config(night: Night, config: TrainRankerConfig) -> SourcesConfig:
    """The sources' settings: sizes from here, what an event weighs tonight and the ALS from their own sections."""
    weights = weights_of(night)
    return SourcesConfig(
        candidates=config.candidates,
        neighbours=config.neighbours,
        weights=EventWeights(weights.view, weights.wishlist, weights.cart, weights.purchase),
        als=night.settings.section("als"),
    )


def factors_of(model: ALS, user_ids: np.ndarray, item_ids: np.ndarray) -> tuple[F32, F32]:
    """The model's factors in the order of our ids (U,), (I,): (U, D), (I, D), zero rows for ids it does not know."""
    placed = []
    for ids, known, factors in (
        (user_ids, model.user_ids, model.user_factors),
        (item_ids, model.item_ids, model.item_factors),
    ):
        rows = np.zeros((len(ids), model.config.factors), np.float32)
        if len(known):
            at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
            same = known[at] == ids
            rows[same] = factors[at[same]]
        placed.append(rows)
    return placed[0], placed[1]


def place_new_items(night: Night, sources: Sources) -> Sources:
    """Factors for items on sale that nobody has touched, made of what the catalogue says; none where all were."""
    items = night.versions(ITEMS).tonight().arrow().sort_by("item_id")
    shown = can_be_shown(items).to_numpy()
    if not (shown & ~sources.item_factors.any(axis=1)).any():
        return sources
    from models.cold_start.content import Content, ContentConfig  # a night without new items need not load torch
    from models.ranking.new_items import with_new_items

    started = time.monotonic()
    ids = np.asarray(items["item_id"].to_pylist(), np.str_)
    content = Content.fit(ContentConfig(), content_columns(items), ids).vectors
    placed = with_new_items(sources, night.settings.section("cold"), content, shown)
    night.report(new_items_seconds=round(time.monotonic() - started, 3))
    return placed


def keep_sources(night: Night, sources: Sources, user_ids: np.ndarray, item_ids: np.ndarray) -> None:
    def save(folder: str) -> None:
        sources.save(folder)
        np.savez(Path(folder) / "ids.npz", user_ids=user_ids, item_ids=item_ids)

    save_model(night, SOURCES, save)


def train(
    night: Night,
    config: TrainRankerConfig,
    settings: SourcesConfig,
    log: ShopLog,
    now: float,
    span: float,
    encode: Encoder,
    features: set[str],
) -> dict[str, Any]:
    """Train, judge and maybe promote a ranker, if one is due; the facts of it. `features`: those of tonight."""
    running = night.lake.model_before(RANKER, night.date)
    why = due(night, config, running, features)
    if why is None:
        return {"start": "carried over", "model": "/".join(running or ())}
    rolling = RollingConfig(
        teach_users=config.teach_users, most_cuts=config.most_weeks, least_history=config.least_weeks
    )
    ranker_config: RankerConfig = night.settings.section("ranker")

    def cut(moment: float) -> Cut:
        night.log.info("learning from the week after day %s", dt.date(1970, 1, 1) + dt.timedelta(days=moment))
        return cut_at(rolling, ranker_config, log, sources_at(settings, log, moment, span, encode))

    try:
        teaching, judging = split_cuts(rolling, list(earlier_cuts(rolling, log, now, span, cut)))
    except TooLittleHistory as error:
        night.log.info("no ranker yet: %s", error)
        return {"start": f"none: {error}"}
    taught = [(one.candidates, one.grades) for one in teaching]
    new = Ranker.fit(ranker_config, taught, [(one.candidates, one.grades) for one in judging])
    k = night.settings.section("recommend").k
    old: Ranker | None = None
    if running is not None:
        old = load_model(night.lake, running, Ranker)
        if lost := set(old.names) - set(new.names):
            night.log.info("tonight's sources lack what the running ranker asks for (%s): ALS stands in for it", lost)
            old = None
    decision = decide(judged(new, judging, k), judged(old, judging, k))
    # Once it is known to be good, and for how many rounds, it learns from the last week too.
    final = Ranker.fit(ranker_config, [*taught, *((one.candidates, one.grades) for one in judging)], (), new.rounds)
    facts = {
        "start": why,
        "promoted": decision.promoted,
        f"ndcg@{k}": dataclasses.asdict(decision),
        "running": "als" if old is None else "/".join(running or ()),
        "weeks": {"teaching": len(teaching), "judging": len(judging)},
        "rounds": final.rounds,
        "features": dict(list(final.importances().items())[:10]),
    }
    save_judged(night, RANKER, final, facts)
    return facts


def features_of(sources: Sources) -> set[str]:
    """What a ranker may ask of these sources."""
    return set(candidates_for(sources, sources.log.user[:1].astype(np.int64)).names)


def due(night: Night, config: TrainRankerConfig, running: tuple[str, ...] | None, features: set[str]) -> str | None:
    """Why a ranker is trained tonight; None where it is not."""
    if running is None:
        return model_store.due(night, None, config.every_days)
    age = days_since(night, RANKER) or 0
    folder = last_tried(night, RANKER) or running

    def changed() -> str:
        known = set(night.lake.get_json(*folder, "manifest.json")["features"])
        if known != features:
            return f"tonight's sources add {sorted(features - known)} and lack {sorted(known - features)}"
        if age >= config.every_days:  # reason enough: the lists' quality need not be read
            return ""
        ours, popular = recent_quality(night, config.decay_nights)
        return f"decay: ndcg {ours:.4f} of late, popularity {popular:.4f}" if ours < popular else ""

    return model_store.due(night, age, config.every_days, changed)


def recent_quality(night: Night, nights: int) -> tuple[float, float]:
    """ndcg of the published lists and of popularity, mean over the users of the last judged nights; 0 without any."""
    days = [day for day in night.lake.dates(LIST_QUALITY) if day < night.date][-nights:]
    versions = [version for day in days if (version := night.lake.current(LIST_QUALITY, day))]
    rows = [row for part in night.versions(LIST_QUALITY).of(versions).each() for row in part.to_pylist()]
    means = []
    for lists in ("published", "popularity"):
        same = [
            row
            for row in rows
            if row["lists"] == lists and row["cut"] == "all" and row["truth"].startswith("all")
            and row["metric"].startswith("ndcg@")
        ]  # fmt: skip
        users = sum(row["users"] for row in same)
        means.append(sum(row["value"] * row["users"] for row in same) / users if users else 0.0)
    return means[0], means[1]


def judged(ranker: Ranker | None, judging: list[Cut], k: int) -> np.ndarray:
    """ndcg@k (U,) of the users of all judging cuts under a ranker, or under ALS."""
    values = []
    for cut in judging:
        here = cut.candidates
        score = scores_of(ranker, here)
        there = np.flatnonzero(np.isfinite(score))
        codes, _ = rank_entries(here.user[there], here.item[there], score[there], here.n_users, k)
        values.append(score_lists(codes, cut.truth, k)[f"ndcg@{k}"])
    return np.concatenate(values)
