"""Kill a night at random moments and run it again: the storefront sees only whole nights, equal to undisturbed ones.

    python -m tests.e2e.kill_night --lake LAKE --kills 30 --source online_retail --raw DIR --date 2011-01-05

LAKE has the nights up to the night before; it is copied and not changed. One undisturbed night shows how long each job
takes and what must be published. Then each attempt is a process of its own that gets SIGKILL at a moment drawn
uniformly over the undisturbed night. Meanwhile a reader follows the pointer and checks every file that it names.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime import published
from jobs.runtime.branches import TASKS
from jobs.runtime.lake import Lake
from jobs.runtime.products import PUBLISHED
from tests.sample import shown

ROOT = Path(__file__).resolve().parents[2]
STAGES = list(TASKS)


@dataclass(frozen=True)
class Attempts:
    """A night that is run again and again, each time from the same lake of the evening before (`eve`)."""

    eve: Path
    date: dt.date
    words: list[str]  # --source, --raw and settings

    def start(self, lake: Path, log: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "jobs", "nightly", "--date", str(self.date), "--lake", str(lake), *self.words]
        with open(log, "ab") as out:
            return subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)

    def finish(self, lake: Path, log: Path) -> float:
        """Run the night to its end; the seconds it took."""
        began = time.monotonic()
        process = self.start(lake, log)
        if process.wait():
            raise RuntimeError(f"the night stopped with status {process.returncode}:\n{log.read_text()[-3000:]}")
        return time.monotonic() - began

    def kill(self, lake: Path, log: Path, job: str, seconds: float) -> str:
        """SIGKILL an attempt `seconds` after its job `job` began, or at its end if that is earlier. Returns the job
        that was killed."""
        earlier_jobs = STAGES[: STAGES.index(job)]
        reports = lake / "runs" / f"date={self.date}"
        old_reports = set(reports.glob("*/*.json"))

        def ended() -> set[str]:
            return {path.stem for path in set(reports.glob("*/*.json")) - old_reports}

        process = self.start(lake, log)
        while not set(earlier_jobs) <= ended() and process.poll() is None:
            time.sleep(0.01)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        if status not in (0, -signal.SIGKILL):
            raise RuntimeError(f"the night stopped by itself, status {status}:\n{log.read_text()[-3000:]}")
        ended_jobs = ended()
        return next((stage for stage in STAGES if stage not in ended_jobs), "(ended)")


@dataclass
class Reader:
    """A storefront: follows the pointer, reads every file that it names, and notes what differs from the manifest."""

    lake: Lake
    wrong: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._follow, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _follow(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.look()
            except Exception as problem:  # we look for every error that a storefront could meet
                self.wrong.append(repr(problem))
            stop.wait(0.02)

    def look(self) -> None:
        manifest = published.current(self.lake)
        if manifest is None:
            self.wrong.append("no pointer")
            return
        self.seen[manifest["run"]] += 1
        for name, table in manifest["tables"].items():
            rows = 0
            for path, entry in zip(published.files(manifest, name), table["files"], strict=True):
                data = Path(self.lake.path(path)).read_bytes()
                if hashlib.sha256(data).hexdigest() != entry["sha256"]:
                    self.wrong.append(f"{path}: not the bytes that {manifest['run']} promises")
                rows += pq.read_metadata(self.lake.path(path)).num_rows
            if rows != table["rows"]:
                self.wrong.append(f"{name} of {manifest['run']}: {rows} rows, promised {table['rows']}")


@dataclass(frozen=True)
class Undisturbed:
    """The undisturbed night: its lake, and the seconds that each of its jobs took."""

    lake: Lake
    seconds: dict[str, float]

    @classmethod
    def of(cls, lake: Lake, date: dt.date) -> Undisturbed:
        run = published.last_before(lake, date + dt.timedelta(days=1))["run"].removeprefix(f"{date}-")  # type: ignore[index]
        reports = ("runs", f"date={date}", f"run={run}")
        return cls(lake, {stage: lake.get_json(*reports, f"{stage}.json")["seconds"] for stage in STAGES})

    def moment(self, chance: random.Random) -> tuple[str, float]:
        """A moment drawn uniformly over the night: a job, and the seconds since it began."""
        second = chance.uniform(0, sum(self.seconds.values()))
        for stage, seconds in self.seconds.items():
            if second <= seconds:
                return stage, second
            second -= seconds
        return STAGES[-1], 0.0

    def differences(self, lake: Lake) -> list[str]:
        """One line for each published table whose content differs from the undisturbed night's: what differs."""
        manifest = published.current(lake)
        if manifest is None or manifest["date"] != published.current(self.lake)["date"]:  # type: ignore[index]
            return [f"the pointer names {manifest and manifest['run']}"]
        return [
            line for table in PUBLISHED if (line := unlike(table.name, shown(lake, table), shown(self.lake, table)))
        ]


