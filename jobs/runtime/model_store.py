"""Models in the lake: loads them, says whether a new one is due, and saves new ones."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from models.core.config import OtherTraining

PROMOTION = "promotion.json"


class Saves(Protocol):
    """A model that can be saved."""

    def save(self, folder: str | Path) -> None: ...


Model = TypeVar("Model", covariant=True)
Fitted = TypeVar("Fitted")


class Loads(Protocol[Model]):
    """The class of a model that is loaded from a folder."""

    def load(self, folder: str, /) -> Model: ...


def load_model(lake: Lake, folder: tuple[str, ...], kind: Loads[Model]) -> Model:
    """The model of class `kind` in a folder of the lake."""
    with sealed_files.local_copy(lake, *folder) as path:  # a model may keep files of it mapped in memory
        return kind.load(path)


def load_newest(night: Night, name: str, kind: Loads[Model], made_by: str) -> Model:
    """The newest model up to tonight. Raises FileNotFoundError, which names the job `made_by`, where there is none."""
    folder = night.lake.model_before(name, night.date, including=True)
    if folder is None:
        raise FileNotFoundError(f"models/{name} has nothing up to {night.date}; run `python -m jobs {made_by}` first")
    return load_model(night.lake, folder, kind)


def newest_models(night: Night) -> dict[str, str]:
    """Name of a model -> folder of its newest version up to tonight. Tonight's lists are made with these."""
    names = night.lake.list_dir("models")
    newest = {name: night.lake.model_before(name, night.date, including=True) for name in names}
    return {name: "/".join(folder) for name, folder in newest.items() if folder}


def checkpoint_folder(night: Night, name: str, settings: object) -> Path:
    """Where the training of a model keeps its checkpoints, outside the lake: a retry on the same machine goes on from
    those of a run that was killed. Another lake, night or run, and other settings, have a folder of their own.
    """
    training = hashlib.sha256(repr((night.lake.root, night.date, night.run, settings)).encode()).hexdigest()
    return Path(tempfile.gettempdir()) / f"nightmarket-{name}-{night.date}-{night.run}-{training[:12]}"


def from_checkpoint(night: Night, folder: Path, fit: Callable[[], Fitted]) -> Fitted:
    """`fit()`, which trains with checkpoints in the folder. Where those are of other data, it trains from the start."""
    try:
        return fit()
    except OtherTraining:
        night.log.info("%s holds a checkpoint of other data: it is deleted, and the training begins anew", folder)
        shutil.rmtree(folder)
        return fit()


def last_tried(night: Night, name: str) -> tuple[str, ...] | None:
    """The folder of the newest model of an earlier date, promoted or not; None without one."""
    for date_name in reversed(night.lake.list_dir("models", name)):
        if date_name.removeprefix("date=") >= str(night.date):
            continue
        for run in reversed(night.lake.list_dir("models", name, date_name)):
            folder = ("models", name, date_name, run)
            if night.lake.exists(*folder, PROMOTION):  # else its try was killed
                return folder
    return None


def days_since(night: Night, name: str) -> int | None:
    """Days since a model of this name was last trained before tonight, promoted or not; None if never."""
    folder = last_tried(night, name)
    return (night.date - date_of(folder)).days if folder else None


def date_of(folder: tuple[str, ...]) -> dt.date:
    """The night of a model's folder."""
    return dt.date.fromisoformat(folder[2].removeprefix("date="))


def due(
    night: Night, age: int | None, every_days: int, changed: str | Callable[[], str] = "", done: str = "trained"
) -> str | None:
    """Why a model is made tonight, by the setting training.retrain; None where it is not.

    age: days since the last model was made; None without one.
    changed: why the last model cannot be used any more, whatever its age; '' where it can. A function that returns this
    is called only if the answer depends on it.
    done: the verb for the reason, such as "trained".
    """
    retrain = night.settings.section("training").retrain
    if retrain != "auto":
        return "asked for" if retrain == "always" else None
    if age is None:
        return "there is none"
    reason = changed if isinstance(changed, str) else changed()
    return reason or (f"the last one was {done} {age} days ago" if age >= every_days else None)


def save_model(
    night: Night, name: str, save: Callable[[str], object], promoted: bool = True, facts: dict[str, Any] | None = None
) -> None:
    """Stores what `save` writes into a folder as tonight's model, and `facts` as its promotion.json.

    If `promoted`, the model is the one used from now on. A try that is killed leaves no half-written model: an
    earlier try's model is not used any more before its files are replaced. promotion.json and the pointer come last.
    """
    date_folder = ("models", name, f"date={night.date}")
    folder, pointer = (*date_folder, f"run={night.run}"), (*date_folder, "_current.json")
    with tempfile.TemporaryDirectory() as local:
        save(local)
        if night.lake.exists(*folder):  # a task that is tried again
            if night.lake.exists(*pointer) and night.lake.get_json(*pointer)["run"] == night.run:
                night.lake.delete(*pointer)
            night.lake.delete(*folder)
        sealed_files.upload(night.lake, local, *folder)
    if facts is not None:
        night.lake.put_json(facts, *folder, PROMOTION)
    if promoted:
        night.lake.put_json({"run": night.run}, *pointer)


def save_judged(night: Night, name: str, model: Saves, facts: dict[str, Any]) -> None:
    """Stores the model with its `facts`; facts["promoted"] says whether it is used from now on."""
    save_model(night, name, model.save, facts["promoted"], facts)
    verdict = "is promoted" if facts["promoted"] else "is not promoted; the running one stays"
    shown = {key: facts[key] for key in facts if key.startswith(("ndcg", "stands"))}
    night.log.info("new %s %s: %s", name, verdict, shown)
