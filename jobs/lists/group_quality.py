"""Published lists -> group_quality: their quality by groups of users, also as if all groups were equally active.

It reads gender and age only after the lists were published and judged. No job that makes lists reads its table.
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
BANDS = ("low", "middle", "high")  # thirds of the judged users, by their earlier events
UNKNOWN, OTHERS = "unknown", "others"
NO_DATA = "not enough data"
_MOST = 20  # groups of an attribute; all smaller groups together are one more
_METRICS = ("ndcg", "hr")


def people_of(profiles: TableRows, features: TableRows, users: pa.Array) -> dict[str, NDArray[np.object_]]:
    """Attribute of USER_ATTRIBUTES -> the group (U,) of each of `users`, as known when the lists were made.

    profiles: USER_PROFILES; features: USER_FEATURES, both of that night. A user who is not in them is 'unknown', and
    has low activity.
    """
    of_users = _rows_of(profiles, PERSONAL, users)
    events = _rows_of(features, ("events",), users)["events"].fill_null(0).to_numpy().astype(np.float64)
    named = {name: np.array(of_users[name].fill_null(UNKNOWN).to_pylist(), object) for name in PERSONAL}
    return named | {"activity": np.array(BANDS, object)[activity_bands(events, len(BANDS))]}


def _rows_of(rows: TableRows, columns: tuple[str, ...], users: pa.Array) -> pa.Table:
    """The columns in the order of `users`, null for a user without a row."""
    names, wanted_ids = ["user_id", *columns], users.cast(pa.string())
    parts = [part.filter(pc.is_in(part["user_id"], wanted_ids)) for part in rows.each(names)]
    stored_rows = pa.concat_tables(parts) if parts else rows.arrow(names)
    return stored_rows.take(pc.index_in(wanted_ids, stored_rows["user_id"].combine_chunks()))


def group_rows(
    truth: str, scores: Mapping[str, F64], groups: Mapping[str, NDArray[np.object_]], least_users: int
) -> list[dict[str, Any]]:
    """Rows of GROUP_QUALITY. scores: metric -> values (U,); groups: attribute -> groups (U,) of the same users.

    A group of fewer than `least_users` users has no figure. A group with too few users in a band of activity has no
    matched figure.
    """
    rows = []
    band = np.array([BANDS.index(name) for name in groups["activity"]], np.int64)
    for attribute in USER_ATTRIBUTES:
        names, code = np.unique(_largest(groups[attribute]), return_inverse=True)
        for metric in (name for name in scores if name.partition("@")[0] in _METRICS):
            for number, name in enumerate(names.tolist()):
                is_member = (code == number).astype(np.int64)
                rows.append(
                    {
                        "truth": truth,
                        "metric": metric,
                        "attribute": attribute,
                        "group": name,
                        "users": int(is_member.sum()),
                        **_plain(scores[metric], is_member, least_users),
                        **_matched(scores[metric], is_member, band, 0 if attribute == "activity" else least_users),
                    }
                )
    return rows


def _largest(groups: NDArray[np.object_]) -> NDArray[np.object_]:
    """The groups, with 'others' in place of all but the `_MOST` largest ones."""
    names, code, users = np.unique(groups, return_inverse=True, return_counts=True)
    few = np.argsort(-users, kind="stable")[_MOST:]
    names[few] = OTHERS
    return names[code]


def _plain(values: F64, is_member: NDArray[np.int64], least_users: int) -> dict[str, Any]:
    """Mean and interval of a group (is_member 1), and the verdict of its comparison with the others (0)."""
    weights = (np.ones(len(values)), values, values * values)
    count, total, squares = (np.bincount(is_member, weight, 2).astype(np.float64) for weight in weights)
    figures = mean_interval(count, total, squares)
    means = [Matched(*figure) for figure in zip(*figures, strict=True)]
    others_mean, group_mean = [
        mean if number >= least_users else _NONE for mean, number in zip(means, count, strict=True)
    ]
    return _cells(group_mean, ("value", "low", "high")) | {"verdict": _verdict(group_mean, others_mean)}


def _matched(values: F64, is_member: NDArray[np.int64], band: NDArray[np.int64], least_users: int) -> dict[str, Any]:
    others_mean, group_mean = _NONE, _NONE
    if least_users and is_member.any() and not is_member.all():
        others_mean, group_mean = matched_means(values, is_member, band, least_users // len(BANDS))
    return _cells(group_mean, ("matched", "matched_low", "matched_high")) | {
        "matched_verdict": _verdict(group_mean, others_mean)
    }


_NONE = Matched(np.nan, np.nan, np.nan)


def _cells(figure: Matched, names: tuple[str, str, str]) -> dict[str, Any]:
    return {name: float(value) if np.isfinite(value) else None for name, value in zip(names, figure, strict=True)}


def _verdict(group_mean: Matched, others_mean: Matched) -> str:
    if not (np.isfinite(group_mean.low) and np.isfinite(others_mean.low)):
        return NO_DATA
    if group_mean.low > others_mean.high:
        return "better"
    return "worse" if group_mean.high < others_mean.low else "as others"
