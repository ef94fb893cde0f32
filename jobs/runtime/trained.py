"""Models in the lake that are judged before they run: when one was last trained, and how a new one is kept."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from pathlib import Path
from typing import Any, Protocol

from jobs.runtime.night import Night

PROMOTION = "promotion.json"


class Saves(Protocol):
    """Any model."""

    def save(self, folder: str | Path) -> None: ...


def last_tried(night: Night, name: str) -> tuple[str, ...] | None:
    """The folder of the newest model of an earlier date, promoted or not; None without one."""
    dated = [("models", name, folder) for folder in night.lake.list_dir("models", name)]
    before = [folder for folder in dated if folder[2].removeprefix("date=") < str(night.date)]
    runs = night.lake.list_dir(*before[-1]) if before else []
    made = [run for run in runs if night.lake.exists(*before[-1], run, PROMOTION)]
    return (*before[-1], made[-1]) if made else None


def days_since(night: Night, name: str) -> int | None:
    """Days since one was last trained before tonight, promoted or not; None if it never was."""
    tried = last_tried(night, name)
    return (night.date - dt.date.fromisoformat(tried[2].removeprefix("date="))).days if tried else None


def keep_judged(night: Night, name: str, model: Saves, facts: dict[str, Any]) -> None:
    """Store the model with promotion.json; the pointer that makes it the running one only where it was promoted."""
    folder = ("models", name, f"date={night.date}", f"run={night.run}")
    with tempfile.TemporaryDirectory() as local:
        model.save(local)
        (Path(local) / PROMOTION).write_text(json.dumps(facts, indent=1))
        night.lake.upload(local, *folder)
    if facts["promoted"]:
        night.lake.put_json({"run": night.run}, *folder[:-1], "_current.json")
    verdict = "is promoted" if facts["promoted"] else "is not promoted; the running one stays"
    night.log.info("new %s %s: %s", name, verdict, {key: facts[key] for key in facts if key.startswith("ndcg")})
