"""Events of the last months -> tonight's candidate sources and, when it is due, a new ranker of their candidates.

Sources: they are fitted every night and stored in models/sources. Their ALS is the model of `train_als`. Items on sale
that nobody has touched get factors from the catalogue's content (settings `cold`).

Ranker: a gradient-boosted LambdaRank over the sources' candidates. It is trained on earlier weeks and validated on the
last of them; for each week the sources are fitted anew on what came before it. (In a shop younger than seven weeks the
"weeks" are shorter, but at least a day.)

Promotion: a new ranker replaces the running one unless it is worse by more than the 95 % interval of their difference.
Both are judged by validation weeks that the running one has not learned from either, if there is one. The first ranker
is compared with ALS. promotion.json has both figures, promoted or not.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jobs.common.event_log import content_columns, night_end, read_history
from jobs.common.on_sale import can_be_shown
from jobs.features.event_weights import weights_of
from jobs.lists.lstm_as_of import Encoder
from jobs.runtime import model_store
from jobs.runtime.model_store import date_of, days_since, last_tried, load_model, load_newest, save_judged, save_model
from jobs.runtime.night import Night
from jobs.runtime.progress import progress
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
from models.ranking.ranked_lists import scores_of
from models.ranking.ranker import NothingToLearn, Ranker, RankerConfig
from models.recommenders.als import ALS
from schemas.tables import ITEMS, LIST_QUALITY

RANKER, SOURCES = "ranker", "sources"
_WEEK = 7.0


@dataclass(frozen=True)
class TrainRankerConfig:
    """How much history the sources see, and when and on what the ranker is trained."""

    history_days: int = field(default=365, metadata={"doc": "days of events that the sources see", "least": 1})
    every_days: int = field(
        default=7, metadata={"doc": "days until another is trained, where retrain is auto", "least": 1}
    )
    decay_nights: int = field(
        default=3,
        metadata={
            "doc": "nights; a ranker is also due when popularity gave better lists than ours over these",
            "least": 1,
        },
    )
    candidates: int = field(default=60, metadata={"doc": "items that each source proposes to each user", "least": 1})
    neighbours: int = field(
        default=100, metadata={"doc": "similar items, and similar users, kept for each", "least": 1}
    )
    teach_users: int = field(
        default=4000, metadata={"doc": "buyers of earlier weeks in the training set, if there are so many", "least": 1}
    )
    most_weeks: int = field(
        default=8, metadata={"doc": "earlier weeks for training and validation, at most", "least": 1}
    )
    least_weeks: float = field(
        default=2.0, metadata={"doc": "weeks of history that must lie before the first of them", "above": 0}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


class Log(NamedTuple):
    """What a ranker learns from: events up to `now` (days) of the users and items that tonight knows.

    span: days of a cut's truth. encode: encodes users by the LSTM that existed at an earlier moment.
    """

    events: ShopLog
    now: float
    span: float
    encode: Encoder


def main(night: Night) -> None:
    config: TrainRankerConfig = night.settings.section("ranker_training")
    events, user_ids, item_ids = read_history(night, config.history_days)
    now = night_end(night.date)
    history = events.between(-np.inf, now).without_returned()
    if not len(history):
        night.log.info("no known user has done anything with an item yet: lists come from popularity")
        night.report(sources="none: no events", ranker="none: no events")
        return
    # Whole days, so that a young shop's span grows only once a week: what the ranker learns depends on the span.
    span = float(np.clip((now - float(events.time[0])) // _WEEK, 1, _WEEK))
    log = Log(events, now, span, Encoder(night, item_ids))
    settings = sources_config(night, config)
    factors = factors_of(load_newest(night, "als", ALS, made_by="train_als"), user_ids, item_ids)
    sources = Sources.fit(settings, history, now, span, factors, log.encode(history, now))
    sources = place_new_items(night, sources)
    save_sources(night, sources, user_ids, item_ids)
    night.report(
        events=len(history),
        users=len(np.unique(history.user)),
        new_items=len(sources.new_items),
        sources={name: round(seconds, 3) for name, seconds in sources.seconds.items()},
        lstm=log.encode.folders.get(now, ""),
        ranker=train(night, config, settings, log, set(sources.features)),
    )


def sources_config(night: Night, config: TrainRankerConfig) -> SourcesConfig:
    """The sources' settings: sizes from `config`, tonight's event weights, ALS settings from their own section."""
    weights = weights_of(night)
    return SourcesConfig(
        candidates=config.candidates,
        neighbours=config.neighbours,
        weights=EventWeights(weights.view, weights.wishlist, weights.cart, weights.purchase),
        als=night.settings.section("als"),
    )


def factors_of(model: ALS, user_ids: np.ndarray, item_ids: np.ndarray) -> tuple[F32, F32]:
    """The model's factors (U, D) and (I, D) for these ids (U,) and (I,); zeros for ids that it does not know."""
    aligned = []
    for ids, model_ids, factors in (
        (user_ids, model.user_ids, model.user_factors),
        (item_ids, model.item_ids, model.item_factors),
    ):
        rows = np.zeros((len(ids), model.config.factors), np.float32)
        if len(model_ids):
            model_row = np.minimum(np.searchsorted(model_ids, ids), len(model_ids) - 1)
            is_known = model_ids[model_row] == ids
            rows[is_known] = factors[model_row[is_known]]
        aligned.append(rows)
    return aligned[0], aligned[1]


