"""How good published lists were, compared with simple baselines, as a table for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

_LISTS = ("published", "popularity", "buy_again", "item_item")


def quality_table(facts: list[dict[str, Any]], title: str) -> list[str]:
    """Means over users of all nights, with 95 % intervals from resampling nights; for one night, its own interval.

    Empty where none of the nights was judged.
    """
    rows = rows_about_all_users(facts)
    if not rows:
        return []
    metrics = sorted({row["metric"] for row in rows if row["metric"].startswith(("hr@", "ndcg@"))}, key=str)
    lines = [f"lists judged {title} (mean over users and nights, 95 % interval)"]
    for truth in sorted({row["truth"] for row in rows}):
        users = sum(
            row["users"]
            for row in rows
            if row["truth"] == truth and row["lists"] == "published" and row["metric"] == metrics[0]
        )
        lines.append(f"  {truth}, {users:,} user-nights")
        for name in _LISTS:
            cells = [
                _pooled([row for row in rows if (row["truth"], row["lists"], row["metric"]) == (truth, name, metric)])
                for metric in metrics
            ]
            lines.append(
                f"    {name:12} " + "   ".join(f"{metric} {cell}" for metric, cell in zip(metrics, cells, strict=True))
            )
    return lines


def rows_about_all_users(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of all nights that are about all users."""
    return [row for night in facts for row in night["judge_lists"]["quality"] if row["cut"] == "all"]


def _pooled(rows: list[dict[str, Any]]) -> str:
    """Mean over the users of all nights, one row each, with its interval, as text; "-" without rows."""
    users = np.array([row["users"] for row in rows], float)
    values = np.array([row["value"] for row in rows])
    if not len(users):
        return "-"
    if len(users) == 1:  # one night: its own interval, over users
        return f"{rows[0]['value']:.4f} [{rows[0]['low']:.4f}, {rows[0]['high']:.4f}]"
    picks = np.random.default_rng(7).integers(0, len(users), (1000, len(users)))
    means = (users * values)[picks].sum(1) / users[picks].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{(users * values).sum() / users.sum():.4f} [{low:.4f}, {high:.4f}]"
