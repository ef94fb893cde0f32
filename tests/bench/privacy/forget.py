"""Forgets people in the sample shop's lake of three nights: seconds, what is left, and what a kill does.

python -m tests.bench.privacy.forget [--users 1500] [--kills 20] [--encrypted]
1. One person, then 1,000, are forgotten in one pass each; every file is decoded again.
2. Negative control: the name is planted in each kind of place, one at a time, and must be found.
3. The raw files are delivered again, with the people in them: nobody may come back.
4. The erasure is killed (SIGKILL) at random moments while a reader reads the published night: after another run the
   lake must be the same as an undisturbed one.
5. A lake that never knew the person is replayed from raw files without them, and both lakes train their models without
   a warm start on the third night: which tables of that night are equal, row by row.
6. With --encrypted the lake is encrypted: so are files that the erasures write, another master key forgets nobody, and
   a raw day whose key is destroyed stays closed and stops no erasure.
The last line is JSON of the figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.common import erased_people
from jobs.nights import nightly
from jobs.nights.tasks import run_tasks
from jobs.privacy import receipt
from jobs.privacy.erasure import find, forget, whole_people
from jobs.privacy.lake_files import all_paths, read_bytes
from jobs.privacy.people import People
from jobs.runtime import lake_keys, published, sealed_files
from jobs.runtime.branches import BRANCHES
from jobs.runtime.lake import Lake, Version
from jobs.runtime.lake_keys import keys_of
from jobs.runtime.log import quiet
from jobs.runtime.night import Night, job_report
from jobs.runtime.parquet_files import ENCRYPTED, PLAIN, read_table
from jobs.runtime.progress import each, progress
from jobs.runtime.spark import session
from schemas.tables import STORED
from tests.planted_places import PLACES
from tests.sample import NIGHTS, THIRD, Sample, content, make_sample

ROOT = Path("build/bench/forget")
WHO = "u0000019"
KEYS = {
    erased_people.KEY_VARIABLE: "bench key of the list of the forgotten",
    receipt.KEY_VARIABLE: "5a" * 32,
    lake_keys.KEY_VARIABLE: "1f" * 32,
}
_KEPT = re.compile(rb"kept-[0-9a-f]{24}")  # the name of a rewritten file, from the hash of its bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--encrypted", action="store_true", help="of a lake with encryption.on")
    args = parser.parse_args()
    quiet()
    os.environ.update(KEYS)
    session("bench", "local[2]").conf.set("spark.sql.shuffle.partitions", "2")
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    with progress(f"nights of a sample shop of {args.users:,} accounts"):
        sample = make_sample(ROOT / "sample", args.users, encryption={"on": args.encrypted})
    many = [f"u{number:07d}" for number in range(1_000)]
    figures = {"files": len(all_paths(sample.lake))}
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "one person": lambda: forgotten(sample, [WHO], "one"),
        "a thousand people": lambda: forgotten(sample, many, "many"),
        "planted names": lambda: planted(Lake(str(ROOT / "one"))),
        "files delivered again": lambda: delivered_again(sample, [WHO]),
        "kills": lambda: killed(sample, args.kills),
        "beside a replay": lambda: replayed(sample),
    }
    if args.encrypted:
        measures["a raw day closed"] = lambda: closed(sample)
    for name in each("forgetting", measures):
        figures |= measures[name]()
    print(json.dumps(figures))


def copied(sample: Sample, name: str) -> Lake:
    shutil.rmtree(ROOT / name, ignore_errors=True)
    shutil.copytree(sample.lake.root, ROOT / name)
    return Lake(str(ROOT / name))


def forgotten(sample: Sample, ids: list[str], name: str) -> dict[str, float]:
    """Seconds of one pass with its check, and how much a search finds before and after it."""
    lake = copied(sample, name)
    people = whole_people(lake, ids)
    before = find(lake, people)
    started = time.monotonic()
    (done,) = forget(lake, ids)
    seconds = time.monotonic() - started
    finds, places = find(lake, people), len({hit.place for hit in before})
    known_ids = len(done.receipt["people"])
    print(
        f"{known_ids:5} of {len(ids)} ids were known: {seconds:.1f} s, {len(before)} files in {places} kinds of "
        f"places, {done.receipt['rows_removed']:,} rows removed; found afterwards: {len(finds)}"
    )
    return {f"{name}_seconds": round(seconds, 1), f"{name}_places": places, f"{name}_left": len(finds)}


def planted(lake: Lake) -> dict[str, int]:
    """Plants the name in a lake without the person: it must be the only find."""
    missed = []
    for place in each("a name planted", PLACES, "places"):
        copy = Lake(f"{lake.root}-planted")
        shutil.copytree(lake.root, copy.root)
        PLACES[place](copy, WHO)
        if len(find(copy, People.named([WHO]))) != 1:
            missed.append(place)
        shutil.rmtree(copy.root)
    print(f"planted in {len(PLACES)} kinds of places, one at a time: found in {len(PLACES) - len(missed)} {missed}")
    return {"planted": len(PLACES), "planted_found": len(PLACES) - len(missed)}


def delivered_again(sample: Sample, ids: list[str]) -> dict[str, int]:
    """Delivers the shop's files of all nights again, with the person in them."""
    people = whole_people(sample.lake, ids)
    lake = Lake(str(ROOT / "one"))
    rejected = 0
    for day in NIGHTS:
        night = Night(day, lake, "again", sample.night(day).settings, "sample_shop", str(sample.raw))
        run_tasks(night, BRANCHES["intake"])
        rejected += job_report(lake, day, "again", "clean_events")["rejected"].get("erased", 0)
    finds = find(lake, people)
    print(f"delivered again: {rejected} events rejected as 'erased', found afterwards: {len(finds)}")
    return {"again_rejected": rejected, "again_left": len(finds)}


