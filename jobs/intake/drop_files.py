"""Receives the files of a night: finds them, checks that they are whole, and copies them unchanged into the lake.

    raw/<source>/date=D/<path in the drop>          what arrived with night D, never edited
    raw/<source>/readable/date=D/<path>             the same text as UTF-8, if it came in another encoding
    raw/<source>/date=D/_received.json              what arrived, for the later jobs; written last

It reads every file to its end before it copies any, so a night that cannot be used leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from pyarrow import fs as pafs

from jobs.common.raw_drop import for_night
from jobs.intake.column_paths import missing_columns, refuse_arrays, refuse_mixed_times
from jobs.intake.csv_header import delimiter_hint
from jobs.intake.drop_folder import Drop
from jobs.intake.file_facts import DropError, FileFacts, UnfinishedFile
from jobs.intake.file_inspection import inspect_file
from jobs.intake.text_inspection import is_utf8
from jobs.runtime.progress import Progress
from jobs.runtime.sealed_files import blocks, open_input, open_output, plain_size
from schemas.sources.mapping import TARGETS, Input, Source

MANIFEST = "_received.json"
_WATCHED_IDS = ("user_id", "visitor_id", "item_id")
_LEFT_OUT = "left_out"  # in the manifest of a day without a night: input -> the paths that no night is to read


class MissingDay(DropError):
    """The night has no file: the shop has not delivered it, or the pattern does not match its name."""

    may_come = True


def receive(
    source: Source, raw_dir: str, night_date: date, previous_date: date | None, lake: Any, late_days: int
) -> dict[str, Any]:
    """Receives the night's files, and writes and returns their manifest. Raises DropError.

    For a dated input it takes the files of D, those of the days since `previous_date`, and those of the `late_days`
    before D that no earlier night received; on the first night only the files of D. For an undated input it takes all
    files.
    """
    drop = Drop(raw_dir)
    drop.must_exist()
    earlier = _earlier_manifests(source, lake, night_date, previous_date, late_days)
    manifest = _planned(source, drop, night_date, previous_date, earlier, late_days, {})
    _store(source, drop, manifest, lake, night_date, earlier)
    return manifest


class BrokenDrops(DropError):
    """Some nights of a range have files that cannot be used; the message names all. Nothing was received."""


Facts = dict[str, dict[str, Any]]  # "<input> <path>" -> the facts of a file that was read to its end


def receive_nights(
    source: Source,
    raw_dir: str,
    nights: Sequence[date],
    previous_date: date | None,
    lake: Any,
    late_days: int,
    facts: Facts | None = None,
) -> dict[date, dict[str, Any]]:
    """Receives the files of many nights, oldest first, as `receive` does for one. Returns night -> its manifest.

    It reads every file to its end before it copies any, except files that `facts` already has. Raises BrokenDrops,
    which names all nights that cannot be used.
    """
    drop = Drop(raw_dir)
    planned, earlier_by_night = _plans(
        source, drop, nights, previous_date, lake, late_days, facts if facts is not None else {}
    )
    with Progress("files kept", len(planned), "nights") as doing:
        for night in doing.over(planned):
            _store(source, drop, planned[night], lake, night, earlier_by_night[night])
    return planned


def leave_out(source: Source, raw_dir: str, days: Sequence[date], lake: Any) -> None:
    """Notes in the lake that no night is to read the files of these days, not even as files that came late.

    A night of such a day that is run after all replaces the note.
    """
    drop = Drop(raw_dir)
    for day in days:
        paths = {spec.which: drop.matching(spec.files, day) for spec in source.inputs if spec.is_dated}
        if any(paths.values()):
            nothing: dict[str, Any] = {"source": source.name, "date": str(day), "notes": [], "previous_date": None}
            received = _manifest(source, lake, day) or nothing  # a load that was cut off may have received the day
            lake.put_json(received | {_LEFT_OUT: paths}, "raw", source.name, f"date={day}", MANIFEST)


def check_nights(
    source: Source, raw_dir: str, nights: Sequence[date], previous_date: date | None, lake: Any, late_days: int
) -> Facts:
    """Reads the files of many nights to their ends and copies none. Raises BrokenDrops as `receive_nights` does."""
    facts: Facts = {}
    _plans(source, Drop(raw_dir), nights, previous_date, lake, late_days, facts)
    return facts


def _plans(
    source: Source,
    drop: Drop,
    nights: Sequence[date],
    previous_date: date | None,
    lake: Any,
    late_days: int,
    facts: Facts,
) -> tuple[dict[date, dict[str, Any]], dict[date, dict[date, dict]]]:
    """(night -> its manifest before anything is copied, night -> the manifests of earlier nights)."""
    drop.must_exist()
    manifests = _earlier_manifests(source, lake, nights[0], previous_date, late_days)
    for day in (day for day in _dates(source, lake) if nights[0] < day < nights[-1] and day not in nights):
        if _LEFT_OUT in (noted := _manifest(source, lake, day) or {}):
            manifests[day] = noted
    planned: dict[date, dict[str, Any]] = {}
    earlier_by_night: dict[date, dict[date, dict]] = {}
    problems: list[str] = []
    with Progress("files read", len(nights), "nights") as doing:
        for night in doing.over(nights):
            earlier_by_night[night] = _in_view(manifests, night, previous_date, late_days)
            try:
                manifest = _planned(source, drop, night, previous_date, earlier_by_night[night], late_days, facts)
            except DropError as problem:
                problems.append(f"{night}: {problem}")
                manifests[night] = _unread(source, drop, night)  # else the next nights would report the same file
            else:
                planned[night] = manifests[night] = manifest
            previous_date = night
    if problems:
        head = f"{len(problems)} of {len(nights)} nights have files that cannot be used; nothing was received"
        left_out = "repair them, or leave these nights out with --without DATE"
        raise BrokenDrops("\n  ".join([f"{head}; {left_out}:", *problems]))
    return planned, earlier_by_night


def _unread(source: Source, drop: Drop, night: date) -> dict[str, Any]:
    """A manifest with the paths of a night whose files cannot be used."""
    inputs = [spec for spec in source.inputs if not spec.from_events]
    return {
        spec.which: {"files": [{"path": path, "bytes": -1} for path in drop.matching(spec.files, night)]}
        for spec in inputs
    }


def _planned(
    source: Source,
    drop: Drop,
    night: date,
    previous: date | None,
    earlier: dict[date, dict],
    late_days: int,
    facts: Facts,
) -> dict[str, Any]:
    """The manifest of a night, before anything is copied. `facts` has files that were read before."""
    # A night after `previous` received its files but stopped before its gate: they are still to be read.
    earlier = {
        earlier_night: earlier_manifest
        for earlier_night, earlier_manifest in earlier.items()
        if earlier_night <= (previous or date.min) or _LEFT_OUT in earlier_manifest
    }
    manifest: dict[str, Any] = {
        "source": source.name,
        "date": str(night),
        "notes": [],
        "previous_date": str(previous) if previous else None,
    }
    for spec in source.inputs:
        if spec.from_events:
            manifest[spec.which] = {"from": "events"}
            continue
        paths = _paths_of_night(spec, drop, night, previous, earlier, late_days, manifest["notes"])
        files = []
        for path, day in paths:
            if (input_and_path := f"{spec.which} {path}") not in facts:
                facts[input_and_path] = _inspect(spec, drop, path)
            files.append({"path": path, "for_date": str(day), **facts[input_and_path]})
            manifest["notes"] += _unseen_ids(spec, path, facts[input_and_path])
        refuse_mixed_times(files, spec, source)
        manifest[spec.which] = {"files": files}
    return manifest


def _store(
    source: Source, drop: Drop, manifest: dict[str, Any], lake: Any, night: date, earlier: dict[date, dict]
) -> None:
    last_read = date.fromisoformat(manifest["previous_date"]) if manifest["previous_date"] else date.min
    _copy(
        source,
        drop,
        manifest,
        lake,
        night,
        {day: earlier_manifest for day, earlier_manifest in earlier.items() if day <= last_read},
    )
    lake.put_json(manifest, "raw", source.name, f"date={night}", MANIFEST)


def _paths_of_night(
    spec: Input,
    drop: Drop,
    night: date,
    previous: date | None,
    earlier: dict[date, dict],
    late_days: int,
    notes: list[str],
) -> list[tuple[str, date]]:
    """(path, the day that the file is for) of each file of the night."""
    today = [(path, night) for path in drop.matching(spec.files, night)]
    if not today and spec.which == "events":
        raise MissingDay(
            f"no file matches {' or '.join(_patterns_of_night(spec, night))} of the night {night}; in the folder: "
            f"{drop.seen(spec)}; wait for the delivery, or correct `files` in the mapping"
        )
    if not today:
        notes.append(
            f"{spec.which}: no file matches {' or '.join(_patterns_of_night(spec, night))}; last night's rows are kept"
        )
    if not spec.is_dated or previous is None:
        return today
    received = {
        file["path"]: file for manifest in earlier.values() for file in manifest.get(spec.which, {}).get("files", [])
    }
    left_out = {path for manifest in earlier.values() for path in manifest.get(_LEFT_OUT, {}).get(spec.which, [])}
    sizes = {path: size for pattern in spec.files for path, size in drop.sizes(pattern).items()}
    first_night = min(earlier, default=previous)
    oldest_read = max(late_days, (night - previous).days - 1)
    late: list[tuple[str, date]] = []
    for back in range(max(oldest_read, 2 * late_days), 0, -1):  # `earlier` has the manifests of 2 * late_days
        day = night - timedelta(days=back)
        if day < first_night:
            continue
        for path in (path for path in drop.matching(spec.files, day) if path not in left_out):
            if path not in received and back > oldest_read:
                notes.append(
                    f"{spec.which}: {path} of {day} arrived more than clean.late_days = {late_days} days late: it is "
                    "not read; with a larger clean.late_days it would be"
                )
            elif path not in received:
                late.append((path, day))
                notes.append(f"{spec.which}: {path} of {day} arrived late and is read with this night")
            elif received[path]["bytes"] != sizes.get(path, received[path]["bytes"]):
                notes.append(f"{spec.which}: {path} changed after it was received; the first delivery counts")
    return late + today


def _inspect(spec: Input, drop: Drop, path: str) -> dict[str, Any]:
    with drop.fs.open_input_file(f"{drop.base}/{path}") as stream:
        facts = inspect_file(stream, path, spec)
    missing = missing_columns(facts, spec)
    if missing and not (spec.format == "jsonl" and set(missing) != set(spec.needed)):  # JSON lines may lack a key
        raise DropError(
            f"{path} lacks {', '.join(repr(name) for name in missing)}, which [{spec.which}] of the mapping needs; "
            f"it has {', '.join([*facts.header, *facts.paths][:40])}{delimiter_hint(facts.header, spec)}; correct the "
            "mapping, or ask the shop"
        )
    refuse_arrays(facts, spec, path)
    return asdict(facts)


def _unseen_ids(spec: Input, path: str, facts: dict[str, Any]) -> list[str]:
    """A note where a file of JSON lines seems to lack the key of an id: a line may lack a key, so it is no error.

    Without the key all visits would be anonymous, and no limit would be exceeded.
    """
    missing = missing_columns(FileFacts(**facts), spec)
    ids = [f"'{name}' ({ours})" for ours, name in spec.columns.items() if ours in _WATCHED_IDS and name in missing]
    if spec.format != "jsonl" or not ids:
        return []
    return [
        f"{spec.which}: {path}: none of the lines that were looked at has {', '.join(ids)}; if the shop has renamed "
        "it, correct the mapping"
    ]


def _copy(
    source: Source, drop: Drop, manifest: dict[str, Any], lake: Any, night: date, earlier: dict[date, dict]
) -> None:
    """Copies new files. Sets each file's `stored` (path in the lake), `readable` (what Spark reads) and `same_as`."""
    by_sha = {
        known_file["sha256"]: {
            "date": str(day),
            "path": known_file["path"],
            "stored": known_file["stored"],
            "readable": known_file["readable"],
        }
        for day, earlier_manifest in sorted(earlier.items(), reverse=True)
        for which in ("events", "items", "users")
        for known_file in earlier_manifest.get(which, {}).get("files", [])
    }
    folder = f"raw/{source.name}/date={night}"
    first_try = _manifest(source, lake, night) or {}
    stored_before = {
        known_file["stored"]: known_file["sha256"]
        for which in TARGETS
        for known_file in first_try.get(which, {}).get("files", [])
    }
    for spec in source.inputs:
        for file in manifest[spec.which].get("files", []):
            twin = by_sha.get(file["sha256"])
            file["same_as"] = {"date": twin["date"], "path": twin["path"]} if twin else None
            if twin:
                manifest["notes"].append(
                    f"{spec.which}: {file['path']} is byte for byte {twin['path']} of {twin['date']}"
                )
            by_sha.setdefault(file["sha256"], {"date": str(night), "path": file["path"]})
            if twin and "stored" in twin and not spec.is_dated and _has_both(lake, twin):
                file["stored"], file["readable"] = twin["stored"], twin["readable"]
                continue
            name = _stored_name(file["path"], file["compression"])
            file["stored"] = f"{folder}/{name}"
            if (
                stored_before.get(file["stored"], file["sha256"]) != file["sha256"]
            ):  # it changed since the first try of this night
                name = f"again-{file['sha256'][:8]}/{name}"
                file["stored"] = f"{folder}/{name}"
            _copy_bytes(drop, file, lake)
            file["readable"] = file["stored"]
            if spec.format != "parquet" and not is_utf8(spec):
                file["readable"] = f"raw/{source.name}/readable/date={night}/{name}.txt"
                _write_utf8(spec, file, lake)


