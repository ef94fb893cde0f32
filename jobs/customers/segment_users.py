"""Portraits, features and tastes -> user_segments, segments, segment_rules: named groups of shoppers, stable over time.

Once a week (settings `segments`), or when the number of accounts has doubled, the segments are fitted. Features are
standardised and projected onto principal components. K-means runs for each k of the range from several starts, and the
tightest result counts. The k with the best silhouette wins. The last centres, moved to where their members are now,
stay unless the new centres beat them by `gain`; new centres take over the numbers of the old centres that they match.
On other nights an account goes to the nearest stored centre, or stays where it was if its old centre is hardly farther.
A fit uses a sample that is held in numpy on one machine.

RFM classes are separate: fifths of the buyers by days since the last purchase, days with a purchase, and money. Rules
say which categories the members of a segment like together; they are made again whenever the segments are fitted.

A shop with too few accounts has one segment, number 0, whose traits say so. The picture of the segments is
reports/date=D/segments.html. With the setting `privacy.epsilon` the figures of segments and rules are released under
differential privacy (`private_segments.py`); the picture shows the exact counts, since it is for the shop's staff.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact
from jobs.common.private_release import is_private
from jobs.customers import segments_picture
from jobs.customers.private_segments import private_rules, private_segments
from jobs.customers.segment_tables import (
    assign_segments,
    category_rules,
    liked_categories,
    rfm_class,
    segment_figures,
    segments_table,
)
from jobs.customers.shopper_features import (
    as_rows,
    least_spreads,
    sample_of,
    shopper_features,
    vocabulary,
)
from jobs.runtime import model_store, sealed_files
from jobs.runtime.lake import Version, json_text
from jobs.runtime.model_store import date_of, load_model, save_model
from jobs.runtime.night import Night
from jobs.runtime.table_versions import TableRows, TableVersions
from models.customers.segment_fit import fit_centres, fit_space, silhouette
from models.customers.segment_names import from_the_middle, name_segments
from models.customers.segments import (
    Segments,
    SegmentsConfig,
    apart,
    family_weights,
    matched,
    moved_centres,
    squared_distances,
)
from schemas.tables import SEGMENT_RULES, SEGMENTS, USER_FEATURES, USER_PROFILES, USER_SEGMENTS, USER_TASTES

MODEL = "segments"
_NUMBERS = "numbers.json"  # of a model: since which night its numbers mean the same segments


def due(
    night: Night, config: SegmentsConfig, folder: tuple[str, ...] | None, last_model: Segments | None, accounts: int
) -> str | None:
    """Why segments are fitted tonight; None where they are not. folder: where the running model is."""
    if folder is None or last_model is None:  # even where retrain is "never": without a model no account has a segment
        return "there are none"
    grown = accounts >= 2 * last_model.accounts  # a young shop changes much in a few days
    changed = f"{accounts} accounts, {last_model.accounts} when the last ones were fitted" if grown else ""
    return model_store.due(night, (night.date - date_of(folder)).days, config.every_days, changed, done="fitted")


def fit(
    night: Night,
    config: SegmentsConfig,
    last_model: Segments | None,
    tables: tuple[DataFrame, DataFrame, DataFrame],
    accounts: int,
) -> tuple[Segments, dict[str, Any]]:
    """(segments, facts) from a sample of tonight's accounts: the last centres, moved; or new ones, matched with them.

    tables: USER_PROFILES, USER_FEATURES, USER_TASTES.
    """
    middles = vocabulary(tables[2], config.categories)
    names = tuple(middles)
    # The last model may use features that tonight's model lacks, so the features of both are read together.
    last_middles = dict(zip(last_model.features, last_model.middles.tolist(), strict=True)) if last_model else {}
    all_middles = middles | {name: middle for name, middle in last_middles.items() if name not in middles}
    sample = sample_of(shopper_features(*tables, all_middles, config.half_trust), config.fit_users)
    all_rows = as_rows(sample, len(all_middles))
    rows = all_rows[:, : len(names)]
    weights = family_weights(names)
    space = fit_space(rows, weights, least_spreads(names), config)
    unnamed = Segments(
        config,
        names,
        np.array(list(middles.values())),
        space.mean,
        space.scale,
        weights,
        space.components,
        centres=np.zeros((0, 0)),
        ids=np.zeros(0, np.int64),
        of_buyers=np.zeros(0, np.bool_),
        next_id=1,
        accounts=accounts,
        names=(),
        traits=(),
    )
    places = unnamed.project(rows)
    last_segments = (
        last_model.assign(all_rows[:, [list(all_middles).index(name) for name in last_model.features]])
        if last_model
        else None
    )
    chosen, facts = choose_centres(config, places, last_model, last_segments)
    is_buyer = sample["is_buyer"].to_numpy(zero_copy_only=False).astype(np.bool_)
    centres, of_buyers = apart(places, chosen.centres, is_buyer)
    added = len(centres) - len(chosen.ids)  # new segments: buyers, or accounts that are not, had none
    ids = np.append(chosen.ids, chosen.next_id + np.arange(added))
    order = np.argsort(ids)
    fitted = dataclasses.replace(
        unnamed, centres=centres[order], ids=ids[order], of_buyers=of_buyers[order], next_id=chosen.next_id + added
    )
    return named(fitted, rows, is_buyer), facts


class Centres(NamedTuple):
    """centres (k, C) and their numbers (k,); next_id: the lowest number that no segment ever had."""

    centres: np.ndarray
    ids: np.ndarray
    next_id: int


def choose_centres(
    config: SegmentsConfig,
    places: np.ndarray,
    last_model: Segments | None,
    last_segments: np.ndarray | None,
) -> tuple[Centres, dict[str, Any]]:
    """New centres for the accounts' places (n, C), or the last centres, moved, where the new ones are hardly better.

    last_segments (n,): the segment of each account by `last_model`. New centres need a silhouette that is higher by
    `config.gain`.
    """
    new_centres, quality, tried = fit_centres(places, config)
    chosen, origin = Centres(new_centres, np.arange(1, len(new_centres) + 1), len(new_centres) + 1), "new"
    last_quality = None
    if last_model is not None and last_segments is not None:
        present = np.array([number for number in last_model.ids if (last_segments == number).any()])
        start = np.stack([places[last_segments == number].mean(axis=0) for number in present])
        moved = moved_centres(places, start)
        labels = np.argmin(squared_distances(places, moved), axis=1)
        last_quality = silhouette(places, labels)
        if quality > last_quality + config.gain:
            chosen = Centres(new_centres, *matched(new_centres, start, present, last_model.next_id))
        else:
            chosen, origin = Centres(moved, present, last_model.next_id), "moved on"
    facts = {
        "how": origin,
        "silhouette": round(quality, 4),
        "accounts": len(places),
        "silhouette_of_the_last": None if last_quality is None else round(last_quality, 4),
        "tried": {str(k): round(value, 4) for k, value in tried.items()},
    }
    return chosen, facts


def named(unnamed: Segments, rows: np.ndarray, is_buyer: np.ndarray) -> Segments:
    """The segments with their names, from the features `rows` (n, F) of the accounts that each segment gets."""
    segment = unnamed.assign(rows)
    deviations = from_the_middle(unnamed.features, rows, is_buyer, unnamed.scale)
    names, traits = name_segments(
        unnamed.features, [deviations[segment == number] for number in unnamed.ids], unnamed.of_buyers
    )
    return dataclasses.replace(unnamed, names=names, traits=traits)


def running(night: Night, config: SegmentsConfig, accounts: int) -> tuple[Segments | None, dict[str, Any]]:
    """(tonight's model, facts): the stored model, or a new one, fitted and stored, where one is due. The model is None
    with too few accounts."""
    if accounts < config.least_users:
        night.log.info(
            "%d accounts, %d are needed for several segments: everybody is one", accounts, config.least_users
        )
        return None, {"how": f"one segment: {accounts} accounts of {config.least_users} needed"}
    folder = night.lake.model_before(MODEL, night.date)
    last_model = load_model(night.lake, folder, Segments) if folder else None
    why = due(night, config, folder, last_model, accounts)
    if why is None:
        return last_model, {"how": "carried over", "model": "/".join(folder or ())}
    tables = (night.read(USER_PROFILES), night.read(USER_FEATURES), night.read(USER_TASTES))
    model, facts = fit(night, config, last_model, tables, accounts)
    since = numbered_since(night) if folder else night.date

    def save(local: str) -> None:
        model.save(local)
        if since is not None:
            (Path(local) / _NUMBERS).write_text(json_text({"since": str(since)}), "utf-8")

    save_model(night, MODEL, save)
    return model, {"why": why, **facts}


def main(night: Night) -> None:
    config: SegmentsConfig = night.settings.section("segments")
    night.size_for(USER_TASTES, USER_PROFILES)
    accounts = night.version(USER_PROFILES).rows
    model, facts = running(night, config, accounts)
    profiles, tastes = night.read(USER_PROFILES), night.read(USER_TASTES)
    middles = dict(zip(model.features, model.middles.tolist(), strict=True)) if model else {}
    classed = profiles.withColumn("rfm_class", rfm_class(profiles))
    shoppers = shopper_features(
        classed, night.read(USER_FEATURES), tastes, middles, config.half_trust, besides=("rfm_class",)
    )
    before = numbers_before(night)
    last_numbers = before.spark().select("user_id", F.col("segment_id").alias("last"))
    assigned = assign_segments(shoppers.join(last_numbers, "user_id", "left"), model)
    version = night.write_split(assigned, [USER_SEGMENTS], count_by=("moved",))[USER_SEGMENTS.name]

    members = night.read(USER_SEGMENTS).select("user_id", "segment_id")
    table = segments_table(segment_figures(members.join(profiles, "user_id")).toArrow(), model, accounts, config)
    private, since = is_private(night), numbered_since(night)
    night.write_arrow(SEGMENTS, private_segments(night, table, members, profiles, since) if private else table)
    rules_before = night.versions(SEGMENT_RULES)
    last_rules = rules_before.previous()
    if private:
        night.write_arrow(SEGMENT_RULES, private_rules(night, liked_categories(members, tastes), config, since))
    # With the same segments, one day changes the rules little.
    elif facts["how"] == "carried over" and last_rules.count and _means_the_same(night, rules_before):
        night.write_arrow(SEGMENT_RULES, last_rules.arrow())
    else:
        night.write(SEGMENT_RULES, category_rules(members, tastes, config))
    _picture(night, table, members, tastes)
    _report(night, version, table, facts, before.count)


def numbers_before(night: Night) -> TableRows:
    """Last night's USER_SEGMENTS, if its numbers mean the same segments as tonight's; else no rows."""
    versions = night.versions(USER_SEGMENTS)
    has_numbers = night.lake.model_before(MODEL, night.date) is not None
    return versions.previous() if has_numbers and _means_the_same(night, versions) else versions.of(())


def numbered_since(night: Night) -> dt.date | None:
    """The first night whose segments have the numbers of tonight's model. None without a model, or if it does not say.

    An erasure deletes all models. Then segments are numbered from 1 again, so an older number means another segment.
    """
    folder = night.lake.model_before(MODEL, night.date, including=True)
    if folder is None or not night.lake.exists(*folder, _NUMBERS):
        return None
    return dt.date.fromisoformat(json.loads(sealed_files.read(night.lake, "/".join((*folder, _NUMBERS))))["since"])


def _means_the_same(night: Night, versions: TableVersions) -> bool:
    """Whether the last version of a table has segments with the numbers of tonight's model."""
    since, last = numbered_since(night), versions.previous_date()
    return since is None or (last is not None and since <= last)


def _picture(night: Night, table: pa.Table, members: DataFrame, tastes: DataFrame) -> None:
    """Writes the page with each segment's size, money and tastes, as mean shares."""
    shown = tastes.where("kind in ('category', 'price_band', 'hour') and strength > 0")
    department = F.when(F.col("kind") == "category", F.split_part("value", F.lit(" > "), F.lit(1)))
    liked = shown.join(members, "user_id").groupBy(
        "segment_id", "kind", F.coalesce(department, F.col("value")).alias("value")
    )
    shares = (
        liked.agg(F.sum(exact("share")).alias("share")).withColumn("share", from_exact("share")).toArrow().to_pylist()
    )
    page = segments_picture.draw(table.to_pylist(), shares, night.date, night.days.zone)
    night.lake.put_text(page, "reports", f"date={night.date}", "segments.html")


def _report(night: Night, version: Version, table: pa.Table, facts: dict[str, Any], before: int) -> None:
    """before: the number of accounts in last night's segments with which tonight's are compared; 0 for none."""
    moved = sum(rows for value, rows in version.facts["counts"] if value)
    share = round(moved / before, 4) if before else None
    night.report(moved=moved, moved_share=share, segments=table.num_rows, fit=facts)
    moves = "no earlier ones to compare with" if share is None else f"{share:.1%} of last night's accounts moved"
    night.log.info("%d segments, %s: %s", table.num_rows, facts["how"], moves)
