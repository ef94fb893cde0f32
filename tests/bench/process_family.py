"""The resources that a process and all its descendants use, sampled while they run (Linux's /proc).

Seconds of CPU and bytes are sums over all processes that were ever seen; a process that lives for less than an interval
may be missed. Memory is the processes' own memory (`Pss_Anon`, shared pages count once), without mapped files, which
the kernel can drop.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

INTERVAL = 0.5  # s, at least
SHARE = 0.02  # of the time goes into looking, at most: the kernel counts the pages of a large process one by one
_TICKS = os.sysconf("SC_CLK_TCK")


class Taken(NamedTuple):
    """The resources that a family of processes used within some time."""

    cpu_s: float
    peak_gib: float
    read_mb: float  # through read(): files in the page cache and pipes count, mapped files do not
    written_mb: float


class Family:
    """Watches the descendants of process `root`, and itself, until `stop`."""

    def __init__(self, root: int) -> None:
        self.root = root
        self._times: list[float] = []  # s since the epoch
        self._rows: list[tuple[float, float, float, float]] = []  # CPU s, bytes held, bytes read, bytes written
        self._last: dict[tuple[int, int], tuple[float, float, float]] = {}  # (pid, start) -> CPU s, read, written
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            begin = time.thread_time()
            self._sample()
            if self._stopped.wait(max(INTERVAL, (time.thread_time() - begin) / SHARE)):
                return

    def _sample(self) -> None:
        memory = 0.0
        for pid in _descendants(self.root):
            try:
                self._last[pid, _start(pid)] = (_cpu(pid), *_bytes(pid))
                memory += _own_bytes(pid)
            except (OSError, IndexError):  # the process has just ended
                continue
        cpu, read, written = np.array(list(self._last.values())).sum(0).tolist()
        self._times.append(time.time())
        self._rows.append((cpu, memory, read, written))

    def taken(self, begin: float, end: float) -> Taken:
        """The resources used from `begin` to `end` (seconds since the epoch). Raises ValueError before two samples."""
        if len(self._rows) < 2:
            raise ValueError(f"process {self.root} was watched for less than {INTERVAL} s")
        times, rows = np.array(self._times), np.array(self._rows)
        cpu, read, written = (_grown(times, rows[:, column], begin, end) for column in (0, 2, 3))
        first = max(0, int(np.searchsorted(times, begin)) - 1)  # the last sample before, and the first after
        near = rows[first : int(np.searchsorted(times, end)) + 1]
        return Taken(cpu, float(near[:, 1].max(initial=0)) / 2**30, read / 1e6, written / 1e6)


def _grown(times: NDArray[np.float64], values: NDArray[np.float64], begin: float, end: float) -> float:
    before, after = np.interp([begin, end], times, values)
    return float(after - before)


def _descendants(root: int) -> list[int]:
    """`root` and all processes below it."""
    family, waiting = [], [root]
    while waiting:
        family.append(pid := waiting.pop())
        try:
            tasks = Path(f"/proc/{pid}/task").iterdir()
            waiting += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return family


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on: the second, a name in brackets, may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _start(pid: int) -> int:
    return int(_stat(pid)[19])


def _cpu(pid: int) -> float:
    user, system = _stat(pid)[11:13]
    return (int(user) + int(system)) / _TICKS


def _bytes(pid: int) -> tuple[float, float]:
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return float(lines["rchar"]), float(lines["wchar"])


def _own_bytes(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(float(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss_Anon"))
