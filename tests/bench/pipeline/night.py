"""A whole night of a shop of any size: the resources that each job uses, and how they grow with the shop.

    python -m tests.bench.pipeline.night [--users 1000000] [--items 100000] [--events 10000000] [--only]
        [--cluster] [--capped]

Makes the sample shop with USERS accounts, ITEMS items and about EVENTS rows a day, at a tenth, a third and the full
size. Runs its first and second night, each in a process of its own, with every product. The figures are the second
night's; the first night's are printed beside them. `--only` leaves out the smaller shops, so there is no growth.
`--cluster` runs the smallest shop again on a Spark standalone cluster of two workers and compares every table.
`--capped` runs it again in a control group with half of the memory that it took, if the machine lets us make one, and
says whether the night was published with the same tables, or what it refused.
A job's growth is the exponent g of seconds ~ size^g, fitted over the three shops: at most 1 if the job does not grow
faster than its input. Drops and lakes stay in build/bench/night until the next run. The last line is JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.runtime.branches import TASKS
from jobs.runtime.lake import Lake
from jobs.runtime.progress import each, progress
from models.core.control_groups import group_folders
from schemas.tables import RECOMMENDATIONS
from tests.bench.process_family import Family, Taken
from tests.spark_cluster import BIN, ENVIRONMENT, spark_cluster

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "build" / "bench" / "night"
SETTINGS = ROOT / ".ci" / "sample_shop.toml"  # one experiment, so that its jobs have something to do
FIRST = dt.date(2026, 1, 1)
NIGHTS = (FIRST, FIRST + dt.timedelta(days=1))
SHARES = (1 / 10, 1 / 3, 1.0)
RUN = "001"
GOAL = "goal for 1,000,000 users, 100,000 items, 10,000,000 events: under 3,600 s and 16 GiB, no growth above 1"


class Size(NamedTuple):
    users: int
    items: int
    events: int  # rows of a day

    def times(self, share: float) -> Size:
        return Size(*(max(1, round(count * share)) for count in self))


class JobRun(NamedTuple):
    seconds: float
    taken: Taken
    rows: int  # of all tables that it wrote


class NightRun(NamedTuple):
    seconds: float
    taken: Taken
    jobs: dict[str, JobRun]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000, help="accounts; a quarter as many visitors come on top")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=10_000_000, help="rows of a day, about")
    parser.add_argument("--only", action="store_true", help="only the size asked")
    parser.add_argument("--cluster", action="store_true", help="compare with a cluster at the smallest size")
    parser.add_argument("--capped", action="store_true", help="the smallest size again with half of the memory it took")
    args = parser.parse_args()
    size = Size(args.users, args.items, args.events)
    shutil.rmtree(FOLDER, ignore_errors=True)
    second: dict[Size, NightRun] = {}
    sizes = [size.times(share) for share in ((1.0,) if args.only else SHARES)]
    for shop_size in each("shops", sizes, name=lambda shop_size: f"{shop_size.users:,} accounts"):
        raw, lake = make_shop(shop_size), FOLDER / f"lake-{shop_size.users}"
        fresh = {name: copied(raw, name) for name in ("cluster", "capped") if getattr(args, name) and not second}
        runs = [run_night(night, raw, lake) for night in NIGHTS]
        second[shop_size] = runs[1]
        print_night(shop_size, *runs)
        if args.cluster and len(second) == 1:
            compare_with_cluster(shop_size, fresh["cluster"], lake)
        if args.capped and len(second) == 1:
            compare_with_capped(shop_size, fresh["capped"], lake, max(run.taken.peak_gib for run in runs) / 2)
    growth = growths(second)
    print_growth(second, growth)
    print(json.dumps(facts(size, second[size], growth, lists_made(FOLDER / f"lake-{size.users}"))))


def make_shop(size: Size) -> Path:
    """The drops of both days; returns their folder."""
    raw = FOLDER / f"shop-{size.users}"
    rows = size.events / size.users
    words = (
        f"--users {size.users} --items {size.items} --days {len(NIGHTS)} --start {FIRST} --events-per-user-day {rows}"
    )
    make = [sys.executable, "-m", "jobs", "make_sample_shop", "--out", str(raw), *words.split()]
    with progress(f"a shop of {size.users:,} accounts, {size.items:,} items and {size.events:,} rows a day"):
        subprocess.run(make, cwd=ROOT, check=True)
    return raw


def copied(raw: Path, name: str) -> Path:
    """The drops again, for another lake: a night deletes the photos that it has searched with. Files are linked."""
    return Path(shutil.copytree(raw, raw.with_name(f"{raw.name}-{name}"), copy_function=os.link))


def run_night(night: dt.date, raw: Path, lake: Path, submit: Sequence[str] = (), group: Path | None = None) -> NightRun:
    """One night in a process of its own, with a log beside the lake. Raises SystemExit if the night fails.

    submit: begins the command, where Spark is to start it. group: the folder of a control group that it joins.
    """
    words = ["nightly", "--date", str(night), "--run", RUN, "--source", "sample_shop", "--raw", str(raw), "--lake"]
    command = [*(submit or (sys.executable, "-m", "jobs")), *words, str(lake), "--config", str(SETTINGS)]
    if group is not None:
        command = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs"), *command]
    log = lake.with_name(f"{lake.name}-{night}.log")
    family, begin = Family(os.getpid()), time.time()
    with log.open("wb") as messages:
        process = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=messages, stderr=messages)
        follow(process, lake, night, family)
    end = time.time()
    family.stop()
    if process.returncode:
        raise SystemExit(f"the night of {night} failed; its messages are in {log}:\n{log.read_text()[-3000:]}")
    jobs = {name: job_run(report, ended, family) for name, report, ended in reports(lake, night) if name != "nightly"}
    return NightRun(end - begin, family.taken(begin, end), jobs)


def follow(process: subprocess.Popen[bytes], lake: Path, night: dt.date, family: Family) -> None:
    """Waits for the night, and reports how many of its jobs have ended, and the most memory until now."""
    begin = time.time()
    with progress(f"night of {night}, {lake.name}", len(TASKS), "jobs") as doing:
        while process.poll() is None:
            ended = [(name, report) for name, report, _ in reports(lake, night) if name != "nightly"]
            if len(ended) > doing.done:
                name, report = ended[-1]
                peak = family.taken(begin, time.time()).peak_gib
                doing.at(len(ended), f"{name} took {report['seconds']:,.1f} s, peak so far {peak:.1f} GiB")
            time.sleep(0.5)


def reports(lake: Path, night: dt.date) -> Iterator[tuple[str, dict[str, Any], float]]:
    """(job, its report, when the report was written) of every job that has ended, in the order of the reports."""
    paths = (lake / "runs" / f"date={night}" / f"run={RUN}").glob("*.json")
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        try:
            yield path.stem, json.loads(path.read_text()), path.stat().st_mtime
        except json.JSONDecodeError:  # it is being written
            continue


def job_run(report: Mapping[str, Any], ended: float, family: Family) -> JobRun:
    rows = sum(value for name, value in report.items() if name.startswith("rows_"))
    return JobRun(report["seconds"], family.taken(ended - report["seconds"], ended), rows)


def print_night(size: Size, first: NightRun, second: NightRun) -> None:
    """Jobs of the second night, the longest first."""
    print(f"\n{size.users:,} users, {size.items:,} items, {size.events:,} events a day")
    heads = ("first night s", "s", "CPU s", "peak GiB", "read MB", "written MB", "rows out")
    print(f"{'job':24}" + "".join(f"{head:>14}" for head in heads))
    for name, job in sorted(second.jobs.items(), key=lambda pair: -pair[1].seconds):
        before = first.jobs[name].seconds if name in first.jobs else math.nan
        print(line(name, before, job.seconds, job.taken) + f"{job.rows:>14,}")
    print(line("the night", first.seconds, second.seconds, second.taken), flush=True)


def line(name: str, before: float, seconds: float, usage: Taken) -> str:
    figures = f"{before:>14,.1f}{seconds:>14,.1f}{usage.cpu_s:>14,.1f}{usage.peak_gib:>14.2f}"
    return f"{name:24}{figures}{usage.read_mb:>14,.0f}{usage.written_mb:>14,.0f}"


def growths(second: Mapping[Size, NightRun]) -> dict[str, float | None]:
    """Each job's exponent with which its seconds grow with the shop's size; None for a single size."""
    if len(second) < 2:
        return {name: None for night in second.values() for name in night.jobs}
    common_jobs = set.intersection(*(set(night.jobs) for night in second.values()))
    sizes = np.log([size.events for size in second])
    least = 0.01  # seconds; shorter times are noise
    return {
        name: float(np.polyfit(sizes, np.log([max(n.jobs[name].seconds, least) for n in second.values()]), 1)[0])
        for name in sorted(common_jobs)
    }


def print_growth(second: Mapping[Size, NightRun], growth: Mapping[str, float | None]) -> None:
    if len(second) < 2:
        return
    largest = second[max(second)]
    print(f"\n{'job':24}" + "".join(f"{f'{size.users:,} users, s':>22}" for size in second) + f"{'growth':>10}")
    for name, exponent in sorted(growth.items(), key=lambda pair: -largest.jobs[pair[0]].seconds):
        seconds = "".join(f"{night.jobs[name].seconds:>22,.1f}" for night in second.values())
        print(f"{name:24}{seconds}{exponent:>10.2f}")
    print(GOAL, flush=True)


def lists_made(lake: Path) -> int:
    """Users with a list on the second night."""
    version = Lake(str(lake)).version(RECOMMENDATIONS, NIGHTS[1], RUN)
    assert version is not None, f"{lake} has no recommendations of {NIGHTS[1]}"
    ranks = [pq.read_table(lake / version.folder / name, columns=["rank"])["rank"] for name in version.files]
    return int(pc.sum(pc.equal(pa.chunked_array([chunk for column in ranks for chunk in column.chunks]), 1)).as_py())


def facts(size: Size, night: NightRun, growth: Mapping[str, float | None], lists: int) -> dict[str, Any]:
    jobs = {
        name: {"s": round(job.seconds, 2), "gib": round(job.taken.peak_gib, 2), "growth": rounded(growth.get(name))}
        for name, job in night.jobs.items()
    }
    totals = {
        "night_s": round(night.seconds, 1),
        "peak_gib": round(night.taken.peak_gib, 2),
        "lists_per_s": round(lists / night.jobs["recommend_items"].seconds, 1),
    }
    return {**size._asdict(), **totals, "jobs": jobs}


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def compare_with_cluster(size: Size, raw: Path, local: Path) -> None:
    """Runs both nights on two workers of one core each. Raises SystemExit if a table differs from local mode's."""
    lake = FOLDER / f"cluster-{size.users}"
    work = FOLDER / "cluster"
    work.mkdir(parents=True)
    with spark_cluster(work, workers=2, memory="4g") as url:
        conf = [word for name in ("driver", "executor") for word in ("--conf", f"spark.{name}.memory=3g")]
        submit = [str(BIN / "spark-submit"), "--master", url, *conf, str(ROOT / "jobs/__main__.py")]
        for night in NIGHTS:
            run_night(night, raw, lake, submit)
    versions, differing = compared(local, lake)
    if differing:
        raise SystemExit(f"on the cluster, {len(differing)} tables differ from local mode: {', '.join(differing)}")
    print(f"on a cluster of two workers, all {versions} versions of tables are the same")


