"""How many threads the numerical libraries of a job start, and how they wait: decided here, before any is loaded.

A thread of OpenMP (torch, LightGBM, implicit) that waits for the others spins on its core. Where something else wants
that core, every barrier lasts a time slice: training an LSTM beside other work took 589 s and 128 s of CPU; with
threads that sleep, 74 s and 22 s, to the same bits.

The number is that of the cores this process may use, not of those that are idle at the moment: sums depend on it in
their last bits, and a rerun of a night must not depend on what else runs.
"""

from __future__ import annotations

import os
from pathlib import Path

SLEEP_WHILE_WAITING = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}  # GNU's and Intel's OpenMP


def bound_threads() -> None:
    """Set the environment that the libraries read when they are loaded; what is set outside wins."""
    number = str(usable_cores())
    for name, value in (SLEEP_WHILE_WAITING | {"OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": number}).items():
        os.environ.setdefault(name, value)


def usable_cores(limit: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """The cores this process may run on, no more than its control group may use up; at least 1.

    `limit` holds microseconds of CPU a period, or "max", and the period.
    """
    cores = len(os.sched_getaffinity(0))
    if limit.exists():
        quota, period = limit.read_text().split()
        if quota != "max":
            cores = min(cores, int(quota) // int(period))
    return max(1, cores)