def _has_both(lake: Any, twin: dict[str, Any]) -> bool:
    """Whether the lake still has the file as it came and as it is read.

    `retention.raw_days` may have deleted the first copy of a file that the shop delivers unchanged every night.
    """
    return lake.exists(twin["stored"]) and lake.exists(twin["readable"])


def _copy_bytes(drop: Drop, file: dict[str, Any], lake: Any) -> None:
    if _is_copied(lake, file):
        return  # an earlier try of this night copied it
    sha = hashlib.sha256()
    with (
        drop.fs.open_input_stream(f"{drop.base}/{file['path']}", compression=None) as stream,
        open_output(lake, file["stored"]) as out,
    ):
        while chunk := stream.read(1 << 20):
            sha.update(chunk)
            out.write(chunk)
    if sha.hexdigest() != file["sha256"]:
        raise UnfinishedFile(
            f"{file['path']} changed while it was read; deliver it under another name and rename it at the end"
        )


def _is_copied(lake: Any, file: dict[str, Any]) -> bool:
    if not lake.exists(file["stored"]) or plain_size(lake, file["stored"]) != file["bytes"]:
        return False
    sha = hashlib.sha256()
    for chunk in blocks(lake, file["stored"]):
        sha.update(chunk)
    return sha.hexdigest() == file["sha256"]


