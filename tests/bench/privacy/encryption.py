"""The sample shop's nights, plain and encrypted in the same run: seconds, bytes, equal tables, and who can read them.

python -m tests.bench.privacy.encryption [--users 1500] [--rounds 2]
1. Nights of three days, in turns in a plain and in an encrypted lake, after one round that does not count. Both lakes
   must have the same rows in all tables, and publish the same.
2. Spark, pyarrow and Polars read the encrypted clean events. With another master key, or without a key, no night starts
   and no row is read.
3. The master key is changed: this takes milliseconds and changes no byte of other files. The old key opens nothing.
4. The key of the first raw day is destroyed: its files cannot be opened any more, and the next night still runs.
The last line is JSON of the figures. Goals: 1.05 times the time and 1.01 times the bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.nights import nightly
from jobs.privacy.lake_files import all_paths, read_bytes
from jobs.runtime import lake_keys, sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import EncryptionConfig, HeldKey, KeyGone, WrongMasterKey, begin_encryption
from jobs.runtime.log import quiet
from jobs.runtime.parquet_files import dataset, read_table
from jobs.runtime.progress import each, progress
from jobs.runtime.published import pointed
from jobs.runtime.spark import session
from jobs.runtime.table_versions import table_rows
from jobs.sample_shop.make_sample_shop import make_sample_shop
from jobs.sample_shop.shop import Plan
from schemas.tables import CLEAN_EVENTS, STORED
from tests.bench.process_family import Family
from tests.sample import FIRST, NIGHTS, SHARES, THIRD, Sample, content, in_order, shown

ROOT = Path("build/bench/encryption")
ONE, OTHER = "1f" * 32, "2e" * 32
PLAIN, CLOSED = "plain", "encrypted"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_500)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    quiet()
    os.environ[lake_keys.KEY_VARIABLE] = ONE
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    spark = session("bench", "local[2]")
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    plan = Plan(seed=7, users=args.users, items=max(80, args.users // 5), days=3, start=FIRST, events_per_user_day=7.0,
                crawlers=2, shares=SHARES, questions=80)  # fmt: skip
    with progress(f"a sample shop of {args.users:,} accounts"):
        make_sample_shop(plan, ROOT / "raw")
    figures, lakes = timed(args.rounds)
    closed = lakes[CLOSED]
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "tables compared": lambda: compared(lakes[PLAIN], closed),
        "read by others": lambda: read_by_others(closed),
        "without a key": lambda: refused(closed),
        "another master key": lambda: rotated(closed),
        "a key destroyed": lambda: destroyed(closed),
    }
    for name in each("questions of the encrypted lake", measures):
        figures |= measures[name]()
    print(json.dumps(figures))


def timed(rounds: int) -> tuple[dict[str, Any], dict[str, Sample]]:
    """(figures, last lakes): seconds of three nights by mode, the fastest round, and the bytes of their lakes."""
    family = Family(os.getpid())
    lakes: dict[str, Sample] = {}
    wall: dict[str, list[float]] = {PLAIN: [], CLOSED: []}
    cpu: dict[str, list[float]] = {PLAIN: [], CLOSED: []}
    for number in each("nights, plain and encrypted", range(rounds + 1), "rounds"):
        for mode in (PLAIN, CLOSED) if number % 2 else (CLOSED, PLAIN):
            lakes[mode] = Sample(ROOT / "raw", Lake(str(ROOT / mode)), ROOT)
            shutil.rmtree(ROOT / mode, ignore_errors=True)
            began = time.time()
            nights(lakes[mode], mode)
            ended = time.time()
            time.sleep(1)  # so that its resources are sampled once more
            if number:
                wall[mode].append(ended - began)
                cpu[mode].append(family.taken(began, ended).cpu_s)
    family.stop()
    size = {mode: sum(Path(sample.lake.path(path)).stat().st_size for path in all_paths(sample.lake))
            for mode, sample in lakes.items()}  # fmt: skip
    facts: dict[str, Any] = {"cpu_seconds": cpu, "wall_seconds": wall, "bytes": size}
    facts["times_cpu"] = round(min(cpu[CLOSED]) / min(cpu[PLAIN]), 4)
    facts["times_cpu_median"] = round(statistics.median(cpu[CLOSED]) / statistics.median(cpu[PLAIN]), 4)
    facts["times_wall"] = round(min(wall[CLOSED]) / min(wall[PLAIN]), 4)
    facts["times_bytes"] = round(size[CLOSED] / size[PLAIN], 4)
    for mode in (PLAIN, CLOSED):
        print(f"{mode:9} CPU s {[round(s, 1) for s in cpu[mode]]} wall s {[round(s, 1) for s in wall[mode]]} "
              f"{size[mode]:,} bytes")  # fmt: skip
    print(f"encrypted: {facts['times_cpu']} times the CPU, {facts['times_bytes']} times the bytes")
    return facts, lakes


def nights(sample: Sample, mode: str) -> None:
    changed = {"encryption": {"on": True}} if mode == CLOSED else {}
    for day in NIGHTS:
        nightly.main(sample.night(day, **changed))


def compared(plain: Sample, closed: Sample) -> dict[str, int]:
    """Counts of the three nights' tables with equal rows, and of the encrypted lake's files by their first bytes."""
    equal, unequal = 0, []
    for table in STORED:
        for day in NIGHTS:
            plain_version, closed_version = plain.lake.current(table, day), closed.lake.current(table, day)
            if plain_version is None and closed_version is None:
                continue
            is_equal = (
                plain_version is not None
                and closed_version is not None
                and content(plain.lake, plain_version).equals(content(closed.lake, closed_version))
            )
            equal += is_equal
            if not is_equal:
                unequal.append(f"{table.name} {day}")
    published_names = [name for name, entry in pointed(plain.lake)["tables"].items()]
    by_name = {table.name: table for table in STORED}
    equal_names = [
        name for name in published_names if shown(plain.lake, by_name[name]).equals(shown(closed.lake, by_name[name]))
    ]
    starts = Counter(start_of(closed.lake, path) for path in all_paths(closed.lake))
    print(
        f"{equal} versions of tables equal, {unequal} not; "
        f"published: {len(equal_names)} of {len(published_names)} equal"
    )
    print(f"files of the encrypted lake: {dict(starts)}")
    return {"tables_equal": equal, "tables_unequal": len(unequal), "published_equal": len(equal_names),
            "published": len(published_names)}  # fmt: skip


def start_of(lake: Lake, path: str) -> str:
    kinds = {b"PARE": "encrypted Parquet", sealed_files.MAGIC[:4]: "sealed", b"PAR1": "plain Parquet"}
    kind = kinds.get(read_bytes(lake, path)[:4], "plain")
    return f"{kind} in {path.partition('/')[0]}" if kind.startswith("plain") else kind


def read_by_others(sample: Sample) -> dict[str, bool]:
    """Whether each reader reads the same clean events of the third night as pyarrow."""
    lake, version = sample.lake, sample.lake.current(CLEAN_EVENTS, THIRD)
    assert version is not None
    paths, urls = lake.file_paths(version), lake.file_urls(version)
    expected = in_order(read_table(lake, paths, ["event_id", "user_id"]))
    spark = session("bench").newSession()
    by = {
        "spark": table_rows(spark, lake, CLEAN_EVENTS, urls).select("event_id", "user_id").toArrow(),
        "dataset": dataset(lake, paths).to_table(["event_id", "user_id"]),
        "polars": pl.scan_pyarrow_dataset(dataset(lake, paths)).select("event_id", "user_id").collect().to_arrow(),
    }
    equal_by_reader = {name: in_order(rows.cast(expected.schema)).equals(expected) for name, rows in by.items()}
    bare: dict[str, Callable[[], object]] = {
        "pyarrow": lambda: pq.read_table(paths[0], filesystem=lake.fs),
        "dataset": lambda: ds.dataset(paths, filesystem=lake.fs).to_table(),
        "polars": lambda: pl.read_parquet(paths[0]),
        "spark": lambda: spark.read.parquet(*urls).collect(),
    }
    no_key = {name: is_refused(read, Exception) for name, read in bare.items()}
    print(f"{expected.num_rows:,} encrypted rows read: {equal_by_reader}; refused without a key: {no_key}")
    return {f"read_by_{name}": ok for name, ok in equal_by_reader.items()} | {
        "refused_without_key": all(no_key.values())
    }


def is_refused(work: Callable[[], object], kind: type[Exception]) -> bool:
    try:
        work()
    except kind:
        return True
    return False


def refused(sample: Sample) -> dict[str, bool]:
    """Whether no night of the lake starts with another master key or without a key."""
    refusals = {}
    for name, key in {"wrong_key": OTHER, "no_key": ""}.items():
        os.environ[lake_keys.KEY_VARIABLE] = key
        closed = Sample(sample.raw, Lake(sample.lake.root), sample.eve)
        refusals[f"{name}_starts_no_night"] = is_refused(lambda of=closed: of.night(THIRD), WrongMasterKey)
        version = sample.lake.current(CLEAN_EVENTS, THIRD)
        assert version is not None
        read = lambda of=closed, v=version: read_table(of.lake, of.lake.file_paths(v))  # noqa: E731
        refusals[f"{name}_reads_no_row"] = is_refused(read, WrongMasterKey)
    os.environ[lake_keys.KEY_VARIABLE] = ONE
    print(f"refused: {refusals}")
    return refusals


def rotated(sample: Sample) -> dict[str, Any]:
    """Milliseconds of a change of the master key, and the files of the lake that it changed."""
    before = hashes(sample.lake)
    began = time.perf_counter()
    keys = lake_keys.rotate(sample.lake, HeldKey(bytes.fromhex(ONE)), HeldKey(bytes.fromhex(OTHER)))
    spent = 1000 * (time.perf_counter() - began)
    after = hashes(sample.lake)
    touched = [path for path in before if before[path] != after.get(path) and not path.startswith("keys/")]
    old_key_refused = is_refused(
        lambda: Sample(sample.raw, Lake(sample.lake.root), sample.eve).night(THIRD), WrongMasterKey
    )
    os.environ[lake_keys.KEY_VARIABLE] = OTHER
    lake = Lake(sample.lake.root)
    rows = content(lake, lake.current(CLEAN_EVENTS, THIRD)).num_rows
    # Spark's workers were started with the first key and keep it.
    lake_keys.rotate(lake, HeldKey(bytes.fromhex(OTHER)), HeldKey(bytes.fromhex(ONE)))
    os.environ[lake_keys.KEY_VARIABLE] = ONE
    print(f"{keys} keys wrapped anew in {spent:.1f} ms; other files touched: {len(touched)}; the old key refused: "
          f"{old_key_refused}; rows read by the new one: {rows:,}")  # fmt: skip
    return {
        "keys": keys,
        "rotation_ms": round(spent, 1),
        "rotation_touched": len(touched),
        "old_key_refused": old_key_refused,
    }


def hashes(lake: Lake) -> dict[str, str]:
    return {path: hashlib.sha256(read_bytes(lake, path)).hexdigest() for path in all_paths(lake)}


def destroyed(sample: Sample) -> dict[str, bool]:
    """Destroys the first raw day's key: whether its files are unreadable, and whether the third night runs again."""
    lake = Lake(sample.lake.root)
    begin_encryption(lake, EncryptionConfig())
    lake_keys.destroy(lake, ("raw", "sample_shop", f"date={FIRST}"))
    first = [path for path in all_paths(lake) if path.startswith(f"raw/sample_shop/date={FIRST}/")]
    closed = [path for path in first if sealed_files.is_sealed(lake, path)]
    gone = all(is_refused(lambda sealed_path=path: sealed_files.read(lake, sealed_path), KeyGone) for path in closed)
    nightly.main(Sample(sample.raw, lake, sample.eve).night(THIRD, "002"))
    ran_again = pointed(lake)["run"] == f"{THIRD}-002"
    print(
        f"key of raw day {FIRST} destroyed: {len(closed)} files open no more: {gone}; the next night ran: {ran_again}"
    )
    return {"destroyed_day_unreadable": gone and bool(closed), "night_after_destroyed_day": ran_again}


if __name__ == "__main__":
    main()
