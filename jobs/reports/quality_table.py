"""How good published lists were, beside simple baselines, as a table for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

_LISTS = ("published", "popularity", "buy_again", "item_item")


def quality_table(facts: list[dict[str, Any]], title: str) -> list[str]:
    """Means over users of all nights, with 95 % intervals from resampling nights; of one night, its own interval.

    Empty where none of the nights was judged.
    """
    rows = rows_about_all_users(facts)
    if not rows:
        return []
    metrics = sorted({r["metric"] for r in rows if r["metric"].startswith(("hr@", "ndcg@"))}, key=str)
    lines = [f"lists judged {title} (mean over users and nights, 95 % interval)"]
    for truth in sorted({r["truth"] for r in rows}):
        users = sum(
            r["users"] for r in rows if r["truth"] == truth and r["lists"] == "published" and r["metric"] == metrics[0]
        )
        lines.append(f"  {truth}, {users:,} user-nights")
        for name in _LISTS:
            cells = [
                _pooled([r for r in rows if (r["truth"], r["lists"], r["metric"]) == (truth, name, m)]) for m in metrics
            ]
            lines.append(f"    {name:12} " + "   ".join(f"{m} {c}" for m, c in zip(metrics, cells, strict=True)))
    return lines


def rows_about_all_users(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of all nights that are about all users."""
    return [row for f in facts for row in f["judge_lists"]["quality"] if row["cut"] == "all"]


def _pooled(rows: list[dict[str, Any]]) -> str:
    """Mean over users of all rows' nights with its interval, as text; "-" without rows."""
    users = np.array([r["users"] for r in rows], float)
    values = np.array([r["value"] for r in rows])
    if not len(users):
        return "-"
    if len(users) == 1:  # one night: its own interval, over users
        return f"{rows[0]['value']:.4f} [{rows[0]['low']:.4f}, {rows[0]['high']:.4f}]"
    picks = np.random.default_rng(7).integers(0, len(users), (1000, len(users)))
    means = (users * values)[picks].sum(1) / users[picks].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{(users * values).sum() / users.sum():.4f} [{low:.4f}, {high:.4f}]"