def _write_utf8(spec: Input, file: dict[str, Any], lake: Any) -> None:
    with open_output(lake, file["readable"]) as out:
        inspect_file(open_input(lake, file["stored"]), file["path"], spec, utf8=out)


def _earlier_manifests(
    source: Source, lake: Any, night: date, previous: date | None, late_days: int
) -> dict[date, dict]:
    """Manifests of earlier nights: those of the late window and since `previous`, the last one, and the first ({}: only
    its date counts)."""
    dates = [day for day in _dates(source, lake) if day < night]
    manifests = {
        day: manifest
        for day in sorted(_wanted_dates(dates, night, previous, late_days))
        if (manifest := _manifest(source, lake, day))
    }
    if dates and dates[0] not in manifests:
        manifests[dates[0]] = {}
    return manifests


def _dates(source: Source, lake: Any) -> list[date]:
    """The days that have a folder of raw files in the lake, ascending."""
    infos = lake.fs.get_file_info(pafs.FileSelector(lake.path("raw", source.name), allow_not_found=True))
    names = [info.base_name for info in infos if re.fullmatch(r"date=\d{4}-\d\d-\d\d", info.base_name)]
    return sorted(date.fromisoformat(name[5:]) for name in names)


def _in_view(manifests: dict[date, dict], night: date, previous: date | None, late_days: int) -> dict[date, dict]:
    """As `_earlier_manifests`, from manifests in memory."""
    dates = sorted(day for day in manifests if day < night)
    chosen = {day: manifests[day] for day in sorted(_wanted_dates(dates, night, previous, late_days))}
    return chosen | ({dates[0]: {}} if dates and dates[0] not in chosen else {})


