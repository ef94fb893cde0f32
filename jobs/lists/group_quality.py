"""The quality of published lists by groups of users -> group_quality, also as if all groups were equally active.

It reads gender and age only after the lists were published and judged; nothing that makes lists reads its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.runtime.table_versions import TableRows
from models.core.fairness import Matched, activity_bands, matched_means
from models.core.intervals import mean_interval
from schemas.tables.fairness import USER_ATTRIBUTES

F64 = NDArray[np.float64]
PERSONAL = ("gender", "age_band", "country")
BANDS = ("low", "middle", "high")  # thirds of the judged users, by their events before
UNKNOWN, OTHERS = "unknown", "others"
NO_DATA = "not enough data"
_MOST = 20  # groups of an attribute; the smaller ones together are one more
_METRICS = ("ndcg", "hr")


def people_of(profiles: TableRows, features: TableRows, users: pa.Array) -> dict[str, NDArray[np.object_]]:
    """Attribute of USER_ATTRIBUTES -> the group (U,) of each of `users`, as they were known when the lists were made.

    profiles: USER_PROFILES; features: USER_FEATURES, both of that night. A user whom they lack is 'unknown', and of
    low activity.
    """
    of_users = _rows_of(profiles, PERSONAL, users)
    events = _rows_of(features, ("events",), users)["events"].fill_null(0).to_numpy().astype(np.float64)
    named = {name: np.array(of_users[name].fill_null(UNKNOWN).to_pylist(), object) for name in PERSONAL}
    return named | {"activity": np.array(BANDS, object)[activity_bands(events, len(BANDS))]}


def _rows_of(rows: TableRows, columns: tuple[str, ...], users: pa.Array) -> pa.Table:
    """The columns in the order of `users`, null for a user without a row."""
    names, wanted = ["user_id", *columns], users.cast(pa.string())
    parts = [part.filter(pc.is_in(part["user_id"], wanted)) for part in rows.each(names)]
    found = pa.concat_tables(parts) if parts else rows.arrow(names)
    return found.take(pc.index_in(wanted, found["user_id"].combine_chunks()))


def group_rows(
    truth: str, scores: Mapping[str, F64], groups: Mapping[str, NDArray[np.object_]], least: int
) -> list[dict[str, Any]]:
    """Rows of GROUP_QUALITY. scores: metric -> values (U,); groups: attribute -> groups (U,) of the same users.

    A group of fewer than `least` users has no figure, nor has one that has too few in a band of activity to be matched.
    """
    rows = []
    band = np.array([BANDS.index(name) for name in groups["activity"]], np.int64)
    for attribute in USER_ATTRIBUTES:
        names, code = np.unique(_largest(groups[attribute]), return_inverse=True)
        for metric in (name for name in scores if name.partition("@")[0] in _METRICS):
            for number, name in enumerate(names.tolist()):
                is_one = (code == number).astype(np.int64)
                rows.append(
                    {
                        "truth": truth,
                        "metric": metric,
                        "attribute": attribute,
                        "group": name,
                        "users": int(is_one.sum()),
                        **_plain(scores[metric], is_one, least),
                        **_matched(scores[metric], is_one, band, 0 if attribute == "activity" else least),
                    }
                )
    return rows


def _largest(groups: NDArray[np.object_]) -> NDArray[np.object_]:
    """The groups, those beyond the largest `_MOST` as 'others'."""
    names, code, users = np.unique(groups, return_inverse=True, return_counts=True)
    few = np.argsort(-users, kind="stable")[_MOST:]
    names[few] = OTHERS
    return names[code]


def _plain(values: F64, is_one: NDArray[np.int64], least: int) -> dict[str, Any]:
    """Mean, interval and verdict of a group (is_one 1) beside the others (0)."""
    weights = (np.ones(len(values)), values, values * values)
    count, total, squares = (np.bincount(is_one, weight, 2).astype(np.float64) for weight in weights)
    figures = mean_interval(count, total, squares)
    means = [Matched(*one) for one in zip(*figures, strict=True)]
    others, own = [m if n >= least else _NONE for m, n in zip(means, count, strict=True)]
    return _cells(own, ("value", "low", "high")) | {"verdict": _verdict(own, others)}


def _matched(values: F64, is_one: NDArray[np.int64], band: NDArray[np.int64], least: int) -> dict[str, Any]:
    others, own = _NONE, _NONE
    if least and is_one.any() and not is_one.all():
        others, own = matched_means(values, is_one, band, least // len(BANDS))
    return _cells(own, ("matched", "matched_low", "matched_high")) | {"matched_verdict": _verdict(own, others)}


_NONE = Matched(np.nan, np.nan, np.nan)


def _cells(figure: Matched, names: tuple[str, str, str]) -> dict[str, Any]:
    return {name: float(value) if np.isfinite(value) else None for name, value in zip(names, figure, strict=True)}


def _verdict(own: Matched, others: Matched) -> str:
    if not (np.isfinite(own.low) and np.isfinite(others.low)):
        return NO_DATA
    if own.low > others.high:
        return "better"
    return "worse" if own.high < others.low else "as others"
