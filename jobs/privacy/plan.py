"""Plans what an erasure will change, and stages the new files, before anything is changed.

    LAKE/erased/staged/NNN/...      every file that is rewritten, and plan.json, which is written last

A plan is a list of moves (a staged file goes to its place and replaces the file there), followed by a list of
deletions. Each step is atomic and may be repeated, so an interrupted plan is carried out again from its beginning. The
order keeps readers safe: new files first, then the files that name them, then the storefront's pointer; old files are
deleted last.
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
from jobs.privacy.lake_files import STAGED, Hit, read_bytes
from jobs.runtime import published
from jobs.runtime.lake import Lake, json_text
from jobs.runtime.progress import Progress

_VERSION = re.compile(r"(?P<folder>(?:.+/)?tables/[^/]+/date=[^/]+)/run=(?P<run>[^/]+)/(?P<name>[^/]+\.parquet)")
_PUBLISHED = re.compile(r"published/run=(?P<run>[^/]+)/(?P<rest>.+)")
_MODEL = re.compile(r"models/(?P<name>[^/]+)/.+")
# Models of texts and pictures. Clicks only choose which of the shop's texts the copywriter learns. All other models
# learn from what single people did; a model that is not in this list is treated like these.
OF_NO_PERSON = frozenset(
    ("copywriter", "tuned_copywriter", "recognisers", "image_editor", "picture_encoder", "picture_whitening")
)


class ShownIsDamaged(RuntimeError):
    """The night that the storefront shows cannot be read whole, so it cannot be published again without the people."""

    refused = True  # see jobs/runtime/exit_status.py


@dataclass
class Plan:
    """moves: [staged file, its place]; the last one may be the pointer. deletes: files and folders. facts: for the
    receipt."""

    number: str
    moves: list[list[str]] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


class Planner:
    """Stages an erasure. It reads `lake`, and writes only below erased/staged/NNN."""

    def __init__(self, lake: Lake, number: str, retires_models: bool = True) -> None:
        self.lake, self.retires_models = lake, retires_models
        self.plan = Plan(number, facts={"files": [], "models_retired": [], "runs_rewritten": {}, "runs_withdrawn": []})
        self._data_moves: list[list[str]] = []
        self._name_moves: list[list[str]] = []
        self._staged = 0

    def make(self, hits: Iterable[Hit], left_behind: Iterable[str] = ()) -> Plan:
        """The plan for all files that name the people; it is complete only when it is stored.

        left_behind: files that nobody can decode and no reader uses. They are deleted, too.
        """
        versions: dict[tuple[str, str], list[Hit]] = defaultdict(list)
        runs: dict[str, list[Hit]] = defaultdict(list)
        models: set[str] = set()
        traces = False
        for hit in hits:
            traces |= not hit.path.startswith(("runs/", "reports/"))
            if match := _VERSION.fullmatch(hit.path):
                versions[match["folder"], match["run"]].append(hit)
            elif match := _PUBLISHED.fullmatch(hit.path):
                runs[match["run"]].append(hit)
            elif match := _MODEL.fullmatch(hit.path):
                models.add(match["name"])
                self._note(hit, None)
            elif not hit.path.endswith(("_version.json", "_current.json")):
                self._in_place(hit)
        for (folder, run), edited in versions.items():
            self._version(folder, run, edited)
        self._models(models, traces)
        if traces and self.retires_models:
            note = json_text({"erasure": self.plan.number}).encode()
            self._name_moves += [[self._stage(note), note_of(table)] for table in COUNTED]
        pointer = self._published(runs)
        self.plan.deletes += left_behind
        self.plan.moves = [*self._data_moves, *self._name_moves, *pointer]
        self._store()
        return self.plan

    # one kind of file after another ---------------------------------------------------------------------------------

    def _in_place(self, hit: Hit) -> None:
        """Plans to replace or delete a raw file, run facts, an answer or a page: only a night reads these."""
        content = hit.content()
        if content is None:
            self.plan.deletes.append(hit.path)
        else:
            self._name_moves.append([self._stage(content), hit.path])
        self._note(hit, content)

    def _version(self, folder: str, run: str, hits: list[Hit]) -> None:
        """Plans new files of a table's version beside the old ones, and then the two small files that name them."""
        place = f"{folder}/run={run}"
        new_names = {hit.path: self._stage_beside(hit) for hit in hits}
        self.plan.deletes += [hit.path for hit in hits]
        for name in (f"{place}/_version.json", f"{folder}/_current.json"):
            # without such a file: a killed night left these files, and nobody reads them
            if self.lake.exists(name) and (version := self.lake.get_json(name))["run"] == run:
                hits_listed = {hit.path: hit for hit in hits if hit.path.rpartition("/")[2] in version["files"]}
                files = [new_names.get(f"{place}/{file}", file) for file in version["files"]]
                rows_gone = sum(len(hit.edit.removed) for hit in hits_listed.values())
                facts_left = self._counts(version, place, hits_listed)
                version |= {
                    "files": [new_name for new_name in files if new_name],
                    "rows": version["rows"] - rows_gone,
                    "facts": facts_left,
                }
                self._name_moves.append([self._stage(json_text(version).encode()), name])

    def _stage_beside(self, hit: Hit) -> str:
        content = hit.content()
        assert content is not None, f"{hit.path}: a table's file is never removed whole"
        digest = hashlib.sha256(content).hexdigest()
        name = f"kept-{digest[:24]}.parquet"
        self._data_moves.append([self._stage(content), f"{hit.path.rpartition('/')[0]}/{name}"])
        self._note(hit, content)
        return name

    def _counts(self, version: dict[str, Any], place: str, hits: dict[str, Hit]) -> dict[str, Any]:
        """The version's facts, with counts that leave out the removed rows."""
        facts = dict(version["facts"])
        if counts := facts.get("counts"):
            key_columns = ("source_file", "reason")[-(len(counts[0]) - 1) :]
            rows_gone: dict[tuple[str, ...], int] = defaultdict(int)
            for hit in hits.values():
                for row in hit.edit.removed:
                    rows_gone[tuple(row.get(name, "") for name in key_columns)] += 1
            entries_left = [[*key, rows - rows_gone[tuple(key)]] for *key, rows in counts]
            facts["counts"] = [entry for entry in entries_left if entry[-1] > 0]
        return facts

    def _models(self, naming_models: set[str], traces: bool) -> None:
        """Retires all models that learn from people, those of all nights: a warm start would learn from an old one."""
        stored = set(self.lake.list_dir("models"))
        retired = sorted(naming_models | (stored - OF_NO_PERSON if traces and self.retires_models else set()))
        self.plan.deletes += [f"models/{name}" for name in retired]
        self.plan.facts["models_retired"] = retired

    def _published(self, hits_by_run: dict[str, list[Hit]]) -> list[list[str]]:
        """Publishes each run that has the people again under a new name; returns the move of the pointer."""
        whole_runs, pointer = published.runs(self.lake), published.current(self.lake)
        fresh = self.lake.get_json(*published.FRESH) if self.lake.exists(*published.FRESH) else None
        renamed = {run: f"{run}e{int(self.plan.number)}" for run in whole_runs if run in hits_by_run}
        manifests = {run: self._rewritten(run, renamed, hits_by_run[run]) for run in renamed}
        old_runs = [run for run in hits_by_run if run not in whole_runs]  # killed while copying, or an overlay
        withdrawn = [run for run, manifest in manifests.items() if manifest is None]
        if pointer and pointer["run"] in withdrawn:
            raise ShownIsDamaged(_damaged(self.lake, pointer["run"]))
        if fresh and (fresh["run"] in hits_by_run or fresh["over"] in renamed):
            self.plan.deletes.append("/".join(published.FRESH))
            old_runs.append(fresh["run"])
        self.plan.deletes += [f"published/run={run}/manifest.json" for run in renamed]
        self.plan.deletes += [f"published/run={run}" for run in [*renamed, *dict.fromkeys(old_runs)]]
        self.plan.facts["runs_rewritten"] = {run: new_run for run, new_run in renamed.items() if run not in withdrawn}
        self.plan.facts["runs_withdrawn"] = withdrawn
        self._without_retired(whole_runs, renamed, pointer)
        new_pointer = manifests.get(pointer["run"]) if pointer else None
        data = json_text(new_pointer).encode() if new_pointer else None
        return [[self._stage(data), "/".join(published.POINTER)]] if data else []

    def _without_retired(self, whole_runs: list[str], renamed: dict[str, str], pointer: dict[str, Any] | None) -> None:
        """Takes retired models out of the manifests of runs that do not change otherwise."""
        retired = set(self.plan.facts["models_retired"])
        places: list[tuple[str, ...]] = [
            ("published", f"run={run}", "manifest.json") for run in whole_runs if run not in renamed
        ]
        places += [published.POINTER] if pointer and pointer["run"] not in renamed else []
        for place in places:
            manifest = self.lake.get_json(*place)
            if retired & set(manifest.get("models", {})):
                manifest["models"] = {name: model for name, model in manifest["models"].items() if name not in retired}
                self._name_moves.append([self._stage(json_text(manifest).encode()), "/".join(place)])

    def _rewritten(self, run: str, renamed: dict[str, str], hits: list[Hit]) -> dict[str, Any] | None:
        """Stages a run's files without the people; returns its manifest, None where one of its files cannot be read."""
        manifest, new_run, by_path = published.manifest(self.lake, run), renamed[run], {hit.path: hit for hit in hits}
        moves = []
        for table, entry in manifest["tables"].items():
            files = []
            for file in entry["files"]:
                path = f"published/run={run}/{table}/{file['name']}"
                hit = by_path.get(path)
                data = _published_content(self.lake, path, file["sha256"])
                if hit and data is not None:
                    data = hit.content()
                if data is None:
                    return None
                if hit:
                    self._note(hit, data)
                    entry["rows"] -= len(hit.edit.removed)
                digest = hashlib.sha256(data).hexdigest()
                name = file["name"] if hit is None else f"kept-{digest[:24]}.parquet"
                moves.append([self._stage(data), f"published/run={new_run}/{table}/{name}"])
                files.append({"name": name, "bytes": len(data), "sha256": digest})
            entry["files"] = files
        manifest = self._renamed(manifest, renamed, hits)
        self._data_moves += moves
        self._name_moves.append([self._stage(json_text(manifest).encode()), f"published/run={new_run}/manifest.json"])
        return manifest

    def _renamed(self, manifest: dict[str, Any], renamed: dict[str, str], hits: list[Hit]) -> dict[str, Any]:
        """The manifest under the run's new name, with checks that count the remaining lists."""
        manifest["run"] = renamed[manifest["run"]]
        for product in manifest.get("products", {}).values():
            if product.get("from") in renamed:
                product["from"] = renamed[product["from"]]
        retired = self.plan.facts["models_retired"]
        manifest["models"] = {
            model: folder for model, folder in manifest.get("models", {}).items() if model not in retired
        }
        lists = [row for hit in hits if "/recommendations/" in hit.path for row in hit.edit.removed]
        people = len({row.get("user_id") for row in lists})
        removed_counts = {"rows": len(lists), "users": people, "full_lists": people}
        checks = manifest.get("checks", {})
        manifest["checks"] = {
            name: value - removed_counts.get(name, 0) if name in removed_counts else value
            for name, value in checks.items()
        }
        return manifest

    # staging --------------------------------------------------------------------------------------------------------

    def _stage(self, data: bytes) -> str:
        path = f"{STAGED}{self.plan.number}/{self._staged:06d}"
        self._staged += 1
        self.lake.fs.create_dir(self.lake.path(path.rpartition("/")[0]), recursive=True)
        with self.lake.fs.open_output_stream(self.lake.path(path)) as out:
            out.write(data)
        return path

    def _note(self, hit: Hit, content: bytes | None) -> None:
        """Adds a file to the receipt. The receipt leaves out a file name that names the person."""
        path = (
            hit.path if "the file's name" not in hit.edit.counts else hit.path.rpartition("/")[0] + "/(not named here)"
        )
        before = hashlib.sha256(read_bytes(self.lake, hit.path)).hexdigest()
        after = None if content is None else hashlib.sha256(content).hexdigest()
        self.plan.facts["files"].append(
            {"path": path, "found": hit.edit.counts, "rows": len(hit.edit.removed), "before": before, "after": after}
        )

    def _store(self) -> None:
        plan = {"moves": self.plan.moves, "deletes": self.plan.deletes, "facts": self.plan.facts}
        self.lake.put_json(plan, STAGED.rstrip("/"), self.plan.number, "plan.json")


