"""Runs one task of a night in a second process while the first goes on: a task that trains for minutes without Spark.

In Airflow such a task also has a process of its own.
"""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, cast

from jobs.runtime.lake import Lake
from jobs.runtime.log import get_logger
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.core.memory import available_bytes

Job = Callable[[Night, str], None]


def start(run: Job, night: Night, task: str) -> Future[Exception | None]:
    """Calls `run(night, task)` in a new process; returns its future, whose result is the task's error or None."""
    executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin, (_log_level(),))
    night_facts = night.date, night.lake.root, night.run, night.settings.changed, night.source_name, night.raw
    future = executor.submit(_run, run, night_facts, task)
    executor.shutdown(wait=False)  # no other task follows
    return future


def error_of(task: str, ended: Future[Exception | None]) -> Exception | None:
    """The error of the task, None if it succeeded; also where its process was killed."""
    error = ended.exception()
    if isinstance(error, BrokenProcessPool):
        return RuntimeError(
            f"the second process, in which {task} ran, was killed, as the kernel does when memory runs out: "
            f"{available_bytes() / 2**30:.1f} GiB are free now; give the machine or the container more memory"
        )
    return cast("Exception | None", error) or ended.result()


def _log_level() -> int:
    get_logger("side_process")
    return logging.getLogger("nightmarket").level


def _begin(log_level: int) -> None:
    get_logger("side_process")
    logging.getLogger("nightmarket").setLevel(log_level)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when its parent ends, so that nothing writes to the lake of a killed night."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(run: Job, night_facts: tuple[dt.date, str, str, dict[str, Any], str, str], task: str) -> Exception | None:
    date, root, name, changed, source, raw = night_facts
    try:
        run(Night(date, Lake(root), name, Settings(changed), source, raw), task)
    except Exception as error:
        return _picklable(error)
    return None


def _picklable(error: Exception) -> Exception:
    """The error itself or, if it cannot be pickled, an error with the same message."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