def _wanted_dates(dates: Sequence[date], night: date, previous: date | None, late_days: int) -> set[date]:
    since = min(night - timedelta(days=2 * late_days), previous or night)
    return {day for day in dates if day >= since} | set(dates[-1:])


def _manifest(source: Source, lake: Any, night: date) -> dict[str, Any] | None:
    try:
        return lake.get_json("raw", source.name, f"date={night}", MANIFEST)
    except FileNotFoundError:
        return None


def _stored_name(path: str, compression: str) -> str:
    """A name that Spark reads as it is: without glob signs or a leading _ or ., with the suffix of its compression."""
    safe = re.sub(r"[^\w.=/+-]", "_", path, flags=re.ASCII)
    safe = re.sub(r"(^|/)(?=[_.])", r"\1x", safe)
    if safe != path:  # two different names may become the same
        safe = f"{hashlib.sha256(path.encode()).hexdigest()[:8]}-{safe.replace('/', '-')}"
    suffix = safe.rpartition(".")[2]
    if suffix not in ("gz", "zst", "bz2", "snappy", "lz4", "deflate"):
        suffix = ""
    return safe if suffix == compression else f"{safe}.{compression or 'txt'}"


def _patterns_of_night(spec: Input, night: date) -> list[str]:
    return [for_night(pattern, night) for pattern in spec.files]