def refuse_damaged_pointer(lake: Lake, hits: Iterable[Hit]) -> None:
    """Raises ShownIsDamaged where the shown night names the people, and a file of it is missing or damaged.

    It is asked before the erasure begins: once it has begun, no night can be published and no rollback runs.
    """
    pointer = published.current(lake)
    if pointer is None or not any(hit.path.startswith(f"published/run={pointer['run']}/") for hit in hits):
        return
    for table, entry in pointer["tables"].items():
        for file in entry["files"]:
            path = f"published/run={pointer['run']}/{table}/{file['name']}"
            if _published_content(lake, path, file["sha256"]) is None:
                raise ShownIsDamaged(_damaged(lake, pointer["run"]))


def _damaged(lake: Lake, run: str) -> str:
    return (
        f"published run {run} cannot be read whole, and the storefront shows it: nobody was forgotten. Point the "
        f"storefront at a whole night with `python -m jobs rollback --lake {lake.root}`, or publish a night first, "
        "then forget again"
    )


def _published_content(lake: Lake, path: str, sha256: str) -> bytes | None:
    """The content of a published file; None where it is missing, or is not the one that the manifest describes."""
    if not lake.exists(path):
        return None
    data = read_bytes(lake, path)
    return data if hashlib.sha256(data).hexdigest() == sha256 and _is_parquet(data) else None