def compare_with_capped(size: Size, raw: Path, local: Path, gib: float) -> None:
    """Runs both nights in a control group of `gib` GiB. Prints whether all tables are the same, or why one failed."""
    lake = FOLDER / f"capped-{size.users}"
    print(f"\nthe same with at most {gib:.1f} GiB:")
    with memory_group(int(gib * 2**30)) as group:
        try:
            runs = [run_night(night, raw, lake, group=group) for night in NIGHTS]
        except SystemExit as refusal:
            print(refusal)
            return
    print_night(size, *runs)
    versions, differing = compared(local, lake)
    print(f"of {versions} versions of tables {len(differing)} differ from the night without a limit", *differing)


@contextmanager
def memory_group(limit: int) -> Iterator[Path]:
    """A control group below this process's own, of at most `limit` bytes. Raises SystemExit if none can be made."""
    try:
        own = next(folder for folder in group_folders("memory") if folder.exists())
        group = own / "nightmarket-bench"
        group.mkdir(exist_ok=True)
        limit_file = next(group / name for name in ("memory.max", "memory.limit_in_bytes") if (group / name).exists())
        limit_file.write_text(str(limit))
    except (OSError, StopIteration) as problem:
        raise SystemExit(f"no control group with a memory limit can be made ({problem!r}); run as root") from None
    try:
        yield group
    finally:
        _end_all(group)
        group.rmdir()


def _end_all(group: Path) -> None:
    """Ends what a killed night has left in the group, such as Python workers: a group in use cannot be removed."""
    while left := (group / "cgroup.procs").read_text().split():
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        time.sleep(0.1)


def compared(first: Path, second: Path) -> tuple[int, list[str]]:
    """(how many versions of tables the first lake has, the folders of those whose rows differ in the second)."""
    folders = list(table_folders(first))
    return len(folders), [str(name) for name in folders if not same_rows(first / name, second / name)]


def table_folders(lake: Path) -> Iterator[Path]:
    return (path.relative_to(lake) for path in sorted(lake.glob(f"tables/*/date=*/run={RUN}")))


def same_rows(first: Path, second: Path) -> bool:
    """Whether two versions hold the same rows; their order and files may differ."""
    tables = [pq.read_table(folder) for folder in (first, second)]
    rows = [sorted(map(repr, table.to_pylist())) for table in tables]
    return rows[0] == rows[1]


if __name__ == "__main__":
    main()