def unlike(name: str, found_rows: pa.Table, wanted_rows: pa.Table) -> str:
    """How two contents of a table differ; empty if they are the same."""
    if found_rows.num_rows != wanted_rows.num_rows:
        return f"{name}: {found_rows.num_rows} rows, not {wanted_rows.num_rows}"
    columns = [c for c in wanted_rows.column_names if not found_rows[c].equals(wanted_rows[c])]
    return f"{name}: other values in {', '.join(columns)}" if columns else ""


def kill_and_finish(
    attempts: Attempts, truth: Undisturbed, kills: int, seed: int, folder: Path, finish_every: int
) -> list[dict[str, Any]]:
    """One entry for each kill: moment and job; after every `finish_every` kills also the verdict and what readers saw.

    Kills one after another hit the same lake, which has everything that the killed attempts left in it.
    """
    rng, entries = random.Random(seed), []
    for first in range(0, kills, finish_every):
        lake = folder / f"lake-{first:03d}"
        shutil.copytree(attempts.eve, lake)
        reader = Reader(Lake(str(lake)))
        log = folder / f"lake-{first:03d}.log"
        with reader.following():
            for number in range(first, min(first + finish_every, kills)):
                job, seconds = truth.moment(rng)
                stage = attempts.kill(lake, log, job, seconds)
                entries.append({"kill": number + 1, "aimed": job, "seconds": seconds, "job": stage})
            attempts.finish(lake, log)
            reader.look()
        entries[-1] |= {"wrong": reader.wrong + truth.differences(Lake(str(lake))), "seen": dict(reader.seen)}
        shutil.rmtree(lake)
    return entries


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", type=Path, required=True, help="a lake replayed up to the night before; is copied")
    parser.add_argument("--date", type=dt.date.fromisoformat, required=True, help="the night to kill")
    parser.add_argument("--source", required=True)
    parser.add_argument("--raw", required=True)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--finish-every", type=int, default=3, help="kills before the night may end and is compared")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="one setting")
    args = parser.parse_args()
    options = ["--source", args.source, "--raw", os.path.abspath(args.raw), *[f"--set={s}" for s in args.set]]
    with tempfile.TemporaryDirectory() as folder:
        attempts = Attempts(args.lake, args.date, options)
        undisturbed = Path(folder) / "undisturbed"
        shutil.copytree(args.lake, undisturbed)
        took = attempts.finish(undisturbed, Path(folder) / "undisturbed.log")
        truth = Undisturbed.of(Lake(str(undisturbed)), args.date)
        print(f"undisturbed: {took:.1f} s", *[f"{n} {s:.1f}" for n, s in truth.seconds.items()], sep="  ", flush=True)
        entries = kill_and_finish(attempts, truth, args.kills, args.seed, Path(folder), args.finish_every)
    return report(entries)


def report(entries: list[dict[str, Any]]) -> int:
    print("kill  killed in                s into it of  verdict after it was run again")
    faults = 0
    for entry in entries:
        verdict = ""
        if "wrong" in entry:
            seen = ", ".join(f"{run} {times} times" for run, times in entry["seen"].items())
            faults += len(entry["wrong"])
            verdict = "; ".join(entry["wrong"]) or f"same night; the reader saw {seen}, always whole"
        print(f"{entry['kill']:4}  {entry['job']:22} {entry['seconds']:9.2f} {entry['aimed']:22}  {verdict}")
    print(f"{len(entries)} kills: " + (f"{faults} things wrong" if faults else "nothing lost, mixed or left half"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