def killed(sample: Sample, times: int) -> dict[str, int]:
    """Compares the lake after a kill at a random moment and a second run with an undisturbed lake."""
    undisturbed = copied(sample, "whole")
    started = time.monotonic()
    run(undisturbed)
    longest, rng = time.monotonic() - started, random.Random(7)
    expected, equal, torn, cut = digest(undisturbed), 0, 0, 0
    for _ in each("killed and run again", range(times), "times", None):
        lake = copied(sample, "killed")
        with reading(lake) as broken:
            process = subprocess.Popen(command(lake), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(0.2, 1.0) * longest)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                cut += 1
            run(lake)
        equal += digest(lake) == expected
        torn += len(broken)
    print(f"killed {cut} of {times} times: {equal} ended the same; reads of a torn published night: {torn}")
    return {"kills": cut, "ended_the_same": equal, "runs": times, "torn_reads": torn}


def command(lake: Lake) -> list[str]:
    return [sys.executable, "-m", "jobs", "forget", "--lake", lake.root, "--user", WHO]


def run(lake: Lake) -> None:
    subprocess.run(command(lake), check=True, stdout=subprocess.DEVNULL)


def digest(lake: Lake) -> Counter[tuple[str, str]]:
    """Hash of every file of a lake, without receipts, which contain the time."""
    paths = [path for path in all_paths(lake) if not path.startswith(("erased/receipts", "lease", "contested"))]
    if keys_of(lake) is None:
        return Counter((path, hashlib.sha256(read_bytes(lake, path)).hexdigest()) for path in paths)
    return Counter((_KEPT.sub(b"kept", path.encode()).decode(), as_read(lake, path)) for path in paths)


def as_read(lake: Lake, path: str) -> str:
    """Hash of a file's decrypted content: after each encryption the same content has other bytes and another name."""
    data = sealed_files.opened(read_bytes(lake, path), keys_of(lake))
    if data.startswith(ENCRYPTED):
        data = str(read_table(lake, lake.path(path)).to_pydict()).encode()
    elif data.startswith(b"{"):
        data = _KEPT.sub(b"kept", data)
    return hashlib.sha256(data).hexdigest()


@contextmanager
def reading(lake: Lake) -> Iterator[list[str]]:
    """A storefront that follows the pointer and reads everything that it names; it lists what did not fit."""
    broken: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            manifest = published.pointed(lake)
            try:
                for table, entry in manifest["tables"].items():
                    paths = published.files(manifest, table)
                    rows = sum(pq.read_metadata(lake.path(path)).num_rows for path in paths)
                    if rows != entry["rows"]:
                        broken.append(f"{table}: {rows} of {entry['rows']} rows")
            except FileNotFoundError:  # as with any new night: read the pointer again
                if published.pointed(lake)["run"] == manifest["run"]:
                    broken.append(f"{manifest['run']} lacks a file")
            time.sleep(0.01)

    storefront = threading.Thread(target=read)
    storefront.start()
    try:
        yield broken
    finally:
        over.set()
        storefront.join()


def replayed(sample: Sample) -> dict[str, int]:
    """Compares the third night after an erasure with that of a lake without the person; no model has a warm start."""
    other = replace(sample, raw=raw_without(sample), lake=Lake(str(ROOT / "replayed")))
    shutil.rmtree(other.lake.root, ignore_errors=True)
    for day in NIGHTS:
        if day == THIRD:
            other.lake.delete("models")
        nightly.main(other.night(day))
    shutil.rmtree(ROOT / "next", ignore_errors=True)
    shutil.copytree(sample.eve, ROOT / "next")
    lake = Lake(str(ROOT / "next"))
    forget(lake, [WHO])
    nightly.main(replace(sample, lake=lake).night(THIRD))
    equal, unequal = compared(lake, other.lake)
    print(f"the night after, beside a lake that never knew the person: {len(equal)} tables equal: {', '.join(equal)}")
    for name in sorted(unequal):
        print(f"  not equal: {name}: {unequal[name]}")
    return {"tables_equal": len(equal), "tables_unequal": len(unequal)}


