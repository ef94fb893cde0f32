"""Models in the lake: when one was last trained, whether another is due, and how a new one is kept."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable
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
    return (night.date - date_of(tried)).days if tried else None


def date_of(folder: tuple[str, ...]) -> dt.date:
    """The night that a model's folder is of."""
    return dt.date.fromisoformat(folder[2].removeprefix("date="))


def due(night: Night, age: int | None, every_days: int, changed: str = "", done: str = "trained") -> str | None:
    """Why a model is made tonight, as training.retrain says; None where it is not.

    age: days since the last one, None without one. changed: why that one no longer does, whatever its age; '': it does.
    """
    retrain = night.settings.section("training").retrain
    if retrain != "auto":
        return "asked for" if retrain == "always" else None
    if age is None:
        return "there is none"
    return changed or (f"the last one was {done} {age} days ago" if age >= every_days else None)


def keep(night: Night, name: str, save: Callable[[str], object], runs: bool = True) -> None:
    """Store what `save` writes into a folder as tonight's model; `runs`: from now on it is the running one."""
    folder = ("models", name, f"date={night.date}", f"run={night.run}")
    with tempfile.TemporaryDirectory() as local:
        save(local)
        night.lake.upload(local, *folder)
    if runs:
        night.lake.put_json({"run": night.run}, *folder[:-1], "_current.json")


def keep_judged(night: Night, name: str, model: Saves, facts: dict[str, Any]) -> None:
    """Store the model with promotion.json; the pointer that makes it the running one only where it was promoted."""

    def save(folder: str) -> None:
        model.save(folder)
        (Path(folder) / PROMOTION).write_text(json.dumps(facts, indent=1))

    keep(night, name, save, runs=facts["promoted"])
    verdict = "is promoted" if facts["promoted"] else "is not promoted; the running one stays"
    shown = {key: facts[key] for key in facts if key.startswith(("ndcg", "stands"))}
    night.log.info("new %s %s: %s", name, verdict, shown)