def place_new_items(night: Night, sources: Sources) -> Sources:
    """The sources, with factors from the catalogue's content for items on sale that nobody has touched."""
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


def save_sources(night: Night, sources: Sources, user_ids: np.ndarray, item_ids: np.ndarray) -> None:
    def save(folder: str) -> None:
        sources.save(folder)
        np.savez(Path(folder) / "ids.npz", user_ids=user_ids, item_ids=item_ids)

    save_model(night, SOURCES, save)


def train(
    night: Night, config: TrainRankerConfig, settings: SourcesConfig, log: Log, features: set[str]
) -> dict[str, Any]:
    """If a ranker is due, trains one, compares it with the running one, and stores it. Returns the facts.

    features: the features that tonight's sources give.
    """
    running = night.lake.model_before(RANKER, night.date)
    why = due(night, config, running, features)
    if why is None:
        return {"start": "carried over", "model": "/".join(running or ())}
    ranker_config: RankerConfig = night.settings.section("ranker")
    try:
        training, validation = cuts_of(night, config, ranker_config, settings, log)
        training_rows, validation_rows = (
            [(cut.candidates, cut.grades) for cut in cuts] for cuts in (training, validation)
        )
        candidate = Ranker.fit(ranker_config, training_rows, validation_rows)
    except (TooLittleHistory, NothingToLearn) as error:
        night.log.info("no new ranker: %s", error)
        return {"start": f"none: {error}"}
    running_model = running_ranker(night, running, candidate)
    judging = validation if running is None or running_model is None else unseen(validation, date_of(running))
    k = night.settings.section("recommend").k
    decision = decide(ndcg_of_users(candidate, judging, k), ndcg_of_users(running_model, judging, k))
    # The validation has fixed the number of rounds; now the ranker learns from the validation cuts as well.
    final = Ranker.fit(ranker_config, training_rows + validation_rows, (), candidate.rounds)
    facts = {
        "start": why,
        "promoted": decision.promoted,
        f"ndcg@{k}": dataclasses.asdict(decision),
        "running": "als" if running_model is None else "/".join(running or ()),
        "weeks": {"teaching": len(training), "validating": len(validation), "judging": len(judging)},
        "rounds": final.rounds,
        "features": dict(list(final.importances().items())[:10]),
    }
    save_judged(night, RANKER, final, facts)
    return facts


