"""What an erasure will change, worked out and staged before anything is changed.

    LAKE/erased/staged/NNN/...      every file that is rewritten, and plan.json, which is written last

A plan is a list of moves (a staged file to its place, replacing what is there) followed by a list of deletions. Each
step is atomic and may be repeated, so a plan that was cut off is carried out again from its beginning. The order is
what keeps readers whole: new files first, then what names them, then the storefront's pointer, and old files last.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.common.recount import COUNTED, note_of
from jobs.privacy.lake_files import STAGED, Found, read_bytes
from jobs.runtime import published
from jobs.runtime.lake import Lake, json_text
from jobs.runtime.progress import Progress

_VERSION = re.compile(r"(?P<folder>(?:.+/)?tables/[^/]+/date=[^/]+)/run=(?P<run>[^/]+)/(?P<name>[^/]+\.parquet)")
_PUBLISHED = re.compile(r"published/run=(?P<run>[^/]+)/(?P<rest>.+)")
_MODEL = re.compile(r"models/(?P<name>[^/]+)/.+")
# Models of texts and pictures. Clicks only choose which of the shop's texts the copywriter learns. All other models
# learn from what single people did; so does any that is not known here.
OF_NO_PERSON = frozenset(
    ("copywriter", "tuned_copywriter", "recognisers", "image_editor", "picture_encoder", "picture_whitening")
)


@dataclass
class Plan:
    """moves: [staged, place]; the last one may be the pointer. deletes: files, folders. `facts` are for the receipt."""

    number: str
    moves: list[list[str]] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


class Planner:
    """Stages an erasure. `lake` is read; all that is written is below erased/staged/NNN."""

    def __init__(self, lake: Lake, number: str, retires_models: bool = True) -> None:
        self.lake, self.retires_models = lake, retires_models
        self.plan = Plan(number, facts={"files": [], "models_retired": [], "runs_rewritten": {}, "runs_withdrawn": []})
        self._data: list[list[str]] = []
        self._names: list[list[str]] = []
        self._staged = 0

    def make(self, found: Iterable[Found]) -> Plan:
        """The plan for all files that name the people; it is whole only when it is stored."""
        versions: dict[tuple[str, str], list[Found]] = defaultdict(list)
        runs: dict[str, list[Found]] = defaultdict(list)
        models: set[str] = set()
        traces = False
        for one in found:
            traces |= not one.path.startswith(("runs/", "reports/"))
            if match := _VERSION.fullmatch(one.path):
                versions[match["folder"], match["run"]].append(one)
            elif match := _PUBLISHED.fullmatch(one.path):
                runs[match["run"]].append(one)
            elif match := _MODEL.fullmatch(one.path):
                models.add(match["name"])
                self._note(one, None)
            elif not one.path.endswith(("_version.json", "_current.json")):
                self._in_place(one)
        for (folder, run), edited in versions.items():
            self._version(folder, run, edited)
        self._models(models, traces)
        if traces and self.retires_models:
            note = json_text({"erasure": self.plan.number}).encode()
            self._names += [[self._stage(note), note_of(table)] for table in COUNTED]
        pointer = self._published(runs)
        self.plan.moves = [*self._data, *self._names, *pointer]
        self._store()
        return self.plan

    # one kind of file after another ---------------------------------------------------------------------------------

    def _in_place(self, one: Found) -> None:
        """Raw files, run facts, answers, pages: nobody but a night reads them."""
        if one.edit.kept is None:
            self.plan.deletes.append(one.path)
        else:
            self._names.append([self._stage(one.edit.kept), one.path])
        self._note(one, one.edit.kept)

    def _version(self, folder: str, run: str, edited: list[Found]) -> None:
        """A version of a table gets new files beside the old ones, then the two small files that name them."""
        place = f"{folder}/run={run}"
        new = {one.path: self._beside(one) for one in edited}
        self.plan.deletes += [one.path for one in edited]
        for name in (f"{place}/_version.json", f"{folder}/_current.json"):
            # none: a night that was killed left the files, and nobody reads them
            if self.lake.exists(name) and (version := self.lake.get_json(name))["run"] == run:
                listed = {one.path: one for one in edited if one.path.rpartition("/")[2] in version["files"]}
                files = [new.get(f"{place}/{file}", file) for file in version["files"]]
                gone = sum(len(one.edit.removed) for one in listed.values())
                left = self._counts(version, place, listed)
                version |= {"files": [f for f in files if f], "rows": version["rows"] - gone, "facts": left}
                self._names.append([self._stage(json_text(version).encode()), name])

    def _beside(self, one: Found) -> str:
        assert one.edit.kept is not None, f"{one.path}: a table's file is never removed whole"
        digest = hashlib.sha256(one.edit.kept).hexdigest()
        name = f"kept-{digest[:24]}.parquet"
        self._data.append([self._stage(one.edit.kept), f"{one.path.rpartition('/')[0]}/{name}"])
        self._note(one, one.edit.kept)
        return name

    def _counts(self, version: dict[str, Any], place: str, edited: dict[str, Found]) -> dict[str, Any]:
        """The version's facts, its counts without the removed rows."""
        facts = dict(version["facts"])
        if counts := facts.get("counts"):
            by = ("source_file", "reason")[-(len(counts[0]) - 1) :]
            gone: dict[tuple[str, ...], int] = defaultdict(int)
            for one in edited.values():
                for row in one.edit.removed:
                    gone[tuple(row.get(name, "") for name in by)] += 1
            less = [[*key, rows - gone[tuple(key)]] for *key, rows in counts]
            facts["counts"] = [entry for entry in less if entry[-1] > 0]
        return facts

    def _models(self, named: set[str], traces: bool) -> None:
        """All models that learn from people are retired, each with all its nights: a warm start would carry on."""
        there = set(self.lake.list_dir("models"))
        retired = sorted(named | (there - OF_NO_PERSON if traces and self.retires_models else set()))
        self.plan.deletes += [f"models/{name}" for name in retired]
        self.plan.facts["models_retired"] = retired

    def _published(self, edited: dict[str, list[Found]]) -> list[list[str]]:
        """Each run with the people in it is published again under a new name; returns the move of the pointer."""
        whole, now = published.runs(self.lake), published.current(self.lake)
        overlay = self.lake.get_json(*published.FRESH) if self.lake.exists(*published.FRESH) else None
        renamed = {run: f"{run}e{int(self.plan.number)}" for run in whole if run in edited}
        manifests = {run: self._rewritten(run, renamed, edited[run]) for run in renamed}
        old = [run for run in edited if run not in whole]  # killed while copying, or an overlay
        withdrawn = [run for run, manifest in manifests.items() if manifest is None]
        if now and now["run"] in withdrawn:
            raise RuntimeError(
                f"published run {now['run']} cannot be read whole, and the storefront shows it: publish a night first, "
                "then forget again; nothing was changed"
            )
        if overlay and (overlay["run"] in edited or overlay["over"] in renamed):
            self.plan.deletes.append("/".join(published.FRESH))
            old.append(overlay["run"])
        self.plan.deletes += [f"published/run={run}/manifest.json" for run in renamed]
        self.plan.deletes += [f"published/run={run}" for run in [*renamed, *dict.fromkeys(old)]]
        self.plan.facts["runs_rewritten"] = {run: new for run, new in renamed.items() if run not in withdrawn}
        self.plan.facts["runs_withdrawn"] = withdrawn
        self._without_retired(whole, renamed, now)
        new_pointer = manifests.get(now["run"]) if now else None
        data = json_text(new_pointer).encode() if new_pointer else None
        return [[self._stage(data), "/".join(published.POINTER)]] if data else []

    def _without_retired(self, whole: list[str], renamed: dict[str, str], now: dict[str, Any] | None) -> None:
        """Manifests of untouched runs stop naming models that are there no more."""
        retired = set(self.plan.facts["models_retired"])
        places: list[tuple[str, ...]] = [
            ("published", f"run={run}", "manifest.json") for run in whole if run not in renamed
        ]
        places += [published.POINTER] if now and now["run"] not in renamed else []
        for place in places:
            manifest = self.lake.get_json(*place)
            if retired & set(manifest.get("models", {})):
                manifest["models"] = {k: v for k, v in manifest["models"].items() if k not in retired}
                self._names.append([self._stage(json_text(manifest).encode()), "/".join(place)])

    def _rewritten(self, run: str, renamed: dict[str, str], edited: list[Found]) -> dict[str, Any] | None:
        """The manifest of a run without the people, its files staged; None where a file of it cannot be read."""
        manifest, new, by_path = published.manifest(self.lake, run), renamed[run], {one.path: one for one in edited}
        moves = []
        for table, entry in manifest["tables"].items():
            files = []
            for file in entry["files"]:
                path = f"published/run={run}/{table}/{file['name']}"
                one = by_path.get(path)
                data = self._whole(path, file["sha256"])
                if one and data is not None:
                    data = one.edit.kept
                if data is None:
                    return None
                if one:
                    self._note(one, data)
                    entry["rows"] -= len(one.edit.removed)
                digest = hashlib.sha256(data).hexdigest()
                name = file["name"] if one is None else f"kept-{digest[:24]}.parquet"
                moves.append([self._stage(data), f"published/run={new}/{table}/{name}"])
                files.append({"name": name, "bytes": len(data), "sha256": digest})
            entry["files"] = files
        manifest = self._renamed(manifest, renamed, edited)
        self._data += moves
        self._names.append([self._stage(json_text(manifest).encode()), f"published/run={new}/manifest.json"])
        return manifest

    def _renamed(self, manifest: dict[str, Any], renamed: dict[str, str], edited: list[Found]) -> dict[str, Any]:
        """The manifest under the run's new name; its checks count the lists that are left."""
        manifest["run"] = renamed[manifest["run"]]
        for product in manifest.get("products", {}).values():
            if product.get("from") in renamed:
                product["from"] = renamed[product["from"]]
        retired = self.plan.facts["models_retired"]
        manifest["models"] = {k: v for k, v in manifest.get("models", {}).items() if k not in retired}
        lists = [row for one in edited if "/recommendations/" in one.path for row in one.edit.removed]
        people = len({row.get("user_id") for row in lists})
        less = {"rows": len(lists), "users": people, "full_lists": people}
        checks = manifest.get("checks", {})
        manifest["checks"] = {
            name: value - less.get(name, 0) if name in less else value for name, value in checks.items()
        }
        return manifest

    def _whole(self, path: str, sha256: str) -> bytes | None:
        """A file of a published run as its manifest describes it; None where it is missing or another."""
        if not self.lake.exists(path):
            return None
        data = read_bytes(self.lake, path)
        return data if hashlib.sha256(data).hexdigest() == sha256 and _is_parquet(data) else None

    # staging --------------------------------------------------------------------------------------------------------

    def _stage(self, data: bytes) -> str:
        path = f"{STAGED}{self.plan.number}/{self._staged:06d}"
        self._staged += 1
        self.lake.fs.create_dir(self.lake.path(path.rpartition("/")[0]), recursive=True)
        with self.lake.fs.open_output_stream(self.lake.path(path)) as out:
            out.write(data)
        return path

    def _note(self, one: Found, kept: bytes | None) -> None:
        """A line of the receipt. Names of files that name the person are not repeated there."""
        path = (
            one.path if "the file's name" not in one.edit.found else one.path.rpartition("/")[0] + "/(not named here)"
        )
        before = hashlib.sha256(read_bytes(self.lake, one.path)).hexdigest()
        after = None if kept is None else hashlib.sha256(kept).hexdigest()
        self.plan.facts["files"].append(
            {"path": path, "found": one.edit.found, "rows": len(one.edit.removed), "before": before, "after": after}
        )

    def _store(self) -> None:
        plan = {"moves": self.plan.moves, "deletes": self.plan.deletes, "facts": self.plan.facts}
        self.lake.put_json(plan, STAGED.rstrip("/"), self.plan.number, "plan.json")