def closed(sample: Sample) -> dict[str, bool]:
    """In an encrypted lake: files that an erasure wrote unencrypted, and erasures with missing keys."""
    was, now = starts(sample.lake), starts(Lake(str(ROOT / "one")))
    opened = sorted(kind for kind in now if kind.endswith(("plain Parquet", "other")) and now[kind] > was[kind])
    lake = copied(sample, "other-key")
    before = digest(lake)
    os.environ[lake_keys.KEY_VARIABLE] = "2e" * 32
    other = subprocess.run(command(lake), capture_output=True, text=True)
    os.environ |= KEYS
    is_refused = other.returncode != 0 and "WrongMasterKey" in other.stderr and digest(lake) == before
    day = f"date={THIRD}"
    lake_keys.destroy(lake, ("raw", "sample_shop", day))
    files = [path for path in all_paths(lake) if path.startswith(f"raw/sample_shop/{day}/")]
    shut = [path for path in files if sealed_files.is_sealed(lake, path)]
    run(lake)
    finds = find(Lake(lake.root), whole_people(sample.lake, [WHO]))
    print(f"files of an encrypted lake: {dict(now)}; more of these are plain now: {opened}; another key is refused: "
          f"{is_refused}; forgotten without the key of {day} ({len(shut)} files): {len(finds)} finds")  # fmt: skip
    return {"stays_closed": not opened, "other_key_refused": is_refused, "without_a_day_left": bool(shut) and not finds}


def starts(lake: Lake) -> Counter[str]:
    """Files of raw days, rows of tables and models, by folder and by their first bytes.

    The small JSON files that name a table's versions are plain in every lake.
    """
    kinds = {ENCRYPTED: "encrypted Parquet", sealed_files.MAGIC[:4]: "sealed", PLAIN: "plain Parquet"}
    paths = [path for path in all_paths(lake) if path.startswith(("raw/", "models/")) or _has_rows(path)]
    return Counter(f"{path.partition('/')[0]}, {kinds.get(read_bytes(lake, path)[:4], 'other')}" for path in paths)


def _has_rows(path: str) -> bool:
    return path.startswith("tables/") and path.endswith(".parquet")


def raw_without(sample: Sample) -> Path:
    """The shop's files without the person, made without the code of jobs/privacy, except for finding the cookies."""
    raw, devices = ROOT / "raw-without", pa.array(sorted(whole_people(sample.lake, [WHO]).visitors), pa.string())
    shutil.rmtree(raw, ignore_errors=True)
    shutil.copytree(sample.raw, raw)
    for path in raw.glob("*/events-*.parquet"):
        rows = pq.read_table(path)
        is_person = pc.fill_null(pc.equal(rows["uid"], WHO), False)
        alone = pc.and_(pc.is_null(rows["uid"]), pc.is_in(rows["cookie"], devices))
        pq.write_table(rows.filter(pc.invert(pc.or_(is_person, alone))), path)
    for path in raw.glob("*/users.jsonl"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if json.loads(line)["uid"] != WHO), "utf-8")
    return raw


def compared(lake: Lake, other: Lake) -> tuple[list[str], dict[str, str]]:
    """(tables of the third night with equal rows, the other tables -> how many rows differ)."""
    equal, unequal = [], {}
    for table in STORED:
        version, other_version = lake.current(table, THIRD), other.current(table, THIRD)
        if version is None and other_version is None:
            continue
        if version is None or other_version is None:
            unequal[table.name] = "one of the two has none"
            continue
        rows, other_rows = Counter(lines_of(lake, version)), Counter(lines_of(other, other_version))
        if differing := (rows - other_rows) + (other_rows - rows):
            unequal[table.name] = f"{differing.total()} differ, of {rows.total()} and {other_rows.total()}"
        else:
            equal.append(table.name)
    return equal, unequal


def lines_of(lake: Lake, version: Version) -> list[str]:
    """The rows of a version as text, without those that record that a forgotten person's row came again.

    Floats to 6 places: a decaying sum is rounded each night, a recounted one only once (difference seen: 2e-8).
    """
    rows = [row for row in content(lake, version).to_pylist() if row.get("raw_row") != '{"erased":true}']
    return [str({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()}) for row in rows]


if __name__ == "__main__":
    main()