def _is_parquet(data: bytes) -> bool:
    try:
        pq.read_metadata(pa.BufferReader(data))
    except pa.ArrowException:
        return False
    return True


def stored_plan(lake: Lake, number: str) -> Plan | None:
    """The plan of an interrupted erasure; None where it was interrupted before its plan was stored."""
    place = (STAGED.rstrip("/"), number, "plan.json")
    if not lake.exists(*place):
        return None
    raw = json.loads(read_bytes(lake, "/".join(place)))
    return Plan(number, raw["moves"], raw["deletes"], raw["facts"])


def carry_out(lake: Lake, plan: Plan) -> None:
    """Does all moves, then all deletions. Skips a step that was done before."""
    with Progress("rewriting", len(plan.moves) + len(plan.deletes), "files") as doing:
        for staged, place in doing.over(plan.moves, None):
            if lake.exists(staged):
                lake.move(staged, place)
        for path in doing.over(plan.deletes, None):
            lake.delete(*path.split("/"))


def merged(earlier: dict[str, Any] | None, facts: dict[str, Any]) -> dict[str, Any]:
    """The joint facts of an erasure that took two plans; no fact is repeated."""
    if earlier is None:
        return facts
    lists = {
        name: earlier[name] + [fact for fact in facts[name] if fact not in earlier[name]]
        for name in ("files", "models_retired", "runs_withdrawn")
    }
    return {**lists, "runs_rewritten": earlier["runs_rewritten"] | facts["runs_rewritten"]}
