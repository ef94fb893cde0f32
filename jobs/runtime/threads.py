"""Sets how many threads the numerical libraries start and how they wait, before any of these libraries is loaded.

A thread of OpenMP (torch, LightGBM, implicit) that waits for others keeps its core busy. Where another process needs
that core, every barrier lasts a time slice. While other work ran, training an LSTM took 589 s (128 s of CPU); with
sleeping threads it took 74 s (22 s of CPU) and gave exactly the same result.

The number of threads is the number of cores that this process may use, idle or not. The last bits of sums depend on
the number of threads, and a rerun of a night must not depend on what else runs.
"""

from __future__ import annotations

import os

from models.core.control_groups import core_limits

SLEEP_WHILE_WAITING = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}  # GNU's and Intel's OpenMP


def bound_threads() -> None:
    """Sets the variables that the libraries read when they are loaded; values set outside are kept."""
    number = str(usable_cores())
    for name, value in (SLEEP_WHILE_WAITING | {"OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": number}).items():
        os.environ.setdefault(name, value)


def usable_cores() -> int:
    """The number of cores that this process may run on, limited by its control groups; at least 1."""
    return max(1, int(min([len(os.sched_getaffinity(0)), *core_limits()])))