def cuts_of(
    night: Night, config: TrainRankerConfig, ranker: RankerConfig, settings: SourcesConfig, log: Log
) -> tuple[list[Cut], list[Cut]]:
    """(training, validation): cuts at earlier weeks. Raises TooLittleHistory if there are not enough weeks."""
    rolling = RollingConfig(
        teach_users=config.teach_users, most_cuts=config.most_weeks, least_history=config.least_weeks
    )

    with progress("weeks that teach the ranker", config.most_weeks, "weeks", at_most=True) as doing:

        def cut(moment: float) -> Cut:
            doing.now(f"the week after {dt.date(1970, 1, 1) + dt.timedelta(days=moment)}")
            new_cut = cut_at(
                rolling, ranker, log.events, sources_at(settings, log.events, moment, log.span, log.encode)
            )
            doing.step()
            return new_cut

        return split_cuts(rolling, list(earlier_cuts(rolling, log.events, log.now, log.span, cut)))


def unseen(validation: list[Cut], trained_on: dt.date) -> list[Cut]:
    """The cuts whose truth the ranker of the night `trained_on` has not learned from; all cuts if it knows each.

    A ranker also learns from the weeks that validated it. Judged by these, it would look better than it is.
    """
    end = night_end(trained_on)
    return [cut for cut in validation if cut.now >= end] or validation


def running_ranker(night: Night, folder: tuple[str, ...] | None, candidate: Ranker) -> Ranker | None:
    """The ranker to compare the new one with. None means ALS: there is no ranker that tonight could use."""
    if folder is None:
        return None
    ranker = load_model(night.lake, folder, Ranker)
    if missing := set(ranker.names) - set(candidate.names):
        night.log.info("the running ranker needs features that tonight's sources lack (%s): ALS is compared", missing)
        return None
    return ranker


def due(night: Night, config: TrainRankerConfig, running: tuple[str, ...] | None, features: set[str]) -> str | None:
    """Why a ranker is trained tonight; None if it is not."""
    if running is None:
        return model_store.due(night, None, config.every_days)
    age = days_since(night, RANKER) or 0
    folder = last_tried(night, RANKER) or running

    def changed() -> str:
        known_features = set(night.lake.get_json(*folder, "manifest.json")["features"])
        if known_features != features:
            added, lost = ", ".join(sorted(features - known_features)), ", ".join(sorted(known_features - features))
            return f"tonight's sources add {added or 'nothing'} and lack {lost or 'nothing'}"
        if age >= config.every_days:  # due anyway: the lists' quality need not be read
            return ""
        own_ndcg, popular_ndcg = recent_quality(night, config.decay_nights)
        return f"decay: recent ndcg {own_ndcg:.4f}, popularity {popular_ndcg:.4f}" if own_ndcg < popular_ndcg else ""

    return model_store.due(night, age, config.every_days, changed)


def recent_quality(night: Night, nights: int) -> tuple[float, float]:
    """(published, popularity): ndcg of the lists, a mean over the users of the last judged nights; 0 if none."""
    days = [day for day in night.lake.dates(LIST_QUALITY) if day < night.date][-nights:]
    versions = [version for day in days if (version := night.lake.current(LIST_QUALITY, day))]
    rows = [row for part in night.versions(LIST_QUALITY).of(versions).each() for row in part.to_pylist()]
    means = []
    for lists in ("published", "popularity"):
        list_rows = [
            row
            for row in rows
            if row["lists"] == lists
            and row["cut"] == "all"
            and row["truth"].startswith("all")
            and row["metric"].startswith("ndcg@")
        ]
        users = sum(row["users"] for row in list_rows)
        means.append(sum(row["value"] * row["users"] for row in list_rows) / users if users else 0.0)
    return means[0], means[1]


def ndcg_of_users(ranker: Ranker | None, cuts: list[Cut], k: int) -> np.ndarray:
    """ndcg@k (U,) of the users of all cuts, ranked by `ranker`, or by ALS if it is None."""
    values = []
    for cut in cuts:
        candidates = cut.candidates
        score = scores_of(ranker, candidates)
        scored = np.flatnonzero(np.isfinite(score))
        codes, _ = rank_entries(candidates.user[scored], candidates.item[scored], score[scored], candidates.n_users, k)
        values.append(score_lists(codes, cut.truth, k)[f"ndcg@{k}"])
    return np.concatenate(values)