def _is_parquet(data: bytes) -> bool:
    try:
        pq.read_metadata(pa.BufferReader(data))
    except pa.ArrowException:
        return False
    return True


def stored_plan(lake: Lake, number: str) -> Plan | None:
    """The plan of an erasure that was cut off after it was staged; None before."""
    place = (STAGED.rstrip("/"), number, "plan.json")
    if not lake.exists(*place):
        return None
    raw = json.loads(read_bytes(lake, "/".join(place)))
    return Plan(number, raw["moves"], raw["deletes"], raw["facts"])


def carry_out(lake: Lake, plan: Plan) -> None:
    """All moves, then all deletions. A step that was done before is passed over."""
    with Progress("rewriting", len(plan.moves) + len(plan.deletes), "files") as doing:
        for staged, place in doing.over(plan.moves, None):
            if lake.exists(staged):
                lake.move(staged, place)
        for path in doing.over(plan.deletes, None):
            lake.delete(*path.split("/"))


def merged(earlier: dict[str, Any] | None, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of an erasure that took two plans. Facts that `earlier` has already are not repeated."""
    if earlier is None:
        return facts
    lists = {
        name: earlier[name] + [one for one in facts[name] if one not in earlier[name]]
        for name in ("files", "models_retired", "runs_withdrawn")
    }
    return {**lists, "runs_rewritten": earlier["runs_rewritten"] | facts["runs_rewritten"]}
