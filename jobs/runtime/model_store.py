"""Models in the lake: loads them, says whether another is due, and saves new ones."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from jobs.runtime.lake import Lake
from jobs.runtime.night import Night

PROMOTION = "promotion.json"


class Saves(Protocol):
    """Any model."""

    def save(self, folder: str | Path) -> None: ...


Model = TypeVar("Model", covariant=True)


class Loads(Protocol[Model]):
    """The class of a model that is loaded from a folder."""

    def load(self, folder: str, /) -> Model: ...


def load_model(lake: Lake, folder: tuple[str, ...], kind: Loads[Model]) -> Model:
    """The model of class `kind` in a folder of the lake."""
    with lake.local_copy(*folder) as path:  # what a model maps stays readable when a copy is deleted
        return kind.load(path)


def load_newest(night: Night, name: str, kind: Loads[Model], made_by: str) -> Model:
    """The newest model up to tonight; FileNotFoundError, naming the job `made_by`, where there is none."""
    folder = night.lake.model_before(name, night.date, including=True)
    if folder is None:
        raise FileNotFoundError(f"models/{name} has nothing up to {night.date}; run `python -m jobs {made_by}` first")
    return load_model(night.lake, folder, kind)


def newest_models(night: Night) -> dict[str, str]:
    """Model -> the folder of the newest up to tonight: what tonight's lists are made with."""
    names = night.lake.list_dir("models")
    newest = {name: night.lake.model_before(name, night.date, including=True) for name in names}
    return {name: "/".join(folder) for name, folder in newest.items() if folder}


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


def due(
    night: Night, age: int | None, every_days: int, changed: str | Callable[[], str] = "", done: str = "trained"
) -> str | None:
    """Why a model is made tonight, as training.retrain says; None where it is not.

    age: days since the last model was made, None without one.
    changed: why the last model no longer serves, whatever its age; '' where it serves. A function is called only
    where the answer depends on it.
    done: what was done to make it, as the reason words it.
    """
    retrain = night.settings.section("training").retrain
    if retrain != "auto":
        return "asked for" if retrain == "always" else None
    if age is None:
        return "there is none"
    reason = changed if isinstance(changed, str) else changed()
    return reason or (f"the last one was {done} {age} days ago" if age >= every_days else None)


def save_model(night: Night, name: str, save: Callable[[str], object], promoted: bool = True) -> None:
    """Store what `save` writes into a folder as tonight's model; if `promoted`, it is the running one from now on."""
    folder = ("models", name, f"date={night.date}", f"run={night.run}")
    with tempfile.TemporaryDirectory() as local:
        save(local)
        night.lake.upload(local, *folder)
    if promoted:
        night.lake.put_json({"run": night.run}, *folder[:-1], "_current.json")


def save_judged(night: Night, name: str, model: Saves, facts: dict[str, Any]) -> None:
    """Store the model with its `facts` as promotion.json, promoted or not; facts["promoted"] says whether it becomes
    the running one."""

    def save(folder: str) -> None:
        model.save(folder)
        (Path(folder) / PROMOTION).write_text(json.dumps(facts, indent=1))

    save_model(night, name, save, promoted=facts["promoted"])
    verdict = "is promoted" if facts["promoted"] else "is not promoted; the running one stays"
    shown = {key: facts[key] for key in facts if key.startswith(("ndcg", "stands"))}
    night.log.info("new %s %s: %s", name, verdict, shown)
